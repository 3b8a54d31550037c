//! Reads Lean's files: prices in ten-thousandths, times in milliseconds after New York's midnight.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::day::{Bar, Day, Quote, Series, Trade, marks};
use super::factors::Factor;
use super::source::Source;
use super::{DailyBar, Listing, Price};
use crate::time::{self, MINUTE, SECOND};
use crate::{Error, Result};

const MILLISECOND: i64 = 1_000_000;

/// Lean's bits for what the tape said about a trade, as far as the data shows what they mean.
const SALE_CONDITIONS: [(u32, u8); 6] = [
    (0x20, marks::SWEEP),
    (0x40, marks::OPENING),
    (0x80, marks::CLOSING),
    (0x2000, marks::EXTENDED_HOURS),
    (0x400_0000, marks::OFFICIAL_OPEN),
    (0x100_0000, marks::OFFICIAL_CLOSE),
];

/// Rows of one file, with the place for error messages.
struct Rows<'a> {
    file: &'a str,
    text: &'a str,
}

struct Row<'a> {
    file: &'a str,
    line: usize,
    fields: Vec<&'a str>,
}

pub fn listings(source: &Source) -> Result<(Vec<Listing>, Vec<Date>)> {
    let files = source.files()?;
    let mut listings: BTreeMap<String, Listing> = BTreeMap::new();
    let mut days = Vec::new();
    for file in &files {
        let mut parts = file.split('/');
        let (Some(folder), Some(name)) = (parts.next(), parts.next()) else { continue };
        let symbol = name.to_ascii_uppercase();
        let listing = listings.entry(symbol.clone()).or_insert_with(|| Listing::new(symbol));
        let text = if parts.clone().next().is_none() { source.read(file)? } else { None };
        let rows = Rows { file, text: text.as_deref().unwrap_or_default() };
        match (folder, parts.next()) {
            ("daily", None) => listing.daily = rows.parse(daily)?,
            ("factors", None) => listing.factors = rows.parse(factor)?,
            ("maps", None) => listing.venue = rows.parse(venue)?.last().copied().unwrap_or('Q'),
            ("minute" | "second" | "tick", Some(day)) => {
                listing.intraday = true;
                days.extend(day.split('_').next().and_then(|day| day.parse::<Date>().ok()));
            }
            _ => {}
        }
    }
    days.sort();
    days.dedup();
    if listings.is_empty() {
        return Err(Error::NoData { path: source.path() });
    }
    Ok((listings.into_values().collect(), days))
}

pub fn day(source: &Source, listings: &[Listing], date: Date) -> Result<Day> {
    let mut series = Vec::with_capacity(listings.len());
    for listing in listings {
        let reader = Reader { source, listing, date, midnight: time::new_york_midnight(date) };
        series.push(if listing.intraday { reader.series()? } else { Series::default() });
    }
    Ok(Day::new(date, series))
}

/// The files of one instrument and day.
struct Reader<'a> {
    source: &'a Source,
    listing: &'a Listing,
    date: Date,
    midnight: i64,
}

impl Reader<'_> {
    fn series(&self) -> Result<Series> {
        let minutes = self.rows("minute", "trade", |row| self.bar(row))?;
        let mut trades = self.rows("tick", "trade", |row| self.tick(row))?;
        let ticks = self.rows("tick", "quote", |row| self.side(row))?;
        let mut quotes = best(&ticks);
        let times = || trades.iter().map(|t| t.time).chain(quotes.iter().map(|q| q.time));
        let covered = times().min().zip(times().max());
        let outside = |time: i64| covered.is_none_or(|(from, to)| time < from || time > to);

        let (folder, period) = match self.source.read(&self.file("second", "trade"))? {
            Some(_) => ("second", SECOND),
            None => ("minute", MINUTE),
        };
        let coarse = self.rows(folder, "trade", |row| self.bar(row))?;
        let print = |bar: &Bar| self.print(bar, period);
        trades.extend(coarse.iter().map(print).filter(|trade| outside(trade.time)));
        let coarse = self.rows(folder, "quote", |row| self.quote(row, period))?;
        quotes.extend(coarse.into_iter().flatten().filter(|quote| outside(quote.time)));

        trades.sort_by_key(|trade| trade.time);
        quotes.sort_by_key(|quote| quote.time);
        for (id, trade) in (1..).zip(&mut trades) {
            trade.id = id;
        }
        let bars = minutes.into_iter().map(|bar| with_trades(bar, &trades)).collect();
        Ok(Series { trades, quotes, bars })
    }

    fn rows<T>(
        &self,
        folder: &str,
        kind: &str,
        parse: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let file = self.file(folder, kind);
        let Some(text) = self.source.read(&file)? else { return Ok(Vec::new()) };
        Rows { file: &file, text: &text }.parse(parse)
    }

    fn file(&self, folder: &str, kind: &str) -> String {
        let symbol = self.listing.symbol.to_ascii_lowercase();
        format!("{folder}/{symbol}/{}_{kind}", self.date.strftime("%Y%m%d"))
    }

    fn bar(&self, row: &Row<'_>) -> Result<Bar> {
        Ok(Bar {
            time: self.time(row)?,
            open: row.price(1)?,
            high: row.price(2)?,
            low: row.price(3)?,
            close: row.price(4)?,
            volume: row.number(5)?,
            trades: 1,
            vwap: Decimal::ZERO,
        })
    }

    fn print(&self, bar: &Bar, period: i64) -> Trade {
        let time = bar.time + period - MILLISECOND;
        let extended = super::session(self.date).is_none_or(|session| !session.contains(time));
        Trade {
            time,
            id: 0,
            price: bar.close,
            size: u32::try_from(bar.volume).unwrap_or(u32::MAX),
            venue: self.listing.venue,
            marks: if extended { marks::EXTENDED_HOURS } else { 0 },
        }
    }

    /// Nothing while one side has no quote.
    fn quote(&self, row: &Row<'_>, period: i64) -> Result<Option<Quote>> {
        if row.fields.iter().skip(1).any(|field| field.is_empty()) {
            return Ok(None);
        }
        let (bid, ask) = (row.price(4)?, row.price(9)?);
        // A crossed close of two sides sampled apart says nothing about the market.
        if bid.0 == 0 || ask.0 == 0 || bid > ask {
            return Ok(None);
        }
        Ok(Some(Quote {
            time: self.time(row)? + period - MILLISECOND,
            bid,
            bid_size: row.number(5)?,
            bid_venue: self.listing.venue,
            ask,
            ask_size: row.number(10)?,
            ask_venue: self.listing.venue,
        }))
    }

    fn tick(&self, row: &Row<'_>) -> Result<Trade> {
        let bits = row.field(4)?;
        let bits = u32::from_str_radix(bits, 16).map_err(|_| row.bad(4))?;
        let known = SALE_CONDITIONS.iter().filter(|(bit, _)| bits & bit != 0);
        Ok(Trade {
            time: self.time(row)?,
            id: 0,
            price: row.price(1)?,
            size: row.number(2)?,
            venue: row.letter(3)?,
            marks: known.fold(0, |marks, (_, mark)| marks | mark),
        })
    }

    fn side(&self, row: &Row<'_>) -> Result<Side> {
        Ok(Side {
            time: self.time(row)?,
            bid: (row.price(1)?, row.number(2)?),
            ask: (row.price(3)?, row.number(4)?),
            venue: row.letter(5)?,
        })
    }

    fn time(&self, row: &Row<'_>) -> Result<i64> {
        Ok(self.midnight + row.number::<i64>(0)? * MILLISECOND)
    }
}

/// A quote tick: one venue, usually one side; the other is zero.
struct Side {
    time: i64,
    bid: (Price, u32),
    ask: (Price, u32),
    venue: char,
}

/// Follows every venue's last quote and tells the best of them whenever it changes. A venue that
/// no longer quotes leaves no trace in the data, so an old quote that a fresh one of another venue
/// crosses is taken as gone.
fn best(ticks: &[Side]) -> Vec<Quote> {
    let mut bids: BTreeMap<char, (Price, u32)> = BTreeMap::new();
    let mut asks: BTreeMap<char, (Price, u32)> = BTreeMap::new();
    let mut quotes: Vec<Quote> = Vec::new();
    for tick in ticks {
        if tick.bid.0.0 > 0 {
            bids.insert(tick.venue, tick.bid);
            asks.retain(|_, ask| ask.0 >= tick.bid.0);
        }
        if tick.ask.0.0 > 0 {
            asks.insert(tick.venue, tick.ask);
            bids.retain(|_, bid| bid.0 <= tick.ask.0);
        }
        // At the same price the larger size speaks for the market.
        let bid = bids.iter().max_by_key(|(_, quote)| **quote);
        let ask = asks.iter().min_by_key(|(_, (price, size))| (*price, u32::MAX - *size));
        let (Some((bid_venue, bid)), Some((ask_venue, ask))) = (bid, ask) else { continue };
        let quote = Quote {
            time: tick.time,
            bid: bid.0,
            bid_size: bid.1,
            bid_venue: *bid_venue,
            ask: ask.0,
            ask_size: ask.1,
            ask_venue: *ask_venue,
        };
        let same = |last: &&Quote| Quote { time: quote.time, ..**last } == quote;
        if quotes.last().filter(same).is_none() {
            quotes.push(quote);
        }
    }
    quotes
}

/// The number of trades and their average price, from the trades that are known of the minute.
fn with_trades(bar: Bar, trades: &[Trade]) -> Bar {
    let from = trades.partition_point(|trade| trade.time < bar.time);
    let to = trades.partition_point(|trade| trade.time < bar.end());
    let within = trades[from..to].iter().filter(|trade| trade.counts());
    let (mut count, mut volume, mut money) = (0_u32, 0_i128, 0_i128);
    for trade in within {
        count += 1;
        volume += i128::from(trade.size);
        money += i128::from(trade.size) * i128::from(trade.price.0);
    }
    let vwap = if volume > 0 {
        Decimal::from_i128_with_scale(money * 100 / volume, 6)
    } else {
        Decimal::new((bar.high.0 + bar.low.0 + bar.close.0) / 3, 4)
    };
    let vwap = vwap.clamp(bar.low.decimal(), bar.high.decimal()).normalize();
    Bar { trades: count.max(1), vwap, ..bar }
}

fn daily(row: &Row<'_>) -> Result<DailyBar> {
    Ok(DailyBar {
        date: row.date(0)?,
        open: row.price(1)?,
        high: row.price(2)?,
        low: row.price(3)?,
        close: row.price(4)?,
        volume: row.number(5)?,
    })
}

fn factor(row: &Row<'_>) -> Result<Factor> {
    Ok(Factor {
        date: row.date(0)?,
        price: row.number(1)?,
        split: row.number(2)?,
        reference: row.number(3)?,
    })
}

fn venue(row: &Row<'_>) -> Result<char> {
    row.letter(2)
}

impl Listing {
    fn new(symbol: String) -> Listing {
        Listing { symbol, venue: 'Q', daily: Vec::new(), factors: Vec::new(), intraday: false }
    }
}

impl Rows<'_> {
    fn parse<T>(&self, parse: impl Fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let lines = (1..).zip(self.text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let row = |(line, text): (usize, &'_ str)| {
            parse(&Row { file: self.file, line, fields: text.trim().split(',').collect() })
        };
        lines.map(row).collect()
    }
}

impl<'a> Row<'a> {
    fn field(&self, index: usize) -> Result<&'a str> {
        self.fields.get(index).copied().ok_or_else(|| self.bad(index))
    }

    fn number<T: std::str::FromStr>(&self, index: usize) -> Result<T> {
        self.field(index)?.parse().map_err(|_| self.bad(index))
    }

    fn price(&self, index: usize) -> Result<Price> {
        self.number(index).map(Price)
    }

    fn letter(&self, index: usize) -> Result<char> {
        self.field(index)?.chars().next().ok_or_else(|| self.bad(index))
    }

    /// `20131007`, or `20131007 00:00`.
    fn date(&self, index: usize) -> Result<Date> {
        let text = self.field(index)?;
        let date = text.get(..8).and_then(|date| Date::strptime("%Y%m%d", date).ok());
        date.ok_or_else(|| self.bad(index))
    }

    fn bad(&self, index: usize) -> Error {
        let value = self.fields.get(index).copied().unwrap_or_default();
        let reason = format!("column {} is {value:?}", index + 1);
        Error::Data { file: self.file.to_owned(), line: self.line, reason }
    }
}
