//! Drives one sink: orders through the journal, exports with plain offsets.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use component::{Bad, Delivery, Fault, Host, Outcome, Sends, Sink};
use kafka::{Follow, From as Start, Message, Polled, Transactions};
use model::{
    ApprovedOrder, CommandKind, Delivery as Entry, DeliveryStatus, Event, EventId, Head,
    OrderAction, OrderEvent, OrderEventKind, Stage, Text, Timestamp,
};
use tokio::task::block_in_place;
use tracing::{error, info, warn};

use crate::alert::Alarm;
use crate::failpoint::reached;
use crate::journal::{Absence, Journal, Step};
use crate::member::Member;
use crate::source::{after, or_shutdown};
use crate::supervisor::{State, Status};
use crate::{Backoff, Error, Publisher, Wiring, dead, export};

/// Orders journaled in one transaction at most.
const ORDER_BATCH: usize = 16;
/// Longest wait for a record before unresolved orders are looked at.
const IDLE: Duration = Duration::from_millis(100);
/// A session that lasted this long was a good one: the next wait is a short one again.
const LASTED: i64 = 10_000_000_000;
/// First pause before the broker is asked again about an order.
const ASK_FIRST: Duration = Duration::from_millis(500);
/// Longest such pause.
const ASK_LONGEST: Duration = Duration::from_secs(30);
/// Longest wait for every command there is.
const COMMANDS_WAIT: Duration = Duration::from_secs(30);

/// Runs a sink until shutdown.
pub async fn drive<S: Sink>(
    system: S::System,
    settings: S::Settings,
    host: Host,
    wiring: Wiring,
    status: Status,
) -> Result<(), Error> {
    status.set(State::Starting, "");
    let mut backoff =
        Backoff::new(&host.instance(), Duration::from_millis(250), Duration::from_secs(30));
    let mut alarm = block_in_place(|| Alarm::new(&wiring, &host, &status))?;
    // Orders that are known not to have left, because this process did not send them.
    let mut unsent = VecDeque::new();
    while !wiring.shutdown.is_cancelled() {
        let attempt = S::connect(system.clone(), settings.clone(), host.clone());
        let fault = match or_shutdown(&wiring, attempt).await {
            None => break,
            Some(Err(fault)) => fault,
            Some(Ok(sink)) => {
                status.set(State::Running, "");
                let started = wiring.clock.now();
                alarm.works();
                let ended = match S::SENDS {
                    Sends::Orders { repeats_are_refused } => {
                        let open =
                            block_in_place(|| Orders::open(&host, &wiring, repeats_are_refused));
                        open?.run(sink, &mut unsent, &status, &mut alarm).await?
                    }
                    Sends::Exports => {
                        export::run(sink, &settings, &host, &wiring, &status, &mut alarm).await?
                    }
                };
                if wiring.clock.now().since(started) > LASTED {
                    backoff.succeeded();
                }
                match ended {
                    None => break,
                    Some(fault) => fault,
                }
            }
        };
        let wait = after(&fault, &mut backoff, &mut alarm)?;
        warn!(component = host.instance(), %fault, ?wait, "connecting again");
        wiring.metrics.fault(&host.instance(), fault.kind());
        status.set(State::Waiting, fault.to_string());
        if or_shutdown(&wiring, wiring.clock.sleep(wait)).await.is_none() {
            break;
        }
    }
    Ok(())
}

/// An order sink at work.
struct Orders {
    wiring: Wiring,
    host: Host,
    instance: String,
    transactions: Transactions,
    group: Member,
    publisher: Publisher,
    journal: Journal,
    /// When the broker may next be asked about a delivery, and how often it has been.
    asking: HashMap<Text, (Timestamp, Backoff)>,
    commands: Follow,
    halted: BTreeMap<Text, String>,
}

impl Orders {
    /// Fences older owners, then reads the journal they left.
    fn open(host: &Host, wiring: &Wiring, repeats_are_refused: bool) -> Result<Self, Error> {
        let instance = host.instance();
        let id = wiring.sole_transactional_id(&instance);
        let transactions = wiring.cluster.transactions(&id)?;
        let mut journal = Journal::new(&instance, repeats_are_refused);
        let mut entries = Vec::new();
        let reader = wiring.cluster.reader()?;
        reader.read_all(&wiring.names.topic("ops.deliveries"), |message| {
            if message.key().is_some_and(|key| key.starts_with(instance.as_bytes())) {
                entries.push(message);
            }
        })?;
        for message in entries.iter().filter(|m| m.payload().is_some()) {
            if let Event::Delivery(entry) = wiring.read(message)?
                && entry.component == instance
            {
                journal.enter(*entry);
            }
        }
        let commands = wiring.names.topic("ops.commands");
        let topic = wiring.names.topic("orders.approved");
        let mut orders = Self {
            transactions,
            group: wiring.sole_group(&instance, &[&topic])?,
            publisher: Publisher::new(wiring),
            commands: reader.follow(&[&commands], Start::Start)?,
            wiring: wiring.clone(),
            host: host.clone(),
            instance,
            journal,
            asking: HashMap::new(),
            halted: BTreeMap::new(),
        };
        orders.hear_all_commands()?;
        Ok(orders)
    }

    /// No order may leave before every command there is has been heard.
    fn hear_all_commands(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + COMMANDS_WAIT;
        while self.commands.behind()? > 0 {
            if Instant::now() > deadline {
                let reason = format!("the commands could not be read in {COMMANDS_WAIT:?}");
                return Err(Fault::retry(reason).into());
            }
            self.hear_commands(Duration::from_millis(20))?;
        }
        Ok(())
    }

    /// Works until shutdown (`None`) or until the session ends (its fault).
    async fn run<S: Sink>(
        mut self,
        mut sink: S,
        unsent: &mut VecDeque<Entry>,
        status: &Status,
        alarm: &mut Alarm,
    ) -> Result<Option<Fault>, Error> {
        // Another owner may have dealt with them since; the journal knows.
        unsent.retain(|entry| self.journal.is_open(entry));
        while !self.wiring.shutdown.is_cancelled() {
            if let Some(fault) = self.send_all(&mut sink, unsent).await? {
                return Ok(Some(fault));
            }
            if let Some(fault) = self.resolve(&mut sink, unsent).await? {
                return Ok(Some(fault));
            }
            // The loop must be interruptible where nothing else in it waits.
            tokio::task::yield_now().await;
            block_in_place(|| alarm.look());
            let messages = match block_in_place(|| self.group.next(ORDER_BATCH, IDLE))? {
                Polled::Messages(messages) => messages,
                Polled::Assigned(_) | Polled::Revoked { .. } | Polled::Nothing => {
                    block_in_place(|| self.hear_commands(Duration::ZERO))?;
                    continue;
                }
            };
            unsent.extend(block_in_place(|| self.journal_batch(&messages))?);
            status.set(State::Running, "");
        }
        Ok(None)
    }

    /// Sends what is journaled, oldest first. What a fault leaves unsent stays in the queue.
    async fn send_all<S: Sink>(
        &mut self,
        sink: &mut S,
        unsent: &mut VecDeque<Entry>,
    ) -> Result<Option<Fault>, Error> {
        while let Some(entry) = unsent.pop_front() {
            if let Some((entry, fault)) = self.deliver(sink, entry).await? {
                unsent.push_front(entry);
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    /// Commits `sending` for every order that is ours and new, with the offsets read.
    fn journal_batch(&mut self, messages: &[Message]) -> Result<Vec<Entry>, Error> {
        let now = self.wiring.clock.now();
        let mut entries: Vec<Entry> = Vec::new();
        let mut letters = Vec::new();
        let mut offsets = BTreeMap::new();
        for message in messages {
            offsets.insert((message.topic.clone(), message.partition), message.offset + 1);
            if message.payload().is_none() || dead::is_for_another(message, &self.instance) {
                continue;
            }
            match self.wiring.read(message) {
                Ok(Event::ApprovedOrder(order)) if order.system == *self.host.system => {
                    let entry = self.journal.sending(&order, now);
                    let is_new = self.journal.arrived(&order) == Step::Send
                        && entries.iter().all(|other| other.delivery_id != entry.delivery_id);
                    if is_new {
                        entries.push(entry);
                    }
                }
                Ok(_) => {}
                Err(Error::Record { reason, .. }) => {
                    let bad = Bad::new("", reason);
                    let base = self.wiring.names.base(&message.topic);
                    let stage = Stage::Decode;
                    self.wiring.metrics.dead(&self.instance);
                    letters.push(dead::record(&self.instance, stage, message, &bad, base));
                }
                Err(error) => return Err(error),
            }
        }
        reached("sink", "before_journal");
        self.transactions.begin()?;
        for event in entries.iter().cloned().map(Event::from).chain(letters) {
            self.publisher.publish(&mut self.transactions, &event, None)?;
        }
        let offsets: Vec<_> = offsets.into_iter().map(|((t, p), next)| (t, p, next)).collect();
        self.transactions.send_offsets(&self.group, &offsets)?;
        self.transactions.commit()?;
        self.count();
        reached("sink", "after_journal");
        for entry in &entries {
            self.journal.enter(entry.clone());
        }
        Ok(entries)
    }

    /// Sends one journaled order and commits what became of it. With a fault comes the entry of
    /// the attempt that could not be made.
    async fn deliver<S: Sink>(
        &mut self,
        sink: &mut S,
        mut entry: Entry,
    ) -> Result<Option<(Entry, Fault)>, Error> {
        block_in_place(|| self.hear_commands(Duration::ZERO))?;
        let now = self.wiring.clock.now();
        let is_over = self.journal.is_over(&entry, now);
        let refusal = match self.halt(&entry.order) {
            Some(halted) => Some(halted),
            None if is_over => self.journal.forbids_another(&entry, now),
            None => self.journal.forbids(&entry, now),
        };
        if let Some(reason) = refusal {
            let ended = self.journal.not_sent(&entry, &reason, now);
            return block_in_place(|| self.commit_outcome(ended)).map(|()| None);
        }
        if is_over {
            // Committing it proves that nobody else owns the order by now.
            entry = self.journal.sending(&entry.order, now);
            block_in_place(|| self.commit_sending(&entry))?;
        }
        reached("sink", "before_request");
        let outcome = match sink.write(&[delivery(&entry)]).await {
            Ok(outcomes) => outcomes.into_iter().next().unwrap_or_else(|| Outcome::Unknown {
                reason: "the connector gave no outcome".to_owned(),
            }),
            // Nothing left this machine, and this process knows it.
            Err(fault) => return Ok(Some((entry, fault))),
        };
        reached("sink", "after_answer");
        let now = self.wiring.clock.now();
        let ended = self.journal.outcome(&entry, &outcome, now);
        block_in_place(|| self.commit_outcome(ended))?;
        reached("sink", "after_outcome");
        Ok(None)
    }

    /// Asks the broker about every delivery whose outcome is not known.
    async fn resolve<S: Sink>(
        &mut self,
        sink: &mut S,
        unsent: &mut VecDeque<Entry>,
    ) -> Result<Option<Fault>, Error> {
        for (entry, not_before) in self.journal.unresolved() {
            let now = self.wiring.clock.now();
            let ask_at = self.asking.get(&entry.delivery_id).map_or(not_before, |(at, _)| *at);
            if now < ask_at.max(not_before) {
                continue;
            }
            let outcome = match sink.resolve(&delivery(&entry)).await {
                Ok(outcome) => outcome,
                Err(Fault::Retry(reason)) => Outcome::Unknown { reason },
                Err(fault) => return Ok(Some(fault)),
            };
            reached("sink", "after_resolve");
            let now = self.wiring.clock.now();
            let id = entry.delivery_id.clone();
            match outcome {
                Outcome::Unknown { reason } => self.ask_later(&id, &reason),
                Outcome::Absent => match self.journal.absent(&entry, now) {
                    Absence::SendAgain => {
                        let again = self.journal.sending(&entry.order, now);
                        block_in_place(|| self.commit_sending(&again))?;
                        // Should this one get lost as well, the next question can wait.
                        self.ask_later(&id, "the broker does not have it, sent again");
                        if let Some((entry, fault)) = self.deliver(sink, again).await? {
                            unsent.push_back(entry);
                            return Ok(Some(fault));
                        }
                    }
                    Absence::AskAgain => self.ask_later(&id, "the broker does not have it yet"),
                    Absence::NotSent(reason) => {
                        let ended = self.journal.not_sent(&entry, &reason, now);
                        block_in_place(|| self.commit_outcome(ended))?;
                    }
                },
                known => {
                    info!(component = self.instance, delivery = %id, outcome = ?known, "resolved");
                    let ended = self.journal.outcome(&entry, &known, now);
                    block_in_place(|| self.commit_outcome(ended))?;
                }
            }
        }
        Ok(None)
    }

    fn ask_later(&mut self, id: &Text, reason: &str) {
        let now = self.wiring.clock.now();
        let fresh = || (now, Backoff::new(id, ASK_FIRST, ASK_LONGEST));
        let (at, backoff) = self.asking.entry(id.clone()).or_insert_with(fresh);
        let wait = backoff.failed();
        *at = now.plus_nanos(wait.as_nanos() as i64);
        warn!(component = self.instance, delivery = %id, reason, ?wait, "outcome still unknown");
    }

    fn commit_sending(&mut self, entry: &Entry) -> Result<(), Error> {
        self.transactions.begin()?;
        let event = Event::from(entry.clone());
        self.publisher.publish(&mut self.transactions, &event, None)?;
        self.transactions.commit()?;
        self.count();
        self.journal.enter(entry.clone());
        Ok(())
    }

    /// The journal's outcome and the order event that says so are one transaction.
    fn commit_outcome(&mut self, entry: Entry) -> Result<(), Error> {
        reached("sink", "before_outcome");
        let event = order_event(&entry);
        self.transactions.begin()?;
        let entry_event = Event::from(entry.clone());
        self.publisher.publish(&mut self.transactions, &entry_event, None)?;
        self.publisher.publish(&mut self.transactions, &event, None)?;
        self.transactions.commit()?;
        self.count();
        self.wiring.metrics.delivery(&self.instance, entry.status.as_str());
        if !matches!(entry.status, DeliveryStatus::Sending | DeliveryStatus::Unknown) {
            self.asking.remove(&entry.delivery_id);
        }
        self.journal.enter(entry);
        Ok(())
    }

    fn count(&mut self) {
        for (topic, count) in self.publisher.take_counts() {
            self.wiring.metrics.published(&self.instance, topic, count);
        }
    }

    /// Listens for the kill switch.
    fn hear_commands(&mut self, wait: Duration) -> Result<usize, Error> {
        let messages = self.commands.next(100, wait)?;
        for message in messages.iter().filter(|m| m.payload().is_some()) {
            let command = match self.wiring.read(message) {
                Ok(Event::Command(command)) => command,
                Ok(_) => continue,
                Err(Error::Record { topic, reason }) => {
                    let offset = message.offset;
                    error!(component = self.instance, topic, offset, reason, "unreadable command");
                    continue;
                }
                Err(error) => return Err(error),
            };
            match command.kind {
                CommandKind::Halt => {
                    let reason = command.reason.unwrap_or_default();
                    let words = format!("{} halted {}: {reason}", command.actor, command.scope);
                    self.halted.insert(command.scope, words);
                }
                CommandKind::Resume => drop(self.halted.remove(&command.scope)),
            }
        }
        Ok(messages.len())
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

fn delivery(entry: &Entry) -> Delivery {
    Delivery {
        id: entry.delivery_id.clone(),
        topic: "orders.approved".into(),
        partition: 0,
        offset: 0,
        event: entry.order.clone().into(),
    }
}

/// What the order's state machine is told of an outcome. Which request it answers is in `action`.
fn order_event(entry: &Entry) -> Event {
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
    .into()
}
