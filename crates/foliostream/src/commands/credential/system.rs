//! The credential of one system: what `test`, `rotate` and `revoke` do with it.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use component::{Appeal, Clock, Host, Note, Secret, Witness};
use credentials::{Authenticator, Drawer, Error, Standing, Store};
use http::Authentication;
use model::Timestamp;
use serde_json::{Value, json};
use topology::{System, Topology};

use super::{kept, read, said, store};
use crate::cli::{Cli, CredentialRotate, CredentialSystem, Format};
use crate::commands::{check, run};
use crate::output::{self, NOT_FOUND, REFUSED};
use crate::platform::{self, Platform};

/// Who does what is done from the command line.
const ACTOR: &str = "foliostream credential";

/// A system of a topology, and who hears what is done with its credential.
pub struct Found {
    pub topology: Topology,
    pub system: System,
    pub store: Arc<dyn Store>,
    heard: Arc<Heard>,
}

/// What an auditor must be told at the end.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Note>>);

impl Witness for Heard {
    fn note(&self, note: Note) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    // A person is there already.
    fn appeal(&self, _appeal: Appeal) {}
}

/// The system that a person names.
pub fn find(cli: &Cli, args: &CredentialSystem) -> Result<Found> {
    let topology = run::load(cli, &args.topology)?;
    let Some(system) = topology.systems.iter().find(|system| system.id == args.name).cloned()
    else {
        let names: Vec<_> = topology.systems.iter().map(|system| system.id.as_str()).collect();
        let (name, file, names) = (&args.name, args.topology.display(), names.join(", "));
        let words = format!("there is no system {name:?} in {file}; there are {names}");
        return Err(output::exit(NOT_FOUND, words));
    };
    Ok(Found { topology, system, store: store(cli), heard: Arc::default() })
}

impl Found {
    /// The credential, where there is more to it than something that is sent as it is.
    pub fn credential(&self) -> Result<Option<Authenticator>> {
        let Some(said) = self.system.system.get("authentication") else { return Ok(None) };
        // A vendor with a way of its own has a type of its own.
        let Ok(said) = serde_json::from_value::<Authentication>(said.clone()) else {
            return Ok(None);
        };
        let insecure = self.system.system.pointer("/connection/insecure");
        let insecure = insecure.and_then(Value::as_bool).unwrap_or(false);
        let throttling = self.system.throttling.clone();
        let host = Host::new(&self.system.id, "credential", Clock::system(), throttling);
        Drawer::lend(&host, &self.store);
        let credential = said.credential(&host, insecure)?;
        let heard: Arc<dyn Witness> = self.heard.clone();
        if let Some(credential) = &credential {
            credential.tell_to(&heard);
        }
        Ok(credential)
    }

    /// Passes on what an auditor must know. Where Kafka does not run, the process that uses the
    /// credential notes what it finds in the store.
    pub async fn tell(&self, cli: &Cli) {
        let notes =
            std::mem::take(&mut *self.heard.0.lock().unwrap_or_else(PoisonError::into_inner));
        if notes.is_empty() {
            return;
        }
        if let Err(error) = self.publish(cli, notes).await {
            tracing::warn!("what was done is not on the audit log yet: {error:#}");
        }
    }

    async fn publish(&self, cli: &Cli, notes: Vec<Note>) -> Result<()> {
        let platform = Platform::in_use(cli, &self.topology).await?;
        let prefix = platform::names(&self.topology, &cli.prefix).prefix().to_owned();
        let wiring = platform.look(&prefix).await?;
        for note in notes {
            let note = Note { actor: ACTOR.to_owned(), ..note };
            tokio::task::block_in_place(|| wiring.publish_note(note))?;
        }
        Ok(())
    }

    /// Tries every component of the system.
    async fn logins(&self) -> Vec<(String, Result<Option<usize>, String>)> {
        check::connect(&self.topology, Some(&self.system.id), &self.store).await
    }
}

/// Logs in as the components do, and says how long that will last.
pub async fn test(cli: &Cli, args: &CredentialSystem) -> Result<ExitCode> {
    let found = find(cli, args)?;
    let credential = found.credential()?;
    let logins = found.logins().await;
    let is_good = report(cli, &logins)?;
    if let Some(credential) = &credential {
        let standing = credential.standing().await;
        if let Some(problem) = &standing.problem {
            return Err(output::exit(REFUSED, problem.to_string()));
        }
        say(cli, "stands", credential, &standing)?;
    } else if logins.is_empty() {
        bail!("{}: it has no component that logs in, switch a feature on", args.name);
    }
    found.tell(cli).await;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// Renews the tokens now; or puts a new secret in the place of an old one, if it works.
pub async fn rotate(cli: &Cli, args: &CredentialRotate) -> Result<ExitCode> {
    if let Some(name) = &args.secret {
        return replace(cli, args, name).await;
    }
    let found = find(cli, &args.system)?;
    let Some(credential) = found.credential()? else {
        bail!(
            "{}: there is nothing to renew, its credentials are sent as they are; put a new one \
             in place with --secret NAME",
            args.system.name
        );
    };
    credential.refresh().await.map_err(refused)?;
    say(cli, "renewed", &credential, &credential.standing().await)?;
    found.tell(cli).await;
    Ok(ExitCode::SUCCESS)
}

/// The old secret comes back where the vendor refuses the new one.
async fn replace(cli: &Cli, args: &CredentialRotate, name: &str) -> Result<ExitCode> {
    let (store, new) = (store(cli), read()?);
    let Some(old) = kept(store.get(name))? else {
        return Err(output::exit(NOT_FOUND, format!("there is no secret {name:?}")));
    };
    kept(store.set(name, &new))?;
    let tried = tried(cli, &args.system).await;
    if matches!(tried, Ok(true)) {
        said(cli, "the new secret works and was kept", "rotated", name)?;
        return Ok(ExitCode::SUCCESS);
    }
    restore(&*store, name, &old)?;
    tried.context("the old secret is back in its place")?;
    let words = "the new secret was refused; the old one is back in its place";
    Err(output::exit(REFUSED, words))
}

fn restore(store: &dyn Store, name: &str, old: &Secret) -> Result<()> {
    kept(store.set(name, old)).context("the new secret was refused, and the old one is lost")
}

async fn tried(cli: &Cli, args: &CredentialSystem) -> Result<bool> {
    let found = find(cli, args)?;
    let logins = found.logins().await;
    if logins.is_empty() {
        bail!("{}: it has no component to try the new secret with", args.name);
    }
    report(cli, &logins)
}

/// Gives the tokens back.
pub async fn revoke(cli: &Cli, args: &CredentialSystem) -> Result<()> {
    let found = find(cli, args)?;
    let Some(credential) = found.credential()? else {
        bail!("{}: there are no tokens to give back; end the key at the vendor", args.name);
    };
    credential.revoke().await.map_err(refused)?;
    said(cli, "the tokens were given back and forgotten", "revoked", &args.name)?;
    found.tell(cli).await;
    Ok(())
}

/// Whether all were let in.
fn report(cli: &Cli, logins: &[(String, Result<Option<usize>, String>)]) -> Result<bool> {
    for (name, answer) in logins {
        match (cli.format, answer) {
            (Format::Json, answer) => {
                output::json(&json!({ "component": name, "error": answer.as_ref().err() }))?;
            }
            (Format::Text, Ok(_)) => output::line(&format!("{name}: let in")),
            (Format::Text, Err(reason)) => output::line(&format!("{name}: {reason}")),
        }
    }
    Ok(logins.iter().all(|(_, answer)| answer.is_ok()))
}

/// How a credential stands, in a line.
pub fn say(cli: &Cli, done: &str, credential: &Authenticator, standing: &Standing) -> Result<()> {
    let (name, person_by) = (credential.name(), standing.person_by.map(moment));
    let token_ends = standing.token_ends.map(moment);
    if cli.format == Format::Json {
        return output::json(&json!({
            "credential": name, "done": done, "token_ends": token_ends, "login_ends": person_by,
        }));
    }
    let mut text = format!("{name}: {done}");
    if let Some(end) = token_ends {
        text += &format!("; the token is good until {end} and renewed before");
    }
    if let Some(end) = person_by {
        text += &format!("; a person has to log in again by {end}");
    }
    output::line(&text);
    Ok(())
}

/// A credential's error with the exit code of a refusal, where it is one.
pub fn refused(error: Error) -> anyhow::Error {
    match error {
        Error::NeedsLogin { .. } | Error::Refused { .. } => {
            output::exit(REFUSED, error.to_string())
        }
        error => error.into(),
    }
}

fn moment(time: Timestamp) -> String {
    let mut text = Vec::new();
    time.write_rfc3339(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}
