//! What the tests of the connector share.
#![allow(clippy::unwrap_used, dead_code)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use component::{Batch, Clock, Delivery, Host, Item, Source, TestClock, Throttling};
use files::{Cursor, System};
use model::{Event, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Settings from JSON, as the topology hands them over.
pub fn settings<T: DeserializeOwned>(settings: Value) -> T {
    serde_json::from_value(settings).unwrap()
}

pub fn system(root: &Path) -> System {
    settings(json!({ "connection": { "root": root }, "authentication": { "type": "none" } }))
}

/// A source that reads `root` on a clock that the test moves.
pub struct Feed<S: Source> {
    pub source: S,
    pub clock: Arc<TestClock>,
    pub cursor: S::Cursor,
}

impl<S: Source<System = System, Cursor = Cursor>> Feed<S> {
    pub async fn open(root: &Path, with: Value) -> Self {
        Self::resume(root, with, Cursor::default()).await
    }

    pub async fn resume(root: &Path, with: Value, cursor: Cursor) -> Self {
        let clock = TestClock::starting_at(Timestamp::from_secs(1_400_000_000));
        let source = Self::connect(root, with, &clock).await.unwrap();
        Self { source, clock, cursor }
    }

    pub async fn connect(root: &Path, with: Value, clock: &Arc<TestClock>) -> component::Result<S> {
        let clock = Clock::test(clock.clone());
        let host = Host::new("research", S::NAME, clock, Throttling::default());
        S::connect(system(root), settings(with), host).await
    }

    /// One batch; the cursor goes on as if it had been committed.
    pub async fn read(&mut self) -> Batch<Cursor> {
        let batch = self.source.read(&self.cursor).await.unwrap();
        // A checkpoint is text: what is resumed from has been through it.
        let saved = serde_json::to_string(&batch.cursor).unwrap();
        self.cursor = serde_json::from_str(&saved).unwrap();
        batch
    }

    /// Everything there is to read now, tails included.
    pub async fn read_all(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        for _ in 0..2 {
            loop {
                let batch = self.read().await;
                items.extend(batch.items);
                if !batch.wait.is_zero() {
                    self.clock.advance(batch.wait);
                    break;
                }
            }
        }
        items
    }
}

pub fn events(items: &[Item]) -> Vec<&Event> {
    items
        .iter()
        .map(|item| match item {
            Item::Event(event) => event,
            Item::Bad { raw, bad } => panic!("{bad}: {}", String::from_utf8_lossy(raw)),
        })
        .collect()
}

/// The raw bytes and the words of every bad item.
pub fn bads(items: &[Item]) -> Vec<(String, String)> {
    let bad = |item: &Item| match item {
        Item::Event(_) => None,
        Item::Bad { raw, bad } => {
            Some((String::from_utf8_lossy(raw).into_owned(), bad.to_string()))
        }
    };
    items.iter().filter_map(bad).collect()
}

pub fn delivery(partition: i32, offset: i64, event: Event) -> Delivery {
    let topic = model::Text::from(event.info().topic);
    let id = model::Text::from(format!("{topic}/{partition}/{offset}"));
    Delivery { id, topic, partition, offset, event }
}

pub const GOLDEN: testkit::Golden =
    testkit::Golden { folder: env!("CARGO_MANIFEST_DIR"), test: "" };

pub const POLL: Duration = Duration::from_secs(5);
