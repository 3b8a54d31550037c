//! Bars of any size from the replayed days, never from what is still to come.

mod buckets;
mod daily;
mod spans;

use mockkit::market::{Market, Price};
use mockkit::{Result, time};
use rust_decimal::Decimal;

pub use buckets::quoted;
pub use spans::{BarSize, Duration, bucket, size_names};

use crate::instruments::Instrument;

/// What bars are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Trades,
    AdjustedLast,
    Bid,
    Ask,
    MidPoint,
    /// Average bid and ask of the period, and its extremes.
    BidAsk,
    Schedule,
}

/// One bar; -1 stands for what this kind does not have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    pub time: i64,
    pub open: Decimal,
    pub high: Decimal,
    pub low: Decimal,
    pub close: Decimal,
    pub volume: Decimal,
    pub wap: Decimal,
    pub count: i32,
}

/// A stretch of history.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from: i64,
    /// Not included.
    pub to: i64,
    /// Only the exchange's own hours.
    pub regular: bool,
}

impl What {
    pub fn parse(text: &str) -> Option<What> {
        Some(match text {
            "TRADES" | "AGGTRADES" => What::Trades,
            "ADJUSTED_LAST" => What::AdjustedLast,
            "BID" => What::Bid,
            "ASK" => What::Ask,
            "MIDPOINT" => What::MidPoint,
            "BID_ASK" => What::BidAsk,
            "SCHEDULE" => What::Schedule,
            _ => return None,
        })
    }

    pub fn has_volume(self) -> bool {
        matches!(self, What::Trades | What::AdjustedLast)
    }
}

impl Bar {
    /// The bar of a period in which nothing happened.
    pub fn flat(time: i64, price: Decimal, what: What) -> Bar {
        let none = if what.has_volume() { Decimal::ZERO } else { Decimal::NEGATIVE_ONE };
        let count = if what.has_volume() { 0 } else { -1 };
        let wap = if what.has_volume() { price } else { none };
        Bar { time, open: price, high: price, low: price, close: price, volume: none, wap, count }
    }

    /// This bar and the one after it as one.
    fn join(&mut self, next: &Bar) {
        let worth = self.wap * self.volume + next.wap * next.volume;
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
        if self.count >= 0 {
            self.volume += next.volume;
            self.count = self.count.saturating_add(next.count.max(0));
            if !self.volume.is_zero() {
                self.wap = (worth / self.volume).round_dp(6);
            }
        }
    }

    fn scaled(&self, by: Decimal) -> Bar {
        let scale = |price: Decimal| (price * by).round_dp(4).normalize();
        let wap = if self.count >= 0 { scale(self.wap) } else { self.wap };
        Bar {
            open: scale(self.open),
            high: scale(self.high),
            low: scale(self.low),
            close: scale(self.close),
            wap,
            ..*self
        }
    }
}

/// Bars that start within the span, oldest first.
pub fn bars(
    market: &Market,
    instrument: &Instrument,
    what: What,
    size: BarSize,
    span: Span,
) -> Result<Vec<Bar>> {
    if let crate::instruments::Source::Still { bid, ask } = instrument.source {
        return Ok(still(bid, ask, what, size, span));
    }
    let Some((listing, factor)) = instrument.listing() else { return Ok(Vec::new()) };
    let bars = if size.is_days() {
        daily::bars(market, listing, what, size, span)?
    } else {
        buckets::bars(market, listing, what, size, span)?
    };
    if factor == 1 {
        return Ok(bars);
    }
    Ok(bars.iter().map(|bar| bar.scaled(factor.into())).collect())
}

/// The first moment of which anything is known.
pub fn head(market: &Market, instrument: &Instrument) -> Option<i64> {
    let (listing, _) = instrument.listing()?;
    let daily = market.listings()[listing].daily.first().map(|bar| bar.date);
    let first = daily.or_else(|| market.days().first().copied())?;
    mockkit::market::session(first).map(|session| session.open)
}

/// Prices that never move have bars all the same.
fn still(bid: Price, ask: Price, what: What, size: BarSize, span: Span) -> Vec<Bar> {
    const MOST: usize = 5_000;
    let price = match what {
        What::Bid => bid.decimal(),
        What::Ask => ask.decimal(),
        // There is no tape of trades in currencies.
        What::Trades | What::AdjustedLast | What::Schedule => return Vec::new(),
        What::MidPoint | What::BidAsk => (bid.decimal() + ask.decimal()) / Decimal::TWO,
    };
    let step = if size.is_days() { time::DAY } else { size.nanoseconds() };
    let first = span.from.div_euclid(step) * step;
    let starts = (0..).map(|number| first + number * step).take_while(|start| *start < span.to);
    let bar = |start| {
        let bar = Bar::flat(start, price, what);
        if what == What::BidAsk {
            Bar {
                open: bid.decimal(),
                low: bid.decimal(),
                high: ask.decimal(),
                close: ask.decimal(),
                ..bar
            }
        } else {
            bar
        }
    };
    starts.filter(|start| *start >= span.from).take(MOST).map(bar).collect()
}
