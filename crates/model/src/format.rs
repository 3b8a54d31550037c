//! How times and days are written, where a user says so.

use jiff::civil::{self, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::{BadTime, Date, Decimal, Timestamp, money};

/// A format of times.
#[derive(Clone, Debug)]
pub enum TimeFormat {
    /// `2024-01-31T15:30:00Z`, with any offset.
    Rfc3339,
    /// Nanoseconds of one unit since 1970.
    Epoch(i64),
    /// A pattern, and the zone of times without an offset.
    Pattern(String, TimeZone),
}

impl TimeFormat {
    /// The format that a setting names: `rfc3339`, `epoch_secs`, `epoch_millis`, `epoch_nanos`, or
    /// a pattern such as `%Y-%m-%d %H:%M`, whose times are those of `zone` unless they say their
    /// offset.
    pub fn parse(format: &str, zone: &str) -> Result<Self, String> {
        let zone = TimeZone::get(zone).map_err(|_| format!("{zone:?} is no time zone"))?;
        Ok(match format {
            "rfc3339" => Self::Rfc3339,
            "epoch_secs" => Self::Epoch(1_000_000_000),
            "epoch_millis" => Self::Epoch(1_000_000),
            "epoch_nanos" => Self::Epoch(1),
            pattern if pattern.contains('%') => {
                // A pattern that cannot write a time cannot read one.
                strtime::format(pattern, &jiff::Zoned::default())
                    .map_err(|error| format!("{pattern:?}: {error}"))?;
                Self::Pattern(pattern.to_owned(), zone)
            }
            _ => {
                return Err(format!(
                    "{format:?} is none of rfc3339, epoch_secs, epoch_millis, epoch_nanos and no \
                     pattern such as %Y-%m-%d"
                ));
            }
        })
    }

    /// The point in time that a text stands for.
    pub fn read(&self, text: &str) -> Result<Timestamp, String> {
        match self {
            Self::Rfc3339 => text.parse().map_err(|error: BadTime| error.to_string()),
            Self::Epoch(nanos) => {
                let units = money(text).map_err(|error| error.to_string())?;
                let nanos = units.checked_mul(Decimal::from(*nanos)).map(|nanos| nanos.trunc());
                let nanos = nanos.and_then(|nanos| i64::try_from(nanos).ok());
                nanos.map(Timestamp).ok_or_else(|| format!("{text:?} is out of range"))
            }
            Self::Pattern(pattern, zone) => {
                let parsed = strtime::parse(pattern, text)
                    .map_err(|error| format!("{text:?} is not a time like {pattern:?}: {error}"))?;
                if parsed.offset().is_some() || parsed.timestamp().is_some() {
                    return in_range(parsed.to_timestamp().map_err(|error| error.to_string())?);
                }
                let date = parsed.to_date().map_err(|error| error.to_string())?;
                let time = parsed.to_time().unwrap_or(civil::Time::midnight());
                at_zone(date.to_datetime(time), zone)
            }
        }
    }

    /// The day that a text stands for, in the vendor's own calendar.
    pub fn read_date(&self, text: &str) -> Result<Date, String> {
        let Self::Pattern(pattern, zone) = self else {
            return Ok(self.read(text)?.date());
        };
        let parsed = strtime::parse(pattern, text)
            .map_err(|error| format!("{text:?} is not a day like {pattern:?}: {error}"))?;
        let date = match parsed.timestamp() {
            Some(time) => time.to_zoned(zone.clone()).date(),
            None => parsed.to_date().map_err(|error| error.to_string())?,
        };
        date.to_string().parse().map_err(|error: BadTime| error.to_string())
    }

    /// A point in time as this format writes it.
    pub fn write(&self, time: Timestamp) -> Result<String, String> {
        match self {
            Self::Rfc3339 => Ok(time.to_string()),
            Self::Epoch(nanos) => Ok(time.0.div_euclid(*nanos).to_string()),
            Self::Pattern(pattern, zone) => {
                let time = jiff::Timestamp::from_nanosecond(time.0.into());
                let time = time.map_err(|error| error.to_string())?.to_zoned(zone.clone());
                strtime::format(pattern, &time).map_err(|error| error.to_string())
            }
        }
    }
}

/// A wall clock's time as a point in time. An hour that the clock skips or shows twice is refused
/// rather than guessed.
fn at_zone(local: DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    let time = zone.to_ambiguous_timestamp(local).unambiguous().map_err(|_| {
        let name = zone.iana_name().unwrap_or("its time zone");
        format!("{local} does not exist or comes twice in {name}")
    })?;
    in_range(time)
}

fn in_range(time: jiff::Timestamp) -> Result<Timestamp, String> {
    let nanos = i64::try_from(time.as_nanosecond());
    nanos.map(Timestamp).map_err(|_| format!("{time} is out of range"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for (format, zone, text, expected) in [
            ("rfc3339", "UTC", "2013-10-07T10:00:00.5-04:00", "2013-10-07T14:00:00.5Z"),
            ("epoch_secs", "UTC", "1381154400", "2013-10-07T14:00:00Z"),
            ("epoch_secs", "UTC", "1381154400.25", "2013-10-07T14:00:00.25Z"),
            ("epoch_millis", "UTC", "1381154400123", "2013-10-07T14:00:00.123Z"),
            ("epoch_nanos", "UTC", "1381154400000000001", "2013-10-07T14:00:00.000000001Z"),
            ("%Y%m%dT%H%M%S", "America/New_York", "20131007T100000", "2013-10-07T14:00:00Z"),
            ("%Y-%m-%d", "America/New_York", "2013-10-07", "2013-10-07T04:00:00Z"),
            ("%d %b %Y %H:%M %z", "UTC", "07 Oct 2013 10:00 -0400", "2013-10-07T14:00:00Z"),
        ] {
            let format = TimeFormat::parse(format, zone).unwrap();
            assert_eq!(format.read(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (format, text) in [
            ("rfc3339", "2013-10-07"),
            ("epoch_secs", "soon"),
            ("epoch_secs", "99999999999999"),
            ("%Y-%m-%d", "07.10.2013"),
            ("%Y-%m-%d %H:%M", "2013-03-10 02:30"),
        ] {
            let format = TimeFormat::parse(format, "America/New_York").unwrap();
            assert!(format.read(text).is_err(), "{text}");
        }
        assert!(TimeFormat::parse("iso", "UTC").unwrap_err().contains("none of rfc3339"));
        assert!(TimeFormat::parse("%!", "UTC").is_err());
        assert!(TimeFormat::parse("rfc3339", "Mars").unwrap_err().contains("no time zone"));
    }

    #[test]
    fn a_day_is_the_vendors_own() {
        let format = TimeFormat::parse("%m/%d/%Y", "America/New_York").unwrap();
        assert_eq!(format.read_date("10/07/2013").unwrap().to_string(), "2013-10-07");
        let minute = TimeFormat::parse("%Y%m%dT%H%M", "UTC").unwrap();
        let time = "2013-10-07T14:00:00Z".parse().unwrap();
        assert_eq!(minute.write(time).unwrap(), "20131007T1400");
        let millis = TimeFormat::parse("epoch_millis", "UTC").unwrap();
        assert_eq!(millis.write(time).unwrap(), "1381154400000");
    }
}
