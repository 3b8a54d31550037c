//! kill -9 at each step of the order path, against the mock's own ledger.
//!
//! `FOLIOSTREAM_CRASHES=50 cargo test --package foliostream --test crash` for the full count.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::{Process, Stage, wait_for};

/// Before and after: the approval, the journal entry, the request, the answer, the outcome.
const POINTS: [&str; 8] = [
    "approve.before_commit",
    "approve.after_commit",
    "sink.before_journal",
    "sink.after_journal",
    "sink.before_request",
    "sink.after_answer",
    "sink.before_outcome",
    "sink.after_outcome",
];

fn crashes() -> usize {
    std::env::var("FOLIOSTREAM_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(3)
}

fn features() -> Value {
    json!({ "order_execution": true, "order_updates": true })
}

fn processors() -> Value {
    let limits = json!({ "max_orders_per_minute": 1000, "duplicate_window_secs": 0 });
    json!({ "approve": { "limits": limits }, "track": true })
}

/// Ids of the orders placed, and that each is at the broker once and terminal with us.
fn check_ledger(stage: &Stage, placed: &[String]) {
    let ledger = stage.ledger();
    let mut at_broker: BTreeMap<String, usize> = BTreeMap::new();
    for order in ledger["orders"].as_array().unwrap() {
        let id = order["client_order_id"].as_str().unwrap().to_owned();
        *at_broker.entry(id).or_default() += 1;
    }
    for order_id in placed {
        let count = at_broker.remove(&format!("fs.{order_id}")).unwrap_or(0);
        assert_eq!(count, 1, "order {order_id} is {count} times at the broker");
    }
    assert!(at_broker.is_empty(), "orders nobody asked for: {at_broker:?}");
    for (id, seen) in ledger["client_order_ids"].as_object().unwrap() {
        assert_eq!(seen["accepted"], 1, "{id} was accepted {} times", seen["accepted"]);
    }
}

fn place(stage: &Stage, placed: &mut Vec<String>) {
    let order_id = format!("crash-{}", placed.len());
    let quantity = (placed.len() % 7 + 1).to_string();
    let what = ["order", "place", "main", "buy", "BAC.US", &quantity];
    stage.ask(&[&what[..], &["--limit", "15", "--order-id", &order_id]].concat());
    placed.push(order_id);
}

fn wait_until_all_are_filled(stage: &Stage, placed: &[String]) {
    let deadline = std::time::Instant::now() + support::PATIENCE;
    loop {
        let states = stage.ask(&["order", "list"]);
        let status = |id: &String| {
            let state = states.iter().find(|state| state["order_id"] == **id);
            state.map_or(Value::Null, |state| state["status"].clone())
        };
        let waiting: Vec<_> = placed.iter().filter(|id| status(id) != "filled").collect();
        if waiting.is_empty() {
            return;
        }
        if std::time::Instant::now() > deadline {
            let orders = stage.ledger()["orders"].clone();
            let told = waiting.iter().map(|id| {
                let client_id = format!("fs.{id}");
                let known = orders.as_array().unwrap().iter();
                let known: Vec<_> = known.filter(|o| o["client_order_id"] == *client_id).collect();
                format!("{id} is {} here, at the broker {known:?}\n", status(id))
            });
            panic!("not all orders are filled:\n{}", told.collect::<String>());
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

#[test]
fn every_order_is_at_the_broker_exactly_once_whenever_we_are_killed() {
    // The market moves, so that there is always somebody to sell.
    let stage = Stage::set("5");
    let topology = stage.topology(&features(), &processors());
    // The state machine and the broker's reports run beside the process that is killed.
    let steady = stage.run(&topology, &["track", "alpaca.alpaca_order_updates"], &[]);
    let names = ["approve", "alpaca.alpaca_orders"];
    let mut placed = Vec::new();
    for point in POINTS {
        let kill = format!("{point}:1");
        for _ in 0..crashes() {
            let mut victim = stage.try_run(&topology, &names, &[("FOLIOSTREAM_KILL", &kill)]);
            if victim.as_mut().is_none_or(Process::has_ended) {
                continue; // it met the point while it caught up
            }
            place(&stage, &mut placed);
            let mut victim = victim.unwrap();
            wait_for(&format!("the kill at {point}\n{}", stage.log()), || victim.has_ended());
        }
    }
    let survivor = stage.run(&topology, &names, &[]);
    wait_until_all_are_filled(&stage, &placed);
    check_ledger(&stage, &placed);
    drop((survivor, steady));
}

#[test]
fn a_kill_while_the_request_is_on_its_way_neither_loses_nor_repeats_the_order() {
    let stage = Stage::set("5");
    let topology = stage.topology(&features(), &processors());
    let steady = stage.run(&topology, &["track", "alpaca.alpaca_order_updates"], &[]);
    let names = ["approve", "alpaca.alpaca_orders"];
    let mut placed = Vec::new();
    let faults = [
        json!({ "method": "POST", "path": "/v2/orders", "delay_ms": 400 }),
        json!({ "method": "POST", "path": "/v2/orders", "kind": "reset_before" }),
        json!({ "method": "POST", "path": "/v2/orders", "kind": "reset_after" }),
        json!({ "method": "POST", "path": "/v2/orders", "kind": "hang" }),
        json!({ "method": "POST", "path": "/v2/orders", "status": 503 }),
        json!({ "method": "POST", "path": "/v2/orders", "kind": "truncated" }),
    ];
    for fault in faults.iter().cycle().take(faults.len() * crashes().div_ceil(3)) {
        let mut victim = stage.run(&topology, &names, &[]);
        let sent = |stage: &Stage| {
            let ledger = stage.ledger();
            let asked = support::http("GET", &stage.mock_url, "/_mock/requests", "");
            (
                ledger["orders"].as_array().unwrap().len(),
                asked.to_string().matches("fs.crash-").count(),
            )
        };
        let before = sent(&stage);
        stage.fault(fault);
        place(&stage, &mut placed);
        wait_for("the request to reach the mock", || sent(&stage) != before);
        victim.kill();
        support::http("DELETE", &stage.mock_url, "/_mock/faults", "");
    }
    let survivor = stage.run(&topology, &names, &[]);
    wait_until_all_are_filled(&stage, &placed);
    check_ledger(&stage, &placed);
    drop((survivor, steady));
}
