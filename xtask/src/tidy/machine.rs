//! Nothing tracked says on which machine it was written, nor where packages come from: every
//! package manager knows that by itself.

use super::Finding;
use super::tree::Tree;

/// Folders that exist on somebody's machine.
const FOLDERS: [&str; 5] = ["/work/", "/root/", "/home/", "/Users/", "C:\\Users\\"];

/// The user's folder in our own image, which is no machine.
const IMAGE: &str = "/home/foliostream";

/// Hosts of package registries, and settings that name one.
const REGISTRIES: [&str; 12] = [
    "index.crates.io",
    "static.crates.io",
    "pypi.org",
    "files.pythonhosted.org",
    "repo1.maven.org",
    "repo.maven.apache.org",
    "registry.npmjs.org",
    "deb.debian.org",
    "--index-url",
    "--extra-index-url",
    "replace-with",
    "[source.",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        // This file is the one place where they are named.
        let is_exempt = file.path == "Cargo.lock" || file.path.starts_with("xtask/src/tidy/");
        if is_exempt {
            continue;
        }
        for (line, text) in file.lines() {
            let text = &text.replace(IMAGE, "");
            for folder in FOLDERS {
                if names_folder(text, folder) {
                    let message =
                        format!("{folder} is a machine's own: say it relative to the root");
                    findings.push(Finding::new(&file.path, line, message));
                }
            }
            for registry in REGISTRIES {
                if text.contains(registry) {
                    let message =
                        format!("{registry} is a registry's: leave it to the package manager");
                    findings.push(Finding::new(&file.path, line, message));
                }
            }
        }
    }
    findings
}

/// Whether a text names an absolute path, not the end of another one or of an address.
fn names_folder(text: &str, folder: &str) -> bool {
    text.match_indices(folder).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '/' | '_' | '-' | '}'))
    })
}
