//! The order journal: what may be done with an order, decided without I/O.
//!
//! `sending` is committed before a request leaves, the outcome after it. Whoever finds a
//! `sending` without an outcome asks the broker; nobody sends it again on a guess.

use std::collections::BTreeMap;

use component::Outcome;
use model::{ApprovedOrder, Delivery, DeliveryStatus, EventId, Head, Text, Timestamp};

/// The owner of an attempt sends nothing later than this after it was journaled, so that the
/// next owner knows when a request can no longer be on its way.
const ATTEMPT_NANOS: i64 = 5_000_000_000;
/// Added to that for clocks and packets.
const MARGIN_NANOS: i64 = 1_000_000_000;
/// Times an order that the broker does not know is handed to it.
const MAX_ATTEMPTS: i64 = 5;

/// What to do with a delivery now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Journal this attempt, then send it.
    Send,
    /// Nothing: it has an outcome already.
    Done,
    /// Ask the broker, not before this time.
    Resolve(Timestamp),
}

/// What to do about an order that the broker says it does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Hand it over again under the same id.
    SendAgain,
    /// Ask again: a request may still be on its way.
    AskAgain,
    /// It was not sent, and will not be, for this reason.
    NotSent(String),
}

/// Every delivery of one sink.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    component: Text,
    /// Whether the broker refuses an order id it has seen.
    repeats_are_refused: bool,
    /// Deliveries without a final outcome.
    open: BTreeMap<Text, Delivery>,
    /// Hashes of the ids of those that have one: sixteen bytes for each order on the topic.
    done: std::collections::HashSet<EventId>,
}

impl Journal {
    /// An empty journal of a sink.
    pub fn new(component: &str, repeats_are_refused: bool) -> Self {
        Self { component: component.into(), repeats_are_refused, ..Self::default() }
    }

    /// The id under which a request is delivered, however often it arrives.
    pub fn delivery_id(&self, order: &ApprovedOrder) -> Text {
        Text::from(format!("{}|{}", self.component, order.request.request_id))
    }

    /// Takes in a journal entry, from the topic or just committed.
    pub fn enter(&mut self, entry: Delivery) {
        let id = entry.delivery_id.clone();
        match entry.status {
            DeliveryStatus::Sending | DeliveryStatus::Unknown => drop(self.open.insert(id, entry)),
            DeliveryStatus::Accepted | DeliveryStatus::Rejected | DeliveryStatus::NotSent => {
                self.open.remove(&id);
                self.done.insert(EventId::of(&[&id]));
            }
        }
    }

    /// What to do with an order that arrives from the topic.
    pub fn arrived(&self, order: &ApprovedOrder) -> Step {
        let id = self.delivery_id(order);
        if self.done.contains(&EventId::of(&[&id])) {
            return Step::Done;
        }
        match self.open.get(&id) {
            Some(entry) => Step::Resolve(self.resolvable(entry)),
            None => Step::Send,
        }
    }

    /// Deliveries without an outcome, and when the broker may be asked about each.
    pub fn unresolved(&self) -> Vec<(Delivery, Timestamp)> {
        self.open.values().map(|entry| (entry.clone(), self.resolvable(entry))).collect()
    }

    /// Where a broker refuses repeated ids, a late request of a former owner does no harm, and
    /// nothing need be waited for.
    fn resolvable(&self, entry: &Delivery) -> Timestamp {
        if self.repeats_are_refused || entry.status == DeliveryStatus::Unknown {
            return Timestamp::default();
        }
        entry.deadline.plus_nanos(MARGIN_NANOS)
    }

    /// The entry that must be committed before an order leaves.
    pub fn sending(&self, order: &ApprovedOrder, now: Timestamp) -> Delivery {
        let delivery_id = self.delivery_id(order);
        let attempt = self.open.get(&delivery_id).map_or(0, |entry| entry.attempt) + 1;
        Delivery {
            head: self.head(&delivery_id, attempt, DeliveryStatus::Sending, now),
            delivery_id,
            component: self.component.clone(),
            order_id: order.order_id.clone(),
            request_id: order.request.request_id.clone(),
            status: DeliveryStatus::Sending,
            attempt,
            deadline: now.plus_nanos(ATTEMPT_NANOS),
            broker_order_id: None,
            reason: None,
            order: order.clone(),
        }
    }

    /// Whether this very attempt is the last that is known of its delivery, and has no outcome.
    pub fn is_open(&self, entry: &Delivery) -> bool {
        self.open.get(&entry.delivery_id).is_some_and(|last| {
            last.attempt == entry.attempt && last.status == DeliveryStatus::Sending
        })
    }

    /// Whether an attempt is too old to be made: it must be journaled anew first.
    pub fn is_over(&self, entry: &Delivery, now: Timestamp) -> bool {
        now > entry.deadline
    }

    /// Why an order that is journaled must not leave after all.
    pub fn forbids(&self, entry: &Delivery, now: Timestamp) -> Option<String> {
        expired(&entry.order, now)
    }

    /// Why an order that did not leave must not be journaled for another attempt.
    pub fn forbids_another(&self, entry: &Delivery, now: Timestamp) -> Option<String> {
        if entry.attempt >= MAX_ATTEMPTS {
            return Some(format!("it could not be handed over in {MAX_ATTEMPTS} attempts"));
        }
        expired(&entry.order, now)
    }

    /// The entry that records what became of an attempt.
    pub fn outcome(&self, entry: &Delivery, outcome: &Outcome, now: Timestamp) -> Delivery {
        let (status, reason) = match outcome {
            Outcome::Accepted { .. } => (DeliveryStatus::Accepted, None),
            Outcome::Rejected { reason } => (DeliveryStatus::Rejected, Some(reason.clone())),
            Outcome::Unknown { reason } => (DeliveryStatus::Unknown, Some(reason.clone())),
            Outcome::Absent => {
                (DeliveryStatus::Unknown, Some("the broker has no such order".into()))
            }
        };
        let broker_order_id = match outcome {
            Outcome::Accepted { broker_order_id } => broker_order_id.clone(),
            _ => entry.broker_order_id.clone(),
        };
        Delivery {
            head: self.head(&entry.delivery_id, entry.attempt, status, now),
            status,
            reason: reason.map(Text::from),
            broker_order_id,
            ..entry.clone()
        }
    }

    /// The entry that says that nothing was sent, and why.
    pub fn not_sent(&self, entry: &Delivery, reason: &str, now: Timestamp) -> Delivery {
        Delivery {
            head: self.head(&entry.delivery_id, entry.attempt, DeliveryStatus::NotSent, now),
            status: DeliveryStatus::NotSent,
            reason: Some(reason.into()),
            ..entry.clone()
        }
    }

    /// What to do with an order that the broker says it does not have. It is sent again where the
    /// broker would refuse it twice; that it was not sent is said only when nothing can still be
    /// on its way.
    pub fn absent(&self, entry: &Delivery, now: Timestamp) -> Absence {
        let reason = if !self.repeats_are_refused {
            "the broker does not have it, and would not refuse it twice".to_owned()
        } else if entry.attempt >= MAX_ATTEMPTS {
            format!("the broker does not have it after {MAX_ATTEMPTS} attempts")
        } else if let Some(reason) = expired(&entry.order, now) {
            reason
        } else {
            return Absence::SendAgain;
        };
        if now < entry.deadline.plus_nanos(MARGIN_NANOS) {
            return Absence::AskAgain;
        }
        Absence::NotSent(reason)
    }

    fn head(&self, id: &str, attempt: i64, status: DeliveryStatus, now: Timestamp) -> Head {
        let event_id = EventId::of(&[id, &attempt.to_string(), status.as_str()]);
        Head { event_id, source: self.component.clone(), event_time: now, received_time: now }
    }
}

fn expired(order: &ApprovedOrder, now: Timestamp) -> Option<String> {
    let expires_at = order.request.expires_at.filter(|at| now > *at)?;
    Some(format!("it expired at {expires_at}"))
}
