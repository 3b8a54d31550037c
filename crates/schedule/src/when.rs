//! When something is due: a schedule on the time line.
//!
//! Where clocks are changed, the rules are those of cron. What has a fixed time of the day
//! happens once a day: at the change, if its time is skipped, and the first time only, if its time
//! comes twice. What goes with the clock (`*` for the minute or the hour) happens whenever the
//! clock shows such a time: not at all, or twice.

use std::fmt;

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use model::Timestamp;

use crate::calendar::{is_trading_day, new_york, session};
use crate::{Cron, Mistake};

/// Days looked through for the next time: the 29th of February on a trading day may be far.
const MAX_DAYS: usize = 41 * 366;
/// Most minutes between a session and what follows it.
const MAX_MINUTES: i64 = 12 * 60;
/// A point from which every schedule that is ever due is due again within `MAX_DAYS`.
const ANY: Timestamp = Timestamp(1_767_225_600_000_000_000); // 2026-01-01

/// When something is due.
#[derive(Clone, Debug)]
pub struct When {
    rule: Rule,
    /// The clock that it goes by.
    zone: TimeZone,
    trading_days_only: bool,
}

#[derive(Clone, Debug)]
enum Rule {
    Cron(Cron),
    /// So many minutes after an edge of the session.
    Session {
        is_close: bool,
        minutes: i64,
    },
}

impl When {
    /// Reads a schedule: cron's five fields, `@daily`, or `30 minutes after close` and
    /// `10 minutes before open`, `at open`, `at close` of the New York session. The clock is
    /// UTC's if no zone is named.
    pub fn parse(text: &str, zone: Option<&str>, trading_days_only: bool) -> Result<Self, Mistake> {
        let unknown = |zone: &str| Mistake::Zone { zone: zone.to_owned() };
        let when = match of_session(text) {
            Some(rule) => {
                let zone = new_york().ok_or_else(|| unknown("America/New_York"))?;
                Self { rule, zone, trading_days_only: true }
            }
            None => {
                let rule = Rule::Cron(Cron::parse(text)?);
                let zone = match zone {
                    None => TimeZone::UTC,
                    Some(name) => TimeZone::get(name).map_err(|_| unknown(name))?,
                };
                Self { rule, zone, trading_days_only }
            }
        };
        match when.next(ANY) {
            Some(_) => Ok(when),
            None => Err(Mistake::Never { schedule: text.to_owned() }),
        }
    }

    /// The first time after a point.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let day = self.day(after)?.yesterday().ok()?;
        let days = day.series(Span::new().days(1)).take(MAX_DAYS);
        self.search(days, |times| times.into_iter().find(|time| *time > after), Timestamp::min)
    }

    /// The last time up to a point, the point included.
    pub fn last(&self, until: Timestamp) -> Option<Timestamp> {
        let day = self.day(until)?.tomorrow().ok()?;
        let days = day.series(Span::new().days(-1)).take(MAX_DAYS);
        self.search(days, |times| times.into_iter().rfind(|time| *time <= until), Timestamp::max)
    }

    /// The best time of the first day that has one. Where clocks are changed at midnight, the
    /// times of two days may overlap, so the day after it is looked at too.
    fn search(
        &self,
        mut days: impl Iterator<Item = Date>,
        pick: impl Fn(Vec<Timestamp>) -> Option<Timestamp>,
        better: impl Fn(Timestamp, Timestamp) -> Timestamp,
    ) -> Option<Timestamp> {
        let found = days.find_map(|day| pick(self.times(day)))?;
        let beside = days.next().and_then(|day| pick(self.times(day)));
        Some(beside.map_or(found, |beside| better(found, beside)))
    }

    /// The times that belong to a day, in order.
    fn times(&self, day: Date) -> Vec<Timestamp> {
        // Both are asked of thousands of days, so the quicker question comes first.
        let is_on = !matches!(&self.rule, Rule::Cron(cron) if !cron.is_on(day));
        if !is_on || self.trading_days_only && !is_trading_day(day) {
            return Vec::new();
        }
        let mut times = match &self.rule {
            Rule::Session { is_close, minutes } => {
                let Some(session) = session(day) else { return Vec::new() };
                let edge = if *is_close { session.close } else { session.open };
                vec![edge.plus_nanos(minutes * 60_000_000_000)]
            }
            Rule::Cron(cron) => {
                let shown = cron.times().map(|(hour, minute)| day.at(hour, minute, 0, 0));
                shown.flat_map(|shown| self.points(shown, cron.is_wild())).flatten().collect()
            }
        };
        times.sort_unstable();
        times.dedup();
        times
    }

    /// The points at which the clock shows a time, or which stand for it.
    fn points(&self, shown: jiff::civil::DateTime, is_wild: bool) -> [Option<Timestamp>; 2] {
        let at = |offset: Offset| offset.to_timestamp(shown).ok();
        match self.zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => [point(at(offset)), None],
            AmbiguousOffset::Gap { .. } if is_wild => [None, None],
            AmbiguousOffset::Gap { before, .. } => {
                // By the old clock the time comes at or after the change.
                let change = at(before).and_then(|time| {
                    let later = time.checked_add(Span::new().seconds(1)).ok()?;
                    self.zone.preceding(later).next().map(|change| change.timestamp())
                });
                [point(change), None]
            }
            AmbiguousOffset::Fold { before, after } => {
                [point(at(before)), point(at(after)).filter(|_| is_wild)]
            }
        }
    }

    fn day(&self, time: Timestamp) -> Option<Date> {
        let time = jiff::Timestamp::from_nanosecond(i128::from(time.0)).ok()?;
        Some(self.zone.to_datetime(time).date())
    }
}

fn point(time: Option<jiff::Timestamp>) -> Option<Timestamp> {
    time.and_then(|time| i64::try_from(time.as_nanosecond()).ok()).map(Timestamp)
}

/// `30 minutes after close`, `10 minutes before open`, `at close`; with `the` where one likes.
/// In plain words, with the clock that it goes by.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Rule::Session { is_close, minutes } => {
                let edge = if *is_close { "close" } else { "open" };
                return match minutes {
                    0 => write!(f, "at {edge}, New York"),
                    1.. => write!(f, "{minutes} minutes after {edge}, New York"),
                    _ => write!(f, "{} minutes before {edge}, New York", -minutes),
                };
            }
            Rule::Cron(cron) => cron.fmt(f)?,
        }
        if self.trading_days_only {
            f.write_str(" on which New York trades")?;
        }
        write!(f, ", {}", self.zone.iana_name().unwrap_or("UTC"))
    }
}

fn of_session(text: &str) -> Option<Rule> {
    let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "the").collect();
    let (minutes, edge) = match words.as_slice() {
        ["at", edge] => (0, *edge),
        [count, "minute" | "minutes", side, edge] => {
            let count: i64 =
                count.parse().ok().filter(|count| (0..=MAX_MINUTES).contains(count))?;
            match *side {
                "after" => (count, *edge),
                "before" => (-count, *edge),
                _ => return None,
            }
        }
        _ => return None,
    };
    match edge {
        "open" => Some(Rule::Session { is_close: false, minutes }),
        "close" => Some(Rule::Session { is_close: true, minutes }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// What follows one after the other; read backwards it is the same.
    fn check(schedule: (&str, &str, bool), after: &str, expected: &[&str]) {
        let (text, zone, trading_days_only) = schedule;
        let when = When::parse(text, Some(zone), trading_days_only).unwrap();
        let mut at = time(after);
        for expected in expected {
            at = when.next(at).unwrap();
            assert_eq!(at, time(expected), "after {after}: {schedule:?}");
        }
        for (earlier, later) in expected.iter().zip(&expected[1..]).rev() {
            assert_eq!(when.last(time(later)), Some(time(later)), "{schedule:?}");
            let before = time(later).plus_nanos(-1);
            assert_eq!(when.last(before), Some(time(earlier)), "before {later}: {schedule:?}");
        }
    }

    const NEW_YORK: &str = "America/New_York";

    #[test]
    fn the_days_of_the_sample() {
        let at = ["2026-11-20T18:00:00Z", "2026-11-23T18:00:00Z", "2026-11-24T18:00:00Z"];
        check(("0 18 * * 1-5", "UTC", false), "2026-11-19T18:00:00Z", &at);
        let at = ["2026-11-23T20:00:00Z", "2026-11-24T20:00:00Z"];
        check(("0 20 * * *", "UTC", false), "2026-11-23T19:59:59.999999999Z", &at);
    }

    #[test]
    fn a_time_that_is_skipped_is_made_up_for_at_the_change() {
        // 2026-03-08: 02:00 is 03:00.
        let at = ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"];
        check(("30 2 * * *", NEW_YORK, false), "2026-03-07T00:00:00Z", &at);
        let at = ["2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T05:00:00Z"];
        check(("0,30 1,2 * * *", NEW_YORK, false), "2026-03-08T06:00:00Z", &at);
        // What goes with the clock has nothing to make up for.
        let at = ["2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z", "2026-03-08T08:30:00Z"];
        check(("30 * * * *", NEW_YORK, false), "2026-03-08T06:00:00Z", &at);
        // A whole day that never was, in Samoa.
        let at = ["2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"];
        check(("0 12 * * *", "Pacific/Apia", false), "2011-12-28T22:00:00Z", &at);
    }

    #[test]
    fn a_time_that_comes_twice_counts_once() {
        // 2026-11-01: 02:00 is 01:00.
        let at = ["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"];
        check(("30 1 * * *", NEW_YORK, false), "2026-10-31T00:00:00Z", &at);
        let at = ["2026-11-01T04:30:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"];
        check(("30 * * * *", NEW_YORK, false), "2026-11-01T04:00:00Z", &at);
        // Midnight comes twice in Havana: the second hour of November 1 belongs to the same day.
        let at = ["2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"];
        check(("0 0 * * *", "America/Havana", false), "2026-10-31T12:00:00Z", &at);
    }

    #[test]
    fn trading_days_and_sessions() {
        let at = ["2026-11-25T23:00:00Z", "2026-11-27T23:00:00Z", "2026-11-30T23:00:00Z"];
        check(("0 18 * * *", NEW_YORK, true), "2026-11-25T00:00:00Z", &at);
        let at = ["2026-11-25T21:30:00Z", "2026-11-27T18:30:00Z", "2026-11-30T21:30:00Z"];
        check(("30 minutes after the close", "UTC", false), "2026-11-25T00:00:00Z", &at);
        let at = ["2026-12-24T14:20:00Z", "2026-12-28T14:20:00Z"];
        check(("10 minutes before open", "UTC", false), "2026-12-24T00:00:00Z", &at);
        check(("at close", "UTC", false), "2026-12-23T21:00:00Z", &["2026-12-24T18:00:00Z"]);
    }

    #[test]
    fn far_days_are_found_and_impossible_ones_refused() {
        check(("0 0 29 2 *", "UTC", false), "2026-01-01T00:00:00Z", &["2028-02-29T00:00:00Z"]);
        let refused = |text: &str, zone: Option<&str>, only: bool| {
            When::parse(text, zone, only).unwrap_err().to_string()
        };
        assert!(refused("0 0 31 2 *", None, false).contains("never due"));
        assert!(refused("0 0 25 12 *", None, true).contains("never due"));
        assert!(refused("0 0 1 1 *", Some("America/Atlantis"), false).contains("no time zone"));
        assert!(refused("800 minutes after close", None, false).contains("has 4"));
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        let when = When::parse("@hourly", None, false).unwrap();
        for end in [i64::MIN, i64::MAX] {
            let _ = (when.next(Timestamp(end)), when.last(Timestamp(end)));
        }
    }
}
