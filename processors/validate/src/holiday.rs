//! The days on which the US stock exchanges stay closed or close early, by their rules. What no
//! rule foresees (mourning, storms) goes into the setting `closed`.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday, date, time};

/// Whether the exchanges are closed on a day of the week on which they usually open.
pub(crate) fn is_us_holiday(day: Date) -> bool {
    let is_monday = day.weekday() == Weekday::Monday;
    let week = (day.day() - 1) / 7 + 1;
    match day.month() {
        1 => is_kept(day, 1, 1) || (is_monday && week == 3 && day.year() >= 1998),
        2 => is_monday && week == 3,
        3 | 4 => is_good_friday(day),
        5 => is_monday && day.day() > 24,
        9 => is_monday && week == 1,
        11 => is_thanksgiving(day),
        6 => is_kept(day, 6, 19) && day.year() >= 2022,
        7 => is_kept(day, 7, 4),
        12 => is_kept(day, 12, 25),
        _ => false,
    }
}

/// When the exchanges close on days that end early.
pub(crate) fn us_early_close(day: Date) -> Option<Time> {
    let is_eve = match (day.month(), day.day()) {
        (7, 3) | (12, 24) => true,
        (11, _) => day.yesterday().is_ok_and(is_thanksgiving),
        _ => false,
    };
    (is_eve && !is_us_holiday(day)).then(|| time(13, 0, 0, 0))
}

fn is_thanksgiving(day: Date) -> bool {
    day.month() == 11 && day.weekday() == Weekday::Thursday && (22..29).contains(&day.day())
}

/// A holiday on a Saturday is kept on Friday, one on a Sunday on Monday. The year never ends a day
/// early for the next: New Year's Day on a Saturday is not made up for.
fn is_kept(day: Date, month: i8, day_of_month: i8) -> bool {
    let holiday = date(day.year(), month, day_of_month);
    let kept = match holiday.weekday() {
        Weekday::Saturday => holiday.yesterday(),
        Weekday::Sunday => holiday.tomorrow(),
        _ => Ok(holiday),
    };
    kept.is_ok_and(|kept| kept == day)
}

fn is_good_friday(day: Date) -> bool {
    day.checked_add(2.days()).is_ok_and(|sunday| easter(day.year()) == Some(sunday))
}

/// Easter Sunday: the Sunday after the first full moon of spring, in the church's reckoning.
fn easter(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let moon_year = year % 19;
    let century = year / 100;
    // The moon's age on a fixed day of March, corrected for leap years left out and for the slow
    // drift of the 19-year cycle.
    let drift = (8 * century + 13) / 25;
    let age = (19 * moon_year + century - century / 4 - drift + 15) % 30;
    let full_moon = age - (age + moon_year / 11) / 29;
    // Days from 21 March to the full moon, and on to the Sunday after it.
    let weekday = (year + year / 4 + full_moon + 2 - century + century / 4) % 7;
    let after = full_moon - weekday + 7;
    date(i16::try_from(year).ok()?, 3, 21).checked_add(after.days()).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(year: i16, expected: &str) {
        let closed: Vec<String> = date(year, 1, 1)
            .series(1.day())
            .take_while(|day| day.year() == year)
            .filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday))
            .filter(|day| is_us_holiday(*day))
            .map(|day| day.strftime("%m-%d").to_string())
            .collect();
        assert_eq!(closed.join(" "), expected, "{year}");
    }

    #[test]
    fn the_exchanges_keep_their_holidays() {
        check(2013, "01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25");
        check(2022, "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26");
        check(2024, "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25");
        check(2026, "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25");
    }

    #[test]
    fn some_days_end_early() {
        let early = [date(2013, 7, 3), date(2013, 11, 29), date(2024, 12, 24), date(2026, 11, 27)];
        for day in early {
            assert_eq!(us_early_close(day), Some(time(13, 0, 0, 0)), "{day}");
        }
        for day in [date(2026, 7, 3), date(2026, 11, 20), date(2026, 11, 26), date(2026, 7, 2)] {
            assert_eq!(us_early_close(day), None, "{day}");
        }
    }
}
