//! What both sides have said of one account, and what stands between them.

use std::collections::BTreeMap;

use component::Bad;
use model::{BreakKind, BreakStatus, Decimal, EventId, InstrumentId, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::moves::Moves;

/// Positions of one account that are compared. With all that is remembered beside them, the state
/// then stays below a megabyte, the largest record that Kafka takes.
pub(crate) const MAX_POSITIONS: usize = 2_000;

/// Differences whose explanation is kept in words. When there are more at once, one sentence about
/// all of them is worth more than one about each.
const MAX_EXPLAINED: usize = 500;

/// Longest name of an instrument or a currency; options have about twenty letters.
const MAX_NAME: usize = 64;

/// Currencies of one account; there are fewer than 200 in ISO 4217.
const MAX_CURRENCIES: usize = 200;

/// What both sides have said of one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(crate) account: Text,
    /// The time by our clock, as far as records and watermarks tell.
    pub(crate) now: Timestamp,
    /// When each side was first heard of.
    pub(crate) ours_since: Option<Timestamp>,
    pub(crate) theirs_since: Option<Timestamp>,
    pub(crate) positions: BTreeMap<InstrumentId, Item>,
    pub(crate) cash: BTreeMap<Text, Item>,
    pub(crate) moves: Moves,
}

/// One position or one currency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) ours: Option<Figure>,
    pub(crate) theirs: Option<Figure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) standing: Option<Standing>,
}

/// What one side says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "SavedFigure", into = "SavedFigure")]
pub(crate) struct Figure {
    pub(crate) value: Decimal,
    pub(crate) event_time: Timestamp,
    pub(crate) received_time: Timestamp,
}

/// A figure as it is saved: there are thousands in a state.
type SavedFigure = (Decimal, i64, i64);

impl From<SavedFigure> for Figure {
    fn from((value, event_time, received_time): SavedFigure) -> Self {
        Self { value, event_time: Timestamp(event_time), received_time: Timestamp(received_time) }
    }
}

impl From<Figure> for SavedFigure {
    fn from(figure: Figure) -> Self {
        (figure.value, figure.event_time.0, figure.received_time.0)
    }
}

/// A difference that stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) since: Timestamp,
    pub(crate) verdict: Verdict,
    /// A hash of what was last published of it; null before it is a break.
    pub(crate) published: Option<u64>,
}

/// What a difference is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// Ours less theirs.
    pub(crate) difference: Decimal,
    pub(crate) kind: BreakKind,
    pub(crate) status: BreakStatus,
    pub(crate) explanation: Option<Text>,
}

impl Verdict {
    /// A hash of this and of the age bucket: what must change for it to be published again.
    pub(crate) fn fingerprint(&self, bucket: usize) -> u64 {
        let explanation = self.explanation.as_deref().unwrap_or_default();
        let (difference, bucket) = (self.difference.normalize().to_string(), bucket.to_string());
        let (kind, status) = (self.kind.as_str(), self.status.as_str());
        let id = EventId::of(&[&difference, kind, status, explanation, &bucket]);
        id.0[..8].iter().fold(0, |short, byte| short << 8 | u64::from(*byte))
    }
}

impl State {
    /// Whether there is room for another explanation in words.
    pub(crate) fn may_explain(&self) -> bool {
        let items = self.positions.values().chain(self.cash.values());
        let standing = items.filter_map(|item| item.standing.as_ref());
        standing.filter(|standing| standing.verdict.explanation.is_some()).count() < MAX_EXPLAINED
    }

    /// When the later of the two sides was first heard of.
    pub(crate) fn both_since(&self) -> Option<Timestamp> {
        Some(self.ours_since?.max(self.theirs_since?))
    }

    pub(crate) fn position(&mut self, instrument: &InstrumentId) -> Result<&mut Item, Bad> {
        if self.positions.len() >= MAX_POSITIONS && !self.positions.contains_key(instrument) {
            let reason = format!("more than {MAX_POSITIONS} positions in one account");
            return Err(Bad::new("instrument", reason));
        }
        check_name("instrument", instrument.as_str())?;
        Ok(self.positions.entry(instrument.clone()).or_default())
    }

    pub(crate) fn currency(&mut self, currency: &Text) -> Result<&mut Item, Bad> {
        if self.cash.len() >= MAX_CURRENCIES && !self.cash.contains_key(currency) {
            return Err(Bad::new("currency", format!("more than {MAX_CURRENCIES} currencies")));
        }
        check_name("currency", currency)?;
        Ok(self.cash.entry(currency.clone()).or_default())
    }
}

impl Item {
    /// Ours less theirs; a side that has not spoken holds nothing. `None` when it is too large.
    pub(crate) fn difference(&self) -> Option<Decimal> {
        value(&self.ours).checked_sub(value(&self.theirs))
    }

    /// Whether there is nothing to remember: nothing held, nothing standing.
    pub(crate) fn is_empty(&self) -> bool {
        self.standing.is_none() && value(&self.ours).is_zero() && value(&self.theirs).is_zero()
    }
}

fn value(figure: &Option<Figure>) -> Decimal {
    figure.map(|figure| figure.value).unwrap_or_default()
}

fn check_name(field: &str, name: &str) -> Result<(), Bad> {
    if name.len() <= MAX_NAME {
        return Ok(());
    }
    Err(Bad::new(field, format!("has {} characters, at most {MAX_NAME}", name.len())))
}
