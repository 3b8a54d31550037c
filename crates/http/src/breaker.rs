//! Stops asking a host that has stopped answering.

use std::time::Duration;

use component::nanos;
use model::Timestamp;

/// Failures in a row after which a host is left alone.
const FAILURES: u32 = 5;
/// How long it is left alone the first time; each further time twice as long.
const FIRST_REST: Duration = Duration::from_secs(1);
/// Short, so that a host that is back is soon found to be: one request in this time is no burden.
const LONGEST_REST: Duration = Duration::from_secs(4);
/// A trial request without an outcome (its caller went away) counts as lost after this time.
const TRIAL: Duration = Duration::from_secs(30);

/// A circuit breaker. Pure: it is told the time.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    state: State,
    rests: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Requests pass; this many in a row have failed.
    Closed { failures: u32 },
    /// No request passes before this time.
    Open { until: Timestamp },
    /// One request tries whether the host is back.
    Trial { since: Timestamp },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Lets a request pass, or says how long none will.
    pub(crate) fn allow(&mut self, now: Timestamp) -> Result<(), Duration> {
        let until = match self.state {
            State::Closed { .. } => return Ok(()),
            State::Open { until } => until,
            State::Trial { since } => since.plus_nanos(nanos(TRIAL)),
        };
        let wait = until.since(now);
        if wait > 0 {
            let wait = Duration::from_nanos(wait.unsigned_abs());
            // The trial may be decided at any moment.
            let is_trial = matches!(self.state, State::Trial { .. });
            return Err(if is_trial { wait.min(FIRST_REST) } else { wait });
        }
        self.state = State::Trial { since: now };
        Ok(())
    }

    /// The host answered, whatever it said.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The host did not answer, or said that it is broken.
    pub(crate) fn failed(&mut self, now: Timestamp) {
        let failures = match self.state {
            State::Closed { failures } => failures + 1,
            State::Open { .. } => return, // a request that left before it opened
            State::Trial { .. } => FAILURES,
        };
        if failures < FAILURES {
            self.state = State::Closed { failures };
            return;
        }
        let rest = FIRST_REST.saturating_mul(1 << self.rests.min(10)).min(LONGEST_REST);
        self.rests += 1;
        self.state = State::Open { until: now.plus_nanos(nanos(rest)) };
    }

    /// What the metric and the events say.
    pub(crate) fn level(&self) -> Level {
        match self.state {
            State::Closed { .. } => Level::Closed,
            State::Trial { .. } => Level::Trial,
            State::Open { .. } => Level::Open,
        }
    }
}

/// How far a host is trusted; the metric gives it as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Closed = 0,
    Trial = 1,
    Open = 2,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Trial => "trial",
            Self::Open => "open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn open() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            assert_eq!(breaker.allow(at(0)), Ok(()));
            breaker.failed(at(0));
        }
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES * 3 {
            breaker.failed(at(0));
            breaker.succeeded();
        }
        assert_eq!(breaker.allow(at(0)), Ok(()));
        assert_eq!(open().allow(at(0)), Err(FIRST_REST));
    }

    #[test]
    fn one_trial_decides_and_rests_grow() {
        let mut breaker = open();
        assert_eq!(breaker.allow(at(1)), Ok(()));
        assert_eq!(breaker.allow(at(1)), Err(FIRST_REST));
        breaker.failed(at(1));
        assert_eq!(breaker.allow(at(1)), Err(FIRST_REST * 2));
        assert_eq!(breaker.allow(at(3)), Ok(()));
        breaker.succeeded();
        assert_eq!(breaker.level(), Level::Closed);
        assert_eq!(breaker.allow(at(3)), Ok(()));
    }

    #[test]
    fn an_abandoned_trial_does_not_close_the_door_for_ever() {
        let mut breaker = open();
        assert_eq!(breaker.allow(at(1)), Ok(()));
        assert_eq!(breaker.allow(at(31)), Ok(()));
    }

    #[test]
    fn rests_end_somewhere() {
        let mut breaker = open();
        let mut now = 0;
        for _ in 0..40 {
            now += 61;
            assert_eq!(breaker.allow(at(now)), Ok(()));
            breaker.failed(at(now));
        }
        assert_eq!(breaker.allow(at(now)), Err(LONGEST_REST));
    }
}
