//! A shelf that records are exported to.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use component::{Delivery, Fault, Host, Outcome, Result, Sends, Sink};
use model::{Event, Text};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Nothing;

/// Where exports go. It outlives the sinks that write to it.
#[derive(Clone, Default)]
pub struct Shelf(Arc<(String, Mutex<Boards>)>);

#[derive(Default)]
pub struct Boards {
    /// Ids of the deliveries that were written, repetitions included.
    pub written: Vec<Text>,
    /// What the next writes fail with.
    pub faults: VecDeque<Fault>,
    /// Deliveries that are refused for good.
    pub refused: HashSet<Text>,
    /// How many of the next writes end without anybody knowing how.
    pub unknown: u32,
    /// How many of the next writes give no outcomes at all.
    pub mute: u32,
}

impl Shelf {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("shelf{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let shelf = Self(Arc::new((name.clone(), Mutex::default())));
        shelves().get_or_insert_default().insert(name, shelf.clone());
        shelf
    }

    pub fn boards(&self) -> MutexGuard<'_, Boards> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn settings(&self, topics: &[&str]) -> serde_json::Value {
        serde_json::json!({ "shelf": self.0.0, "topics": topics })
    }
}

fn shelves() -> MutexGuard<'static, Option<HashMap<String, Shelf>>> {
    static SHELVES: Mutex<Option<HashMap<String, Shelf>>> = Mutex::new(None);
    SHELVES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    shelf: String,
    topics: Vec<String>,
}

/// Puts records on a shelf.
pub struct Export(Shelf);

impl Sink for Export {
    const NAME: &'static str = "toy_export";
    const SENDS: Sends = Sends::Exports;
    type System = Nothing;
    type Settings = Settings;

    fn topics(settings: &Settings) -> Vec<Text> {
        settings.topics.iter().map(|topic| Text::from(&**topic)).collect()
    }

    async fn connect(_: Nothing, settings: Settings, _: Host) -> Result<Self> {
        let shelf = shelves().as_ref().and_then(|all| all.get(&settings.shelf)).cloned();
        Ok(Self(shelf.ok_or_else(|| Fault::fatal("no such shelf"))?))
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        let mut boards = self.0.boards();
        if let Some(fault) = boards.faults.pop_front() {
            return Err(fault);
        }
        if boards.mute > 0 {
            boards.mute -= 1;
            return Ok(Vec::new());
        }
        let mut outcomes = Vec::new();
        for delivery in batch {
            assert!(matches!(delivery.event, Event::Trade(_) | Event::Fill(_)));
            outcomes.push(if boards.refused.contains(&delivery.id) {
                Outcome::Rejected { reason: "not on this shelf".to_owned() }
            } else if boards.unknown > 0 {
                boards.unknown -= 1;
                Outcome::Unknown { reason: "the lights went out".to_owned() }
            } else {
                boards.written.push(delivery.id.clone());
                Outcome::Accepted { broker_order_id: None }
            });
        }
        Ok(outcomes)
    }

    async fn resolve(&mut self, _: &Delivery) -> Result<Outcome> {
        Err(Fault::fatal("exports are never resolved"))
    }
}
