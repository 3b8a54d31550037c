//! Does for a source what the runtime does, for tests that look closely: reconnects, keeps the
//! cursor, drops what it has seen.

use std::collections::HashSet;
use std::time::Duration;

use component::{Audit, Bad, Batch, Fault, Item, Source};
use model::{Event, EventId};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::reader::{decode, host};
use crate::rig::held;

/// Longest wait for anything in a test.
pub const SOON: Duration = Duration::from_secs(30);
/// Longest that a pause which a vendor or a source wants is respected.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The same between two polls.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// Pause after a fault.
const AFTER_FAULT: Duration = Duration::from_millis(20);

/// A source and everything that it has given.
pub struct Driver<S: Source> {
    system: S::System,
    settings: S::Settings,
    source: Option<S>,
    pub cursor: S::Cursor,
    pub events: Vec<Event>,
    pub bad: Vec<(Vec<u8>, Bad)>,
    pub faults: Vec<Fault>,
    pub audits: Vec<Audit>,
    /// New events that came with an audit: what the stream had left out.
    pub found: Vec<Event>,
    seen: HashSet<EventId>,
    pub repeated: usize,
    /// Batches after which the source wanted a pause: it had read everything there was.
    pub pauses: usize,
}

impl<S: Source> Driver<S> {
    /// Not connected yet.
    pub fn new(system: S::System, settings: Value) -> Self {
        Self {
            system,
            settings: held(decode("settings", &settings)),
            source: None,
            cursor: S::Cursor::default(),
            events: Vec::new(),
            bad: Vec::new(),
            faults: Vec::new(),
            audits: Vec::new(),
            found: Vec::new(),
            seen: HashSet::new(),
            repeated: 0,
            pauses: 0,
        }
    }

    /// Connects once, or says why not.
    pub async fn connect(&mut self) -> Result<(), Fault> {
        let connecting = S::connect(self.system.clone(), self.settings.clone(), host::<S>());
        self.source = Some(connecting.await?);
        Ok(())
    }

    /// As after a kill: only the cursor is left, as it was written down.
    pub fn kill(&mut self) {
        self.source = None;
        let saved = serde_json::to_string(&self.cursor).map_err(|error| error.to_string());
        let cursor = saved.and_then(|saved| {
            serde_json::from_str(&saved).map_err(|error| format!("cursor {saved}: {error}"))
        });
        self.cursor = held(cursor);
    }

    /// Runs until the driver has seen enough.
    pub async fn until(&mut self, enough: impl Fn(&Self) -> bool) {
        let run = async {
            while !enough(self) {
                self.step().await;
            }
        };
        if timeout(SOON, run).await.is_err() {
            let (events, bad) = (self.events.len(), &self.bad);
            let last = self.events.last();
            let fault = self.faults.last();
            panic!("not enough: {events} events, last {last:?}, bad {bad:?}, fault {fault:?}");
        }
    }

    /// Runs for a while.
    pub async fn briefly(&mut self, wait: Duration) {
        let run = async {
            loop {
                self.step().await;
            }
        };
        let _: Result<(), _> = timeout(wait, run).await;
    }

    /// Reads until a fault that is not to be waited out.
    pub async fn fault(&mut self) -> Fault {
        let run = async {
            loop {
                let Some(source) = &mut self.source else { panic!("there is no session") };
                match source.read(&self.cursor).await {
                    Ok(batch) => self.take(batch).await,
                    Err(Fault::Retry(_)) => {}
                    Err(fault) => return fault,
                }
            }
        };
        timeout(SOON, run).await.expect("a fault should have come")
    }

    /// One read, or one connect.
    pub async fn step(&mut self) {
        let Some(source) = &mut self.source else {
            if let Err(fault) = self.connect().await {
                self.faulted(fault).await;
            }
            return;
        };
        match source.read(&self.cursor).await {
            Ok(batch) => self.take(batch).await,
            Err(fault) => self.faulted(fault).await,
        }
    }

    async fn faulted(&mut self, fault: Fault) {
        match &fault {
            Fault::Throttled { wait, .. } => sleep((*wait).min(LONGEST_PAUSE)).await,
            Fault::Disconnected(_) | Fault::NeedsPerson { .. } => self.source = None,
            Fault::Unauthorized { .. } | Fault::Fatal(_) => panic!("{fault}"),
            _ => {}
        }
        self.faults.push(fault);
        sleep(AFTER_FAULT).await;
    }

    async fn take(&mut self, batch: Batch<S::Cursor>) {
        self.cursor = batch.cursor;
        for item in batch.items {
            match item {
                Item::Event(event) if self.seen.insert(event.head().event_id) => {
                    let topic = event.info().topic;
                    let is_announced = S::PUBLISHES.contains(&topic) || topic == "market.gaps";
                    assert!(is_announced, "{} does not announce {topic}", S::NAME);
                    if batch.audit.is_some() {
                        self.found.push(event.clone());
                    }
                    self.events.push(event);
                }
                Item::Event(_) => self.repeated += 1,
                Item::Bad { raw, bad } => self.bad.push((raw, bad)),
            }
        }
        self.audits.extend(batch.audit);
        self.pauses += usize::from(!batch.wait.is_zero());
        sleep(batch.wait.min(LONGEST_WAIT)).await;
    }

    /// Events of one kind.
    pub fn of<'a, T: 'a>(&'a self, pick: impl Fn(&'a Event) -> Option<&'a T>) -> Vec<&'a T> {
        self.events.iter().filter_map(pick).collect()
    }
}

macro_rules! picks {
    ($($name:ident: $kind:ident,)*) => {
        $(
            /// The event, if it is of this kind.
            pub fn $name(event: &Event) -> Option<&model::$kind> {
                match event {
                    Event::$kind(inner) => Some(inner),
                    _ => None,
                }
            }
        )*
    };
}

picks! {
    activity: Activity,
    balance: Balance,
    bar: Bar,
    fill: Fill,
    gap: Gap,
    instrument: Instrument,
    order_event: OrderEvent,
    position: Position,
    quote: Quote,
    trade: Trade,
}
