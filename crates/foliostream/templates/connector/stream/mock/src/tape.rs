//! All trades, past and to come.

use mockkit::{Seed, time};
use serde_json::{Value, json};

/// A trade comes every second.
const EVERY: i64 = time::SECOND;
pub const SYMBOLS: [&str; 4] = ["BAC", "IBM", "SPY", "AIG"];

/// The tape: trade number `at_start` happens when the mock starts.
pub struct Tape {
    pub start: i64,
    pub at_start: u64,
    pub seed: Seed,
}

impl Tape {
    /// When a trade happens.
    pub fn time(&self, id: u64) -> i64 {
        let number = i64::try_from(id).unwrap_or(i64::MAX);
        let later = number.saturating_sub_unsigned(self.at_start);
        self.start.saturating_add(later.saturating_mul(EVERY))
    }

    /// The last trade that has happened by a time; 0 is none.
    pub fn last(&self, time: i64) -> u64 {
        let later = time.saturating_sub(self.start).div_euclid(EVERY);
        self.at_start.saturating_add_signed(later)
    }

    /// A trade, if it is of one of the symbols.
    pub fn trade(&self, id: u64, symbols: &[String]) -> Option<Value> {
        let symbol = SYMBOLS[(id % SYMBOLS.len() as u64) as usize];
        if !symbols.iter().any(|wanted| wanted == symbol) {
            return None;
        }
        let cents = 1_400 + self.seed.below("price", id, 200);
        Some(json!({
            "id": id,
            "symbol": symbol,
            "time": time::utc(self.time(id)),
            "price": cents as f64 / 100.0,
            "size": 1 + self.seed.below("size", id, 1_000),
            "venue": "N",
        }))
    }
}

/// The names of a list, if they are all traded here.
pub fn symbols<'a>(names: impl Iterator<Item = &'a str>) -> Result<Vec<String>, String> {
    let names: Vec<String> = names.map(str::to_owned).collect();
    match names.iter().find(|name| !SYMBOLS.contains(&name.as_str())) {
        Some(name) => Err(format!("{name:?} is not traded here")),
        None if names.is_empty() => Err("no symbols".to_owned()),
        None => Ok(names),
    }
}
