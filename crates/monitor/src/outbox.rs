//! What a channel still has to take, and whether it is alive. No I/O, no clock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use component::nanos;
use model::Timestamp;

use crate::bell::Notice;

/// Notices that wait for a channel; the oldest give way to newer ones.
const MAX_WAITING: usize = 200;
/// Refusals in a row after which a channel is called dead.
const DEAD_AFTER: u32 = 3;
/// First and longest wait after a refusal.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A notice by its number.
pub type Numbered = (u64, Arc<Notice>);

/// What waits for one channel.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Numbered>,
    refusals: u32,
    next_try: Timestamp,
}

/// What a message has shown about its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing new.
    None,
    /// It does not work.
    Dead,
    /// It works again.
    Alive,
}

impl Outbox {
    /// Of a channel that did not work when it was last heard of.
    pub fn dead() -> Self {
        Self { refusals: DEAD_AFTER, ..Self::default() }
    }

    /// Takes a notice in. Gives the number of one that had to give way.
    pub fn put(&mut self, notice: Numbered) -> Option<u64> {
        self.waiting.push_back(notice);
        let is_full = self.waiting.len() > MAX_WAITING;
        is_full.then(|| self.waiting.pop_front().map(|(number, _)| number)).flatten()
    }

    /// What is to be sent now.
    pub fn due(&self, now: Timestamp) -> Option<Numbered> {
        self.waiting.front().filter(|_| now >= self.next_try).cloned()
    }

    /// How many notices wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the channel works, as far as one can see.
    pub fn is_alive(&self) -> bool {
        self.refusals < DEAD_AFTER
    }

    /// The channel took what was due.
    pub fn taken(&mut self) -> Turn {
        self.waiting.pop_front();
        let was_alive = self.is_alive();
        self.refusals = 0;
        self.next_try = Timestamp::default();
        if was_alive { Turn::None } else { Turn::Alive }
    }

    /// The channel did not take it. The wait grows to its longest by the dead channel's fourth try.
    pub fn refused(&mut self, now: Timestamp) -> Turn {
        let was_alive = self.is_alive();
        let wait = FIRST_WAIT * 4_u32.saturating_pow(self.refusals.min(4));
        self.refusals = self.refusals.saturating_add(1);
        self.next_try = now.plus_nanos(nanos(wait.min(LONGEST_WAIT)));
        if was_alive && !self.is_alive() { Turn::Dead } else { Turn::None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(number: u64) -> Numbered {
        let notice = Notice { about: "ib".into(), opened: vec![], again: vec![], closed: vec![] };
        (number, Arc::new(notice))
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn a_dead_channel_is_named_once_and_tried_ever_more_seldom() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.put(notice(1)), None);
        let tries = [(0, Turn::None), (5, Turn::None), (25, Turn::Dead), (105, Turn::None)];
        for (secs, turn) in tries {
            assert!(outbox.due(at(secs - 1)).is_none() || secs == 0, "{secs}");
            assert_eq!(outbox.due(at(secs)).map(|(number, _)| number), Some(1), "{secs}");
            assert_eq!(outbox.refused(at(secs)), turn, "{secs}");
        }
        assert!(!outbox.is_alive());
        assert!(outbox.due(at(404)).is_none());
        assert!(outbox.due(at(405)).is_some());
        assert_eq!(outbox.taken(), Turn::Alive);
        assert!(outbox.is_alive() && outbox.due(at(405)).is_none());
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut outbox = Outbox::default();
        for number in 0..MAX_WAITING as u64 {
            assert_eq!(outbox.put(notice(number)), None);
        }
        assert_eq!(outbox.put(notice(1_000)), Some(0));
        assert_eq!((outbox.len(), outbox.due(at(0)).unwrap().0), (MAX_WAITING, 1));
    }
}
