//! `connector new`, run in a copy of this checkout. That what it writes builds and passes its
//! tests is a step of `.ci/run`: compiling takes too long for here.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::FOLIOSTREAM;

/// The lists that a connector is added to.
const LISTS: [&str; 6] = [
    "Cargo.toml",
    "crates/foliostream/Cargo.toml",
    "crates/foliostream/src/commands/mock.rs",
    "crates/foliostream/src/components.rs",
    "docs/reference/README.md",
    "docs/reference/topics.md",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A copy of what is tracked, as it is in the working tree.
fn copy() -> tempfile::TempDir {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "git ls-files: {listed:?}");
    let folder = tempfile::tempdir().unwrap();
    for path in String::from_utf8(listed.stdout).unwrap().split('\0') {
        // The command looks at no data, and data is large.
        let is_text = [".md", ".rs", ".toml"].iter().any(|ending| path.ends_with(ending));
        if is_text && root().join(path).is_file() {
            let to = folder.path().join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(root().join(path), to).unwrap();
        }
    }
    folder
}

fn new(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(FOLIOSTREAM);
    command.args(["connector", "new"]).args(args).current_dir(folder).output().unwrap()
}

/// Everything below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path().is_dir() {
            true => found.extend(files(&entry.path())),
            false => drop(found.insert(entry.path(), fs::read(entry.path()).unwrap())),
        }
    }
    found
}

fn read(folder: &Path, path: &str) -> String {
    fs::read_to_string(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn success(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {said}", output.status);
}

/// Lines that one text has more than another, which has no others.
fn added(before: &str, after: &str) -> Vec<String> {
    let mut old = before.lines().peekable();
    let is_new = |line: &&str| old.next_if(|old| old == line).is_none();
    let new = after.lines().filter(is_new).map(str::to_owned).collect();
    assert_eq!(old.next(), None, "something was taken away");
    new
}

/// Files of every connector, below their folders.
const FILES: [&str; 14] = [
    "changelog.d/bird-counts.added.md",
    "connectors/bird_counts/Cargo.toml",
    "connectors/bird_counts/README.md",
    "connectors/bird_counts/fixtures/SOURCES.md",
    "connectors/bird_counts/src/lib.rs",
    "connectors/bird_counts/src/map.rs",
    "connectors/bird_counts/src/settings.rs",
    "connectors/bird_counts/src/wire.rs",
    "connectors/bird_counts/tests/conformance.rs",
    "connectors/bird_counts/tests/golden.rs",
    "mocks/bird_counts/Cargo.toml",
    "mocks/bird_counts/README.md",
    "mocks/bird_counts/src/lib.rs",
    "mocks/bird_counts/src/settings.rs",
];
/// Those of a polled list.
const REST_FILES: [&str; 7] = [
    "connectors/bird_counts/examples/page_speed.rs",
    "connectors/bird_counts/fixtures/records.json",
    "connectors/bird_counts/golden/records-json.txt",
    "connectors/bird_counts/src/records.rs",
    "docs/reference/bird_counts_records.md",
    "mocks/bird_counts/src/records.rs",
    "mocks/bird_counts/tests/records.rs",
];
/// Those of a stream.
const STREAM_FILES: [&str; 12] = [
    "connectors/bird_counts/examples/frame_speed.rs",
    "connectors/bird_counts/fixtures/frame.json",
    "connectors/bird_counts/fixtures/history.json",
    "connectors/bird_counts/golden/frame-json.txt",
    "connectors/bird_counts/golden/history-json.txt",
    "connectors/bird_counts/src/trades.rs",
    "connectors/bird_counts/tests/gaps.rs",
    "docs/reference/bird_counts_trades.md",
    "mocks/bird_counts/src/history.rs",
    "mocks/bird_counts/src/stream.rs",
    "mocks/bird_counts/src/tape.rs",
    "mocks/bird_counts/tests/stream.rs",
];

/// Makes a connector of a kind, which must be these files and its place in every list.
fn check(kind: &str, files_of_kind: &[&str]) {
    let folder = copy();
    let folder = folder.path();
    let before = files(folder);
    // From a folder within, as cargo would.
    let args = ["bird_counts", "--kind", kind, "--format", "json"];
    let output = new(&folder.join("crates"), &args);
    success(&output);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["connector"], "bird_counts");
    let created = said["created"].as_array().unwrap();
    for path in FILES.iter().chain(files_of_kind) {
        assert!(!read(folder, path).is_empty(), "{path}");
        assert!(created.iter().any(|made| made == path), "{path}");
    }
    assert_eq!(created.len(), FILES.len() + files_of_kind.len(), "{said}");
    let after = files(folder);
    let made = after.keys().filter(|path| !before.contains_key(*path)).count();
    assert_eq!(made, created.len(), "{said}");
    let changed: Vec<_> = before.iter().filter(|(path, text)| after[*path] != **text).collect();
    assert_eq!(changed.len(), said["changed"].as_array().unwrap().len(), "{said}");
    assert_eq!(changed.len(), LISTS.len(), "{said}");
    for (path, _) in changed {
        let path = path.strip_prefix(folder).unwrap().to_str().unwrap();
        assert!(LISTS.contains(&path), "{path} was changed");
    }
}

#[test]
fn a_polled_list_with_its_place_in_every_list() {
    check("rest", &REST_FILES);
}

#[test]
fn a_stream_with_its_place_in_every_list() {
    check("stream", &STREAM_FILES);
}

#[test]
fn every_edit_is_sorted_and_made_once() {
    let folder = copy();
    let folder = folder.path();
    let lists: Vec<_> = LISTS.iter().map(|path| read(folder, path)).collect();
    for name in ["zebra_counts", "bird_counts"] {
        success(&new(folder, &[name]));
    }
    let both: Vec<_> = LISTS.iter().map(|path| read(folder, path)).collect();
    let component = |name: &str| format!("    source {name}::Records as \"records\";");
    let index = LISTS.iter().position(|path| path.ends_with("components.rs")).unwrap();
    let names = ["bird_counts", "zebra_counts"];
    assert_eq!(added(&lists[index], &both[index]), names.map(component));
    for (path, run) in [
        ("Cargo.toml", "path = \"connectors/"),
        ("Cargo.toml", "path = \"mocks/"),
        ("crates/foliostream/src/commands/mock.rs", "_mock;"),
        ("docs/reference/README.md", "_records.md) |"),
    ] {
        let text = read(folder, path);
        let lines: Vec<_> =
            text.lines().filter(|line| line.ends_with(run) || line.contains(run)).collect();
        assert!(lines.is_sorted(), "{path}: {lines:?}");
        let ours = lines.iter().filter(|line| line.contains("bird_counts")).count();
        assert_eq!(ours, 1, "{path}: {lines:?}");
    }
    // The folders go and come back; every list has it once, where it was.
    for path in ["connectors/bird_counts", "mocks/bird_counts"] {
        fs::remove_dir_all(folder.join(path)).unwrap();
    }
    fs::remove_file(folder.join("changelog.d/bird-counts.added.md")).unwrap();
    fs::remove_file(folder.join("docs/reference/bird_counts_records.md")).unwrap();
    success(&new(folder, &["bird_counts"]));
    let again: Vec<_> = LISTS.iter().map(|path| read(folder, path)).collect();
    assert_eq!(again, both);
}

/// Runs the command where it must refuse: its exit code, its words, and nothing else.
fn refused(folder: &Path, name: &str, code: i32, words: &str) {
    let before = files(folder);
    let output = new(folder, &[name]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{name}: {said}");
    assert!(said.contains(words), "{name}: {said}");
    assert!(files(folder) == before, "{name} left something behind");
}

#[test]
fn what_cannot_be_made_is_refused_and_leaves_nothing() {
    let copy = copy();
    let folder = copy.path();
    refused(folder, "Bird-Counts", 2, "small letters");
    refused(folder, "../bird", 2, "small letters");
    refused(folder, "serde", 2, "Cargo.toml has a crate of that name");
    refused(folder, "instrument", 2, "shared crates know no vendor");
    refused(folder, "polygon", 6, "connectors/polygon is there already");
    fs::create_dir(folder.join("mocks/bird_counts")).unwrap();
    refused(folder, "bird_counts", 6, "mocks/bird_counts is there already");
    fs::remove_dir(folder.join("mocks/bird_counts")).unwrap();
    fs::write(folder.join("changelog.d/bird-counts.added.md"), "Mine.\n").unwrap();
    refused(folder, "bird_counts", 6, "changelog.d/bird-counts.added.md is there already");
    fs::remove_file(folder.join("changelog.d/bird-counts.added.md")).unwrap();
    let list = folder.join("crates/foliostream/src/commands/mock.rs");
    fs::write(&list, "//! Rewritten.\n").unwrap();
    refused(folder, "bird_counts", 1, "there is no list to add bird_counts to");
    let elsewhere = tempfile::tempdir().unwrap();
    refused(elsewhere.path(), "bird_counts", 4, "is not in a checkout of Foliostream");
}

#[test]
fn what_is_written_is_formatted_whatever_the_name() {
    let copy = copy();
    for (name, kind) in [
        ("q8", "rest"),
        ("abcdefghijkl_nopqrstuvwx", "rest"),
        ("q9", "stream"),
        ("bcdefghijklm_opqrstuvwxy", "stream"),
    ] {
        success(&new(copy.path(), &[name, "--kind", kind]));
        let made: Vec<_> = ["connectors", "mocks"]
            .iter()
            .flat_map(|kind| files(&copy.path().join(kind).join(name)).into_keys())
            .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
            .collect();
        let mut rustfmt = Command::new("rustfmt");
        rustfmt.args(["--edition", "2024", "--check", "--config-path"]).arg(root());
        let output = rustfmt.args(&made).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
