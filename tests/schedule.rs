//! What the user's own sample configuration imports and exports on a schedule, run now against a
//! mock, on a real Kafka.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::{FOLIOSTREAM, Process, Stage};

const SAMPLE: &str = include_str!("../crates/topology/tests/data/integration-config.json");

/// The sample, with where its vendor and its Kafka answer. Its five requests a minute would make
/// the test wait.
fn sample(stage: &Stage, vendor: &str) -> Value {
    let mut sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let system = &mut sample["systems"]["alpha_vantage"];
    system["connection"]["base_url"] = json!(vendor);
    system["throttling"]["max_requests_per_minute"] = json!(100);
    let [_, kafka, _, registry] = stage.on_kafka();
    sample["kafka"] = json!({ "bootstrap_servers": kafka });
    sample["schema_registry"] = json!({ "url": registry });
    sample
}

/// A command in a folder; its lines of JSON.
fn ask(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Vec<Value> {
    let mut command = Command::new(FOLIOSTREAM);
    command.args(args).args(["--topology", "sample.json", "--format", "json"]);
    let output = command.current_dir(folder).envs(env.iter().copied()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_sample_as_it_is_written() {
    let stage = Stage::set("0");
    let folder = stage.folder.path();
    let log = folder.join("run.log");
    let args = ["mock", "run", "alpha_vantage", "--speed", "0"];
    let mock = Process::start(&args, &[], &log).unwrap();
    let vendor = mock.ready["urls"]["query"].as_str().unwrap();
    fs::write(folder.join("sample.json"), sample(&stage, vendor).to_string()).unwrap();
    let env = [
        ("ALPHA_VANTAGE_API_KEY", "test-key"),
        ("IB_USERNAME", "nobody"),
        ("IB_PASSWORD", "nothing"),
    ];
    let jobs = ask(folder, &["schedule", "list"], &env);
    let names: Vec<_> = jobs.iter().map(|job| (&job["job"], &job["schedule"])).collect();
    let (prices, summary) = (json!("alpha_vantage_daily_prices"), json!("portfolio_summary"));
    let (weekdays, daily) = (json!("0 18 * * 1-5"), json!("0 20 * * *"));
    assert_eq!(names, [(&prices, &weekdays), (&summary, &daily)]);
    assert!(jobs[0]["next"].as_str().unwrap().ends_with("T18:00:00Z"), "{jobs:?}");

    let args = ["run", "schedule", "--topology", "sample.json"];
    let running = Process::start_in(folder, &args, &env, &log);
    let mut running = running.unwrap_or_else(|| panic!("not ready: {}", stage.log()));
    let run = |job: &str| ask(folder, &["schedule", "run", job, "--wait", "60"], &env).remove(0);
    let written = run("portfolio_summary");
    assert_eq!((&written["status"], &written["trigger"]), (&json!("finished"), &json!("asked")));
    let report = folder.join("reports/portfolio_summary.json");
    let rows: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    assert!(rows.is_array(), "{rows}");

    let read = run("alpha_vantage_daily_prices");
    assert_eq!(read["status"], "finished", "{read}");
    let symbols = || {
        let bars = stage.ask(&["tap", "market.bars", "--from-start", "--until-end"]);
        let of = |bar: &Value| bar["value"]["instrument"].as_str().unwrap().to_owned();
        (bars.len(), bars.iter().map(of).collect::<BTreeSet<_>>())
    };
    let (count, found) = symbols();
    // The mock knows only the first of the three; what it says of the others is a dead letter.
    assert_eq!(found, BTreeSet::from(["AAPL.US".to_owned()]));
    let records: usize = read["records"].as_str().unwrap().parse().unwrap();
    assert!(count > 90 && records >= count, "{read}: {count}");
    // Asked for again, it asks again, and what was there is not published twice.
    let again = run("alpha_vantage_daily_prices");
    assert_eq!((&again["status"], &again["records"]), (&json!("finished"), &json!("0")));
    assert_eq!(symbols().0, count);
    running.stop();

    let history = ask(folder, &["schedule", "history", "--last", "9"], &env);
    let ran = |job: &Value| {
        history.iter().filter(|r| r["job"] == *job && r["status"] == "finished").count()
    };
    assert_eq!((ran(&prices), ran(&summary)), (2, 1), "{history:?}");
    assert!(!stage.log().contains("panicked"), "{}", stage.log());
}
