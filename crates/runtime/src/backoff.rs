//! How long to wait before another attempt. No I/O, no clock.

use std::time::Duration;

use model::EventId;

/// Credentials that have worked are tried again this often in a row: a vendor's login can be in
/// trouble too. Some lock an account after a few more.
const CHANCES: u32 = 3;
/// Shortest wait before that.
const AFTER_REFUSAL: Duration = Duration::from_millis(500);

/// Waits that double with every failure, with jitter, up to a ceiling.
#[derive(Clone, Debug)]
pub struct Backoff {
    name: String,
    first: Duration,
    ceiling: Duration,
    failures: u32,
    has_worked: bool,
    refusals: u32,
}

impl Backoff {
    /// Starts at `first`; `name` seeds the jitter, so that two components do not move in step.
    pub fn new(name: &str, first: Duration, ceiling: Duration) -> Self {
        let name = name.to_owned();
        Self { name, first, ceiling, failures: 0, has_worked: false, refusals: 0 }
    }

    /// The wait after one more failure.
    pub fn failed(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(16)).min(self.ceiling);
        self.failures = self.failures.saturating_add(1);
        let seed = EventId::of(&[&self.name, &self.failures.to_string()]).0[0];
        // Between half and the whole of the doubled wait.
        doubled / 2 + doubled.mul_f64(f64::from(seed) / 255.0) / 2
    }

    /// The wait after credentials were refused. Nothing if they never worked, or were refused
    /// again and again since they did: then a person has to look at them.
    pub fn refused(&mut self) -> Option<Duration> {
        self.refusals += 1;
        let may_pass = self.has_worked && self.refusals <= CHANCES;
        may_pass.then(|| self.failed().max(AFTER_REFUSAL))
    }

    /// Failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Starts over after a success.
    pub fn succeeded(&mut self) {
        (self.failures, self.refusals, self.has_worked) = (0, 0, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_the_ceiling_and_starts_over() {
        let (first, ceiling) = (Duration::from_millis(100), Duration::from_secs(5));
        let mut backoff = Backoff::new("a", first, ceiling);
        let waits: Vec<_> = (0..12).map(|_| backoff.failed()).collect();
        assert!(waits[0] >= first / 2 && waits[0] <= first, "{waits:?}");
        assert!(waits[11] >= ceiling / 2 && waits[11] <= ceiling, "{waits:?}");
        backoff.succeeded();
        assert_eq!(backoff.failed(), waits[0], "the jitter is the same in every run");
    }

    #[test]
    fn credentials_that_have_worked_have_a_few_chances() {
        let mut backoff = Backoff::new("a", Duration::from_millis(100), Duration::from_secs(5));
        assert_eq!(backoff.refused(), None, "they never worked");
        for _ in 0..2 {
            backoff.succeeded();
            let waits: Vec<_> = (0..=CHANCES).map(|_| backoff.refused()).collect();
            assert!(waits[..3].iter().flatten().all(|wait| *wait >= AFTER_REFUSAL), "{waits:?}");
            assert_eq!(waits.iter().filter(|wait| wait.is_some()).count(), 3, "{waits:?}");
            assert_eq!(waits[3], None);
        }
    }
}
