//! Prices that jump.

use std::fmt::Display;

use model::{Check, Decimal, EventId, Severity};
use serde::{Deserialize, Serialize};

use crate::report::{Complaint, Repeat, Report, is_default};

/// Prices near a doubtful one that make it believed.
const CONFIRMATIONS: u8 = 2;

/// Splits that happen, new units for old. What is rarer is a jump like any other.
const SPLITS: &[(u32, u32)] = &[
    (2, 1),
    (3, 2),
    (3, 1),
    (4, 1),
    (5, 1),
    (6, 1),
    (7, 1),
    (8, 1),
    (10, 1),
    (15, 1),
    (20, 1),
    (25, 1),
    (50, 1),
    (1, 2),
    (1, 3),
    (1, 4),
    (1, 5),
    (1, 6),
    (1, 7),
    (1, 8),
    (1, 10),
    (1, 12),
    (1, 15),
    (1, 20),
    (1, 25),
    (1, 30),
    (1, 40),
    (1, 50),
];

/// How near a jump must come to the ratio of a split, in percent. Prices go on moving overnight: a
/// large company's 4 for 1 of 2020-08-31 opened 2.3 percent up.
const SPLIT_TOLERANCE: u32 = 3;

/// The prices of one series: the last good one, and one that is doubted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prices {
    good: Option<Decimal>,
    #[serde(default, skip_serializing_if = "is_default")]
    doubted: Option<Doubt>,
    #[serde(default, skip_serializing_if = "is_default")]
    spikes: Repeat,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Doubt {
    price: Decimal,
    confirmations: u8,
    is_reported: bool,
}

/// The prices of one record.
#[derive(Clone, Copy)]
pub(crate) struct Sample<'a> {
    /// What the record is called, for example `trade of "acme"`.
    pub(crate) what: &'a dyn Display,
    pub(crate) subject: EventId,
    /// Its first price, which meets the last good one.
    pub(crate) first: Decimal,
    /// Its last price, which the next record meets.
    pub(crate) last: Decimal,
    /// Whether it only restates a record that was judged before, and so confirms nothing.
    pub(crate) is_restated: bool,
}

impl Prices {
    /// Compares a record with the last good price. A price that is doubted never becomes the good
    /// one before others confirm it.
    pub(crate) fn judge(&mut self, sample: Sample<'_>, percent: Decimal, report: &mut Report<'_>) {
        if percent.is_zero() {
            return;
        }
        if let Some(price) = [sample.first, sample.last].into_iter().find(|p| *p <= Decimal::ZERO) {
            let complaint = worthless(&sample, price);
            report.make_once(&mut self.spikes, complaint);
            return;
        }
        let Some(good) = self.good else {
            self.good = Some(sample.last);
            return;
        };
        let far = [sample.first, sample.last].into_iter().find(|p| is_far(good, *p, percent));
        match (far, &mut self.doubted) {
            (None, _) => {
                self.good = Some(sample.last);
                self.doubted = None;
            }
            (Some(far), None) => {
                let complaint = spike(&sample, good, far, percent);
                let is_reported = report.make_once(&mut self.spikes, complaint);
                let price = sample.last;
                self.doubted = Some(Doubt { price, confirmations: 0, is_reported });
            }
            (Some(_), Some(doubt)) if is_far(doubt.price, sample.last, percent) => {
                doubt.price = sample.last;
                doubt.confirmations = 0;
            }
            (Some(_), Some(doubt)) => {
                doubt.confirmations += u8::from(!sample.is_restated);
                if doubt.confirmations >= CONFIRMATIONS {
                    if doubt.is_reported {
                        report.make(confirmed(&sample, good, percent));
                    }
                    self.good = Some(sample.last);
                    self.doubted = None;
                }
            }
        }
    }
}

fn spike(sample: &Sample<'_>, good: Decimal, price: Decimal, percent: Decimal) -> Complaint {
    let jump = format!("{} jumps from {} to {}", sample.what, good.normalize(), price.normalize());
    // The first price meets the close of the day before, while later ones have moved on. A split
    // lasts: where the last price is back, the first was only wrong.
    let lasts = is_far(good, sample.last, percent);
    let (severity, detail) = match explain(good, sample.first).filter(|_| lasts) {
        Some(cause) => (Severity::Error, format!("{jump}: {cause}")),
        None => (Severity::Warning, jump),
    };
    let value = move_percent(good, price);
    let check = Check::Spike;
    Complaint { check, severity, subject: sample.subject, detail, value, threshold: Some(percent) }
}

fn confirmed(sample: &Sample<'_>, good: Decimal, percent: Decimal) -> Complaint {
    Complaint {
        check: Check::Spike,
        severity: Severity::Info,
        subject: sample.subject,
        detail: format!(
            "{} confirms the jump from {} to {}",
            sample.what,
            good.normalize(),
            sample.last.normalize()
        ),
        value: move_percent(good, sample.last),
        threshold: Some(percent),
    }
}

fn worthless(sample: &Sample<'_>, price: Decimal) -> Complaint {
    Complaint {
        check: Check::Spike,
        severity: Severity::Error,
        subject: sample.subject,
        detail: format!(
            "{} has the price {}, which is not above zero",
            sample.what,
            price.normalize()
        ),
        value: Some(price),
        threshold: Some(Decimal::ZERO),
    }
}

/// Whether a price is further from another than allowed. What is too far to compute is far.
fn is_far(from: Decimal, to: Decimal, percent: Decimal) -> bool {
    let distance = to.checked_sub(from).and_then(|by| by.abs().checked_mul(Decimal::ONE_HUNDRED));
    let allowed = from.checked_mul(percent);
    match (distance, allowed) {
        (Some(distance), Some(allowed)) => distance > allowed,
        (None, _) => true,
        (Some(_), None) => false,
    }
}

fn move_percent(from: Decimal, to: Decimal) -> Option<Decimal> {
    to.checked_sub(from)?.checked_div(from)?.checked_mul(Decimal::ONE_HUNDRED)
}

/// What a jump looks like.
fn explain(from: Decimal, to: Decimal) -> Option<String> {
    if is_ratio(from, to, (1, 100)) || is_ratio(from, to, (100, 1)) {
        return Some("suspected change of unit, such as pence for pounds".to_owned());
    }
    let (new, old) = SPLITS.iter().find(|split| is_ratio(from, to, **split))?;
    Some(format!("suspected unapplied split, {new} for {old}"))
}

fn is_ratio(from: Decimal, to: Decimal, (new, old): (u32, u32)) -> bool {
    let (Some(is), Some(expected)) = (to.checked_mul(new.into()), from.checked_mul(old.into()))
    else {
        return false;
    };
    !is_far(expected, is, SPLIT_TOLERANCE.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, expected: Option<&str>) {
        let found = explain(from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(found.as_deref(), expected, "{from} {to}");
    }

    #[test]
    fn names_what_a_jump_looks_like() {
        // The last close and the first price after the splits of one real share.
        check("645.57", "92.69", Some("suspected unapplied split, 7 for 1"));
        check("88.97", "44.67", Some("suspected unapplied split, 2 for 1"));
        check("499.23", "127.67", Some("suspected unapplied split, 4 for 1"));
        check("101.00", "50.50", Some("suspected unapplied split, 2 for 1"));
        check("1.02", "10.1", Some("suspected unapplied split, 1 for 10"));
        check("30", "20.2", Some("suspected unapplied split, 3 for 2"));
        check("4.31", "431", Some("suspected change of unit, such as pence for pounds"));
        check("53.38", "28.06", None);
        check("100", "85", None);
    }

    #[test]
    fn distances_too_large_to_compute_are_far() {
        let percent = Decimal::from(10);
        assert!(is_far(Decimal::ONE, Decimal::MAX, percent));
        assert!(!is_far(Decimal::MAX, Decimal::MAX, percent));
        assert!(is_far("100".parse().unwrap(), "110.01".parse().unwrap(), percent));
        assert!(!is_far("100".parse().unwrap(), "110".parse().unwrap(), percent));
        assert_eq!(
            move_percent("1e-18".parse().unwrap_or(Decimal::new(1, 18)), Decimal::MAX),
            None
        );
    }
}
