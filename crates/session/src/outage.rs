//! How long the other side has been away, as all sessions with it know together.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use component::{Fault, Result, nanos};
use model::{Text, Timestamp};

/// Since when it is away, and in which words that was told; nothing while it is there.
#[derive(Debug, Default)]
pub struct Outage(Mutex<Option<(Timestamp, Text)>>);

/// For how long an outage may mend itself before a person is needed.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// So long.
    pub wait: Duration,
    /// Longer at times when nobody could do anything about it.
    pub is_excused: fn(Timestamp) -> bool,
    /// What that person is to do.
    pub action: &'static str,
}

impl Outage {
    /// It is away: for how long by now. The first time counts.
    pub fn begin(&self, words: &str, now: Timestamp) -> Duration {
        let mut outage = self.lock();
        let since = outage.as_ref().map_or(now, |(since, _)| *since);
        *outage = Some((since, words.into()));
        Duration::from_nanos(now.since(since).max(0).unsigned_abs())
    }

    /// It is there.
    pub fn end(&self) {
        *self.lock() = None;
    }

    /// Why it is away, while it is.
    pub fn words(&self) -> Option<Text> {
        self.lock().as_ref().map(|(_, words)| words.clone())
    }

    /// When to look whether it is still away, which is not before `earliest`; or what is wrong
    /// if it has been for too long. Nothing while it is there.
    pub fn lapse(
        &self,
        earliest: Timestamp,
        patience: Patience,
        now: Timestamp,
    ) -> Option<Result<Duration>> {
        let (since, words) = self.lock().clone()?;
        let due = since.plus_nanos(nanos(patience.wait)).max(earliest);
        if now < due {
            return Some(Ok(Duration::from_nanos(due.since(now).unsigned_abs())));
        }
        Some(match (patience.is_excused)(now) {
            true => Ok(patience.wait.max(Duration::from_secs(1))),
            false => Err(Fault::needs_person(words, patience.action)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Timestamp, Text)>> {
        // Nothing that is locked here can be left half changed by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn it_lasts_from_its_first_sign_and_is_excused_at_night() {
        let outage = Outage::default();
        let is_excused = |now: Timestamp| now >= at(1_000);
        let patience = Patience { wait: Duration::from_secs(60), is_excused, action: "call" };
        assert_eq!(outage.lapse(at(0), patience, at(1)), None);
        assert_eq!(outage.begin("gone", at(10)), Duration::ZERO);
        assert_eq!(outage.begin("still gone", at(40)), Duration::from_secs(30));
        let in_secs = |secs| Some(Ok(Duration::from_secs(secs)));
        assert_eq!(outage.lapse(at(0), patience, at(40)), in_secs(30));
        assert_eq!(outage.lapse(at(90), patience, at(70)), in_secs(20), "it may be back at once");
        let fault = Fault::needs_person("still gone", "call");
        assert_eq!(outage.lapse(at(0), patience, at(70)), Some(Err(fault)));
        assert_eq!(outage.lapse(at(0), patience, at(1_000)), in_secs(60));
        outage.end();
        assert_eq!((outage.words(), outage.lapse(at(0), patience, at(99))), (None, None));
    }
}
