//! What is remembered of one account.

use std::collections::{BTreeMap, VecDeque};

use model::{Decimal, EventId, InstrumentId, OrderRequest, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::known::Known;

/// A request that reached us this long before the latest one of its account is not new: a topic
/// is read in order, so it is being read again. It is never acted on, remembered or not, which
/// makes even a replay of the whole topic harmless.
pub(crate) const REPLAY_WINDOW_SECS: u32 = 600;

/// Ids remembered of each sort. Inside the replay window an id must be found: the highest order
/// rate that the settings allow fills this memory in exactly that time.
pub(crate) const MAX_REMEMBERED: usize = 10_000;

/// Instruments held in one account that are remembered for the short-sale check.
const MAX_POSITIONS: usize = 10_000;

const SECOND: i64 = 1_000_000_000;

/// What is remembered of one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// When the latest request reached us.
    latest_time: Timestamp,
    /// Requests to place or replace that were approved. The rate limit bounds them.
    approved: VecDeque<u64>,
    /// Cancellations and what was denied: kept apart, so that a flood of them displaces no other.
    /// To decide on one of them again sends no order twice.
    others: VecDeque<u64>,
    /// Ids of orders that are no longer open, or never were.
    used: VecDeque<u64>,
    /// Orders that may be working, by their id.
    pub(crate) open: BTreeMap<Text, OpenOrder>,
    /// What was approved lately, for the rate and for suspected duplicates.
    recent: VecDeque<Recent>,
    positions: BTreeMap<InstrumentId, Decimal>,
}

/// An order that may be working.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenOrder {
    /// Its terms now: the placing request and every replacement since.
    pub(crate) terms: OrderRequest,
    pub(crate) system: Text,
    pub(crate) broker_account: Text,
    /// Price of one unit that it was valued at.
    pub(crate) unit_price: Option<Decimal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Recent {
    time: Timestamp,
    /// Hash of the terms; null for a replacement, which repeats nothing.
    fingerprint: Option<u64>,
}

/// The first half of the hash: two of the ids remembered agree with a chance of one in 10^11.
pub(crate) fn short_id(parts: &[&str]) -> u64 {
    let bytes = EventId::of(parts).0;
    bytes[..8].iter().fold(0, |id, byte| id << 8 | u64::from(*byte))
}

impl State {
    /// Moves the account's clock on; false for a request from before the replay window.
    pub(crate) fn is_current(&mut self, received: Timestamp) -> bool {
        if self.latest_time.since(received) > i64::from(REPLAY_WINDOW_SECS) * SECOND {
            return false;
        }
        self.latest_time = self.latest_time.max(received);
        true
    }

    pub(crate) fn latest_time(&self) -> Timestamp {
        self.latest_time
    }

    /// Whether a request was answered before.
    pub(crate) fn has_answered(&self, request_id: &str) -> bool {
        let id = short_id(&["request", request_id]);
        self.approved.contains(&id) || self.others.contains(&id)
    }

    /// Whether an order id was ever placed or refused.
    pub(crate) fn is_used(&self, order_id: &str) -> bool {
        self.open.contains_key(order_id) || self.used.contains(&short_id(&["order", order_id]))
    }

    pub(crate) fn remember_approved(&mut self, request_id: &str) {
        push(&mut self.approved, short_id(&["request", request_id]));
    }

    pub(crate) fn remember_other(&mut self, request_id: &str) {
        push(&mut self.others, short_id(&["request", request_id]));
    }

    /// An order id that must not come back.
    pub(crate) fn use_up(&mut self, order_id: &str) {
        push(&mut self.used, short_id(&["order", order_id]));
    }

    /// Closes orders that have ended since.
    pub(crate) fn close_ended(&mut self, known: &Known) {
        let ended: Vec<Text> =
            self.open.keys().filter(|order_id| known.has_ended(order_id)).cloned().collect();
        for order_id in ended {
            self.open.remove(&order_id);
            self.use_up(&order_id);
        }
    }

    /// Counts an order or replacement towards the rate. The account's own clock is used
    /// throughout, so that a request with an older time cannot hide those before it.
    pub(crate) fn count(&mut self, fingerprint: Option<u64>, keep_secs: u32) {
        let oldest = self.latest_time.plus_nanos(-i64::from(keep_secs.max(60)) * SECOND);
        while self.recent.front().is_some_and(|recent| recent.time < oldest) {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent { time: self.latest_time, fingerprint });
        if self.recent.len() > MAX_REMEMBERED {
            self.recent.pop_front();
        }
    }

    /// Orders and replacements approved in the last minute.
    pub(crate) fn count_in_minute(&self) -> usize {
        self.within(60).count()
    }

    /// Nanoseconds since the same terms were approved, if within this many seconds.
    pub(crate) fn since_alike(&self, fingerprint: u64, secs: u32) -> Option<i64> {
        let mut alike = self.within(secs).filter(|recent| recent.fingerprint == Some(fingerprint));
        alike.next().map(|recent| self.latest_time.since(recent.time))
    }

    fn within(&self, secs: u32) -> impl Iterator<Item = &Recent> {
        let from = self.latest_time.plus_nanos(-i64::from(secs) * SECOND);
        self.recent.iter().rev().take_while(move |recent| recent.time > from)
    }

    pub(crate) fn note_position(&mut self, instrument: &InstrumentId, quantity: Decimal) {
        if quantity.is_zero() {
            self.positions.remove(instrument);
        } else if self.positions.len() < MAX_POSITIONS || self.positions.contains_key(instrument) {
            self.positions.insert(instrument.clone(), quantity);
        }
    }

    pub(crate) fn held(&self, instrument: &InstrumentId) -> Decimal {
        self.positions.get(instrument).copied().unwrap_or_default()
    }
}

fn push(ids: &mut VecDeque<u64>, id: u64) {
    ids.push_back(id);
    if ids.len() > MAX_REMEMBERED {
        ids.pop_front();
    }
}
