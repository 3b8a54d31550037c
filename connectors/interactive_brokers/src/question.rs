//! A question that TWS is asked again from time to time.

use std::collections::HashSet;
use std::time::Duration;

use component::{Fault, Result};
use model::{EventId, Timestamp};
use session::Frame;

use crate::tws::Tws;

/// TWS answers from memory, or asks Interactive Brokers at most.
const ANSWER: Duration = Duration::from_secs(20);
/// After something that could not be read.
const SOON: Duration = Duration::from_secs(1);
/// Messages that could not be read and are remembered.
const MAX_UNREADABLE: usize = 1_000;

/// When to ask, and when to give up waiting for the answer.
pub struct Question {
    every: Duration,
    due: Timestamp,
    is_open: bool,
    is_doubtful: bool,
    unreadable: HashSet<EventId>,
    /// How often TWS had come back when it was asked last.
    restored: u64,
}

impl Question {
    /// A question that is due at once.
    pub fn new(every_secs: u64) -> Self {
        Self {
            every: Duration::from_secs(every_secs.max(1)),
            due: Timestamp::default(),
            is_open: false,
            is_doubtful: false,
            unreadable: HashSet::new(),
            restored: 0,
        }
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
            heard = tws.next() => heard.map(Some),
            () = clock.sleep(wait) => match self.is_open {
                false => Ok(None),
                true => Err(Fault::disconnected(format!("no answer within {ANSWER:?}"))),
            },
        }
    }

    /// It was asked just now, or a part of the answer has come.
    pub fn asked(&mut self, tws: &Tws) {
        self.is_doubtful &= self.is_open;
        self.is_open = true;
        self.due = after(tws, ANSWER);
        self.restored = tws.state.restored;
    }

    /// The answer is complete.
    pub fn answered(&mut self, tws: &Tws) {
        self.is_open = false;
        self.due = after(tws, if self.is_doubtful { SOON } else { self.every });
    }

    /// Something could not be read: what it said is asked for again. False if the very same was
    /// unreadable before: it is in the answer, and asking again changes nothing.
    pub fn doubt(&mut self, tws: &Tws, raw: &[u8]) -> bool {
        if self.unreadable.len() >= MAX_UNREADABLE {
            self.unreadable.clear();
        }
        let is_news = self.unreadable.insert(EventId::of(&[&String::from_utf8_lossy(raw)]));
        if is_news {
            self.is_doubtful = true;
            self.hasten(tws);
        }
        is_news
    }

    /// Something was missed: it is asked for soon.
    pub fn hasten(&mut self, tws: &Tws) {
        if !self.is_open {
            self.due = self.due.min(after(tws, SOON));
        }
    }
}

fn after(tws: &Tws, wait: Duration) -> Timestamp {
    tws.clock.now().plus_nanos(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX))
}
