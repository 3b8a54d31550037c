//! The order journal: what may be done with an order, decided without I/O.
//!
//! `sending` is committed before a request leaves, the outcome after it. Whoever finds a
//! `sending` without an outcome asks the broker; nobody sends it again on a guess.

use std::collections::BTreeMap;

use component::Outcome;
use model::{ApprovedOrder, Delivery, DeliveryStatus, EventId, Head, OrderAction, Text, Timestamp};

/// The owner of an attempt sends nothing later than this after it was journaled, so that the
/// next owner knows when a request can no longer be on its way.
const ATTEMPT_NANOS: i64 = 5_000_000_000;
/// Added to that for clocks and packets.
const MARGIN_NANOS: i64 = 1_000_000_000;
/// A request may lie this long in some queue on its way to the broker's books. Before that, an
/// order that is not there may still come.
const LATE_NANOS: i64 = 30_000_000_000;
/// An order that the broker does not know is handed to it again for this long after it was asked
/// for; later it would meet another market. However often we are killed meanwhile does not count.
const STALE_NANOS: i64 = 600 * 1_000_000_000;

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

    /// Whether it is still to be found out if the order has arrived that an entry wants to change.
    pub fn awaits_its_order(&self, entry: &Delivery) -> bool {
        entry.order.request.action != OrderAction::Place
            && self.open.values().any(|other| {
                other.order_id == entry.order_id && other.order.request.action == OrderAction::Place
            })
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
        stale(&entry.order, now).or_else(|| expired(&entry.order, now))
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

    /// What to do with an order that the broker says it does not have, and that may be held back
    /// for a reason. It is sent again where the broker would refuse it twice; that it was not sent
    /// is said only when nothing can have been on its way any more as the broker was asked: its
    /// answer may have lain about since.
    pub fn absent(
        &self,
        entry: &Delivery,
        halted: Option<String>,
        asked: Timestamp,
        now: Timestamp,
    ) -> Absence {
        let reason = if !self.repeats_are_refused {
            "the broker does not have it, and would not refuse it twice".to_owned()
        } else if let Some(reason) = halted.or_else(|| self.forbids_another(entry, now)) {
            reason
        } else {
            return Absence::SendAgain;
        };
        if self.may_still_arrive(entry, asked) {
            return Absence::AskAgain;
        }
        Absence::NotSent(reason)
    }

    /// Whether a request of this attempt, or of one before it, may still be on its way.
    pub fn may_still_arrive(&self, entry: &Delivery, now: Timestamp) -> bool {
        now < entry.deadline.plus_nanos(LATE_NANOS)
    }

    fn head(&self, id: &str, attempt: i64, status: DeliveryStatus, now: Timestamp) -> Head {
        let event_id = EventId::of(&[id, &attempt.to_string(), status.as_str()]);
        Head { event_id, source: self.component.clone(), event_time: now, received_time: now }
    }
}

fn stale(order: &ApprovedOrder, now: Timestamp) -> Option<String> {
    let asked = order.head.received_time;
    let is_stale = now.since(asked) > STALE_NANOS;
    is_stale.then(|| format!("it was asked for at {asked} and could not be handed over since"))
}

fn expired(order: &ApprovedOrder, now: Timestamp) -> Option<String> {
    let expires_at = order.request.expires_at.filter(|at| now > *at)?;
    Some(format!("it expired at {expires_at}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    fn later(seconds: i64) -> Timestamp {
        NOW.plus_nanos(seconds * 1_000_000_000)
    }

    fn order(expires_at: Option<Timestamp>) -> ApprovedOrder {
        let mut order = order_of("r1");
        order.request.expires_at = expires_at;
        order.head.received_time = NOW;
        order
    }

    /// An approved order in the shortest way: every field that is missing is empty.
    pub(crate) fn order_of(request_id: &str) -> ApprovedOrder {
        let head = serde_json::json!({
            "event_id": "00000000000000000000000000000001", "source": "approve",
            "event_time": "2024-01-02T00:00:00Z", "received_time": "2024-01-02T00:00:00Z",
        });
        let mut request = head.clone();
        merge(
            &mut request,
            serde_json::json!({
                "request_id": request_id, "action": "place", "order_id": "o1", "account": "main",
                "extended_hours": false, "order_class": "simple", "legs": [], "broker_options": {},
            }),
        );
        let mut order = head;
        merge(
            &mut order,
            serde_json::json!({
                "order_id": "o1", "account": "main", "system": "toy", "broker_account": "B1",
                "request": request, "checks": [],
            }),
        );
        serde_json::from_value(order).unwrap()
    }

    fn merge(into: &mut serde_json::Value, more: serde_json::Value) {
        let (Some(into), serde_json::Value::Object(more)) = (into.as_object_mut(), more) else {
            panic!("both are objects")
        };
        into.extend(more);
    }

    fn journal(repeats_are_refused: bool) -> Journal {
        Journal::new("toy.orders", repeats_are_refused)
    }

    /// A journal with one attempt after another, and the last of them.
    fn after_attempts(repeats_are_refused: bool, attempts: usize) -> (Journal, Delivery) {
        let mut journal = journal(repeats_are_refused);
        for _ in 0..attempts {
            let entry = journal.sending(&order(None), NOW);
            journal.enter(entry);
        }
        let last = journal.unresolved().remove(0).0;
        assert_eq!(last.attempt, attempts as i64);
        (journal, last)
    }

    #[test]
    fn an_order_is_sent_once_whatever_became_of_it() {
        for outcome in [
            Outcome::Accepted { broker_order_id: Some("b".into()) },
            Outcome::Rejected { reason: "no".into() },
            Outcome::Unknown { reason: "silence".into() },
        ] {
            let mut journal = journal(true);
            assert_eq!(journal.arrived(&order(None)), Step::Send);
            let entry = journal.sending(&order(None), NOW);
            journal.enter(entry.clone());
            assert_eq!(journal.arrived(&order(None)), Step::Resolve(Timestamp::default()));
            journal.enter(journal.outcome(&entry, &outcome, later(1)));
            assert_ne!(journal.arrived(&order(None)), Step::Send, "{outcome:?}");
            let is_open = matches!(outcome, Outcome::Unknown { .. });
            assert_eq!(journal.unresolved().len(), usize::from(is_open));
            assert_eq!(journal.arrived(&order_of("r2")), Step::Send, "another request");
        }
    }

    #[test]
    fn an_attempt_of_a_former_owner_is_left_alone_while_it_may_still_leave() {
        let (journal, entry) = after_attempts(false, 1);
        let at = entry.deadline.plus_nanos(MARGIN_NANOS);
        assert_eq!(journal.arrived(&order(None)), Step::Resolve(at));
        assert!(at > later(5));
        // A broker that refuses repeats may be asked at once: nothing it hears late does harm.
        let (journal, _) = after_attempts(true, 1);
        assert_eq!(journal.arrived(&order(None)), Step::Resolve(Timestamp::default()));
    }

    #[test]
    fn an_absent_order_is_sent_again_only_where_that_is_safe() {
        let check = |refused: bool, attempts: usize, at: i64, expected: &str| {
            let (journal, entry) = after_attempts(refused, attempts);
            let absence = format!("{:?}", journal.absent(&entry, None, later(at), later(at)));
            assert!(absence.contains(expected), "{refused} {attempts} {at}: {absence}");
        };
        check(true, 1, 1, "SendAgain");
        check(true, 50, 100, "SendAgain");
        check(true, 1, 600, "SendAgain");
        check(true, 1, 601, "could not be handed over since");
        check(false, 1, 1, "AskAgain");
        check(false, 1, 34, "AskAgain");
        check(false, 1, 36, "would not refuse it twice");
    }

    #[test]
    fn an_order_past_its_time_is_neither_sent_nor_sent_again() {
        let journal = journal(true);
        let entry = journal.sending(&order(Some(later(2))), NOW);
        assert_eq!(journal.forbids(&entry, later(2)), None, "up to that time it may");
        let reason = journal.forbids(&entry, later(3)).unwrap();
        assert!(reason.contains("expired"), "{reason}");
        let absent = |halted, at| journal.absent(&entry, halted, later(at), later(at));
        assert_eq!(absent(None, 1), Absence::SendAgain);
        assert_eq!(absent(None, 3), Absence::AskAgain);
        assert_eq!(absent(None, 34), Absence::AskAgain, "it may be late");
        assert!(matches!(absent(None, 36), Absence::NotSent(_)));
        let halted = || Some("halted".to_owned());
        assert_eq!(absent(halted(), 1), Absence::AskAgain);
        let old_answer = journal.absent(&entry, None, later(5), later(36));
        assert_eq!(old_answer, Absence::AskAgain, "the answer is half a minute old");
    }

    #[test]
    fn an_attempt_is_open_until_something_newer_is_known() {
        let (mut journal, first) = after_attempts(true, 1);
        assert!(journal.is_open(&first) && !journal.is_over(&first, later(5)));
        assert!(journal.is_over(&first, later(6)));
        let second = journal.sending(&order(None), later(6));
        journal.enter(second.clone());
        assert!(!journal.is_open(&first) && journal.is_open(&second));
        journal.enter(journal.not_sent(&second, "halted", later(7)));
        assert!(!journal.is_open(&second));
        assert_eq!(journal.arrived(&order(None)), Step::Done);
    }

    #[test]
    fn entries_of_one_attempt_have_ids_of_their_own() {
        let (journal, entry) = after_attempts(true, 2);
        let unknown = journal.outcome(&entry, &Outcome::Unknown { reason: "?".into() }, NOW);
        let accepted = Outcome::Accepted { broker_order_id: None };
        let accepted = journal.outcome(&entry, &accepted, NOW);
        let ids = [&entry, &unknown, &accepted].map(|entry| entry.head.event_id);
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
        let (_, first) = after_attempts(true, 1);
        assert_ne!(first.head.event_id, entry.head.event_id);
        assert_eq!(first.delivery_id, entry.delivery_id);
    }
}
