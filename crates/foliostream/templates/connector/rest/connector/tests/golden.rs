//! Every fixture through `map`, compared with `golden/`. `UPDATE_GOLDEN=1` rewrites.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::PathBuf;

use {{name}}::{map, wire};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares what a page became, one event a line, with what it must become.
fn check(name: &str) {
    let page = std::fs::read_to_string(folder("fixtures").join(name)).unwrap();
    let page: wire::Page<'_> = serde_json::from_str(&page).unwrap();
    let mut text = String::new();
    for raw in page.records {
        match map::record(raw).map(model::Event::from) {
            Ok(event) => {
                let kind = event.info().name;
                writeln!(text, "{kind} {}", serde_json::to_string(&event).unwrap()).unwrap();
            }
            Err(bad) => writeln!(text, "Bad {bad}").unwrap(),
        }
    }
    assert!(!text.is_empty(), "{name} became nothing");
    let path = folder("golden").join(name.replace('.', "-") + ".txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{} differs; UPDATE_GOLDEN=1 rewrites it", path.display());
}

#[test]
fn a_page_of_records() {
    check("records.json");
}

#[test]
fn every_fixture_is_used_here() {
    let this = include_str!("golden.rs");
    for entry in std::fs::read_dir(folder("fixtures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "SOURCES.md" || this.contains(&name), "{name} is not used");
    }
}
