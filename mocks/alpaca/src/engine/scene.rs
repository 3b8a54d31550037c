use mockkit::market::{Price, Quote, Trade};
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

/// What is known of an asset's market.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark {
    pub quote: Option<Quote>,
    /// Counts the quotes, so that size taken from one is not taken again.
    pub quote_number: u64,
    pub trade: Option<Trade>,
    pub previous_close: Option<Price>,
}

/// The side of the quote that an order would meet.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    pub price: Decimal,
    pub size: Decimal,
}

impl Mark {
    pub fn touch(&self, side: Side) -> Option<Touch> {
        let quote = self.quote?;
        let (price, size) = match side {
            Side::Buy => (quote.ask, quote.ask_size),
            Side::Sell => (quote.bid, quote.bid_size),
        };
        Some(Touch { price: price.decimal(), size: size.into() })
    }

    /// What a share is worth now: the last trade, else the middle of the quote, else the last
    /// close.
    pub fn price(&self) -> Option<Decimal> {
        let middle = |quote: Quote| (quote.bid.decimal() + quote.ask.decimal()) / Decimal::TWO;
        let traded = self.trade.map(|trade| trade.price.decimal());
        let close = self.previous_close.map(Price::decimal);
        traded.or(self.quote.map(middle)).or(close)
    }
}

impl Scene<'_> {
    pub fn price(&self, asset: AssetIndex) -> Option<Decimal> {
        self.marks[asset].price()
    }
}
