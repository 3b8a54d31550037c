//! The house's own tools: `cargo xtask codegen|tidy|docs|fidelity`.

// A command-line tool speaks through its output.
#![allow(clippy::print_stdout)]

mod binary;
mod codegen;
mod docs;
mod fidelity;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask codegen [--check]      the Rust side of schemas/*.avsc
       cargo xtask docs [--check]         docs/reference, from the settings' own schemas
       cargo xtask fidelity [NAME…]       mocks against their vendors' own clients
       cargo xtask tidy                   the rules of the house";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<()> {
    match args {
        ["codegen"] => codegen::run(&root(), false),
        ["codegen", "--check"] => codegen::run(&root(), true),
        ["docs"] => docs::run(&root(), false),
        ["docs", "--check"] => docs::run(&root(), true),
        ["fidelity", names @ ..] => fidelity::run(&root(), names),
        ["tidy"] => tidy::run(&root()),
        _ => bail!("{USAGE}"),
    }
}

/// The workspace's folder: that of the `cargo run` which started this, for two checkouts that share
/// a target folder share this program too.
fn root() -> PathBuf {
    let built = || env!("CARGO_MANIFEST_DIR").into();
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(built);
    Path::new(&folder).parent().unwrap_or(Path::new(".")).to_path_buf()
}
