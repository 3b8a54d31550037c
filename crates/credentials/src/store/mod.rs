//! Where secrets are kept.

mod command;
mod drawer;
mod environment;
mod memory;
mod sealed;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use component::Secret;

pub use command::Command;
pub use drawer::Drawer;
pub use environment::Environment;
pub use memory::Memory;
pub use sealed::{Seal, Sealed, new_key};

use crate::{Error, Result};

/// A place where secrets are kept by name. Its methods block.
pub trait Store: Send + Sync + fmt::Debug {
    /// The secret of this name.
    fn get(&self, name: &str) -> Result<Option<Secret>>;
    /// Keeps a secret, in place of what was there.
    fn set(&self, name: &str, secret: &Secret) -> Result<()>;
    /// Forgets a secret; says whether there was one.
    fn remove(&self, name: &str) -> Result<bool>;
    /// The names there are.
    fn names(&self) -> Result<Vec<String>>;
}

/// The longest name.
const MAX_NAME: usize = 128;
/// The longest secret.
const MAX_SECRET: usize = 64 << 10;

/// Opens a store by its address: `file:PATH`, `env:PREFIX`, or `command:PROGRAM ARGUMENT ...` with
/// `{name}` where the name goes. `seal` says how a file is sealed; it is asked only for a file.
pub fn open(address: &str, seal: impl FnOnce() -> Result<Seal>) -> Result<Arc<dyn Store>> {
    match address.split_once(':') {
        Some(("file", path)) if !path.is_empty() => {
            Ok(Arc::new(Sealed::new(Path::new(path), seal()?)))
        }
        Some(("env", prefix)) => Ok(Arc::new(Environment::new(prefix))),
        Some(("command", words)) => Ok(Arc::new(Command::parse(words)?)),
        _ => Err(Error::Setting(format!(
            "{address:?} is no store: write file:PATH, env:PREFIX or command:PROGRAM ARGUMENTS"
        ))),
    }
}

/// A name that every kind of store can hold.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    if !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(is_word) {
        return Ok(());
    }
    let why = format!(
        "{name:?} is no name of a secret: write up to {MAX_NAME} letters, digits, \".\", \"_\", \
         \"-\" and \"/\""
    );
    Err(Error::Setting(why))
}

pub(crate) fn check_secret(secret: &Secret) -> Result<()> {
    match secret.expose().len() {
        0 => Err(Error::Setting("an empty secret is none".to_owned())),
        1..=MAX_SECRET => Ok(()),
        length => {
            let why = format!("a secret of {length} bytes is too long; {MAX_SECRET} are allowed");
            Err(Error::Setting(why))
        }
    }
}

fn read_only(what: &str) -> Error {
    Error::Store(format!("{what} can only be read by us; change it where it is kept"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_names_a_store() {
        let key = || Ok(Seal::Passphrase(Secret::new("p")));
        let kind = |address: &str| open(address, key).map(|store| format!("{store:?}"));
        assert_eq!(kind("file:x.age").unwrap(), "Sealed(\"x.age\")");
        assert_eq!(kind("env:FS_").unwrap(), "Environment(\"FS_\")");
        assert_eq!(kind("command:pass show {name}").unwrap(), "Command(\"pass\")");
        for address in ["", "file:", "x.age", "vault:x", "command:", "command:pass show"] {
            assert!(kind(address).is_err(), "{address}");
        }
    }

    #[test]
    fn a_name_is_one_that_every_store_can_hold() {
        for name in ["a", "alpaca/key", "etrade_1.tokens"] {
            check_name(name).unwrap();
        }
        for name in ["", "a b", "ä", "a;rm", "a\n", &"x".repeat(129)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
