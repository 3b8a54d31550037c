//! No crate collects whatever has no home.

use super::Finding;
use super::tree::Tree;

const HOMELESS: [&str; 6] = ["common", "core", "helpers", "shared", "util", "utils"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (package, folder) in tree.ours() {
        let last = folder.rsplit('/').next().unwrap_or(folder);
        let parts = package.name.split(['-', '_']).chain([last]);
        if let Some(word) = parts.into_iter().find(|part| HOMELESS.contains(part)) {
            let message = format!(
                "the crate {:?} is called {word:?}: name it after what it holds",
                package.name
            );
            findings.push(Finding::new(&format!("{folder}/Cargo.toml"), 1, message));
        }
    }
    findings
}
