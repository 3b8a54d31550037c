//! What must hold within a bar, and between one and the next.

use model::{Bar, Check, Decimal, Severity, Text, Timestamp};

use crate::hours::{Hours, Span};
use crate::report::Complaint;
use crate::thresholds::Thresholds;

/// Length of the bars that are missed when they do not come.
pub(crate) const MINUTE: i64 = 60_000_000_000;

/// Sessions between two bars that are searched for holes. A feed that was away for longer has
/// more than a hole.
const MAX_SESSIONS: usize = 10;

/// Length of a period in nanoseconds; `None` for days and more, whose length the calendar decides.
pub(crate) fn period(interval: &str) -> Result<Option<i64>, String> {
    let wrong = || "its interval is not a number and s, m, h, d, w or mo".to_owned();
    let digits = interval.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = interval.split_at(digits);
    let number: i64 = number.parse::<u16>().map_err(|_| wrong())?.into();
    let unit = match unit {
        "s" => Some(1_000_000_000),
        "m" => Some(MINUTE),
        "h" => Some(60 * MINUTE),
        "d" | "w" | "mo" => None,
        _ => return Err(wrong()),
    };
    if number == 0 { Err(wrong()) } else { Ok(unit.map(|unit| unit * number)) }
}

/// Every rule that a bar breaks, in words. Bars of a feed that never has a volume (currencies,
/// indexes) may move without one.
pub(crate) fn broken_rules(bar: &Bar, has_volume: bool) -> Option<String> {
    let prices = [bar.open, bar.high, bar.low, bar.close];
    let mut broken = Vec::new();
    let mut rule = |is_broken: bool, words: &str| {
        if is_broken {
            broken.push(words.to_owned());
        }
    };
    rule(prices.iter().any(|price| *price <= Decimal::ZERO), "a price is not above zero");
    rule(bar.high < bar.low, "the high is below the low");
    rule(bar.open > bar.high || bar.open < bar.low, "the open is outside low and high");
    rule(bar.close > bar.high || bar.close < bar.low, "the close is outside low and high");
    rule(bar.volume < Decimal::ZERO, "the volume is negative");
    rule(bar.trade_count.is_some_and(|count| count < 0), "the number of trades is negative");
    rule(bar.end_time <= bar.head.event_time, "it ends before it starts");
    let is_still = prices.iter().all(|price| *price == bar.open);
    rule(has_volume && bar.volume.is_zero() && !is_still, "the price moves without volume");
    broken.extend(period(&bar.interval).err());
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
