//! What must hold within a bar, and between one and the next.

use model::{Bar, Check, Decimal, Severity, Text, Timestamp};

use crate::hours::{Hours, Span};
use crate::report::{Complaint, clip};
use crate::thresholds::Thresholds;

/// Length of the bars that are missed when they do not come.
pub(crate) const MINUTE: i64 = 60_000_000_000;

/// Sessions between two bars that are searched for holes. A feed that was away for longer has
/// more than a hole.
const MAX_SESSIONS: usize = 10;

/// The interval is not a number and a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadInterval;

/// Length of a period in nanoseconds; `None` for days and more, whose length the calendar decides.
pub(crate) fn period(interval: &str) -> Result<Option<i64>, BadInterval> {
    let digits = interval.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = interval.split_at(digits);
    let number: i64 = number.parse::<u16>().map_err(|_| BadInterval)?.into();
    let unit = match unit {
        "s" => Some(1_000_000_000),
        "m" => Some(MINUTE),
        "h" => Some(60 * MINUTE),
        "d" | "w" | "mo" => None,
        _ => return Err(BadInterval),
    };
    if number == 0 { Err(BadInterval) } else { Ok(unit.map(|unit| unit * number)) }
}

/// Every rule that a bar breaks, in words. Bars of a feed that never has a volume (currencies,
/// indexes) may move without one.
pub(crate) fn broken_rules(bar: &Bar, has_volume: bool) -> Option<String> {
    let [open, high, low, close, volume] =
        [bar.open, bar.high, bar.low, bar.close, bar.volume].map(|figure| figure.normalize());
    let mut broken = Vec::new();
    if high < low {
        broken.push(format!("high {high} below low {low}"));
    } else {
        for (name, price) in [("open", open), ("close", close)] {
            if price < low || price > high {
                broken.push(format!("{name} {price} outside {low} to {high}"));
            }
        }
    }
    for (name, price) in [("open", open), ("high", high), ("low", low), ("close", close)] {
        if price <= Decimal::ZERO {
            broken.push(format!("{name} {price} not above zero"));
        }
    }
    if volume < Decimal::ZERO {
        broken.push(format!("volume {volume} below zero"));
    }
    if let Some(count) = bar.trade_count.filter(|count| *count < 0) {
        broken.push(format!("{count} trades"));
    }
    let is_still = [high, low, close] == [open; 3];
    if has_volume && volume.is_zero() && !is_still {
        broken.push(format!("prices from {low} to {high} without volume"));
    }
    if bar.end_time <= bar.head.event_time {
        broken.push(format!("ends at {}", bar.end_time));
    }
    if period(&bar.interval).is_err() {
        broken.push(format!("interval {:?}", clip(&bar.interval)));
    }
    (!broken.is_empty()).then(|| broken.join(", "))
}

/// The minutes without a bar between two bars of one minute, where so many lie in a row that it
/// is reported.
pub(crate) fn missing_minutes(
    last: Timestamp,
    next: &Bar,
    limits: &Thresholds,
) -> Option<Complaint> {
    let least = i64::from(limits.missing_minutes);
    let start = next.head.event_time;
    // Nearly every bar follows the one before: the calendar is not asked.
    if least == 0 || start.since(last) <= least.saturating_mul(MINUTE) {
        return None;
    }
    let from = last.plus_nanos(MINUTE);
    let holes: Vec<Span> = match &limits.hours {
        None => vec![Span { open: from, close: start }],
        Some(hours) => in_session(hours, from, start),
    };
    let minutes = |hole: &Span| hole.close.since(hole.open) / MINUTE;
    let holes: Vec<Span> = holes.into_iter().filter(|hole| minutes(hole) >= least).collect();
    let (first, last) = (holes.first()?, holes.last()?);
    let missing: i64 = holes.iter().map(minutes).fold(0, i64::saturating_add);
    Some(Complaint {
        check: Check::MissingMinute,
        severity: Severity::Warning,
        subject: next.head.event_id,
        detail: format!(
            "{missing} minutes without a bar between {} and {}",
            first.open, last.close
        ),
        value: Some(missing.into()),
        threshold: Some((least - 1).into()),
    })
}

/// The parts of a stretch of time that are in session.
fn in_session(hours: &Hours, from: Timestamp, to: Timestamp) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut time = from;
    for _ in 0..MAX_SESSIONS {
        let Some(span) = hours.at_or_after(time).filter(|span| span.open < to) else { break };
        parts.push(Span { open: time.max(span.open), close: to.min(span.close) });
        time = span.close;
    }
    parts
}

/// The series that a bar belongs to.
pub(crate) fn series(bar: &Bar) -> Text {
    // An interval that is none must not become a series of its own.
    let interval = if period(&bar.interval).is_ok() { bar.interval.as_str() } else { "?" };
    let mut series = Text::from(interval);
    series.push(' ');
    series.push_str(bar.adjustment.as_str());
    series
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_a_number_and_a_unit() {
        assert_eq!(period("1m"), Ok(Some(MINUTE)));
        assert_eq!(period("15s"), Ok(Some(MINUTE / 4)));
        assert_eq!(period("4h"), Ok(Some(240 * MINUTE)));
        for long in ["1d", "1w", "3mo"] {
            assert_eq!(period(long), Ok(None), "{long}");
        }
        for wrong in ["", "m", "1", "0m", "-1m", "1M", "1 m", "99999m", "1mm", "١m"] {
            assert!(period(wrong).is_err(), "{wrong}");
        }
    }
}
