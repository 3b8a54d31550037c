//! A vendor that misbehaves in every way the mock knows: nothing stops, nothing is lost or doubled.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use support::{Stage, http, wait_for};

const STREAM: &str = "data";

fn topology(stage: &Stage) -> std::path::PathBuf {
    let features = json!({
        "market_data": { "trades": ["BAC"], "quotes": ["BAC"], "audit_secs": 2 },
        "position_reporting": { "poll_secs": 1 },
        "account_updates": { "poll_secs": 1 },
        "order_updates": true,
        "order_execution": true,
    });
    stage.topology(&features, &json!({ "validate": true }))
}

/// Records on a topic that is not written in transactions, without reading them.
fn count(stage: &Stage, topic: &str) -> u64 {
    let topics = stage.ask(&["topic", "list"]);
    let found = topics.iter().find(|t| t["name"] == topic).map(|t| t["offsets"].clone());
    found.and_then(|offsets| offsets.as_u64()).unwrap_or(0)
}

fn records(stage: &Stage, topic: &str) -> Vec<Value> {
    stage.ask(&["tap", topic, "--from-start", "--until-end"])
}

/// Trades of BAC that the mock's history holds between two times, by id.
fn history(stage: &Stage, from: &str, to: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut token = String::new();
    loop {
        let path = format!(
            "/v2/stocks/trades?symbols=BAC&limit=10000&start={from}&end={to}&page_token={token}"
        );
        let page = stage.rest(&path);
        for trade in page["trades"]["BAC"].as_array().into_iter().flatten() {
            found.insert(trade["i"].to_string(), trade.clone());
        }
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => token = next.to_owned(),
            _ => return found,
        }
    }
}

/// Every trade of the history is on the topic exactly once, from the first one published until now.
fn check_trades(stage: &Stage) {
    let clock = http("GET", &stage.mock_url, "/_mock/clock", "");
    let now = clock["now"].as_str().unwrap().to_owned();
    let mut times: Vec<String> = Vec::new();
    let mut missing = Vec::new();
    let mut doubled = Vec::new();
    wait_for("every trade to be on the topic once", || {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        times.clear();
        for record in records(stage, "market.trades") {
            let trade = &record["value"];
            *counts.entry(trade["trade_id"].as_str().unwrap().to_owned()).or_default() += 1;
            times.push(trade["event_time"].as_str().unwrap().to_owned());
        }
        times.sort();
        let known = history(stage, times.first().unwrap(), &now);
        missing = known.keys().filter(|id| !counts.contains_key(*id)).cloned().collect();
        doubled = counts.iter().filter(|(_, n)| **n > 1).map(|(id, _)| id.clone()).collect();
        assert!(doubled.is_empty(), "doubled: {doubled:?}");
        missing.is_empty() && !known.is_empty()
    });
}

#[test]
fn garbage_on_the_stream_becomes_dead_letters_and_nothing_is_lost() {
    let stage = Stage::set("1");
    let mut running = stage.run(&topology(&stage), &[], &[]);
    let trades = |stage: &Stage| count(stage, "market.trades");
    wait_for("the first trades", || trades(&stage) > 5);
    let kinds =
        ["garbage", "truncated", "invalid_utf8", "oversize", "disconnect", "reset", "drop_frames"];
    for kind in kinds {
        let before = trades(&stage);
        stage.fault(&json!({ "stream": STREAM, "kind": kind, "next": 2 }));
        wait_for(&format!("trades after {kind}\n{}", stage.log()), || trades(&stage) > before + 5);
        assert!(!running.has_ended(), "{kind} ended the process: {}", stage.log());
        http("DELETE", &stage.mock_url, "/_mock/faults", "");
    }
    check_trades(&stage);
    let gaps = records(&stage, "market.gaps");
    let with = |status: &str| -> BTreeSet<String> {
        let found = gaps.iter().filter(|gap| gap["value"]["status"] == status);
        found.map(|gap| gap["value"]["gap_id"].to_string()).collect()
    };
    assert!(!with("opened").is_empty() && with("opened") == with("closed"), "{gaps:?}");
    check_letters(&stage);
}

/// Every frame that could not be read is a dead letter with its bytes, and can be tried again as
/// often as one likes.
fn check_letters(stage: &Stage) {
    let letters = stage.ask(&["dlq", "list"]);
    let with = |words: &str| {
        let found = letters.iter().find(|l| l["reason"].as_str().unwrap().contains(words));
        found.unwrap_or_else(|| panic!("no letter says {words:?}: {letters:?}"))
    };
    let huge = with("too long: 52428800 bytes");
    assert!(huge["bytes"].as_str().unwrap().parse::<usize>().unwrap() > 200_000, "{huge}");
    let not_text = with("not UTF-8");
    let shown = stage.ask(&["dlq", "show", not_text["id"].as_str().unwrap()]);
    assert!(shown[0]["text"].is_null() && !shown[0]["letter"]["raw"].is_null(), "{shown:?}");
    with("EOF while parsing");
    for _ in 0..2 {
        let again = stage.ask(&["dlq", "redrive"]);
        assert_eq!(again[0]["redriven"], 0, "what cannot be read is not published: {again:?}");
    }
}

#[test]
fn hostile_answers_of_the_rest_side_stop_nothing() {
    let stage = Stage::set("0");
    let mut running = stage.run(&topology(&stage), &[], &[]);
    let asked = |stage: &Stage| {
        let requests = http("GET", &stage.mock_url, "/_mock/requests", "").to_string();
        requests.matches("/v2/positions").count()
    };
    for kind in ["html", "garbage", "invalid_utf8", "truncated", "oversize", "reset_before", "hang"]
    {
        let before = asked(&stage);
        stage.fault(&json!({ "path": "/v2/positions", "kind": kind, "next": 1 }));
        wait_for(&format!("another poll after {kind}\n{}", stage.log()), || {
            asked(&stage) > before + 1
        });
        assert!(!running.has_ended(), "{kind} ended the process: {}", stage.log());
    }
}

#[test]
fn a_half_open_socket_is_noticed_and_repaired() {
    let stage = Stage::set("1");
    let mut running = stage.run(&topology(&stage), &[], &[]);
    let trades = |stage: &Stage| count(stage, "market.trades");
    wait_for("the first trades", || trades(&stage) > 5);
    stage.fault(&json!({ "stream": STREAM, "kind": "silence" }));
    // Opened and closed.
    wait_for("the silence to be noticed and repaired", || count(&stage, "market.gaps") >= 2);
    let before = trades(&stage);
    wait_for("trades after the silence", || trades(&stage) > before);
    assert!(!running.has_ended());
    check_trades(&stage);
}
