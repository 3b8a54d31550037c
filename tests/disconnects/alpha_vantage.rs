//! Alpha Vantage: polls that are broken off, refused, or answered with something else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::journal::{Journal, Mock};
use crate::mishap::{Kind, Tally};

pub const SYSTEM: &str = "alpha";
const SYMBOLS: [&str; 3] = ["BAC", "IBM", "SPY"];
/// What each component asks for.
const FUNCTIONS: [&str; 4] =
    ["TIME_SERIES_INTRADAY", "TIME_SERIES_DAILY", "TIME_SERIES_WEEKLY", "TIME_SERIES_MONTHLY"];
/// It is waited for at the end: other polls go on meanwhile.
const HANG: &str = "half-open";

fn http(kind: &str) -> Vec<Value> {
    vec![json!({ "path": "/query", "kind": kind })]
}

/// Refusals come as an answer with status 200.
fn refusal(kind: &str) -> Vec<Value> {
    vec![json!({ "stream": "query", "kind": kind })]
}

pub const KINDS: &[Kind] = &[
    Kind { name: "reset", weight: 4, ends: true, faults: |_| http("reset_before") },
    Kind { name: "answer lost", weight: 4, ends: true, faults: |_| http("reset_after") },
    Kind { name: HANG, weight: 1, ends: true, faults: |_| http("hang") },
    Kind { name: "garbage", weight: 4, ends: true, faults: |_| http("garbage") },
    Kind { name: "half an answer", weight: 4, ends: true, faults: |_| http("truncated") },
    Kind { name: "not UTF-8", weight: 4, ends: true, faults: |_| http("invalid_utf8") },
    Kind { name: "HTML", weight: 4, ends: true, faults: |_| http("html") },
    Kind { name: "oversize", weight: 1, ends: true, faults: |_| http("oversize") },
    Kind {
        name: "maintenance",
        weight: 4,
        ends: true,
        faults: |_| vec![json!({ "path": "/query", "status": 503 })],
    },
    Kind { name: "throttled", weight: 2, ends: true, faults: |_| refusal("burst") },
    Kind { name: "login refused", weight: 3, ends: true, faults: |_| refusal("invalid_key") },
];

/// The system that is disturbed, or another one that only reads the same bars.
pub fn system(mock: &Mock) -> Value {
    let bars = json!({ "symbols": SYMBOLS, "poll_secs": 1 });
    json!({
        "connector": "alpha_vantage",
        "type": "market_data",
        "connection": { "base_url": mock.url("query"), "entitlement": "realtime" },
        "authentication": { "type": "api_key", "credentials": { "api_key": "test-key" } },
        "throttling": { "max_requests_per_minute": 1200 },
        "features": {
            "intraday_data": { "symbols": SYMBOLS, "interval": "1min", "poll_secs": 1 },
            "daily_data": bars,
            "weekly_data": bars,
            "monthly_data": bars,
        },
    })
}

/// Function and symbol of a request.
fn asked(entry: &Value) -> Option<(&str, &str)> {
    let query = entry["query"].as_str()?;
    let word = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    };
    Some((word("function")?, word("symbol")?))
}

/// One mishap after the other, each once the last one is mended.
pub fn disturb(mock: &Mock, plan: &[&Kind]) -> Tally {
    let mut journal = Journal::of(mock);
    for function in FUNCTIONS {
        let is_it = |entry: &Value| asked(entry).is_some_and(|(asked, _)| asked == function);
        journal.find(&format!("a first {function}"), is_it);
    }
    // The next one only asks when the first answer is published.
    for function in FUNCTIONS {
        let is_it = |entry: &Value| asked(entry).is_some_and(|(asked, _)| asked == function);
        journal.find(&format!("a second {function}"), is_it);
    }
    let mut tally = Tally::default();
    let mut hung = Vec::new();
    for kind in plan {
        let faults = (kind.faults)("");
        let [hit, _] = journal.suffer(kind.name, &faults, |entry| asked(entry).is_some());
        if kind.name == HANG {
            hung.push((kind, journal.place(), hit));
            continue;
        }
        let mended = mend(&mut journal, kind, &hit);
        tally.add(kind, Some(mended));
    }
    for (kind, place, hit) in hung {
        journal.back_to(place);
        let mended = mend(&mut journal, kind, &hit);
        tally.add(kind, Some(mended));
    }
    tally
}

/// Waits until what was hit has been asked for again and answered.
fn mend(journal: &mut Journal<'_>, kind: &Kind, hit: &(Instant, Value)) -> Duration {
    let what = format!("{:?} to be answered after {}", asked(&hit.1), kind.name);
    let is_answer = |entry: &Value| {
        entry["status"] == 200 && entry["fault"].is_null() && asked(entry) == asked(&hit.1)
    };
    journal.find(&what, is_answer).0 - hit.0
}
