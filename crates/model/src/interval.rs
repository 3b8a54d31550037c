//! Lengths of bars.

use jiff::Span;

use crate::{Text, Timestamp, Zone};

/// Units of the lengths of bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

/// Length of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    count: i64,
    unit: Unit,
    name: Text,
}

impl Interval {
    /// So many units; nothing of zero or of more than a century.
    pub fn of(count: i64, unit: Unit) -> Option<Self> {
        let (letter, most) = match unit {
            Unit::Second => ("s", 3_600),
            Unit::Minute => ("m", 60_000),
            Unit::Hour => ("h", 10_000),
            Unit::Day => ("d", 10_000),
            Unit::Week => ("w", 1_200),
            Unit::Month => ("mo", 1_200),
        };
        let name = format!("{count}{letter}").into();
        (1..=most).contains(&count).then_some(Self { count, unit, name })
    }

    /// As events spell it: `15m`, `1h`, `3mo`.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// Its unit.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// When a bar that starts then has ended, where days begin at midnight in that zone.
    pub fn end(&self, start: Timestamp, zone: &Zone) -> Timestamp {
        let span = Span::new();
        zone.later(
            start,
            match self.unit {
                Unit::Second => span.seconds(self.count),
                Unit::Minute => span.minutes(self.count),
                Unit::Hour => span.hours(self.count),
                Unit::Day => span.days(self.count),
                Unit::Week => span.weeks(self.count),
                Unit::Month => span.months(self.count),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn bars_end_by_the_calendar_of_their_zone() {
        let check = |count, unit, zone: &Zone, start: &str, end: &str| {
            let interval = Interval::of(count, unit).unwrap();
            let found = interval.end(start.parse().unwrap(), zone).to_string();
            assert_eq!(found, end, "{} from {start}", interval.name());
        };
        let (utc, new_york) = (Zone::default(), Zone::new_york());
        check(15, Unit::Minute, &utc, "2025-03-09T06:00:00Z", "2025-03-09T06:15:00Z");
        check(1, Unit::Day, &utc, "2025-03-09T05:00:00Z", "2025-03-10T05:00:00Z");
        check(1, Unit::Day, &new_york, "2025-03-09T05:00:00Z", "2025-03-10T04:00:00Z");
        check(1, Unit::Week, &utc, "2025-03-09T00:00:00Z", "2025-03-16T00:00:00Z");
        check(1, Unit::Month, &utc, "2025-01-31T00:00:00Z", "2025-02-28T00:00:00Z");
        assert_eq!(Interval::of(3, Unit::Month).unwrap().name(), "3mo");
        assert_eq!(Interval::of(0, Unit::Month), None);
        assert_eq!(Interval::of(i64::MAX, Unit::Second), None);
    }
}
