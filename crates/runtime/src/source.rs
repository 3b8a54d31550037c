//! Drives one source: connect, read, publish, save the cursor.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use component::{Audit, Batch, Fault, Feed, Host, Item, Progress, Source};
use kafka::{Pipeline, Transactions};
use model::{Checkpoint, Event, EventId, Gap, GapStatus, Head, InstrumentId, Text, Timestamp};
use tokio::task::block_in_place;
use tracing::{Span, debug, info, info_span, warn};

use crate::alert::Alarm;
use crate::failpoint::reached;
use crate::published::{last_checkpoint, open_gaps, recent_last, recent_since};
use crate::supervisor::{State, Status};
use crate::{Backoff, Error, Publisher, Recent, Wiring, dead};

/// Event ids remembered of an exactly-once feed; more than any page of history.
const EXACT_WINDOW: usize = 20_000;
/// Event ids remembered of a live feed; more than is acknowledged between two checkpoints.
const LIVE_WINDOW: usize = 131_072;
/// Items whose ids are looked up together.
const AHEAD: usize = 32;
/// Pause between two checkpoints of a live feed.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);
/// How often acknowledgements of a live feed are looked at while it is quiet.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long the last records of a live feed may take to be acknowledged at shutdown.
const FLUSH_WAIT: Duration = Duration::from_secs(5);
/// First wait after a fault.
pub(crate) const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait after a fault.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Runs a source until shutdown.
pub async fn drive<S: Source>(
    system: S::System,
    settings: S::Settings,
    host: Host,
    wiring: Wiring,
    status: Status,
) -> Result<(), Error> {
    status.set(State::Starting, "");
    let (ledger, witness) = (Some(wiring.ledger()), Some(wiring.witness()));
    let host = Host { ledger, witness, ..host };
    let publishes = S::publishes(&settings);
    let mut feeder: Feeder<S> =
        block_in_place(|| Feeder::open(&host, &wiring, &publishes, &status))?;
    let ended = attend(&mut feeder, system, settings, &status).await;
    match &ended {
        // What was read is published and its cursor saved, whatever the vendor had to say.
        Ok(()) | Err(Error::Component(_)) => ended.and(block_in_place(|| feeder.close())),
        Err(_) => ended,
    }
}

/// Connects and reads until shutdown, or until a fault that waiting does not cure.
async fn attend<S: Source>(
    feeder: &mut Feeder<S>,
    system: S::System,
    settings: S::Settings,
    status: &Status,
) -> Result<(), Error> {
    let (host, wiring) = (feeder.host.clone(), feeder.wiring.clone());
    let mut backoff = Backoff::new(&host.instance(), FIRST_WAIT, LONGEST_WAIT);
    while !wiring.shutdown.is_cancelled() {
        let span = connecting(&host, &backoff);
        let attempt = traced(S::connect(system.clone(), settings.clone(), host.clone()), span);
        let fault = match or_shutdown(&wiring, attempt).await {
            None => break,
            Some(Err(fault)) => fault,
            Some(Ok(mut source)) => {
                status.set(State::Running, "");
                feeder.alarm.let_in();
                match feeder.run(&mut source, &mut backoff, status).await? {
                    None => break,
                    Some(fault) => fault,
                }
            }
        };
        let wait = after(&fault, &mut backoff, &mut feeder.alarm)?;
        warn!(component = host.instance(), %fault, ?wait, "connecting again");
        wiring.metrics.fault(&host.instance(), fault.kind());
        status.set(State::Waiting, fault.to_string());
        if or_shutdown(&wiring, wiring.clock.sleep(wait)).await.is_none() {
            break;
        }
    }
    Ok(())
}

/// Work whose every line of the log names what the span says.
pub(crate) fn traced<F: Future>(work: F, span: Span) -> tracing::instrument::Instrumented<F> {
    // As a method it would have the name of what events are about.
    tracing::Instrument::instrument(work, span)
}

/// What every line of the log about an attempt to connect names.
pub(crate) fn connecting(host: &Host, backoff: &Backoff) -> Span {
    info_span!("connect", component = host.instance(), attempt = backoff.failures() + 1)
}

/// What to do about a fault: wait this long, or give up. Whom it needs is told.
pub(crate) fn after(
    fault: &Fault,
    backoff: &mut Backoff,
    alarm: &mut Alarm,
) -> Result<Duration, Error> {
    let wait = match fault {
        Fault::Retry(_) | Fault::Disconnected(_) | Fault::NeedsPerson { .. } => {
            Ok(backoff.failed())
        }
        Fault::Throttled { wait, .. } => Ok(*wait),
        Fault::Unauthorized { .. } => backoff.refused().ok_or_else(|| fault.clone().into()),
        Fault::Fatal(_) => Err(fault.clone().into()),
    };
    // Credentials that are tried again may need nobody.
    let is_hopeful = matches!(fault, Fault::Unauthorized { .. }) && wait.is_ok();
    let told = if is_hopeful { Fault::retry(fault) } else { fault.clone() };
    block_in_place(|| alarm.fault(&told));
    wait
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

/// What became of an item.
enum Fate {
    /// It is on its topic; the instrument it is about, if it is about one.
    Published(Option<InstrumentId>),
    /// It is a dead letter.
    SetAside,
    /// It had been there before.
    Repeated,
}

/// Publishes what a source reads.
pub(crate) struct Feeder<S: Source> {
    pub host: Host,
    wiring: Wiring,
    instance: String,
    outlet: Outlet,
    publisher: Publisher,
    recent: Recent,
    pub cursor: S::Cursor,
    saved: String,
    sequence: i64,
    pub records: i64,
    /// Instruments with an open gap, and how many missed records have been published since.
    recovered: HashMap<InstrumentId, i64>,
    /// Gaps that were announced before the process ended, and that nobody has spoken of since.
    unknown_gaps: BTreeMap<Text, Gap>,
    /// Reads so far, and the traceparent of the last.
    reads: u64,
    trace: Option<String>,
    pub alarm: Alarm,
}

impl<S: Source> Feeder<S> {
    /// Fences older owners, then reads where they stopped and what they published last.
    pub fn open(
        host: &Host,
        wiring: &Wiring,
        publishes: &[&str],
        status: &Status,
    ) -> Result<Self, Error> {
        let instance = host.instance();
        let outlet = match S::FEED {
            Feed::Exact => {
                let id = wiring.sole_transactional_id(&instance);
                Outlet::Exact(wiring.cluster.transactions(&id)?)
            }
            Feed::Live => {
                let pipeline = wiring.cluster.pipeline()?;
                let pending = VecDeque::new();
                Outlet::Live(Live { pipeline, sent: 0, pending, saved_at: 0 })
            }
        };
        let last = last_checkpoint(wiring, &instance)?;
        let recent = match (S::FEED, &last) {
            (Feed::Live, Some(last)) => {
                recent_since(host, wiring, publishes, LIVE_WINDOW, last.head.event_time)?
            }
            (Feed::Live, None) => recent_last(host, wiring, publishes, LIVE_WINDOW)?,
            (Feed::Exact, _) => recent_last(host, wiring, publishes, EXACT_WINDOW)?,
        };
        let unknown_gaps = match (S::FEED, &last) {
            (Feed::Live, Some(last)) => open_gaps(wiring, &instance, last.head.event_time)?,
            (Feed::Live, None) | (Feed::Exact, _) => BTreeMap::new(),
        };
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
            recent,
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
            unknown_gaps,
            reads: 0,
            trace: None,
            alarm: Alarm::new(wiring, host, status)?,
        })
    }

    /// Reads and publishes until shutdown (`None`) or until the session ends (its fault).
    async fn run(
        &mut self,
        source: &mut S,
        backoff: &mut Backoff,
        status: &Status,
    ) -> Result<Option<Fault>, Error> {
        let shutdown = self.wiring.shutdown.clone();
        let clock = self.wiring.clock.clone();
        let mut is_failing = false;
        loop {
            self.alarm.works();
            if self.alarm.is_open() {
                block_in_place(|| self.alarm.look());
            }
            let cursor = self.cursor.clone();
            let span = self.begin_trace();
            let read = traced(source.read(&cursor), span);
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
                    if std::mem::take(&mut is_failing) {
                        status.set(State::Running, "");
                    }
                    let wait = batch.wait;
                    if let Some(progress) = batch.progress {
                        self.report(progress, status);
                    }
                    block_in_place(|| self.publish(batch))?;
                    if self.pause(wait).await? {
                        continue;
                    }
                    return Ok(None);
                }
                Err(fault @ (Fault::Retry(_) | Fault::Throttled { .. })) => fault,
                Err(fault) => return Ok(Some(fault)),
            };
            let wait = after(&fault, backoff, &mut self.alarm)?;
            debug!(component = self.instance, %fault, ?wait, "reading again");
            self.wiring.metrics.fault(&self.instance, fault.kind());
            status.set(State::Waiting, fault.to_string());
            is_failing = true;
            if !self.pause(wait).await? {
                return Ok(None);
            }
        }
    }

    /// One trace from what a read asks of the vendor to the records that come of it. The records
    /// of a live feed are nobody's answer: each has a trace of its own.
    pub fn begin_trace(&mut self) -> Span {
        let component = &*self.instance;
        if matches!(self.outlet, Outlet::Live(_)) {
            return info_span!("read", component);
        }
        self.reads += 1;
        let (now, reads) = (self.wiring.clock.now().0.to_string(), self.reads.to_string());
        let trace = EventId::of(&[component, "read", &now, &reads]).to_string();
        self.trace = Some(format!("00-{trace}-{}-01", &trace[..16]));
        info_span!("read", component, trace)
    }

    /// Tells whoever watches how far a backfill has come.
    fn report(&self, progress: Progress, status: &Status) {
        let Progress { done, total } = progress;
        let before = status.get().progress;
        if before == Some(progress) {
            return;
        }
        status.set_progress(progress);
        self.wiring.metrics.progress(&self.instance, progress);
        let tenth = |progress: Progress| progress.done * 10 / progress.total.max(1);
        if before.is_none_or(|before| tenth(before) != tenth(progress)) {
            info!(component = self.instance, done, total, "backfill");
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

    pub fn publish(&mut self, batch: Batch<S::Cursor>) -> Result<(), Error> {
        let saved = serde_json::to_string(&batch.cursor)
            .map_err(|error| Fault::fatal(format!("the cursor cannot be saved: {error}")))?;
        if batch.items.is_empty() && saved == self.saved {
            return Ok(());
        }
        self.cursor = batch.cursor;
        if let Outlet::Exact(transactions) = &mut self.outlet {
            transactions.begin()?;
        }
        let audit = batch.audit;
        if let Some(audit) = &audit {
            self.open_gaps(&batch.items, audit)?;
        }
        let newest = batch.items.iter().rev().find_map(event_time);
        let mut missed: BTreeMap<InstrumentId, i64> = BTreeMap::new();
        let mut repeated = 0;
        let mut items = batch.items.into_iter();
        while !items.as_slice().is_empty() {
            self.recent.fetch(items.as_slice().iter().take(AHEAD).filter_map(event_id));
            for item in items.by_ref().take(AHEAD) {
                match self.publish_item(item)? {
                    Fate::Repeated => repeated += 1,
                    Fate::Published(Some(instrument)) if audit.is_some() => {
                        *missed.entry(instrument).or_default() += 1;
                    }
                    Fate::Published(_) | Fate::SetAside => {}
                }
            }
        }
        self.wiring.metrics.repeated(&self.instance, repeated);
        self.close_unknown_gaps()?;
        if let Some(audit) = &audit {
            self.close_gaps(missed, audit)?;
        }
        for (topic, count) in self.publisher.take_counts() {
            self.records += count as i64;
            self.wiring.metrics.published(&self.instance, topic, count);
        }
        self.save(saved)?;
        if let Some(time) = newest {
            let age = self.wiring.clock.now().since(time).max(0).unsigned_abs();
            self.wiring.metrics.age(&self.instance, Duration::from_nanos(age));
        }
        Ok(())
    }

    /// Publishes one item, unless it is a repetition or cannot be published.
    fn publish_item(&mut self, item: Item) -> Result<Fate, Error> {
        let mut event = match item {
            Item::Event(event) => event,
            Item::Bad { raw, bad } => {
                warn!(component = self.instance, %bad, "dead letter");
                return self.set_aside(dead::item(&self.instance, &raw, &bad));
            }
        };
        self.stamp(&mut event);
        if let Event::Gap(gap) = &event {
            self.unknown_gaps.remove(&gap.gap_id);
        }
        if !self.recent.insert(event.head().event_id) {
            return Ok(Fate::Repeated);
        }
        if let Event::Gap(gap) = &mut event {
            self.note_gap(gap);
        }
        if let Err(error) = self.send(&event) {
            if !error.is_about_the_record() {
                return Err(error);
            }
            warn!(component = self.instance, %error, "dead letter");
            return self.set_aside(dead::output(&self.instance, &event, &error));
        }
        let instrument = event.instrument();
        if !matches!(event, Event::Gap(_))
            && let Some(count) = instrument.and_then(|id| self.recovered.get_mut(id))
        {
            *count += 1;
        }
        Ok(Fate::Published(instrument.cloned()))
    }

    /// Publishes a dead letter, unless it is there already.
    fn set_aside(&mut self, mut letter: Event) -> Result<Fate, Error> {
        self.stamp(&mut letter);
        if !self.recent.insert(letter.head().event_id) {
            return Ok(Fate::Repeated);
        }
        self.wiring.metrics.dead(&self.instance);
        self.send(&letter)?;
        Ok(Fate::SetAside)
    }

    fn send(&mut self, event: &Event) -> Result<(), Error> {
        match &mut self.outlet {
            Outlet::Exact(transactions) => {
                let trace = self.trace.as_deref().map(str::as_bytes);
                self.publisher.publish(transactions, event, trace)
            }
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
        self.wiring.metrics.gaps_open(&self.instance, self.recovered.len());
    }

    /// What an audit brings that is new had been missed: a gap opens for each instrument before
    /// its records are published.
    fn open_gaps(&mut self, items: &[Item], audit: &Audit) -> Result<(), Error> {
        let mut missed = BTreeSet::new();
        for item in items {
            let Item::Event(event) = item else { continue };
            if let Some(instrument) = event.instrument()
                && !self.recent.contains(event.head().event_id)
            {
                missed.insert(instrument.clone());
            }
        }
        for instrument in missed {
            let gap = self.gap(instrument, audit, GapStatus::Opened, None);
            self.publish_item(Item::Event(gap))?;
        }
        Ok(())
    }

    /// Closes the gaps of an audit, with the number of records that it recovered.
    fn close_gaps(
        &mut self,
        missed: BTreeMap<InstrumentId, i64>,
        audit: &Audit,
    ) -> Result<(), Error> {
        for (instrument, recovered) in missed {
            let gap = self.gap(instrument, audit, GapStatus::Closed, Some(recovered));
            self.publish_item(Item::Event(gap))?;
        }
        Ok(())
    }

    /// A gap whose opening was published while its cursor was not yet saved: the source, which goes
    /// on from before it, tells what is missing by a gap of its own.
    fn close_unknown_gaps(&mut self) -> Result<(), Error> {
        for (id, mut gap) in std::mem::take(&mut self.unknown_gaps) {
            gap.head.event_id = EventId::of(&[&id, "closed", "unknown"]);
            (gap.status, gap.recovered) = (GapStatus::Closed, Some(0));
            gap.to_time = gap.to_time.or(Some(gap.from_time));
            gap.reason = "the process ended; a later gap tells what was missed".into();
            self.publish_item(Item::Event(gap.into()))?;
        }
        Ok(())
    }

    /// A gap that is named by where it starts: an audit that was cut short and begins again goes
    /// on with the gaps of the first attempt.
    fn gap(
        &self,
        instrument: InstrumentId,
        audit: &Audit,
        status: GapStatus,
        recovered: Option<i64>,
    ) -> Event {
        let from = audit.from.0.to_string();
        let gap_id = EventId::of(&[&self.instance, instrument.as_str(), "audit", &from]);
        let gap_id = gap_id.to_string();
        // What a second attempt finds closes the gap once more, so its end is part of the id.
        let end = match recovered {
            Some(count) => format!("{} {count}", audit.to.0),
            None => String::new(),
        };
        Gap {
            head: Head::new(EventId::of(&[&gap_id, status.as_str(), &end]), audit.to),
            instrument,
            gap_id: gap_id.into(),
            component: self.instance.as_str().into(),
            status,
            from_time: audit.from,
            to_time: Some(audit.to),
            reason: "the vendor's history holds records that its stream did not send".into(),
            recovered,
        }
        .into()
    }

    fn save(&mut self, saved: String) -> Result<(), Error> {
        if let Outlet::Live(live) = &mut self.outlet {
            match live.pending.back_mut() {
                // Nothing was sent since: only the newest cursor is of use.
                Some((sequence, last)) if *sequence == live.sent => *last = saved,
                _ => live.pending.push_back((live.sent, saved)),
            }
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

    /// Whether records or cursors of a live feed wait for an acknowledgement, or an alert for its
    /// end.
    fn is_waiting(&self) -> bool {
        matches!(&self.outlet, Outlet::Live(live) if !live.pending.is_empty())
            || self.alarm.is_open()
    }

    /// Saves the newest cursor whose records are all acknowledged, and closes what is over.
    fn look(&mut self) -> Result<(), Error> {
        self.alarm.look();
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
    pub fn close(&mut self) -> Result<(), Error> {
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

fn event_time(item: &Item) -> Option<Timestamp> {
    match item {
        Item::Event(event) => Some(event.head().event_time),
        Item::Bad { .. } => None,
    }
}

fn event_id(item: &Item) -> Option<EventId> {
    match item {
        Item::Event(event) => Some(event.head().event_id),
        Item::Bad { .. } => None,
    }
}
