//! How fast a client may talk.

use std::time::Duration;

use tokio::time::Instant;

/// A second's worth of messages may come in one burst; what is used up comes back evenly. Clients
/// that count their own seconds are late by some milliseconds now and then, which a strict window
/// would punish.
pub struct Pace {
    rate: f64,
    left: f64,
    since: Instant,
    strikes: u32,
}

/// A message came too fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFast {
    pub strikes: u32,
}

impl Pace {
    pub fn new(rate: u32) -> Pace {
        let rate = f64::from(rate.max(1));
        Pace { rate, left: rate, since: Instant::now(), strikes: 0 }
    }

    /// Counts one message.
    pub fn count(&mut self) -> Result<(), TooFast> {
        self.refill();
        if self.left < 1.0 {
            self.strikes += 1;
            return Err(TooFast { strikes: self.strikes });
        }
        self.left -= 1.0;
        Ok(())
    }

    /// How long the next message has to wait.
    pub fn wait(&mut self) -> Duration {
        self.refill();
        Duration::from_secs_f64(((1.0 - self.left) / self.rate).max(0.0))
    }

    fn refill(&mut self) {
        let now = Instant::now();
        let passed = (now - self.since).as_secs_f64();
        self.left = (self.left + passed * self.rate).min(self.rate);
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lets_bursts_of_a_second_pass() {
        let mut pace = Pace::new(50);
        for _ in 0..20 {
            assert!((0..45).all(|_| pace.count().is_ok()));
            // A client's second, as it arrives.
            tokio::time::advance(Duration::from_millis(985)).await;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!((0..50).all(|_| pace.count().is_ok()));
        assert_eq!(pace.count(), Err(TooFast { strikes: 1 }));
        assert!(pace.wait() > Duration::ZERO);
    }
}
