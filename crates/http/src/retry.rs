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
        // Half of the pause is fixed: a vendor in trouble gets at least that much air.
        Some(longest.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0)))
    }
}

/// Keeps repetitions a small part of all requests, so that they cannot keep a vendor down.
#[derive(Debug)]
pub(crate) struct Budget {
    tenths: u32,
}

const FULL: u32 = 200;
const COST: u32 = 10;
/// A success earns a tenth of a repetition.
const EARNED: u32 = 1;

impl Default for Budget {
    fn default() -> Self {
        Self { tenths: FULL }
    }
}

impl Budget {
    pub(crate) fn spend(&mut self) -> bool {
        let can_pay = self.tenths >= COST;
        if can_pay {
            self.tenths -= COST;
        }
        can_pay
    }

    pub(crate) fn earn(&mut self) {
        self.tenths = FULL.min(self.tenths + EARNED);
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
        assert_eq!(retries.pause(0, &fault, 0.0), Some(Duration::from_millis(500)));
    }

    #[test]
    fn only_what_may_pass_by_itself_is_repeated() {
        let retries = Retries::new(&Throttling::default());
        for fault in [Fault::fatal("404"), Fault::unauthorized("401", "key")] {
            assert_eq!(retries.pause(0, &fault, 0.5), None);
        }
    }

    #[test]
    fn the_budget_runs_dry_and_is_earned_back() {
        let mut budget = Budget::default();
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 20);
        for _ in 0..10 {
            budget.earn();
        }
        assert!(budget.spend());
        assert!(!budget.spend());
    }
}
