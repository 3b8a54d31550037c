//! Which records are new: a bounded memory of event ids.

use model::EventId;

/// The last event ids that were published. A record whose id is among them is a repetition.
///
/// The window must be longer than what a resumed feed can repeat: a page of history, or what was
/// acknowledged after the last checkpoint. Older repetitions would pass.
///
/// Every record of a live feed comes by here, and what is remembered is larger than a processor's
/// own cache: so the ids lie in a ring, which is written in order, and what is met at random is a
/// table of eight bytes a slot.
#[derive(Debug)]
pub struct Recent {
    limit: usize,
    /// The ids; once it is full, the next one takes the place of the oldest.
    ring: Vec<EventId>,
    next: usize,
    /// Where the ids lie in the ring. An id is found at its home or in the slots that follow it
    /// without a gap. At least half of the slots are empty.
    slots: Box<[Slot]>,
}

/// A place in the ring, counted from 1; zero marks an empty slot.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Enough of the id to know its home and to pass over nearly every other id.
    mark: u32,
    place: u32,
}

/// Where an id is, or where it belongs.
enum Found {
    At(usize),
    Free(usize),
}

impl Recent {
    /// Remembers this many ids.
    pub fn new(limit: usize) -> Self {
        let limit = limit.clamp(1, u32::MAX as usize / 4);
        let slots = vec![Slot::default(); (limit * 2).next_power_of_two()];
        Self { limit, ring: Vec::new(), next: 0, slots: slots.into_boxed_slice() }
    }

    /// Whether the id is new; it is remembered from now on.
    pub fn insert(&mut self, id: EventId) -> bool {
        let Found::Free(mut free) = self.find(id) else { return false };
        let place = self.next;
        self.next = (place + 1) % self.limit;
        if let Some(oldest) = self.ring.get(place).copied() {
            if let Found::At(slot) = self.find(oldest) {
                self.vacate(slot);
            }
            self.ring[place] = id;
            // What moved up may have left a slot closer to the id's home.
            if let Found::Free(closer) = self.find(id) {
                free = closer;
            }
        } else {
            self.ring.push(id);
        }
        self.slots[free] = Slot { mark: mark(id), place: place as u32 + 1 };
        true
    }

    /// Touches what inserting these ids will look at. What is remembered is spread over more
    /// memory than a processor holds close: it fetches many places at once in the time of one.
    pub fn fetch(&self, ids: impl Iterator<Item = EventId>) {
        let mut touched = 0;
        for (number, id) in ids.enumerate() {
            touched ^= self.slots[self.home(mark(id))].place;
            if let Some(oldest) = self.ring.get((self.next + number) % self.limit) {
                touched ^= self.slots[self.home(mark(*oldest))].place;
            }
        }
        std::hint::black_box(touched);
    }

    /// Whether the id is among those remembered.
    pub fn contains(&self, id: EventId) -> bool {
        matches!(self.find(id), Found::At(_))
    }

    /// How many ids are remembered.
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    fn find(&self, id: EventId) -> Found {
        let mark = mark(id);
        let mut at = self.home(mark);
        loop {
            let slot = self.slots[at];
            if slot.place == 0 {
                return Found::Free(at);
            }
            if slot.mark == mark && self.ring[slot.place as usize - 1] == id {
                return Found::At(at);
            }
            at = self.after(at);
        }
    }

    /// Empties a slot. Those behind it that do not stand at their home move up, so that none is
    /// cut off from its home by the gap.
    fn vacate(&mut self, mut gap: usize) {
        let mut at = self.after(gap);
        while self.slots[at].place != 0 {
            let home = self.home(self.slots[at].mark);
            if self.steps(home, at) >= self.steps(gap, at) {
                self.slots[gap] = self.slots[at];
                gap = at;
            }
            at = self.after(at);
        }
        self.slots[gap] = Slot::default();
    }

    fn home(&self, mark: u32) -> usize {
        mark as usize & (self.slots.len() - 1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    fn steps(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.slots.len() - 1)
    }
}

/// An event id is a hash already: some of its bits do for another.
fn mark(id: EventId) -> u32 {
    let [.., a, b, c, d] = id.0;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forgets_the_oldest() {
        let id = |n: u32| EventId::of(&[&n.to_string()]);
        let mut recent = Recent::new(3);
        assert!((0..3).all(|n| recent.insert(id(n))));
        assert!(!recent.insert(id(0)));
        assert!(recent.insert(id(3)), "new, so 0 is forgotten");
        assert!(recent.contains(id(3)) && !recent.contains(id(0)));
        assert!(recent.insert(id(0)));
        assert_eq!(recent.len(), 3);
    }

    proptest! {
        /// Few ids that share their homes and even their marks, so that slots are fought over.
        #[test]
        fn remembers_exactly_the_last_ones(
            limit in 1usize..9,
            numbers in prop::collection::vec((0u8..4, 0u8..6), 0..200),
        ) {
            let mut recent = Recent::new(limit);
            let mut expected = VecDeque::new();
            for (first, last) in numbers {
                let mut id = EventId::default();
                (id.0[0], id.0[15]) = (first, last.wrapping_mul(51));
                let is_new = !expected.contains(&id);
                prop_assert_eq!(recent.insert(id), is_new);
                if is_new {
                    expected.push_back(id);
                    if expected.len() > limit {
                        expected.pop_front();
                    }
                }
                prop_assert_eq!(recent.len(), expected.len());
            }
        }
    }
}
