//! Real market data to replay: trades, best quotes and minute bars of whole days, daily bars,
//! split and dividend factors, and the calendar of the exchanges.
//!
//! The files are in the layout of QuantConnect's Lean (`data/SOURCES.md`). A day is built from the
//! finest rows there are: ticks where they exist, outside their range second rows, else minute
//! rows. A second or minute row becomes one trade, at its close price with its whole volume, and
//! one quote, at its closing bid and ask, both a millisecond before the row's period ends: nothing
//! is known before it happened. Ticks carry one venue's quote on one side at a time; the best bid
//! and ask over all venues are kept up from them, and published whenever they change.

mod calendar;
mod day;
mod factors;
mod lean;
mod price;
mod source;
mod tape;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;

pub use calendar::{Session, next_session, previous_session, session, sessions};
pub use day::{Bar, Day, Event, Item, Quote, Series, Trade, marks};
pub use factors::{CashDividend, Factor, Split};
pub use price::{Price, write_integer};
pub use tape::{Mark, Tape};

use crate::Result;
use source::Source;

/// All that is known of the market, days loaded when first asked for.
pub struct Market {
    source: Source,
    listings: Vec<Listing>,
    days: Vec<Date>,
    loaded: Mutex<BTreeMap<Date, Arc<Day>>>,
}

/// One instrument; its index in [`Market::listings`] names it everywhere else.
#[derive(Clone, Debug)]
pub struct Listing {
    pub symbol: String,
    /// Primary venue: N New York, P Arca, Q Nasdaq.
    pub venue: char,
    /// One per session, oldest first.
    pub daily: Vec<DailyBar>,
    /// Oldest first.
    pub factors: Vec<Factor>,
    /// Whether trades and quotes of any day are known.
    pub intraday: bool,
}

/// Raw prices of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyBar {
    pub date: Date,
    pub open: Price,
    pub high: Price,
    pub low: Price,
    pub close: Price,
    pub volume: u64,
}

impl Market {
    /// The slice of data that the crate carries. It is read once in a process, for all mocks and
    /// tests in it.
    pub fn embedded() -> Result<Arc<Market>> {
        static EMBEDDED: Mutex<Option<Arc<Market>>> = Mutex::new(None);
        let mut embedded = EMBEDDED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(market) = embedded.as_ref() {
            return Ok(Arc::clone(market));
        }
        let market = Arc::new(Market::new(Source::Embedded)?);
        *embedded = Some(Arc::clone(&market));
        Ok(market)
    }

    /// Data from a folder in Lean's layout, or from a folder that has it as `equities/`.
    pub fn from_folder(path: &Path) -> Result<Arc<Market>> {
        let inner = path.join("equities");
        let root = if inner.is_dir() { inner } else { path.to_owned() };
        Market::new(Source::Folder(root)).map(Arc::new)
    }

    fn new(source: Source) -> Result<Market> {
        let (listings, days) = lean::listings(&source)?;
        Ok(Market { source, listings, days, loaded: Mutex::default() })
    }

    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    pub fn index(&self, symbol: &str) -> Option<usize> {
        self.listings.binary_search_by(|listing| listing.symbol.as_str().cmp(symbol)).ok()
    }

    /// Dates with trades and quotes, oldest first.
    pub fn days(&self) -> &[Date] {
        &self.days
    }

    /// Everything that happened on a date; an empty day if nothing is known of it.
    pub fn day(&self, date: Date) -> Result<Arc<Day>> {
        if self.days.binary_search(&date).is_err() {
            return Ok(Arc::new(Day::empty(date, self.listings.len())));
        }
        // The lock is held while a day is read, so that nobody reads it twice.
        let mut loaded = self.loaded();
        if let Some(day) = loaded.get(&date) {
            return Ok(Arc::clone(day));
        }
        let day = Arc::new(lean::day(&self.source, &self.listings, date)?);
        loaded.insert(date, Arc::clone(&day));
        Ok(day)
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, BTreeMap<Date, Arc<Day>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::time;

    #[test]
    fn embedded_days_are_in_order_and_sane() {
        let market = Market::embedded().unwrap();
        let symbols: Vec<&str> = market.listings().iter().map(|l| l.symbol.as_str()).collect();
        assert_eq!(symbols, ["AAPL", "AIG", "BAC", "IBM", "SPY"]);
        for date in market.days() {
            let day = market.day(*date).unwrap();
            assert!(day.events.is_sorted_by_key(|event| event.time));
            assert!(day.events.iter().all(|event| time::new_york_date(event.time) == *date));
            for series in &day.series {
                assert!(series.quotes.iter().all(|quote| quote.bid <= quote.ask));
                assert!(series.trades.is_sorted_by_key(|trade| trade.id));
                let vwap =
                    |bar: &Bar| bar.low.decimal() <= bar.vwap && bar.vwap <= bar.high.decimal();
                assert!(series.bars.iter().all(vwap));
            }
        }
    }

    #[test]
    fn ticks_win_over_seconds_and_seconds_over_minutes() {
        let market = Market::embedded().unwrap();
        let day = market.day(market.days()[0]).unwrap();
        let count = |symbol: &str| day.series[market.index(symbol).unwrap()].trades.len();
        let near_open = |symbol: &str| {
            let (from, to) = ("2013-10-07T13:30:00Z", "2013-10-07T13:31:00Z");
            let range = time::parse(from).unwrap()..time::parse(to).unwrap();
            let trades = &day.series[market.index(symbol).unwrap()].trades;
            trades.iter().filter(|trade| range.contains(&trade.time)).count()
        };
        assert_eq!(near_open("BAC"), 700);
        assert!((2..=60).contains(&near_open("IBM")));
        assert_eq!(near_open("AIG"), 1);
        assert!(count("AIG") < 1000 && count("IBM") > 5000 && count("AAPL") == 0);
    }

    #[test]
    fn a_folder_is_read_and_a_bad_row_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Market::from_folder(folder.path()).is_err());
        let minute = folder.path().join("equities/minute/acme");
        std::fs::create_dir_all(&minute).unwrap();
        let trades =
            "34200000,100000,101000,99000,100500,700\n34260000,100500,100500,100500,100500,1\n";
        std::fs::write(minute.join("20131007_trade.csv"), trades).unwrap();
        let quotes = "34200000,99900,99900,99900,99900,100,,,,,\n\
                      34260000,1,1,1,99900,100,2,2,2,100100,200\n";
        std::fs::write(minute.join("20131007_quote.csv"), quotes).unwrap();
        let market = Market::from_folder(folder.path()).unwrap();
        let day = market.day(market.days()[0]).unwrap();
        let series = &day.series[market.index("ACME").unwrap()];
        assert_eq!((series.trades.len(), series.quotes.len(), series.bars.len()), (2, 1, 2));
        assert_eq!(time::utc(series.trades[0].time), "2013-10-07T13:30:59.999Z");
        assert_eq!(series.trades[0].price, Price(100_500));

        std::fs::write(minute.join("20131007_trade.csv"), format!("{trades}1,2,x,4,5,6\n"))
            .unwrap();
        let market = Market::from_folder(folder.path()).unwrap();
        let error = market.day(market.days()[0]).unwrap_err().to_string();
        assert!(
            error.contains("20131007_trade") && error.contains("line 3") && error.contains("\"x\"")
        );
    }

    #[test]
    fn the_apple_split_and_dividends_come_from_the_factors() {
        let market = Market::embedded().unwrap();
        let apple = &market.listings()[market.index("AAPL").unwrap()];
        let splits: Vec<String> = apple
            .splits()
            .iter()
            .map(|s| format!("{} {}:{}", s.ex_date, s.new_rate, s.old_rate))
            .collect();
        assert_eq!(
            splits,
            ["2000-06-21 2:1", "2005-02-28 2:1", "2014-06-09 7:1", "2020-08-31 4:1"]
        );
        let dividends = apple.cash_dividends();
        let may = dividends.iter().find(|d| d.ex_date.to_string() == "2013-05-09").unwrap();
        assert_eq!(may.rate.to_string(), "3.05");
    }
}
