use jiff::ToSpan as _;
use jiff::civil::Date;
use mockkit::time::{self, HOUR, MINUTE};
use rust_decimal::Decimal;

use crate::encode::Bar;
use crate::refusal::{Refusal, Result};

/// Length of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeframe {
    Minutes(i64),
    Hours(i64),
    Day,
    Week,
    Months(i8),
}

impl Timeframe {
    /// `5Min` or `5T`, `2Hour` or `2H`, `1Day` or `1D`, `1Week` or `1W`, `3Month` or `3M`.
    pub fn parse(text: Option<&str>) -> Result<Timeframe> {
        let wrong = || Refusal::plain(400, &format!("invalid timeframe: {}", text.unwrap_or("")));
        let text = text.ok_or_else(wrong)?;
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: i64 = text[..digits].parse().map_err(|_| wrong())?;
        match (&text[digits..], number) {
            ("Min" | "T", 1..=59) => Ok(Timeframe::Minutes(number)),
            ("Hour" | "H", 1..=23) => Ok(Timeframe::Hours(number)),
            ("Day" | "D", 1) => Ok(Timeframe::Day),
            ("Week" | "W", 1) => Ok(Timeframe::Week),
            ("Month" | "M", 1 | 2 | 3 | 4 | 6 | 12) => {
                Ok(Timeframe::Months(i8::try_from(number).unwrap_or(1)))
            }
            _ => Err(wrong()),
        }
    }

    pub fn is_intraday(self) -> bool {
        matches!(self, Timeframe::Minutes(_) | Timeframe::Hours(_))
    }

    /// Start of the bar that a moment belongs to. Within a day bars are counted from midnight in
    /// New York, where days, weeks (from Monday) and months begin too.
    fn start(self, at: i64) -> i64 {
        let date = time::new_york_date(at);
        let midnight = time::new_york_midnight(date);
        let step = |length: i64| midnight + (at - midnight).div_euclid(length) * length;
        match self {
            Timeframe::Minutes(number) => step(number * MINUTE),
            Timeframe::Hours(number) => step(number * HOUR),
            Timeframe::Day => midnight,
            Timeframe::Week => {
                let days = i64::from(date.weekday().to_monday_zero_offset());
                time::new_york_midnight(date.saturating_sub(days.days()))
            }
            Timeframe::Months(number) => {
                let month = (date.month() - 1) / number * number + 1;
                let first = Date::new(date.year(), month, 1).unwrap_or(date);
                time::new_york_midnight(first)
            }
        }
    }

    /// Joins shorter bars, in order of time.
    pub fn join(self, bars: impl IntoIterator<Item = Bar>) -> Vec<Bar> {
        let mut joined: Vec<Bar> = Vec::new();
        for bar in bars {
            let start = self.start(bar.time);
            match joined.last_mut().filter(|last| last.time == start) {
                Some(last) => extend(last, &bar),
                None => joined.push(Bar { time: start, ..bar }),
            }
        }
        joined
    }
}

fn extend(bar: &mut Bar, next: &Bar) {
    let money = |bar: &Bar| bar.vwap * Decimal::from(bar.volume);
    let paid = money(bar) + money(next);
    bar.high = bar.high.max(next.high);
    bar.low = bar.low.min(next.low);
    bar.close = next.close;
    bar.volume += next.volume;
    bar.trades += next.trades;
    if bar.volume > 0 {
        bar.vwap = (paid / Decimal::from(bar.volume)).round_dp(6);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_spellings() {
        for (text, timeframe) in [
            ("1Min", Timeframe::Minutes(1)),
            ("15T", Timeframe::Minutes(15)),
            ("4Hour", Timeframe::Hours(4)),
            ("1D", Timeframe::Day),
            ("1Week", Timeframe::Week),
            ("12M", Timeframe::Months(12)),
        ] {
            assert_eq!(Timeframe::parse(Some(text)), Ok(timeframe));
        }
        for text in ["60Min", "0T", "2Day", "5Month", "Min", "10", "1Fortnight"] {
            assert_eq!(Timeframe::parse(Some(text)).unwrap_err().status, 400, "{text}");
        }
    }

    #[test]
    fn starts_where_new_york_does() {
        let at = time::parse("2013-10-09T17:47:00Z").unwrap();
        for (timeframe, start) in [
            (Timeframe::Minutes(15), "2013-10-09T17:45:00Z"),
            (Timeframe::Hours(4), "2013-10-09T16:00:00Z"),
            (Timeframe::Day, "2013-10-09T04:00:00Z"),
            (Timeframe::Week, "2013-10-07T04:00:00Z"),
            (Timeframe::Months(3), "2013-10-01T04:00:00Z"),
        ] {
            assert_eq!(time::utc(timeframe.start(at)), start);
        }
    }
}
