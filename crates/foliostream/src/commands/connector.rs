//! `connector new`: a connector, its mock and its place in every list, written into a checkout.

use anyhow::{Context, Result};
use serde_json::json;

use crate::cli::{Cli, ConnectorNew, Format};
use crate::output::{self, NOT_FOUND, THERE, USAGE};
use crate::scaffold::{self, Name, Refusal, Tree};

pub fn new(cli: &Cli, args: &ConnectorNew) -> Result<()> {
    make(cli, args).map_err(|error| match error.downcast_ref::<Refusal>() {
        None => error,
        Some(refusal) => {
            let code = match refusal {
                Refusal::Name { .. } => USAGE,
                Refusal::NoCheckout { .. } => NOT_FOUND,
                Refusal::There(_) => THERE,
            };
            output::exit(code, refusal.to_string())
        }
    })
}

fn make(cli: &Cli, args: &ConnectorNew) -> Result<()> {
    let name = Name::parse(&args.name)?;
    let folder = std::env::current_dir().context("finding the current folder")?;
    let tree = Tree::around(&folder)?;
    let plan = scaffold::plan(&tree, &name, args.kind)?;
    plan.write(tree.root())?;
    let (created, changed) = (plan.created(), plan.changed());
    if cli.format == Format::Json {
        let name = name.snake();
        return output::json(&json!({ "connector": name, "created": created, "changed": changed }));
    }
    for (word, paths) in [("created", created), ("changed", changed)] {
        for path in paths {
            output::line(&format!("{word}  {path}"));
        }
    }
    output::line(&format!(
        "\n{name} is a connector. It reads a vendor that its own mock makes up; see for yourself:\n\n  \
         cargo test -p {name} -p {name}_mock\n  \
         cargo run -- mock run {name}\n\n\
         docs/guides/add-a-connector.md goes on from here."
    ));
    Ok(())
}
