use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Price;

/// What is known of a trade beyond its price, as bits.
pub mod marks {
    pub const EXTENDED_HOURS: u8 = 1;
    pub const SWEEP: u8 = 2;
    pub const OPENING: u8 = 4;
    pub const CLOSING: u8 = 8;
    /// A statement of the official opening price, not a trade of its own.
    pub const OFFICIAL_OPEN: u8 = 16;
    /// A statement of the official closing price, not a trade of its own.
    pub const OFFICIAL_CLOSE: u8 = 32;
}

/// A public print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    pub time: i64,
    /// Counts the trades of a symbol and day from 1.
    pub id: u64,
    pub price: Price,
    pub size: u32,
    /// Letter of the venue, as on the consolidated tape.
    pub venue: char,
    pub marks: u8,
}

/// Best bid and ask, and the venues that show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    pub time: i64,
    pub bid: Price,
    pub bid_size: u32,
    pub bid_venue: char,
    pub ask: Price,
    pub ask_size: u32,
    pub ask_venue: char,
}

/// One minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Start of the minute.
    pub time: i64,
    pub open: Price,
    pub high: Price,
    pub low: Price,
    pub close: Price,
    pub volume: u64,
    pub trades: u32,
    pub vwap: Decimal,
}

/// The day of one instrument.
#[derive(Clone, Debug, Default)]
pub struct Series {
    pub trades: Vec<Trade>,
    pub quotes: Vec<Quote>,
    pub bars: Vec<Bar>,
}

/// A place in one of the series, at the time when it becomes known: a bar when its minute is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub time: i64,
    /// Index in [`super::Market::listings`].
    pub symbol: u16,
    kind: Kind,
    index: u32,
}

/// In the order in which things of the same moment are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Bar,
    Quote,
    Trade,
}

/// What an event points at.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    Trade(&'a Trade),
    Quote(&'a Quote),
    Bar(&'a Bar),
}

/// All instruments of one date, and everything that happened merged in time.
#[derive(Clone, Debug)]
pub struct Day {
    pub date: Date,
    /// One per listing.
    pub series: Vec<Series>,
    pub events: Vec<Event>,
}

impl Day {
    pub fn empty(date: Date, listings: usize) -> Day {
        Day { date, series: vec![Series::default(); listings], events: Vec::new() }
    }

    pub(super) fn new(date: Date, series: Vec<Series>) -> Day {
        let mut events = Vec::new();
        for (symbol, series) in (0_u16..).zip(&series) {
            let times = [
                (Kind::Bar, series.bars.iter().map(Bar::end).collect::<Vec<_>>()),
                (Kind::Quote, series.quotes.iter().map(|quote| quote.time).collect()),
                (Kind::Trade, series.trades.iter().map(|trade| trade.time).collect()),
            ];
            for (kind, times) in times {
                let event = |(index, time)| Event { time, symbol, kind, index };
                events.extend((0_u32..).zip(times).map(event));
            }
        }
        events.sort_by_key(|event| (event.time, event.kind, event.symbol, event.index));
        Day { date, series, events }
    }

    pub fn item(&self, event: Event) -> Item<'_> {
        let series = &self.series[usize::from(event.symbol)];
        let index = event.index as usize;
        match event.kind {
            Kind::Bar => Item::Bar(&series.bars[index]),
            Kind::Quote => Item::Quote(&series.quotes[index]),
            Kind::Trade => Item::Trade(&series.trades[index]),
        }
    }
}

impl Bar {
    /// When the minute is over.
    pub fn end(&self) -> i64 {
        self.time + crate::time::MINUTE
    }
}

impl Trade {
    /// Whether it says what the market did, and not what the day's official price is.
    pub fn counts(&self) -> bool {
        self.marks & (marks::OFFICIAL_OPEN | marks::OFFICIAL_CLOSE) == 0
    }
}
