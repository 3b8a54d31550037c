//! Which records are new: a bounded memory of event ids.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use model::EventId;

/// The last event ids that were published. A record whose id is among them is a repetition.
///
/// The window must be longer than what a resumed feed can repeat: a page of history, or what was
/// acknowledged after the last checkpoint. Older repetitions would pass.
#[derive(Debug)]
pub struct Recent {
    limit: usize,
    order: VecDeque<EventId>,
    ids: HashSet<EventId, BuildHasherDefault<IdHasher>>,
}

/// An event id is a hash already.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for (index, byte) in bytes.iter().rev().take(8).enumerate() {
            self.0 ^= u64::from(*byte) << (index * 8);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}

impl Recent {
    /// Remembers this many ids.
    pub fn new(limit: usize) -> Self {
        Self { limit, order: VecDeque::new(), ids: HashSet::default() }
    }

    /// Whether the id is new; it is remembered from now on.
    pub fn insert(&mut self, id: EventId) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }

    /// Whether the id is among them.
    pub fn contains(&self, id: EventId) -> bool {
        self.ids.contains(&id)
    }

    /// How many ids are remembered.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest() {
        let id = |n: u32| EventId::of(&[&n.to_string()]);
        let mut recent = Recent::new(3);
        assert!((0..3).all(|n| recent.insert(id(n))));
        assert!(!recent.insert(id(0)));
        assert!(recent.insert(id(3)), "new, so 0 is forgotten");
        assert!(recent.insert(id(0)));
        assert!(recent.contains(id(3)) && !recent.contains(id(1)));
        assert_eq!(recent.len(), 3);
    }
}
