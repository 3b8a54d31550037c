//! `GET /v1/records`: what there is after an id.

use axum::http::StatusCode;
use mockkit::{Kit, Seed, time};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

/// Records of a page, where the request does not say.
const PAGE: u64 = 100;
const MAX_PAGE: u64 = 500;
/// A record comes every minute.
const EVERY: i64 = 60 * time::SECOND;
const SYMBOLS: [&str; 4] = ["BAC", "IBM", "SPY", "AIG"];

/// What a request says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    #[serde(default)]
    after: u64,
    #[serde(default = "a_page")]
    limit: u64,
}

fn a_page() -> u64 {
    PAGE
}

/// All records, past and to come: number `at_start` is published when the mock starts.
pub struct Tape {
    pub start: i64,
    pub at_start: u64,
    pub seed: Seed,
}

impl Tape {
    /// A page of what is published by now.
    pub fn page(&self, kit: &Kit, ask: &Ask) -> Result<Value, Refusal> {
        if !(1..=MAX_PAGE).contains(&ask.limit) {
            let reason = format!("limit is from 1 to {MAX_PAGE}, not {}", ask.limit);
            return Err(Refusal(StatusCode::BAD_REQUEST, reason));
        }
        let elapsed = kit.clock().now().saturating_sub(self.start).max(0);
        let last = self.at_start + elapsed.div_euclid(EVERY).unsigned_abs();
        let first = ask.after.saturating_add(1);
        let end = last.min(ask.after.saturating_add(ask.limit));
        let records: Vec<Value> = (first..=end).map(|id| self.record(id)).collect();
        let last_id = (!records.is_empty()).then_some(end);
        Ok(json!({ "records": records, "last_id": last_id, "more": end < last }))
    }

    fn record(&self, id: u64) -> Value {
        let minutes = id as i64 - self.at_start as i64;
        let cents = self.seed.below("score", id, 201) as f64 - 100.0;
        json!({
            "id": id,
            "symbol": SYMBOLS[(id % SYMBOLS.len() as u64) as usize],
            "time": time::utc(self.start + minutes * EVERY),
            "mentions": self.seed.below("mentions", id, 1_000),
            "score": cents / 100.0,
        })
    }
}
