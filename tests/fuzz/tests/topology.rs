//! Topologies that nobody meant.

#![allow(clippy::unwrap_used)]

use fuzz::{Dice, Node, bytes, corpus, hammer};
use topology::Catalogue;

fn check(input: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(input);
    let env = |name: &str| (name == "HOME").then(|| "somewhere".to_owned());
    match topology::parse("topology.yaml", &text, &env, &Catalogue::default()) {
        Ok(_) => Ok(()),
        Err(problems) if problems.0.is_empty() => Err("refused without a reason".to_owned()),
        Err(problems) => {
            // To YAML a carriage return ends a line as well, and the end is a line of its own.
            let last = 2 + text.matches(['\r', '\n']).count();
            let is_inside = problems.0.iter().all(|problem| problem.line <= last);
            let said = problems.to_string();
            if is_inside { Ok(()) } else { Err(format!("a place beyond the end: {said}")) }
        }
    }
}

#[test]
fn yaml() {
    let mut files = corpus("examples", ".yaml");
    let main = concat!(env!("CARGO_MANIFEST_DIR"), "/../../topology.yaml");
    files.push((main.into(), std::fs::read(main).unwrap()));
    let make = |dice: &mut Dice| {
        let (_, text) = &files[dice.below(files.len())];
        bytes(dice, text)
    };
    hammer("topology yaml", make, check);
}

#[test]
fn json() {
    let sample = serde_json::json!({
        "systems": { "broker": {
            "type": "broker",
            "connection": { "host": "127.0.0.1", "port": 7496, "client_id": 1 },
            "authentication": { "type": "api_key", "credentials": { "api_key": "${KEY:-x}" } },
            "features": { "orders": true, "positions": { "poll_secs": 5 } },
            "throttling": { "max_requests_per_second": 50, "retry_delay": 1.5 },
        } },
        "data_import": { "enabled": true, "schedules": [{ "cron": "0 6 * * 1-5" }] },
        "data_export": { "formats": { "csv": { "delimiter": "," } } },
        "monitoring": { "alerts": { "email": { "recipients": ["a@example.com"] } } },
        "processors": { "approve": true, "book": { "adopt_secs": 5 } },
        "kafka": { "bootstrap_servers": "127.0.0.1:9092" },
    });
    let whole = Node::parse(sample.to_string().as_bytes()).unwrap();
    let make = |dice: &mut Dice| {
        let mut node = whole.clone();
        node.damage(dice, fuzz::Damage::Any);
        node.render()
    };
    hammer("topology json", make, check);
}
