//! A mock of TWS, and a small driver that does for a source what the runtime does.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::HashSet;
use std::time::Duration;

use component::{Bad, Clock, Fault, Host, Item, Source, Throttling};
use interactive_brokers::System;
use interactive_brokers_mock::Running;
use model::{Event, EventId};
use serde_json::{Value, json};
use testkit::Mock;

/// Longest wait for anything in a test.
pub const SOON: Duration = Duration::from_secs(30);

/// The mock, set up for one test.
pub struct Rig {
    mock: Running,
    pub client_id: i32,
}

pub async fn serve(settings: Value) -> Running {
    interactive_brokers_mock::serve(serde_json::from_value(settings).unwrap()).await.unwrap()
}

/// The connection to whatever listens on a port of this machine.
pub fn system_at(port: u16, client_id: i32) -> Value {
    json!({
        "connection": { "host": "127.0.0.1", "port": port, "client_id": client_id, "idle_secs": 1 },
        "authentication": {
            "type": "tws",
            "credentials": { "username": "somebody", "password": "never-sent" },
        },
    })
}

impl Rig {
    pub async fn with(settings: Value) -> Self {
        Self { mock: serve(settings).await, client_id: 1 }
    }

    pub fn system(&self) -> System {
        let system = system_at(self.mock.address().port(), self.client_id);
        serde_json::from_value(system).unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.ask("POST", path, &body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, &Value::Null).await
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        Control(self.mock.urls()["control"].clone()).ask(method, path, body).await.unwrap()
    }
}

/// Only the control routes of a mock.
pub struct Control(pub String);

impl Mock for Control {
    async fn start() -> Self {
        unreachable!("it is reached, not started")
    }

    fn system(&self) -> Value {
        Value::Null
    }

    fn wrong_system(&self) -> Value {
        Value::Null
    }

    fn control(&self) -> String {
        self.0.clone()
    }
}

pub fn host(component: &str) -> Host {
    let throttling = Throttling { retry_delay: Some(0.01), ..Throttling::default() };
    Host::new("interactive_brokers", component, Clock::system(), throttling)
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
    seen: HashSet<EventId>,
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
            seen: HashSet::new(),
        }
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
            let (events, bad) = (&self.events, &self.bad);
            panic!("not enough: {events:#?}, bad {bad:?}, last {:?}", self.faults.last());
        }
    }

    /// Runs for a while.
    pub async fn briefly(&mut self, wait: Duration) {
        let run = async {
            loop {
                self.step().await;
            }
        };
        let _: Result<(), _> = tokio::time::timeout(wait, run).await;
    }

    async fn step(&mut self) {
        let Some(source) = &mut self.source else {
            let host = host(S::NAME);
            match S::connect(self.system.clone(), self.settings.clone(), host).await {
                Ok(source) => self.source = Some(source),
                Err(fault) => self.faulted(fault).await,
            }
            return;
        };
        match source.read(&self.cursor).await {
            Ok(batch) => {
                self.cursor = batch.cursor;
                for item in batch.items {
                    match item {
                        Item::Event(event) if self.seen.insert(event.head().event_id) => {
                            self.events.push(event);
                        }
                        Item::Event(_) => {}
                        Item::Bad { raw, bad } => self.bad.push((raw, bad)),
                    }
                }
                tokio::time::sleep(batch.wait.min(Duration::from_millis(50))).await;
            }
            Err(fault) => self.faulted(fault).await,
        }
    }

    async fn faulted(&mut self, fault: Fault) {
        match &fault {
            Fault::Retry(_) | Fault::Throttled { .. } => {}
            Fault::Disconnected(_) => self.source = None,
            Fault::Unauthorized { .. } | Fault::Fatal(_) => panic!("{fault}"),
        }
        self.faults.push(fault);
        tokio::time::sleep(Duration::from_millis(20)).await;
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
pick!(fill, Fill);
pick!(order_event, OrderEvent);
pick!(position, Position);
pick!(balance, Balance);
pick!(instrument, Instrument);
