//! The demo as a new user runs it, twice on the same folder.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{FOLIOSTREAM, text};

fn demo(data: &Path) -> Value {
    let output = Command::new(FOLIOSTREAM)
        .args(["demo", "--once", "--format", "json", "--data", text(data)])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(lines.lines().last().unwrap()).unwrap()
}

fn check(summary: &Value) {
    let orders = &summary["orders"];
    assert_eq!(orders["placed"], 9, "{summary}");
    let count = |name: &str| orders[name].as_u64().unwrap();
    // The stop order is filled or, if the market does not come that far, canceled.
    assert_eq!(count("filled") + count("canceled"), 7, "{summary}");
    assert!(count("filled") >= 5 && count("canceled") >= 1, "{summary}");
    assert_eq!((count("rejected"), count("denied")), (1, 1), "{summary}");
    assert_eq!((&summary["breaks_open"], &summary["dead_letters"]), (&0.into(), &0.into()));
    assert!(summary["fills"].as_u64().unwrap() >= 5, "{summary}");
    assert!(summary["first_fill_seconds"].as_f64().is_some(), "{summary}");
    for topic in ["market.trades", "market.quotes", "market.bars", "reference.fundamentals"] {
        assert!(summary["records"][topic].as_u64().unwrap() > 0, "{topic}: {summary}");
    }
}

#[test]
fn runs_and_continues_on_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = demo(&data);
    check(&first);
    let second = demo(&data);
    check(&second);
    let fills = |summary: &Value| summary["fills"].as_u64().unwrap();
    let on_topic = second["records"]["orders.fills"].as_u64().unwrap();
    assert_eq!(on_topic, fills(&first) + fills(&second), "every fill of both runs once");
    let requests = second["records"]["orders.requests"].as_u64().unwrap();
    assert!(requests >= 2 * 11, "two runs of nine orders, a cancel and a replacement each");
}
