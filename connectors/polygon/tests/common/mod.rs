//! A mock of Polygon, and a small driver that does for a source what the runtime does.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::HashSet;
use std::time::Duration;

use component::{Audit, Bad, Batch, Clock, Fault, Host, Item, Source, Throttling};
use http::{Auth, Http, Rate};
use model::{Event, EventId};
use polygon::System;
use serde_json::{Value, json};
use url::Url;

/// Longest wait for anything in a test.
pub const SOON: Duration = Duration::from_secs(20);

pub struct Rig {
    mock: polygon_mock::Running,
    control: Http,
    pub system: Value,
}

impl Rig {
    pub async fn start() -> Self {
        Self::with(json!({})).await
    }

    pub async fn with(settings: Value) -> Self {
        let settings = serde_json::from_value(settings).unwrap();
        let mock = polygon_mock::serve(settings).await.unwrap();
        let base = Url::parse(&mock.urls()["rest"]).unwrap();
        let host = Host::test("control", "control");
        let control = Http::open(&host, &base, false, Auth::none(), Rate::UNLIMITED).unwrap();
        let system = json!({
            "connection": {
                "base_url": mock.urls()["rest"],
                "stream_url": mock.urls()["stream"],
                "idle_secs": 1,
            },
            "authentication": {
                "type": "api_key",
                "credentials": { "api_key": "test-key" },
            },
        });
        Self { mock, control, system }
    }

    pub fn system(&self) -> System {
        serde_json::from_value(self.system.clone()).unwrap()
    }

    pub async fn fault(&self, fault: Value) {
        let _: Value = self.control.post("/_mock/faults", &fault).await.unwrap();
    }

    pub async fn clock(&self, change: Value) {
        let _: Value = self.control.post("/_mock/clock", &change).await.unwrap();
    }

    pub async fn get(&self, path: &str) -> Value {
        self.control.get(path, &[]).await.unwrap()
    }

    /// Requests whose path contains a text, as the mock saw them.
    pub async fn asked(&self, path: &str) -> Vec<Value> {
        let all = self.get("/_mock/requests").await;
        let all = all.as_array().or_else(|| all["requests"].as_array()).unwrap().clone();
        all.into_iter().filter(|entry| entry.to_string().contains(path)).collect()
    }
}

pub fn host<S: Source>() -> Host {
    let throttling = Throttling {
        retry_delay: Some(0.01),
        max_requests_per_second: Some(10_000),
        ..Throttling::default()
    };
    Host::new("polygon", S::NAME, Clock::system(), throttling)
}

/// A source under a driver that reconnects, keeps its cursor and drops repetitions.
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
    pub fn new(system: S::System, settings: Value) -> Self {
        Self {
            system,
            settings: serde_json::from_value(settings).unwrap(),
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
        let saved = serde_json::to_string(&self.cursor).unwrap();
        self.cursor = serde_json::from_str(&saved).unwrap();
    }

    /// Runs until the driver has seen enough.
    pub async fn until(&mut self, enough: impl Fn(&Self) -> bool) {
        let run = async {
            while !enough(self) {
                self.step().await;
            }
        };
        if tokio::time::timeout(SOON, run).await.is_err() {
            let (events, bad) = (self.events.len(), &self.bad);
            panic!("not enough: {events} events, bad {bad:?}, last {:?}", self.faults.last());
        }
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
        tokio::time::timeout(SOON, run).await.expect("a fault should have come")
    }

    async fn faulted(&mut self, fault: Fault) {
        match &fault {
            Fault::Retry(_) => {}
            Fault::Throttled { wait, .. } => tokio::time::sleep(*wait).await,
            Fault::Disconnected(_) => self.source = None,
            Fault::Unauthorized { .. } | Fault::Fatal(_) => panic!("{fault}"),
        }
        self.faults.push(fault);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    async fn take(&mut self, batch: Batch<S::Cursor>) {
        self.cursor = batch.cursor;
        for item in batch.items {
            match item {
                Item::Event(event) if self.seen.insert(event.head().event_id) => {
                    let base = event.info().topic;
                    assert!(
                        S::PUBLISHES.contains(&base) || base == "market.gaps",
                        "{} does not announce {base}",
                        S::NAME
                    );
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
        tokio::time::sleep(batch.wait.min(Duration::from_millis(50))).await;
    }

    /// Events of one kind.
    pub fn of<'a, T: 'a>(&'a self, pick: impl Fn(&'a Event) -> Option<&'a T>) -> Vec<&'a T> {
        self.events.iter().filter_map(pick).collect()
    }
}

macro_rules! pick {
    ($name:ident, $kind:ident) => {
        pub fn $name(event: &Event) -> Option<&model::$kind> {
            match event {
                Event::$kind(inner) => Some(inner),
                _ => None,
            }
        }
    };
}

pick!(trade, Trade);
pick!(quote, Quote);
pick!(bar, Bar);
pick!(gap, Gap);
