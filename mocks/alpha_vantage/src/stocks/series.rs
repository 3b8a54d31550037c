//! `TIME_SERIES_*`.

use jiff::ToSpan as _;
use jiff::civil::Date;
use mockkit::time;
use rust_decimal::Decimal;

use super::bars::{Intraday, Prices};
use super::history::{Period, months, weeks};
use crate::answer::{Answer, Column, Table, column, same};
use crate::call::{COMPACT, Call};
use crate::number::{eastern, fixed, shortest};
use crate::refusal::Result;

/// Days of intraday bars without a month.
const RECENT_DAYS: i64 = 30;

const TIME: Column = same("timestamp");
const OPEN: Column = column("1. open", "open");
const HIGH: Column = column("2. high", "high");
const LOW: Column = column("3. low", "low");
const CLOSE: Column = column("4. close", "close");

const RAW: &[Column] = &[TIME, OPEN, HIGH, LOW, CLOSE, column("5. volume", "volume")];

const DAILY_ADJUSTED: &[Column] = &[
    TIME,
    OPEN,
    HIGH,
    LOW,
    CLOSE,
    column("5. adjusted close", "adjusted_close"),
    column("6. volume", "volume"),
    column("7. dividend amount", "dividend_amount"),
    column("8. split coefficient", "split_coefficient"),
];

/// Weeks and months have spaces where days have underscores.
const PERIOD_ADJUSTED: &[Column] = &[
    TIME,
    OPEN,
    HIGH,
    LOW,
    CLOSE,
    column("5. adjusted close", "adjusted close"),
    column("6. volume", "volume"),
    column("7. dividend amount", "dividend amount"),
];

pub fn intraday(call: &Call<'_>) -> Result<Answer> {
    let minutes = call.minutes()?;
    let (adjusted, extended) =
        (call.flag("adjusted", "true")?, call.flag("extended_hours", "true")?);
    let (full, month) = (call.is_full()?, call.month()?);
    let (index, horizon) = (call.listing()?, call.horizon()?);
    let (since, until) = match month {
        Some(first) => (first, first.last_of_month()),
        None => recent(call, index, horizon),
    };
    let wanted = Intraday { index, minutes, horizon, since, until, regular: !extended, adjusted };
    let bars = call.world.stocks.intraday(&wanted);
    let Some(newest) = bars.last() else { return Err(call.invalid()) };
    let interval = format!("{minutes}min");
    let meta = meta([
        (
            "1. Information",
            format!("Intraday ({interval}) open, high, low, close prices and volume"),
        ),
        ("2. Symbol", call.required("symbol")?.to_owned()),
        ("3. Last Refreshed", eastern(newest.start)),
        ("4. Interval", interval.clone()),
        ("5. Output Size", output_size(full)),
        ("6. Time Zone", "US/Eastern".into()),
    ]);
    let mut table = Table::new(RAW);
    let rows = if full { bars.len() } else { COMPACT };
    for bar in bars.iter().rev().take(rows) {
        table.push(raw(eastern(bar.start), &bar.prices));
    }
    Ok(Answer::Series { meta, key: format!("Time Series ({interval})"), table })
}

pub fn daily(call: &Call<'_>) -> Result<Answer> {
    let full = call.is_full()?;
    let (days, horizon) = days(call)?;
    let information = "Daily Prices (open, high, low, close) and Volumes";
    let meta = daily_meta(call, information, &days, horizon, full)?;
    let mut table = Table::new(RAW);
    for day in newest_first(&days, full) {
        table.push(raw(day.date.to_string(), &day.prices));
    }
    Ok(Answer::Series { meta, key: "Time Series (Daily)".into(), table })
}

pub fn daily_adjusted(call: &Call<'_>) -> Result<Answer> {
    let full = call.is_full()?;
    let (days, horizon) = days(call)?;
    let information = "Daily Time Series with Splits and Dividend Events";
    let meta = daily_meta(call, information, &days, horizon, full)?;
    let mut table = Table::new(DAILY_ADJUSTED);
    for day in newest_first(&days, full) {
        let Prices { open, high, low, close, volume } = day.prices;
        table.push([
            day.date.to_string(),
            shortest(open),
            shortest(high),
            shortest(low),
            shortest(close),
            shortest(day.adjusted_close),
            volume.to_string(),
            fixed(day.dividend, 4),
            shortest(day.split),
        ]);
    }
    Ok(Answer::Series { meta, key: "Time Series (Daily)".into(), table })
}

pub fn weekly(call: &Call<'_>) -> Result<Answer> {
    periods(call, weeks, "Weekly")
}

pub fn weekly_adjusted(call: &Call<'_>) -> Result<Answer> {
    adjusted_periods(call, weeks, "Weekly")
}

pub fn monthly(call: &Call<'_>) -> Result<Answer> {
    periods(call, months, "Monthly")
}

pub fn monthly_adjusted(call: &Call<'_>) -> Result<Answer> {
    adjusted_periods(call, months, "Monthly")
}

fn periods(call: &Call<'_>, group: fn(&[Period]) -> Vec<Period>, name: &str) -> Result<Answer> {
    let (days, horizon) = days(call)?;
    let periods = group(&days);
    let information = format!("{name} Prices (open, high, low, close) and Volumes");
    let mut table = Table::new(RAW);
    for period in periods.iter().rev() {
        table.push(raw(period.date.to_string(), &period.prices));
    }
    let meta = period_meta(call, information, &days, horizon)?;
    Ok(Answer::Series { meta, key: format!("{name} Time Series"), table })
}

fn adjusted_periods(
    call: &Call<'_>,
    group: fn(&[Period]) -> Vec<Period>,
    name: &str,
) -> Result<Answer> {
    let (days, horizon) = days(call)?;
    let mut table = Table::new(PERIOD_ADJUSTED);
    for period in group(&days).iter().rev() {
        let [time, open, high, low, close, volume] = raw(period.date.to_string(), &period.prices);
        let (adjusted, dividend) = (fixed(period.adjusted_close, 4), fixed(period.dividend, 4));
        table.push([time, open, high, low, close, adjusted, volume, dividend]);
    }
    let meta = period_meta(call, format!("{name} Adjusted Prices and Volumes"), &days, horizon)?;
    Ok(Answer::Series { meta, key: format!("{name} Adjusted Time Series"), table })
}

fn raw(time: String, prices: &Prices) -> [String; 6] {
    let four = |price: Decimal| fixed(price, 4);
    let Prices { open, high, low, close, volume } = *prices;
    [time, four(open), four(high), four(low), four(close), volume.to_string()]
}

/// Days of the symbol, and up to when they are known.
fn days(call: &Call<'_>) -> Result<(Vec<Period>, i64)> {
    let (index, horizon) = (call.listing()?, call.horizon()?);
    let days = call.world.stocks.history(index, horizon);
    if days.is_empty() { Err(call.invalid()) } else { Ok((days, horizon)) }
}

fn newest_first(days: &[Period], full: bool) -> impl Iterator<Item = &Period> {
    let rows = if full { days.len() } else { COMPACT };
    days.iter().rev().take(rows)
}

/// The last days that have minutes, however long ago they are.
fn recent(call: &Call<'_>, index: usize, horizon: i64) -> (Date, Date) {
    let newest = call.world.stocks.minutes(index, horizon).last();
    let newest = time::new_york_date(newest.map_or(horizon, |minute| minute.time));
    (newest.checked_sub(RECENT_DAYS.days()).unwrap_or(newest), newest)
}

fn meta<const N: usize>(entries: [(&str, String); N]) -> Vec<(String, String)> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn daily_meta(
    call: &Call<'_>,
    information: &str,
    days: &[Period],
    horizon: i64,
    full: bool,
) -> Result<Vec<(String, String)>> {
    Ok(meta([
        ("1. Information", information.to_owned()),
        ("2. Symbol", call.required("symbol")?.to_owned()),
        ("3. Last Refreshed", refreshed(days, horizon)),
        ("4. Output Size", output_size(full)),
        ("5. Time Zone", "US/Eastern".into()),
    ]))
}

fn period_meta(
    call: &Call<'_>,
    information: String,
    days: &[Period],
    horizon: i64,
) -> Result<Vec<(String, String)>> {
    Ok(meta([
        ("1. Information", information),
        ("2. Symbol", call.required("symbol")?.to_owned()),
        ("3. Last Refreshed", refreshed(days, horizon)),
        ("4. Time Zone", "US/Eastern".into()),
    ]))
}

/// A date, or date and time while the session is on.
fn refreshed(days: &[Period], horizon: i64) -> String {
    match days.last() {
        Some(day) if day.is_final => day.date.to_string(),
        _ => eastern(horizon),
    }
}

fn output_size(full: bool) -> String {
    if full { "Full size".into() } else { "Compact".into() }
}
