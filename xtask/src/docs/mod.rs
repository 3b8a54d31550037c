//! Writes `docs/reference/`: a page for every component and processor, and one for the topics.
//!
//! The pages say what the code says: settings come from the schemas that the binary prints, topics
//! from `schemas/`. `--check` fails when a page is stale, a setting has no sentence, or an example
//! is not a topology.

mod example;
mod page;
mod setting;
mod topics;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::binary;
use topics::Topic;

const FOLDER: &str = "docs/reference";

/// What `foliostream list --format json --schemas` prints.
#[derive(Deserialize)]
struct List {
    components: Vec<Component>,
    processors: Vec<Processor>,
}

/// A source or sink.
#[derive(Clone, Deserialize)]
struct Component {
    name: String,
    kind: String,
    feed: String,
    vendor: String,
    feature: String,
    publishes: Vec<String>,
    settings_schema: Value,
    system_schema: Value,
}

/// A processor.
#[derive(Clone, Deserialize)]
struct Processor {
    name: String,
    inputs: Vec<String>,
    globals: Vec<String>,
    settings_schema: Value,
}

/// Everything that is written, and what is wrong with it.
#[derive(Default)]
struct Pages {
    /// Texts by file name.
    texts: BTreeMap<String, String>,
    /// Topologies by the page that shows them.
    examples: BTreeMap<String, String>,
    problems: Vec<String>,
}

/// Writes the pages below `root`; with `check` only compares.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let binary = binary::build(root)?;
    let list = list(&binary)?;
    let topics = topics::read(root)?;
    let mut pages = pages(&list, &topics);
    for (name, example) in &pages.examples {
        pages.problems.extend(refusal(&binary, name, example)?);
    }
    if !check {
        write(root, &pages)?;
    } else {
        pages.problems.extend(stale(root, &pages));
    }
    if pages.problems.is_empty() {
        println!("docs: {} pages, {} examples", pages.texts.len(), pages.examples.len());
        return Ok(());
    }
    for problem in &pages.problems {
        println!("{problem}");
    }
    bail!("{} problems in {FOLDER}", pages.problems.len())
}

fn list(binary: &Path) -> Result<List> {
    let output = Command::new(binary)
        .args(["list", "--format", "json", "--schemas"])
        .output()
        .context("running foliostream list")?;
    if !output.status.success() {
        bail!("foliostream list: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("reading what foliostream list prints")
}

fn pages(list: &List, topics: &[Topic]) -> Pages {
    let mut pages = Pages::default();
    for component in &list.components {
        page::component(component, list, topics, &mut pages);
    }
    for processor in &list.processors {
        page::processor(processor, topics, &mut pages);
    }
    pages.texts.insert("topics.md".to_owned(), topics::page(topics, list));
    pages.texts.insert("README.md".to_owned(), page::index(list));
    pages
}

/// Has the binary read an example, with every variable set.
fn refusal(binary: &Path, name: &str, example: &str) -> Result<Option<String>> {
    let folder = std::env::temp_dir().join(format!("foliostream-docs-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let path = folder.join("topology.yaml");
    fs::write(&path, example)?;
    let mut command = Command::new(binary);
    command.arg("check").arg(&path);
    for variable in example.split("${").skip(1).filter_map(|rest| rest.split(['}', ':']).next()) {
        command.env(variable, "example");
    }
    let output = command.output().context("running foliostream check")?;
    fs::remove_dir_all(&folder)?;
    if output.status.success() {
        return Ok(None);
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Ok(Some(format!("{FOLDER}/{name}: the example is refused:\n{}\n{example}", said.trim_end())))
}

fn write(root: &Path, pages: &Pages) -> Result<()> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    for name in present(&folder) {
        if !pages.texts.contains_key(&name) {
            fs::remove_file(folder.join(name))?;
        }
    }
    for (name, text) in &pages.texts {
        let path = folder.join(name);
        if fs::read_to_string(&path).ok().as_ref() != Some(text) {
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}

fn stale(root: &Path, pages: &Pages) -> Vec<String> {
    let folder = root.join(FOLDER);
    let differs = |(name, text): &(&String, &String)| {
        fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text)
    };
    let stale = pages.texts.iter().filter(differs);
    let stale = stale.map(|(name, _)| format!("{FOLDER}/{name} is stale: run `cargo xtask docs`"));
    let mut problems: Vec<_> = stale.collect();
    for name in present(&folder).into_iter().filter(|name| !pages.texts.contains_key(name)) {
        problems.push(format!("{FOLDER}/{name} is about nothing: run `cargo xtask docs`"));
    }
    problems
}

fn present(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
