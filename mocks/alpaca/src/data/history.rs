//! What was known of an instrument at the virtual present.

use std::sync::Arc;

use jiff::civil::Date;
use mockkit::market::{Day, Quote, Series, Trade, session};
use mockkit::time;
use rust_decimal::Decimal;

use super::page::Request;
use super::timeframe::Timeframe;
use crate::core::Core;
use crate::encode::Bar;
use crate::refusal::{Refusal, Result};

/// Shares in a typical trade, to guess the number of trades of a day that is known by its daily
/// bar only.
const SHARES_A_TRADE: u64 = 200;

/// How prices and volumes are made comparable over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adjustment {
    pub splits: bool,
    pub dividends: bool,
}

impl Adjustment {
    /// One word or several, separated by commas.
    pub fn parse(text: Option<&str>) -> Result<Adjustment> {
        let mut adjustment = Adjustment::default();
        for word in text.unwrap_or("raw").split(',') {
            match word {
                "raw" | "spin-off" | "" => {}
                "split" => adjustment.splits = true,
                "dividend" => adjustment.dividends = true,
                "all" => adjustment = Adjustment { splits: true, dividends: true },
                _ => return Err(Refusal::plain(400, &format!("invalid adjustment: {word}"))),
            }
        }
        Ok(adjustment)
    }
}

pub fn trades(core: &Core, listing: usize, request: &Request) -> Result<Vec<Trade>> {
    let mut found = Vec::new();
    for day in days(core, request)? {
        let trades = &day.series[listing].trades;
        let from = trades.partition_point(|trade| trade.time < request.start);
        let to = trades.partition_point(|trade| trade.time <= request.end);
        found.extend(trades.get(from..to).into_iter().flatten());
    }
    Ok(found)
}

pub fn quotes(core: &Core, listing: usize, request: &Request) -> Result<Vec<Quote>> {
    let mut found = Vec::new();
    for day in days(core, request)? {
        let quotes = &day.series[listing].quotes;
        let from = quotes.partition_point(|quote| quote.time < request.start);
        let to = quotes.partition_point(|quote| quote.time <= request.end);
        found.extend(quotes.get(from..to).into_iter().flatten());
    }
    Ok(found)
}

/// Bars whose start lies in the range asked for; the last may be unfinished.
pub fn bars(
    core: &Core,
    listing: usize,
    request: &Request,
    timeframe: Timeframe,
    adjustment: Adjustment,
) -> Result<Vec<Bar>> {
    let base = if timeframe.is_intraday() {
        let mut minutes = Vec::new();
        for day in days(core, request)? {
            minutes.extend(known(&day.series[listing], request.now).map(Bar::from));
        }
        minutes
    } else {
        daily(core, listing, request.now)?
    };
    let adjusted = base.into_iter().map(|bar| adjust(core, listing, bar, adjustment, request.now));
    let mut bars = timeframe.join(adjusted);
    bars.retain(|bar| (request.start..=request.end).contains(&bar.time));
    Ok(bars)
}

/// Daily bars up to now: from the daily files, from minutes where there is no file, and today's so
/// far.
pub fn daily(core: &Core, listing: usize, now: i64) -> Result<Vec<Bar>> {
    let market = &core.world.market;
    let today = time::new_york_date(now);
    let mut bars: Vec<Bar> = Vec::new();
    for day in &market.listings()[listing].daily {
        let over = session(day.date).is_none_or(|session| session.close <= now);
        if day.date < today || (day.date == today && over) {
            let (open, close) = (day.open.decimal(), day.close.decimal());
            let (high, low) = (day.high.decimal(), day.low.decimal());
            bars.push(Bar {
                time: time::new_york_midnight(day.date),
                open,
                high,
                low,
                close,
                volume: day.volume,
                trades: (day.volume / SHARES_A_TRADE).max(1),
                vwap: ((open + high + low + close) / Decimal::from(4)).round_dp(6),
            });
        }
    }
    for date in market.days().iter().filter(|date| **date <= today) {
        let midnight = time::new_york_midnight(*date);
        let place = match bars.binary_search_by_key(&midnight, |bar| bar.time) {
            Ok(_) => continue,
            Err(place) => place,
        };
        let day = load(core, *date)?;
        if let Some(bar) = session_bar(&day.series[listing], *date, now) {
            bars.insert(place, bar);
        }
    }
    Ok(bars)
}

/// The core session's minutes as one bar.
fn session_bar(series: &Series, date: Date, now: i64) -> Option<Bar> {
    let session = session(date)?;
    let minutes = known(series, now).filter(|bar| session.contains(bar.time));
    Timeframe::Day.join(minutes.map(Bar::from)).into_iter().next()
}

fn known(series: &Series, now: i64) -> impl Iterator<Item = &mockkit::market::Bar> {
    series.bars.iter().take_while(move |bar| bar.end() <= now)
}

/// As seen from today: what is still to come is not known yet.
fn adjust(core: &Core, listing: usize, bar: Bar, adjustment: Adjustment, now: i64) -> Bar {
    if adjustment == Adjustment::default() {
        return bar;
    }
    let listing = &core.world.market.listings()[listing];
    let (price_then, split_then) = listing.factor(time::new_york_date(bar.time));
    let (price_now, split_now) = listing.factor(time::new_york_date(now));
    let ratio = |then: Decimal, now: Decimal| if now.is_zero() { Decimal::ONE } else { then / now };
    let mut factor = Decimal::ONE;
    let mut volume = Decimal::from(bar.volume);
    if adjustment.dividends {
        factor *= ratio(price_then, price_now);
    }
    if adjustment.splits {
        let split = ratio(split_then, split_now);
        factor *= split;
        volume = if split.is_zero() { volume } else { volume / split };
    }
    let price = |price: Decimal| {
        let price = price * factor;
        price.round_dp(if price >= Decimal::ONE { 2 } else { 4 })
    };
    Bar {
        open: price(bar.open),
        high: price(bar.high),
        low: price(bar.low),
        close: price(bar.close),
        vwap: price(bar.vwap),
        volume: u64::try_from(volume.round()).unwrap_or(bar.volume),
        ..bar
    }
}

/// Days of the data that the request touches.
fn days(core: &Core, request: &Request) -> Result<Vec<Arc<Day>>> {
    let (from, to) = (time::new_york_date(request.start), time::new_york_date(request.end));
    let dates = core.world.market.days().iter().filter(|date| from <= **date && **date <= to);
    dates.map(|date| load(core, *date)).collect()
}

pub fn load(core: &Core, date: Date) -> Result<Arc<Day>> {
    core.world.market.day(date).map_err(|error| {
        tracing::error!(%error, "could not load a day of market data");
        Refusal::internal()
    })
}
