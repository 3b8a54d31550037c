//! What TWS says, in our words. Pure functions; what does not fit is `Bad`, never a default.

mod accounts;
mod market;
mod orders;

pub use accounts::{Summary, instrument, nothing, position, position_key, samples};
pub use market::{
    Changed, Period, Prints, Quoted, bar, history_bars, last_trade, quote_tick, real_time_bar,
    timed_quote, unknown_bars,
};
pub use orders::{Placed, fill, is_last, order_id, reference, revision};

use component::{Bad, Item};
use model::{Event, EventId};
use serde::Serialize;

use crate::wire::Fields;

type Mapped<T> = Result<T, Bad>;

/// The first part of every event id.
const VENDOR: &str = "interactive_brokers";

/// The id of what an event says, whenever it says it.
pub(crate) fn contents(feed: &str, event: &impl Serialize) -> EventId {
    EventId::of(&[VENDOR, feed, &serde_json::to_string(event).unwrap_or_default()])
}

/// Adds what was understood, or sets it aside with its bytes.
pub(crate) fn push<E: Into<Event>>(items: &mut Vec<Item>, raw: &[u8], event: Mapped<E>) {
    items.push(match event {
        Ok(event) => Item::Event(event.into()),
        Err(bad) => Item::Bad { raw: raw.to_vec(), bad },
    });
}

/// A field that is nothing but a flag: where it is something else, fields are missing or too many
/// before it.
pub(crate) fn check_flag(fields: &Fields<'_>, name: &str) -> Mapped<()> {
    match fields.text(name) {
        "" | "0" | "1" => Ok(()),
        other => Err(Bad::new(name, format!("{other:?} is no flag: the fields are shifted"))),
    }
}
