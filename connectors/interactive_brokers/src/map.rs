//! What TWS says, in our words. Pure functions; what does not fit is `Bad`, never a default.

mod accounts;
mod market;
mod orders;
mod reference;

pub use accounts::{Summary, nothing, position};
pub use market::{About, Period, Quoted};
pub use orders::{Placed, fill, reference, revision, words};
pub use reference::instrument;

use component::{Bad, Item};
use model::{Event, EventId};
use serde::Serialize;

type Mapped<T> = Result<T, Bad>;

/// The first part of every event id.
const VENDOR: &str = "interactive_brokers";

/// The id of what an event says, whenever it says it.
fn contents(feed: &str, event: &impl Serialize) -> EventId {
    EventId::of(&[VENDOR, feed, &serde_json::to_string(event).unwrap_or_default()])
}

/// Adds what was understood, or sets it aside with its bytes.
pub(crate) fn push<E: Into<Event>>(items: &mut Vec<Item>, raw: &[u8], event: Mapped<E>) {
    items.push(match event {
        Ok(event) => Item::Event(event.into()),
        Err(bad) => Item::Bad { raw: raw.to_vec(), bad },
    });
}
