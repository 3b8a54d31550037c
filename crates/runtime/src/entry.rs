//! What the list of components holds: names, schemas, and how to start each.

use std::sync::Arc;
use std::time::Duration;

use component::{Bad, Fault, Feed, Host, Processor, Sends, Sink, Source};
use futures_util::future::BoxFuture;
use model::Event;
use schemars::{Schema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Error, Status, Task, Wiring, pass as passes, processor as processors, sink as sinks,
    source as sources,
};

/// How long a probe waits for something to read: a stream may be quiet.
const PROBE_READ: Duration = Duration::from_secs(5);

/// Which of the two a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentKind {
    /// Reads an external system, exactly once or live.
    Source(Feed),
    /// Writes to one.
    Sink(Sends),
}

/// A single pass of a source, as often as needed.
pub type Pass = Arc<dyn Fn(Wiring, Status) -> BoxFuture<'static, Result<i64, Error>> + Send + Sync>;

/// What is needed to start a component of a system.
#[derive(Clone, Debug)]
pub struct Start {
    /// The system's `connection` and `authentication`.
    pub system: Value,
    /// The component's settings.
    pub settings: Value,
    /// The rest of what it is given.
    pub host: Host,
}

/// A source or sink that can be started.
#[derive(Clone, Copy)]
pub struct Entry {
    /// `vendor_noun`.
    pub name: &'static str,
    /// Source or sink.
    pub kind: ComponentKind,
    /// Topics a source publishes to.
    pub publishes: &'static [&'static str],
    /// Schema of the system's `connection` and `authentication`.
    pub system_schema: fn() -> Schema,
    /// Schema of the component's settings.
    pub settings_schema: fn() -> Schema,
    /// Makes a task of it; the error names what is wrong with the settings.
    pub task: fn(Start) -> Result<Task, String>,
    /// Makes a single pass of a source: it reads until nothing is left to read at once, and gives
    /// the number of records that it published.
    pub pass: fn(Start) -> Result<Pass, String>,
    /// Logs in, reads something if there is something to be read soon, and logs out again: gives
    /// the number of records.
    pub probe: fn(Start) -> BoxFuture<'static, Result<Option<usize>, Fault>>,
    /// Whether that disturbs nothing while the component is at work.
    pub logs_in_beside: bool,
    /// Reads one raw item of a dead letter again.
    pub redrive: fn(&[u8]) -> Result<Vec<Event>, Bad>,
    /// The same with what the topology says of the component.
    pub redrive_with: fn(Start, &[u8]) -> Result<Vec<Event>, Bad>,
}

/// The entry of a source.
pub const fn source<S: Source>() -> Entry {
    Entry {
        name: S::NAME,
        kind: ComponentKind::Source(S::FEED),
        publishes: S::PUBLISHES,
        system_schema: || schema_for!(S::System),
        settings_schema: || schema_for!(S::Settings),
        task: |start| {
            let system: S::System = decode("system", start.system)?;
            let settings: S::Settings = decode("settings", start.settings)?;
            let host = start.host;
            Ok(Task::new(&host.instance(), move |wiring, status| {
                let (system, settings) = (system.clone(), settings.clone());
                sources::drive::<S>(system, settings, host.clone(), wiring, status)
            }))
        },
        pass: |start| {
            let system: S::System = decode("system", start.system)?;
            let settings: S::Settings = decode("settings", start.settings)?;
            let host = start.host;
            if S::FEED == Feed::Live {
                return Err(format!("{} is a live feed, which has no end to read to", S::NAME));
            }
            Ok(Arc::new(move |wiring, status| {
                let (system, settings) = (system.clone(), settings.clone());
                Box::pin(passes::run::<S>(system, settings, host.clone(), wiring, status))
            }))
        },
        probe: |start| {
            Box::pin(async move {
                let system: S::System = decode("system", start.system).map_err(Fault::Fatal)?;
                let settings: S::Settings =
                    decode("settings", start.settings).map_err(Fault::Fatal)?;
                let mut source = S::connect(system, settings, start.host).await?;
                let cursor = S::Cursor::default();
                match tokio::time::timeout(PROBE_READ, source.read(&cursor)).await {
                    Ok(batch) => batch.map(|batch| Some(batch.items.len())),
                    Err(_) => Ok(None),
                }
            })
        },
        logs_in_beside: false,
        redrive: S::redrive,
        redrive_with: |start, raw| {
            let settings = decode("settings", start.settings);
            let settings = settings.map_err(|reason| Bad::new("", reason))?;
            S::redrive_with(settings, &start.host, raw)
        },
    }
}

/// The entry of a sink.
pub const fn sink<S: Sink>() -> Entry {
    Entry {
        name: S::NAME,
        kind: ComponentKind::Sink(S::SENDS),
        publishes: &["orders.events"],
        system_schema: || schema_for!(S::System),
        settings_schema: || schema_for!(S::Settings),
        task: |start| {
            let system: S::System = decode("system", start.system)?;
            let settings: S::Settings = decode("settings", start.settings)?;
            let host = start.host;
            Ok(Task::new(&host.instance(), move |wiring, status| {
                let (system, settings) = (system.clone(), settings.clone());
                sinks::drive::<S>(system, settings, host.clone(), wiring, status)
            }))
        },
        pass: |_| Err(format!("{} is a sink: it reads nothing", S::NAME)),
        probe: |start| {
            Box::pin(async move {
                let system: S::System = decode("system", start.system).map_err(Fault::Fatal)?;
                let settings: S::Settings =
                    decode("settings", start.settings).map_err(Fault::Fatal)?;
                S::connect(system, settings, start.host).await.map(|_| None)
            })
        },
        logs_in_beside: S::LOGS_IN_BESIDE,
        redrive: |_| Err(Bad::new("", "a sink reads no items")),
        redrive_with: |_, _| Err(Bad::new("", "a sink reads no items")),
    }
}

/// A processor that can be started.
#[derive(Clone, Copy)]
pub struct ProcessorEntry {
    /// A verb.
    pub name: &'static str,
    /// Topics it folds.
    pub inputs: &'static [&'static str],
    /// Topics it observes.
    pub globals: &'static [&'static str],
    /// Schema of its settings.
    pub settings_schema: fn() -> Schema,
    /// Makes a task of it; the error names what is wrong with the settings.
    pub task: fn(Value) -> Result<Task, String>,
}

/// The entry of a processor.
pub const fn processor<P: Processor + Sync>() -> ProcessorEntry {
    ProcessorEntry {
        name: P::NAME,
        inputs: P::INPUTS,
        globals: P::GLOBALS,
        settings_schema: || schema_for!(P::Settings),
        task: |settings| {
            let settings: P::Settings = decode("settings", settings)?;
            let processor = P::new(settings).map_err(|fault| fault.to_string())?;
            let processor = Arc::new(processor);
            Ok(Task::new(P::NAME, move |wiring, status| {
                let processor = processor.clone();
                async move {
                    let work = move || processors::drive(&*processor, &wiring, &status);
                    match tokio::task::spawn_blocking(work).await {
                        Ok(ended) => ended,
                        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
                    }
                }
            }))
        },
    }
}

fn decode<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("{what}: {error}"))
}
