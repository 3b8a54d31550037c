//! What is remembered of one account.

use std::collections::{BTreeMap, VecDeque};

use model::{Decimal, EventId, OrderRequest, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::known::Known;

/// A request that reached us this long before the latest one of its account is not new: a topic
/// is read in order, so it is being read again. It is never acted on, remembered or not, which
/// makes even a replay of the whole topic harmless.
pub(crate) const REPLAY_WINDOW_SECS: u32 = 300;

/// Approved requests that are remembered, and order ids that were used. Inside the replay window
/// a request must be found: the highest order rate that the settings allow fills this memory in
/// exactly that time.
pub(crate) const MAX_REMEMBERED: usize = 5_000;

/// Denied requests and cancellations that are remembered.
const MAX_OTHERS: usize = 2_000;

/// Orders, and legs of orders, that may be open in one account, whatever its limits say. With the
/// memories above, the state then stays below a megabyte, the largest record that Kafka takes.
pub(crate) const MAX_OPEN: usize = 1_000;

/// For how long approvals are counted: the minute of the rate limit.
pub(crate) const RECENT_SECS: i64 = 60;

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
}

/// An order that may be working.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenOrder {
    /// Its terms now: the placing request and every replacement since.
    #[serde(with = "crate::terms")]
    pub(crate) terms: OrderRequest,
    pub(crate) system: Text,
    pub(crate) broker_account: Text,
    /// Price of one unit that it was valued at.
    pub(crate) unit_price: Option<Decimal>,
}

/// The account's time in nanoseconds, and the hash of the terms; null for a replacement, which
/// repeats nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Recent(i64, Option<u64>);

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
        push(&mut self.approved, short_id(&["request", request_id]), MAX_REMEMBERED);
    }

    pub(crate) fn remember_other(&mut self, request_id: &str) {
        push(&mut self.others, short_id(&["request", request_id]), MAX_OTHERS);
    }

    /// An order id that must not come back.
    pub(crate) fn use_up(&mut self, order_id: &str) {
        push(&mut self.used, short_id(&["order", order_id]), MAX_REMEMBERED);
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
    pub(crate) fn count(&mut self, fingerprint: Option<u64>) {
        let oldest = self.latest_time.plus_nanos(-RECENT_SECS * SECOND).0;
        while self.recent.front().is_some_and(|Recent(time, _)| *time < oldest) {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent(self.latest_time.0, fingerprint));
    }

    /// Orders and replacements approved in the last minute.
    pub(crate) fn count_in_minute(&self) -> usize {
        self.within(RECENT_SECS).count()
    }

    /// Nanoseconds since the same terms were approved, if within this many seconds.
    pub(crate) fn since_alike(&self, fingerprint: u64, secs: u32) -> Option<i64> {
        let mut alike = self.within(secs.into()).filter(|Recent(_, of)| *of == Some(fingerprint));
        alike.next().map(|Recent(time, _)| self.latest_time.0.saturating_sub(*time))
    }

    fn within(&self, secs: i64) -> impl Iterator<Item = &Recent> {
        let from = self.latest_time.plus_nanos(-secs * SECOND).0;
        self.recent.iter().rev().take_while(move |Recent(time, _)| *time > from)
    }

    /// Orders that are open, a leg counted as an order.
    pub(crate) fn open_size(&self) -> usize {
        self.open.values().map(|order| 1 + order.terms.legs.len()).sum()
    }
}

fn push(ids: &mut VecDeque<u64>, id: u64, limit: usize) {
    ids.push_back(id);
    if ids.len() > limit {
        ids.pop_front();
    }
}
