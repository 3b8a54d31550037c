use mockkit::market::{Mark, Tape, session};
use mockkit::time;
use rust_decimal::Decimal;

use super::order::Side;
use crate::instruments::{Index, Instrument};

/// All that the engine may know when it decides: it has no clock and no feed of its own.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub now: i64,
    pub phase: Phase,
    pub instruments: &'a [Instrument],
    pub tape: &'a Tape,
    pub rules: &'a Rules,
}

/// Part of the trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Closed,
    /// Before the open and after the close: only orders for all hours work.
    Extended,
    Core,
}

/// Habits of the simulated venue and its broker.
#[derive(Clone, Debug)]
pub struct Rules {
    pub partial_fill_percent: u8,
    pub announce_pending: bool,
    pub check_funds: bool,
    pub active_orders: usize,
}

/// The side of the quote that an order would meet.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    pub price: Decimal,
    pub size: Decimal,
    pub venue: char,
}

impl Scene<'_> {
    pub fn instrument(&self, index: Index) -> &Instrument {
        &self.instruments[index]
    }

    pub fn mark(&self, index: Index) -> Mark {
        self.instruments[index].mark(self.tape)
    }

    pub fn price(&self, index: Index) -> Option<Decimal> {
        self.mark(index).price()
    }

    pub fn touch(&self, index: Index, side: Side) -> Option<Touch> {
        let quote = self.mark(index).quote?;
        let (price, size, venue) = match side {
            Side::Buy => (quote.ask, quote.ask_size, quote.ask_venue),
            Side::Sell => (quote.bid, quote.bid_size, quote.bid_venue),
        };
        Some(Touch { price: price.decimal(), size: size.into(), venue })
    }
}

pub fn phase(now: i64) -> Phase {
    match session(time::new_york_date(now)) {
        Some(session) if session.contains(now) => Phase::Core,
        Some(session) if (session.first()..session.last()).contains(&now) => Phase::Extended,
        _ => Phase::Closed,
    }
}
