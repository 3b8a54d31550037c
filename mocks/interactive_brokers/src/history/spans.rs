use jiff::ToSpan as _;
use jiff::civil::Date;
use mockkit::market::{previous_session, session};
use mockkit::time::{self, HOUR, SECOND};

/// The names of bar sizes, and how long each is in seconds; days and more count dates.
const SIZES: [(&str, BarSize); 21] = [
    ("1 secs", BarSize::Seconds(1)),
    ("5 secs", BarSize::Seconds(5)),
    ("10 secs", BarSize::Seconds(10)),
    ("15 secs", BarSize::Seconds(15)),
    ("30 secs", BarSize::Seconds(30)),
    ("1 min", BarSize::Seconds(60)),
    ("2 mins", BarSize::Seconds(120)),
    ("3 mins", BarSize::Seconds(180)),
    ("4 mins", BarSize::Seconds(240)),
    ("5 mins", BarSize::Seconds(300)),
    ("10 mins", BarSize::Seconds(600)),
    ("15 mins", BarSize::Seconds(900)),
    ("20 mins", BarSize::Seconds(1_200)),
    ("30 mins", BarSize::Seconds(1_800)),
    ("1 hour", BarSize::Seconds(3_600)),
    ("2 hours", BarSize::Seconds(7_200)),
    ("3 hours", BarSize::Seconds(10_800)),
    ("4 hours", BarSize::Seconds(14_400)),
    ("8 hours", BarSize::Seconds(28_800)),
    ("1 day", BarSize::Day),
    ("1 week", BarSize::Week),
];
/// Other spellings of the same.
const ALSO: [(&str, &str); 9] = [
    ("1 sec", "1 secs"),
    ("1 mins", "1 min"),
    ("1 hours", "1 hour"),
    ("1 days", "1 day"),
    ("1D", "1 day"),
    ("1W", "1 week"),
    ("1 weeks", "1 week"),
    ("1 months", "1 month"),
    ("1M", "1 month"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarSize {
    Seconds(i64),
    Day,
    Week,
    Month,
}

/// How far back a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duration {
    Seconds(i64),
    /// Trading days.
    Days(i64),
    Weeks(i64),
    Months(i64),
    Years(i64),
}

/// Every size, for those who ask for another.
pub fn size_names() -> String {
    let names: Vec<&str> = SIZES.iter().map(|(name, _)| *name).chain(["1 month"]).collect();
    names.join(", ")
}

impl BarSize {
    pub fn parse(text: &str) -> Option<BarSize> {
        let known = ALSO.iter().find(|(also, _)| *also == text);
        let name = known.map_or(text, |(_, name)| *name);
        if name == "1 month" {
            return Some(BarSize::Month);
        }
        SIZES.iter().find(|(known, _)| *known == name).map(|(_, size)| *size)
    }

    pub fn is_days(self) -> bool {
        !matches!(self, BarSize::Seconds(_))
    }

    /// Half a minute or less: requests for these are counted.
    pub fn is_small(self) -> bool {
        matches!(self, BarSize::Seconds(..=30))
    }

    pub fn nanoseconds(self) -> i64 {
        match self {
            BarSize::Seconds(seconds) => seconds * SECOND,
            BarSize::Day => time::DAY,
            BarSize::Week => 7 * time::DAY,
            BarSize::Month => 31 * time::DAY,
        }
    }

    /// The longest stretch for which there are bars this small, in seconds.
    pub fn most_seconds(self) -> i64 {
        match self {
            BarSize::Seconds(1) => 1_800,
            BarSize::Seconds(..=5) => 3_600,
            BarSize::Seconds(..=15) => 14_400,
            BarSize::Seconds(..=30) => 28_800,
            _ => i64::MAX,
        }
    }
}

impl Duration {
    /// `2 D`.
    pub fn parse(text: &str) -> Option<Duration> {
        const MOST: i64 = 100_000;
        let (count, unit) = text.trim().split_once(' ')?;
        let count = count.parse::<i64>().ok().filter(|count| (1..=MOST).contains(count))?;
        Some(match unit.trim() {
            "S" => Duration::Seconds(count),
            "D" => Duration::Days(count),
            "W" => Duration::Weeks(count),
            "M" => Duration::Months(count),
            "Y" => Duration::Years(count),
            _ => return None,
        })
    }

    pub fn seconds(self) -> i64 {
        let day = time::DAY / SECOND;
        match self {
            Duration::Seconds(seconds) => seconds,
            Duration::Days(days) => days * day,
            Duration::Weeks(weeks) => weeks * 7 * day,
            Duration::Months(months) => months * 30 * day,
            Duration::Years(years) => years * 365 * day,
        }
    }

    /// Where a stretch begins that ends at `to`.
    pub fn start(self, to: i64, regular: bool) -> i64 {
        let date = time::new_york_date(to.saturating_sub(1));
        let back = |span: jiff::Span| date.checked_sub(span).unwrap_or(date);
        let first = match self {
            Duration::Seconds(seconds) => return to.saturating_sub(seconds * SECOND),
            Duration::Days(days) => return sessions_back(to, date, days, regular),
            Duration::Weeks(weeks) => back((weeks * 7).min(10_000).days()),
            Duration::Months(months) => back(months.min(1_200).months()),
            Duration::Years(years) => back(years.min(100).years()),
        };
        time::new_york_midnight(first.tomorrow().unwrap_or(first))
    }
}

/// The start of the session so many sessions back; the one that `to` lies in or after counts.
fn sessions_back(to: i64, date: Date, days: i64, regular: bool) -> i64 {
    const MOST: i64 = 10_000;
    let open = |day: mockkit::market::Session| if regular { day.open } else { day.first() };
    let today = session(date).filter(|today| open(*today) < to);
    let mut day = today.unwrap_or_else(|| previous_session(date));
    for _ in 1..days.min(MOST) {
        day = previous_session(day.date);
    }
    open(day)
}

/// The start of the bar that a moment falls into; bars of hours start at whole hours in New York.
pub fn bucket(moment: i64, size: i64) -> i64 {
    let midnight = time::new_york_midnight(time::new_york_date(moment));
    midnight + (moment - midnight).div_euclid(size) * size
}

/// The longest bar within a day.
pub const LONGEST: i64 = 8 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_and_durations() {
        assert_eq!(BarSize::parse("5 mins"), Some(BarSize::Seconds(300)));
        assert_eq!(BarSize::parse("1 month"), Some(BarSize::Month));
        assert_eq!(BarSize::parse("1D"), Some(BarSize::Day));
        assert_eq!(BarSize::parse("7 mins"), None);
        assert_eq!(Duration::parse("1800 S"), Some(Duration::Seconds(1_800)));
        for nonsense in ["", "D", "0 D", "-1 D", "1D", "2 Q", "99999999999999999999 D"] {
            assert_eq!(Duration::parse(nonsense), None, "{nonsense}");
        }
        assert!(size_names().ends_with("1 day, 1 week, 1 month"));
    }

    #[test]
    fn goes_back_by_sessions() {
        let now = time::parse("2013-10-07T13:31:00Z").unwrap_or_default();
        let check = |duration: &str, regular: bool, start: &str| {
            let duration = Duration::parse(duration).map(|duration| duration.start(now, regular));
            assert_eq!(duration.map(time::utc).as_deref(), Some(start));
        };
        check("60 S", true, "2013-10-07T13:30:00Z");
        check("1 D", true, "2013-10-07T13:30:00Z");
        check("1 D", false, "2013-10-07T08:00:00Z");
        check("2 D", true, "2013-10-04T13:30:00Z");
        check("1 W", true, "2013-10-01T04:00:00Z");
        check("1 Y", true, "2012-10-08T04:00:00Z");
    }
}
