//! Drives one sink: orders through the journal, exports with plain offsets.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use component::{Bad, Delivery, Fault, Host, Outcome, Sends, Sink};
use kafka::{Follow, From as Start, Message, Polled, Transactions};
use model::{Delivery as Entry, DeliveryStatus, Event, EventId, Stage, Text};
use tokio::task::block_in_place;
use tracing::{Span, error, info, info_span, warn};

use crate::alert::Alarm;
use crate::desk::{Act, Desk, Later, order_event};
use crate::failpoint::reached;
use crate::member::Member;
use crate::source::{after, connecting, or_shutdown, traced};
use crate::supervisor::{State, Status};
use crate::{Backoff, Error, Publisher, Wiring, dead, export};

/// Orders journaled in one transaction at most.
const ORDER_BATCH: usize = 16;
/// Longest wait for a record before unresolved orders are looked at.
const IDLE: Duration = Duration::from_millis(100);
/// A session that lasted this long was a good one: the next wait is a short one again.
const LASTED: i64 = 10_000_000_000;
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
    let host = Host { witness: Some(wiring.witness()), ..host };
    let mut backoff =
        Backoff::new(&host.instance(), Duration::from_millis(250), Duration::from_secs(30));
    let mut alarm = block_in_place(|| Alarm::new(&wiring, &host, &status))?;
    // Orders that are known not to have left, because this process did not send them.
    let mut unsent = VecDeque::new();
    while !wiring.shutdown.is_cancelled() {
        let span = connecting(&host, &backoff);
        let attempt = traced(S::connect(system.clone(), settings.clone(), host.clone()), span);
        let fault = match or_shutdown(&wiring, attempt).await {
            None => break,
            Some(Err(fault)) => fault,
            Some(Ok(sink)) => {
                status.set(State::Running, "");
                let started = wiring.clock.now();
                alarm.let_in();
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

/// An order sink at work: what its desk asks for, it does.
struct Orders {
    wiring: Wiring,
    instance: String,
    transactions: Transactions,
    group: Member,
    publisher: Publisher,
    desk: Desk,
    commands: Follow,
    /// The traceparent of every order that has no certain outcome yet. A new session begins
    /// new ones.
    traces: HashMap<Text, Vec<u8>>,
}

impl Orders {
    /// Fences older owners, then reads the journal they left.
    fn open(host: &Host, wiring: &Wiring, repeats_are_refused: bool) -> Result<Self, Error> {
        let instance = host.instance();
        let id = wiring.sole_transactional_id(&instance);
        let transactions = wiring.cluster.transactions(&id)?;
        let mut desk = Desk::new(&instance, &host.system, repeats_are_refused);
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
                desk.remember(*entry);
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
            instance,
            desk,
            traces: HashMap::new(),
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

    /// Works until shutdown (`None`) or until the session ends (its fault). What is journaled and
    /// has not left stays in `unsent`.
    async fn run<S: Sink>(
        mut self,
        mut sink: S,
        unsent: &mut VecDeque<Entry>,
        status: &Status,
        alarm: &mut Alarm,
    ) -> Result<Option<Fault>, Error> {
        self.desk.take_over(std::mem::take(unsent));
        let ended = self.work(&mut sink, status, alarm).await;
        *unsent = self.desk.hand_over();
        ended
    }

    async fn work<S: Sink>(
        &mut self,
        sink: &mut S,
        status: &Status,
        alarm: &mut Alarm,
    ) -> Result<Option<Fault>, Error> {
        while !self.wiring.shutdown.is_cancelled() {
            block_in_place(|| alarm.look());
            if let Some(fault) = self.settle(sink).await? {
                return Ok(Some(fault));
            }
            // The loop must be interruptible where nothing else in it waits.
            tokio::task::yield_now().await;
            match block_in_place(|| self.group.next(ORDER_BATCH, IDLE))? {
                Polled::Messages(messages) => {
                    block_in_place(|| self.journal_batch(&messages))?;
                    status.set(State::Running, "");
                }
                Polled::Assigned(_) | Polled::Revoked { .. } | Polled::Nothing => {
                    block_in_place(|| self.hear_commands(Duration::ZERO))?;
                }
            }
        }
        Ok(None)
    }

    /// Does what can be done before orders are read again, or until the session ends.
    async fn settle<S: Sink>(&mut self, sink: &mut S) -> Result<Option<Fault>, Error> {
        loop {
            match self.desk.next(self.wiring.clock.now()) {
                Act::Hear => drop(block_in_place(|| self.hear_commands(Duration::ZERO))?),
                Act::Commit(entry) => block_in_place(|| self.commit(&entry))?,
                Act::Request(entry) => {
                    reached("sink", "before_request");
                    let span = self.span("write", &entry);
                    let outcome = match traced(sink.write(&[delivery(&entry)]), span).await {
                        Ok(outcomes) => outcomes.into_iter().next(),
                        Err(fault) => {
                            self.desk.not_left(*entry);
                            return Ok(Some(fault));
                        }
                    };
                    reached("sink", "after_answer");
                    let outcome = outcome.unwrap_or_else(|| Outcome::Unknown {
                        reason: "the connector gave no outcome".to_owned(),
                    });
                    self.desk.answered(&entry, &outcome, self.wiring.clock.now());
                }
                Act::Ask(entry) => {
                    let span = self.span("resolve", &entry);
                    let outcome = match traced(sink.resolve(&delivery(&entry)), span).await {
                        Ok(outcome) => outcome,
                        Err(Fault::Retry(reason)) => Outcome::Unknown { reason },
                        Err(fault) => return Ok(Some(fault)),
                    };
                    reached("sink", "after_resolve");
                    self.told(&entry, &outcome);
                }
                Act::Read => return Ok(None),
            }
        }
    }

    fn told(&mut self, entry: &Entry, outcome: &Outcome) {
        let (component, delivery) = (&self.instance, &entry.delivery_id);
        match self.desk.told(entry, outcome, self.wiring.clock.now()) {
            Some(Later { reason, wait }) => {
                warn!(component, %delivery, reason, ?wait, "outcome still unknown");
            }
            None => info!(component, %delivery, ?outcome, "resolved"),
        }
    }

    /// Commits `sending` for every order that is ours and new, with the offsets read.
    fn journal_batch(&mut self, messages: &[Message]) -> Result<(), Error> {
        let mut orders = Vec::new();
        let mut traces: HashMap<EventId, Vec<u8>> = HashMap::new();
        let mut letters = Vec::new();
        let mut offsets = BTreeMap::new();
        for message in messages {
            offsets.insert((message.topic.clone(), message.partition), message.offset + 1);
            if message.payload().is_none() || dead::is_for_another(message, &self.instance) {
                continue;
            }
            match self.wiring.read(message) {
                Ok(Event::ApprovedOrder(order)) => {
                    let trace = message.header("traceparent").map(<[u8]>::to_vec);
                    traces.extend(trace.map(|trace| (order.head.event_id, trace)));
                    orders.push(*order);
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
        let entries = self.desk.take_in(&orders, self.wiring.clock.now());
        for entry in &entries {
            let trace = traces.remove(&entry.order.head.event_id);
            self.traces.extend(trace.map(|trace| (entry.delivery_id.clone(), trace)));
        }
        reached("sink", "before_journal");
        self.transactions.begin()?;
        for entry in &entries {
            self.publish(&entry.clone().into(), entry)?;
        }
        for letter in &letters {
            self.publisher.publish(&mut self.transactions, letter, None)?;
        }
        let offsets: Vec<_> = offsets.into_iter().map(|((t, p), next)| (t, p, next)).collect();
        self.transactions.send_offsets(&self.group, &offsets)?;
        self.transactions.commit()?;
        self.count();
        reached("sink", "after_journal");
        for entry in &entries {
            self.desk.committed(entry);
        }
        Ok(())
    }

    /// Commits an entry. An outcome and the order event that says so are one transaction.
    fn commit(&mut self, entry: &Entry) -> Result<(), Error> {
        let is_outcome = entry.status != DeliveryStatus::Sending;
        if is_outcome {
            reached("sink", "before_outcome");
        }
        self.transactions.begin()?;
        self.publish(&entry.clone().into(), entry)?;
        if is_outcome {
            self.publish(&order_event(entry).into(), entry)?;
        }
        self.transactions.commit()?;
        self.count();
        if is_outcome {
            self.wiring.metrics.delivery(&self.instance, entry.status.as_str());
            reached("sink", "after_outcome");
        }
        if !matches!(entry.status, DeliveryStatus::Sending | DeliveryStatus::Unknown) {
            self.traces.remove(&entry.delivery_id);
        }
        self.desk.committed(entry);
        Ok(())
    }

    /// Publishes an event as a part of the trace of a delivery.
    fn publish(&mut self, event: &Event, entry: &Entry) -> Result<(), Error> {
        let trace = self.traces.get(&entry.delivery_id).map(Vec::as_slice);
        self.publisher.publish(&mut self.transactions, event, trace)
    }

    /// What every line of the log about an attempt names.
    fn span(&self, act: &'static str, entry: &Entry) -> Span {
        let (component, delivery) = (&*self.instance, entry.delivery_id.as_str());
        let attempt = entry.attempt;
        match self.traces.get(&entry.delivery_id).and_then(|trace| trace_id(trace)) {
            Some(trace) => info_span!("deliver", act, component, delivery, attempt, trace),
            None => info_span!("deliver", act, component, delivery, attempt),
        }
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
            match self.wiring.read(message) {
                Ok(Event::Command(command)) => self.desk.hear(*command),
                Ok(_) => {}
                Err(Error::Record { topic, reason }) => {
                    let offset = message.offset;
                    error!(component = self.instance, topic, offset, reason, "unreadable command");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(messages.len())
    }
}

/// The id of a trace in a traceparent, which any program may have written.
fn trace_id(traceparent: &[u8]) -> Option<&str> {
    let id = std::str::from_utf8(traceparent).ok()?.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
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
