//! Which records came before: a short memory, because it is saved with every change.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use model::{Event, EventId, Trade, TradeStatus};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::report::is_default;
use crate::thresholds::Thresholds;

/// The latest records of one instrument, of all feeds together: the same event may come by two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    #[serde(default, skip_serializing_if = "is_default")]
    trades: Seen,
    #[serde(default, skip_serializing_if = "is_default")]
    quotes: Seen,
    #[serde(default, skip_serializing_if = "is_default")]
    bars: Seen,
}

/// How a record repeats another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repetition {
    /// It is the same event.
    SameEvent,
    /// It is another event, about a print that was published before.
    SamePrint,
}

impl Memory {
    /// Remembers a record, and says so if it came before.
    pub(crate) fn notice(&mut self, event: &Event, limits: &Thresholds) -> Option<Repetition> {
        let id = event.head().event_id;
        let is_known = match event {
            Event::Trade(trade) => {
                let limit = 2 * limits.trades.duplicates;
                let is_known = !self.trades.insert(id, limit);
                let print = print_id(trade);
                let is_print_known = print.is_some_and(|id| !self.trades.insert(id, limit));
                if is_print_known && !is_known {
                    return Some(Repetition::SamePrint);
                }
                is_known
            }
            Event::Quote(_) => !self.quotes.insert(id, limits.quotes.duplicates),
            Event::Bar(_) => !self.bars.insert(id, limits.bars.duplicates),
            _ => false,
        };
        is_known.then_some(Repetition::SameEvent)
    }
}

/// What makes a print unique in its vendor's words. Corrections keep the id of what they correct.
fn print_id(trade: &Trade) -> Option<EventId> {
    if trade.status != TradeStatus::Original || trade.trade_id.is_empty() {
        return None;
    }
    let day = trade.head.event_time.date().0.to_string();
    let venue = trade.venue.as_deref().unwrap_or_default();
    Some(EventId::of(&["trade_id", &trade.head.source, venue, &day, &trade.trade_id]))
}

/// The latest ids, the first eight bytes of each: enough that two among a few thousand never
/// agree by accident.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen(VecDeque<u64>);

impl Seen {
    /// Whether an id is not among the latest `limit`; it is from now on. Records without an id are
    /// all new.
    fn insert(&mut self, id: EventId, limit: usize) -> bool {
        if id.is_nil() {
            return true;
        }
        let (first, _) = id.0.split_at(8);
        let short = first.iter().fold(0, |short, byte| short << 8 | u64::from(*byte));
        let is_new = !self.0.contains(&short);
        if is_new {
            self.0.push_back(short);
        }
        while self.0.len() > limit {
            self.0.pop_front();
        }
        is_new
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|short| short.to_be_bytes()).collect();
        serializer.serialize_str(&BASE64_STANDARD_NO_PAD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD_NO_PAD.decode(text).map_err(D::Error::custom)?;
        let (shorts, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(D::Error::custom(format!("{} bytes are not whole ids", bytes.len())));
        }
        Ok(Self(shorts.iter().map(|short| u64::from_be_bytes(*short)).collect()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest_and_survives_saving() {
        let id = |number: u32| EventId::of(&[&number.to_string()]);
        let mut seen = Seen::default();
        assert!((0..3).all(|number| seen.insert(id(number), 3)));
        assert!(!seen.insert(id(0), 3));
        assert!(seen.insert(id(3), 3), "0 is forgotten");
        let saved = serde_json::to_string(&seen).unwrap();
        assert_eq!(saved.len(), 34, "{saved}");
        let mut seen: Seen = serde_json::from_str(&saved).unwrap();
        assert!(!seen.insert(id(1), 3));
        assert!(seen.insert(id(0), 3));
        assert!(!seen.insert(id(0), 2), "a shorter memory still knows the latest");
        assert!(seen.insert(id(1), 2), "1 was the oldest of three");
        assert!(serde_json::from_str::<Seen>("\"AAAA\"").is_err());
    }
}
