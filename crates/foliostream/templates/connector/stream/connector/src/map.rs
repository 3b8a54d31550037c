//! {{Name}}'s words to ours. Pure functions; what does not fit is `Bad`, never a default.

use component::{Bad, Item, OrBad};
use model::{EventId, Head, InstrumentId, Trade, TradeStatus};
use serde_json::value::RawValue;

use crate::wire;

/// Is part of every id.
const VENDOR: &str = "{{name}}";

/// One trade, or what is wrong with it.
pub fn trade(raw: &RawValue) -> Result<Trade, Bad> {
    let raw: wire::Trade<'_> = http::decode(raw)?;
    let id = raw.id.to_string();
    let event_time = raw.time.parse().or_bad("time")?;
    Ok(Trade {
        // The stream and the history tell of the same trade: it must have the same id in both.
        head: Head::new(EventId::of(&[VENDOR, "trades", &id]), event_time),
        instrument: instrument(&raw.symbol),
        symbol: raw.symbol.as_ref().into(),
        trade_id: id.into(),
        venue: None,
        price: raw.price.read("price", model::price)?,
        quantity: raw.size.read("size", model::quantity)?,
        conditions: Vec::new(),
        tape: None,
        status: TradeStatus::Original,
    })
}

/// Every trade of a list, good or bad.
pub fn trades(raw: &[&RawValue], items: &mut Vec<Item>) {
    items.extend(raw.iter().map(|raw| match trade(raw) {
        Ok(trade) => Item::Event(trade.into()),
        Err(bad) => Item::Bad { raw: raw.get().as_bytes().to_vec(), bad },
    }));
}

/// Our name for a symbol.
pub fn instrument(symbol: &str) -> InstrumentId {
    InstrumentId::listed(symbol, "US")
}
