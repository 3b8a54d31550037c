//! The auditor: compares the brokers' ledgers with the topics. It shares no code with whoever
//! wrote either.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    ApprovedOrder, BreakStatus, Check, CommandKind, Decimal, Delivery, DeliveryStatus, Event,
    EventId, FillKind, OrderAction, OrderEventKind, OrderState, OrderStatus, Side, Text,
};

use crate::broker::{Broker, Held, OPENING_CASH, Standing, Verdict};
use crate::log::Log;
use crate::scene::{MILLI, SECOND};

/// How far the clocks of sinks may be off, and so by how much a request may seem late.
const CLOCK_ERRORS: [i64; 2] = [2 * SECOND + 100 * MILLI, 300 * MILLI];
/// Topics on which no fact may stand twice.
const FACTS: [&str; 10] = [
    "orders.approved",
    "orders.events",
    "orders.fills",
    "orders.state",
    "ops.deliveries",
    "portfolio.positions",
    "portfolio.cash",
    "accounts.positions",
    "accounts.balances",
    "reconcile.breaks",
];

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule, in a word or two.
    pub rule: &'static str,
    /// The order, request or account that it is about.
    pub subject: Text,
    /// What was seen.
    pub detail: String,
    /// The step in which it showed, where that is known.
    pub step: u64,
}

impl Violation {
    pub(crate) fn restless(step: u64) -> Self {
        let detail = "something is still going on long after the last fault".to_owned();
        Self { rule: "comes to rest", subject: "".into(), detail, step }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rule, subject, detail, step } = self;
        write!(f, "step {step}: {rule}: {subject}: {detail}")
    }
}

/// Everything that is wrong.
pub(crate) fn audit(log: &Log, brokers: &[Broker; 2]) -> Vec<Violation> {
    let mut audit = Audit { books: Books::read(log), log, found: Vec::new() };
    audit.facts();
    audit.requests();
    for (index, broker) in brokers.iter().enumerate() {
        audit.arrivals(broker, CLOCK_ERRORS[index]);
        audit.deliveries(broker);
        audit.reports(broker);
        audit.figures(broker);
        audit.states(broker);
    }
    audit.transitions();
    audit.complaints();
    audit.found
}

struct Audit<'a> {
    books: Books,
    log: &'a Log,
    found: Vec<Violation>,
}

/// The topics, with the step in which each record was committed.
#[derive(Default)]
struct Books {
    approved: Vec<(u64, ApprovedOrder)>,
    deliveries: Vec<(u64, Delivery)>,
    /// Of each scope, when it was halted and resumed.
    commands: Vec<(u64, Text, CommandKind)>,
    /// By order, oldest first.
    states: BTreeMap<Text, Vec<(u64, OrderState)>>,
}

impl Books {
    fn read(log: &Log) -> Self {
        let mut books = Self::default();
        for topic in ["orders.approved", "ops.deliveries", "ops.commands", "orders.state"] {
            for record in log.all(topic) {
                let step = record.step;
                match &*record.event {
                    Event::ApprovedOrder(order) => books.approved.push((step, (**order).clone())),
                    Event::Delivery(entry) => books.deliveries.push((step, (**entry).clone())),
                    Event::Command(command) => {
                        books.commands.push((step, command.scope.clone(), command.kind));
                    }
                    Event::OrderState(state) => {
                        let states = books.states.entry(state.order_id.clone()).or_default();
                        states.push((step, (**state).clone()));
                    }
                    _ => {}
                }
            }
        }
        books
    }

    fn last_delivery(&self, request_id: &str) -> Option<&Delivery> {
        let mut entries = self.deliveries.iter().map(|(_, entry)| entry);
        entries.rfind(|entry| entry.request_id == request_id)
    }

    fn is_halted(&self, order: &ApprovedOrder, step: u64) -> bool {
        ["all", &*order.account, &*order.system].iter().any(|scope| {
            let mut before =
                self.commands.iter().filter(|(at, of, _)| *at < step && *of == **scope);
            before.next_back().is_some_and(|(_, _, kind)| *kind == CommandKind::Halt)
        })
    }
}

impl Audit<'_> {
    fn complain(&mut self, rule: &'static str, subject: &str, step: u64, detail: String) {
        self.found.push(Violation { rule, subject: subject.into(), detail, step });
    }

    /// No fact stands twice on its topic.
    fn facts(&mut self) {
        for topic in FACTS {
            let mut seen: BTreeSet<EventId> = BTreeSet::new();
            for record in self.log.all(topic) {
                // An order of another system was not made by anybody here.
                let event = &record.event;
                if !seen.insert(event.head().event_id) {
                    let detail = format!("{topic} has it twice: {event:?}");
                    self.complain("stands once", event.key().0, record.step, detail);
                }
            }
        }
    }

    /// Every request is answered once, and what is approved was asked for.
    fn requests(&mut self) {
        let mut answers: BTreeMap<Text, usize> = BTreeMap::new();
        for record in self.log.all("orders.events") {
            if let Event::OrderEvent(event) = &*record.event
                && matches!(event.kind, OrderEventKind::Approved | OrderEventKind::Denied)
                && let Some(id) = &event.request_id
            {
                *answers.entry(id.clone()).or_default() += 1;
            }
        }
        let mut asked: BTreeMap<Text, u64> = BTreeMap::new();
        for record in self.log.all("orders.requests") {
            if let Event::OrderRequest(request) = &*record.event {
                asked.entry(request.request_id.clone()).or_insert(record.step);
            }
        }
        for (id, step) in &asked {
            let count = answers.get(id).copied().unwrap_or_default();
            if count != 1 {
                self.complain("answered once", id, *step, format!("answered {count} times"));
            }
        }
        let ours = self.books.approved.iter().filter(|(_, order)| order.system != "elsewhere");
        let unasked: Vec<(u64, Text)> = ours
            .map(|(step, order)| (*step, order.request.request_id.clone()))
            .filter(|(step, id)| asked.get(id).is_none_or(|at| at > step))
            .collect();
        for (step, id) in unasked {
            self.complain("asked for", &id, step, "approved before it was asked for".to_owned());
        }
    }

    /// What may arrive at a broker: once, approved, journaled, in time, for this broker.
    fn arrivals(&mut self, broker: &Broker, clock_error: i64) {
        let mut taken: BTreeMap<&Text, usize> = BTreeMap::new();
        for held in &broker.ledger.orders {
            *taken.entry(&held.client_id).or_default() += 1;
        }
        for (id, count) in taken.into_iter().filter(|(_, count)| *count > 1) {
            let detail = format!("{} has it {count} times", broker.system);
            self.complain("never twice", id, 0, detail);
        }
        for arrival in &broker.ledger.arrivals {
            let id = &arrival.order.request.request_id;
            let (departed, at) = arrival.departed;
            let is_approved = self.books.approved.iter().any(|(step, order)| {
                *step < departed && order.request.request_id == *id && order.system == broker.system
            });
            if !is_approved {
                let detail = format!("it reached {} without approval for it", broker.system);
                self.complain("for this broker", id, arrival.step, detail);
            }
            let is_journaled = self.books.deliveries.iter().any(|(step, entry)| {
                *step < departed && entry.request_id == *id && entry.status == SENDING
            });
            if !is_journaled {
                let detail = "it left before it was in the journal".to_owned();
                self.complain("journal first", id, departed, detail);
            }
            let expires_at = arrival.order.request.expires_at;
            if let Some(expired) = expires_at.filter(|e| at.since(*e) > clock_error) {
                let detail = format!("it expired at {expired} and left at {at}");
                self.complain("in time", id, departed, detail);
            }
            let is_cancel = arrival.order.request.action == OrderAction::Cancel;
            if !is_cancel && self.books.is_halted(&arrival.order, departed) {
                self.complain("kill switch", id, departed, "it left during a halt".to_owned());
            }
        }
    }

    /// Every approved order has an outcome, and the broker's ledger agrees with it.
    fn deliveries(&mut self, broker: &Broker) {
        let ours: Vec<(u64, ApprovedOrder)> = self.books.approved.clone();
        for (step, order) in ours.iter().filter(|(_, order)| order.system == broker.system) {
            let id = &order.request.request_id;
            let Some(entry) = self.books.last_delivery(id).cloned() else {
                let detail = "approved, and never heard of again".to_owned();
                self.complain("none forgotten", id, *step, detail);
                continue;
            };
            let is_held = broker.ledger.orders.iter().any(|held| held.request_id == *id);
            let arrivals = broker.ledger.arrivals.iter();
            let of_it = arrivals.filter(|arrival| arrival.order.request.request_id == *id);
            let is_taken =
                is_held || of_it.clone().any(|arrival| arrival.verdict == Verdict::Taken);
            let is_cancel = order.request.action == OrderAction::Cancel;
            let is_true = match entry.status {
                DeliveryStatus::Accepted if is_cancel => {
                    is_canceled(broker, order) || was_being_canceled(broker, order)
                }
                DeliveryStatus::Accepted => is_taken,
                // A cancel that was taken and lost the race against a fill has come to nothing.
                DeliveryStatus::Rejected if is_cancel => !is_taken || !is_canceled(broker, order),
                DeliveryStatus::Rejected | DeliveryStatus::NotSent => !is_taken,
                DeliveryStatus::Sending | DeliveryStatus::Unknown => {
                    let detail = format!("it is still {} in the end", entry.status);
                    self.complain("none forgotten", id, *step, detail);
                    continue;
                }
            };
            if !is_true {
                let detail = format!("we say {}, the broker's ledger does not", entry.status);
                self.complain("outcomes are true", id, *step, detail);
            }
        }
    }

    /// What the broker told is published, all of it, and nothing else.
    fn reports(&mut self, broker: &Broker) {
        let mut told: BTreeMap<EventId, &Event> = BTreeMap::new();
        for topic in ["orders.events", "orders.fills"] {
            let of_it = self.log.all(topic).filter(|r| r.event.head().source == broker.system);
            told.extend(of_it.map(|record| (record.event.head().event_id, &*record.event)));
        }
        for report in &broker.reports {
            let Some(event) = told.remove(&report.head().event_id) else {
                let detail = format!("never published: {report:?}");
                self.complain("all is told", report.key().0, 0, detail);
                continue;
            };
            let mut event = event.clone();
            event.head_mut().received_time = report.head().received_time;
            if event != *report {
                let detail = format!("published as {event:?}, told as {report:?}");
                self.complain("all is told", report.key().0, 0, detail);
            }
        }
        for event in told.into_values() {
            // What the sink says of its own requests bears the name of the sink.
            let detail = format!("nobody told it: {event:?}");
            self.complain("all is told", event.key().0, 0, detail);
        }
    }

    /// Our positions and cash are what the broker's executions add up to.
    fn figures(&mut self, broker: &Broker) {
        let mut units: BTreeMap<Text, Decimal> = BTreeMap::new();
        let mut cash = Decimal::from(OPENING_CASH);
        for execution in &broker.ledger.executions {
            let held = units.entry(execution.instrument.as_str().into()).or_default();
            if execution.counts && execution.kind != FillKind::Bust {
                let is_buy = execution.side == Side::Buy;
                let quantity = if is_buy { execution.quantity } else { -execution.quantity };
                *held += quantity;
                cash -= quantity * execution.price;
            }
        }
        let mut ours: BTreeMap<Text, Decimal> = BTreeMap::new();
        let mut our_cash = None;
        for record in self.log.all("portfolio.positions") {
            if let Event::PortfolioPosition(position) = &*record.event
                && position.account == broker.account
            {
                ours.insert(position.instrument.as_str().into(), position.quantity);
            }
        }
        for record in self.log.all("portfolio.cash") {
            if let Event::PortfolioCash(purse) = &*record.event
                && purse.account == broker.account
            {
                our_cash = Some(purse.cash);
            }
        }
        if ours != units {
            let detail = format!("we hold {ours:?}, the executions add up to {units:?}");
            self.complain("positions add up", broker.account, 0, detail);
        }
        if our_cash.is_some_and(|ours| ours != cash) {
            let detail = format!("we have {our_cash:?}, the executions add up to {cash}");
            self.complain("cash adds up", broker.account, 0, detail);
        }
    }

    /// The last state of every order is what its broker says.
    fn states(&mut self, broker: &Broker) {
        let mut chains: BTreeMap<&Text, Vec<&Held>> = BTreeMap::new();
        for held in &broker.ledger.orders {
            chains.entry(&held.order_id).or_default().push(held);
        }
        for (order_id, chain) in chains {
            let filled: Decimal = chain.iter().map(|held| held.filled).sum();
            let Some(last) = chain.iter().rfind(|held| held.replaced_by.is_none()) else {
                continue;
            };
            let state = self.books.states.get(order_id).and_then(|states| states.last());
            let Some((step, state)) = state.cloned() else {
                self.complain("states are true", order_id, 0, "nobody knows it".to_owned());
                continue;
            };
            let is_true = match last.standing {
                Standing::Working => {
                    matches!(state.status, OrderStatus::New | OrderStatus::PartiallyFilled)
                }
                Standing::Canceling => state.status == OrderStatus::PendingCancel,
                Standing::Filled => state.status == OrderStatus::Filled,
                Standing::Canceled => state.status == OrderStatus::Canceled,
                Standing::Expired => state.status == OrderStatus::Expired,
                Standing::Rejected => state.status == OrderStatus::Rejected,
                Standing::Replaced => false,
            };
            if !is_true || state.filled_quantity != filled {
                let detail = format!(
                    "we say {} with {} filled, the broker {:?} with {filled}",
                    state.status, state.filled_quantity, last.standing
                );
                self.complain("states are true", order_id, step, detail);
            }
        }
    }

    /// Whoever is dead stays dead, and a state that says so means it.
    fn transitions(&mut self) {
        let states = std::mem::take(&mut self.books.states);
        for (order_id, history) in &states {
            for pair in history.windows(2) {
                let [(_, before), (step, after)] = pair else { continue };
                if before.is_terminal && after.status != before.status {
                    let detail = format!("{} after {}", after.status, before.status);
                    self.complain("the end is the end", order_id, *step, detail);
                }
                if after.event_count <= before.event_count {
                    let detail = format!("event {} comes twice", after.event_count);
                    self.complain("counted once", order_id, *step, detail);
                }
            }
        }
        self.books.states = states;
    }

    /// Nothing is set aside, nothing contradicts itself, every break is closed in the end.
    fn complaints(&mut self) {
        let mut breaks: BTreeMap<Text, (u64, BreakStatus, String)> = BTreeMap::new();
        for topic in ["dead.letters", "quality.findings", "reconcile.breaks"] {
            let records: Vec<_> = self.log.all(topic).cloned().collect();
            for record in records {
                match &*record.event {
                    Event::DeadLetter(letter) => {
                        let detail = format!("set aside: {}", letter.reason);
                        self.complain("none set aside", &letter.component, record.step, detail);
                    }
                    Event::Finding(finding) if finding.check == Check::IllegalTransition => {
                        let order = finding.instrument.as_str();
                        let detail = finding.detail.to_string();
                        self.complain("only legal moves", order, record.step, detail);
                    }
                    Event::Break(found) => {
                        let last = (record.step, found.status, format!("{found:?}"));
                        breaks.insert(found.break_id.clone(), last);
                    }
                    _ => {}
                }
            }
        }
        for (id, (step, status, detail)) in breaks {
            if status != BreakStatus::Closed {
                self.complain("breaks are closed", &id, step, detail);
            }
        }
    }
}

const SENDING: DeliveryStatus = DeliveryStatus::Sending;

/// Whether the order that a cancel is about has ended, or is about to end, canceled.
fn is_canceled(broker: &Broker, order: &ApprovedOrder) -> bool {
    let held = broker.ledger.orders.iter().filter(|held| held.order_id == order.order_id);
    let mut last = held.filter(|held| held.replaced_by.is_none());
    last.any(|held| matches!(held.standing, Standing::Canceled | Standing::Canceling))
}

/// Whether the broker ever took a request to cancel the order: a fill may have won the race.
fn was_being_canceled(broker: &Broker, order: &ApprovedOrder) -> bool {
    broker.ledger.arrivals.iter().any(|arrival| {
        arrival.order.order_id == order.order_id
            && arrival.order.request.action == OrderAction::Cancel
            && arrival.verdict == Verdict::Taken
    })
}
