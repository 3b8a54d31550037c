//! Every fixture through `map`, compared with `golden/`. `UPDATE_GOLDEN=1` rewrites.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::PathBuf;

use component::Item;

use {{name}}::{map, wire};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(folder("fixtures").join(name)).unwrap()
}

/// Compares what a fixture became, one event a line, with what it must become.
fn check(name: &str, items: &[Item]) {
    let mut text = String::new();
    for item in items {
        match item {
            Item::Event(event) => {
                let kind = event.info().name;
                writeln!(text, "{kind} {}", serde_json::to_string(event).unwrap()).unwrap();
            }
            Item::Bad { bad, .. } => writeln!(text, "Bad {bad}").unwrap(),
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
fn a_frame_of_the_stream() {
    let text = fixture("frame.json");
    let frame: wire::Frame<'_> = serde_json::from_str(&text).unwrap();
    let mut items = Vec::new();
    map::trades(&frame.trades, &mut items);
    check("frame.json", &items);
}

#[test]
fn a_page_of_the_history() {
    let text = fixture("history.json");
    let page: wire::Page<'_> = serde_json::from_str(&text).unwrap();
    let mut items = Vec::new();
    map::trades(&page.trades, &mut items);
    check("history.json", &items);
}

#[test]
fn every_fixture_is_used_here() {
    let this = include_str!("golden.rs");
    for entry in std::fs::read_dir(folder("fixtures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "SOURCES.md" || this.contains(&name), "{name} is not used");
    }
}
