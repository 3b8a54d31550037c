//! The part of a store that belongs to one system.

use std::sync::Arc;

use component::{Fault, Host, Secret};

use super::Store;
use crate::{Error, Result};

/// The part of a store that belongs to one system: names that begin with its own, and a dot. No
/// connector sees what another one keeps.
#[derive(Debug)]
pub struct Drawer {
    store: Arc<dyn Store>,
    prefix: String,
}

/// What all hosts of one system share, if anything was lent to them.
#[derive(Debug, Default)]
struct Lent(Option<Arc<Drawer>>);

impl Drawer {
    /// Lends a host the part of its system, before anything is connected.
    pub fn lend(host: &Host, store: &Arc<dyn Store>) {
        let drawer = Self { store: Arc::clone(store), prefix: format!("{}.", host.system) };
        // Making it cannot fail, and the host holds what it shares.
        drop(host.share(&name(host), || Ok(Lent(Some(Arc::new(drawer))))));
    }

    /// What the host was lent.
    pub fn of(host: &Host) -> component::Result<Option<Arc<dyn Store>>> {
        let lent = host.share(&name(host), || Ok::<_, Fault>(Lent::default()))?;
        Ok(lent.0.clone().map(|drawer| -> Arc<dyn Store> { drawer }))
    }

    fn check(&self, name: &str) -> Result<()> {
        if name.starts_with(&self.prefix) {
            return Ok(());
        }
        Err(Error::Store(format!("{name:?} does not belong to this system")))
    }
}

fn name(host: &Host) -> String {
    format!("drawer {}", host.system)
}

impl Store for Drawer {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        self.check(name)?;
        self.store.get(name)
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<()> {
        self.check(name)?;
        self.store.set(name, secret)
    }

    fn remove(&self, name: &str) -> Result<bool> {
        self.check(name)?;
        self.store.remove(name)
    }

    fn names(&self) -> Result<Vec<String>> {
        let mut names = self.store.names()?;
        names.retain(|name| name.starts_with(&self.prefix));
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Memory;

    #[test]
    fn a_system_sees_its_own_secrets_only() {
        let store: Arc<dyn Store> = Arc::new(Memory::default());
        for name in ["drawer_a.tokens", "drawer_b.tokens", "drawer_a/secret"] {
            store.set(name, &Secret::new("s")).unwrap();
        }
        let host = Host::test("drawer_a", "one");
        Drawer::lend(&host, &store);
        let drawer = Drawer::of(&Host::test("drawer_a", "other")).unwrap().unwrap();
        assert_eq!(drawer.names().unwrap(), ["drawer_a.tokens"]);
        assert!(drawer.get("drawer_a.tokens").unwrap().is_some());
        assert!(drawer.get("drawer_b.tokens").is_err());
        assert!(drawer.set("drawer_b.tokens", &Secret::new("s")).is_err());
        assert!(drawer.remove("drawer_a/secret").is_err());
        assert!(Drawer::of(&Host::test("drawer_b", "one")).unwrap().is_none());
    }
}
