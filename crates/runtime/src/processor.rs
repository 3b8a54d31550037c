//! Drives one processor: read, fold, and commit output, state and offsets together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use component::{Bad, Out, Processor};
use kafka::{Follow, From as Start, Message, Polled, Transactions};
use model::{Event, EventId, Head, ProcessorState, Stage, Text, Timestamp};
use tracing::{info, warn};

use crate::failpoint::reached;
use crate::member::Member;
use crate::supervisor::{State, Status};
use crate::watermark::Watermark;
use crate::{Error, Names, Publisher, Wiring, dead};

/// Records folded in one transaction at most.
const BATCH: usize = 5_000;
/// Longest wait for a record before time is let pass.
const IDLE: Duration = Duration::from_millis(200);
/// Records of a global topic that are looked at on start, for each partition.
const GLOBAL_TAIL: usize = 2_000;
/// Longest wait for all that is on the global topics.
const GLOBALS_WAIT: Duration = Duration::from_secs(30);
/// Least time between two ticks of the watermark.
const TICK: i64 = 1_000_000_000;

/// Runs a processor until shutdown. Blocks.
pub fn drive<P: Processor>(processor: &P, wiring: &Wiring, status: &Status) -> Result<(), Error> {
    status.set(State::Starting, "");
    let mut driver = Driver::open(processor, wiring)?;
    status.set(State::Running, "");
    let mut lag_at = Instant::now();
    while !wiring.shutdown.is_cancelled() {
        match driver.group.next(BATCH, IDLE)? {
            Polled::Assigned(partitions) => driver.restore(&partitions)?,
            Polled::Revoked { partitions, .. } => driver.forget(&partitions),
            Polled::Messages(messages) => driver.fold(&messages)?,
            Polled::Nothing => driver.idle()?,
        }
        if lag_at.elapsed() > Duration::from_secs(1) {
            lag_at = Instant::now();
            match driver.group.lag() {
                Ok(lags) => {
                    status.set_lag(lags.iter().map(kafka::Lag::records).sum());
                    for lag in lags {
                        let records = lag.records();
                        driver.watermark.lags(&(lag.topic, lag.partition), records);
                    }
                }
                Err(error) => warn!(processor = P::NAME, %error, "the lag is not known"),
            }
        }
    }
    Ok(())
}

/// The state of every key, by partition of the inputs.
type States<S> = BTreeMap<i32, HashMap<Text, S>>;

struct Driver<'a, P: Processor> {
    processor: &'a P,
    wiring: &'a Wiring,
    group: Member,
    transactions: Transactions,
    publisher: Publisher,
    states_topic: String,
    states: States<P::State>,
    assigned: BTreeSet<(Arc<str>, i32)>,
    /// The next offset to read of every partition that something has been read of.
    positions: BTreeMap<(Arc<str>, i32), i64>,
    global: P::Global,
    follow: Option<Follow>,
    watermark: Watermark,
    ticked: Timestamp,
}

/// What one transaction will hold.
#[derive(Default)]
struct Work<'m> {
    output: Vec<(Event, Option<&'m [u8]>)>,
    changed: BTreeSet<(i32, Text)>,
    offsets: BTreeMap<(Arc<str>, i32), i64>,
}

impl<'a, P: Processor> Driver<'a, P> {
    fn open(processor: &'a P, wiring: &'a Wiring) -> Result<Self, Error> {
        let inputs: Vec<String> = P::INPUTS.iter().map(|t| wiring.names.topic(t)).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        // A group hands out the partitions of each topic by itself: two members could hold the
        // same partition of two inputs, and both would think that its state is theirs. With more
        // than one input there is one member, the newest.
        let (id, group) = match inputs.len() {
            1 => (wiring.transactional_id(P::NAME), wiring.group(P::NAME, &inputs)),
            _ => (wiring.sole_transactional_id(P::NAME), wiring.sole_group(P::NAME, &inputs)),
        };
        let mut driver = Self {
            processor,
            wiring,
            transactions: wiring.cluster.transactions(&id)?,
            group: group?,
            publisher: Publisher::new(wiring),
            states_topic: wiring.names.topic(&Names::states(P::NAME)),
            states: States::new(),
            assigned: BTreeSet::new(),
            positions: BTreeMap::new(),
            global: P::Global::default(),
            follow: None,
            watermark: Watermark::default(),
            ticked: Timestamp::default(),
        };
        driver.open_globals()?;
        Ok(driver)
    }

    /// Compacted global topics are read whole, others from their last records on.
    fn open_globals(&mut self) -> Result<(), Error> {
        if P::GLOBALS.is_empty() {
            return Ok(());
        }
        let names = &self.wiring.names;
        let reader = self.wiring.cluster.reader()?;
        let (mut positions, mut ends) = (Vec::new(), Vec::new());
        for base in P::GLOBALS {
            let topic = names.topic(base);
            let shared: Arc<str> = topic.as_str().into();
            let is_compacted = Event::KINDS.iter().any(|i| i.topic == *base && i.is_compacted);
            for partition in reader.partitions(&topic)? {
                let (start, end) = reader.watermarks(&topic, partition)?;
                ends.push(end);
                let tail = (end - GLOBAL_TAIL as i64).max(start);
                positions.push((
                    shared.clone(),
                    partition,
                    if is_compacted { start } else { tail },
                ));
            }
        }
        let topics: Vec<String> = P::GLOBALS.iter().map(|t| names.topic(t)).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        self.follow = Some(reader.follow(&topics, Start::Offsets(positions))?);
        // Decisions need what is known already: read up to today's end, which a busy topic keeps
        // moving away from, before the first record.
        let deadline = Instant::now() + GLOBALS_WAIT;
        while self.is_behind_on_globals(&ends)? {
            if Instant::now() > deadline {
                let topics = P::GLOBALS.join(", ");
                let reason = format!("{topics} could not be read to the end in {GLOBALS_WAIT:?}");
                return Err(component::Fault::retry(reason).into());
            }
            self.observe(Duration::from_millis(20))?;
        }
        Ok(())
    }

    fn is_behind_on_globals(&self, ends: &[i64]) -> Result<bool, Error> {
        let Some(follow) = &self.follow else { return Ok(false) };
        Ok(follow.positions()?.iter().zip(ends).any(|((_, _, at), end)| at < end))
    }

    /// Looks at what is new on the global topics.
    fn observe(&mut self, wait: Duration) -> Result<usize, Error> {
        let Some(follow) = &mut self.follow else { return Ok(0) };
        let messages = follow.next(BATCH, wait)?;
        for message in messages.iter().filter(|m| m.payload().is_some()) {
            match self.wiring.read(message) {
                Ok(event) => self.processor.observe(&mut self.global, &event),
                Err(Error::Record { topic, reason }) => {
                    warn!(processor = P::NAME, topic, reason, "unreadable global record");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(messages.len())
    }

    fn restore(&mut self, partitions: &[(Arc<str>, i32)]) -> Result<(), Error> {
        self.assigned.extend(partitions.iter().cloned());
        self.watermark.assigned(partitions);
        let numbers: BTreeSet<i32> = partitions.iter().map(|(_, partition)| *partition).collect();
        for partition in numbers {
            if self.states.contains_key(&partition) {
                continue;
            }
            let mut records = HashMap::new();
            let reader = self.wiring.cluster.reader()?;
            reader.read_partition(&self.states_topic, partition, 0, |message| {
                records.insert(message.key().unwrap_or_default().to_vec(), message);
            })?;
            let mut states = HashMap::with_capacity(records.len());
            for message in records.values().filter(|m| m.payload().is_some()) {
                if let Event::ProcessorState(saved) = self.wiring.read(message)? {
                    let state =
                        serde_json::from_slice(&saved.state).map_err(|error| Error::Record {
                            topic: self.states_topic.clone(),
                            reason: error.to_string(),
                        })?;
                    states.insert(saved.key, state);
                }
            }
            info!(processor = P::NAME, partition, keys = states.len(), "restored");
            self.states.insert(partition, states);
        }
        Ok(())
    }

    fn forget(&mut self, partitions: &[(Arc<str>, i32)]) {
        for gone in partitions {
            self.assigned.remove(gone);
            self.positions.remove(gone);
        }
        self.watermark.revoked(partitions);
        let kept: BTreeSet<i32> = self.assigned.iter().map(|(_, partition)| *partition).collect();
        self.states.retain(|partition, _| kept.contains(partition));
    }

    fn fold(&mut self, messages: &[Message]) -> Result<(), Error> {
        self.observe(Duration::ZERO)?;
        let mut work = Work::default();
        for message in messages {
            work.offsets.insert((message.topic.clone(), message.partition), message.offset + 1);
            if message.payload().is_some() && !dead::is_for_another(message, P::NAME) {
                self.fold_one(message, &mut work)?;
            }
        }
        self.wiring.metrics.received(P::NAME, messages.len() as u64);
        self.tick(&mut work)?;
        self.commit(work)
    }

    fn fold_one<'m>(&mut self, message: &'m Message, work: &mut Work<'m>) -> Result<(), Error> {
        let trace = message.header("traceparent");
        let event = match self.wiring.read(message) {
            Ok(event) => event,
            Err(Error::Record { reason, .. }) => {
                let bad = Bad::new("", reason);
                work.output.push((self.letter(Stage::Decode, message, &bad), trace));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let partition = (message.topic.clone(), message.partition);
        self.watermark.saw(partition, event.head().received_time);
        let Some(key) = self.processor.key(&event) else { return Ok(()) };
        let states = self.states.entry(message.partition).or_default();
        let mut out = Out::caused_by(P::NAME, event.head());
        let is_new = !states.contains_key(&key);
        let state = states.entry(key.clone()).or_default();
        match self.processor.apply(state, &self.global, &event, &mut out) {
            Ok(()) => {
                work.changed.insert((message.partition, key));
                work.output.extend(out.into_events().into_iter().map(|event| (event, trace)));
            }
            Err(bad) => {
                // Nothing is saved of a key whose only record was refused.
                if is_new {
                    states.remove(&key);
                }
                work.output.push((self.letter(Stage::Apply, message, &bad), trace));
            }
        }
        Ok(())
    }

    fn letter(&self, stage: Stage, message: &Message, bad: &Bad) -> Event {
        warn!(processor = P::NAME, topic = &*message.topic, offset = message.offset, %bad,
            "dead letter");
        self.wiring.metrics.dead(P::NAME);
        dead::record(P::NAME, stage, message, bad, self.wiring.names.base(&message.topic))
    }

    /// Nothing arrives: time passes all the same, so that silence can be noticed.
    fn idle(&mut self) -> Result<(), Error> {
        self.observe(Duration::ZERO)?;
        self.watermark.silence(self.wiring.clock.now());
        let mut work = Work::default();
        self.tick(&mut work)?;
        if work.output.is_empty() {
            return Ok(());
        }
        work.offsets = self.positions()?;
        self.commit(work)
    }

    /// Positions that move nothing when they are committed. Without any offsets, the group could
    /// not refuse the states of a member that has lost its partitions and does not know it yet.
    fn positions(&mut self) -> Result<BTreeMap<(Arc<str>, i32), i64>, Error> {
        if self.positions.is_empty() {
            let lags = self.group.lag()?.into_iter();
            self.positions.extend(lags.map(|lag| ((lag.topic, lag.partition), lag.position)));
        }
        Ok(self.positions.clone())
    }

    fn tick(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        let watermark = self.watermark.get();
        if watermark.since(self.ticked) < TICK {
            return Ok(());
        }
        self.ticked = watermark;
        for (partition, states) in &mut self.states {
            let mut keys: Vec<&Text> = states.keys().collect();
            keys.sort();
            for key in keys.into_iter().cloned().collect::<Vec<_>>() {
                let Some(state) = states.get_mut(&key) else { continue };
                let mut out = Out::tick(P::NAME, &key, watermark);
                self.processor.tick(state, watermark, &mut out);
                let events = out.into_events();
                if !events.is_empty() {
                    work.changed.insert((*partition, key));
                    work.output.extend(events.into_iter().map(|event| (event, None)));
                }
            }
        }
        Ok(())
    }

    /// Sends an event, or a dead letter about it where it cannot be written.
    fn publish(&mut self, event: &Event, trace: Option<&[u8]>) -> Result<(), Error> {
        match self.publisher.publish(&mut self.transactions, event, trace) {
            Err(error) if error.is_about_the_record() => {
                warn!(processor = P::NAME, %error, "dead letter");
                self.wiring.metrics.dead(P::NAME);
                let letter = dead::output(P::NAME, event, &error);
                self.publisher.publish(&mut self.transactions, &letter, trace)
            }
            sent => sent,
        }
    }

    /// Output, states and offsets become visible together or not at all.
    fn commit(&mut self, work: Work<'_>) -> Result<(), Error> {
        let started = Instant::now();
        reached(P::NAME, "before_begin");
        self.transactions.begin()?;
        for (event, trace) in &work.output {
            self.publish(event, *trace)?;
        }
        for (partition, key) in &work.changed {
            let Some(state) = self.states.get(partition).and_then(|states| states.get(key)) else {
                continue;
            };
            let event = saved::<P>(key, state)?;
            let (topic, transactions) = (&self.states_topic, &mut self.transactions);
            match self.publisher.publish_to(transactions, &event, topic, *partition) {
                Err(error) if error.is_about_the_record() => {
                    let reason = format!("the state of {key:?} cannot be saved: {error}");
                    return Err(component::Fault::fatal(reason).into());
                }
                sent => sent?,
            }
        }
        let offsets: Vec<_> = work
            .offsets
            .iter()
            .map(|((topic, partition), next)| (topic.clone(), *partition, *next))
            .collect();
        if !offsets.is_empty() {
            self.transactions.send_offsets(&self.group, &offsets)?;
        }
        reached(P::NAME, "before_commit");
        self.transactions.commit()?;
        reached(P::NAME, "after_commit");
        self.positions.extend(work.offsets);
        self.wiring.metrics.commit(P::NAME, started.elapsed());
        for (topic, count) in self.publisher.take_counts() {
            self.wiring.metrics.published(P::NAME, topic, count);
        }
        Ok(())
    }
}

fn saved<P: Processor>(key: &Text, state: &P::State) -> Result<Event, Error> {
    let state = serde_json::to_vec(state).map_err(|error| {
        component::Fault::fatal(format!("the state of {key:?} cannot be saved: {error}"))
    })?;
    let head = Head::new(EventId::of(&[P::NAME, key]), Timestamp::default());
    Ok(ProcessorState { head, processor: P::NAME.into(), key: key.clone(), state }.into())
}
