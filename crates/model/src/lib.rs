//! The vocabulary of Foliostream: events and the values they are made of. Pure data.

mod decimal;
mod events;
mod field;
mod format;
mod id;
mod interval;
mod option;
mod terms;
mod time;
mod words;
mod zone;

pub use compact_str::CompactString as Text;
pub use rust_decimal::Decimal;

pub use decimal::{BadDecimal, MAX_PRICE_DIGITS, SCALE, money, price, quantity, round};
pub use events::*;
pub use field::{FieldInfo, FieldKind};
pub use format::TimeFormat;
pub use id::{EventId, InstrumentId};
pub use interval::{Interval, Unit};
pub use option::OptionSymbol;
pub use terms::{Exit, Terms};
pub use time::{BadTime, Date, Timestamp};
pub use words::Words;
pub use zone::Zone;

use serde::{Deserialize, Serialize};

/// The fields that every event starts with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// A hash of vendor, feed and the vendor's own id: the same fact always has the same id.
    pub event_id: EventId,
    /// Id of the system, processor or program that published the event.
    pub source: Text,
    /// When it happened, by the vendor's clock.
    pub event_time: Timestamp,
    /// When it reached us, by our clock.
    pub received_time: Timestamp,
}

impl Head {
    /// A head whose source and arrival are filled in by the runtime.
    pub fn new(event_id: EventId, event_time: Timestamp) -> Self {
        Self { event_id, event_time, ..Self::default() }
    }
}
