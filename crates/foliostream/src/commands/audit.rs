//! `audit`: whether the log is what was written, and the key that vouches for it.

use std::process::ExitCode;

use anyhow::{Context, Result};
use credentials::{Signer, Tampering, Verified};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::cli::{Audit, AuditVerify, Cli, Format};
use crate::commands::{credential, run as running};
use crate::output::{self, NOT_FOUND, USAGE};
use crate::platform::{self, Platform};

/// Characters of a public key: 32 bytes in hexadecimal digits.
const PUBLIC_DIGITS: usize = 64;

pub async fn run(cli: &Cli, command: &Audit) -> Result<ExitCode> {
    match command {
        Audit::Verify(args) => verify(cli, args).await,
        Audit::Key { name } => {
            let public = key(cli, name)?;
            match cli.format {
                Format::Json => output::json(&json!({ "public": public }))?,
                Format::Text => output::line(&public),
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn verify(cli: &Cli, args: &AuditVerify) -> Result<ExitCode> {
    let public = public(cli, args)?;
    let (platform, prefix) = match &args.topology {
        None => (Platform::running(cli)?, cli.prefix.clone()),
        Some(path) => {
            let topology = running::load(cli, path)?;
            let prefix = platform::names(&topology, &cli.prefix).prefix().to_owned();
            (Platform::in_use(cli, &topology).await?, prefix)
        }
    };
    let wiring = platform.look(&prefix).await?;
    let log = block_in_place(|| audit::read(&wiring))?;
    let expected = audit::Expected { is_closed: args.closed, entries: args.at_least };
    let found = audit::judge(&log, &public, expected);
    match (cli.format, &found) {
        (Format::Json, found) => output::json(&report(found))?,
        (Format::Text, Ok(verified)) => output::line(&words(verified)),
        (Format::Text, Err(tampering)) => output::line(&tampering.to_string()),
    }
    Ok(if found.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The public key that the log has to be signed with.
fn public(cli: &Cli, args: &AuditVerify) -> Result<String> {
    let public = match &args.public_key {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            text.with_context(|| format!("reading {}", file.display()))?.trim().to_owned()
        }
        None => match credential::store(cli).get(&args.key)? {
            Some(key) => Signer::read(&key)?.public(),
            None => {
                let words = format!("there is no secret {:?}: name --public-key", args.key);
                return Err(output::exit(NOT_FOUND, words));
            }
        },
    };
    let is_key = public.len() == PUBLIC_DIGITS && public.bytes().all(|b| b.is_ascii_hexdigit());
    match is_key {
        true => Ok(public),
        false => Err(output::exit(USAGE, "the public key is not 64 hexadecimal digits")),
    }
}

fn report(found: &audit::Finding) -> Value {
    let (kind, entry) = match found {
        Ok(verified) => {
            let signed = verified.signed.map(|checkpoint| checkpoint.sequence);
            return json!({ "ok": true, "entries": verified.entries, "signed": signed });
        }
        Err(Tampering::Changed(entry)) => ("changed", entry),
        Err(Tampering::Dropped(entry)) => ("dropped", entry),
        Err(Tampering::Inserted(line)) => ("inserted", line),
        Err(Tampering::Reordered(entry)) => ("reordered", entry),
        Err(Tampering::Forged(entry)) => ("forged", entry),
        Err(Tampering::Unsigned(entry)) => ("unsigned", entry),
    };
    let message = found.as_ref().err().map(ToString::to_string);
    json!({ "ok": false, "kind": kind, "entry": entry, "message": message })
}

/// What is after the last checkpoint could still be cut off by whoever can write the topic.
fn words(verified: &Verified) -> String {
    let Verified { entries, signed } = verified;
    let after = match signed {
        Some(checkpoint) if checkpoint.sequence == *entries => "all of them signed".to_owned(),
        Some(checkpoint) => format!("signed up to {}", checkpoint.sequence),
        None => "none of them signed yet".to_owned(),
    };
    format!("{entries} entries, {after}: nothing was changed, dropped, inserted or reordered")
}

/// The public half of the key of this name, which is made if there is none.
fn key(cli: &Cli, name: &str) -> Result<String> {
    let store = credential::store(cli);
    let kept = store.get(name).map_err(|error| output::exit(USAGE, error.to_string()))?;
    let key = match kept {
        Some(key) => key,
        None => {
            let key = Signer::generate()?;
            store.set(name, &key)?;
            key
        }
    };
    Ok(Signer::read(&key)?.public())
}
