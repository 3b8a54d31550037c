//! `GET /v1/trades`: what has happened.

use axum::http::StatusCode;
use mockkit::time;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Refusal, World, tape};

/// Trades of a page, where the request does not say.
const PAGE: usize = 100;
const MAX_PAGE: usize = 500;

/// What a request says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    symbols: String,
    from: String,
    to: Option<String>,
    #[serde(default)]
    after: u64,
    #[serde(default = "a_page")]
    limit: usize,
}

fn a_page() -> usize {
    PAGE
}

/// A page of what has happened by now.
pub fn page(world: &World, ask: &Ask) -> Result<Value, Refusal> {
    let refuse = |reason: String| Refusal(StatusCode::BAD_REQUEST, reason);
    if !(1..=MAX_PAGE).contains(&ask.limit) {
        return Err(refuse(format!("limit is from 1 to {MAX_PAGE}, not {}", ask.limit)));
    }
    let symbols = tape::symbols(ask.symbols.split(',')).map_err(refuse)?;
    let read = |text: &str| time::parse(text).map_err(|error| refuse(error.to_string()));
    let (tape, now) = (&world.tape, world.kit.clock().now());
    let from = read(&ask.from)?;
    let to = ask.to.as_deref().map(read).transpose()?.map_or(now, |to| to.min(now));
    let first = tape.last(from.saturating_sub(1)).max(ask.after) + 1;
    let mut all = (first..=tape.last(to)).filter_map(|id| tape.trade(id, &symbols));
    let trades: Vec<Value> = all.by_ref().take(ask.limit).collect();
    let next = all.next().and(trades.last()).map(|last| last["id"].clone());
    Ok(json!({ "trades": trades, "next": next }))
}
