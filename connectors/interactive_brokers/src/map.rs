//! What TWS says, in our words. Pure functions; what does not fit is `Bad`, never a default.

mod accounts;
mod market;
mod orders;
mod reference;

pub use accounts::{Summary, nothing, position};
pub use market::{About, Period, Quoted};
pub use orders::{OURS, Placed, SIDES, TIMES, TYPES, fill, revision};
pub use reference::instrument;

use component::Bad;
use model::EventId;
use serde::Serialize;

type Mapped<T> = Result<T, Bad>;

/// The first part of every event id.
const VENDOR: &str = "interactive_brokers";

/// The id of what an event says, whenever it says it.
fn contents(feed: &str, event: &impl Serialize) -> EventId {
    EventId::of(&[VENDOR, feed, &serde_json::to_string(event).unwrap_or_default()])
}
