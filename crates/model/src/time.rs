//! Points in time and calendar days.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Nanoseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// The text is not a time we can carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time such as 2024-01-31T15:30:00.123456789Z")]
pub struct BadTime(String);

impl Timestamp {
    /// From whole seconds since 1970.
    pub fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// From milliseconds since 1970.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Milliseconds since 1970, as Kafka counts.
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The same point, later by a number of nanoseconds.
    pub fn plus_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Nanoseconds from an earlier point to this.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Appends `2021-02-22T15:51:44.208000000Z`, always with nine decimals: every record carries
    /// it as a header, so it is written without a general formatter.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        let secs = self.0.div_euclid(1_000_000_000);
        let (year, month, day) = civil_from_days(secs.div_euclid(86_400));
        let of_day = secs.rem_euclid(86_400);
        let mut write = |value: i64, digits: u32, after: u8| {
            for place in (0..digits).rev() {
                out.push(b'0' + (value / 10i64.pow(place) % 10) as u8);
            }
            out.push(after);
        };
        write(year, 4, b'-');
        write(month, 2, b'-');
        write(day, 2, b'T');
        write(of_day / 3600, 2, b':');
        write(of_day / 60 % 60, 2, b':');
        write(of_day % 60, 2, b'.');
        write(self.0.rem_euclid(1_000_000_000), 9, b'Z');
    }

    /// The calendar day in UTC.
    pub fn date(self) -> Date {
        Date(self.0.div_euclid(86_400_000_000_000) as i32)
    }
}

impl FromStr for Timestamp {
    type Err = BadTime;

    /// RFC 3339 with any offset and up to nine decimals.
    fn from_str(text: &str) -> Result<Self, BadTime> {
        if let Some(nanos) = parse_utc(text.as_bytes()) {
            return Ok(Self(nanos));
        }
        let bad = || BadTime(text.chars().take(40).collect());
        let time: jiff::Timestamp = text.parse().map_err(|_| bad())?;
        i64::try_from(time.as_nanosecond()).map(Self).map_err(|_| bad())
    }
}

/// The one shape that market data comes in, `2021-02-22T15:51:44.208Z`, read without a general
/// parser: it is on the path of every trade.
fn parse_utc(text: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| {
        text.get(from..to)?.iter().try_fold(0i64, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
        })
    };
    let is = |at: usize, byte: u8| text.get(at) == Some(&byte);
    if !(is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':')) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let last = text.len().checked_sub(1)?;
    let fraction = match text.get(19)? {
        b'Z' if last == 19 => 0,
        b'.' if is(last, b'Z') && (21..=29).contains(&last) => {
            number(20, last)? * 10i64.pow(29 - last as u32)
        }
        _ => return None,
    };
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if !(1900..=2200).contains(&year) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000 + fraction)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(time) => fmt::Display::fmt(&time, f),
            Err(_) => write!(f, "{}ns", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::Text::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Days since 1970-01-01.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(pub i32);

impl Date {
    fn civil(self) -> Option<jiff::civil::Date> {
        jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(self.0).ok()?).ok()
    }
}

impl FromStr for Date {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        let bad = || BadTime(text.chars().take(40).collect());
        let date: jiff::civil::Date = text.parse().map_err(|_| bad())?;
        Ok(Self(days_from_civil(date.year().into(), date.month().into(), date.day().into()) as i32))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.civil() {
            Some(date) => fmt::Display::fmt(&date, f),
            None => write!(f, "day {}", self.0),
        }
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::Text::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, nanos: i64) {
        assert_eq!(text.parse::<Timestamp>().unwrap().0, nanos, "{text}");
    }

    #[test]
    fn reads_the_shapes_vendors_send() {
        check("1970-01-01T00:00:00Z", 0);
        check("2021-02-22T15:51:44.208Z", 1_614_009_104_208_000_000);
        check("2021-02-22T15:51:45.335689322Z", 1_614_009_105_335_689_322);
        check("2022-04-19T13:45:04.981350886-04:00", 1_650_390_304_981_350_886);
        check("2024-02-29T00:00:00+00:00", 1_709_164_800_000_000_000);
        check("1969-12-31T23:59:59.5Z", -500_000_000);
    }

    #[test]
    fn refuses_what_is_not_a_time() {
        for text in ["", "now", "2021-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2021-02-22"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_quick_parser_agrees_with_the_general_one() {
        for day in (-30_000..80_000).step_by(17) {
            let time = Timestamp(day * 86_400_000_000_000 + 3_723_000_000_007);
            assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
            let mut written = Vec::new();
            time.write_rfc3339(&mut written);
            assert_eq!(String::from_utf8(written).unwrap().parse::<Timestamp>().unwrap(), time);
            assert_eq!(time.date(), time.to_string()[..10].parse().unwrap());
        }
    }

    #[test]
    fn dates_print_and_read() {
        assert_eq!("2014-06-09".parse::<Date>().unwrap().to_string(), "2014-06-09");
        assert_eq!(Date(0).to_string(), "1970-01-01");
        assert!("20140609x".parse::<Date>().is_err());
    }
}
