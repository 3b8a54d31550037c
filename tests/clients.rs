//! Programs that we did not write, against a running pipeline.

#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use serde_json::json;
use support::{Stage, python};

#[test]
fn confluents_client_reads_the_market_and_trades() {
    let requirements =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../registry/fidelity/requirements.txt");
    let python = python("clients", requirements.as_ref());
    let stage = Stage::set("20");
    let symbols = json!(["BAC"]);
    let features = json!({
        "market_data": { "trades": symbols, "quotes": symbols },
        "order_execution": true,
        "order_updates": true,
        "position_reporting": { "poll_secs": 1 },
        "account_updates": { "poll_secs": 1 },
    });
    let processors = json!({ "approve": true, "track": true, "book": true, "reconcile": true });
    let topology = stage.topology(&features, &processors);
    let running = stage.run(&topology, &[], &[]);
    let address = |name: &str| running.ready[name].as_str().unwrap().to_owned();
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients.py"))
        .env("KAFKA", address("bootstrap_servers"))
        .env("REGISTRY", address("schema_registry_url"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{complained}\n{}", stage.log());
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 7, "{said}");
}
