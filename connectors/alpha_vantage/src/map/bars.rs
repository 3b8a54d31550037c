//! Bars, the day's prices, exchange rates.

use component::OrBad;
use http::{Ask as _, Row};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};
use model::{Adjustment, Bar, Decimal, Event, Quote, Text};

use super::{Frame, Mapped, at};
use crate::ask::Interval;

/// Decimals of an adjusted close, and so of what is computed from it.
const ADJUSTED_SCALE: u32 = 14;

/// A row of a time series.
pub fn bar(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let stamp = row.need(&["timestamp", "date"])?;
    Ok(whole(row, frame, stamp, frame.ask.interval)?.into())
}

/// The day's prices up to now, which is what Alpha Vantage calls a quote.
pub fn day(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let stamp = row.need(&["latest_trading_day", "latest_day", "timestamp"])?;
    let day = stamp.get(..10).unwrap_or(stamp);
    Ok(Bar { is_final: false, ..whole(row, frame, day, Interval::DAILY)? }.into())
}

fn whole(row: &Row, frame: &Frame<'_>, stamp: &str, interval: Interval) -> Mapped<Bar> {
    let symbol = frame.symbol(row);
    // Until 2024 the prices of crypto currencies named their currency: `1a. open (USD)`.
    let market = symbol.split_once('/').map_or("", |(_, market)| market).to_lowercase();
    let raw = |name: &str| {
        let other = if name == "close" { "price" } else { name };
        row.number(&[name, other, &format!("{name}_{market}")], model::price)?.or_bad(name)
    };
    let (close, adjusted) = (raw("close")?, row.number(&["adjusted_close"], model::price)?);
    // London quotes pence; the currency of its instruments is the pound.
    let unit = if symbol.ends_with(".LON") { Decimal::new(1, 2) } else { Decimal::ONE };
    let price = |name: &str| -> Mapped<Decimal> {
        let price = match (raw(name)?, adjusted) {
            (raw, None) => raw,
            (raw, Some(adjusted)) if raw == close => adjusted,
            (raw, Some(adjusted)) => {
                let product = raw.checked_mul(adjusted).and_then(|p| p.checked_div(close));
                product.or_bad("adjusted_close")?.round_dp(ADJUSTED_SCALE)
            }
        };
        Ok((price * unit).normalize())
    };
    let (start, end) = period(stamp, interval, frame)?;
    let end_time = frame.time(row, end)?;
    let is_dated_by_last_day = matches!(interval, Interval::WEEKLY | Interval::MONTHLY);
    Ok(Bar {
        head: at(frame.time(row, start)?),
        instrument: frame.instrument(symbol),
        symbol: symbol.into(),
        interval: interval.1.into(),
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
    let (start, length) = if interval.2 > 0 {
        (stamp.parse::<DateTime>().or_bad("timestamp")?, interval.2.minutes())
    } else {
        let day: Date = stamp.get(..10).unwrap_or(stamp).parse().or_bad("timestamp")?;
        // Currencies begin their week on Sunday evening.
        let is_fx = frame.ask.function() == "FX_WEEKLY";
        let first = if is_fx { Weekday::Sunday } else { Weekday::Monday };
        let (day, length) = match interval {
            Interval::WEEKLY => {
                let back = i64::from(first.until(day.weekday()));
                (day.checked_sub(back.days()).or_bad("timestamp")?, 1.week())
            }
            Interval::MONTHLY => (day.first_of_month(), 1.month()),
            _ => (day, 1.day()),
        };
        (day.to_datetime(Time::midnight()), length)
    };
    Ok((start, start.checked_add(length).or_bad("timestamp")?))
}

/// An exchange rate. Where there is neither bid nor ask the rate itself is all there is.
pub fn exchange_rate(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let stamp: DateTime = row.need(&["last_refreshed"])?.parse().or_bad("last_refreshed")?;
    let rate = row.number(&["exchange_rate"], model::price)?.or_bad("exchange_rate")?;
    Ok(Quote {
        head: at(frame.time(row, stamp)?),
        instrument: frame.instrument(&frame.ask.symbol),
        symbol: frame.ask.symbol.clone(),
        bid_price: row.number(&["bid_price"], model::price)?,
        bid_quantity: None,
        bid_venue: None,
        ask_price: row.number(&["ask_price"], model::price)?,
        ask_quantity: None,
        ask_venue: None,
        conditions: vec![Text::from(format!("exchange_rate={rate}"))],
        tape: None,
    }
    .into())
}
