//! The books of one account.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use component::{Bad, Out};
use model::{Decimal, EventId, InstrumentId, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::lot::Change;
use crate::own_position::OwnPosition;
use crate::purse::Purse;

/// Steps of an account that can still be withdrawn or corrected, over all its instruments.
/// Venues withdraw executions within the day, mostly within the hour; a correction of something
/// older is refused and becomes a dead letter, because it could not be booked exactly.
pub(crate) const MAX_STEPS: usize = 1_000;

/// Ids of fills and activities that are recognised when they come again. A source repeats what
/// one reconnect reads again, which is a page or a day of executions.
pub(crate) const MAX_SEEN: usize = 4_096;

/// Activities that can still be corrected or canceled.
pub(crate) const MAX_ACTIVITIES: usize = 500;

/// Instruments that one account may ever have held. With all that is remembered beside them, the
/// state then stays below a megabyte, the largest record that Kafka takes.
pub(crate) const MAX_INSTRUMENTS: usize = 2_000;

/// Longest name of an instrument or a currency; options have about twenty letters.
const MAX_NAME: usize = 64;

/// Currencies of one account; there are fewer than 200 in ISO 4217.
pub(crate) const MAX_CURRENCIES: usize = 200;

/// The books of one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Whether the opening in the settings was booked.
    pub(crate) is_opened: bool,
    /// When the broker's first figures arrived.
    pub(crate) first_report_time: Option<Timestamp>,
    /// Whether a fill was booked, after which nothing is adopted.
    pub(crate) has_fills: bool,
    pub(crate) positions: BTreeMap<InstrumentId, OwnPosition>,
    pub(crate) cash: BTreeMap<Text, Purse>,
    /// The instrument of every step that can be withdrawn, oldest first.
    pub(crate) steps: VecDeque<InstrumentId>,
    pub(crate) seen: VecDeque<u64>,
    pub(crate) activities: VecDeque<Booked>,
}

/// What an activity did, so that its correction can undo it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Booked {
    pub(crate) id: u64,
    pub(crate) effect: Effect,
    pub(crate) is_canceled: bool,
}

/// What an activity does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Effect {
    pub(crate) amount: Decimal,
    pub(crate) currency: Text,
    pub(crate) units: Option<(InstrumentId, Decimal)>,
}

/// What a record changed and must therefore be published.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) instruments: BTreeSet<InstrumentId>,
    pub(crate) currencies: BTreeSet<Text>,
    /// The fill that changed it, if it was one.
    pub(crate) execution_id: Option<Text>,
}

impl Touched {
    pub(crate) fn publish(self, state: &State, account: &Text, out: &mut Out) {
        for instrument in &self.instruments {
            if let Some(own_position) = state.positions.get(instrument) {
                let head = out.head();
                let execution_id = self.execution_id.clone();
                out.emit(own_position.publish(head, account, instrument, execution_id));
            }
        }
        for currency in &self.currencies {
            if let Some(purse) = state.cash.get(currency) {
                let head = out.head();
                out.emit(purse.publish(head, account, currency));
            }
        }
    }
}

/// A short id: the first half of the hash. Among [`MAX_SEEN`] of them two different ones agree
/// with a chance of one in 10^11.
pub(crate) fn short_id(parts: &[&str]) -> u64 {
    let bytes = EventId::of(parts).0;
    bytes[..8].iter().fold(0, |id, byte| id << 8 | u64::from(*byte))
}

impl State {
    /// Notes an id; false when it is known.
    pub(crate) fn is_new(&mut self, id: u64) -> bool {
        if self.seen.contains(&id) {
            return false;
        }
        self.seen.push_back(id);
        if self.seen.len() > MAX_SEEN {
            self.seen.pop_front();
        }
        true
    }

    /// The purse of a currency as it is, or an empty one.
    pub(crate) fn purse(&self, currency: &Text) -> Result<Purse, Bad> {
        if self.cash.len() >= MAX_CURRENCIES && !self.cash.contains_key(currency) {
            return Err(Bad::new("currency", format!("more than {MAX_CURRENCIES} currencies")));
        }
        check_name("currency", currency)?;
        Ok(self.cash.get(currency).cloned().unwrap_or_default())
    }

    /// The position in an instrument as it is, or an empty one.
    pub(crate) fn own_position(
        &mut self,
        instrument: &InstrumentId,
        currency: &Text,
    ) -> Result<&mut OwnPosition, Bad> {
        self.check_own_position(instrument, currency)?;
        let own_position = self.positions.entry(instrument.clone()).or_default();
        own_position.currency = currency.clone();
        Ok(own_position)
    }

    /// Adds a step to an instrument and forgets how to undo the oldest of the account. Nothing
    /// happens when it is refused.
    pub(crate) fn push(
        &mut self,
        instrument: &InstrumentId,
        currency: &Text,
        id: u64,
        change: Change,
    ) -> Result<(), Bad> {
        self.check_own_position(instrument, currency)?;
        let now =
            self.positions.get(instrument).map(|own_position| own_position.now).unwrap_or_default();
        let after = now.after(&change)?;
        self.own_position(instrument, currency)?.push(id, change, after);
        self.steps.push_back(instrument.clone());
        if self.steps.len() > MAX_STEPS {
            let oldest = self.steps.pop_front();
            if let Some(own_position) = oldest.and_then(|oldest| self.positions.get_mut(&oldest)) {
                own_position.forget_oldest()?;
            }
        }
        Ok(())
    }

    fn check_own_position(&self, instrument: &InstrumentId, currency: &Text) -> Result<(), Bad> {
        let Some(own_position) = self.positions.get(instrument) else {
            if self.positions.len() >= MAX_INSTRUMENTS {
                let reason = format!("more than {MAX_INSTRUMENTS} instruments in one account");
                return Err(Bad::new("instrument", reason));
            }
            check_name("instrument", instrument.as_str())?;
            return check_name("currency", currency);
        };
        if own_position.currency != *currency {
            let reason =
                format!("{instrument} is booked in {}, not in {currency}", own_position.currency);
            return Err(Bad::new("currency", reason));
        }
        Ok(())
    }
}

fn check_name(field: &str, name: &str) -> Result<(), Bad> {
    if name.len() <= MAX_NAME {
        return Ok(());
    }
    Err(Bad::new(field, format!("has {} characters, at most {MAX_NAME}", name.len())))
}
