//! Plants credentials and looks for them in everything that a run leaves behind.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use support::{Stage, wait_for};

const KEY: &str = "PKPLANTEDKEY7741";
const SECRET: &str = "planted/secret+9123";

#[test]
fn no_secret_leaves_the_process() {
    let account = json!({ "key": KEY, "secret": SECRET, "number": support::ACCOUNT_NUMBER });
    let stage = Stage::set_for("20", &account);
    let features = json!({
        "market_data": { "trades": ["BAC"], "quotes": ["BAC"] },
        "order_execution": true,
        "order_updates": true,
        "position_reporting": { "poll_secs": 1 },
        "account_updates": { "poll_secs": 1 },
    });
    let processors = json!({ "approve": true, "track": true, "book": true });
    let topology = stage.topology(&features, &processors);
    let env = [("MOCK_KEY", KEY), ("MOCK_SECRET", SECRET), ("FOLIOSTREAM_LOG", "trace")];
    let mut running = stage.run(&topology, &[], &env);
    for fault in [
        json!({ "path": "/v2/positions", "status": 500, "next": 2 }),
        json!({ "path": "/v2/account", "kind": "garbage" }),
        json!({ "stream": "data", "kind": "disconnect" }),
        json!({ "stream": "orders", "kind": "refuse_login" }),
    ] {
        stage.fault(&fault);
    }
    stage.ask(&["order", "place", "main", "buy", "BAC.US", "5", "--limit", "15"]);
    wait_for("a fill", || !stage.ledger_of(KEY)["fills"].as_array().unwrap().is_empty());
    running.stop();
    // With a wrong secret, and printing the mistakes of a topology.
    let wrong = [("MOCK_KEY", KEY), ("MOCK_SECRET", "planted/secret+wrong"), env[2]];
    let refused = stage.try_run(&topology, &[], &wrong);
    wait_for("the refusal to be logged", || stage.log().contains("api_key"));
    drop(refused);
    let mut everything = stage.log();
    for entry in walk(stage.folder.path()) {
        let bytes = std::fs::read(&entry).unwrap_or_default();
        everything.push_str(&String::from_utf8_lossy(&bytes));
    }
    everything.push_str(&stage.ask(&["list", "--schemas"])[0].to_string());
    for planted in [KEY, SECRET, "planted/secret+wrong"] {
        let at = everything.find(planted);
        let around = at.map(|at| everything[at.saturating_sub(200)..at].to_owned());
        assert!(at.is_none(), "{planted} is in the open after {around:?}");
    }
}

/// Every file below a folder: topics, logs, checkpoints. The mock's own settings are elsewhere.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => files.extend(walk(&path)),
            path => files.push(path),
        }
    }
    files
}
