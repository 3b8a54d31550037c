//! Schedules in plain words, for people who do not read cron.

use std::fmt;

use jiff::civil::Weekday;

use crate::cron::Cron;

/// Times of a day that are listed one by one at most.
const MAX_LISTED: usize = 4;
const EVERY_DAY: &str = "every day";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Such as `at 18:00 from Monday to Friday`.
impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [minutes, hours, _, months, _] = self.sets;
        let (times, days) = (times(minutes, hours), self.days());
        match times.starts_with("at ") || hours != all(0, 23) || days != EVERY_DAY {
            true => write!(f, "{times} {days}")?,
            false => f.write_str(&times)?,
        }
        if months != all(1, 12) {
            let names = spans(months, 1, 12, |month| MONTHS[month as usize - 1].to_owned());
            write!(f, " in {names}")?;
        }
        Ok(())
    }
}

impl Cron {
    fn days(&self) -> String {
        let [_, _, days, _, weekdays] = self.sets;
        let is_any_day = days == all(1, 31);
        let is_any_weekday = weekdays & all(0, 6) == all(0, 6);
        let mut of_month = Vec::new();
        if days != 0 && !is_any_day {
            let noun = if days.is_power_of_two() { "day" } else { "days" };
            of_month.push(format!("{noun} {}", spans(days, 1, 31, |day| day.to_string())));
        }
        if self.has_last_day {
            of_month.push("the last day".to_owned());
        }
        let of_month = format!("on {} of the month", listed(&of_month));
        match (is_any_day, is_any_weekday) {
            (true, true) => EVERY_DAY.to_owned(),
            (true, false) => of_week(weekdays),
            (false, true) => of_month,
            (false, false) if self.is_either_day => {
                format!("{of_month} and {}", of_week(weekdays))
            }
            (false, false) => format!("{of_month} if it is {}", of_week(weekdays)),
        }
    }
}

/// The week begins with Monday, as people see it.
fn of_week(weekdays: u64) -> String {
    let monday_first = (weekdays >> 1 & all(0, 5)) | (weekdays & 1) << 6;
    let name = |day: u32| {
        let weekday = Weekday::from_monday_zero_offset(day as i8).unwrap_or(Weekday::Monday);
        format!("{weekday:?}")
    };
    let names = spans(monday_first, 0, 6, name);
    if names.contains(" to ") && !names.contains(',') && !names.contains(" and ") {
        return format!("from {names}");
    }
    format!("on {names}")
}

fn times(minutes: u64, hours: u64) -> String {
    let (is_every_hour, minute_list) = (hours == all(0, 23), bits(minutes, 0, 59));
    let count = minute_list.len() * bits(hours, 0, 23).len();
    if count <= MAX_LISTED {
        let of_hour = |hour: u32| minute_list.iter().map(move |at| format!("{hour:02}:{at:02}"));
        let times: Vec<String> = bits(hours, 0, 23).into_iter().flat_map(of_hour).collect();
        return format!("at {}", listed(&times));
    }
    let often = match (every(&minute_list), minute_list.as_slice()) {
        (Some(1), _) => "every minute".to_owned(),
        (Some(step), _) => format!("every {step} minutes"),
        (None, [0]) => "every hour".to_owned(),
        (None, [minute]) => format!("{minute} minutes past every hour"),
        (None, minutes) => {
            let minutes: Vec<String> = minutes.iter().map(ToString::to_string).collect();
            format!("{} minutes past every hour", listed(&minutes))
        }
    };
    match is_every_hour {
        true => often,
        false => format!("{often} of {}", spans(hours, 0, 23, |hour| format!("{hour:02}:00"))),
    }
}

/// How many minutes lie between one and the next, if it is always the same.
fn every(minutes: &[u32]) -> Option<u32> {
    let [first, second, ..] = *minutes else { return None };
    let step = second - first;
    let is_even = minutes.windows(2).all(|pair| pair[1] - pair[0] == step);
    (first == 0 && is_even && minutes.len() as u32 * step == 60).then_some(step)
}

fn all(least: u32, most: u32) -> u64 {
    (least..=most).fold(0, |set, bit| set | 1 << bit)
}

fn bits(set: u64, least: u32, most: u32) -> Vec<u32> {
    (least..=most).filter(|bit| set >> bit & 1 == 1).collect()
}

/// The members of a set; three and more in a row as a span.
fn spans(set: u64, least: u32, most: u32, name: impl Fn(u32) -> String) -> String {
    let mut words = Vec::new();
    let mut bits = bits(set, least, most).into_iter().peekable();
    while let Some(first) = bits.next() {
        let mut last = first;
        while bits.next_if_eq(&(last + 1)).is_some() {
            last += 1;
        }
        match last - first {
            0 => words.push(name(first)),
            1 => words.extend([name(first), name(last)]),
            _ => words.push(format!("{} to {}", name(first), name(last))),
        }
    }
    listed(&words)
}

/// Words as people write a list.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::When;

    #[test]
    fn schedules_read_as_people_say_them() {
        for (schedule, words) in [
            ("0 18 * * 1-5", "at 18:00 from Monday to Friday, UTC"),
            ("0 20 * * *", "at 20:00 every day, UTC"),
            ("@hourly", "every hour, UTC"),
            (
                "*/15 9-16 * * MON-FRI",
                "every 15 minutes of 09:00 to 16:00 from Monday to Friday, UTC",
            ),
            ("* * * * *", "every minute, UTC"),
            ("30 6,18 * * 0", "at 06:30 and 18:30 on Sunday, UTC"),
            ("0 0 1 1 *", "at 00:00 on day 1 of the month in January, UTC"),
            ("5 * * * 6,7", "5 minutes past every hour on Saturday and Sunday, UTC"),
            ("0 4 1,15 * MON", "at 04:00 on days 1 and 15 of the month and on Monday, UTC"),
            (
                "0 4 */2 * FRI-SUN",
                "at 04:00 on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, \
              25, 27, 29 and 31 of the month if it is from Friday to Sunday, UTC",
            ),
            ("0 12 L * *", "at 12:00 on the last day of the month, UTC"),
            ("7,8,50 * * 3-5 *", "7, 8 and 50 minutes past every hour in March to May, UTC"),
            ("30 minutes after close", "30 minutes after close, New York"),
        ] {
            assert_eq!(
                When::parse(schedule, None, false).unwrap().to_string(),
                words,
                "{schedule}"
            );
        }
        let zoned = When::parse("0 9 * * *", Some("Europe/Berlin"), true).unwrap();
        assert_eq!(zoned.to_string(), "at 09:00 every day on which New York trades, Europe/Berlin");
    }
}
