//! Equities: the replayed market as it is known at some time.

pub mod bars;
pub mod history;
pub mod movers;
pub mod quotes;
pub mod series;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use mockkit::Result;
use mockkit::market::{Bar, DailyBar, Listing, Market, session};
use mockkit::time::{self, MINUTE};
use rust_decimal::Decimal;

/// Everything known of the equities, whenever it happened.
pub struct Stocks {
    market: Arc<Market>,
    /// One per listing.
    known: Vec<Known>,
}

/// What belongs to one listing.
struct Known {
    /// Minutes of all days with such data, oldest first.
    minutes: Vec<Bar>,
    dividends: BTreeMap<Date, Decimal>,
    /// New shares for one old share.
    splits: BTreeMap<Date, Decimal>,
}

impl Stocks {
    pub fn load(market: Arc<Market>) -> Result<Stocks> {
        let mut known: Vec<Known> = market.listings().iter().map(Known::new).collect();
        for date in market.days() {
            let day = market.day(*date)?;
            for (known, series) in known.iter_mut().zip(&day.series) {
                known.minutes.extend(&series.bars);
            }
        }
        Ok(Stocks { market, known })
    }

    pub fn listings(&self) -> &[Listing] {
        self.market.listings()
    }

    pub fn listing(&self, index: usize) -> &Listing {
        &self.market.listings()[index]
    }

    /// Symbols are found in whatever case.
    pub fn find(&self, symbol: &str) -> Option<usize> {
        self.market.index(&symbol.to_ascii_uppercase())
    }

    /// Dividends a share by their ex-dates, oldest first.
    pub fn dividends(&self, index: usize) -> &BTreeMap<Date, Decimal> {
        &self.known[index].dividends
    }

    /// New shares for one old share by their dates, oldest first.
    pub fn splits(&self, index: usize) -> &BTreeMap<Date, Decimal> {
        &self.known[index].splits
    }
}

impl Known {
    fn new(listing: &Listing) -> Known {
        let dividends = listing.cash_dividends();
        let splits = listing.splits().into_iter().filter(|split| !split.old_rate.is_zero());
        Known {
            minutes: Vec::new(),
            dividends: dividends.into_iter().map(|paid| (paid.ex_date, paid.rate)).collect(),
            splits: splits.map(|split| (split.ex_date, split.new_rate / split.old_rate)).collect(),
        }
    }
}

/// When a day's regular session ends, also on a day that the calendar thinks is a holiday.
fn close_of(date: Date) -> i64 {
    session(date).map_or_else(|| time::new_york_at(date, 16, 0), |session| session.close)
}

fn open_of(date: Date) -> i64 {
    time::new_york_at(date, 9, 30)
}

/// The regular session of one date.
#[derive(Clone, Copy, Debug)]
pub struct DayBar {
    pub bar: DailyBar,
    /// Whether the session is over.
    pub is_final: bool,
}

fn is_regular(bar: &Bar) -> bool {
    let date = time::new_york_date(bar.time);
    (open_of(date)..close_of(date)).contains(&bar.time)
}

fn end(bar: &Bar) -> i64 {
    bar.time.saturating_add(MINUTE)
}
