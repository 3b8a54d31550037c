//! Bars within a day.

use mockkit::Result;
use mockkit::market::{self, Market, Quote, Series, Session};
use mockkit::time::{self, MINUTE};
use rust_decimal::Decimal;

use super::spans::{self, BarSize};
use super::{Bar, Span, What};

pub fn bars(
    market: &Market,
    listing: usize,
    what: What,
    size: BarSize,
    span: Span,
) -> Result<Vec<Bar>> {
    let (first, last) = (time::new_york_date(span.from), time::new_york_date(span.to));
    let mut all = Vec::new();
    for date in market.days().iter().filter(|date| (first..=last).contains(date)) {
        let Some(session) = market::session(*date) else { continue };
        let (open, close) = hours(&session, span.regular);
        let part = (open.max(span.from), close.min(span.to));
        let day = market.day(*date)?;
        let pieces = pieces(&day.series[listing], what, size, part);
        all.extend(gather(&pieces, size, open));
    }
    Ok(all)
}

/// The hours of a session that count.
pub fn hours(session: &Session, regular: bool) -> (i64, i64) {
    if regular { (session.open, session.close) } else { (session.first(), session.last()) }
}

/// The smallest bars there are, at most as long as those that are wanted.
fn pieces(series: &Series, what: What, size: BarSize, (from, to): (i64, i64)) -> Vec<Bar> {
    if what.has_volume() {
        if size.nanoseconds() < MINUTE {
            return prints(series, (from, to));
        }
        let within = |bar: &&market::Bar| bar.time >= from && bar.end() <= to;
        let mut pieces: Vec<Bar> = series.bars.iter().filter(within).map(minute).collect();
        // The minute that has not ended yet is known by its trades.
        let open_since = to.div_euclid(MINUTE) * MINUTE;
        pieces.extend(prints(series, (open_since.max(from), to)));
        return pieces;
    }
    let quotes = &series.quotes;
    let start = quotes.partition_point(|quote| quote.time < from);
    let end = quotes.partition_point(|quote| quote.time < to).max(start);
    quotes[start..end].iter().map(|quote| quoted(quote, what)).collect()
}

fn prints(series: &Series, (from, to): (i64, i64)) -> Vec<Bar> {
    let start = series.trades.partition_point(|trade| trade.time < from);
    let end = series.trades.partition_point(|trade| trade.time < to).max(start);
    let counting = series.trades[start..end].iter().filter(|trade| trade.counts());
    counting
        .map(|trade| {
            let price = trade.price.decimal();
            let bar = Bar::flat(trade.time, price, What::Trades);
            Bar { volume: trade.size.into(), count: 1, ..bar }
        })
        .collect()
}

fn minute(bar: &market::Bar) -> Bar {
    Bar {
        time: bar.time,
        open: bar.open.decimal(),
        high: bar.high.decimal(),
        low: bar.low.decimal(),
        close: bar.close.decimal(),
        volume: bar.volume.into(),
        wap: bar.vwap,
        count: i32::try_from(bar.trades).unwrap_or(i32::MAX),
    }
}

pub fn quoted(quote: &Quote, what: What) -> Bar {
    let (bid, ask) = (quote.bid.decimal(), quote.ask.decimal());
    let price = match what {
        What::Bid => bid,
        What::Ask => ask,
        _ => (bid + ask) / Decimal::TWO,
    };
    let bar = Bar::flat(quote.time, price, what);
    if what == What::BidAsk {
        Bar { open: bid, low: bid, high: ask, close: ask, ..bar }
    } else {
        bar
    }
}

/// Puts pieces into bars of one size. The first bar of a session may be short.
fn gather(pieces: &[Bar], size: BarSize, open: i64) -> Vec<Bar> {
    let length = size.nanoseconds().min(spans::LONGEST);
    let mut bars: Vec<Bar> = Vec::new();
    for piece in pieces {
        let start = spans::bucket(piece.time, length).max(open);
        match bars.last_mut().filter(|bar| bar.time == start) {
            Some(bar) => bar.join(piece),
            None => bars.push(Bar { time: start, ..*piece }),
        }
    }
    bars
}
