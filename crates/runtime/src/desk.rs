//! The order desk: all that a sink decides about orders, without I/O.
//!
//! Whoever drives it asks for the next act, carries it out, says what came of it, and asks again.
//! So it is decided here, and not in a driver, that the journal comes before the request and the
//! outcome after it; a simulation can stop, kill and mislead the driver between any two acts.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use component::Outcome;
use model::{
    ApprovedOrder, Command, CommandKind, Delivery as Entry, DeliveryStatus, EventId, Head,
    OrderAction, OrderEvent, OrderEventKind, Text, Timestamp,
};

use crate::Backoff;
use crate::journal::{Absence, Journal, Step};

/// First pause before the broker is asked again about an order.
const ASK_FIRST: Duration = Duration::from_millis(500);
/// Longest such pause.
const ASK_LONGEST: Duration = Duration::from_secs(30);

/// What is to be done next. It must be carried out, and told of, before the next is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Hear every command there is: an order is about to leave.
    Hear,
    /// Commit this entry, and what it means for the order, in one transaction.
    Commit(Box<Entry>),
    /// Hand the order to the broker, now.
    Request(Box<Entry>),
    /// Ask the broker what became of it.
    Ask(Box<Entry>),
    /// Everything is done that can be: read orders.
    Read,
}

/// A delivery about which the broker is asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// What was seen.
    pub reason: String,
    /// After this long.
    pub wait: Duration,
}

/// What is in hand between two acts.
#[derive(Clone, Debug, Default)]
enum Hand {
    #[default]
    Empty,
    /// It leaves, unless something speaks against it.
    Leaving(Box<Entry>),
    /// It is decided, and must be on record before anything else happens.
    Decided(Box<Entry>),
}

/// The orders of one sink.
#[derive(Clone, Debug)]
pub struct Desk {
    system: Text,
    journal: Journal,
    /// When the broker may next be asked about a delivery, and how often it has been.
    asking: HashMap<Text, (Timestamp, Backoff)>,
    /// When the broker was asked last.
    asked: Timestamp,
    /// Why the kill switch holds orders of a scope back.
    halted: BTreeMap<Text, String>,
    /// Orders that are journaled and have not left, oldest first.
    unsent: VecDeque<Entry>,
    /// Deliveries to look at before orders are read again; `None` until the round begins.
    round: Option<VecDeque<(Entry, Timestamp)>>,
    hand: Hand,
}

impl Desk {
    /// The desk of a sink of a system.
    pub fn new(component: &str, system: &str, repeats_are_refused: bool) -> Self {
        Self {
            system: system.into(),
            journal: Journal::new(component, repeats_are_refused),
            asking: HashMap::new(),
            asked: Timestamp::default(),
            halted: BTreeMap::new(),
            unsent: VecDeque::new(),
            round: None,
            hand: Hand::Empty,
        }
    }

    /// Takes in what a former owner journaled, in the order of the topic.
    pub fn remember(&mut self, entry: Entry) {
        self.journal.enter(entry);
    }

    /// Takes over what a former session of this very process journaled and did not send. Another
    /// owner may have dealt with some of it since; the journal knows.
    pub fn take_over(&mut self, mut unsent: VecDeque<Entry>) {
        unsent.retain(|entry| self.journal.is_open(entry));
        self.unsent = unsent;
    }

    /// What is journaled and has not left, for the next session of this process.
    pub fn hand_over(self) -> VecDeque<Entry> {
        self.unsent
    }

    /// Takes note of a command.
    pub fn hear(&mut self, command: Command) {
        match command.kind {
            CommandKind::Halt => {
                let reason = command.reason.unwrap_or_default();
                let words = format!("{} halted {}: {reason}", command.actor, command.scope);
                self.halted.insert(command.scope, words);
            }
            CommandKind::Resume => drop(self.halted.remove(&command.scope)),
        }
    }

    /// The entries to commit, together with the offsets, for orders that were read: those that are
    /// for this system and new.
    pub fn take_in(&self, orders: &[ApprovedOrder], now: Timestamp) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for order in orders.iter().filter(|order| order.system == self.system) {
            let entry = self.journal.sending(order, now);
            let is_new = self.journal.arrived(order) == Step::Send
                && entries.iter().all(|other| other.delivery_id != entry.delivery_id);
            if is_new {
                entries.push(entry);
            }
        }
        entries
    }

    /// What to do now.
    pub fn next(&mut self, now: Timestamp) -> Act {
        match std::mem::take(&mut self.hand) {
            Hand::Leaving(entry) => self.weigh(entry, now),
            Hand::Decided(entry) => Act::Commit(entry),
            Hand::Empty => self.pick(now),
        }
    }

    /// An entry is committed.
    pub fn committed(&mut self, entry: &Entry) {
        match entry.status {
            // A new attempt goes before the orders that were read since.
            DeliveryStatus::Sending if entry.attempt > 1 => self.unsent.push_front(entry.clone()),
            DeliveryStatus::Sending => self.unsent.push_back(entry.clone()),
            DeliveryStatus::Unknown => {}
            DeliveryStatus::Accepted | DeliveryStatus::Rejected | DeliveryStatus::NotSent => {
                self.asking.remove(&entry.delivery_id);
            }
        }
        self.journal.enter(entry.clone());
    }

    /// The broker was handed an order, and this came of it.
    pub fn answered(&mut self, entry: &Entry, outcome: &Outcome, now: Timestamp) {
        self.hand = Hand::Decided(Box::new(self.journal.outcome(entry, outcome, now)));
    }

    /// An order could not be handed over: nothing left this machine, and this process knows it.
    pub fn not_left(&mut self, entry: Entry) {
        self.unsent.push_front(entry);
    }

    /// The broker was asked about a delivery. Tells when it is asked again, if it must be.
    pub fn told(&mut self, entry: &Entry, outcome: &Outcome, now: Timestamp) -> Option<Later> {
        let id = &entry.delivery_id;
        match outcome {
            Outcome::Unknown { reason } => Some(self.ask_later(id, reason, now)),
            // A broker that does not have the order says no to every change of it. Should the
            // order arrive late, so may the change.
            Outcome::Rejected { .. } | Outcome::Absent if self.journal.awaits_its_order(entry) => {
                Some(self.ask_later(id, "its order may still arrive", now))
            }
            Outcome::Absent => match self.absent(entry, now) {
                Absence::SendAgain => {
                    let again = self.journal.sending(&entry.order, now);
                    self.hand = Hand::Decided(Box::new(again));
                    // Should this one get lost as well, the next question can wait.
                    Some(self.ask_later(id, "the broker does not have it, sent again", now))
                }
                Absence::AskAgain => {
                    Some(self.ask_later(id, "the broker does not have it yet", now))
                }
                Absence::NotSent(reason) => {
                    let ended = self.journal.not_sent(entry, &reason, now);
                    self.hand = Hand::Decided(Box::new(ended));
                    None
                }
            },
            Outcome::Accepted { .. } | Outcome::Rejected { .. } => {
                self.answered(entry, outcome, now);
                None
            }
        }
    }

    fn absent(&self, entry: &Entry, now: Timestamp) -> Absence {
        self.journal.absent(entry, self.halt(&entry.order), self.asked, now)
    }

    fn pick(&mut self, now: Timestamp) -> Act {
        if let Some(entry) = self.unsent.pop_front() {
            self.hand = Hand::Leaving(Box::new(entry));
            return Act::Hear;
        }
        let round = self.round.get_or_insert_with(|| self.journal.unresolved().into());
        while let Some((entry, not_before)) = round.pop_front() {
            let asked = self.asking.get(&entry.delivery_id);
            let ask_at = asked.map_or(not_before, |(at, _)| not_before.max(*at));
            if now >= ask_at {
                self.asked = now;
                return Act::Ask(Box::new(entry));
            }
        }
        self.round = None;
        Act::Read
    }

    /// Lets an order leave, or says what is to be recorded instead.
    fn weigh(&self, entry: Box<Entry>, now: Timestamp) -> Act {
        let is_over = self.journal.is_over(&entry, now);
        let refusal = match self.halt(&entry.order) {
            Some(halted) => Some(halted),
            None if is_over => self.journal.forbids_another(&entry, now),
            None => self.journal.forbids(&entry, now),
        };
        if let Some(reason) = refusal {
            // This attempt does not leave. What became of those before it is another question.
            let earlier = entry.attempt > 1 && self.journal.may_still_arrive(&entry, now);
            let ended = match earlier {
                true => self.journal.outcome(&entry, &Outcome::Unknown { reason }, now),
                false => self.journal.not_sent(&entry, &reason, now),
            };
            return Act::Commit(Box::new(ended));
        }
        if is_over {
            // Committing it proves that nobody else owns the order by now.
            return Act::Commit(Box::new(self.journal.sending(&entry.order, now)));
        }
        Act::Request(entry)
    }

    fn ask_later(&mut self, id: &Text, reason: &str, now: Timestamp) -> Later {
        let fresh = || (now, Backoff::new(id, ASK_FIRST, ASK_LONGEST));
        let (at, backoff) = self.asking.entry(id.clone()).or_insert_with(fresh);
        let wait = backoff.failed();
        *at = now.plus_nanos(wait.as_nanos() as i64);
        Later { reason: reason.to_owned(), wait }
    }

    /// Why the kill switch holds an order back. What reduces risk passes.
    fn halt(&self, order: &ApprovedOrder) -> Option<String> {
        if order.request.action == OrderAction::Cancel {
            return None;
        }
        let scopes = ["all", &*order.account, &*order.system];
        scopes.iter().find_map(|scope| self.halted.get(*scope).cloned())
    }
}

/// What the order's state machine is told of an outcome. Which request it answers is in `action`.
pub fn order_event(entry: &Entry) -> OrderEvent {
    let request = &entry.order.request;
    let kind = match entry.status {
        DeliveryStatus::Accepted => OrderEventKind::Submitted,
        DeliveryStatus::Rejected => OrderEventKind::Rejected,
        DeliveryStatus::NotSent => OrderEventKind::NotSent,
        DeliveryStatus::Unknown | DeliveryStatus::Sending => OrderEventKind::OutcomeUnknown,
    };
    let event_id = EventId::of(&[&entry.head.event_id.to_string(), "order event"]);
    OrderEvent {
        head: Head { event_id, ..entry.head.clone() },
        order_id: entry.order_id.clone(),
        account: entry.order.account.clone(),
        system: entry.order.system.clone(),
        broker_account: entry.order.broker_account.clone(),
        kind,
        action: Some(request.action),
        request_id: Some(entry.request_id.clone()),
        broker_order_id: entry.broker_order_id.clone(),
        client_order_id: None,
        instrument: request.instrument.clone(),
        side: request.side,
        order_type: request.order_type,
        time_in_force: request.time_in_force,
        quantity: request.quantity,
        notional: request.notional,
        limit_price: request.limit_price,
        stop_price: request.stop_price,
        filled_quantity: None,
        average_price: None,
        last_quantity: None,
        last_price: None,
        replaced_by: None,
        replaces: None,
        reason: entry.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::order_of;

    const NOW: Timestamp = Timestamp(1_704_153_600_000_000_000);

    fn later(seconds: i64) -> Timestamp {
        NOW.plus_nanos(seconds * 1_000_000_000)
    }

    fn accepted() -> Outcome {
        Outcome::Accepted { broker_order_id: Some("b".into()) }
    }

    fn unknown() -> Outcome {
        Outcome::Unknown { reason: "silence".into() }
    }

    /// A desk that has just journaled these requests.
    fn desk(requests: &[&str]) -> Desk {
        let mut desk = Desk::new("toy.orders", "toy", true);
        let orders: Vec<ApprovedOrder> = requests.iter().map(|id| order_of(id)).collect();
        let entries = desk.take_in(&orders, NOW);
        assert_eq!(entries.len(), requests.len());
        entries.iter().for_each(|entry| desk.committed(entry));
        desk
    }

    /// The next act in a word, with the request and attempt that it is about.
    fn next(desk: &mut Desk, now: Timestamp) -> (String, Option<Entry>) {
        let about = |word: &str, entry: &Entry| {
            format!("{word} {} #{} {}", entry.request_id, entry.attempt, entry.status)
        };
        match desk.next(now) {
            Act::Hear => ("hear".to_owned(), None),
            Act::Read => ("read".to_owned(), None),
            Act::Commit(entry) => (about("commit", &entry), Some(*entry)),
            Act::Request(entry) => (about("request", &entry), Some(*entry)),
            Act::Ask(entry) => (about("ask", &entry), Some(*entry)),
        }
    }

    fn expect(desk: &mut Desk, now: Timestamp, expected: &str) -> Entry {
        let (word, entry) = next(desk, now);
        assert_eq!(word, expected);
        entry.unwrap_or_else(|| desk.journal.sending(&order_of("none"), now))
    }

    #[test]
    fn an_order_is_heard_about_requested_and_recorded() {
        let mut desk = desk(&["r1"]);
        expect(&mut desk, NOW, "hear");
        let entry = expect(&mut desk, NOW, "request r1 #1 sending");
        desk.answered(&entry, &accepted(), NOW);
        let entry = expect(&mut desk, NOW, "commit r1 #1 accepted");
        desk.committed(&entry);
        expect(&mut desk, NOW, "read");
        assert!(desk.take_in(&[order_of("r1")], NOW).is_empty(), "it has its outcome");
    }

    #[test]
    fn what_is_unknown_is_asked_about_and_sent_again_where_it_is_absent() {
        let mut desk = desk(&["r1"]);
        expect(&mut desk, NOW, "hear");
        let entry = expect(&mut desk, NOW, "request r1 #1 sending");
        desk.answered(&entry, &unknown(), NOW);
        let entry = expect(&mut desk, NOW, "commit r1 #1 unknown");
        desk.committed(&entry);
        let entry = expect(&mut desk, NOW, "ask r1 #1 unknown");
        assert!(desk.told(&entry, &unknown(), NOW).is_some());
        expect(&mut desk, NOW, "read");
        let entry = expect(&mut desk, later(1), "ask r1 #1 unknown");
        assert!(desk.told(&entry, &Outcome::Absent, later(1)).is_some());
        let entry = expect(&mut desk, later(1), "commit r1 #2 sending");
        desk.committed(&entry);
        expect(&mut desk, later(1), "hear");
        expect(&mut desk, later(1), "request r1 #2 sending");
    }

    #[test]
    fn an_attempt_that_is_held_back_says_nothing_of_those_before_it() {
        let mut desk = desk(&["r1"]);
        expect(&mut desk, NOW, "hear");
        let entry = expect(&mut desk, NOW, "request r1 #1 sending");
        desk.answered(&entry, &unknown(), NOW);
        let entry = expect(&mut desk, NOW, "commit r1 #1 unknown");
        desk.committed(&entry);
        let entry = expect(&mut desk, NOW, "ask r1 #1 unknown");
        assert!(desk.told(&entry, &Outcome::Absent, NOW).is_some());
        let entry = expect(&mut desk, NOW, "commit r1 #2 sending");
        desk.committed(&entry);
        expect(&mut desk, NOW, "hear");
        let head = entry.head.clone();
        let (scope, kind, actor) = ("all".into(), CommandKind::Halt, "somebody".into());
        desk.hear(Command { head, scope, kind, actor, reason: None });
        let entry = expect(&mut desk, NOW, "commit r1 #2 unknown");
        desk.committed(&entry);
        expect(&mut desk, NOW, "read");
        let entry = expect(&mut desk, later(34), "ask r1 #2 unknown");
        assert!(desk.told(&entry, &Outcome::Absent, later(34)).is_some());
        expect(&mut desk, later(34), "read");
        let entry = expect(&mut desk, later(70), "ask r1 #2 unknown");
        assert!(desk.told(&entry, &Outcome::Absent, later(70)).is_none());
        expect(&mut desk, later(70), "commit r1 #2 not_sent");
    }

    #[test]
    fn what_did_not_leave_leaves_first_and_what_waited_too_long_is_journaled_anew() {
        let mut desk = desk(&["r1", "r2"]);
        expect(&mut desk, NOW, "hear");
        let entry = expect(&mut desk, NOW, "request r1 #1 sending");
        desk.not_left(entry);
        let unsent = desk.hand_over();
        let mut next = Desk::new("toy.orders", "toy", true);
        unsent.iter().for_each(|entry| next.remember(entry.clone()));
        next.take_over(unsent);
        expect(&mut next, later(60), "hear");
        let entry = expect(&mut next, later(60), "commit r1 #2 sending");
        next.committed(&entry);
        expect(&mut next, later(60), "hear");
        expect(&mut next, later(60), "request r1 #2 sending");
    }
}
