//! A vendor's mock for one test, and for one case of the suite.

use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use component::Settings;
use model::ApprovedOrder;
use serde_json::{Value, json};

use crate::mock::{Broker, Mock};
use crate::{control, reader};

/// How a vendor's mock is started and reached.
pub trait Vendor: 'static {
    /// The mock at work; it stops when it is dropped.
    type Running: Send + Sync;
    /// Where the system has the secret that a wrong key is put in place of.
    const SECRET: &'static str = "/authentication/credentials/api_key";

    /// Starts it.
    fn serve(settings: Value) -> impl Future<Output = Self::Running>;

    /// `http://127.0.0.1:PORT`, where the control routes are.
    fn control(mock: &Self::Running) -> String;

    /// The vendor's `connection` and `authentication`, as a topology has them.
    fn system(mock: &Self::Running) -> Value;
}

/// A mock that runs for one test.
pub struct Rig<V: Vendor> {
    /// The mock itself.
    pub mock: V::Running,
    /// The system that reaches it, for tests that want another.
    pub system: Value,
}

impl<V: Vendor> Rig<V> {
    /// The mock with its own settings.
    pub async fn start() -> Self {
        Self::with(json!({})).await
    }

    /// The mock with settings.
    pub async fn with(settings: Value) -> Self {
        let mock = V::serve(settings).await;
        Self { system: V::system(&mock), mock }
    }

    /// The system, as the topology decodes it.
    pub fn system<S: Settings>(&self) -> S {
        held(reader::decode("system", &self.system))
    }

    /// Asks one of the control routes, or any other that wants no key.
    pub async fn get(&self, path: &str) -> Value {
        held(control::ask(&V::control(&self.mock), "GET", path, &Value::Null).await)
    }

    /// Tells one of the control routes something.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        held(control::ask(&V::control(&self.mock), "POST", path, body).await)
    }

    /// Has something go wrong.
    pub async fn fault(&self, rule: Value) {
        self.post("/_mock/faults", &rule).await;
    }

    /// Changes the vendor's time.
    pub async fn clock(&self, change: Value) {
        self.post("/_mock/clock", &change).await;
    }

    /// Requests with these words in them, as the mock saw them.
    pub async fn asked(&self, words: &str) -> Vec<Value> {
        let all = self.get("/_mock/requests").await;
        let list = all.as_array().or_else(|| all["requests"].as_array());
        let list = list.map(Vec::as_slice).unwrap_or_default();
        list.iter().filter(|entry| entry.to_string().contains(words)).cloned().collect()
    }
}

/// What a test cannot do without.
#[track_caller]
pub(crate) fn held<T>(result: Result<T, String>) -> T {
    match result {
        Ok(value) => value,
        Err(reason) => panic!("{reason}"),
    }
}

/// What one component needs of a vendor's mock to be put through the suite.
pub trait Needs {
    /// Whose mock.
    type Vendor: Vendor;
    /// Part of the path that it asks for.
    const PATH: &'static str;
    /// Name of the stream that it reads; none if it asks over HTTP.
    const STREAM: Option<&'static str> = None;
    /// How many minutes of the mock's day it reads.
    const MINUTES: u32 = 0;

    /// How the mock is set up.
    fn settings() -> Value {
        json!({ "speed": 0 })
    }

    /// What happened there before the component came.
    fn prepare(_rig: &Rig<Self::Vendor>) -> impl Future<Output = ()> {
        async {}
    }

    /// How it is set up with nothing to read.
    fn empty() -> Option<Value> {
        None
    }
}

/// The mock as one component needs it.
pub struct Bench<K: Needs>(Rig<K::Vendor>, PhantomData<K>);

impl<K: Needs> Mock for Bench<K> {
    const STREAM: Option<&'static str> = K::STREAM;
    const PATH: Option<&'static str> = Some(K::PATH);
    const ADVANCES: u32 = K::MINUTES;
    const ADVANCE: Duration = Duration::from_secs(60);

    async fn start() -> Self {
        let rig = Rig::with(K::settings()).await;
        K::prepare(&rig).await;
        Self(rig, PhantomData)
    }

    async fn start_empty() -> Option<Self> {
        Some(Self(Rig::with(K::empty()?).await, PhantomData))
    }

    fn system(&self) -> Value {
        self.0.system.clone()
    }

    fn wrong_system(&self) -> Value {
        let mut system = self.0.system.clone();
        if let Some(secret) = system.pointer_mut(K::Vendor::SECRET) {
            *secret = json!("not-the-secret");
        }
        system
    }

    fn control(&self) -> String {
        K::Vendor::control(&self.0.mock)
    }
}

/// The same of a sink for orders.
pub trait Trades: Needs {
    /// Order number `number`: one that the vendor takes and, when told to, cancels.
    fn order(number: u64) -> ApprovedOrder;

    /// One that the vendor refuses, for a reason of its own.
    fn refused_order(number: u64) -> ApprovedOrder;

    /// How many orders the vendor holds for this one, by its own books.
    fn taken(ledger: &Value, order: &ApprovedOrder) -> Option<usize>;
}

impl<K: Trades> Broker for Bench<K> {
    fn order(&self, number: u64) -> ApprovedOrder {
        K::order(number)
    }

    fn refused_order(&self, number: u64) -> ApprovedOrder {
        K::refused_order(number)
    }

    async fn taken(&self, order: &ApprovedOrder) -> Result<usize, String> {
        let ledger = self.ask("GET", "/_mock/ledger", &Value::Null).await?;
        Ok(K::taken(&ledger, order).unwrap_or(0))
    }
}
