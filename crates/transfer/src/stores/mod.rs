//! Stores of files on other machines. Only those that the configuration names are asked, and
//! nothing is written but below what it says.

mod address;
mod listing;
mod s3;

use std::collections::BTreeMap;
use std::sync::Arc;

use component::{Clock, Fault};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use topology::in_store;

use crate::Error;

pub(crate) use s3::S3;

/// Files that a pattern may name.
pub(crate) const MAX_FILES: usize = 10_000;

/// The stores of a configuration, by their names.
#[derive(Clone, Debug, Default)]
pub struct Stores(Arc<BTreeMap<String, Arc<S3>>>);

/// A file in a store, as a listing tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub key: String,
    pub bytes: u64,
    /// What is different when the file is.
    pub version: String,
}

impl Stores {
    /// The stores of a topology. Nothing is asked yet.
    pub fn open(stores: &BTreeMap<String, topology::Store>, clock: &Clock) -> Result<Self, Error> {
        let mut open = BTreeMap::new();
        for (name, store) in stores {
            let topology::Store::S3(settings) = store;
            open.insert(name.clone(), Arc::new(S3::open(name, settings, clock)?));
        }
        Ok(Self(Arc::new(open)))
    }

    /// The store of a URL such as `s3://archive/inbox/a.csv`, and what the URL names in it. `None`
    /// when the text is no URL of a store.
    pub(crate) fn find(&self, text: &str) -> Result<Option<(Arc<S3>, String)>, Error> {
        let Some((_, name, key)) = in_store(text) else { return Ok(None) };
        let Some(store) = self.0.get(name) else {
            let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let reason = format!("{text:?}: there is no store {name:?}; there is {there}");
            return Err(Error::Plan(reason));
        };
        Ok(Some((store.clone(), key.to_owned())))
    }
}

/// Says what was attempted when a store has not done it.
pub(crate) fn attempted(what: &str, url: &str) -> impl FnOnce(Fault) -> Error + use<> {
    let attempted = format!("{what} {url}");
    move |fault| Error::Store { attempted, fault }
}

/// Waits on a thread that may block.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(future))
}
