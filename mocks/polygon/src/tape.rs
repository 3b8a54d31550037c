//! The tape of one date: trades, quotes, second and minute bars of every listing, merged in the
//! order in which they become known.

use std::sync::Arc;

use mockkit::market::{Day, Price, Quote, Session, Trade, marks, session};
use mockkit::time::{MINUTE, SECOND};
use rust_decimal::prelude::ToPrimitive as _;

/// Where in its millisecond the first trade or quote stands, and how far the next ones follow. The
/// data is exact to the millisecond; the vendor's times are not round.
const FIRST_NS: u32 = 100_037;
const STEP_NS: u32 = 1_013;
const LAST_NS: u32 = 999_983;

/// A bar of any length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// Start.
    pub time: i64,
    pub open: Price,
    pub high: Price,
    pub low: Price,
    pub close: Price,
    pub volume: u64,
    pub trades: u32,
    pub vwap: Price,
    /// Of the day up to the end of this bar.
    pub day_volume: u64,
    pub day_vwap: Price,
}

/// One listing's part of the tape.
#[derive(Default)]
pub struct Track {
    pub seconds: Vec<Bar>,
    pub minutes: Vec<Bar>,
    /// Price of the first trade of the session, and when.
    pub open: Option<(i64, Price)>,
    trade_ns: Vec<u32>,
    quote_ns: Vec<u32>,
}

/// In the order in which things of the same moment are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Minute,
    Second,
    Quote,
    Trade,
}

#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// When it becomes known.
    pub time: i64,
    pub listing: u16,
    pub kind: Kind,
    pub index: u32,
}

pub struct Tape {
    pub day: Arc<Day>,
    pub tracks: Vec<Track>,
    pub events: Vec<Event>,
}

impl Tape {
    pub fn new(day: Arc<Day>) -> Tape {
        let session = session(day.date);
        let track = |series| Track::new(series, session);
        let tracks: Vec<Track> = day.series.iter().map(track).collect();
        let mut events = Vec::new();
        for (listing, (series, track)) in (0_u16..).zip(day.series.iter().zip(&tracks)) {
            let mut add = |kind, times: &mut dyn Iterator<Item = i64>| {
                let event = |(index, time)| Event { time, listing, kind, index };
                events.extend((0_u32..).zip(times).map(event));
            };
            add(Kind::Minute, &mut track.minutes.iter().map(|bar| bar.time + MINUTE));
            add(Kind::Second, &mut track.seconds.iter().map(|bar| bar.time + SECOND));
            add(Kind::Quote, &mut series.quotes.iter().map(|quote| quote.time));
            add(Kind::Trade, &mut series.trades.iter().map(|trade| trade.time));
        }
        events.sort_by_key(|event| (event.time, event.kind, event.listing, event.index));
        Tape { day, tracks, events }
    }

    pub fn trades(&self, listing: usize) -> &[Trade] {
        self.day.series.get(listing).map_or(&[], |series| &series.trades)
    }

    pub fn quotes(&self, listing: usize) -> &[Quote] {
        self.day.series.get(listing).map_or(&[], |series| &series.quotes)
    }

    /// Nanosecond of the consolidated tape.
    pub fn trade_time(&self, listing: usize, index: usize) -> i64 {
        self.trades(listing)[index].time + i64::from(self.tracks[listing].trade_ns[index])
    }

    pub fn quote_time(&self, listing: usize, index: usize) -> i64 {
        self.quotes(listing)[index].time + i64::from(self.tracks[listing].quote_ns[index])
    }
}

impl Track {
    fn new(series: &mockkit::market::Series, session: Option<Session>) -> Track {
        let mut track = Track {
            seconds: seconds(&series.trades),
            minutes: series.bars.iter().map(minute).collect(),
            open: None,
            trade_ns: fractions(series.trades.iter().map(|trade| trade.time)),
            quote_ns: fractions(series.quotes.iter().map(|quote| quote.time)),
        };
        sum_up(&mut track.seconds);
        sum_up(&mut track.minutes);
        let in_session = |time: i64| session.as_ref().is_none_or(|session| session.contains(time));
        let opening = |trade: &&Trade| trade.counts() && trade.marks & marks::OPENING != 0;
        let first = |trade: &&Trade| trade.counts() && in_session(trade.time);
        let trades = &series.trades;
        let open = trades.iter().find(opening).or_else(|| trades.iter().find(first));
        track.open = open.map(|trade| (trade.time, trade.price));
        track
    }
}

fn minute(bar: &mockkit::market::Bar) -> Bar {
    let vwap = (bar.vwap * rust_decimal::Decimal::from(10_000)).round().to_i64();
    Bar {
        time: bar.time,
        open: bar.open,
        high: bar.high,
        low: bar.low,
        close: bar.close,
        volume: bar.volume,
        trades: bar.trades,
        vwap: vwap.map_or(bar.close, Price),
        ..Bar::default()
    }
}

/// Bars of the seconds in which something was traded.
fn seconds(trades: &[Trade]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    let mut money = 0_i128;
    for trade in trades.iter().filter(|trade| trade.counts() && trade.size > 0) {
        let start = trade.time.div_euclid(SECOND) * SECOND;
        let price = trade.price;
        if bars.last().is_none_or(|bar| bar.time != start) {
            money = 0;
            let (open, high, low) = (price, price, price);
            bars.push(Bar { time: start, open, high, low, ..Bar::default() });
        }
        let Some(bar) = bars.last_mut() else { continue };
        money += i128::from(trade.size) * i128::from(price.0);
        bar.high = bar.high.max(price);
        bar.low = bar.low.min(price);
        bar.close = price;
        bar.volume += u64::from(trade.size);
        bar.trades += 1;
        bar.vwap = average(money, bar.volume, price);
    }
    bars
}

/// Volume and average price of the day up to each bar.
fn sum_up(bars: &mut [Bar]) {
    let (mut volume, mut money) = (0_u64, 0_i128);
    for bar in bars {
        volume += bar.volume;
        money += i128::from(bar.volume) * i128::from(bar.vwap.0);
        (bar.day_volume, bar.day_vwap) = (volume, average(money, volume, bar.vwap));
    }
}

/// An average price, rounded to the ten-thousandth.
pub fn average(money: i128, volume: u64, otherwise: Price) -> Price {
    if volume == 0 {
        return otherwise;
    }
    let rounded = (money + i128::from(volume) / 2) / i128::from(volume);
    i64::try_from(rounded).map_or(otherwise, Price)
}

fn fractions(times: impl Iterator<Item = i64>) -> Vec<u32> {
    let (mut last, mut ns) = (i64::MIN, FIRST_NS);
    let fraction = |time| {
        ns = if time == last { (ns + STEP_NS).min(LAST_NS) } else { FIRST_NS };
        last = time;
        ns
    };
    times.map(fraction).collect()
}
