//! Times as TWS writes them. Its zone stays in this file: everything else is in UTC.

use component::{Bad, OrBad};
use model::Timestamp;
pub use model::Zone;

/// Servers are reset between 23:45 and 0:45 in New York, and a little around it.
const RESET_FROM: (i8, i8) = (23, 40);
const RESET_TO: (i8, i8) = (0, 50);
/// When the regular session ends there.
const CLOSE: (i8, i8) = (16, 0);

/// The zone of times that name none: the one that TWS told when it greeted us. Its name may be in
/// any language and in any encoding; then the time beside it tells the offset.
pub fn zone(greeting: &str, now: Timestamp) -> Zone {
    let Some((shown, name)) = split(greeting, &Zone::default()) else { return Zone::default() };
    Zone::called(name).or_else(|| Zone::by_clock(shown, now)).unwrap_or_default()
}

/// A time as it stands in `20250415 19:38:31`, with one blank or two, or a `-`, in the middle, and
/// what follows it.
fn split<'a>(text: &'a str, zone: &Zone) -> Option<(Timestamp, &'a str)> {
    let rest = text.get(8..)?.trim_start_matches([' ', '-']);
    let joined = format!("{} {}", text.get(..8)?, rest.get(..8)?);
    let time = zone.read("%Y%m%d %H:%M:%S", &joined)?;
    Some((time, rest.get(8..)?.trim_start_matches(' ')))
}

/// A point in time: `20250415  19:38:31` in a zone, `20250415 19:38:31 US/Eastern`,
/// `20250415-19:38:31` in UTC, or seconds since 1970.
pub fn moment(text: &str, zone: &Zone, field: &str) -> Result<Timestamp, Bad> {
    if text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Timestamp::from_secs(text.parse().or_bad(field)?));
    }
    let bad = || Bad::new(field, format!("{text:?} is not a time"));
    let (utc, name) = split(text, &Zone::default()).ok_or_else(bad)?;
    let zone = match name {
        "" if text.as_bytes().get(8) == Some(&b'-') => return Ok(utc),
        "Z" => return Ok(utc),
        "" => zone,
        name => &Zone::called(name).ok_or_else(|| Bad::new(field, format!("no zone {name:?}")))?,
    };
    split(text, zone).map(|(time, _)| time).ok_or_else(bad)
}

/// When a trading day begins in New York: `20230413`.
pub fn trading_day(text: &str, field: &str) -> Result<Timestamp, Bad> {
    let start = Zone::new_york().read("%Y%m%d", text);
    start.ok_or_else(|| Bad::new(field, format!("{text:?} is not a day")))
}

/// How requests write a time in UTC.
pub fn written(time: Timestamp) -> String {
    Zone::default().write("%Y%m%d-%H:%M:%S", time)
}

/// Whether this is the time of day when Interactive Brokers resets its servers.
pub fn is_reset(now: Timestamp) -> bool {
    let time = Zone::new_york().hour_and_minute(now);
    time.is_some_and(|time| time >= RESET_FROM || time < RESET_TO)
}

/// Whether the trading day is over then.
pub fn is_after_close(time: Timestamp) -> bool {
    Zone::new_york().hour_and_minute(time).is_some_and(|time| time >= CLOSE)
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
