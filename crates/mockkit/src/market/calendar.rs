//! The sessions of the New York exchanges, by their rules: weekends, holidays and early closes.
//! Closures that no rule foresees (mourning, storms) are not known.

use jiff::civil::{Date, Weekday, date};

use crate::time;

/// Sessions looked for at once; ten years are about 2,520.
const MAX_DAYS: usize = 40 * 366;

/// One trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub date: Date,
    /// Nanoseconds since the epoch; `close` is not part of the session.
    pub open: i64,
    pub close: i64,
    pub early_close: bool,
}

impl Session {
    pub fn contains(&self, time: i64) -> bool {
        (self.open..self.close).contains(&time)
    }

    /// Start of the pre-market session.
    pub fn first(&self) -> i64 {
        time::new_york_at(self.date, 4, 0)
    }

    /// End of the after-hours session.
    pub fn last(&self) -> i64 {
        time::new_york_at(self.date, if self.early_close { 17 } else { 20 }, 0)
    }
}

/// The session of a date, unless the exchanges are closed.
pub fn session(date: Date) -> Option<Session> {
    if is_weekend(date) || is_holiday(date) {
        return None;
    }
    let early_close = is_early_close(date);
    Some(Session {
        date,
        open: time::new_york_at(date, 9, 30),
        close: time::new_york_at(date, if early_close { 13 } else { 16 }, 0),
        early_close,
    })
}

/// The first session after a date.
pub fn next_session(date: Date) -> Session {
    let mut day = date;
    // The exchanges never close for ten days on end; the fallback is for the end of time.
    for _ in 0..10 {
        day = day.tomorrow().unwrap_or(day);
        if let Some(session) = session(day) {
            return session;
        }
    }
    Session { date: day, open: i64::MAX, close: i64::MAX, early_close: false }
}

/// The last session before a date.
pub fn previous_session(date: Date) -> Session {
    let mut day = date;
    for _ in 0..10 {
        day = day.yesterday().unwrap_or(day);
        if let Some(session) = session(day) {
            return session;
        }
    }
    Session { date: day, open: i64::MIN, close: i64::MIN, early_close: false }
}

/// Sessions from one date to another, both included.
pub fn sessions(from: Date, to: Date) -> Vec<Session> {
    let days = std::iter::successors(Some(from), |day| day.tomorrow().ok());
    days.take(MAX_DAYS).take_while(|day| *day <= to).filter_map(session).collect()
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn is_holiday(day: Date) -> bool {
    let year = day.year();
    let fixed = |month, day_of_month| observed(date(year, month, day_of_month)) == Some(day);
    // New Year's Day on a Saturday is not made up for in the old year.
    fixed(1, 1)
        || nth(day, 1, Weekday::Monday, 3)
        || nth(day, 2, Weekday::Monday, 3)
        || good_friday(year) == Some(day)
        || (day.month() == 5 && day.weekday() == Weekday::Monday && day.day() > 24)
        || (year >= 2022 && fixed(6, 19))
        || fixed(7, 4)
        || nth(day, 9, Weekday::Monday, 1)
        || nth(day, 11, Weekday::Thursday, 4)
        || fixed(12, 25)
}

/// One o'clock closes: the day after Thanksgiving, Christmas Eve, the eve of Independence Day.
fn is_early_close(day: Date) -> bool {
    let eve = |month, day_of_month| {
        day == date(day.year(), month, day_of_month) && !is_weekend(day) && !is_holiday(day)
    };
    let after_thanksgiving =
        day.month() == 11 && day.weekday() == Weekday::Friday && (23..30).contains(&day.day());
    after_thanksgiving || eve(12, 24) || eve(7, 3)
}

/// Saturday's holidays are kept on Friday, Sunday's on Monday; none moves into another year.
fn observed(holiday: Date) -> Option<Date> {
    let moved = match holiday.weekday() {
        Weekday::Saturday => holiday.yesterday().ok()?,
        Weekday::Sunday => holiday.tomorrow().ok()?,
        _ => holiday,
    };
    (moved.year() == holiday.year()).then_some(moved)
}

fn nth(day: Date, month: i8, weekday: Weekday, nth: i8) -> bool {
    day.month() == month && day.weekday() == weekday && (day.day() - 1) / 7 + 1 == nth
}

/// Two days before Easter, the Sunday after the church's full moon of spring.
fn good_friday(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let golden = year % 19;
    let (century, in_century) = (year / 100, year % 100);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - correction + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    let (month, day) = (i8::try_from(days / 31).ok()?, i8::try_from(days % 31 + 1).ok()?);
    let easter = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    easter.yesterday().ok()?.yesterday().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_holidays() {
        let closed = |from: Date, to: Date| -> Vec<String> {
            let days = std::iter::successors(Some(from), |day| day.tomorrow().ok());
            days.take_while(|day| *day <= to)
                .filter(|day| !is_weekend(*day) && session(*day).is_none())
                .map(|day| day.to_string())
                .collect()
        };
        assert_eq!(
            closed(date(2013, 1, 1), date(2013, 12, 31)),
            [
                "2013-01-01",
                "2013-01-21",
                "2013-02-18",
                "2013-03-29",
                "2013-05-27",
                "2013-07-04",
                "2013-09-02",
                "2013-11-28",
                "2013-12-25"
            ]
        );
        assert_eq!(
            closed(date(2026, 1, 1), date(2026, 12, 31)),
            [
                "2026-01-01",
                "2026-01-19",
                "2026-02-16",
                "2026-04-03",
                "2026-05-25",
                "2026-06-19",
                "2026-07-03",
                "2026-09-07",
                "2026-11-26",
                "2026-12-25"
            ]
        );
        assert!(session(date(2021, 12, 31)).is_some(), "New Year's Day 2022 was a Saturday");
    }

    #[test]
    fn closes_early() {
        let early = |day: Date| session(day).unwrap().early_close;
        assert!(early(date(2013, 11, 29)) && early(date(2013, 12, 24)) && early(date(2013, 7, 3)));
        assert!(!early(date(2013, 11, 22)) && !early(date(2026, 7, 2)));
        let day = session(date(2013, 10, 7)).unwrap();
        assert_eq!(time::utc(day.open), "2013-10-07T13:30:00Z");
        assert_eq!(time::utc(day.close), "2013-10-07T20:00:00Z");
        assert_eq!(previous_session(date(2013, 10, 7)).date, date(2013, 10, 4));
        assert_eq!(sessions(date(2013, 10, 4), date(2013, 10, 8)).len(), 3);
    }
}
