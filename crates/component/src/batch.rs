//! What one read of a source gives.

use std::time::Duration;

use model::{Event, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::Bad;

/// One thing that a vendor delivered.
#[derive(Clone, Debug)]
pub enum Item {
    /// A record to publish.
    Event(Event),
    /// Something that could not be understood; it becomes a dead letter.
    Bad { raw: Vec<u8>, bad: Bad },
}

impl Item {
    /// What was understood of some bytes, or what is wrong with them.
    pub fn of<E: Into<Event>>(raw: &[u8], event: Result<E, Bad>) -> Self {
        match event {
            Ok(event) => Self::Event(event.into()),
            Err(bad) => Self::Bad { raw: raw.to_vec(), bad },
        }
    }
}

/// Says that a batch repeats everything a live feed should already have delivered between two
/// points in time. What turns out to be new had been missed: the runtime marks it as a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Start of the stretch that was read again.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// How far a long read has come: months of history, pages of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Parts that are read.
    pub done: u64,
    /// Parts there are.
    pub total: u64,
}

/// The records of one read and the cursor after them.
#[derive(Clone, Debug)]
pub struct Batch<C> {
    /// Resume position once everything in `items` is published.
    pub cursor: C,
    /// Pause before the next read.
    pub wait: Duration,
    /// What was read, oldest first.
    pub items: Vec<Item>,
    /// Set when the batch repeats a stretch of a live feed.
    pub audit: Option<Audit>,
    /// How far a backfill has come, for whoever watches; says nothing about what is published.
    pub progress: Option<Progress>,
}

impl<C> Batch<C> {
    /// An empty batch that ends at `cursor`.
    pub fn up_to(cursor: C) -> Self {
        Self { cursor, wait: Duration::ZERO, items: Vec::new(), audit: None, progress: None }
    }

    /// Sets the pause before the next read.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Marks the batch as a repetition of a stretch of a live feed.
    #[must_use]
    pub fn audit(mut self, from: Timestamp, to: Timestamp) -> Self {
        self.audit = Some(Audit { from, to });
        self
    }

    /// Says how far a backfill has come.
    #[must_use]
    pub fn progress(mut self, done: u64, total: u64) -> Self {
        self.progress = Some(Progress { done, total });
        self
    }

    /// Adds an event.
    pub fn push(&mut self, event: impl Into<Event>) {
        self.items.push(Item::Event(event.into()));
    }

    /// Adds something that could not be understood.
    pub fn push_bad(&mut self, raw: &[u8], bad: Bad) {
        self.items.push(Item::Bad { raw: raw.to_vec(), bad });
    }

    /// Adds what `map` makes of one raw item; a bad one does not spoil the others.
    pub fn push_decoded<W, E>(&mut self, raw: &RawValue, map: impl Fn(W) -> Result<E, Bad>)
    where
        W: DeserializeOwned,
        E: Into<Event>,
    {
        match decode(raw).and_then(map) {
            Ok(event) => self.push(event),
            Err(bad) => self.push_bad(raw.get().as_bytes(), bad),
        }
    }

    /// Adds every raw item, decoded one by one.
    #[must_use]
    pub fn decode<W, E>(
        mut self,
        raw: Vec<Box<RawValue>>,
        map: impl Fn(W) -> Result<E, Bad>,
    ) -> Self
    where
        W: DeserializeOwned,
        E: Into<Event>,
    {
        for item in &raw {
            self.push_decoded(item, &map);
        }
        self
    }
}

/// One raw item as the vendor's type, or what is wrong with it.
pub fn decode<W: DeserializeOwned>(raw: &RawValue) -> Result<W, Bad> {
    serde_json::from_str(raw.get()).map_err(|error| Bad::new("", error.to_string()))
}
