//! The dashboards and the rules that are shipped name only what there is.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What a histogram's series end in.
const ENDINGS: [&str; 3] = ["_bucket", "_sum", "_count"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every text in quotes in the sources of the crates: the names of metrics are among them.
fn quoted() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in ["runtime", "http", "monitor", "credentials"] {
        let mut folders = vec![root().join("crates").join(name).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(path).unwrap();
                found.extend(text.split('"').map(str::to_owned));
            }
        }
    }
    found
}

/// The metrics of ours that a text names.
fn named(text: &str) -> Vec<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c: char| !is_word(c));
    words.filter_map(|word| word.strip_prefix("foliostream_")).map(str::to_owned).collect()
}

fn check(file: &Path, text: &str, known: &BTreeSet<String>) {
    let names = named(text);
    assert!(!names.is_empty(), "{} names no metric", file.display());
    for name in names {
        let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
        let is_known = known.contains(&name) || known.contains(stem);
        assert!(is_known, "{}: nothing counts foliostream_{name}", file.display());
    }
}

#[test]
fn dashboards_show_what_is_counted() {
    let known = quoted();
    let mut ids = BTreeSet::new();
    for entry in fs::read_dir(root().join("docker/grafana/dashboards")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let dashboard: Value = serde_json::from_str(&text).unwrap();
        assert!(ids.insert(dashboard["uid"].as_str().unwrap().to_owned()), "{}", path.display());
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                check(&path, target["expr"].as_str().unwrap(), &known);
            }
        }
    }
    assert!(ids.len() > 1, "{ids:?}");
}

#[test]
fn rules_speak_of_what_is_counted() {
    let known = quoted();
    let path = root().join("docker/alerts.yml");
    check(&path, &fs::read_to_string(&path).unwrap(), &known);
    for rule in monitor::usual() {
        check(Path::new(&rule.name), &rule.metric, &known);
    }
}

/// Where Prometheus' own judge is installed, it has the last word.
#[test]
fn promtool_has_nothing_against_the_rules() {
    let rules = root().join("docker/alerts.yml");
    match Command::new("promtool").args(["check", "rules"]).arg(rules).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
        }
        Err(_) => eprintln!("promtool is not installed: the rules were not put to it"),
    }
}
