//! Why two figures differ.

use model::{BreakKind, BreakStatus, Decimal, InstrumentId, Text, Timestamp};

use crate::moves::{Move, Moves};
use crate::splits::{Split, Splits};
use crate::state::{Figure, Item, Verdict};

/// Executions named in an explanation; more are counted.
const MAX_NAMED: usize = 3;

/// Ratios of new to old units that look like a split, with both directions tried.
const SPLIT_RATIOS: &[(i64, i64)] = &[(2, 1), (3, 1), (3, 2), (4, 1), (5, 1), (10, 1), (20, 1)];

/// A difference and all that may explain it.
pub(crate) struct Difference<'a> {
    pub(crate) item: &'a Item,
    /// Ours less theirs.
    pub(crate) amount: Decimal,
    pub(crate) tolerance: Decimal,
    /// The instrument, for a position.
    pub(crate) instrument: Option<&'a InstrumentId>,
    pub(crate) moves: &'a Moves,
    pub(crate) splits: &'a Splits,
    /// Executions received before this are no longer a matter of time.
    pub(crate) timing_from: Timestamp,
    pub(crate) is_about: &'a dyn Fn(&Move) -> Option<Decimal>,
}

impl Difference<'_> {
    /// What the difference is; for timing also when the oldest execution that explains it came.
    pub(crate) fn explain(&self) -> (Verdict, Option<Timestamp>) {
        if let Some((words, oldest)) = self.timing() {
            return (self.explained(BreakKind::Timing, words), Some(oldest));
        }
        let explained = self
            .known_split()
            .map(|words| (BreakKind::CorporateAction, words))
            .or_else(|| self.doubled_execution())
            .or_else(|| self.missing_execution());
        if let Some((kind, words)) = explained {
            return (self.explained(kind, words), None);
        }
        let verdict = Verdict {
            difference: self.amount,
            kind: self.kind(),
            status: BreakStatus::Open,
            explanation: self.suspected_split().map(Text::from),
        };
        (verdict, None)
    }

    fn explained(&self, kind: BreakKind, words: String) -> Verdict {
        let status = BreakStatus::Explained;
        Verdict { difference: self.amount, kind, status, explanation: Some(words.into()) }
    }

    fn is_amount(&self, amount: Decimal) -> bool {
        self.amount.checked_sub(amount).is_some_and(|rest| rest.abs() <= self.tolerance)
    }

    fn relevant(&self) -> impl DoubleEndedIterator<Item = (&Move, Decimal)> {
        self.moves.iter().filter_map(|moved| Some((moved, (self.is_about)(moved)?)))
    }

    /// Executions that one side has not counted yet. Our books say up to when they are; what the
    /// broker says may be older than its arrival, so it is tried with ever more of the latest
    /// executions taken away.
    fn timing(&self) -> Option<(String, Timestamp)> {
        let booked = self.item.ours.map_or(Timestamp(i64::MIN), |figure| figure.received_time);
        let recent = self.relevant().filter(|(moved, _)| moved.received_time >= self.timing_from);
        let recent: Vec<_> = recent.collect();
        let unbooked: Vec<_> =
            recent.iter().copied().filter(|(moved, _)| moved.received_time > booked).collect();
        let mut missing = self.amount;
        for (_, amount) in &unbooked {
            missing = missing.checked_add(*amount)?;
        }
        if missing.abs() <= self.tolerance {
            let oldest = unbooked.first()?.0.received_time;
            return Some((format!("our books do not yet count {}", names(&unbooked)), oldest));
        }
        let mut sum = Decimal::ZERO;
        for (index, (moved, amount)) in recent.iter().enumerate().rev() {
            sum = sum.checked_add(*amount)?;
            if missing.checked_sub(sum)?.abs() <= self.tolerance {
                let words = format!("the broker does not yet count {}", names(&recent[index..]));
                return Some((words, moved.received_time));
            }
        }
        None
    }

    fn known_split(&self) -> Option<String> {
        let instrument = self.instrument?;
        let latest = [self.item.ours, self.item.theirs].into_iter().flatten();
        let day = latest.map(|figure| figure.event_time).max()?.date();
        self.splits.active(instrument, day).find_map(|split| {
            let Split { new, old, date } = split;
            let who = self.unsplit_side(*new, *old)?;
            Some(format!("split {new} for {old} of {date} is not applied {who}"))
        })
    }

    fn suspected_split(&self) -> Option<String> {
        self.instrument?;
        let both_ways = SPLIT_RATIOS.iter().flat_map(|(new, old)| [(*new, *old), (*old, *new)]);
        both_ways.into_iter().find_map(|(new, old)| {
            let who = self.unsplit_side(new.into(), old.into())?;
            Some(format!("looks like a split {new} for {old} not applied {who}; none is known"))
        })
    }

    /// Who still has the old units, if one side has just what a split makes of the other.
    fn unsplit_side(&self, new: Decimal, old: Decimal) -> Option<&'static str> {
        let (ours, theirs) = (self.item.ours?.value, self.item.theirs?.value);
        if ours.is_zero() || theirs.is_zero() {
            return None;
        }
        let split = |units: Decimal| units.checked_mul(new).and_then(|u| u.checked_div(old));
        // A fraction may have been paid out in cash.
        let is_result = |units: Decimal, of| {
            split(of).is_some_and(|result| result == units || result.trunc() == units)
        };
        if is_result(ours, theirs) {
            Some("by the broker")
        } else if is_result(theirs, ours) {
            Some("in our books")
        } else {
            None
        }
    }

    /// Two executions that differ only in their id, one of them too many on one side.
    fn doubled_execution(&self) -> Option<(BreakKind, String)> {
        let fits = |(_, amount): &(&Move, Decimal)| {
            !amount.is_zero() && (self.is_amount(*amount) || self.is_amount(-*amount))
        };
        let candidates: Vec<_> = self.relevant().filter(fits).collect();
        for (index, (first, amount)) in candidates.iter().enumerate() {
            let twin = candidates[index + 1..].iter().find(|(second, same)| {
                same == amount
                    && second.event_time == first.event_time
                    && second.instrument == first.instrument
                    && second.cash == first.cash
            });
            let Some((second, _)) = twin else { continue };
            let (one, other) = (&first.execution_id, &second.execution_id);
            let kind = if self.is_amount(*amount) {
                BreakKind::DuplicateInternal
            } else {
                BreakKind::DuplicateExternal
            };
            return Some((kind, format!("executions {one:?} and {other:?} look alike")));
        }
        None
    }

    fn missing_execution(&self) -> Option<(BreakKind, String)> {
        self.relevant().rev().filter(|(_, amount)| !amount.is_zero()).find_map(|(moved, amount)| {
            let id = &moved.execution_id;
            if self.is_amount(amount) {
                let words = format!("the broker does not count execution {id:?}");
                return Some((BreakKind::MissingExternal, words));
            }
            self.is_amount(-amount).then(|| {
                (BreakKind::MissingInternal, format!("our books do not count execution {id:?}"))
            })
        })
    }

    fn kind(&self) -> BreakKind {
        let holds = |side: &Option<Figure>| side.is_some_and(|figure| !figure.value.is_zero());
        match (holds(&self.item.ours), holds(&self.item.theirs), self.instrument) {
            (_, _, None) => BreakKind::Amount,
            (false, true, _) => BreakKind::MissingInternal,
            (true, false, _) => BreakKind::MissingExternal,
            _ => BreakKind::Quantity,
        }
    }
}

fn names(moves: &[(&Move, Decimal)]) -> String {
    let named: Vec<String> = moves
        .iter()
        .take(MAX_NAMED)
        .map(|(moved, _)| format!("{:?}", moved.execution_id.as_str()))
        .collect();
    let more = moves.len() - named.len();
    let named = named.join(", ");
    if more == 0 {
        format!("execution {named}")
    } else {
        format!("execution {named} and {more} more")
    }
}
