use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Clock, time};

/// More keys than any mock has accounts; the oldest windows are forgotten beyond it.
const MAX_KEYS: usize = 10_000;

/// Counts requests in fixed windows and remembers the highest rate it has seen, so that an
/// auditor can tell whether a client kept to the vendor's limit.
pub struct Limits {
    clock: Clock,
    base: Mutex<WindowClock>,
    meters: Mutex<BTreeMap<String, Meter>>,
}

/// Which clock the windows run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowClock {
    #[default]
    Real,
    Virtual,
}

/// So many requests in each window.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    pub requests: u32,
    pub window: Duration,
}

#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub allowed: bool,
    pub limit: u32,
    pub remaining: u32,
    /// When the window ends, in seconds since the epoch.
    pub reset_secs: i64,
}

/// What one key did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Meter {
    pub limit: u32,
    pub window_secs: u64,
    /// Requests in the current window, refused ones included.
    pub current: u32,
    /// The fullest window so far, refused ones included.
    pub highest: u32,
    pub total: u64,
    pub refused: u64,
    #[serde(skip)]
    window: i64,
}

impl Allowance {
    pub fn per_minute(requests: u32) -> Allowance {
        Allowance { requests, window: Duration::from_secs(60) }
    }
}

impl Limits {
    pub fn new(clock: Clock) -> Limits {
        Limits { clock, base: Mutex::default(), meters: Mutex::default() }
    }

    pub fn set_clock(&self, base: WindowClock) {
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base;
    }

    /// Counts one request of `key` and says whether it is within the allowance.
    pub fn count(&self, key: &str, allowance: Allowance) -> Verdict {
        let base = *self.base.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match base {
            WindowClock::Real => time::wall(),
            WindowClock::Virtual => self.clock.now(),
        };
        let length = i64::try_from(allowance.window.as_nanos()).unwrap_or(i64::MAX).max(1);
        let window = now.div_euclid(length);
        let mut meters = self.meters();
        if meters.len() >= MAX_KEYS && !meters.contains_key(key) {
            meters.pop_first();
        }
        let meter = meters.entry(key.to_owned()).or_default();
        meter.limit = allowance.requests;
        meter.window_secs = allowance.window.as_secs();
        if meter.window != window {
            (meter.window, meter.current) = (window, 0);
        }
        meter.current = meter.current.saturating_add(1);
        meter.highest = meter.highest.max(meter.current);
        meter.total += 1;
        let allowed = meter.current <= allowance.requests;
        meter.refused += u64::from(!allowed);
        Verdict {
            allowed,
            limit: allowance.requests,
            remaining: allowance.requests.saturating_sub(meter.current),
            reset_secs: window.saturating_add(1).saturating_mul(length) / time::SECOND,
        }
    }

    pub fn report(&self) -> BTreeMap<String, Meter> {
        self.meters().clone()
    }

    fn meters(&self) -> MutexGuard<'_, BTreeMap<String, Meter>> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Speed;
    use crate::time::MINUTE;

    #[test]
    fn refuses_beyond_the_limit_and_starts_anew_each_window() {
        let clock = Clock::new(10 * MINUTE, Speed::Frozen);
        let limits = Limits::new(clock.clone());
        limits.set_clock(WindowClock::Virtual);
        let two = Allowance::per_minute(2);
        let allowed: Vec<bool> = (0..3).map(|_| limits.count("k", two).allowed).collect();
        assert_eq!(allowed, [true, true, false]);
        assert_eq!(limits.count("k", two).reset_secs, 11 * 60);
        clock.advance(MINUTE);
        assert!(limits.count("k", two).allowed);
        let report = limits.report();
        assert_eq!((report["k"].highest, report["k"].refused, report["k"].total), (4, 2, 5));
    }
}
