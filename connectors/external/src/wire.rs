//! The protocol: one JSON object a line, with one key that says what it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The version that `hello` announces.
pub(crate) const VERSION: u32 = 1;

/// What we say.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Question<'a> {
    Hello {
        version: u32,
        component: &'a str,
        system: &'a str,
        settings: &'a Map<String, Value>,
        credentials: BTreeMap<&'a str, &'a str>,
    },
    Read {
        cursor: &'a Option<Value>,
    },
    Write {
        deliveries: Vec<Delivery<'a>>,
    },
    Resolve {
        delivery: Delivery<'a>,
    },
    Stop {},
}

#[derive(Serialize)]
pub(crate) struct Delivery<'a> {
    pub id: &'a str,
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    /// The event below its name.
    pub event: BTreeMap<&'static str, &'a model::Event>,
}

/// What a process says.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Ready(Ready),
    Batch(Batch),
    Outcomes(Vec<Outcome>),
    Fault(Fault),
    Log(Log),
}

#[derive(Deserialize)]
pub(crate) struct Ready {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    pub items: Vec<Item>,
    pub cursor: Value,
    #[serde(default)]
    pub wait_ms: u64,
    pub progress: Option<Progress>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Item {
    Event(Box<RawValue>),
    Bad(Bad),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bad {
    pub raw: String,
    pub reason: String,
    #[serde(default)]
    pub field: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    pub done: u64,
    pub total: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Outcome {
    Accepted { broker_order_id: Option<String> },
    Rejected { reason: String },
    Unknown { reason: String },
    Absent {},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub kind: FaultKind,
    pub reason: String,
    pub wait_secs: Option<f64>,
    pub setting: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    Retry,
    Throttled,
    Disconnected,
    Unauthorized,
    Fatal,
}

#[derive(Deserialize)]
pub(crate) struct Log {
    #[serde(default)]
    pub level: Level,
    pub message: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Error,
    #[serde(alias = "warning")]
    Warn,
    #[default]
    Info,
    Debug,
}
