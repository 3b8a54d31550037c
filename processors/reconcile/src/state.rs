//! What both sides have said of one account, and what stands between them.

use std::collections::BTreeMap;

use component::Bad;
use model::{BreakKind, BreakStatus, Decimal, InstrumentId, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::moves::Moves;

/// Positions of one account that are compared, so that a broken feed cannot grow the state
/// without end.
const MAX_POSITIONS: usize = 20_000;

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
    pub(crate) standing: Option<Standing>,
}

/// What one side says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) value: Decimal,
    pub(crate) event_time: Timestamp,
    pub(crate) received_time: Timestamp,
}

/// A difference that stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) since: Timestamp,
    pub(crate) verdict: Verdict,
    /// What was last published of it, and the age bucket it was in; null before it is a break.
    pub(crate) published: Option<(Verdict, usize)>,
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

impl State {
    /// When the later of the two sides was first heard of.
    pub(crate) fn both_since(&self) -> Option<Timestamp> {
        Some(self.ours_since?.max(self.theirs_since?))
    }

    pub(crate) fn position(&mut self, instrument: &InstrumentId) -> Result<&mut Item, Bad> {
        if self.positions.len() >= MAX_POSITIONS && !self.positions.contains_key(instrument) {
            let reason = format!("more than {MAX_POSITIONS} positions in one account");
            return Err(Bad::new("instrument", reason));
        }
        Ok(self.positions.entry(instrument.clone()).or_default())
    }

    pub(crate) fn currency(&mut self, currency: &Text) -> Result<&mut Item, Bad> {
        if self.cash.len() >= MAX_CURRENCIES && !self.cash.contains_key(currency) {
            return Err(Bad::new("currency", format!("more than {MAX_CURRENCIES} currencies")));
        }
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
