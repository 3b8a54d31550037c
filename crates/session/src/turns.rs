//! Turns that all sessions with the same other side take: it counts what comes from all of them.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use component::{Host, Pace, Rate, Result, Throttling, nanos};
use model::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// Turns are timed by a clock that nobody sets.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A place in the line to one other side.
#[derive(Clone, Debug)]
pub struct Turns {
    pace: Arc<Mutex<Pace>>,
    rate: Rate,
    /// Limits that were set since.
    changes: watch::Receiver<Option<Throttling>>,
    is_urgent: bool,
}

impl Turns {
    /// The line to the other side with this name; who comes first decides how fast it moves. A
    /// part of the rate is kept for those who are urgent.
    pub fn to(host: &Host, name: &str, rate: Rate, is_urgent: bool) -> Result<Self> {
        let pace = host.share(name, || Ok(Mutex::new(Pace::new(rate))))?;
        if is_urgent {
            pace.lock().unwrap_or_else(PoisonError::into_inner).reserve_for_urgent();
        }
        Ok(Self { pace, rate, changes: host.changed_throttling(), is_urgent })
    }

    /// Takes a turn, or says when there is one.
    pub(crate) fn take(&self) -> Result<(), Instant> {
        let now = Instant::now();
        let time = Timestamp(nanos(now.duration_since(*ORIGIN)));
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(throttling) = &*self.changes.borrow() {
            pace.limit(self.rate.overridden_by(throttling));
        }
        pace.take(time, 1, self.is_urgent).map_err(|wait| now + wait)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use component::change_throttling;

    use super::*;

    #[test]
    fn the_line_moves_as_fast_as_was_said_last() {
        let system = "a system whose line changes";
        let host = Host::test(system, "acme_test");
        let turns = Turns::to(&host, system, Rate::per_minute(1), false).unwrap();
        let take = || (0..9).filter(|_| turns.take().is_ok()).count();
        assert_eq!(take(), 1);
        let max_requests_per_minute = Some(4);
        change_throttling(system, Throttling { max_requests_per_minute, ..host.throttling });
        assert_eq!(take(), 3);
    }
}
