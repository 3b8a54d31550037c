//! Secrets that end with the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use component::Secret;

use super::{Store, check_name, check_secret};
use crate::Result;

/// A store that ends with the process.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<String, Secret>>);

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Secret>) -> T) -> T {
        // A map whose entries are whole: a panic cannot leave one half changed.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for Memory {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        Ok(self.with(|secrets| secrets.get(name).cloned()))
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<()> {
        check_name(name)?;
        check_secret(secret)?;
        self.with(|secrets| secrets.insert(name.to_owned(), secret.clone()));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool> {
        Ok(self.with(|secrets| secrets.remove(name).is_some()))
    }

    fn names(&self) -> Result<Vec<String>> {
        Ok(self.with(|secrets| secrets.keys().cloned().collect()))
    }
}
