//! A topology in which every mistake has been found.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use component::{Secret, Throttling};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::catalogue::Kind;
use crate::decode::{Secrets, decode};
use crate::node::{Node, Path, Position};
use crate::problem::Problem;
use crate::sections::{
    Account, LocalKafka, Metrics, Monitoring, SchemaRegistry, SystemType, Topics,
};
use crate::stores::Store;
use crate::transfers::{DataExport, DataImport};

/// Which systems and components run, with their settings.
///
/// `{:?}` shows names only: a setting may be a secret.
#[derive(Clone, Default)]
pub struct Topology {
    /// The systems, in the order of the file.
    pub systems: Vec<System>,
    /// The processors that are switched on, in the order of the file.
    pub processors: Vec<ProcessorUse>,
    /// Where the topics live.
    pub kafka: Option<Kafka>,
    /// Where the schemas are registered.
    pub schema_registry: Option<SchemaRegistry>,
    /// How the topics are named and made.
    pub topics: Topics,
    /// Where the orders of each account go.
    pub accounts: BTreeMap<String, Account>,
    /// Stores of files on other machines, by names of the user's own.
    pub stores: BTreeMap<String, Store>,
    /// What is read in on a schedule.
    pub data_import: DataImport,
    /// What is written out on a schedule.
    pub data_export: DataExport,
    /// How the pipeline is watched.
    pub monitoring: Monitoring,
    /// Where the metrics can be read.
    pub metrics: Option<Metrics>,
    /// How the audit log is kept, if one is.
    pub audit: Option<Audit>,
    /// Every setting of the file by its path, for whoever asks what has changed. Of one that is
    /// filled from a variable, its name; of a secret, three stars.
    pub outline: BTreeMap<String, String>,
    /// What works but should be changed, such as a secret in the clear.
    pub warnings: Vec<Problem>,
}

impl fmt::Debug for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let systems: Vec<&str> = self.systems.iter().map(|system| system.id.as_str()).collect();
        let processors: Vec<&str> =
            self.processors.iter().map(|processor| processor.name.as_str()).collect();
        f.debug_struct("Topology")
            .field("systems", &systems)
            .field("processors", &processors)
            .finish_non_exhaustive()
    }
}

/// Where the topics live: a cluster, or a single node of our own.
#[derive(Clone)]
pub struct Kafka {
    /// A single-node Apache Kafka that Foliostream fetches and runs.
    pub local: Option<LocalKafka>,
    /// `{bootstrap_servers, security, properties}`, for the Kafka client's own type; without
    /// `bootstrap_servers` when the node is our own.
    pub settings: Value,
    /// Where the file speaks of it.
    pub origin: Origin,
}

/// How the audit log is kept.
#[derive(Clone)]
pub struct Audit {
    /// What signs its checkpoints.
    pub key: Secret,
    /// Where the file speaks of it.
    pub origin: Origin,
}

/// One external system.
#[derive(Clone)]
pub struct System {
    /// Its key under `systems`.
    pub id: String,
    /// The vendor.
    pub connector: String,
    /// What kind of system it is, where the file says so.
    pub r#type: Option<SystemType>,
    /// Whether it runs.
    pub enabled: bool,
    /// The version of the vendor's API, where the file says so.
    pub api_version: Option<String>,
    /// `{connection, authentication}`, for the vendor's own type. In a system that is switched
    /// off, what a missing variable would have filled is left out.
    pub system: Value,
    /// How hard it may be asked.
    pub throttling: Throttling,
    /// The components that are switched on.
    pub components: Vec<ComponentUse>,
    /// Where the file speaks of it.
    pub origin: Origin,
}

/// One component that is switched on.
#[derive(Clone)]
pub struct ComponentUse {
    /// Such as `alpaca_trades`.
    pub name: String,
    /// The key under `features` that switched it on.
    pub feature: String,
    /// Whether it reads or delivers.
    pub kind: Kind,
    /// Its settings; an empty object for `true`.
    pub settings: Value,
    /// Where the file speaks of it.
    pub origin: Origin,
}

/// One processor that is switched on.
#[derive(Clone)]
pub struct ProcessorUse {
    /// Such as `validate`.
    pub name: String,
    /// Its settings; an empty object for `true`.
    pub settings: Value,
    /// Where the file speaks of it.
    pub origin: Origin,
}

impl Topology {
    /// Gives every origin the words that no later message may show.
    pub(crate) fn keep_secret(&mut self, secrets: Secrets) {
        let secrets = Arc::new(secrets);
        for system in &mut self.systems {
            system.origin.secrets = Arc::clone(&secrets);
            for component in &mut system.components {
                component.origin.secrets = Arc::clone(&secrets);
            }
        }
        if let Some(kafka) = &mut self.kafka {
            kafka.origin.secrets = Arc::clone(&secrets);
        }
        for processor in &mut self.processors {
            processor.origin.secrets = Arc::clone(&secrets);
        }
    }
}

impl Kafka {
    /// The Kafka client's own type from the settings.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.origin.decode(&self.settings)
    }
}

impl System {
    /// The vendor's own type from `connection` and `authentication`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.origin.decode(&self.system)
    }
}

impl ComponentUse {
    /// The component's own type from its settings.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.origin.decode(&self.settings)
    }
}

impl ProcessorUse {
    /// The processor's own type from its settings.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.origin.decode(&self.settings)
    }
}

/// Where the file speaks of something, so that a later complaint can still say where.
#[derive(Clone)]
pub struct Origin {
    /// The file, as the caller named it.
    pub file: Arc<str>,
    /// The place of the value.
    pub position: Position,
    pub(crate) path: Path,
    pub(crate) node: Arc<Node>,
    pub(crate) secrets: Arc<Secrets>,
}

impl Origin {
    /// The way to the value, such as `systems.acme.features.trades`.
    pub fn path(&self) -> String {
        self.path.to_string()
    }

    /// A complaint about the value. The caller must not put secrets into the message.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        let Position { line, column } = self.position;
        let path = self.path.to_string();
        Problem { file: self.file.to_string(), line, column, path, message: message.into() }
    }

    /// A complaint about a part of the value, at the last step of the way to it that the file has.
    /// The caller must not put secrets into the message.
    pub fn problem_below(&self, way: &str, message: impl Into<String>) -> Problem {
        let (mut node, mut path) = (&*self.node, self.path.clone());
        for key in way.split('.') {
            path = path.child(key);
            node = node.get(key).unwrap_or(node);
        }
        let Position { line, column } = node.at;
        let path = path.to_string();
        Problem { file: self.file.to_string(), line, column, path, message: message.into() }
    }

    /// What serde makes of the value. What it cannot accept becomes a problem at the exact place,
    /// without the text of any secret.
    fn decode<T: DeserializeOwned>(&self, value: &Value) -> Result<T, Problem> {
        decode(value, &self.node, &self.path, &self.secrets).map_err(|error| {
            let Position { line, column } = error.at;
            let path = error.path.to_string();
            Problem { file: self.file.to_string(), line, column, path, message: error.message }
        })
    }
}
