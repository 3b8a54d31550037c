//! What does not change and is looked up once, as all sessions with one other side know it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// So many facts are remembered.
const MAX_FACTS: usize = 100_000;

/// Facts by what they are about.
#[derive(Debug)]
pub struct Known<V>(Mutex<HashMap<String, V>>);

impl<V> Default for Known<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V: Clone> Known<V> {
    /// What is known of it.
    pub fn get(&self, about: &str) -> Option<V> {
        // Nothing can be left half changed by a panic, here and below.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(about).cloned()
    }

    /// It is known from now on, if there is room.
    pub fn note(&self, about: String, fact: V) {
        let mut facts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if facts.len() < MAX_FACTS {
            facts.insert(about, fact);
        }
    }
}
