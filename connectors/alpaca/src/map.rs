//! Alpaca's words to ours. Pure functions; what does not fit is `Bad`, never a default.

mod accounts;
mod market;
mod orders;
mod reference;

pub use accounts::{activity, balance, nothing, position};
pub use market::{Period, Records, frame, message, page};
pub use orders::{client_order_id, fill_activity, is_last, order_id, order_status, trade_update};
pub use reference::{corporate_action, instrument, news};

use component::{Bad, Item};
use model::{Date, Event, InstrumentId, Timestamp};
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
