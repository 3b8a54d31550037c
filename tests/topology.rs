//! Mistakes in a topology, as a user meets them.

#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Output};

use support::{FOLIOSTREAM, Stage, text};

fn check(topology: &str, args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("topology.yaml");
    std::fs::write(&path, topology).unwrap();
    Command::new(FOLIOSTREAM)
        .args(["check", "topology.yaml"])
        .args(args)
        .current_dir(folder.path())
        .env_remove("ALPACA_SECRET")
        .output()
        .unwrap()
}

#[test]
fn every_mistake_is_found_in_one_run() {
    let output = check(
        r#"systems:
  alpaca:
    type: brokerage
    authentication:
      type: api_key
      credentials: { api_key: "k", api_secret: "${ALPACA_SECRET}" }
    features:
      market_data:
        trads: [AAPL]
        audit_secs: soon
  paper:
    connector: alpca
    features: {}
processors:
  reconcil: true
"#,
        &[],
    );
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stdout).unwrap();
    let has = |place: &str, words: &str| {
        assert!(
            said.lines().any(|line| line.starts_with(place) && line.contains(words)),
            "no {place} … {words} in\n{said}"
        );
    };
    has("topology.yaml:6:", "variable \"ALPACA_SECRET\" is not set");
    has("topology.yaml:9:9:", "unknown field \"trads\"; did you mean \"trades\"?");
    has("topology.yaml:10:", "audit_secs");
    has("topology.yaml:12:", "unknown connector \"alpca\"; did you mean \"alpaca\"?");
    has("topology.yaml:15:3:", "did you mean \"reconcile\"?");
}

#[test]
fn a_wrong_key_fails_at_connect_with_the_name_of_the_setting() {
    let stage = Stage::set("0");
    let features = serde_json::json!({ "order_execution": true });
    let topology = stage.topology(&features, &serde_json::json!({}));
    let check = |key: &str| {
        Command::new(FOLIOSTREAM)
            .args(["check", "--connect", text(&topology)])
            .env("MOCK_KEY", key)
            .output()
            .unwrap()
    };
    let good = check("test-key");
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stdout));
    let bad = check("planted-wrong-key");
    assert_eq!(bad.status.code(), Some(5));
    let said = [bad.stdout, bad.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("authentication.credentials.api_key"), "{said}");
    assert!(!said.contains("planted-wrong-key"), "{said}");
}

#[test]
fn a_sink_delivers_nothing_from_the_topics_of_a_replay() {
    let stage = Stage::set("0");
    let features = serde_json::json!({ "order_execution": true });
    let topology = stage.topology(&features, &serde_json::json!({}));
    let output = Command::new(FOLIOSTREAM)
        .args(["run", "--topology", text(&topology), "--prefix", "replay.7f3a."])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("alpaca.alpaca_orders is a sink"), "{said}");
}
