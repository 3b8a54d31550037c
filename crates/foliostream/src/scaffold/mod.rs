//! A new connector written out: its files from templates, its place in every list.
//!
//! Everything is worked out before anything is written, and what was written is taken away again
//! when not all of it could be.

mod edits;
mod name;
mod plan;
mod templates;
mod tree;

pub use name::Name;
pub use plan::Plan;
pub use templates::Kind;
pub use tree::Tree;

use anyhow::{Context, Result};

/// What a name or a checkout stands in the way of.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a name, or one that would break something.
    #[error("{name:?} cannot name a connector: {reason}")]
    Name {
        /// What was asked for.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is something by that name.
    #[error("{0} is there already; nothing was changed")]
    There(String),
    /// Not run in a checkout.
    #[error("{folder:?} is not in a checkout of Foliostream: there is no {missing} in it or above")]
    NoCheckout {
        /// Where it was run.
        folder: std::path::PathBuf,
        /// What every checkout has.
        missing: &'static str,
    },
}

/// The lists that a connector has its place in, and how it gets there.
const EDITS: &[(&str, edits::Edit)] = &[
    ("Cargo.toml", edits::workspace),
    ("crates/foliostream/Cargo.toml", edits::binary),
    ("crates/foliostream/src/components.rs", edits::components),
    ("crates/foliostream/src/commands/mock.rs", edits::mocks),
];

/// The pages that `cargo xtask docs` writes, which follow the lists.
const INDEX: &str = "docs/reference/README.md";
const TOPICS: &str = "docs/reference/topics.md";

/// Works out what a new connector changes in a checkout.
pub fn plan(tree: &Tree, name: &Name, kind: Kind) -> Result<Plan> {
    tree.refuse_taken(name)?;
    let mut plan = Plan::default();
    for (path, text) in templates::files(kind, name) {
        if tree.has(&path) {
            return Err(Refusal::There(path).into());
        }
        plan.create(path, text);
    }
    for (path, edit) in EDITS {
        let before = tree.read(path)?;
        let after = edit(&before, name, kind);
        let after =
            after.with_context(|| format!("there is no list to add {name} to in {path}"))?;
        plan.change(path, before, after);
    }
    let (index, topics) = (tree.read(INDEX)?, tree.read(TOPICS)?);
    // Pages that are out of date anyway are left to `cargo xtask docs`.
    if let Some(after) = edits::topics(&topics, &index, name, kind) {
        plan.change(TOPICS, topics, after);
    }
    if let Some(after) = edits::index(&index, name, kind) {
        plan.change(INDEX, index, after);
    }
    Ok(plan)
}
