//! Programs in other languages and sources by declaration under the real runtime, on a real Kafka:
//! the examples as they stand, processes that are killed or misbehave, and letters sent again.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::{FOLIOSTREAM, Process, Stage, http, text, wait_for};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The values on a topic.
fn values(stage: &Stage, topic: &str) -> Vec<Value> {
    let records = stage.ask(&["tap", topic, "--from-start", "--until-end"]);
    records.into_iter().map(|record| record["value"].clone()).collect()
}

/// Ids of a dataset's records, as they are on their topic.
fn ids(stage: &Stage, dataset: &str) -> Vec<String> {
    let records = values(stage, "alternative.records");
    let ours = records.iter().filter(|record| record["dataset"] == dataset);
    ours.map(|record| record["record_id"].as_str().unwrap().to_owned()).collect()
}

/// Every number once and in order.
fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

/// A mock of a vendor, and the address of one of its doors.
fn mock(stage: &Stage, vendor: &str, door: &str) -> (Process, String) {
    let log = stage.folder.path().join("mock.log");
    let process = Process::start(&["mock", "run", vendor, "--speed", "0"], &[], &log);
    let process =
        process.unwrap_or_else(|| panic!("no mock: {}", fs::read_to_string(&log).unwrap()));
    let url = process.ready["urls"][door].as_str().unwrap().to_owned();
    (process, url)
}

/// A system that is `feed.py` with a habit.
fn feed(stage: &Stage, habit: &str, more: Value) -> Value {
    let program = root().join("tests/support/feed.py");
    let pids = stage.folder.path().join(format!("{habit}.pids"));
    let mut settings = json!({ "habit": habit, "count": 400, "pids": pids });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "connector": "external",
        "type": "data_service",
        "connection": { "command": ["python3", program] },
        "features": { "source": {
            "topics": ["alternative.records"],
            "settings": settings,
            "answer_secs": if habit == "mute" { 2 } else { 20 },
        } },
    })
}

/// Process ids and start times of a habit's processes.
fn starts(stage: &Stage, habit: &str) -> Vec<(String, f64)> {
    let path = stage.folder.path().join(format!("{habit}.pids"));
    let lines = fs::read_to_string(path).unwrap_or_default();
    let started = |line: &str| {
        let (pid, time) = line.split_once(' ').unwrap();
        (pid.to_owned(), time.parse().unwrap())
    };
    lines.lines().map(started).collect()
}

/// Whether a process is there, and not only waits to be forgotten.
fn is_alive(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// How each component is, by its own account.
fn health(running: &Process) -> BTreeMap<String, Value> {
    let metrics = running.ready["metrics"].as_str().unwrap();
    let base = metrics.strip_suffix("/metrics").unwrap();
    serde_json::from_value(http("GET", base, "/livez", "")).unwrap()
}

/// A copy of a folder of examples, for programs leave things in theirs.
fn copy(stage: &Stage, name: &str) -> PathBuf {
    let folder = stage.folder.path().join(name);
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(root().join("examples").join(name)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    folder
}

/// A command in a folder; what it printed.
fn succeed(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> String {
    let mut command = Command::new(FOLIOSTREAM);
    let output = command.args(args).current_dir(folder).envs(env.iter().copied()).output();
    let output = output.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_examples_as_they_stand() {
    let stage = Stage::set("0");
    let folder = copy(&stage, "external");
    let log = stage.folder.path().join("run.log");
    let said = succeed(&folder, &["check", "--connect"], &[]);
    for line in [
        "spending.external_records: let in, 15 records at the first read",
        "desk.external_orders: let in",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let args = [&["run"][..], &stage.on_kafka()].concat();
    let running = Process::start_in(&folder, &args, &[], &log);
    let mut running = running.unwrap_or_else(|| panic!("not ready: {}", stage.log()));
    wait_for("the rows of the example", || ids(&stage, "card_spending").len() >= 15);
    let rows = "AAPL,2013-10-14,1.25,7\nBAC,2013-10-14,0.10,1\n";
    let file = folder.join("spending.csv");
    fs::write(&file, fs::read_to_string(&file).unwrap() + rows).unwrap();
    wait_for("rows that were added", || ids(&stage, "card_spending").len() >= 17);
    let order = ["order", "place", "main", "buy", "BAC.US", "10", "--limit", "13"];
    stage.ask(&[&order[..], &["--order-id", "o-1"]].concat());
    wait_for("the desk to take the order", || {
        stage.ask(&["order", "list"]).iter().any(|order| order["status"] == "accepted")
            || folder.join("book.jsonl").exists()
    });
    running.stop();
    let taken = fs::read_to_string(folder.join("book.jsonl")).unwrap();
    assert_eq!(taken.matches("desk-1").count(), 1, "{taken}");
    let spent = ids(&stage, "card_spending");
    let mut once = spent.clone();
    once.dedup();
    assert_eq!((spent.len(), &once), (17, &spent), "each row once");
    assert_eq!(spent.last().unwrap(), "BAC/2013-10-14");

    let (_mock, url) = mock(&stage, "alpha_vantage", "query");
    let url = url.strip_suffix("/query").unwrap();
    let env = [("ALPHA_VANTAGE_URL", url), ("ALPHA_VANTAGE_KEY", "test-key")];
    let folder = copy(&stage, "declared");
    let check = ["check", "insiders.yaml", "--connect"];
    assert!(succeed(&folder, &check, &env).contains("insiders.declared_records: let in, 60"));
    let args = [&["run", "--topology", "insiders.yaml"][..], &stage.on_kafka()].concat();
    for _ in 0..2 {
        let running = Process::start_in(&folder, &args, &env, &log);
        let mut running = running.unwrap_or_else(|| panic!("not ready: {}", stage.log()));
        wait_for("what insiders did", || ids(&stage, "insiders").len() >= 60);
        running.stop();
    }
    let mut insiders = ids(&stage, "insiders");
    insiders.sort();
    insiders.dedup();
    assert_eq!((insiders.len(), ids(&stage, "insiders").len()), (60, 60), "each once");
    assert!(stage.ask(&["dlq", "list"]).is_empty());
}

/// Trades that the mock of Polygon has, read by declaration, page by page.
fn prints(url: &str) -> Value {
    json!({
        "connector": "declared",
        "type": "market_data",
        "connection": { "base_url": url },
        "authentication": { "type": "bearer", "credentials": { "token": "test-key" } },
        "throttling": { "max_requests_per_second": 1000 },
        "features": { "records": { "feeds": { "prints": {
            "path": "/v3/trades/BAC",
            "query": { "timestamp.gte": "2013-10-07", "order": "asc", "limit": 4 },
            "items": "results",
            "paging": { "next_url": { "field": "next_url" } },
            "event": "Trade",
            "id": ["sip_timestamp", "sequence_number"],
            "fields": {
                "event_time": { "from": "sip_timestamp", "format": "epoch_nanos" },
                "instrument": { "constant": "BAC.US" },
                "symbol": { "constant": "BAC" },
                "price": "price",
                "quantity": "size",
                "status": { "constant": "original" },
            },
        } } } },
    })
}

#[test]
fn whoever_is_killed_goes_on_from_the_cursor() {
    let stage = Stage::set("0");
    let (_mock, url) = mock(&stage, "polygon", "rest");
    let all = "/v3/trades/BAC?timestamp.gte=2013-10-07&order=asc&limit=50000&apiKey=test-key";
    let known = http("GET", &url, all, "")["results"].as_array().unwrap().len();
    assert!(known > 100, "{known} trades are too few to be interrupted");
    let slow = json!({ "path": "/v3/trades", "kind": "delay", "delay_ms": 700, "next": 1_000 });
    http("POST", &url, "/_mock/faults", &slow.to_string());
    let systems = json!({ "slow": feed(&stage, "slow", json!({})), "prints": prints(&url) });
    let topology = stage.topology_of("topology.json", &systems);
    let done = |stage: &Stage| (ids(stage, "slow").len(), values(stage, "market.trades").len());
    let mut running = stage.run(&topology, &[], &[]);
    for round in 0..3 {
        let before = done(&stage);
        wait_for(&format!("both to move on from {before:?}"), || {
            let now = done(&stage);
            now.0 > before.0 && now.1 > before.1
        });
        let (pid, _) = starts(&stage, "slow").pop().unwrap();
        if round == 1 {
            // The process alone: Foliostream starts it again.
            assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
            wait_for("another process", || starts(&stage, "slow").len() > round + 1);
            assert!(!running.has_ended(), "{}", stage.log());
        } else {
            running.kill();
            wait_for("the process to follow", || !is_alive(&pid));
            running = stage.run(&topology, &[], &[]);
        }
        let now = done(&stage);
        assert!(now.0 < 400 && now.1 < known, "{now:?}: all was over before the kill");
    }
    http("DELETE", &url, "/_mock/faults", "");
    fs::write(stage.folder.path().join("slow.pids.hurry"), "").unwrap();
    wait_for("all of both", || {
        let now = done(&stage);
        now.0 >= 400 && now.1 >= known
    });
    let done = |running: &Process| -> Vec<u64> {
        let said = running.said().into_iter().map(|line| line["progress"].clone());
        let slow = said.filter(|told| told["component"] == "slow.external_records");
        slow.map(|told| told["done"].as_u64().unwrap()).collect()
    };
    wait_for("the last line about its progress", || done(&running).last() == Some(&400));
    assert!(done(&running).is_sorted(), "{:?}", done(&running));
    running.stop();
    assert_eq!(ids(&stage, "slow"), numbers(400), "nothing lost, doubled or out of order");
    let trades = values(&stage, "market.trades");
    let mut once: Vec<&str> = trades.iter().map(|t| t["trade_id"].as_str().unwrap()).collect();
    once.sort_unstable();
    once.dedup();
    assert_eq!((once.len(), trades.len()), (known, known), "every trade once");
    assert!(starts(&stage, "slow").len() >= 4);
}

#[test]
fn what_is_wrong_is_a_letter_and_a_better_topology_brings_it_back() {
    let stage = Stage::set("0");
    let odd = feed(&stage, "odd", json!({ "count": 20 }));
    let topology = stage.topology_of("topology.json", &json!({ "odd": odd }));
    let mut running = stage.run(&topology, &[], &[]);
    wait_for("the good records", || ids(&stage, "odd").len() >= 20);
    assert_eq!(ids(&stage, "odd"), numbers(20));
    let letters = stage.ask(&["dlq", "list"]);
    let letter = |words: &str| {
        let found = letters.iter().find(|l| l["reason"].as_str().unwrap().contains(words));
        let found = found.unwrap_or_else(|| panic!("no letter says {words:?}: {letters:?}"));
        let id = found["id"].as_str().unwrap().to_owned();
        let shown = stage.ask(&["dlq", "show", &id]);
        (id, shown[0]["text"].as_str().unwrap().to_owned())
    };
    assert_eq!(letters.len(), 3, "{letters:?}");
    let (_, stray) = letter("no part of the protocol");
    assert_eq!(stray, "Thanks for using a chatty library");
    let (_, wrong) = letter("1.5");
    assert!(wrong.contains("\"event_id\": \"w\""), "{wrong}");
    let (news, said) = letter("a NewsItem is for news.items");
    assert!(said.contains("Not foreseen"), "{said}");

    // What the program may publish is the topology's to say, also here.
    let plain = stage.ask(&["dlq", "redrive"]);
    assert_eq!(
        (&plain[0]["redriven"], plain[0]["refused"].as_array().unwrap().len()),
        (&json!(0), 3)
    );
    let again = |topology: &Path| {
        let said = stage.ask(&["dlq", "redrive", "--topology", text(topology)]);
        let refused = said[0]["refused"].as_array().unwrap().len();
        (said[0]["redriven"].clone(), said[0]["skipped"].clone(), refused)
    };
    assert_eq!(again(&topology), (json!(0), json!(0), 3));
    let mut odd = feed(&stage, "odd", json!({ "count": 20 }));
    odd["features"]["source"]["topics"] = json!(["alternative.records", "news.items"]);
    let better = stage.topology_of("better.json", &json!({ "odd": odd }));
    assert_eq!(again(&better), (json!(1), json!(0), 2));
    assert_eq!(again(&better), (json!(0), json!(1), 2));
    let letters = stage.ask(&["dlq", "list"]);
    let redriven = letters.iter().find(|letter| letter["id"] == news.as_str()).unwrap();
    assert_eq!(redriven["redriven"], "true", "{redriven}");
    running.stop();
    // The program says all of it again, and nothing comes twice.
    let checkpoints = values(&stage, "ops.checkpoints");
    assert!(!checkpoints.is_empty());
    let mut running = stage.run(&better, &[], &[]);
    wait_for("it to run", || health(&running).values().all(|h| h["state"] == "running"));
    running.stop();
    let items = values(&stage, "news.items");
    assert_eq!((items.len(), &items[0]["headline"]), (1, &json!("Not foreseen")), "{items:?}");
    assert_eq!(items[0]["source"], "odd");
    assert_eq!(ids(&stage, "odd"), numbers(20));
}

#[test]
fn programs_that_misbehave_are_named_and_disturb_nobody() {
    let stage = Stage::set("0");
    let systems = json!({
        "dying": feed(&stage, "dying", json!({ "deaths": 6, "count": 30 })),
        "flood": feed(&stage, "flood", json!({ "count": 300 })),
        "huge": feed(&stage, "huge", json!({})),
        "mute": feed(&stage, "mute", json!({})),
        "slow": feed(&stage, "slow", json!({})),
    });
    fs::write(stage.folder.path().join("slow.pids.hurry"), "").unwrap();
    let topology = stage.topology_of("topology.json", &systems);
    let mut running = stage.run(&topology, &[], &[]);
    for (system, words) in [
        ("dying", "the process ended with code 1: no license today"),
        ("mute", "the process gave no answer in 2s"),
        ("huge", "the message is too long: 52428822 bytes"),
    ] {
        let name = format!("{system}.external_records");
        let mut seen = Value::Null;
        wait_for(&format!("{name} to be waiting: {words}"), || {
            seen = health(&running)[&name].clone();
            let detail = seen["detail"].as_str().unwrap();
            assert!(seen["state"] != "failed", "{seen}");
            seen["state"] == "waiting" && detail.contains(words)
        });
        assert!(stage.log().contains(words), "{words} is not in the log");
    }
    wait_for("those that do their work", || {
        ids(&stage, "flood").len() >= 300 && ids(&stage, "slow").len() >= 400
    });
    wait_for("the one that died to work at last", || ids(&stage, "dying").len() >= 30);
    assert!(!running.has_ended(), "{}", stage.log());
    for (habit, count) in [("dying", 30), ("flood", 300), ("slow", 400)] {
        assert_eq!(ids(&stage, habit), numbers(count), "{habit}");
    }
    // Later each time, so that nobody is started in a circle.
    let times: Vec<f64> = starts(&stage, "dying").iter().map(|(_, time)| *time).collect();
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() == 6 && gaps[5] > 4.0 * gaps[0] && gaps[5] > 2.0, "{gaps:?}");
    let log = stage.log();
    assert!(log.contains("lines were left out") && log.len() < 1_000_000, "{} bytes", log.len());
    let status = fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 300_000, "{peak} kB at most, with lines of 50 MB about");
    let pids: Vec<String> = ["dying", "flood", "huge", "mute", "slow"]
        .iter()
        .flat_map(|habit| starts(&stage, habit))
        .map(|(pid, _)| pid)
        .collect();
    running.stop();
    wait_for("every process to be gone", || !pids.iter().any(|pid| is_alive(pid)));
}
