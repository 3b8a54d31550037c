//! What a component is given by whoever runs it.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;

use crate::{Clock, Ledger, Result, Witness, limits};

/// How hard a system may be pressed. The keys are those of a system's `throttling`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Throttling {
    /// Requests in any second.
    pub max_requests_per_second: Option<u32>,
    /// Requests in any minute.
    pub max_requests_per_minute: Option<u32>,
    /// Requests in any day.
    pub max_requests_per_day: Option<u32>,
    /// Repetitions of a request that is safe to repeat.
    pub retry_attempts: Option<u32>,
    /// Pause before the first repetition, in seconds; later ones grow.
    pub retry_delay: Option<f64>,
}

impl Throttling {
    /// The pause before the first repetition.
    pub fn retry_pause(&self) -> Option<Duration> {
        self.retry_delay.and_then(|secs| Duration::try_from_secs_f64(secs).ok())
    }
}

/// What a component is given by whoever runs it.
#[derive(Clone, Debug)]
pub struct Host {
    /// Id of the system in the topology, for example `alpaca_paper`.
    pub system: Arc<str>,
    /// Name of the component, for example `alpaca_trades`.
    pub component: Arc<str>,
    /// The job that it works for, where it is not always at work.
    pub job: Option<Arc<str>>,
    /// The only clock.
    pub clock: Clock,
    /// Limits from the topology, tighter or looser than the vendor's published ones. They may
    /// change while it runs: [`Host::changed_throttling`].
    pub throttling: Throttling,
    /// What outlives this process; nothing does where there is none.
    pub ledger: Option<Arc<dyn Ledger>>,
    /// Who is told of what people and auditors must know.
    pub witness: Option<Arc<dyn Witness>>,
    /// What it shares with others.
    pub shared: Shared,
}

/// What a component shares with others of its process, held for as long as it has its host.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<HashMap<Key, Arc<dyn Any + Send + Sync>>>>);

/// Different things never meet under one name.
type Key = (TypeId, String);

/// All that is shared in this process. A vendor counts what comes from it, whichever component
/// sent it, and so must we.
static SHARED: LazyLock<Mutex<HashMap<Key, Weak<dyn Any + Send + Sync>>>> =
    LazyLock::new(Mutex::default);

impl Host {
    /// A host for one component of a system.
    pub fn new(system: &str, component: &str, clock: Clock, throttling: Throttling) -> Self {
        Self {
            system: system.into(),
            component: component.into(),
            job: None,
            clock,
            throttling,
            ledger: None,
            witness: None,
            shared: Shared::default(),
        }
    }

    /// A host for tests.
    pub fn test(system: &str, component: &str) -> Self {
        Self::new(system, component, Clock::system(), Throttling::default())
    }

    /// The one thing of its kind and name in this process; who asks first makes it, and must not
    /// share anything else meanwhile.
    pub fn share<T: Send + Sync + 'static>(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let key = (TypeId::of::<T>(), name.to_owned());
        let mut all = lock(&SHARED);
        all.retain(|_, shared| shared.strong_count() > 0);
        let shared = match all.get(&key).and_then(Weak::upgrade) {
            Some(shared) => shared,
            None => {
                let shared: Arc<dyn Any + Send + Sync> = Arc::new(make()?);
                all.insert(key.clone(), Arc::downgrade(&shared));
                shared
            }
        };
        lock(&self.shared.0).insert(key, shared.clone());
        Ok(shared.downcast().expect("its type is a part of the key"))
    }

    /// The same for a job: beside the component that is always at work it has a place of its own.
    pub fn for_job(self, job: &str) -> Self {
        Self { job: Some(job.into()), ..self }
    }

    /// The limits that were set in place of those from the topology, if any were, as they change.
    pub fn changed_throttling(&self) -> watch::Receiver<Option<Throttling>> {
        limits::of(&self.system)
    }

    /// `system.component`, or `system.job.component`, as logs, metrics and checkpoints name it.
    pub fn instance(&self) -> String {
        match &self.job {
            None => format!("{}.{}", self.system, self.component),
            Some(job) => format!("{}.{job}.{}", self.system, self.component),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Maps whose entries are whole: a panic cannot leave one half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_name_is_one_thing_until_nobody_holds_it() {
        let [one, other] = ["one", "other"].map(|component| Host::test("system", component));
        let make = |number: i32| move || Ok(number);
        assert_eq!(*one.share("a name of this test", make(1)).unwrap(), 1);
        assert_eq!(*other.share("a name of this test", make(2)).unwrap(), 1);
        assert_eq!(*other.share("another name", make(2)).unwrap(), 2);
        assert_eq!(*other.share("a name of this test", || Ok("text")).unwrap(), "text");
        drop(one);
        assert_eq!(*other.clone().share("a name of this test", make(3)).unwrap(), 1);
        drop(other);
        let next = Host::test("system", "next");
        assert_eq!(*next.share("a name of this test", make(4)).unwrap(), 4);
    }
}
