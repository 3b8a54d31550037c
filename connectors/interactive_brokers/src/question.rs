//! A question that TWS is asked again from time to time.

use std::time::Duration;

use component::{Fault, Result};
use model::Timestamp;
use session::Frame;

use crate::tws::Tws;

/// TWS answers from memory; what it has to ask Interactive Brokers for takes longer.
const ANSWER: Duration = Duration::from_secs(20);
/// After something that could not be read.
const SOON: Duration = Duration::from_secs(1);

/// When to ask, and when to give up waiting for the answer.
pub struct Question {
    every: Duration,
    due: Timestamp,
    is_open: bool,
    is_doubtful: bool,
    /// How often TWS had come back when it was asked last.
    restored: u64,
}

impl Question {
    /// A question that is due at once.
    pub fn new(every_secs: u64) -> Self {
        let every = Duration::from_secs(every_secs.max(1));
        let due = Timestamp::default();
        Self { every, due, is_open: false, is_doubtful: false, restored: 0 }
    }

    /// The next message; `None` when it is time to ask. Dropping the future loses nothing.
    pub async fn next(&mut self, tws: &mut Tws) -> Result<Option<Frame>> {
        let clock = tws.clock.clone();
        let now = clock.now();
        if !self.is_open && (now >= self.due || self.restored != tws.state.restored) {
            return Ok(None);
        }
        let wait = Duration::from_nanos(self.due.since(now).max(0).unsigned_abs());
        tokio::select! {
            biased;
            frame = tws.next() => frame.map(Some),
            () = clock.sleep(wait) => match self.is_open {
                false => Ok(None),
                true => Err(Fault::disconnected(format!("TWS gave no answer within {ANSWER:?}"))),
            },
        }
    }

    /// It was asked just now.
    pub fn asked(&mut self, tws: &Tws) {
        (self.is_open, self.is_doubtful) = (true, false);
        self.due = after(tws.clock.now(), ANSWER);
        self.restored = tws.state.restored;
    }

    /// The answer is complete.
    pub fn answered(&mut self, tws: &Tws) {
        let wait = if self.is_doubtful { SOON } else { self.every };
        self.is_open = false;
        self.due = after(tws.clock.now(), wait);
    }

    /// Something could not be read: what it said is asked for again.
    pub fn doubt(&mut self, tws: &Tws) {
        self.is_doubtful = true;
        if !self.is_open {
            self.due = self.due.min(after(tws.clock.now(), SOON));
        }
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.plus_nanos(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX))
}
