//! A question that the other side is asked again from time to time, over a session that brings
//! other messages too.

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use component::{Clock, Fault, Result};
use model::{EventId, Timestamp};

/// How long each part of an answer may take.
const ANSWER: Duration = Duration::from_secs(20);
/// After something that could not be read.
const SOON: Duration = Duration::from_secs(1);
/// Messages that could not be read and are remembered.
const MAX_UNREADABLE: usize = 1_000;

/// When to ask, and when to give up waiting for the answer.
#[derive(Debug)]
pub struct Question {
    clock: Clock,
    every: Duration,
    due: Timestamp,
    is_open: bool,
    is_doubtful: bool,
    unreadable: HashSet<EventId>,
}

impl Question {
    /// A question that is due at once.
    pub fn new(clock: &Clock, every_secs: u64) -> Self {
        Self {
            clock: clock.clone(),
            every: Duration::from_secs(every_secs.max(1)),
            due: Timestamp::default(),
            is_open: false,
            is_doubtful: false,
            unreadable: HashSet::new(),
        }
    }

    /// The next message; `None` when it is time to ask. Dropping the future loses nothing if
    /// dropping that of the message does not.
    pub async fn next<T>(&mut self, message: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        let now = self.clock.now();
        if !self.is_open && now >= self.due {
            return Ok(None);
        }
        let wait = Duration::from_nanos(self.due.since(now).max(0).unsigned_abs());
        tokio::select! {
            biased;
            message = message => message.map(Some),
            () = self.clock.sleep(wait) => match self.is_open {
                false => Ok(None),
                true => Err(Fault::disconnected(format!("no answer within {ANSWER:?}"))),
            },
        }
    }

    /// Whether an answer is awaited.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// It was asked just now, or a part of the answer has come.
    pub fn asked(&mut self) {
        self.is_doubtful &= self.is_open;
        self.is_open = true;
        self.due = self.after(ANSWER);
    }

    /// The answer is complete.
    pub fn answered(&mut self) {
        self.is_open = false;
        self.due = self.after(if self.is_doubtful { SOON } else { self.every });
    }

    /// Something could not be read: what it said is asked for again. False if the very same was
    /// unreadable before: it is in the answer, and asking again changes nothing.
    pub fn doubt(&mut self, raw: &[u8]) -> bool {
        if self.unreadable.len() >= MAX_UNREADABLE {
            self.unreadable.clear();
        }
        let is_news = self.unreadable.insert(EventId::of(&[&String::from_utf8_lossy(raw)]));
        if is_news {
            self.is_doubtful = true;
            self.hasten();
        }
        is_news
    }

    /// Something was missed: it is asked for soon.
    pub fn hasten(&mut self) {
        if !self.is_open {
            self.due = self.due.min(self.after(SOON));
        }
    }

    fn after(&self, wait: Duration) -> Timestamp {
        self.clock.now().plus_nanos(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::future::{pending, ready};

    use component::TestClock;

    use super::*;

    #[tokio::test]
    async fn it_is_asked_again_and_again_and_sooner_after_doubts() {
        let driver = TestClock::starting_at(Timestamp::from_secs(100));
        let clock = Clock::test(driver.clone());
        let mut question = Question::new(&clock, 60);
        assert_eq!(question.next(ready(Ok(1))).await.unwrap(), None, "due at once");
        question.asked();
        assert_eq!(question.next(ready(Ok(1))).await.unwrap(), Some(1));
        question.answered();
        driver.advance(Duration::from_secs(59));
        assert_eq!(question.next(ready(Ok(2))).await.unwrap(), Some(2));
        driver.advance(Duration::from_secs(1));
        assert_eq!(question.next(ready(Ok(2))).await.unwrap(), None);
        question.asked();
        assert!(question.doubt(b"\xff"));
        question.answered();
        driver.advance(Duration::from_secs(1));
        assert_eq!(question.next(ready(Ok(3))).await.unwrap(), None);
        question.asked();
        assert!(!question.doubt(b"\xff"), "it is in the answer each time");
        question.answered();
        driver.advance(Duration::from_secs(59));
        assert_eq!(question.next(ready(Ok(4))).await.unwrap(), Some(4));
        question.hasten();
        driver.advance(Duration::from_secs(1));
        assert_eq!(question.next(ready(Ok(4))).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_answer_that_does_not_come_ends_the_session() {
        let driver = TestClock::starting_at(Timestamp::from_secs(100));
        let mut question = Question::new(&Clock::test(driver.clone()), 60);
        question.asked();
        driver.advance(ANSWER);
        let fault = question.next(pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(fault.kind(), "disconnected");
    }
}
