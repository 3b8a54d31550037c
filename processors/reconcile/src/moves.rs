//! What recent executions moved, kept to explain differences.

use std::collections::VecDeque;

use model::{Decimal, Fill, FillKind, InstrumentId, Side, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// Executions remembered for one account. Only the latest can be missing on one side; older ones
/// that are forgotten leave a difference unexplained, never unseen.
const MAX_MOVES: usize = 300;

/// Longest id or name of an execution that is remembered; brokers use about forty characters.
const MAX_NAME: usize = 128;

/// What one execution, correction or withdrawal moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Move {
    pub(crate) execution_id: Text,
    pub(crate) instrument: InstrumentId,
    pub(crate) currency: Text,
    pub(crate) quantity: Decimal,
    pub(crate) cash: Decimal,
    pub(crate) event_time: Timestamp,
    pub(crate) received_time: Timestamp,
}

/// The latest moves of an account, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moves(VecDeque<Move>);

impl Moves {
    /// Remembers a fill; the same execution again, or one with figures too large, adds nothing.
    pub(crate) fn note(&mut self, fill: &Fill) {
        let names = [&fill.execution_id, &fill.currency];
        let is_long = names.iter().any(|name| name.len() > MAX_NAME)
            || fill.instrument.as_str().len() > MAX_NAME;
        if is_long || self.0.iter().any(|known| known.execution_id == fill.execution_id) {
            return;
        }
        let Some(moved) = self.moved(fill) else { return };
        self.0.push_back(moved);
        if self.0.len() > MAX_MOVES {
            self.0.pop_front();
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Move> {
        self.0.iter()
    }

    fn moved(&self, fill: &Fill) -> Option<Move> {
        let sign = if fill.side == Side::Buy { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
        let quantity = sign * fill.quantity;
        let value = model::round(quantity.checked_mul(fill.price)?);
        let cash = (-value).checked_sub(fill.commission.unwrap_or_default())?;
        // A correction moves the difference to what it corrects, a withdrawal moves that back.
        let corrected =
            self.0.iter().find(|known| Some(&known.execution_id) == fill.corrects.as_ref());
        let (quantity, cash) = match (fill.kind, corrected) {
            (FillKind::New, _) => (quantity, cash),
            (FillKind::Correction, Some(known)) => {
                (quantity.checked_sub(known.quantity)?, cash.checked_sub(known.cash)?)
            }
            (FillKind::Bust, Some(known)) => (-known.quantity, -known.cash),
            (FillKind::Correction | FillKind::Bust, None) => return None,
        };
        Some(Move {
            execution_id: fill.execution_id.clone(),
            instrument: fill.instrument.clone(),
            currency: fill.currency.clone(),
            quantity,
            cash,
            event_time: fill.head.event_time,
            received_time: fill.head.received_time,
        })
    }
}
