//! Times as this vendor writes them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use mockkit::time::{self, SECOND};

/// Zone of the instruments.
pub const ZONE: &str = "US/Eastern";

/// `20131007 09:31:00 US/Eastern`.
pub fn stamp(ns: i64) -> String {
    format!("{} {ZONE}", civil(ns).strftime("%Y%m%d %H:%M:%S"))
}

/// `20131007-13:31:00`, in UTC.
pub fn utc_stamp(ns: i64) -> String {
    TimeZone::UTC.to_datetime(time::timestamp(ns)).strftime("%Y%m%d-%H:%M:%S").to_string()
}

/// `20131007-09:31:00`, in New York.
pub fn schedule_stamp(ns: i64) -> String {
    civil(ns).strftime("%Y%m%d-%H:%M:%S").to_string()
}

/// `20131007`.
pub fn day(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

/// `09:31`.
pub fn minute(ns: i64) -> String {
    civil(ns).strftime("%H:%M").to_string()
}

pub fn civil(ns: i64) -> DateTime {
    time::NEW_YORK.to_datetime(time::timestamp(ns))
}

pub fn seconds(ns: i64) -> i64 {
    ns.div_euclid(SECOND)
}

/// A time in a request: `20131007 09:31:00 US/Eastern`, `20131007-13:31:00` (UTC, perhaps with a
/// `Z`), `20131007 09:31:00` (New York), or `20131007` (its midnight).
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some((day, clock)) = text.split_once('-') {
        return moment(day, clock.trim_end_matches('Z'), &TimeZone::UTC);
    }
    let mut words = text.split_whitespace();
    let (day, clock) = (words.next()?, words.next().unwrap_or("00:00:00"));
    match words.next() {
        None => moment(day, clock, &time::NEW_YORK),
        Some(zone) => moment(day, clock, &zone_named(zone)?),
    }
}

fn moment(day: &str, clock: &str, zone: &TimeZone) -> Option<i64> {
    let date = Date::strptime("%Y%m%d", day).ok()?;
    let clock = jiff::civil::Time::strptime("%H:%M:%S", clock)
        .or_else(|_| jiff::civil::Time::strptime("%H:%M", clock))
        .ok()?;
    let zoned = zone.to_zoned(date.to_datetime(clock)).ok()?;
    i64::try_from(zoned.timestamp().as_nanosecond()).ok()
}

fn zone_named(name: &str) -> Option<TimeZone> {
    match name {
        "EST" | "EDT" => Some(time::NEW_YORK.clone()),
        "GMT" | "UTC" => Some(TimeZone::UTC),
        _ => TimeZone::get(name).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling_of_a_time() {
        let moment = Some(1_381_152_660 * SECOND);
        for text in [
            "20131007 09:31:00 US/Eastern",
            "20131007  09:31:00",
            "20131007-13:31:00",
            "20131007-13:31:00Z",
            "20131007 14:31:00 Europe/London",
            "20131007 09:31:00 EST",
        ] {
            assert_eq!(parse(text), moment, "{text}");
        }
        assert_eq!(parse("20131007").map(stamp).as_deref(), Some("20131007 00:00:00 US/Eastern"));
        for nonsense in ["", "yesterday", "20131045 09:31:00", "20131007 09:31:00 Moon/Base"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
        let now = 1_381_152_660 * SECOND;
        assert_eq!(utc_stamp(now), "20131007-13:31:00");
        assert_eq!(
            (schedule_stamp(now), minute(now)),
            ("20131007-09:31:00".into(), "09:31".into())
        );
    }
}
