//! How long a person's consent lasts, and a token that nobody uses.

use std::time::Duration;

use component::nanos;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use model::Timestamp;

/// How long a login by a person is good for.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// When a person has to log in again.
    pub span: Span,
    /// A token that was not used for so long has to be woken.
    pub idle: Option<Duration>,
}

/// When a person has to log in again.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Span {
    /// Never.
    #[default]
    Endless,
    /// So long after the login, however often it is renewed.
    For(Duration),
    /// At the next such time of day.
    Daily {
        /// The time.
        at: Time,
        /// Where.
        zone: TimeZone,
    },
    /// At the next such time of the week.
    Weekly {
        /// The day.
        on: Weekday,
        /// The time.
        at: Time,
        /// Where.
        zone: TimeZone,
    },
}

impl Span {
    /// When a login of that time ends.
    pub fn ends(&self, granted: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Endless => None,
            Self::For(span) => Some(granted.plus_nanos(nanos(*span))),
            Self::Daily { at, zone } => next(granted, *at, zone, |_| true),
            Self::Weekly { on, at, zone } => next(granted, *at, zone, |day| day == *on),
        }
    }
}

/// The first such time after `granted`, at most a week and a day later.
fn next(
    granted: Timestamp,
    at: Time,
    zone: &TimeZone,
    is_day: impl Fn(Weekday) -> bool,
) -> Option<Timestamp> {
    let then = jiff::Timestamp::from_nanosecond(i128::from(granted.0)).ok()?;
    let mut date = zone.to_datetime(then).date();
    for _ in 0..=8 {
        if is_day(date.weekday()) {
            let moment = zone.to_zoned(date.to_datetime(at)).ok()?.timestamp();
            if moment > then {
                return i64::try_from(moment.as_nanosecond()).ok().map(Timestamp);
            }
        }
        date = date.tomorrow().ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::civil::time;

    use super::*;

    fn check(span: &Span, granted: &str, ends: &str) {
        let read = |text: &str| {
            let time: jiff::Timestamp = text.parse().unwrap();
            Timestamp(i64::try_from(time.as_nanosecond()).unwrap())
        };
        assert_eq!(span.ends(read(granted)), Some(read(ends)), "{granted}");
    }

    #[test]
    fn a_login_ends_when_its_vendor_says() {
        let week = Span::For(Duration::from_secs(7 * 86_400));
        check(&week, "2026-11-23T12:00:00Z", "2026-11-30T12:00:00Z");
        let zone = TimeZone::get("America/New_York").unwrap();
        let midnight = Span::Daily { at: time(0, 0, 0, 0), zone: zone.clone() };
        check(&midnight, "2026-11-23T12:00:00Z", "2026-11-24T05:00:00Z");
        check(&midnight, "2026-11-24T05:00:00Z", "2026-11-25T05:00:00Z");
        check(&midnight, "2026-03-08T06:00:00Z", "2026-03-09T04:00:00Z"); // clocks went forward
        let sunday = Span::Weekly { on: Weekday::Sunday, at: time(1, 0, 0, 0), zone };
        check(&sunday, "2026-11-23T12:00:00Z", "2026-11-29T06:00:00Z");
        check(&sunday, "2026-11-29T05:59:59Z", "2026-11-29T06:00:00Z");
        check(&sunday, "2026-11-29T06:00:00Z", "2026-12-06T06:00:00Z");
        assert_eq!(Span::Endless.ends(Timestamp(0)), None);
    }
}
