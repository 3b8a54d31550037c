//! What a user writes about an external program.

use std::collections::BTreeMap;

use component::Secret;
use model::Event;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A program that speaks JSON lines on its standard input and output.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// How the program is started.
    pub connection: Connection,
    /// What the program needs to log in wherever it reads or writes.
    #[serde(default)]
    pub authentication: Authentication,
}

/// How a program is started. Every component of the system starts one of its own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The program and its arguments, for example `[python3, feed.py]`. No shell reads them.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Folder in which the program starts; the folder in which Foliostream runs if not said.
    #[serde(default)]
    pub folder: Option<String>,
    /// Variables of its environment. It has these and `PATH`, `HOME`, `LANG`, `LC_ALL`, `TZ`,
    /// `TMPDIR`, `SSL_CERT_FILE` and `VIRTUAL_ENV`, and no others.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// What a program needs to log in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Authentication {
    /// How the program logs in, in its own words. It is not told.
    #[serde(rename = "type")]
    pub kind: String,
    /// Handed over in the first message, and nowhere else.
    pub credentials: BTreeMap<String, Secret>,
}

/// What a source in another language publishes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordsSettings {
    /// Topics that the program may publish to. An event of any other topic is a dead letter.
    #[schemars(length(min = 1))]
    pub topics: Vec<Topic>,
    /// What the program is told; anything that it understands.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The program has so long to answer; a source with nothing to say answers with no items.
    #[serde(default = "thirty")]
    #[schemars(range(min = 1, max = 90))]
    pub answer_secs: u64,
}

/// What a sink in another language is given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveriesSettings {
    /// Topics whose records are delivered.
    #[schemars(length(min = 1))]
    pub topics: Vec<Topic>,
    /// What the program is told; anything that it understands.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The program has so long to answer.
    #[serde(default = "thirty")]
    #[schemars(range(min = 1, max = 90))]
    pub answer_secs: u64,
}

/// What an order sink in another language is given: approved orders of this system.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrdersSettings {
    /// What the program is told; anything that it understands.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The program has so long to answer.
    #[serde(default = "thirty")]
    #[schemars(range(min = 1, max = 90))]
    pub answer_secs: u64,
}

/// A topic of events, without any prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic(pub &'static str);

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let kind = Event::KINDS.iter().find(|kind| kind.topic == name);
        let unknown = || serde::de::Error::custom(format!("unknown topic {name:?}"));
        kind.map(|kind| Self(kind.topic)).ok_or_else(unknown)
    }
}

impl JsonSchema for Topic {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Topic".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let topics: Vec<&str> = Event::KINDS.iter().map(|kind| kind.topic).collect();
        json_schema!({ "type": "string", "enum": topics })
    }
}

fn thirty() -> u64 {
    30
}
