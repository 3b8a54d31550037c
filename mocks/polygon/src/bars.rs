//! Bars of any length, out of seconds, minutes and days.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use mockkit::market::{Price, Session, session};
use mockkit::time::{self, HOUR, MINUTE, SECOND};
use rust_decimal::prelude::ToPrimitive as _;

use crate::core::Core;
use crate::instruments::Instrument;
use crate::tape::{Bar, average};

/// Sunday, so that weeks can be counted from it.
const FIRST_SUNDAY: Date = jiff::civil::date(1969, 12, 28);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timespan {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// What bars are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    Second,
    Minute,
    Day,
}

impl Timespan {
    pub fn parse(text: &str) -> Option<Timespan> {
        Some(match text {
            "second" => Timespan::Second,
            "minute" => Timespan::Minute,
            "hour" => Timespan::Hour,
            "day" => Timespan::Day,
            "week" => Timespan::Week,
            "month" => Timespan::Month,
            "quarter" => Timespan::Quarter,
            "year" => Timespan::Year,
            _ => return None,
        })
    }

    pub fn base(self) -> Base {
        match self {
            Timespan::Second => Base::Second,
            Timespan::Minute | Timespan::Hour => Base::Minute,
            _ => Base::Day,
        }
    }
}

/// Start of the window of `count` timespans that a time falls into. Windows of a day or less begin
/// at midnight in New York, longer ones at the epoch's start of their kind.
pub fn window(ns: i64, timespan: Timespan, count: i64) -> i64 {
    let date = time::new_york_date(ns);
    let within = |length: i64| {
        let midnight = time::new_york_midnight(date);
        let length = length.saturating_mul(count);
        midnight + (ns - midnight).div_euclid(length) * length
    };
    let months = |length: i64| {
        let since = (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1;
        let start = since.div_euclid(length) * length;
        let year = i16::try_from(1970 + start.div_euclid(12)).unwrap_or(i16::MIN);
        let month = i8::try_from(start.rem_euclid(12) + 1).unwrap_or(1);
        Date::new(year, month, 1).unwrap_or(date)
    };
    let days = |first: Date, length: i64| {
        let since = i64::from((date - first).get_days());
        first.saturating_add((since.div_euclid(length) * length).days())
    };
    let start = match timespan {
        Timespan::Second => return within(SECOND),
        Timespan::Minute => return within(MINUTE),
        Timespan::Hour => return within(HOUR),
        Timespan::Day => days(jiff::civil::date(1970, 1, 1), count),
        Timespan::Week => days(FIRST_SUNDAY, 7 * count),
        Timespan::Month => months(count),
        Timespan::Quarter => months(3 * count),
        Timespan::Year => months(12 * count),
    };
    time::new_york_midnight(start)
}

/// What is known by `now` of the bars that start between two times, both included, oldest first.
pub fn base_bars(
    core: &Core,
    instrument: &Instrument,
    base: Base,
    (from, to): (i64, i64),
    now: i64,
) -> Vec<Bar> {
    let to = to.min(now);
    if from > to {
        return Vec::new();
    }
    let (first, last) = (time::new_york_date(from), time::new_york_date(to));
    if base == Base::Day {
        let dates = day_dates(core, instrument, first, last);
        let bars = dates.into_iter().filter_map(|date| day_bar(core, instrument, date, now));
        return bars.filter(|bar| (from..=to).contains(&bar.time)).collect();
    }
    let Some((listing, _)) = instrument.tape else { return Vec::new() };
    let mut bars = Vec::new();
    for date in core.timeline.dates(first, last) {
        let Some(span) = core.timeline.span(date) else { continue };
        let track = &span.tape.tracks[listing];
        let (rows, length) = match base {
            Base::Second => (&track.seconds, SECOND),
            _ => (&track.minutes, MINUTE),
        };
        let start = rows.partition_point(|bar| bar.time + span.shift < from);
        let known =
            |bar: &Bar| bar.time + span.shift <= to && bar.time + length + span.shift <= now;
        let end = rows.partition_point(known);
        let shifted = |bar: &Bar| {
            let bar = Bar { time: bar.time + span.shift, ..*bar };
            instrument.scaled(bar)
        };
        bars.extend(rows[start.min(end)..end].iter().map(shifted));
    }
    bars
}

/// The day so far, or the whole day once it is over: what happened in the session. Its time is
/// midnight in New York.
pub fn day_bar(core: &Core, instrument: &Instrument, date: Date, now: i64) -> Option<Bar> {
    let close = close_of(date);
    let span = core.timeline.span(date);
    let source = span.as_ref().filter(|span| span.lap > 0).map_or(date, |_| core.timeline.first());
    if now >= close
        && let Some(bar) = daily(core, instrument, source)
    {
        return Some(Bar { time: time::new_york_midnight(date), ..bar });
    }
    let span = span?;
    let (listing, _) = instrument.tape?;
    let session = session(span.date);
    let minutes = &span.tape.tracks[listing].minutes;
    let mut day: Option<Bar> = None;
    for minute in minutes {
        let start = minute.time + span.shift;
        if start + MINUTE > now {
            break;
        }
        if session.is_some_and(|session| session.contains(start)) {
            day = Some(day.map_or(*minute, |day| joined(&day, minute)));
        }
    }
    let day = day.map(|day| Bar { time: time::new_york_midnight(date), ..day });
    day.map(|day| instrument.scaled(day))
}

/// When the official bar of a date is known.
pub fn close_of(date: Date) -> i64 {
    session(date).map_or_else(|| time::new_york_at(date, 16, 0), |session: Session| session.close)
}

/// The official bar of a date.
fn daily(core: &Core, instrument: &Instrument, date: Date) -> Option<Bar> {
    let (listing, scale) = instrument.daily?;
    let rows = &core.market.listings()[listing].daily;
    let row = rows.get(rows.binary_search_by_key(&date, |row| row.date).ok()?)?;
    // The files have no average price and no count; these are made up and stay the same.
    let middle = Price((row.high.0 + row.low.0 + row.close.0) / 3);
    let trades = u32::try_from(row.volume / 180 + 1).unwrap_or(u32::MAX);
    Some(scale.bar(Bar {
        time: time::new_york_midnight(date),
        open: row.open,
        high: row.high,
        low: row.low,
        close: row.close,
        volume: row.volume,
        trades,
        vwap: middle,
        day_volume: row.volume,
        day_vwap: middle,
    }))
}

/// Dates that may have a bar.
fn day_dates(core: &Core, instrument: &Instrument, from: Date, to: Date) -> Vec<Date> {
    let mut dates = core.timeline.dates(from, to);
    if let Some((listing, _)) = instrument.daily {
        let rows = core.market.listings()[listing].daily.iter();
        dates.extend(rows.map(|row| row.date).filter(|date| (from..=to).contains(date)));
    }
    dates.sort();
    dates.dedup();
    dates
}

/// The last complete day before a date, as known then.
pub fn previous_day(core: &Core, instrument: &Instrument, date: Date, now: i64) -> Option<Bar> {
    let from = date.saturating_sub(10.days());
    let dates = day_dates(core, instrument, from, date.yesterday().ok()?);
    dates.into_iter().rev().find_map(|date| day_bar(core, instrument, date, now))
}

/// Two bars that follow each other as one.
pub fn joined(first: &Bar, next: &Bar) -> Bar {
    let money = |bar: &Bar| i128::from(bar.vwap.0) * i128::from(bar.volume);
    let volume = first.volume + next.volume;
    Bar {
        time: first.time,
        open: first.open,
        high: first.high.max(next.high),
        low: first.low.min(next.low),
        close: next.close,
        volume,
        trades: first.trades.saturating_add(next.trades),
        vwap: average(money(first) + money(next), volume, next.close),
        day_volume: next.day_volume,
        day_vwap: next.day_vwap,
    }
}

/// Prices as if the splits known by `today` had always been.
pub fn adjusted(instrument: &Instrument, bar: Bar, today: Date) -> Bar {
    let date = time::new_york_date(bar.time);
    let mut bar = bar;
    for split in &instrument.splits {
        if split.ex_date <= date || split.ex_date > today {
            continue;
        }
        let whole = |rate: rust_decimal::Decimal| {
            (rate * rust_decimal::Decimal::from(10_000)).to_i64().unwrap_or(1)
        };
        let (new, old) = (whole(split.new_rate).max(1), whole(split.old_rate).max(1));
        let price = |price: Price| {
            let scaled = i128::from(price.0) * i128::from(old);
            let rounded = (scaled + i128::from(new) / 2) / i128::from(new);
            Price(i64::try_from(rounded).unwrap_or(i64::MAX))
        };
        let volume = |volume: u64| {
            let scaled = u128::from(volume) * u128::from(new.unsigned_abs());
            u64::try_from(scaled / u128::from(old.unsigned_abs())).unwrap_or(u64::MAX)
        };
        bar = Bar {
            open: price(bar.open),
            high: price(bar.high),
            low: price(bar.low),
            close: price(bar.close),
            vwap: price(bar.vwap),
            day_vwap: price(bar.day_vwap),
            volume: volume(bar.volume),
            day_volume: volume(bar.day_volume),
            ..bar
        };
    }
    bar
}

/// Whether a date is a Saturday or Sunday.
pub fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn windows_start_where_new_york_does() {
        let at = time::parse("2013-10-09T17:47:31Z").unwrap();
        for (timespan, count, start) in [
            (Timespan::Second, 5, "2013-10-09T17:47:30Z"),
            (Timespan::Minute, 15, "2013-10-09T17:45:00Z"),
            (Timespan::Hour, 4, "2013-10-09T16:00:00Z"),
            (Timespan::Day, 1, "2013-10-09T04:00:00Z"),
            (Timespan::Week, 1, "2013-10-06T04:00:00Z"),
            (Timespan::Month, 1, "2013-10-01T04:00:00Z"),
            (Timespan::Month, 5, "2013-10-01T04:00:00Z"),
            (Timespan::Month, 4, "2013-09-01T04:00:00Z"),
            (Timespan::Quarter, 1, "2013-10-01T04:00:00Z"),
            (Timespan::Year, 1, "2013-01-01T05:00:00Z"),
        ] {
            assert_eq!(time::utc(window(at, timespan, count)), start, "{count} {timespan:?}");
        }
        assert_eq!(window(at, Timespan::Minute, i64::MAX), window(at, Timespan::Day, 1));
    }
}
