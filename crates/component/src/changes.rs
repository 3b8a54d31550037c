//! What a poll finds changed.

use std::collections::BTreeMap;

use model::{Event, EventId, Text};
use serde::{Deserialize, Serialize};

use crate::{Batch, Item};

/// Remembers what the last poll of a list gave, as part of a cursor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// Changes noted so far: a value that comes back is another fact than its first time.
    #[serde(default)]
    sequence: u64,
    #[serde(default)]
    seen: BTreeMap<Text, EventId>,
}

impl Changes {
    /// Notes what `key` contains now. When that is new, gives the id of the change.
    pub fn note(&mut self, key: &str, contents: EventId) -> Option<EventId> {
        if self.seen.get(key) == Some(&contents) {
            return None;
        }
        self.seen.insert(key.into(), contents);
        Some(self.change(contents))
    }

    /// The same for an event whose id is that of its contents: as the change that it is, if it is
    /// one.
    pub fn news(&mut self, key: &str, event: impl Into<Event>) -> Option<Event> {
        let mut event = event.into();
        event.head_mut().event_id = self.note(key, event.head().event_id)?;
        Some(event)
    }

    fn change(&mut self, contents: EventId) -> EventId {
        self.sequence += 1;
        EventId::of(&[&contents.to_string(), &self.sequence.to_string()])
    }

    /// What is remembered.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        self.seen.keys()
    }

    /// Forgets one key.
    pub fn forget(&mut self, key: &str) {
        self.seen.remove(key);
    }

    /// Forgets the keys that `is_kept` does not want, and gives each with the id of its change.
    pub fn drop_others(&mut self, is_kept: impl Fn(&str) -> bool) -> Vec<(Text, EventId)> {
        let gone: Vec<Text> = self.seen.keys().filter(|key| !is_kept(key)).cloned().collect();
        let mut dropped = Vec::with_capacity(gone.len());
        for key in gone {
            self.seen.remove(&key);
            let change = self.change(EventId::of(&[&key]));
            dropped.push((key, change));
        }
        dropped
    }
}

impl Batch<Changes> {
    /// Adds an event whose id is that of its contents, if they are news of `key`.
    pub fn push_news(&mut self, key: &str, event: impl Into<Event>) {
        self.items.extend(self.cursor.news(key, event).map(Item::Event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_reported_and_each_is_another() {
        let mut changes = Changes::default();
        let (ten, twenty) = (EventId::of(&["10"]), EventId::of(&["20"]));
        let mut ids = vec![changes.note("BAC", ten)];
        assert_eq!(changes.note("BAC", ten), None);
        ids.push(changes.note("BAC", twenty));
        ids.push(changes.note("BAC", ten));
        assert!(changes.drop_others(|key| key == "BAC").is_empty());
        let gone = changes.drop_others(|_| false);
        assert_eq!(gone[0].0, "BAC");
        ids.push(Some(gone[0].1));
        assert!(changes.drop_others(|_| false).is_empty());
        ids.push(changes.note("BAC", ten));
        assert!(ids.iter().all(Option::is_some));
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
    }
}
