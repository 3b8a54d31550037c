//! Time zones: what clocks somewhere show.

use jiff::civil;
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};

use crate::{Date, Timestamp};

/// No clock is further from UTC.
const MAX_OFFSET_SECS: i64 = 15 * 3_600;
/// Zones differ by multiples of this.
const QUARTER_SECS: i64 = 900;

/// Names that operating systems have for zones, where they are none of the IANA's.
const NAMES: &str = include_str!("zones.txt");
/// A name of the table that is longer may be the beginning of a longer one.
const SHORT_CHARS: usize = 4;

/// A time zone; UTC until more is known.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// The zone that the IANA's database has under this name.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The zone that the IANA or an operating system has under this name.
    pub fn called(name: &str) -> Option<Self> {
        let name = name.trim();
        if name.is_empty() {
            return None;
        }
        let lower = name.to_lowercase();
        let is_it =
            |known: &str| lower == known || known.len() > SHORT_CHARS && lower.starts_with(known);
        let mut names = NAMES.lines().filter_map(|line| line.split_once('='));
        Self::named(names.find(|(known, _)| is_it(known)).map_or(name, |(_, iana)| iana))
    }

    /// Where the exchanges of the United States keep their time.
    pub fn new_york() -> Self {
        Self::named("America/New_York").unwrap_or_default()
    }

    /// The zone of a clock that shows now what one in UTC shows at `shown`: all that can be known
    /// of a zone without a name.
    pub fn by_clock(shown: Timestamp, now: Timestamp) -> Option<Self> {
        let ahead = secs(shown) - secs(now);
        let offset = (ahead + QUARTER_SECS / 2).div_euclid(QUARTER_SECS) * QUARTER_SECS;
        let offset = i32::try_from(offset).ok().filter(|_| offset.abs() <= MAX_OFFSET_SECS)?;
        Offset::from_seconds(offset).ok().map(TimeZone::fixed).map(Self)
    }

    /// When clocks there show a text of this pattern; without a time, the start of that day. Of an
    /// hour that comes twice it is the first one.
    pub fn read(&self, pattern: &str, text: &str) -> Option<Timestamp> {
        let parsed = strtime::parse(pattern, text).ok()?;
        let time = parsed.to_time().unwrap_or(civil::Time::midnight());
        let shown = parsed.to_date().ok()?.to_datetime(time);
        stamp(self.0.to_ambiguous_zoned(shown).compatible().ok()?.timestamp())
    }

    /// What clocks there show then, in this pattern.
    pub fn write(&self, pattern: &str, time: Timestamp) -> String {
        let written = self.at(time).and_then(|time| strtime::format(pattern, &time).ok());
        written.unwrap_or_default()
    }

    /// Hour and minute that clocks there show then.
    pub fn hour_and_minute(&self, time: Timestamp) -> Option<(i8, i8)> {
        self.at(time).map(|time| (time.hour(), time.minute()))
    }

    /// When a day begins there.
    pub fn day_start(&self, day: Date) -> Timestamp {
        let utc = Timestamp::from_secs(i64::from(day.0) * 86_400);
        self.read("%Y-%m-%d", &day.to_string()).unwrap_or(utc)
    }

    /// When the day began there that a point in time is part of.
    pub fn midnight(&self, time: Timestamp) -> Timestamp {
        let start = self.at(time).and_then(|time| time.start_of_day().ok());
        start.and_then(|start| stamp(start.timestamp())).unwrap_or(time)
    }

    /// The point in time that is later by a span of the calendar there; the same one where there is
    /// none.
    pub(crate) fn later(&self, time: Timestamp, span: jiff::Span) -> Timestamp {
        let later = self.at(time).and_then(|time| time.checked_add(span).ok());
        later.and_then(|later| stamp(later.timestamp())).unwrap_or(time)
    }

    fn at(&self, time: Timestamp) -> Option<jiff::Zoned> {
        let time = jiff::Timestamp::from_nanosecond(time.0.into()).ok()?;
        Some(time.to_zoned(self.0.clone()))
    }
}

fn secs(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000_000_000)
}

fn stamp(time: jiff::Timestamp) -> Option<Timestamp> {
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn clocks_are_read_as_they_are_where_they_hang() {
        let zone = Zone::new_york();
        for (text, expected) in [
            ("20250415 19:38:31", "2025-04-15T23:38:31Z"),
            // An hour that comes twice, and one that does not come at all.
            ("20241103 01:30:00", "2024-11-03T05:30:00Z"),
            ("20250309 02:30:00", "2025-03-09T07:30:00Z"),
        ] {
            assert_eq!(zone.read("%Y%m%d %H:%M:%S", text), Some(at(expected)), "{text}");
        }
        assert_eq!(zone.read("%Y%m%d", "20230413"), Some(at("2023-04-13T04:00:00Z")));
        assert_eq!(zone.read("%Y%m%d", "soon"), None);
        assert_eq!(zone.write("%Y%m%d-%H:%M:%S", at("2025-04-15T23:38:31Z")), "20250415-19:38:31");
        assert_eq!(zone.hour_and_minute(at("2025-04-15T23:38:31Z")), Some((19, 38)));
        assert_eq!(zone.midnight(at("2025-04-15T03:00:00Z")), at("2025-04-14T04:00:00Z"));
        assert_eq!(zone.day_start("2025-01-15".parse().unwrap()), at("2025-01-15T05:00:00Z"));
        assert!(Zone::called("Middle-earth").is_none() && Zone::called(" ").is_none());
        let berlin = Zone::called("Central European Summer Time").unwrap();
        assert_eq!(berlin.read("%Y%m%d", "20250715"), Some(at("2025-07-14T22:00:00Z")));
    }

    #[test]
    fn a_clock_without_a_zone_tells_its_offset() {
        let now = at("2025-07-15T10:00:00Z");
        let ahead =
            |shown: &str| Zone::by_clock(at(shown), now).map(|zone| zone.write("%H:%M", now));
        assert_eq!(ahead("2025-07-15T15:29:58Z").as_deref(), Some("15:30"));
        assert_eq!(ahead("2025-07-15T06:01:00Z").as_deref(), Some("06:00"));
        assert_eq!(ahead("2013-07-15T06:01:00Z"), None);
    }
}
