//! The sessions of the New York exchanges from 2000 on: weekends and holidays by their rules,
//! early closes, and the closures that no rule foresees.

use jiff::civil::{Date, Weekday, date, time};
use jiff::tz::TimeZone;
use model::Timestamp;

/// Days of mourning and of calamity, as the exchange told of them: the attacks of September 11,
/// the funerals of presidents Reagan, Ford, Bush and Carter, hurricane Sandy.
const CLOSED: [Date; 10] = [
    date(2001, 9, 11),
    date(2001, 9, 12),
    date(2001, 9, 13),
    date(2001, 9, 14),
    date(2004, 6, 11),
    date(2007, 1, 2),
    date(2012, 10, 29),
    date(2012, 10, 30),
    date(2018, 12, 5),
    date(2025, 1, 9),
];
/// Days on which the exchange closed early by a decision of its own.
const CLOSED_EARLY: [Date; 1] = [date(2003, 12, 26)];
/// The first year in which the exchange kept Juneteenth.
const JUNETEENTH_SINCE: i16 = 2022;
/// From this year on the exchange closes early before Independence Day whatever the weekday.
/// Earlier, where it was a Thursday, it closed early on the Friday after.
const EVE_SINCE: i16 = 2013;

/// One trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The day in New York.
    pub date: Date,
    /// When trading starts.
    pub open: Timestamp,
    /// When it ends.
    pub close: Timestamp,
    /// Whether it ends at 13:00 instead of 16:00.
    pub is_short: bool,
}

/// The session of a day, unless the exchanges are closed.
pub fn session(date: Date) -> Option<Session> {
    if !is_trading_day(date) {
        return None;
    }
    let is_short = is_early_close(date);
    let close = if is_short { time(13, 0, 0, 0) } else { time(16, 0, 0, 0) };
    let zone = new_york()?;
    let at = |time| {
        let zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
        i64::try_from(zoned.timestamp().as_nanosecond()).ok().map(Timestamp)
    };
    Some(Session { date, open: at(time(9, 30, 0, 0))?, close: at(close)?, is_short })
}

/// Whether the exchanges open on a day.
pub fn is_trading_day(date: Date) -> bool {
    let is_weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    !is_weekend && !is_holiday(date) && !CLOSED.contains(&date)
}

/// The zone of the exchanges; every build carries it.
pub(crate) fn new_york() -> Option<TimeZone> {
    TimeZone::get("America/New_York").ok()
}

fn is_holiday(day: Date) -> bool {
    let year = day.year();
    // A holiday on a Saturday is kept on the Friday before, but not where the year ends with
    // that Friday: its books are closed with the market open.
    let new_year = observed(date(year, 1, 1)).filter(|kept| kept.year() == year);
    let juneteenth = observed(date(year, 6, 19)).filter(|_| year >= JUNETEENTH_SINCE);
    let holidays = [
        new_year,
        nth(year, 1, 3, Weekday::Monday), // Martin Luther King, Jr.
        nth(year, 2, 3, Weekday::Monday), // Washington's Birthday
        good_friday(year),
        nth(year, 5, -1, Weekday::Monday), // Memorial Day
        juneteenth,
        observed(date(year, 7, 4)),
        nth(year, 9, 1, Weekday::Monday), // Labor Day
        thanksgiving(year),
        observed(date(year, 12, 25)),
    ];
    holidays.contains(&Some(day))
}

fn is_early_close(day: Date) -> bool {
    let year = day.year();
    let after_thanksgiving = thanksgiving(year).and_then(|day| day.tomorrow().ok());
    let is_july = match date(year, 7, 4).weekday() {
        Weekday::Thursday if year < EVE_SINCE => day == date(year, 7, 5),
        _ => day == date(year, 7, 3),
    };
    is_july
        || day == date(year, 12, 24)
        || Some(day) == after_thanksgiving
        || CLOSED_EARLY.contains(&day)
}

/// When a holiday is kept that falls on a weekend.
fn observed(day: Date) -> Option<Date> {
    match day.weekday() {
        Weekday::Saturday => day.yesterday().ok(),
        Weekday::Sunday => day.tomorrow().ok(),
        _ => Some(day),
    }
}

fn nth(year: i16, month: i8, nth: i8, weekday: Weekday) -> Option<Date> {
    date(year, month, 1).nth_weekday_of_month(nth, weekday).ok()
}

fn thanksgiving(year: i16) -> Option<Date> {
    nth(year, 11, 4, Weekday::Thursday)
}

/// Two days before Easter, which is the Sunday after the first full moon of spring as the
/// Gregorian calendar reckons it.
fn good_friday(year: i16) -> Option<Date> {
    let (century, golden) = (i64::from(year) / 100, i64::from(year) % 19);
    let shift = 15 + century - century / 4 - (8 * century + 13) / 25;
    let moon = (19 * golden + shift) % 30;
    // Two corrections keep the moons of a cycle of 19 years apart.
    let moon = moon - i64::from(moon == 29 || (moon == 28 && golden > 10));
    let full = date(year, 3, 21).checked_add(jiff::Span::new().days(moon)).ok()?;
    let easter = full.nth_weekday(1, Weekday::Sunday).ok()?;
    easter.nth_weekday(-1, Weekday::Friday).ok()
}
