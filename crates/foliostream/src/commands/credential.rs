//! `credential`: secrets in their store, and what a topology finds there.

use std::cell::OnceCell;
use std::io::Read;
use std::sync::Arc;

use anyhow::{Context, Result};
use component::Secret;
use credentials::{Seal, Store};
use serde_json::json;

use crate::cli::{Cli, Credential, Format};
use crate::output::{self, NOT_FOUND, USAGE};

/// Holds the passphrase of a store in a file.
const PASSPHRASE: &str = "FOLIOSTREAM_PASSPHRASE";
/// The longest secret, and one byte to see that it is longer.
const MAX_INPUT: u64 = (64 << 10) + 1;
/// What stands before the name of a secret in a topology.
const SECRET: &str = "secret://";

pub fn run(cli: &Cli, command: &Credential) -> Result<()> {
    match command {
        Credential::Set { name } => set(cli, name),
        Credential::List => list(cli),
        Credential::Remove { name } => remove(cli, name),
        Credential::Key { file } => {
            let public = credentials::new_key(file)?;
            let file = file.display();
            said(cli, &format!("made {file}; its public half is {public}"), "public", &public)
        }
    }
}

fn set(cli: &Cli, name: &str) -> Result<()> {
    let mut text = String::new();
    let input = std::io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text);
    input.context("reading the secret from standard input")?;
    let secret = Secret::new(text.trim_end_matches(['\r', '\n']));
    open(cli)?.set(name, &secret)?;
    said(cli, &format!("kept; write {SECRET}{name} in a topology"), "kept", name)
}

fn list(cli: &Cli) -> Result<()> {
    let names = open(cli)?.names()?;
    let rows: Vec<_> = names.into_iter().map(|name| vec![name]).collect();
    output::table(cli.format, &["name"], &rows)
}

fn remove(cli: &Cli, name: &str) -> Result<()> {
    if !open(cli)?.remove(name)? {
        return Err(output::exit(NOT_FOUND, format!("there is no secret {name:?}")));
    }
    said(cli, "forgotten", "removed", name)
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

fn open(cli: &Cli) -> Result<Arc<dyn Store>> {
    let default = || format!("file:{}", cli.data.join("credentials.age").display());
    let address = cli.store.clone().unwrap_or_else(default);
    let seal = || match (&cli.key_file, std::env::var(PASSPHRASE)) {
        (Some(file), _) => Ok(Seal::KeyFile(file.clone())),
        (None, Ok(passphrase)) if !passphrase.is_empty() => {
            Ok(Seal::Passphrase(Secret::new(passphrase)))
        }
        _ => Err(credentials::Error::Setting(format!(
            "a store in a file needs --key-file or the variable {PASSPHRASE}"
        ))),
    };
    credentials::open(&address, seal).map_err(|error| output::exit(USAGE, error.to_string()))
}

/// What a topology is filled from: variables, and secrets by `secret://name`. The store is opened
/// when the first secret is asked for.
pub struct Secrets<'c> {
    cli: &'c Cli,
    store: OnceCell<Option<Arc<dyn Store>>>,
}

impl<'c> Secrets<'c> {
    pub fn new(cli: &'c Cli) -> Self {
        Self { cli, store: OnceCell::new() }
    }

    /// The value of a variable or of a secret. Why a store gives none is logged; the topology says
    /// where it was missing.
    pub fn find(&self, name: &str) -> Option<String> {
        let Some(secret) = name.strip_prefix(SECRET) else { return std::env::var(name).ok() };
        let store = self.store.get_or_init(|| {
            let opened = open(self.cli);
            opened.inspect_err(|error| tracing::error!("{error:#}")).ok()
        });
        let found = store.as_ref()?.get(secret);
        let found = found.inspect_err(|error| tracing::error!(secret, "{error}")).ok()?;
        found.map(|secret| secret.expose().to_owned())
    }
}
