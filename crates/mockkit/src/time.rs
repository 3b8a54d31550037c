//! Times as nanoseconds since the epoch, and their spellings in UTC and New York.

use std::io::Write as _;
use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::{Error, Result};

pub const SECOND: i64 = 1_000_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Where the exchanges are; the zone comes from the database bundled with the binary.
pub static NEW_YORK: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZone::get("America/New_York").expect("the bundled zone database has New York")
});

/// The real time. A mock stands outside the pipeline, so it may look at the wall: rate limits and
/// their reset headers are promises about real time.
pub fn wall() -> i64 {
    #[allow(clippy::disallowed_methods)]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// `2013-10-07T13:31:00.5Z`: as many fractional digits as needed, up to nine.
pub fn utc(ns: i64) -> String {
    let mut text = Vec::with_capacity(30);
    write_utc(&mut text, ns);
    String::from_utf8(text).expect("digits and punctuation are ASCII")
}

/// Like [`utc`], appended to a buffer without allocating.
pub fn write_utc(out: &mut Vec<u8>, ns: i64) {
    write_civil(out, ns);
    out.push(b'Z');
}

/// `2013-10-07T09:31:00.5-04:00`.
pub fn new_york(ns: i64) -> String {
    let offset = NEW_YORK.to_offset(timestamp(ns)).seconds();
    let mut text = Vec::with_capacity(36);
    write_civil(&mut text, ns.saturating_add(i64::from(offset) * SECOND));
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.abs() / 60;
    // A Vec takes every write.
    let _ = write!(text, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    String::from_utf8(text).expect("digits and punctuation are ASCII")
}

/// The calendar date in New York at this moment.
pub fn new_york_date(ns: i64) -> Date {
    NEW_YORK.to_datetime(timestamp(ns)).date()
}

/// Hours, minutes, seconds and milliseconds of the New York wall clock.
pub fn new_york_time(ns: i64) -> jiff::civil::Time {
    NEW_YORK.to_datetime(timestamp(ns)).time()
}

/// Midnight in New York at the start of this date.
pub fn new_york_midnight(date: Date) -> i64 {
    new_york_at(date, 0, 0)
}

/// This wall-clock time in New York on this date.
pub fn new_york_at(date: Date, hour: i8, minute: i8) -> i64 {
    let zoned = NEW_YORK.to_zoned(date.at(hour, minute, 0, 0));
    zoned.map_or(i64::MAX, |zoned| nanoseconds(zoned.timestamp()))
}

/// Reads an RFC 3339 time, or a date (midnight in New York).
pub fn parse(text: &str) -> Result<i64> {
    // A `+` that was not percent-encoded arrives as a space.
    let text = text.trim().replace(' ', "+");
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(nanoseconds(time));
    }
    match text.parse::<Date>() {
        Ok(date) if text.len() == "2013-10-07".len() => Ok(new_york_midnight(date)),
        _ => Err(Error::Time(text)),
    }
}

pub fn timestamp(ns: i64) -> Timestamp {
    // Every i64 of nanoseconds lies between the years 1677 and 2262.
    Timestamp::UNIX_EPOCH + SignedDuration::from_nanos(ns)
}

fn nanoseconds(time: Timestamp) -> i64 {
    let ns = time.as_nanosecond();
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}

fn write_civil(out: &mut Vec<u8>, ns: i64) {
    let (days, in_day) = (ns.div_euclid(DAY), ns.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (seconds, fraction) = (in_day / SECOND, in_day % SECOND);
    digits(out, year, 4);
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, day, 2);
    out.push(b'T');
    digits(out, seconds / 3600, 2);
    out.push(b':');
    digits(out, seconds / 60 % 60, 2);
    out.push(b':');
    digits(out, seconds % 60, 2);
    if fraction != 0 {
        out.push(b'.');
        digits(out, fraction, 9);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

fn digits(out: &mut Vec<u8>, value: i64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    let mut rest = value;
    for place in out[start..].iter_mut().rev() {
        *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
}

/// Year, month and day of a day number since the epoch, in the proleptic Gregorian calendar:
/// counted in 400-year eras whose years begin in March, so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn spells_times() {
        let check = |text: &str, in_utc: &str, in_new_york: &str| {
            let ns = parse(text).unwrap();
            assert_eq!((utc(ns).as_str(), new_york(ns).as_str()), (in_utc, in_new_york));
        };
        check("2013-10-07T13:31:00Z", "2013-10-07T13:31:00Z", "2013-10-07T09:31:00-04:00");
        check("2013-10-07", "2013-10-07T04:00:00Z", "2013-10-07T00:00:00-04:00");
        check(
            "2024-02-29T23:59:59.00000012Z",
            "2024-02-29T23:59:59.00000012Z",
            "2024-02-29T18:59:59.00000012-05:00",
        );
        check("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z", "1969-12-31T18:59:59.5-05:00");
        check("2014-01-01T00:00:00 00:00", "2014-01-01T00:00:00Z", "2013-12-31T19:00:00-05:00");
        assert!(parse("yesterday").is_err());
    }

    #[test]
    fn agrees_with_jiff_on_every_day() {
        for day in -20_000..40_000_i64 {
            assert_eq!(utc(day * DAY), timestamp(day * DAY).to_string());
        }
    }
}
