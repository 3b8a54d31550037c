//! `credential`: secrets in their store, and the logins of systems.

mod login;
mod redirect;
mod store;
mod system;

use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, Result};
use component::Secret;
use credentials::Error;
use serde_json::json;

use crate::cli::{Cli, Credential, Format};
use crate::output::{self, NOT_FOUND, USAGE};

pub use store::{SECRET, Secrets, store};

/// The longest secret, and one byte to see that it is longer.
const MAX_INPUT: u64 = (64 << 10) + 1;

pub async fn run(cli: &Cli, command: &Credential) -> Result<ExitCode> {
    match command {
        Credential::Set { name } => {
            kept(store(cli).set(name, &read()?))?;
            said(cli, &format!("kept; write {SECRET}{name} in a topology"), "kept", name)?;
        }
        Credential::List => {
            let rows: Vec<_> = kept(store(cli).names())?.into_iter().map(|n| vec![n]).collect();
            output::table(cli.format, &["name"], &rows)?;
        }
        Credential::Remove { name } => {
            if !kept(store(cli).remove(name))? {
                return Err(output::exit(NOT_FOUND, format!("there is no secret {name:?}")));
            }
            said(cli, "forgotten", "removed", name)?;
        }
        Credential::Key { file } => {
            let public = credentials::new_key(file)?;
            let file = file.display();
            let words = format!("made {file}; its public half is {public}");
            said(cli, &words, "public", &public)?;
        }
        Credential::Login(args) => login::run(cli, args).await?,
        Credential::Test(args) => return system::test(cli, args).await,
        Credential::Rotate(args) => return system::rotate(cli, args).await,
        Credential::Revoke(args) => system::revoke(cli, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A secret from standard input.
fn read() -> Result<Secret> {
    let mut text = String::new();
    let input = std::io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text);
    input.context("reading the secret from standard input")?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// What a store answered. An address or a name that makes no sense is wrong usage.
fn kept<T>(answer: credentials::Result<T>) -> Result<T> {
    answer.map_err(|error| match error {
        Error::Setting(why) => output::exit(USAGE, why),
        error => error.into(),
    })
}

fn said(cli: &Cli, words: &str, key: &str, value: &str) -> Result<()> {
    match cli.format {
        Format::Json => output::json(&json!({ key: value })),
        Format::Text => {
            output::line(words);
            Ok(())
        }
    }
}
