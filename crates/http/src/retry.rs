//! When a request that is safe to repeat is repeated.

use std::time::Duration;

use component::{Fault, Throttling};

/// Repetitions after the first attempt, where the topology does not say.
const ATTEMPTS: u32 = 2;
const MAX_ATTEMPTS: u32 = 20;
/// Pause before the first repetition; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How often and after which pauses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retries {
    attempts: u32,
    pause: Duration,
}

impl Retries {
    pub(crate) fn new(throttling: &Throttling) -> Self {
        Self {
            attempts: throttling.retry_attempts.unwrap_or(ATTEMPTS).min(MAX_ATTEMPTS),
            pause: throttling.retry_pause().unwrap_or(PAUSE),
        }
    }

    /// The pause before another attempt, or none when the fault is to be reported.
    ///
    /// `made` attempts have failed before this one; `jitter` is between 0 and 1.
    pub(crate) fn pause(&self, made: u32, fault: &Fault, jitter: f64) -> Option<Duration> {
        if made >= self.attempts || !matches!(fault, Fault::Retry(_)) {
            return None;
        }
        let longest = self.pause.saturating_mul(1 << made.min(10)).min(LONGEST_PAUSE);
        // Anywhere within it: those who failed together must not come back together.
        Some(longest.mul_f64(jitter.clamp(0.0, 1.0)))
    }
}

/// Keeps repetitions a small part of all requests, so that they cannot keep a vendor down: one for
/// every six that are needed, and a few in advance.
#[derive(Debug)]
pub(crate) struct Budget {
    parts: u32,
}

/// Repetitions that may follow one upon the other.
const MOST: u32 = 10;
/// Needed requests that pay for a repetition.
const COST: u32 = 6;

impl Default for Budget {
    fn default() -> Self {
        Self { parts: MOST * COST }
    }
}

impl Budget {
    pub(crate) fn spend(&mut self) -> bool {
        let can_pay = self.parts >= COST;
        if can_pay {
            self.parts -= COST;
        }
        can_pay
    }

    /// A request that is needed, whatever comes of it.
    pub(crate) fn earn(&mut self) {
        self.parts = (MOST * COST).min(self.parts + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_then_end() {
        let throttling =
            Throttling { retry_attempts: Some(8), retry_delay: Some(1.0), ..Throttling::default() };
        let retries = Retries::new(&throttling);
        let fault = Fault::retry("502");
        let pauses: Vec<_> =
            (0..9).map(|made| retries.pause(made, &fault, 1.0).map(|p| p.as_secs())).collect();
        let expected = [1, 2, 4, 8, 15, 15, 15, 15].map(Some);
        assert_eq!(pauses[..8], expected);
        assert_eq!(pauses[8], None);
        assert_eq!(retries.pause(0, &fault, 0.0), Some(Duration::ZERO));
    }

    #[test]
    fn only_what_may_pass_by_itself_is_repeated() {
        let retries = Retries::new(&Throttling::default());
        for fault in [Fault::fatal("404"), Fault::unauthorized("401", "key")] {
            assert_eq!(retries.pause(0, &fault, 0.5), None);
        }
    }

    #[test]
    fn repetitions_are_a_sixth_of_what_is_needed() {
        let mut budget = Budget::default();
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 10);
        let mut repeated = 0;
        for _ in 0..1_200 {
            budget.earn();
            while budget.spend() {
                repeated += 1;
            }
        }
        assert_eq!(repeated, 200);
    }
}
