//! How long to wait before another attempt. No I/O, no clock.

use std::time::Duration;

use model::EventId;

/// Waits that double with every failure, with jitter, up to a ceiling.
#[derive(Clone, Debug)]
pub struct Backoff {
    name: String,
    first: Duration,
    ceiling: Duration,
    failures: u32,
}

impl Backoff {
    /// Starts at `first`; `name` seeds the jitter, so that two components do not move in step.
    pub fn new(name: &str, first: Duration, ceiling: Duration) -> Self {
        Self { name: name.to_owned(), first, ceiling, failures: 0 }
    }

    /// The wait after one more failure.
    pub fn failed(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(16)).min(self.ceiling);
        self.failures = self.failures.saturating_add(1);
        let seed = EventId::of(&[&self.name, &self.failures.to_string()]).0[0];
        // Between half and the whole of the doubled wait.
        doubled / 2 + doubled.mul_f64(f64::from(seed) / 255.0) / 2
    }

    /// Failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Starts over after a success.
    pub fn succeeded(&mut self) {
        self.failures = 0;
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
}
