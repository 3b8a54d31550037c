use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Day, Event, Item, Market, Price, Quote, Trade, marks};
use crate::{Result, time};

/// Size of a quote made up from a close.
const CLOSE_SIZE: u32 = 1_000;

/// Where the replay is: what has happened up to now, and what comes next.
///
/// An instrument with daily bars only is quoted at its last close, a cent wide, so that it can be
/// traded too.
pub struct Tape {
    market: Arc<Market>,
    day: Arc<Day>,
    /// Index of the first event of the day that has not happened yet.
    next: usize,
    /// One per instrument; those beyond the market's listings stay empty.
    marks: Vec<Mark>,
}

/// What is known of an instrument's market.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark {
    pub quote: Option<Quote>,
    /// Counts the quotes, so that size taken from one is not taken again.
    pub quote_number: u64,
    pub trade: Option<Trade>,
    pub previous_close: Option<Price>,
}

impl Mark {
    /// What one unit is worth now: the last trade, else the middle of the quote, else the last
    /// close.
    pub fn price(&self) -> Option<Decimal> {
        let middle = |quote: Quote| (quote.bid.decimal() + quote.ask.decimal()) / Decimal::TWO;
        let traded = self.trade.map(|trade| trade.price.decimal());
        let close = self.previous_close.map(Price::decimal);
        traded.or(self.quote.map(middle)).or(close)
    }
}

impl Tape {
    /// A tape of the market's listings.
    pub fn new(market: Arc<Market>, now: i64) -> Result<Tape> {
        let listings = market.listings().len();
        Tape::with_instruments(market, listings, now)
    }

    /// A tape with room for more instruments than the market lists.
    pub fn with_instruments(market: Arc<Market>, count: usize, now: i64) -> Result<Tape> {
        let day = Arc::new(Day::empty(time::new_york_date(now), market.listings().len()));
        let mut tape = Tape { market, day, next: 0, marks: vec![Mark::default(); count] };
        tape.seek(now)?;
        Ok(tape)
    }

    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub fn day(&self) -> &Arc<Day> {
        &self.day
    }

    /// Jumps to a time, as if everything before it had been seen and nothing after.
    pub fn seek(&mut self, now: i64) -> Result<()> {
        self.marks.fill(Mark::default());
        self.start_day(time::new_york_date(now))?;
        while self.next_time().is_some_and(|time| time <= now) {
            self.step();
        }
        Ok(())
    }

    /// Turns to another date. Quotes and trades of earlier days stay until there are new ones.
    pub fn start_day(&mut self, date: Date) -> Result<()> {
        self.day = self.market.day(date)?;
        self.next = 0;
        for (index, listing) in self.market.listings().iter().enumerate() {
            let Some(close) = previous_close(&self.market, index, date)? else { continue };
            let mark = &mut self.marks[index];
            mark.previous_close = Some(close.price);
            if !listing.intraday {
                mark.quote = Some(close.quote(listing.venue));
                mark.trade = Some(close.trade(listing.venue));
                mark.quote_number += 1;
            } else if mark.trade.is_none() {
                mark.trade = Some(close.trade(listing.venue));
            }
        }
        Ok(())
    }

    pub fn next_time(&self) -> Option<i64> {
        self.day.events.get(self.next).map(|event| event.time)
    }

    /// Lets the next event happen.
    pub fn step(&mut self) -> Option<Event> {
        let event = *self.day.events.get(self.next)?;
        self.next += 1;
        let mark = &mut self.marks[usize::from(event.symbol)];
        match self.day.item(event) {
            Item::Quote(quote) => {
                mark.quote = Some(*quote);
                mark.quote_number += 1;
            }
            Item::Trade(trade) if trade.counts() => mark.trade = Some(*trade),
            Item::Trade(_) | Item::Bar(_) => {}
        }
        Some(event)
    }
}

struct Close {
    time: i64,
    price: Price,
}

impl Close {
    fn quote(&self, venue: char) -> Quote {
        Quote {
            time: self.time,
            bid: self.price,
            bid_size: CLOSE_SIZE,
            bid_venue: venue,
            ask: Price(self.price.0 + 100),
            ask_size: CLOSE_SIZE,
            ask_venue: venue,
        }
    }

    fn trade(&self, venue: char) -> Trade {
        let (time, price) = (self.time, self.price);
        Trade { time, id: 1, price, size: 100, venue, marks: marks::CLOSING }
    }
}

/// Close of the session before a date: from the daily bars, else from the last minutes of the day
/// before in the data.
fn previous_close(market: &Market, index: usize, date: Date) -> Result<Option<Close>> {
    let daily = &market.listings()[index].daily;
    let before = daily.partition_point(|bar| bar.date < date);
    if let Some(bar) = before.checked_sub(1).and_then(|last| daily.get(last)) {
        let session = super::session(bar.date);
        let time = session.map_or(time::new_york_midnight(bar.date), |session| session.close);
        return Ok(Some(Close { time, price: bar.close }));
    }
    let days = market.days();
    let before = days.partition_point(|day| *day < date);
    let Some(day) = before.checked_sub(1).and_then(|last| days.get(last)) else { return Ok(None) };
    let Some(session) = super::session(*day) else { return Ok(None) };
    let day = market.day(*day)?;
    let last = day.series[index].bars.iter().rfind(|bar| session.contains(bar.time));
    Ok(last.map(|bar| Close { time: session.close, price: bar.close }))
}
