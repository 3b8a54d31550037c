//! The last price of every instrument.

use std::collections::HashMap;

use model::{Decimal, InstrumentId, Quote, Timestamp, Trade, TradeStatus};

/// Instruments whose prices are kept. One beyond that has no price, so that its orders are
/// treated as if the market had not been heard of: no more instruments than this are listed in
/// the US, options aside.
const MAX_INSTRUMENTS: usize = 50_000;

/// A quote whose sides lie further apart than this, in percent of the middle, says too little
/// about the price.
const MAX_SPREAD_PERCENT: i64 = 10;

/// Last prices by instrument.
#[derive(Debug, Default)]
pub(crate) struct Market {
    prices: HashMap<InstrumentId, Last>,
}

#[derive(Debug, Default)]
struct Last {
    quote: Option<Reference>,
    trade: Option<Reference>,
}

/// A price with its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) price: Decimal,
    /// By the vendor's clock.
    pub(crate) event_time: Timestamp,
    /// By ours: the age of a price is how long ago it reached us.
    pub(crate) received_time: Timestamp,
}

/// Why there is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPrice {
    /// None has been heard of.
    Unheard,
    /// The latest is this many seconds old.
    Stale(i64),
}

impl Market {
    pub(crate) fn note_quote(&mut self, quote: &Quote) {
        let price = middle(quote.bid_price, quote.ask_price);
        let (event_time, received_time) = (quote.head.event_time, quote.head.received_time);
        let reference = price.map(|price| Reference { price, event_time, received_time });
        if let (Some(reference), Some(last)) = (reference, self.last(&quote.instrument)) {
            replace_older(&mut last.quote, reference);
        }
    }

    pub(crate) fn note_trade(&mut self, trade: &Trade) {
        let is_price = trade.price > Decimal::ZERO && trade.status == TradeStatus::Original;
        let (event_time, received_time) = (trade.head.event_time, trade.head.received_time);
        let reference = Reference { price: trade.price, event_time, received_time };
        if let Some(last) = self.last(&trade.instrument).filter(|_| is_price) {
            replace_older(&mut last.trade, reference);
        }
    }

    /// The latest price at a time, unless it is older than `max_age_secs`.
    pub(crate) fn reference(
        &self,
        instrument: &InstrumentId,
        now: Timestamp,
        max_age_secs: u32,
    ) -> Result<Reference, NoPrice> {
        let last = self.prices.get(instrument).ok_or(NoPrice::Unheard)?;
        let latest = [last.quote, last.trade].into_iter().flatten();
        let latest = latest.max_by_key(|reference| reference.received_time);
        let latest = latest.ok_or(NoPrice::Unheard)?;
        let age_secs = now.since(latest.received_time) / 1_000_000_000;
        if age_secs > i64::from(max_age_secs) {
            return Err(NoPrice::Stale(age_secs));
        }
        Ok(latest)
    }

    fn last(&mut self, instrument: &InstrumentId) -> Option<&mut Last> {
        if self.prices.len() >= MAX_INSTRUMENTS && !self.prices.contains_key(instrument) {
            return None;
        }
        if !self.prices.contains_key(instrument) {
            self.prices.insert(instrument.clone(), Last::default());
        }
        self.prices.get_mut(instrument)
    }
}

/// A repaired gap brings old prices late; they do not replace newer ones.
fn replace_older(kept: &mut Option<Reference>, new: Reference) {
    if kept.is_none_or(|kept| kept.event_time <= new.event_time) {
        *kept = Some(new);
    }
}

/// The middle of a quote that can be believed: two sides, not crossed, not too wide.
fn middle(bid: Option<Decimal>, ask: Option<Decimal>) -> Option<Decimal> {
    let (bid, ask) = (bid?, ask?);
    if bid <= Decimal::ZERO || ask < bid {
        return None;
    }
    let middle = bid.checked_add(ask)?.checked_div(Decimal::TWO)?;
    let allowed = middle.checked_mul(MAX_SPREAD_PERCENT.into())?;
    let spread = ask.checked_sub(bid)?.checked_mul(Decimal::ONE_HUNDRED)?;
    (spread <= allowed).then(|| model::round(middle))
}
