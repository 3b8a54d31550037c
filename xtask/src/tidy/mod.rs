//! The rules of the house that no compiler checks.
//!
//! Each rule looks at the tracked files or at the dependency graph and says where it is broken and
//! what to do. `cases.rs` holds one broken sample for every rule.

mod changelog;
mod code;
mod comments;
mod conformance;
mod crates;
mod deny;
mod edges;
mod machine;
mod schemas;
mod settings;
mod size;
mod tree;
mod vendors;
mod words;

#[cfg(test)]
mod cases;

use std::path::Path;

use anyhow::{Result, bail};

use crate::codegen;
use tree::Tree;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

/// A rule: everything in the workspace that breaks it.
type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[(&str, Rule)] = &[
    ("changelog", changelog::check),
    ("code", code::check),
    ("comments", comments::check),
    ("conformance", conformance::check),
    ("crates", crates::check),
    ("deny", deny::check),
    ("edges", edges::check),
    ("machine", machine::check),
    ("schemas", schemas::check),
    ("settings", settings::check),
    ("size", size::check),
    ("vendors", vendors::check),
    ("words", words::check),
];

/// Checks the whole workspace.
pub fn run(root: &Path) -> Result<()> {
    let tree = Tree::read(root)?;
    let mut count = 0;
    for (name, rule) in RULES {
        let mut findings = rule(&tree);
        findings.sort();
        for Finding { file, line, message } in &findings {
            println!("{file}:{line}: {name}: {message}");
        }
        count += findings.len();
    }
    if let Err(stale) = codegen::run(root, true) {
        println!("schemas/: codegen: {stale:#}");
        count += 1;
    }
    for line in size::table(&tree).into_iter().chain(deny::notes(&tree)) {
        println!("{line}");
    }
    if count > 0 {
        bail!("{count} to tidy up");
    }
    println!("tidy: {} files, {} rules, nothing to do", tree.files.len(), RULES.len() + 1);
    Ok(())
}
