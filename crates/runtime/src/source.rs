//! Drives one source: connect, read, publish, save the cursor.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use component::{Batch, Fault, Feed, Host, Item, Source};
use kafka::{Pipeline, Transactions};
use model::{Checkpoint, Event, EventId, Gap, GapStatus, Head, InstrumentId};
use tokio::task::block_in_place;
use tracing::{debug, warn};

use crate::failpoint::reached;
use crate::supervisor::{State, Status};
use crate::{Backoff, Error, Publisher, Recent, Wiring, dead};

/// Event ids remembered of an exactly-once feed; more than any page of history.
const EXACT_WINDOW: usize = 20_000;
/// Event ids remembered of a live feed; more than is acknowledged between two checkpoints.
const LIVE_WINDOW: usize = 131_072;
/// Pause between two checkpoints of a live feed.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);
/// How often acknowledgements of a live feed are looked at while it is quiet.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long the last records of a live feed may take to be acknowledged at shutdown.
const FLUSH_WAIT: Duration = Duration::from_secs(5);
/// First wait after a fault.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait after a fault.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Runs a source until shutdown.
pub async fn drive<S: Source>(
    system: S::System,
    settings: S::Settings,
    host: Host,
    wiring: Wiring,
    status: Status,
) -> Result<(), Error> {
    status.set(State::Starting, "");
    let mut feeder: Feeder<S> = block_in_place(|| Feeder::open(&host, &wiring))?;
    let mut backoff = Backoff::new(&host.instance(), FIRST_WAIT, LONGEST_WAIT);
    while !wiring.shutdown.is_cancelled() {
        let attempt = S::connect(system.clone(), settings.clone(), host.clone());
        let fault = match or_shutdown(&wiring, attempt).await {
            None => break,
            Some(Err(fault)) => fault,
            Some(Ok(mut source)) => {
                status.set(State::Running, "");
                match feeder.run(&mut source, &mut backoff).await? {
                    None => break,
                    Some(fault) => fault,
                }
            }
        };
        let wait = after(&fault, &mut backoff)?;
        warn!(component = host.instance(), %fault, ?wait, "connecting again");
        wiring.metrics.fault(&host.instance(), fault.kind());
        status.set(State::Waiting, fault.to_string());
        if or_shutdown(&wiring, wiring.clock.sleep(wait)).await.is_none() {
            break;
        }
    }
    block_in_place(|| feeder.close())
}

/// What to do about a fault: wait this long, or give up.
pub(crate) fn after(fault: &Fault, backoff: &mut Backoff) -> Result<Duration, Error> {
    match fault {
        Fault::Retry(_) | Fault::Disconnected(_) => Ok(backoff.failed()),
        Fault::Throttled { wait, .. } => Ok(*wait),
        Fault::Unauthorized { .. } | Fault::Fatal(_) => Err(fault.clone().into()),
    }
}

/// The future's output, or nothing once everything is to stop.
pub(crate) async fn or_shutdown<T>(wiring: &Wiring, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = wiring.shutdown.cancelled() => None,
        output = work => Some(output),
    }
}

/// How the records of a feed become durable.
enum Outlet {
    Exact(Transactions),
    Live(Live),
}

/// A pipelined feed and the cursors that wait for their records to be acknowledged.
struct Live {
    pipeline: Pipeline,
    /// Sequence number of the last record sent.
    sent: u64,
    /// Cursor after the record with this sequence number.
    pending: VecDeque<(u64, String)>,
    saved_at: i64,
}

/// Publishes what a source reads.
struct Feeder<S: Source> {
    host: Host,
    wiring: Wiring,
    instance: String,
    outlet: Outlet,
    publisher: Publisher,
    recent: Recent,
    cursor: S::Cursor,
    saved: String,
    sequence: i64,
    records: i64,
    /// Instruments with an open gap, and how many missed records have been published since.
    recovered: HashMap<InstrumentId, i64>,
}

impl<S: Source> Feeder<S> {
    /// Fences older owners, then reads where they stopped and what they published last.
    fn open(host: &Host, wiring: &Wiring) -> Result<Self, Error> {
        let instance = host.instance();
        let (outlet, window) = match S::FEED {
            Feed::Exact => {
                let id = wiring.transactional_id(&instance);
                (Outlet::Exact(wiring.cluster.transactions(&id)?), EXACT_WINDOW)
            }
            Feed::Live => {
                let pipeline = wiring.cluster.pipeline()?;
                let pending = VecDeque::new();
                (Outlet::Live(Live { pipeline, sent: 0, pending, saved_at: 0 }), LIVE_WINDOW)
            }
        };
        let last = last_checkpoint(wiring, &instance)?;
        let (sequence, records, saved) =
            last.map_or((0, 0, String::new()), |c| (c.sequence, c.records, c.cursor.to_string()));
        let cursor = if saved.is_empty() {
            S::Cursor::default()
        } else {
            serde_json::from_str(&saved).map_err(|error| {
                Error::Component(Fault::fatal(format!(
                    "the checkpoint of {instance} cannot be read ({error}): {saved}"
                )))
            })?
        };
        Ok(Self {
            recent: recent::<S>(host, wiring, window)?,
            publisher: Publisher::new(wiring),
            host: host.clone(),
            wiring: wiring.clone(),
            instance,
            outlet,
            cursor,
            saved,
            sequence,
            records,
            recovered: HashMap::new(),
        })
    }

    /// Reads and publishes until shutdown (`None`) or until the session ends (its fault).
    async fn run(&mut self, source: &mut S, backoff: &mut Backoff) -> Result<Option<Fault>, Error> {
        let shutdown = self.wiring.shutdown.clone();
        let clock = self.wiring.clock.clone();
        loop {
            let cursor = self.cursor.clone();
            let read = source.read(&cursor);
            tokio::pin!(read);
            let batch = loop {
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => return Ok(None),
                    batch = &mut read => break batch,
                    () = clock.sleep(LOOK_EVERY), if self.is_waiting() => {
                        block_in_place(|| self.look())?;
                    }
                }
            };
            let fault = match batch {
                Ok(batch) => {
                    backoff.succeeded();
                    let wait = batch.wait;
                    block_in_place(|| self.publish(batch))?;
                    if self.pause(wait).await? {
                        continue;
                    }
                    return Ok(None);
                }
                Err(fault @ (Fault::Retry(_) | Fault::Throttled { .. })) => fault,
                Err(fault) => return Ok(Some(fault)),
            };
            let wait = after(&fault, backoff)?;
            debug!(component = self.instance, %fault, ?wait, "reading again");
            self.wiring.metrics.fault(&self.instance, fault.kind());
            if !self.pause(wait).await? {
                return Ok(None);
            }
        }
    }

    /// Waits, still looking at acknowledgements. False once everything is to stop.
    async fn pause(&mut self, wait: Duration) -> Result<bool, Error> {
        if wait.is_zero() {
            return Ok(!self.wiring.shutdown.is_cancelled());
        }
        let (clock, shutdown) = (self.wiring.clock.clone(), self.wiring.shutdown.clone());
        let sleep = clock.sleep(wait);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(false),
                () = &mut sleep => return Ok(true),
                () = clock.sleep(LOOK_EVERY), if self.is_waiting() => {
                    block_in_place(|| self.look())?;
                }
            }
        }
    }

    fn publish(&mut self, batch: Batch<S::Cursor>) -> Result<(), Error> {
        let saved = serde_json::to_string(&batch.cursor)
            .map_err(|error| Fault::fatal(format!("the cursor cannot be saved: {error}")))?;
        if batch.items.is_empty() && saved == self.saved {
            return Ok(());
        }
        self.cursor = batch.cursor;
        if let Outlet::Exact(transactions) = &mut self.outlet {
            transactions.begin()?;
        }
        let mut missed: HashMap<InstrumentId, i64> = HashMap::new();
        let mut repeated = 0;
        for item in batch.items {
            match self.publish_item(item)? {
                None => repeated += 1,
                Some(instrument) if batch.audit.is_some() => {
                    *missed.entry(instrument).or_default() += 1;
                }
                Some(_) => {}
            }
        }
        self.wiring.metrics.repeated(&self.instance, repeated);
        if let Some(audit) = &batch.audit {
            self.mark_missed(missed, audit)?;
        }
        for (topic, count) in self.publisher.take_counts() {
            self.records += count as i64;
            self.wiring.metrics.published(&self.instance, topic, count);
        }
        self.save(saved)
    }

    /// Publishes one item unless it is a repetition; gives the instrument of a new record.
    fn publish_item(&mut self, item: Item) -> Result<Option<InstrumentId>, Error> {
        let mut event = match item {
            Item::Event(event) => event,
            Item::Bad { raw, bad } => {
                warn!(component = self.instance, %bad, "dead letter");
                self.wiring.metrics.dead(&self.instance);
                dead::item(&self.instance, &raw, &bad)
            }
        };
        self.stamp(&mut event);
        if !self.recent.insert(event.head().event_id) {
            return Ok(None);
        }
        let instrument = event.instrument().cloned().unwrap_or_default();
        if let Event::Gap(gap) = &mut event {
            self.note_gap(gap);
        } else if let Some(count) = self.recovered.get_mut(&instrument) {
            *count += 1;
        }
        match self.send(&event) {
            Err(Error::Encode(error)) => {
                // Only a number that does not fit can bring us here: set it aside, say which.
                let raw = serde_json::to_vec(&event).unwrap_or_default();
                let bad = component::Bad::new("", error);
                self.wiring.metrics.dead(&self.instance);
                let mut letter = dead::item(&self.instance, &raw, &bad);
                self.stamp(&mut letter);
                self.send(&letter)?;
            }
            sent => sent?,
        }
        Ok(Some(instrument))
    }

    fn send(&mut self, event: &Event) -> Result<(), Error> {
        match &mut self.outlet {
            Outlet::Exact(transactions) => self.publisher.publish(transactions, event, None),
            Outlet::Live(live) => {
                self.publisher.publish(&mut live.pipeline, event, None)?;
                live.sent += 1;
                Ok(())
            }
        }
    }

    fn stamp(&self, event: &mut Event) {
        let head = event.head_mut();
        head.source = (&*self.host.system).into();
        if head.received_time.0 == 0 {
            head.received_time = self.wiring.clock.now();
        }
        if let Some((account, system, broker_account)) = event.account_mut() {
            *system = (&*self.host.system).into();
            *account = self.wiring.accounts.name(system, broker_account);
        }
    }

    fn note_gap(&mut self, gap: &mut Gap) {
        match gap.status {
            GapStatus::Opened => {
                self.wiring.metrics.gap(&self.instance);
                self.recovered.insert(gap.instrument.clone(), 0);
            }
            GapStatus::Closed | GapStatus::Unrecoverable => {
                let count = self.recovered.remove(&gap.instrument);
                gap.recovered = gap.recovered.or(count);
            }
        }
    }

    /// What an audit found new had been missed: open and close a gap for each instrument.
    fn mark_missed(
        &mut self,
        missed: HashMap<InstrumentId, i64>,
        audit: &component::Audit,
    ) -> Result<(), Error> {
        let mut missed: Vec<_> = missed.into_iter().collect();
        missed.sort();
        for (instrument, recovered) in missed {
            let from = audit.from.0.to_string();
            let gap_id = EventId::of(&[&self.instance, instrument.as_str(), "audit", &from]);
            let gap = |status: GapStatus, recovered: Option<i64>| Gap {
                head: Head::new(EventId::of(&[&gap_id.to_string(), status.as_str()]), audit.to),
                instrument: instrument.clone(),
                gap_id: gap_id.to_string().into(),
                component: self.instance.as_str().into(),
                status,
                from_time: audit.from,
                to_time: Some(audit.to),
                reason: "the vendor's history holds records that its stream did not send".into(),
                recovered,
            };
            for gap in [gap(GapStatus::Opened, None), gap(GapStatus::Closed, Some(recovered))] {
                self.publish_item(Item::Event(gap.into()))?;
            }
        }
        Ok(())
    }

    fn save(&mut self, saved: String) -> Result<(), Error> {
        if let Outlet::Live(live) = &mut self.outlet {
            live.pending.push_back((live.sent, saved));
            return self.look();
        }
        let checkpoint = self.checkpoint(&saved);
        self.saved = saved;
        let started = self.wiring.clock.now();
        if let Outlet::Exact(transactions) = &mut self.outlet {
            self.publisher.publish(transactions, &checkpoint, None)?;
            reached("source", "before_commit");
            transactions.commit()?;
            reached("source", "after_commit");
        }
        self.publisher.take_counts();
        let took = self.wiring.clock.now().since(started);
        self.wiring.metrics.commit(&self.instance, Duration::from_nanos(took.max(0) as u64));
        Ok(())
    }

    /// Whether a live feed has records or cursors that wait for an acknowledgement.
    fn is_waiting(&self) -> bool {
        matches!(&self.outlet, Outlet::Live(live) if !live.pending.is_empty())
    }

    /// Saves the newest cursor whose records are all acknowledged.
    fn look(&mut self) -> Result<(), Error> {
        let now = self.wiring.clock.now().0;
        let Outlet::Live(live) = &mut self.outlet else { return Ok(()) };
        let acknowledged = live.pipeline.acknowledged()?;
        if now - live.saved_at < CHECKPOINT_EVERY.as_nanos() as i64 {
            return Ok(());
        }
        let mut newest = None;
        while live.pending.front().is_some_and(|(sequence, _)| *sequence <= acknowledged) {
            newest = live.pending.pop_front();
        }
        let Some((_, saved)) = newest else { return Ok(()) };
        live.saved_at = now;
        let checkpoint = self.checkpoint(&saved);
        self.saved = saved;
        self.send(&checkpoint)?;
        self.publisher.take_counts();
        Ok(())
    }

    fn checkpoint(&mut self, saved: &str) -> Event {
        self.sequence += 1;
        let now = self.wiring.clock.now();
        let id = EventId::of(&[&self.instance, &self.sequence.to_string()]);
        let mut head = Head::new(id, now);
        head.source = (&*self.host.system).into();
        head.received_time = now;
        Checkpoint {
            head,
            component: self.instance.as_str().into(),
            cursor: saved.into(),
            sequence: self.sequence,
            records: self.records,
        }
        .into()
    }

    /// Lets the last records of a live feed be acknowledged and saves the cursor after them.
    fn close(&mut self) -> Result<(), Error> {
        if let Outlet::Live(live) = &mut self.outlet {
            live.pipeline.flush(FLUSH_WAIT)?;
            live.saved_at = 0;
        }
        self.look()?;
        if let Outlet::Live(live) = &mut self.outlet {
            live.pipeline.flush(FLUSH_WAIT)?;
        }
        Ok(())
    }
}

fn last_checkpoint(wiring: &Wiring, instance: &str) -> Result<Option<Checkpoint>, Error> {
    let topic = wiring.names.topic("ops.checkpoints");
    let mut last = None;
    wiring.cluster.reader()?.read_all(&topic, |message| {
        if message.key() == Some(instance.as_bytes()) {
            last = Some(message);
        }
    })?;
    match last.map(|message| wiring.read(&message)).transpose()? {
        Some(Event::Checkpoint(checkpoint)) => Ok(Some(*checkpoint)),
        _ => Ok(None),
    }
}

/// What this system published last on the topics of the source.
fn recent<S: Source>(host: &Host, wiring: &Wiring, window: usize) -> Result<Recent, Error> {
    let mut recent = Recent::new(window);
    let reader = wiring.cluster.reader()?;
    for base in S::PUBLISHES.iter().chain(&["market.gaps", "dead.letters"]) {
        let per_partition = window / wiring.names.partitions(base).max(1) as usize;
        reader.tail(&wiring.names.topic(base), per_partition, |message| {
            let is_ours = message.header("ce_source") == Some(host.system.as_bytes());
            let id = message.header("ce_id").and_then(|id| std::str::from_utf8(id).ok());
            if let (true, Some(Ok(id))) = (is_ours, id.map(str::parse)) {
                recent.insert(id);
            }
        })?;
    }
    Ok(recent)
}
