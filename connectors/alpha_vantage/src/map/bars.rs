//! Bars, the day's prices, exchange rates.

use component::OrBad;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, ToSpan};
use model::{Adjustment, Bar, Decimal, Event, Head, InstrumentId, Quote, Text};

use super::{Frame, Mapped, identity};
use crate::settings::Interval;
use crate::wire::Row;

/// Decimals of an adjusted close, and so of what is computed from it.
const ADJUSTED_SCALE: u32 = 14;

/// A row of a time series.
pub fn bar(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let stamp = row.need(&["timestamp", "date"])?;
    whole(row, frame, stamp, frame.ask.interval).map(Into::into)
}

/// The day's prices up to now, which is what Alpha Vantage calls a quote.
pub fn day(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let stamp = row.need(&["latest_trading_day", "latest_day", "timestamp"])?;
    let day = stamp.get(..10).unwrap_or(stamp);
    Ok(Bar { is_final: false, ..whole(row, frame, day, Interval::Daily)? }.into())
}

fn whole(row: &Row, frame: &Frame<'_>, stamp: &str, interval: Interval) -> Mapped<Bar> {
    let (start, end) = period(stamp, interval, frame)?;
    let symbol = frame.symbol(row);
    let number = |name: &str| -> Mapped<Decimal> {
        // Until 2024 the prices of crypto currencies named their currency: `1a. open (USD)`.
        let market = symbol.split_once('/').map_or("", |(_, market)| market).to_lowercase();
        let other = if name == "close" { "price".to_owned() } else { format!("{name}_{market}") };
        let names = [name, &other, &format!("{name}_{market}")];
        row.number(&names, model::price)?.or_bad(name)
    };
    let (raw_close, adjusted) = (number("close")?, row.number(&["adjusted_close"], model::price)?);
    // London quotes pence; the currency of its instruments is the pound.
    let unit = if symbol.ends_with(".LON") { Decimal::new(1, 2) } else { Decimal::ONE };
    let price = |name: &str| -> Mapped<Decimal> {
        let raw = number(name)?;
        let price = match adjusted {
            None => Some(raw),
            Some(_) if raw == raw_close => adjusted,
            Some(adjusted) => raw.checked_mul(adjusted).and_then(|p| p.checked_div(raw_close)),
        };
        let price = price.or_bad("adjusted_close")?;
        let price = if adjusted.is_some() { price.round_dp(ADJUSTED_SCALE) } else { price };
        Ok((price * unit).normalize())
    };
    let event_time = frame.time(row, start)?;
    let end_time = frame.time(row, end)?;
    let is_dated_by_last_day = matches!(interval, Interval::Weekly | Interval::Monthly);
    Ok(Bar {
        head: Head { event_time, ..Head::default() },
        instrument: traded(symbol, frame),
        symbol: symbol.into(),
        interval: interval.words().1.into(),
        end_time,
        open: price("open")?,
        high: price("high")?,
        low: price("low")?,
        close: price("close")?,
        volume: row.number(&["volume"], model::quantity)?.unwrap_or_default(),
        vwap: None,
        trade_count: None,
        adjustment: if adjusted.is_some() { Adjustment::All } else { frame.ask.adjustment() },
        is_final: end_time <= frame.now && !is_dated_by_last_day,
    })
}

/// Start and end of the period that a stamp stands for: its first minute, its day, or any day of
/// its week or month.
fn period(stamp: &str, interval: Interval, frame: &Frame<'_>) -> Mapped<(DateTime, DateTime)> {
    if let Some(minutes) = interval.words().2 {
        let start: DateTime = stamp.parse().or_bad("timestamp")?;
        return Ok((start, start.checked_add(minutes.minutes()).or_bad("timestamp")?));
    }
    let day: Date = stamp.get(..10).unwrap_or(stamp).parse().or_bad("timestamp")?;
    let (start, length): (Date, Span) = match interval {
        Interval::Weekly => {
            // Currencies begin their week on Sunday evening.
            let is_fx = frame.ask.function() == "FX_WEEKLY";
            let first = if is_fx { Weekday::Sunday } else { Weekday::Monday };
            let back = i64::from(first.until(day.weekday()));
            (day.checked_sub(back.days()).or_bad("timestamp")?, 1.week())
        }
        Interval::Monthly => (day.first_of_month(), 1.month()),
        _ => (day, 1.day()),
    };
    let end = start.checked_add(length).or_bad("timestamp")?;
    Ok((
        start.to_datetime(jiff::civil::Time::midnight()),
        end.to_datetime(jiff::civil::Time::midnight()),
    ))
}

/// Best bid and ask of an instrument, from a function that no one has shown an answer of.
pub fn quote(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let symbol = row.need(&["symbol"])?;
    let quantity = |names: &[&str]| row.number(names, model::quantity);
    both(row, frame, identity(symbol), symbol).and_then(|quote| {
        Ok(Quote {
            bid_quantity: quantity(&["bid_size", "bid_quantity"])?,
            ask_quantity: quantity(&["ask_size", "ask_quantity"])?,
            ..quote
        }
        .into())
    })
}

/// An exchange rate. Where there is neither bid nor ask the rate itself is all there is.
pub fn exchange_rate(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let symbol = frame.ask.symbol.as_str();
    let quote = both(row, frame, traded(symbol, frame), symbol)?;
    let rate = row.number(&["exchange_rate"], model::price)?.or_bad("exchange_rate")?;
    Ok(Quote { conditions: vec![Text::from(format!("exchange_rate={rate}"))], ..quote }.into())
}

fn both(row: &Row, frame: &Frame<'_>, instrument: InstrumentId, symbol: &str) -> Mapped<Quote> {
    let stamp: DateTime =
        row.need(&["timestamp", "last_refreshed"])?.parse().or_bad("timestamp")?;
    Ok(Quote {
        head: Head { event_time: frame.time(row, stamp)?, ..Head::default() },
        instrument,
        symbol: symbol.into(),
        bid_price: row.number(&["bid_price", "bid"], model::price)?,
        bid_quantity: None,
        bid_venue: None,
        ask_price: row.number(&["ask_price", "ask"], model::price)?,
        ask_quantity: None,
        ask_venue: None,
        conditions: Vec::new(),
        tape: None,
    })
}

fn traded(symbol: &str, frame: &Frame<'_>) -> InstrumentId {
    match frame.ask.venue {
        Some(venue) => InstrumentId::listed(symbol, venue),
        None => identity(symbol),
    }
}
