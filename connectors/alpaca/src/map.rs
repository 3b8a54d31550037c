//! Alpaca's words to ours. Pure functions; what does not fit is `Bad`, never a default.
//!
//! What is asked for from time to time is read cell by cell: missing, null and empty all mean
//! none, and numbers come as texts or as JSON numbers.

mod accounts;
mod market;
mod orders;
mod reference;

pub use accounts::{activity, balance, nothing, position};
pub use market::{Period, Records, frame, message, page, past};
pub use orders::{
    Executions, client_order_id, fill_activity, is_last, order_id, order_status, trade_update,
};
pub use reference::{corporate_action, instrument, news};

use component::{Bad, Item};
use model::{BadTime, Date, Event, EventId, InstrumentId, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

type Mapped<T> = Result<T, Bad>;

/// Our identity of what Alpaca calls `symbol`. Pairs of crypto currencies come with a slash or,
/// in positions and old orders, without.
pub(crate) fn identity(symbol: &str, asset_class: &str) -> InstrumentId {
    if symbol.contains('/') {
        return InstrumentId::listed(symbol, "CRYPTO");
    }
    if asset_class != "crypto" {
        return InstrumentId::listed(symbol, "US");
    }
    for currency in ["USDT", "USDC", "USD", "BTC"] {
        if let Some(base) = symbol.strip_suffix(currency).filter(|base| !base.is_empty()) {
            return InstrumentId::listed(&format!("{base}/{currency}"), "CRYPTO");
        }
    }
    InstrumentId::listed(symbol, "CRYPTO")
}

/// The id of what an event says, whenever it says it.
fn contents(feed: &str, event: &impl Serialize) -> EventId {
    EventId::of(&["alpaca", feed, &serde_json::to_string(event).unwrap_or_default()])
}

/// Adds what was understood, or sets it aside with its bytes.
pub(crate) fn push(items: &mut Vec<Item>, raw: &RawValue, event: Mapped<Event>) {
    items.push(match event {
        Ok(event) => Item::Event(event),
        Err(bad) => bad_item(raw.get().as_bytes(), bad),
    });
}

fn bad_item(raw: &[u8], bad: Bad) -> Item {
    Item::Bad { raw: raw.to_vec(), bad }
}

/// The start of a day in UTC.
pub(crate) fn midnight(date: Date) -> Timestamp {
    Timestamp::from_secs(i64::from(date.0) * 86_400)
}

/// A time, or the start of the day where only that is said.
fn moment(text: &str) -> Result<Timestamp, BadTime> {
    text.parse().or_else(|bad| text.parse().map(midnight).map_err(|_: BadTime| bad))
}

/// A day, whether or not the time of it is said too.
fn day(text: &str) -> Result<Date, BadTime> {
    text.split_once(['T', ' ']).map_or(text, |(day, _)| day).parse()
}
