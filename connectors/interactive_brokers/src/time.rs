//! Times as TWS writes them. Its zone stays in this file: everything else is in UTC.

use component::{Bad, OrBad};
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use model::Timestamp;

/// Where the nightly reset and the trading day are timed.
const NEW_YORK: &str = "America/New_York";
/// Servers are reset between 23:45 and 0:45 in New York, and a little around it.
const RESET_FROM: (i8, i8) = (23, 40);
const RESET_TO: (i8, i8) = (0, 50);
/// When the regular session ends.
const CLOSE_HOUR: i8 = 16;
/// No clock is further from UTC.
const MAX_OFFSET_SECS: i64 = 15 * 3_600;
/// Zones differ by multiples of this.
const QUARTER_SECS: i64 = 900;

/// Names that the operating systems under TWS have for their zones, where they are none of the
/// IANA's.
const ZONES: &str = include_str!("zones.txt");

/// The zone of times that name none; UTC until more is known.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

/// The zone of times that name none: the one that TWS told when it greeted us. Its name may be in
/// any language and in any encoding; then the time beside it tells the offset.
pub fn zone(greeting: &str, now: Timestamp) -> Zone {
    let Some((time, name)) = split(greeting) else { return Zone::default() };
    named(name).or_else(|| by_clock(time, now).map(Zone)).unwrap_or_default()
}

/// The zone with this name.
pub fn named(name: &str) -> Option<Zone> {
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    let lower = name.to_lowercase();
    let mut known = ZONES.lines().filter_map(|line| line.split_once('='));
    let found =
        known.find(|(known, _)| lower == *known || known.len() > 4 && lower.starts_with(known));
    TimeZone::get(found.map_or(name, |(_, iana)| iana)).ok().map(Zone)
}

fn by_clock(time: DateTime, now: Timestamp) -> Option<TimeZone> {
    let there = time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    let ahead = there - now.0.div_euclid(1_000_000_000);
    let offset = (ahead + QUARTER_SECS / 2).div_euclid(QUARTER_SECS) * QUARTER_SECS;
    if offset.abs() > MAX_OFFSET_SECS {
        return None;
    }
    Offset::from_seconds(offset as i32).ok().map(TimeZone::fixed)
}

/// A time as it stands in `20250415 19:38:31`, with one blank or two, or a `-`, in the middle, and
/// what follows it.
fn split(text: &str) -> Option<(DateTime, &str)> {
    let rest = text.get(8..)?.trim_start_matches([' ', '-']);
    let joined = format!("{} {}", text.get(..8)?, rest.get(..8)?);
    let time = DateTime::strptime("%Y%m%d %H:%M:%S", joined).ok()?;
    Some((time, rest.get(8..)?.trim_start_matches(' ')))
}

/// A point in time: `20250415  19:38:31` in a zone, `20250415 19:38:31 US/Eastern`,
/// `20250415-19:38:31` in UTC, or seconds since 1970.
pub fn moment(text: &str, zone: &Zone, field: &str) -> Result<Timestamp, Bad> {
    let bad = || Bad::new(field, format!("{text:?} is not a time"));
    if text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Timestamp::from_secs(text.parse().or_bad(field)?));
    }
    let (time, name) = split(text).ok_or_else(bad)?;
    let is_utc = text.as_bytes().get(8) == Some(&b'-') && name.is_empty() || name == "Z";
    let zone = match name {
        _ if is_utc => Zone::default(),
        "" => zone.clone(),
        name => named(name).ok_or_else(|| Bad::new(field, format!("no zone {name:?}")))?,
    };
    let time = zone.0.to_ambiguous_zoned(time).compatible().map_err(|_| bad())?;
    Ok(Timestamp::from_secs(time.timestamp().as_second()))
}

/// When a trading day begins in New York: `20230413`.
pub fn trading_day(text: &str, field: &str) -> Result<Timestamp, Bad> {
    let start = Date::strptime("%Y%m%d", text).and_then(|day| day.to_zoned(new_york()));
    let start = start.map_err(|_| Bad::new(field, format!("{text:?} is not a day")))?;
    Ok(Timestamp::from_secs(start.timestamp().as_second()))
}

/// The start of a day in New York.
pub fn day_start(day: model::Date) -> Timestamp {
    let text: String = day.to_string().chars().filter(|c| *c != '-').collect();
    trading_day(&text, "").unwrap_or_default()
}

/// The start of the day in New York that this is part of.
pub fn midnight(time: Timestamp) -> Timestamp {
    let there = jiff::Timestamp::from_nanosecond(time.0.into()).map(|t| t.to_zoned(new_york()));
    let start = there.and_then(|there| there.start_of_day());
    start.map_or(time, |start| Timestamp::from_secs(start.timestamp().as_second()))
}

/// How requests write a time in UTC.
pub fn written(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_second(time.0.div_euclid(1_000_000_000));
    time.map_or_else(|_| String::new(), |time| time.strftime("%Y%m%d-%H:%M:%S").to_string())
}

/// Whether this is the time of day when Interactive Brokers resets its servers.
pub fn is_reset(now: Timestamp) -> bool {
    jiff::Timestamp::from_nanosecond(now.0.into()).is_ok_and(|now| {
        let there = now.to_zoned(new_york());
        let time = (there.hour(), there.minute());
        time >= RESET_FROM || time < RESET_TO
    })
}

/// Whether the trading day is over then.
pub fn is_after_close(time: Timestamp) -> bool {
    jiff::Timestamp::from_nanosecond(time.0.into())
        .is_ok_and(|time| time.to_zoned(new_york()).hour() >= CLOSE_HOUR)
}

fn new_york() -> TimeZone {
    TimeZone::get(NEW_YORK).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(text: &str, zone: &Zone, expected: &str) {
        let found = moment(text, zone, "time").unwrap();
        assert_eq!(found.to_string(), expected, "{text}");
    }

    #[test]
    fn times_are_read_in_every_shape() {
        let london = zone("20250415 19:38:30 British Summer Time", Timestamp(0));
        check("20250415  19:38:31", &london, "2025-04-15T18:38:31Z");
        check("20250415 19:38:31 America/New_York", &london, "2025-04-15T23:38:31Z");
        check("20250415 19:38:31 US/Eastern", &london, "2025-04-15T23:38:31Z");
        check("20250415-19:38:31", &london, "2025-04-15T19:38:31Z");
        check("1678886400", &london, "2023-03-15T13:20:00Z");
        for text in ["", "now", "20251315 00:00:00", "20250415", "20250415 25:00:00", "2025041é"] {
            assert!(moment(text, &london, "time").is_err(), "{text}");
        }
        assert!(moment("20250415 19:38:31 Middle-earth", &london, "time").is_err());
    }

    #[test]
    fn any_zone_name_is_good_enough() {
        let now: Timestamp = "2025-07-15T10:00:00Z".parse().unwrap();
        let check = |greeting: &str, expected: &str| {
            let found = moment("20250715 12:00:00", &zone(greeting, now), "time").unwrap();
            assert_eq!(found.to_string(), expected, "{greeting}");
        };
        check("20250715 06:00:01 EST", "2025-07-15T16:00:00Z");
        check("20250715 12:00:01 Central European Summer Time", "2025-07-15T10:00:00Z");
        check("20250715 12:00:01 Mitteleuropäische Sommerzeit", "2025-07-15T10:00:00Z");
        check("20250715 15:29:58 \u{fffd}\u{fffd}", "2025-07-15T06:30:00Z");
        check("20130715 15:29:58 ?", "2025-07-15T12:00:00Z");
        check("garbage", "2025-07-15T12:00:00Z");
    }

    #[test]
    fn the_night_is_known() {
        let reset = |text: &str| is_reset(text.parse().unwrap());
        assert!(reset("2025-07-15T03:50:00Z") && reset("2025-07-15T04:30:00Z"));
        assert!(!reset("2025-07-15T05:00:00Z") && !reset("2025-07-15T14:00:00Z"));
        assert_eq!(written(Timestamp::from_secs(1_678_886_400)), "20230315-13:20:00");
        assert_eq!(trading_day("20230413", "date").unwrap().to_string(), "2023-04-13T04:00:00Z");
    }
}
