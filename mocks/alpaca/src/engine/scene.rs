use mockkit::market::Mark;
use rust_decimal::Decimal;

use super::order::{AssetIndex, Side};
use crate::assets::Asset;

/// All that the engine may know when it decides: it has no clock and no feed of its own.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub now: i64,
    pub phase: Phase,
    pub assets: &'a [Asset],
    /// One per asset.
    pub marks: &'a [Mark],
    pub rules: &'a Rules,
}

/// Part of the trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Closed,
    /// Before the open and after the close: only orders for extended hours work.
    Extended,
    Core,
}

/// Habits of the simulated venue.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How many fills in a hundred come in two parts though there was size enough.
    pub partial_fill_percent: u8,
    /// Whether `pending_new`, `pending_cancel` and `pending_replace` are told on the stream.
    pub announce_pending: bool,
}

/// The side of the quote that an order would meet.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    pub price: Decimal,
    pub size: Decimal,
}

/// What an order of this side would meet.
pub fn touch(mark: &Mark, side: Side) -> Option<Touch> {
    let quote = mark.quote?;
    let (price, size) = match side {
        Side::Buy => (quote.ask, quote.ask_size),
        Side::Sell => (quote.bid, quote.bid_size),
    };
    Some(Touch { price: price.decimal(), size: size.into() })
}

impl Scene<'_> {
    pub fn price(&self, asset: AssetIndex) -> Option<Decimal> {
        self.marks[asset].price()
    }
}
