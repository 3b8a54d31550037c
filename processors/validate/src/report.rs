//! How complaints become findings, and why they do not become a flood.

use component::{Out, Processor};
use model::{
    Check, Decimal, EventId, Finding, Head, InstrumentId, SCALE, Severity, Text, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::Validate;

/// Characters of a text from outside that are quoted, enough to recognise it.
const MAX_QUOTED: usize = 40;

/// Characters of a complaint in words. Only a vendor's nonsense needs more.
const MAX_DETAIL: usize = 300;

/// Decimal places of a figure in a finding.
const FIGURE_PLACES: u32 = 4;

/// Digits of the largest figure that an event can carry beside its decimal places.
const MAX_FIGURE_DIGITS: u32 = 38 - SCALE;

/// What is wrong, before it is known who hears of it.
#[derive(Debug)]
pub(crate) struct Complaint {
    pub(crate) check: Check,
    pub(crate) severity: Severity,
    /// The record it is about.
    pub(crate) subject: EventId,
    pub(crate) detail: String,
    pub(crate) value: Option<Decimal>,
    pub(crate) threshold: Option<Decimal>,
}

/// When one complaint was made, and how often it was held back since.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Repeat {
    at: Option<Timestamp>,
    held_back: u32,
}

/// Where the complaints about one instrument go.
pub(crate) struct Report<'a> {
    out: &'a mut Out,
    instrument: &'a InstrumentId,
    pause: i64,
}

impl<'a> Report<'a> {
    pub(crate) fn new(out: &'a mut Out, instrument: &'a InstrumentId, pause: i64) -> Self {
        Self { out, instrument, pause }
    }

    /// Reports what the record being folded shows.
    pub(crate) fn make(&mut self, complaint: Complaint) {
        let head = self.out.head();
        self.emit(head, complaint);
    }

    /// The same, unless it was reported not long ago. Says whether it is reported.
    pub(crate) fn make_once(&mut self, repeat: &mut Repeat, mut complaint: Complaint) -> bool {
        let now = self.out.cause().received_time;
        let is_due = repeat.is_due(now, self.pause, &mut complaint.detail);
        if is_due {
            self.make(complaint);
        }
        is_due
    }

    /// Reports what time alone has shown, at the moment from which it was so. It is the same
    /// finding, whether the clock or the next record brings it to light, and however late.
    pub(crate) fn make_at(
        &mut self,
        time: Timestamp,
        repeat: &mut Repeat,
        mut complaint: Complaint,
    ) {
        let id = EventId::of(&[
            Validate::NAME,
            complaint.check.as_str(),
            self.instrument.as_str(),
            &complaint.subject.to_string(),
            &time.0.to_string(),
            &complaint.detail,
        ]);
        if repeat.is_due(time, self.pause, &mut complaint.detail) {
            let head = Head {
                event_id: id,
                source: Validate::NAME.into(),
                event_time: time,
                received_time: time,
            };
            self.emit(head, complaint);
        }
    }

    fn emit(&mut self, head: Head, complaint: Complaint) {
        self.out.emit(Finding {
            head,
            instrument: self.instrument.clone(),
            check: complaint.check,
            severity: complaint.severity,
            subject_id: Some(complaint.subject.to_string().into()),
            detail: prefix(&complaint.detail, MAX_DETAIL).into(),
            value: complaint.value.and_then(figure),
            threshold: complaint.threshold.and_then(figure),
        });
    }
}

impl Repeat {
    fn is_due(&mut self, now: Timestamp, pause: i64, detail: &mut String) -> bool {
        if let Some(at) = self.at {
            // Either direction: a clock that was set back must not silence us until it catches up.
            if now.0.abs_diff(at.0) < pause.unsigned_abs() {
                self.held_back = self.held_back.saturating_add(1);
                return false;
            }
            if self.held_back > 0 {
                *detail += &format!(" ({} more like the one of {at})", self.held_back);
            }
        }
        *self = Self { at: Some(now), held_back: 0 };
        true
    }
}

/// A text from outside, short enough to quote.
pub(crate) fn clip(text: &str) -> &str {
    prefix(text, MAX_QUOTED)
}

fn prefix(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

/// Nanoseconds as seconds.
pub(crate) fn secs(nanos: i64) -> Decimal {
    Decimal::new(nanos, 9).round_dp(FIGURE_PLACES).normalize()
}

/// A figure as an event can carry it; none when it is out of all proportion.
fn figure(value: Decimal) -> Option<Decimal> {
    let value = value.round_dp(FIGURE_PLACES).normalize();
    let limit = Decimal::from(10u128.pow(MAX_FIGURE_DIGITS));
    (value.abs() < limit).then_some(value)
}

/// A part of a saved state that is left out while nothing has happened to it.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What is kept of a text that comes with every record.
pub(crate) fn kept(text: &str) -> Text {
    clip(text).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_held_back_and_then_counted() {
        let mut repeat = Repeat::default();
        let mut check = |now: i64, expected: Option<&str>| {
            let mut detail = "wrong".to_owned();
            let is_due = repeat.is_due(Timestamp(now), 100, &mut detail);
            assert_eq!(is_due.then_some(detail.as_str()), expected, "{now}");
        };
        check(1_000, Some("wrong"));
        check(1_001, None);
        check(1_099, None);
        check(1_100, Some("wrong (2 more like the one of 1970-01-01T00:00:00.000001Z)"));
        check(1_200, Some("wrong"));
        check(0, Some("wrong"));
        check(i64::MIN, Some("wrong"));
        check(i64::MAX, Some("wrong"));
    }

    #[test]
    fn figures_fit_into_an_event() {
        assert_eq!(figure("2.50".parse().unwrap()).unwrap().to_string(), "2.5");
        assert_eq!(figure(Decimal::ONE / Decimal::from(3)).unwrap().to_string(), "0.3333");
        assert_eq!(figure(Decimal::MAX), None);
        assert_eq!(secs(1_250_000_000).to_string(), "1.25");
        assert_eq!(clip(&"ü".repeat(50)).chars().count(), MAX_QUOTED);
    }
}
