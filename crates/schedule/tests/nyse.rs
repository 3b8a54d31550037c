//! The calendar against the days that the exchange published.

#![allow(clippy::unwrap_used)]

use jiff::civil::{Date, Weekday, date};
use model::Timestamp;
use schedule::{is_trading_day, session};

fn days(year: &str, days: &str) -> Vec<Date> {
    days.split_whitespace().map(|day| format!("{year}-{day}").parse().unwrap()).collect()
}

#[test]
fn every_day_from_2000_to_2027_is_as_published() {
    let table = include_str!("nyse.txt").lines().filter(|line| !line.starts_with('#'));
    let mut years = 0;
    for line in table {
        let (year, rest) = line.split_once(' ').unwrap();
        let (closed, short) = rest.split_once('|').unwrap();
        let (closed, short) = (days(year, closed), days(year, short));
        let first = date(year.parse().unwrap(), 1, 1);
        let all = first.series(jiff::Span::new().days(1)).take_while(|d| d.year() == first.year());
        for day in all {
            let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            let is_open = !is_weekend && !closed.contains(&day);
            assert_eq!(is_trading_day(day), is_open, "{day}");
            let found = session(day);
            assert_eq!(found.is_some(), is_open, "{day}");
            assert_eq!(found.is_some_and(|s| s.is_short), short.contains(&day), "{day}");
        }
        years += 1;
    }
    assert_eq!(years, 28);
}

#[test]
fn a_session_follows_the_clocks_of_new_york() {
    let check = |day: Date, open: &str, close: &str| {
        let session = session(day).unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!((session.open, session.close), (time(open), time(close)), "{day}");
    };
    check(date(2026, 7, 2), "2026-07-02T13:30:00Z", "2026-07-02T20:00:00Z");
    check(date(2026, 11, 23), "2026-11-23T14:30:00Z", "2026-11-23T21:00:00Z");
    check(date(2026, 11, 27), "2026-11-27T14:30:00Z", "2026-11-27T18:00:00Z");
}
