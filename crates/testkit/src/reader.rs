//! Reads a source as the runtime does, without Kafka: connects, reads, keeps the cursor.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use component::{Bad, Batch, Clock, Fault, Host, Item, Source, Throttling};
use model::{Event, EventId, Gap};
use serde_json::Value;
use tokio::time::timeout;

use crate::Mock;
use crate::case::ensure;

/// A stream that gives nothing for so long waits for the vendor's time to pass. Who asks over
/// HTTP always gets an answer.
const QUIET: Duration = Duration::from_millis(250);
/// Reads that bring nothing new before a feed counts as read to its end.
const IDLE_READS: u32 = 3;
/// Longest time for reading a feed of a mock to its end.
const SOON: Duration = Duration::from_secs(25);
/// A source that fails more often than this does not recover.
const MAX_FAULTS: usize = 400;
/// Longest that a vendor's wish to be left alone is respected here.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Pause after any other fault.
const PAUSE: Duration = Duration::from_millis(20);

/// What a source gave until now, and where it stands.
pub struct Reader<'m, S: Source, M: Mock> {
    mock: &'m M,
    settings: Value,
    source: Option<S>,
    pub cursor: S::Cursor,
    pub events: BTreeMap<EventId, Event>,
    pub bad: Vec<(Vec<u8>, Bad)>,
    pub faults: Vec<Fault>,
    pub gaps: Vec<Gap>,
    /// Batches that brought something new.
    pub pages: usize,
    /// How often the vendor's clock was moved.
    pub advances: u32,
    idle: u32,
}

/// What one step came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// There may be more.
    More,
    /// The feed is read to its end.
    Done,
}

pub fn host<S: Source>() -> Host {
    host_of(S::NAME)
}

/// A host that neither paces nor waits, so that a mock decides how fast things go.
pub fn host_of(component: &str) -> Host {
    let throttling = Throttling {
        max_requests_per_second: Some(100_000),
        max_requests_per_minute: Some(1_000_000),
        max_requests_per_day: Some(10_000_000),
        retry_attempts: None,
        retry_delay: Some(0.01),
    };
    Host::new("conformance", component, Clock::system(), throttling)
}

/// The settings of a component, as the topology would decode them.
pub fn decode<T: component::Settings>(what: &str, value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("{what} {value}: {error}"))
}

impl<'m, S: Source, M: Mock> Reader<'m, S, M> {
    pub fn new(mock: &'m M, settings: &Value) -> Self {
        Self::at(mock, settings, S::Cursor::default(), 0)
    }

    /// A reader that goes on from a cursor, as after a restart.
    pub fn at(mock: &'m M, settings: &Value, cursor: S::Cursor, advances: u32) -> Self {
        Self {
            mock,
            settings: settings.clone(),
            source: None,
            cursor,
            events: BTreeMap::new(),
            bad: Vec::new(),
            faults: Vec::new(),
            gaps: Vec::new(),
            pages: 0,
            advances,
            idle: 0,
        }
    }

    /// Another reader at this one's cursor, which went through its saved form.
    pub fn restarted(&self) -> Result<Self, String> {
        let saved = serde_json::to_string(&self.cursor).map_err(|e| format!("its cursor: {e}"))?;
        let cursor = serde_json::from_str(&saved).map_err(|e| format!("cursor {saved}: {e}"))?;
        Ok(Self::at(self.mock, &self.settings, cursor, self.advances))
    }

    /// Connects once.
    pub async fn connect(&mut self, system: &Value) -> Result<Result<(), Fault>, String> {
        let (system, settings) = (decode("system", system)?, decode("settings", &self.settings)?);
        let attempt = timeout(SOON, S::connect(system, settings, host::<S>())).await;
        let attempt = attempt.map_err(|_| format!("no connection within {SOON:?}"))?;
        Ok(attempt.map(|source| self.source = Some(source)))
    }

    /// Connects, or says why not.
    pub async fn open(&mut self) -> Result<(), String> {
        let connected = self.connect(&self.mock.system()).await?;
        connected.map_err(|fault| format!("good credentials: {} {fault}", fault.kind()))
    }

    /// Connects if there is no connection.
    pub async fn reopen(&mut self) -> Result<(), String> {
        match self.source {
            Some(_) => Ok(()),
            None => self.open().await,
        }
    }

    /// The open connection, to be used in a case's own way.
    pub fn source(&mut self) -> Result<(&mut S, &S::Cursor), String> {
        let source = self.source.as_mut().ok_or("there is no connection")?;
        Ok((source, &self.cursor))
    }

    /// Ends the connection where it stands.
    pub fn hang_up(&mut self) {
        self.source = None;
    }

    /// Reads to the end of the feed.
    pub async fn drain(&mut self) -> Result<(), String> {
        let started = Instant::now();
        while self.step().await? == Step::More {
            ensure!(
                started.elapsed() < SOON,
                "not read to its end within {SOON:?}: {} events, faults {:?}",
                self.events.len(),
                self.faults.last()
            );
        }
        Ok(())
    }

    /// One connect or one read, and what follows from it.
    pub async fn step(&mut self) -> Result<Step, String> {
        if self.source.is_none() {
            let system = self.mock.system();
            match self.connect(&system).await? {
                Ok(()) => {}
                Err(fault) => self.after(fault).await?,
            }
            return Ok(Step::More);
        }
        match self.read().await? {
            Some(Ok(batch)) => self.take_and_go_on(batch).await,
            Some(Err(fault)) => self.after(fault).await.map(|()| Step::More),
            None => Ok(self.count_idle()),
        }
    }

    /// One read; nothing if none of the vendor's time that is left brings anything.
    async fn read(&mut self) -> Result<Option<component::Result<Batch<S::Cursor>>>, String> {
        let source = self.source.as_mut().ok_or("there is no connection")?;
        let read = source.read(&self.cursor);
        tokio::pin!(read);
        // A read that waits is not dropped here: that it may be is another case.
        if M::STREAM.is_none() {
            let read = timeout(SOON, read).await;
            return read.map(Some).map_err(|_| format!("a read was not done within {SOON:?}"));
        }
        loop {
            match timeout(QUIET, &mut read).await {
                Ok(read) => return Ok(Some(read)),
                Err(_) if self.advances < M::ADVANCES => {
                    self.advances += 1;
                    self.mock.advance(M::ADVANCE).await?;
                }
                Err(_) => return Ok(None),
            }
        }
    }

    /// Takes a batch in; true if something in it is new.
    pub fn take(&mut self, batch: Batch<S::Cursor>) -> Result<bool, String> {
        let mut is_new = false;
        self.cursor = batch.cursor;
        for item in batch.items {
            match item {
                Item::Event(event) => {
                    let id = event.head().event_id;
                    ensure!(!id.is_nil(), "an event without an id: {event:?}");
                    // Gaps tell of trouble, and the cases make some.
                    if let Event::Gap(gap) = event {
                        self.gaps.push(*gap);
                        continue;
                    }
                    is_new |= self.events.insert(id, event).is_none();
                }
                Item::Bad { raw, bad } => {
                    let item = (raw, bad);
                    if !self.bad.contains(&item) {
                        is_new = true;
                        self.bad.push(item);
                    }
                }
            }
        }
        self.pages += usize::from(is_new);
        Ok(is_new)
    }

    async fn take_and_go_on(&mut self, batch: Batch<S::Cursor>) -> Result<Step, String> {
        let wants_pause = !batch.wait.is_zero();
        if self.take(batch)? {
            self.idle = 0;
        } else if wants_pause && self.advances < M::ADVANCES {
            self.advances += 1;
            self.mock.advance(M::ADVANCE).await?;
        } else {
            return Ok(self.count_idle());
        }
        Ok(Step::More)
    }

    fn count_idle(&mut self) -> Step {
        self.idle += 1;
        if self.idle >= IDLE_READS { Step::Done } else { Step::More }
    }

    /// What the runtime would do about a fault, in a hurry.
    async fn after(&mut self, fault: Fault) -> Result<(), String> {
        let wait = match &fault {
            Fault::Retry(_) => PAUSE,
            Fault::Throttled { wait, .. } => (*wait).min(LONGEST_WAIT),
            Fault::Disconnected(_) => {
                self.source = None;
                let in_a_row = self.faults.iter().rev();
                let count = in_a_row.take_while(|f| matches!(f, Fault::Disconnected(_))).count();
                (PAUSE * (1 + count as u32)).min(LONGEST_WAIT)
            }
            Fault::NeedsPerson { .. } => {
                self.source = None;
                PAUSE
            }
            Fault::Unauthorized { .. } | Fault::Fatal(_) => {
                return Err(format!("gave up for good: {} {fault}", fault.kind()));
            }
        };
        self.faults.push(fault);
        self.idle = 0;
        let last = self.faults.last();
        ensure!(self.faults.len() < MAX_FAULTS, "does not recover, at last {last:?}");
        tokio::time::sleep(wait).await;
        Ok(())
    }
}
