//! Where secrets are kept, and what a topology finds there.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use component::Secret;
use credentials::{Error, Result, Seal, Store};

use crate::cli::Cli;

/// Holds the passphrase of a store in a file.
const PASSPHRASE: &str = "FOLIOSTREAM_PASSPHRASE";
/// What stands before the name of a secret in a topology.
pub const SECRET: &str = "secret://";

/// The store that the command line names. It is opened when it is first asked for something: most
/// topologies need none.
pub fn store(cli: &Cli) -> Arc<dyn Store> {
    let default = || format!("file:{}", cli.data.join("credentials.age").display());
    let address = cli.store.clone().unwrap_or_else(default);
    Arc::new(Closed { address, key_file: cli.key_file.clone(), opened: OnceLock::new() })
}

#[derive(Debug)]
struct Closed {
    address: String,
    key_file: Option<PathBuf>,
    opened: OnceLock<Result<Arc<dyn Store>>>,
}

impl Closed {
    fn open(&self) -> Result<&dyn Store> {
        let opened = self.opened.get_or_init(|| credentials::open(&self.address, || self.seal()));
        opened.as_deref().map_err(Clone::clone)
    }

    fn seal(&self) -> Result<Seal> {
        match (&self.key_file, std::env::var(PASSPHRASE)) {
            (Some(file), _) => Ok(Seal::KeyFile(file.clone())),
            (None, Ok(passphrase)) if !passphrase.is_empty() => {
                Ok(Seal::Passphrase(Secret::new(passphrase)))
            }
            _ => Err(Error::Setting(format!(
                "a store in a file needs --key-file or the variable {PASSPHRASE}"
            ))),
        }
    }
}

impl Store for Closed {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        self.open()?.get(name)
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<()> {
        self.open()?.set(name, secret)
    }

    fn remove(&self, name: &str) -> Result<bool> {
        self.open()?.remove(name)
    }

    fn names(&self) -> Result<Vec<String>> {
        self.open()?.names()
    }
}

/// What a topology is filled from: variables, and secrets by `secret://name`.
pub struct Secrets(Arc<dyn Store>);

impl Secrets {
    pub fn new(cli: &Cli) -> Self {
        Self(store(cli))
    }

    /// The value of a variable or of a secret. Why a store gives none is logged; the topology says
    /// where it was missing.
    pub fn find(&self, name: &str) -> Option<String> {
        let Some(secret) = name.strip_prefix(SECRET) else { return std::env::var(name).ok() };
        let found = self.0.get(secret);
        let found = found.inspect_err(|error| tracing::error!(secret, "{error}")).ok()?;
        found.map(|secret| secret.expose().to_owned())
    }
}
