//! Options are not replayed: the endpoints answer in shape, and have no data.

use axum::Json;
use axum::extract::Path;
use serde::Deserialize;
use serde_json::{Value, json};

use super::crypto::range;
use crate::refusal::{Refusal, Result};
use crate::rest::{Params, query};

/// Contracts in one request, as documented.
const MAX_CONTRACTS: usize = 100;
const FEEDS: [&str; 2] = ["opra", "indicative"];
/// Root, date of expiry, call or put, and the strike price in thousandths.
const SUFFIX: usize = "131018C00170000".len();

#[derive(Deserialize)]
pub struct Query {
    symbols: Option<String>,
    feed: Option<String>,
    start: Option<String>,
    end: Option<String>,
}

pub async fn history(
    Path(kind): Path<String>,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    if !matches!(kind.as_str(), "bars" | "trades" | "snapshots") {
        return Err(Refusal::plain(404, "endpoint not found"));
    }
    check(&query)?;
    Ok(Json(json!({ kind: {}, "next_page_token": null })))
}

pub async fn latest(Path(kind): Path<String>, Params(query): Params<Query>) -> Result<Json<Value>> {
    if !matches!(kind.as_str(), "quotes" | "trades") {
        return Err(Refusal::plain(404, "endpoint not found"));
    }
    check(&query)?;
    Ok(Json(json!({ kind: {} })))
}

pub async fn chain(
    Path(_underlying): Path<String>,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    feed(&query)?;
    Ok(Json(json!({ "snapshots": {}, "next_page_token": null })))
}

/// The venues that report to OPRA, by their letters.
pub async fn exchanges() -> Json<Value> {
    Json(json!({
        "A": "NYSE American Options",
        "B": "BOX Options",
        "C": "Cboe Options",
        "D": "MIAX Emerald",
        "E": "Cboe EDGX Options",
        "H": "Nasdaq GEMX",
        "I": "Nasdaq ISE",
        "J": "Nasdaq MRX",
        "M": "MIAX Options",
        "N": "NYSE Arca Options",
        "P": "MIAX Pearl",
        "Q": "Nasdaq Options Market",
        "S": "MIAX Sapphire",
        "T": "Nasdaq BX Options",
        "U": "MEMX Options",
        "W": "Cboe C2",
        "X": "Nasdaq PHLX",
        "Z": "Cboe BZX Options",
    }))
}

pub async fn conditions(Path(kind): Path<String>) -> Result<Json<Value>> {
    match kind.as_str() {
        "trade" => Ok(Json(json!({
            "I": "Electronic Trade",
            "S": "Intermarket Sweep",
            "a": "Single Leg Auction",
            "f": "Multi Leg Electronic Trade",
        }))),
        "quote" => Ok(Json(json!({ "A": "Regular Quote", "F": "Non Firm Quote" }))),
        _ => Err(Refusal::plain(404, "endpoint not found")),
    }
}

fn check(query: &Query) -> Result<()> {
    let names = query::list(query.symbols.as_deref());
    let names = names.ok_or_else(|| Refusal::plain(400, "symbols is required"))?;
    if names.len() > MAX_CONTRACTS {
        return Err(Refusal::plain(400, "too many symbols"));
    }
    if let Some(name) = names.iter().find(|name| !is_contract(name)) {
        return Err(Refusal::plain(400, &format!("invalid symbol: {name}")));
    }
    range(query.start.as_deref(), query.end.as_deref())?;
    feed(query)
}

fn feed(query: &Query) -> Result<()> {
    let feed = query::word("feed", query.feed.as_deref(), "opra", &FEEDS);
    feed.map(|_| ()).map_err(super::page::complain)
}

/// The OCC's symbol without its padding, such as `SPY131018C00170000`.
fn is_contract(name: &str) -> bool {
    let Some(split) = name.len().checked_sub(SUFFIX).filter(|at| name.is_char_boundary(*at)) else {
        return false;
    };
    let (root, rest) = name.split_at(split);
    let (date, rest) = rest.as_bytes().split_at(6);
    let (side, strike) = rest.split_at(1);
    !root.is_empty()
        && root.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && date.iter().chain(strike).all(u8::is_ascii_digit)
        && matches!(side, b"C" | b"P")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_contract_by_its_symbol() {
        let check = |name: &str, expected: bool| assert_eq!(is_contract(name), expected, "{name}");
        check("SPY131018C00170000", true);
        check("F131018P00010500", true);
        check("SPY1131018C00170000", true);
        check("131018C00170000", false);
        check("SPY131018X00170000", false);
        check("SPY131018C0017000", false);
        check("SPY   131018C00170000", false);
        check("SPY", false);
        check("日本131018C00170000", false);
        check("本31018C00170000", false);
    }
}
