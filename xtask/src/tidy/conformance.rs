//! Every component that is registered passes the shared suite.

use super::Finding;
use super::tree::Tree;

/// The only list of components.
const LIST: &str = "crates/foliostream/src/components.rs";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(list) = tree.files.iter().find(|file| file.path == LIST) else { return Vec::new() };
    let mut findings = Vec::new();
    for (number, line) in list.lines() {
        let Some((folder, package, name)) = registered(line) else { continue };
        let suite = format!("{folder}/{package}/tests/conformance.rs");
        let component = format!("{package}::{name}");
        let is_on = |line: &str| line.split(|c| !is_path(c)).any(|word| word == component);
        let mut suites = tree.files.iter().filter(|file| file.path == suite);
        let is_on = suites.any(|file| file.lines().any(|(_, line)| is_on(line)));
        if !is_on {
            let message = format!("{package}::{name} is not tested; switch it on in {suite}");
            findings.push(Finding::new(LIST, number, message));
        }
    }
    findings
}

/// Folder, package and type of a component, on a line that registers one.
fn registered(line: &str) -> Option<(&'static str, &str, &str)> {
    let line = line.trim();
    if let Some(processor) = line.strip_prefix("runtime::processor::<") {
        let (package, name) = processor.split_once(">(")?.0.split_once("::")?;
        return Some(("processors", package, name));
    }
    let rest = line.strip_prefix("source ").or_else(|| line.strip_prefix("sink "))?;
    let (package, name) = rest.split_once(" as ")?.0.trim().split_once("::")?;
    Some(("connectors", package, name))
}

fn is_path(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':')
}
