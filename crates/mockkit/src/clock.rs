use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::{Deserializer, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

/// The fastest multiple of real time: a day in about a hundredth of a second.
const FASTEST: f64 = 10_000_000.0;

/// How virtual time runs against real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// Time stands still until someone moves it.
    Frozen,
    /// So many virtual seconds to a real one.
    Times(f64),
    /// The replay sets the time, as fast as its readers can take it.
    Max,
}

/// Virtual time, shared by everything in one mock. Tests freeze it and move it by hand.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

struct State {
    /// Virtual time at `since`.
    base: i64,
    since: Instant,
    speed: Speed,
}

impl Clock {
    pub fn new(start: i64, speed: Speed) -> Clock {
        let state = State { base: start, since: Instant::now(), speed };
        Clock(Arc::new(Inner { state: Mutex::new(state), changes: watch::Sender::new(0) }))
    }

    /// Virtual nanoseconds since the epoch.
    pub fn now(&self) -> i64 {
        self.state().now()
    }

    pub fn speed(&self) -> Speed {
        self.state().speed
    }

    pub fn set(&self, now: i64) {
        self.change(|state| state.rebase(now));
    }

    pub fn advance(&self, by: i64) {
        self.change(|state| state.rebase(state.now().saturating_add(by)));
    }

    pub fn set_speed(&self, speed: Speed) {
        self.change(|state| {
            state.rebase(state.now());
            state.speed = speed;
        });
    }

    /// Moves the time forward to `time`; never back. The replay at full speed calls it for every
    /// frame, so it wakes nobody.
    pub fn reach(&self, time: i64) {
        let mut state = self.state();
        if state.now() < time {
            state.rebase(time);
        }
    }

    /// Waits until virtual time reaches `time`, whatever happens to the clock meanwhile. At
    /// [`Speed::Max`] there is nothing to wait for: the time moves to `time` at once.
    pub async fn wait_until(&self, time: i64) {
        let mut changes = self.changes();
        loop {
            let speed = {
                let state = self.state();
                if state.now() >= time {
                    return;
                }
                state.speed
            };
            match speed {
                Speed::Max => return self.reach(time),
                // The sender lives as long as this clock.
                Speed::Frozen => drop(changes.changed().await),
                Speed::Times(times) => {
                    let wait = real(time.saturating_sub(self.now()), times);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        _ = changes.changed() => {}
                    }
                }
            }
        }
    }

    /// Sees every jump and every change of speed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.changes.send_modify(|count| *count += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self) -> i64 {
        match self.speed {
            Speed::Frozen | Speed::Max => self.base,
            Speed::Times(times) => {
                let elapsed = self.since.elapsed().as_nanos() as f64 * times;
                self.base.saturating_add(elapsed as i64)
            }
        }
    }

    fn rebase(&mut self, now: i64) {
        self.base = now;
        self.since = Instant::now();
    }
}

/// Real time until so much virtual time has passed, rounded up so that the wait is never short.
fn real(virtual_ns: i64, times: f64) -> Duration {
    let ns = (virtual_ns.max(0) as f64 / times).ceil();
    Duration::from_nanos((ns as u64).saturating_add(1)).min(Duration::from_secs(3600))
}

impl Serialize for Speed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Speed::Frozen => serializer.serialize_u64(0),
            Speed::Times(times) => serializer.serialize_f64(*times),
            Speed::Max => serializer.serialize_str("max"),
        }
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Speed, D::Error> {
        deserializer.deserialize_any(SpeedVisitor)
    }
}

struct SpeedVisitor;

impl SpeedVisitor {
    fn times<E: serde::de::Error>(times: f64) -> Result<Speed, E> {
        if times == 0.0 {
            return Ok(Speed::Frozen);
        }
        if !(times > 0.0 && times <= FASTEST) {
            return Err(E::custom(format!("speed {times} is not between 0 and {FASTEST}")));
        }
        Ok(Speed::Times(times))
    }
}

impl Visitor<'_> for SpeedVisitor {
    type Value = Speed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a multiple of real time (0 is frozen) or \"max\"")
    }

    fn visit_f64<E: serde::de::Error>(self, times: f64) -> Result<Speed, E> {
        Self::times(times)
    }

    fn visit_u64<E: serde::de::Error>(self, times: u64) -> Result<Speed, E> {
        Self::times(times as f64)
    }

    fn visit_i64<E: serde::de::Error>(self, times: i64) -> Result<Speed, E> {
        Self::times(times as f64)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Speed, E> {
        match (text, text.parse::<f64>()) {
            ("max", _) => Ok(Speed::Max),
            (_, Ok(times)) => Self::times(times),
            _ => Err(E::custom(format!("speed {text:?} is neither a number nor \"max\""))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    #[tokio::test(start_paused = true)]
    async fn runs_at_its_speed() {
        let clock = Clock::new(1_000, Speed::Times(60.0));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now(), 1_000 + 60 * SECOND);
        clock.set_speed(Speed::Frozen);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(clock.now(), 1_000 + 60 * SECOND);
        clock.advance(SECOND);
        assert_eq!(clock.now(), 1_000 + 61 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_through_changes() {
        let clock = Clock::new(0, Speed::Frozen);
        let waiter = tokio::spawn({
            let clock = clock.clone();
            async move { clock.wait_until(100 * SECOND).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        clock.set_speed(Speed::Times(10.0));
        tokio::time::advance(Duration::from_secs(5)).await;
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        clock.set(100 * SECOND);
        waiter.await.unwrap();
        clock.set_speed(Speed::Max);
        clock.wait_until(500 * SECOND).await;
        assert_eq!(clock.now(), 500 * SECOND);
    }

    #[test]
    fn reads_speeds() {
        let check = |text: &str| serde_json::from_str::<Speed>(text).map_err(|e| e.to_string());
        assert_eq!(check("0"), Ok(Speed::Frozen));
        assert_eq!(check("60"), Ok(Speed::Times(60.0)));
        assert_eq!(check("0.5"), Ok(Speed::Times(0.5)));
        assert_eq!(check("\"max\""), Ok(Speed::Max));
        assert!(check("-1").unwrap_err().contains("not between"));
        assert!(check("\"quick\"").unwrap_err().contains("quick"));
    }
}
