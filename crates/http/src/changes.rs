//! What a poll finds changed.

use std::collections::BTreeMap;

use model::{EventId, Text};
use serde::{Deserialize, Serialize};

/// Remembers what the last poll of a list gave, as part of a cursor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// Changes noted so far: makes the id of a value that returns differ from its first.
    #[serde(default)]
    sequence: u64,
    #[serde(default)]
    seen: BTreeMap<Text, EventId>,
}

impl Changes {
    /// Notes what `key` contains now. When that is new, says which change it is.
    pub fn note(&mut self, key: &str, contents: EventId) -> Option<u64> {
        if self.seen.get(key) == Some(&contents) {
            return None;
        }
        self.seen.insert(key.into(), contents);
        self.sequence += 1;
        Some(self.sequence)
    }

    /// What is remembered.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        self.seen.keys()
    }

    /// Forgets one key.
    pub fn forget(&mut self, key: &str) {
        self.seen.remove(key);
    }

    /// Forgets the keys that `is_kept` does not want, and says which, each with its change.
    pub fn drop_others(&mut self, is_kept: impl Fn(&str) -> bool) -> Vec<(Text, u64)> {
        let gone: Vec<Text> = self.seen.keys().filter(|key| !is_kept(key)).cloned().collect();
        let mut dropped = Vec::with_capacity(gone.len());
        for key in gone {
            self.seen.remove(&key);
            self.sequence += 1;
            dropped.push((key, self.sequence));
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_reported_and_each_is_another() {
        let mut changes = Changes::default();
        let (ten, twenty) = (EventId::of(&["10"]), EventId::of(&["20"]));
        assert_eq!(changes.note("BAC", ten), Some(1));
        assert_eq!(changes.note("BAC", ten), None);
        assert_eq!(changes.note("BAC", twenty), Some(2));
        assert_eq!(changes.note("BAC", ten), Some(3));
        assert_eq!(changes.drop_others(|key| key != "BAC"), [("BAC".into(), 4)]);
        assert_eq!(changes.drop_others(|_| false), []);
        assert_eq!(changes.note("BAC", ten), Some(5));
    }
}
