//! Every component that is registered passes the shared suite.

use super::Finding;
use super::tree::Tree;

/// The only list of components.
const LIST: &str = "crates/foliostream/src/components.rs";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, kind, package, name) in lines(tree) {
        let folder = if kind == "processor" { "processors" } else { "connectors" };
        let suite = format!("{folder}/{package}/tests/conformance.rs");
        let mut suites = tree.files.iter().filter(|file| file.path == suite);
        if !suites.any(|file| is_on(&file.text, package, name)) {
            let message = format!("{package}::{name} is not tested; switch it on in {suite}");
            findings.push(Finding::new(LIST, line, message));
        }
    }
    findings
}

/// Kind, package and type of every registered component.
pub(super) fn registered(tree: &Tree) -> impl Iterator<Item = (&str, &str, &str)> {
    lines(tree).map(|(_, kind, package, name)| (kind, package, name))
}

fn lines(tree: &Tree) -> impl Iterator<Item = (usize, &str, &str, &str)> {
    let list = tree.files.iter().filter(|file| file.path == LIST);
    list.flat_map(|file| file.lines()).filter_map(|(number, line)| {
        let (kind, package, name) = component(line)?;
        Some((number, kind, package, name))
    })
}

/// Kind, package and type of a component, on a line that registers one.
fn component(line: &str) -> Option<(&str, &str, &str)> {
    let line = line.trim();
    if let Some(processor) = line.strip_prefix("runtime::processor::<") {
        let (package, name) = processor.split_once(">(")?.0.split_once("::")?;
        return Some(("processor", package, name));
    }
    let (kind, rest) =
        line.split_once(' ').filter(|(kind, _)| ["source", "sink"].contains(kind))?;
    let (package, name) = rest.split_once(" as ")?.0.trim().split_once("::")?;
    Some((kind, package, name))
}

/// Whether a suite names a component, or its type where a macro puts the package before it.
fn is_on(suite: &str, package: &str, name: &str) -> bool {
    let path = format!("{package}::{name}");
    let is_listed = suite.contains(&format!("{package}::$"));
    let words = suite.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':')));
    words.into_iter().any(|word| word == path || (is_listed && word == name))
}
