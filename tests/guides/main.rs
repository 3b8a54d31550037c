//! The guides, run as they are written: every block of commands in an empty folder, in order, with
//! what it prints held against what the guide shows.
//!
//! A guide says what is done with a block in the words after its language, which no reader sees:
//!
//! - `console`: after `$ ` is a command, below it what it prints. `…` stands for what varies, on a
//!   line of its own for lines. Where nothing is shown, nothing is compared. A command must
//!   succeed, unless the next one is `echo $?`. What is logged is not compared.
//! - `console again`: the same, tried again until it prints what is shown.
//! - `console terminal`: a terminal of its own, which stays open. What it shows is waited for.
//! - `LANGUAGE file=PATH`: the file that the reader is asked to write.
//! - `LANGUAGE not run: REASON`: for a vendor's account, a person's browser, or a compiler. They
//!   are counted below.
//!
//! Ports are the only thing that is changed: each is replaced by a free one.

#![allow(clippy::unwrap_used)]

mod page;
mod place;
mod shown;

use std::fs;
use std::path::{Path, PathBuf};

use page::Step;
use place::Place;

/// What is not run: the guide, and how many of its blocks. Connectors of both kinds that `connector
/// new` has written are built and tested by `.ci/run`; a login is in `tests/credentials.rs`, with a
/// person who says yes.
const NOT_RUN: &[(&str, usize)] =
    &[("add-a-connector", 13), ("credentials", 1), ("import-and-export", 1)];

/// The guides that are run, each by the test of its name.
macro_rules! guides {
    ($($test:ident => $name:literal;)*) => {
        const RUN: &[&str] = &[$($name),*];

        $(#[test]
        fn $test() {
            run($name);
        })*
    };
}

guides! {
    audit => "audit";
    connectors_by_declaration => "connectors-by-declaration";
    connectors_in_any_language => "connectors-in-any-language";
    credentials => "credentials";
    import_and_export => "import-and-export";
    limits => "limits";
    monitoring => "monitoring";
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(name: &str) -> Vec<(usize, Step)> {
    let text = fs::read_to_string(root().join(format!("docs/guides/{name}.md"))).unwrap();
    page::steps(&text).unwrap_or_else(|mistake| panic!("{name}.md:{mistake}"))
}

/// Does what a guide says.
fn run(name: &str) {
    let mut place = Place::new(&root());
    for (line, step) in read(name) {
        let done = match step {
            Step::File { path, text } => place.write(&path, &text),
            Step::Commands { commands, is_again } => place.run(&commands, is_again),
            Step::Terminal { commands } => place.open(&commands),
            Step::NotRun => Ok(()),
        };
        if let Err(why) = done {
            panic!("docs/guides/{name}.md:{line}: {why}\n{}", place.open_terminals());
        }
    }
    assert!(!place.open_terminals().contains("panicked"), "{}", place.open_terminals());
}

#[test]
fn every_guide_is_run_or_says_why_not() {
    let mut not_run = Vec::new();
    for entry in fs::read_dir(root().join("docs/guides")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let steps = read(&name);
        let left_out = steps.iter().filter(|(_, step)| *step == Step::NotRun).count();
        if left_out > 0 {
            not_run.push((name.clone(), left_out));
        }
        assert!(RUN.contains(&name.as_str()) || left_out == steps.len(), "nobody runs {name}.md");
    }
    not_run.sort();
    let known: Vec<_> = NOT_RUN.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    assert_eq!(not_run, known, "blocks that are not run");
}
