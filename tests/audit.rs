//! Who did what, on a real Kafka: a whole topology writes the audit log, and it is verified by the
//! public key alone.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::{FOLIOSTREAM, Stage, text, wait_for};

/// A stage with a key for the audit log in a sealed store.
struct Place {
    stage: Stage,
    key_file: String,
    data: String,
}

impl Place {
    fn new() -> Self {
        let stage = Stage::set("20");
        let folder = stage.folder.path();
        let key_file = text(&folder.join("key")).to_owned();
        let data = text(&folder.join("data")).to_owned();
        let place = Self { stage, key_file, data };
        assert!(place.run(&["credential", "key", &place.key_file]).status.success());
        place
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(FOLIOSTREAM);
        command.args(args).args(["--format", "json", "--data", &self.data]);
        if args[1] != "key" || args[0] == "audit" {
            command.args(["--key-file", &self.key_file]);
        }
        command.args(self.stage.on_kafka()).output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        serde_json::from_str(said.lines().last().unwrap_or_default())
            .unwrap_or_else(|error| panic!("{args:?}: {error}: {said}{errors}"))
    }

    /// The stage's topology with a log, and this limit on orders.
    fn topology(&self, max_quantity: &str) -> PathBuf {
        let features = json!({
            "market_data": { "trades": ["BAC"], "quotes": ["BAC"] },
            "order_execution": true,
        });
        let processors = json!({
            "approve": { "limits": { "max_quantity": max_quantity, "duplicate_window_secs": 0 } },
            "track": true,
        });
        let path = self.stage.topology(&features, &processors);
        let mut topology: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        topology["audit"] = json!({ "key": "secret://audit/key" });
        std::fs::write(&path, topology.to_string()).unwrap();
        path
    }

    /// Runs the topology while some orders are placed, until they and this action are on the log.
    fn trades(&self, topology: &Path, orders: &[&str], awaited: &str) {
        let key = [("FOLIOSTREAM_KEY_FILE", self.key_file.as_str())];
        let mut running = self.stage.run(topology, &[], &key);
        for order in orders {
            let place = ["order", "place", "main", "buy", "BAC.US", "5", "--limit", "15"];
            self.stage.ask(&[&place[..], &["--order-id", order]].concat());
        }
        for order in orders {
            wait_for("the outcome on the log", || {
                self.entries().iter().any(|entry| {
                    entry["subject"] == *order
                        && entry["action"].as_str().unwrap().starts_with("delivery.accepted")
                })
            });
        }
        wait_for(awaited, || self.entries().iter().any(|entry| entry["action"] == awaited));
        running.stop();
    }

    fn entries(&self) -> Vec<Value> {
        let records = self.stage.ask(&["tap", "ops.audit", "--from-start", "--until-end"]);
        records.into_iter().map(|record| record["value"].clone()).collect()
    }
}

#[test]
fn who_did_what_is_on_a_log_that_only_its_writer_can_write() {
    let place = Place::new();
    let public = place.json(&["audit", "key"])["public"].as_str().unwrap().to_owned();
    assert_eq!(place.json(&["audit", "key"])["public"], public.as_str(), "it is made once");
    place.trades(&place.topology("1000"), &["o-1", "o-2"], "configuration.started");
    place.trades(&place.topology("500"), &["o-3"], "limit.changed");

    let file = place.stage.folder.path().join("audit.pub");
    std::fs::write(&file, format!("{public}\n")).unwrap();
    let verify = ["audit", "verify", "--public-key", text(&file)];
    let verified = place.json(&verify);
    assert_eq!((&verified["ok"], &verified["entries"]), (&json!(true), &verified["signed"]));

    let entries = place.entries();
    let actions: BTreeSet<_> = entries.iter().map(|e| e["action"].as_str().unwrap()).collect();
    for action in [
        "configuration.started",
        "limit.changed",
        "credential.used",
        "order.requested.place",
        "order.routed",
        "delivery.sending",
        "delivery.accepted",
        "audit.checkpoint",
    ] {
        assert!(actions.contains(action), "{action} is not among {actions:?}");
    }
    let changed = entries.iter().find(|entry| entry["action"] == "limit.changed").unwrap();
    assert!(changed["line"].as_str().unwrap().contains("\"from\":\"1000\""), "{changed}");
    let all = entries.iter().map(Value::to_string).collect::<String>();
    assert!(!all.contains("test-secret"), "no secret is on the log");

    // Another key never wrote this, and neither did whoever appends to the topic.
    std::fs::write(&file, "00".repeat(32)).unwrap();
    let forged = place.json(&verify);
    assert_eq!((&forged["ok"], &forged["kind"]), (&json!(false), &json!("forged")));
    assert_eq!(place.run(&verify).status.code(), Some(1));
}
