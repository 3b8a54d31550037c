//! Ids for prints of vendors that give them none.

use std::collections::HashMap;

use model::{EventId, Timestamp};

/// A print is what it says, and which one it is of those that say the same in the same second: so
/// a stream and the vendor's history of it agree.
#[derive(Debug, Default)]
pub struct Prints {
    second: i64,
    seen: HashMap<EventId, u32>,
}

impl Prints {
    /// The id of a print that says this. Seconds come in order and are read whole.
    pub fn id(&mut self, time: Timestamp, said: &[&str]) -> EventId {
        let second = time.0.div_euclid(1_000_000_000);
        if second > self.second {
            (self.second, self.seen) = (second, HashMap::new());
        }
        let alike = EventId::of(&[&[&*second.to_string()], said].concat());
        let count = self.seen.entry(alike).or_default();
        *count += 1;
        EventId::of(&[&alike.to_string(), &count.to_string()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_that_say_the_same_differ_and_a_second_reading_agrees() {
        let said = [(1, "10"), (1, "10"), (1, "11"), (2, "10")];
        let read = || {
            let mut prints = Prints::default();
            said.map(|(second, price)| prints.id(Timestamp::from_secs(second), &[price]))
        };
        let ids = read();
        assert_eq!(ids, read());
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}
