//! The five fields of a schedule: minute, hour, day of the month, month, day of the week.

use jiff::civil::Date;

use crate::Mistake;

/// What one of the fields may hold.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    /// Names for the numbers, from the least.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of the month", least: 1, most: 31, names: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
    },
    // Sunday is 0 and 7.
    Field {
        name: "day of the week",
        least: 0,
        most: 7,
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    },
];
const DAY: usize = 2;
const WEEKDAY: usize = 4;

/// Short names for schedules.
const NAMES: [(&str, &str); 7] = [
    ("@annually", "0 0 1 1 *"),
    ("@daily", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@midnight", "0 0 * * *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@yearly", "0 0 1 1 *"),
];

/// A schedule by the clock on the wall.
///
/// As with cron: where both the day of the month and the day of the week are restricted, either
/// of them will do; where one of them starts with `*`, both must be met. `L` among the days of
/// the month is its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// A bit for each number of each field.
    pub(crate) sets: [u64; 5],
    pub(crate) has_last_day: bool,
    pub(crate) is_either_day: bool,
    is_wild: bool,
}

impl Cron {
    /// Reads five fields or a name such as `@daily`.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let text = text.trim();
        let fields = match text.starts_with('@') {
            false => text,
            true => {
                let found = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
                found.ok_or_else(|| Mistake::Name { name: text.to_owned() })?.1
            }
        };
        let parts: Vec<&str> = fields.split_whitespace().collect();
        if parts.len() != FIELDS.len() {
            return Err(Mistake::Count { schedule: text.to_owned(), found: parts.len() });
        }
        let (mut sets, mut has_last_day) = ([0; 5], false);
        for (index, (part, field)) in parts.iter().zip(&FIELDS).enumerate() {
            for range in part.split(',') {
                if index == DAY && range.eq_ignore_ascii_case("L") {
                    has_last_day = true;
                    continue;
                }
                sets[index] |= field.range(range).ok_or_else(|| Mistake::Field {
                    part: (*part).to_owned(),
                    name: field.name,
                    least: field.least,
                    most: field.most,
                })?;
            }
        }
        sets[WEEKDAY] |= sets[WEEKDAY] >> 7; // seven is Sunday too
        let is_star = |index: usize| parts[index].starts_with('*');
        Ok(Self {
            sets,
            has_last_day,
            is_either_day: !is_star(DAY) && !is_star(WEEKDAY),
            is_wild: is_star(0) || is_star(1),
        })
    }

    /// Whether there is something to do on a day.
    pub fn is_on(&self, date: Date) -> bool {
        let [_, _, days, months, weekdays] = self.sets;
        let has = |set: u64, bit: i8| set >> bit & 1 == 1;
        let is_last = self.has_last_day && date.day() == date.days_in_month();
        let is_day = has(days, date.day()) || is_last;
        let is_weekday = has(weekdays, date.weekday().to_sunday_zero_offset());
        let is_meant = match self.is_either_day {
            true => is_day || is_weekday,
            false => is_day && is_weekday,
        };
        has(months, date.month()) && is_meant
    }

    /// Hours and minutes at which there is something to do, in order.
    pub(crate) fn times(&self) -> impl Iterator<Item = (i8, i8)> {
        let [minutes, hours, ..] = self.sets;
        let bits = |set: u64, most: i8| (0..=most).filter(move |bit| set >> bit & 1 == 1);
        bits(hours, 23).flat_map(move |hour| bits(minutes, 59).map(move |minute| (hour, minute)))
    }

    /// Whether it goes with the clock, again and again, and is bound to no time of the day.
    pub(crate) fn is_wild(&self) -> bool {
        self.is_wild
    }
}

impl Field {
    /// `*`, `7`, `1-5`, `MON-FRI`, and the first and the last two with a step: `*/15`.
    fn range(&self, range: &str) -> Option<u64> {
        let (span, step) = match range.split_once('/') {
            Some((span, step)) => (span, Some(number(step)?)),
            None => (range, None),
        };
        let (first, last) = match span.split_once('-') {
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None if span == "*" => (self.least, self.most),
            // A step needs something to walk through.
            None if step.is_some() => return None,
            None => (self.value(span)?, self.value(span)?),
        };
        // The week ends with Sunday: FRI-SUN.
        let is_week = self.names.len() == 7;
        let last = if is_week && last == 0 && first > 0 { 7 } else { last };
        let step = step.unwrap_or(1);
        if first > last || step == 0 || step > self.most {
            return None;
        }
        let numbers = (first..=last).step_by(usize::try_from(step).ok()?);
        Some(numbers.fold(0, |set, number| set | 1 << number))
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|index| u32::try_from(index).ok()).map(|i| i + self.least);
        let value = named.or_else(|| number(text))?;
        (self.least..=self.most).contains(&value).then_some(value)
    }
}

fn number(text: &str) -> Option<u32> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn refused(schedule: &str, expected: &str) {
        let mistake = Cron::parse(schedule).unwrap_err().to_string();
        assert!(mistake.contains(expected), "{schedule}: {mistake}");
    }

    /// The days of a month on which there is something to do.
    fn days(schedule: &str, month: &str, expected: &[i8]) {
        let cron = Cron::parse(schedule).unwrap();
        let first: Date = format!("{month}-01").parse().unwrap();
        let all =
            first.series(jiff::Span::new().days(1)).take_while(|d| d.month() == first.month());
        let found: Vec<i8> = all.filter(|day| cron.is_on(*day)).map(Date::day).collect();
        assert_eq!(found, expected, "{schedule}");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        refused("0 18 * *", "has 4");
        refused("0 0 18 * * *", "has 6");
        refused("", "has 0");
        refused("60 18 * * *", "\"60\" is no minute");
        refused("0 24 * * *", "\"24\" is no hour");
        refused("0 0 0 * *", "\"0\" is no day of the month");
        refused("0 0 * 13 *", "\"13\" is no month");
        refused("0 0 * * FUN", "\"FUN\" is no day of the week");
        refused("5-1 0 * * *", "\"5-1\" is no minute");
        refused("*/0 0 * * *", "\"*/0\" is no minute");
        refused("5/10 0 * * *", "\"5/10\" is no minute");
        refused("1,,2 0 * * *", "\"1,,2\" is no minute");
        refused("0 0 * L *", "\"L\" is no month");
        refused("99999999999999999999 0 * * *", "is no minute");
        refused("@reboot", "there is no schedule \"@reboot\"");
    }

    #[test]
    fn lists_ranges_steps_and_names() {
        let times = |schedule: &str| Cron::parse(schedule).unwrap().times().collect::<Vec<_>>();
        assert_eq!(times("*/30 9-10 * * *"), [(9, 0), (9, 30), (10, 0), (10, 30)]);
        assert_eq!(times("5,1-3/2 0 * * *"), [(0, 1), (0, 3), (0, 5)]);
        assert_eq!(times("@hourly").len(), 24);
        assert_eq!(Cron::parse("@Daily"), Cron::parse("0 0 * * *"));
    }

    #[test]
    fn days_of_the_month_and_of_the_week() {
        days(
            "0 0 * * 1-5",
            "2026-11",
            &[2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24, 25, 26, 27, 30],
        );
        days("0 0 * * 7", "2026-11", &[1, 8, 15, 22, 29]);
        days("0 0 * * fri-sun", "2026-11", &[1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28, 29]);
        days("0 0 1,L * *", "2026-11", &[1, 30]);
        days("0 0 L * *", "2028-02", &[29]);
        days("0 0 31 * *", "2026-11", &[]);
        days("0 0 * feb-mar *", "2026-11", &[]);
    }

    #[test]
    fn two_restricted_days_are_either_or_and_a_star_is_both() {
        days("0 0 13 * FRI", "2026-11", &[6, 13, 20, 27]);
        days("0 0 13 * MON", "2026-11", &[2, 9, 13, 16, 23, 30]);
        days("0 0 */2 * MON", "2026-11", &[9, 23]);
        days("0 0 1-7 * */7", "2026-11", &[1]);
    }
}
