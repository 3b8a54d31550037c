//! Limits that are changed while requests are made under them.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::Throttling;

/// What was set, by system. Systems come from a topology, so there are few.
type Systems = HashMap<String, watch::Sender<Option<Throttling>>>;

static SYSTEMS: LazyLock<Mutex<Systems>> = LazyLock::new(Mutex::default);

/// Presses a system this hard from now on, whatever its topology said when it was opened. What
/// waits for its turn now waits under the new limits. Says whether that is a change.
pub fn change_throttling(system: &str, throttling: Throttling) -> bool {
    let mut systems = systems();
    let sender = systems.entry(system.to_owned()).or_default();
    sender.send_if_modified(|set| {
        let is_change = set.as_ref() != Some(&throttling);
        *set = Some(throttling);
        is_change
    })
}

pub(crate) fn of(system: &str) -> watch::Receiver<Option<Throttling>> {
    systems().entry(system.to_owned()).or_default().subscribe()
}

fn systems() -> MutexGuard<'static, Systems> {
    // A map whose entries are whole: a panic cannot leave one half changed.
    SYSTEMS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Host;

    #[test]
    fn every_component_of_a_system_sees_a_change_whenever_it_was_made() {
        let system = "a system of this test";
        let early = Host::test(system, "early").changed_throttling();
        assert_eq!(*early.borrow(), None);
        let throttling = Throttling { retry_attempts: Some(7), ..Throttling::default() };
        assert!(change_throttling(system, throttling.clone()));
        assert!(!change_throttling(system, throttling.clone()));
        let late = Host::test(system, "late").changed_throttling();
        for seen in [early, late] {
            assert_eq!(*seen.borrow(), Some(throttling.clone()));
        }
        assert_eq!(
            *Host::test("another system of this test", "x").changed_throttling().borrow(),
            None
        );
    }
}
