//! The only clock that a component sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::Timestamp;
use tokio::sync::Notify;

/// Tells the time and waits: the machine's clock, unless a test drives another.
#[derive(Clone, Debug, Default)]
pub struct Clock(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    System,
    Test(Arc<TestClock>),
}

/// A clock that moves only when a test moves it.
#[derive(Debug, Default)]
pub struct TestClock {
    nanos: AtomicI64,
    moved: Notify,
}

impl TestClock {
    /// A clock that stands at `start`.
    pub fn starting_at(start: Timestamp) -> Arc<Self> {
        Arc::new(Self { nanos: AtomicI64::new(start.0), moved: Notify::new() })
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        self.nanos.fetch_add(nanos, Ordering::SeqCst);
        self.moved.notify_waiters();
    }
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock driven by a test.
    pub fn test(clock: Arc<TestClock>) -> Self {
        Self(Kind::Test(clock))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System => {
                // This is the door that clippy.toml sends everyone else to.
                #[allow(clippy::disallowed_methods)]
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX))
            }
            Kind::Test(clock) => Timestamp(clock.nanos.load(Ordering::SeqCst)),
        }
    }

    /// Waits until this much time has passed on this clock.
    pub async fn sleep(&self, wait: Duration) {
        match &self.0 {
            Kind::System => tokio::time::sleep(wait).await,
            Kind::Test(clock) => {
                let nanos = i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX);
                let until = self.now().plus_nanos(nanos);
                loop {
                    let moved = clock.moved.notified();
                    if self.now() >= until {
                        return;
                    }
                    moved.await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_test_clock_wakes_sleepers_when_moved() {
        let driver = TestClock::starting_at(Timestamp::from_secs(100));
        let clock = Clock::test(driver.clone());
        let sleeper = {
            let clock = clock.clone();
            tokio::spawn(async move { clock.sleep(Duration::from_secs(5)).await })
        };
        tokio::task::yield_now().await; // the sleeper has read the clock once it waits
        driver.advance(Duration::from_secs(4));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        driver.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), Timestamp::from_secs(105));
    }
}
