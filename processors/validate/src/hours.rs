//! When a venue is open.

use std::collections::BTreeSet;

use component::{Fault, Result};
use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use model::Timestamp;

use crate::holiday::{is_us_holiday, us_early_close};
use crate::settings::{Day, Holidays, Session};

/// Days looked ahead for a session. Exchanges have closed for weeks (1914, 2001), never longer
/// than this in our time; a venue that stays closed longer has no next session.
const MAX_CLOSED_DAYS: i32 = 20;

/// The sessions of a venue, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Hours {
    zone: TimeZone,
    open: Time,
    close: Time,
    days: BTreeSet<Day>,
    holidays: Holidays,
    closed: BTreeSet<Date>,
}

/// One session; `close` is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) open: Timestamp,
    pub(crate) close: Timestamp,
}

impl Hours {
    /// Reads the setting `sessions.VENUE`.
    pub(crate) fn new(venue: &str, session: &Session) -> Result<Self> {
        let wrong = |key: &str, value: &str, error: jiff::Error| {
            Fault::fatal(format!(
                "cannot use the setting sessions.{venue}.{key} {value:?}: {error}"
            ))
        };
        let time = |key: &str, text: &str| -> Result<Time> {
            text.parse().map_err(|error| wrong(key, text, error))
        };
        let mut closed = BTreeSet::new();
        for text in &session.closed {
            closed.insert(text.parse().map_err(|error| wrong("closed", text, error))?);
        }
        // Not the database of the machine: two machines must come to the same findings.
        let zone = TimeZoneDatabase::bundled()
            .get(&session.zone)
            .map_err(|error| wrong("zone", &session.zone, error))?;
        Ok(Self {
            zone,
            open: time("open", &session.open)?,
            close: time("close", &session.close)?,
            days: session.days.clone(),
            holidays: session.holidays,
            closed,
        })
    }

    /// The session that a point in time is in, else the next one.
    pub(crate) fn at_or_after(&self, time: Timestamp) -> Option<Span> {
        let instant = jiff::Timestamp::from_nanosecond(time.0.into()).ok()?;
        // Yesterday's session may last until today.
        let first = self.zone.to_datetime(instant).date().yesterday().ok()?;
        (0..MAX_CLOSED_DAYS)
            .filter_map(|days| self.of(first.checked_add(days.days()).ok()?))
            .find(|span| span.close > time)
    }

    /// The session that opens on a day.
    fn of(&self, date: Date) -> Option<Span> {
        let keeps_us = self.holidays == Holidays::UsEquities;
        let is_closed = !self.days.contains(&day(date.weekday()))
            || self.closed.contains(&date)
            || (keeps_us && is_us_holiday(date));
        if is_closed {
            return None;
        }
        let early = us_early_close(date).filter(|_| keeps_us);
        let close = early.map_or(self.close, |early| early.min(self.close));
        let end = if close > self.open { date } else { date.tomorrow().ok()? };
        Some(Span { open: self.at(date, self.open)?, close: self.at(end, close)? })
    }

    fn at(&self, date: Date, time: Time) -> Option<Timestamp> {
        let instant = self.zone.to_timestamp(date.to_datetime(time)).ok()?;
        i64::try_from(instant.as_nanosecond()).ok().map(Timestamp)
    }
}

fn day(weekday: Weekday) -> Day {
    match weekday {
        Weekday::Monday => Day::Mon,
        Weekday::Tuesday => Day::Tue,
        Weekday::Wednesday => Day::Wed,
        Weekday::Thursday => Day::Thu,
        Weekday::Friday => Day::Fri,
        Weekday::Saturday => Day::Sat,
        Weekday::Sunday => Day::Sun,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(hours: &Hours, time: &str, expected: Option<(&str, &str)>) {
        let span = hours.at_or_after(time.parse().unwrap());
        let parse = |text: &str| text.parse::<Timestamp>().unwrap();
        let expected =
            expected.map(|(open, close)| Span { open: parse(open), close: parse(close) });
        assert_eq!(span, expected, "{time}");
    }

    #[test]
    fn new_york_opens_at_half_past_nine_by_its_own_clock() {
        let hours = Hours::new("US", &Session::us_equities()).unwrap();
        let friday = ("2013-10-04T13:30:00Z", "2013-10-04T20:00:00Z");
        let monday = ("2013-10-07T13:30:00Z", "2013-10-07T20:00:00Z");
        check(&hours, "2013-10-04T12:00:00Z", Some(friday));
        check(&hours, "2013-10-04T19:59:59.999999999Z", Some(friday));
        check(&hours, "2013-10-04T20:00:00Z", Some(monday));
        check(&hours, "2013-10-06T00:00:00Z", Some(monday));
        let winter = ("2013-12-24T14:30:00Z", "2013-12-24T18:00:00Z");
        check(&hours, "2013-12-24T00:00:00Z", Some(winter));
        let after_christmas = ("2013-12-26T14:30:00Z", "2013-12-26T21:00:00Z");
        check(&hours, "2013-12-24T18:00:00Z", Some(after_christmas));
    }

    #[test]
    fn a_session_may_end_on_the_next_day() {
        let mut session = Session::us_equities();
        session.open = "18:00".into();
        session.close = "17:00".into();
        session.holidays = Holidays::None;
        session.days = [Day::Sun, Day::Mon, Day::Tue, Day::Wed, Day::Thu].into();
        let hours = Hours::new("XCME", &session).unwrap();
        let sunday = ("2013-10-06T22:00:00Z", "2013-10-07T21:00:00Z");
        check(&hours, "2013-10-05T00:00:00Z", Some(sunday));
        check(&hours, "2013-10-07T20:59:00Z", Some(sunday));
        session.closed = ["2013-10-06".to_owned()].into();
        let hours = Hours::new("XCME", &session).unwrap();
        check(
            &hours,
            "2013-10-05T00:00:00Z",
            Some(("2013-10-07T22:00:00Z", "2013-10-08T21:00:00Z")),
        );
        session.days.clear();
        check(&Hours::new("XCME", &session).unwrap(), "2013-10-05T00:00:00Z", None);
    }

    #[test]
    fn wrong_settings_are_named() {
        let refused = |edit: fn(&mut Session)| {
            let mut session = Session::us_equities();
            edit(&mut session);
            Hours::new("US", &session).unwrap_err().to_string()
        };
        let error = refused(|session| session.zone = "America/Gotham".into());
        assert!(error.contains("sessions.US.zone \"America/Gotham\""), "{error}");
        let error = refused(|session| session.open = "half past nine".into());
        assert!(error.contains("sessions.US.open"), "{error}");
        let error = refused(|session| session.closed = ["9 January".to_owned()].into());
        assert!(error.contains("sessions.US.closed"), "{error}");
    }
}
