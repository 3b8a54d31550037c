//! The list of components as the topology needs it, and tasks made from a topology.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use component::{Clock, Host};
use credentials::{Drawer, Store};
use runtime::{ComponentKind, Entry, Start, Task};
use serde_json::{Value, json};
use topology::{
    Catalogue, ComponentEntry, ComponentUse, ConnectorEntry, Kind, Problem, ProcessorEntry, System,
    Topology,
};

use crate::components::{COMPONENTS, PROCESSORS};
use crate::jobs;

/// The feature that sends orders.
const EXECUTION: &str = "order_execution";
/// The feature that tells what becomes of them.
const UPDATES: &str = "order_updates";

/// What a topology may name.
pub fn catalogue() -> Catalogue {
    let mut connectors: BTreeMap<&str, ConnectorEntry> = BTreeMap::new();
    for (vendor, feature, entry) in COMPONENTS {
        let component = ComponentEntry {
            name: entry.name,
            feature,
            kind: match entry.kind {
                ComponentKind::Source(_) => Kind::Source,
                ComponentKind::Sink(_) => Kind::Sink,
            },
            settings_schema: (entry.settings_schema)(),
        };
        connectors
            .entry(vendor)
            .or_insert_with(|| ConnectorEntry {
                name: vendor,
                system_schema: (entry.system_schema)(),
                components: Vec::new(),
                features: Vec::new(),
            })
            .components
            .push(component);
    }
    for connector in connectors.values_mut() {
        // Whoever sends orders wants to hear of them; `order_updates: false` says otherwise.
        let updates = connector.components.iter().find(|entry| entry.feature == UPDATES);
        let is_broker = connector.components.iter().any(|entry| entry.feature == EXECUTION);
        if let Some(updates) = updates.filter(|_| is_broker) {
            connector.features.push((EXECUTION, vec![updates.name]));
        }
    }
    let processors = PROCESSORS.iter().map(|entry| ProcessorEntry {
        name: entry.name,
        settings_schema: (entry.settings_schema)(),
    });
    Catalogue { connectors: connectors.into_values().collect(), processors: processors.collect() }
}

/// The entry of a component.
pub fn component(name: &str) -> Option<&'static Entry> {
    COMPONENTS.iter().map(|(_, _, entry)| entry).find(|entry| entry.name == name)
}

/// Names and inputs of the processors of a topology.
pub fn processors(topology: &Topology) -> Vec<(&'static str, &'static [&'static str])> {
    let is_on = |name: &str| topology.processors.iter().any(|used| used.name == name);
    let used = PROCESSORS.iter().filter(|entry| is_on(entry.name));
    used.map(|entry| (entry.name, entry.inputs)).collect()
}

/// Whose topics are worked on.
#[derive(Clone, Copy)]
struct Namespace<'a> {
    /// The prefix that was asked for; empty for the topology's own.
    prefix: &'a str,
    /// The topology's.
    own: &'a str,
}

impl Namespace<'_> {
    /// Whether they are the topology's own. In any other namespace, such as that of a replay,
    /// nothing may be delivered: a live order would leave.
    fn is_own(self) -> bool {
        self.prefix.is_empty() || self.prefix == self.own
    }
}

/// What every component that is switched on is started with, by its instance.
pub fn starts(
    topology: &Topology,
    clock: &Clock,
    store: &Arc<dyn Store>,
) -> BTreeMap<String, Start> {
    let mut starts = BTreeMap::new();
    for system in topology.systems.iter().filter(|system| system.enabled) {
        for used in &system.components {
            let start = start(system, used, clock, store);
            starts.insert(start.host.instance(), start);
        }
    }
    starts
}

/// Tasks for everything that is switched on: those of these names, or all.
pub fn tasks(
    topology: &Topology,
    names: &[String],
    clock: &Clock,
    prefix: &str,
    store: &Arc<dyn Store>,
) -> Result<Vec<Task>> {
    let namespace = Namespace { prefix, own: &topology.topics.prefix };
    let mut tasks = Vec::new();
    let is_wanted = |choices: &[&str]| {
        names.is_empty() || names.iter().any(|name| choices.contains(&name.as_str()))
    };
    for system in topology.systems.iter().filter(|system| system.enabled) {
        for used in &system.components {
            let instance = format!("{}.{}", system.id, used.name);
            if !is_wanted(&[&instance, &system.id, &used.name]) {
                continue;
            }
            let entry = component(&used.name).context("the catalogue names every component")?;
            if !namespace.is_own() && matches!(entry.kind, ComponentKind::Sink(_)) {
                bail!(
                    "{instance} is a sink: it delivers only what is on the topics of its own \
                     topology, not on those of --prefix {:?}",
                    namespace.prefix
                );
            }
            let task = (entry.task)(start(system, used, clock, store));
            tasks.push(task.map_err(|reason| mistake(system, used, &reason))?);
        }
    }
    for used in topology.processors.iter().filter(|used| is_wanted(&[&used.name])) {
        let entry = PROCESSORS.iter().find(|entry| entry.name == used.name);
        let entry = entry.context("the catalogue names every processor")?;
        let settings = with_accounts(topology, used.settings.clone(), entry);
        tasks.push((entry.task)(settings).map_err(|reason| used.origin.problem(reason))?);
    }
    let is_wanted = is_wanted(&[transfer::SCHEDULE]);
    let errands = if is_wanted { jobs::errands(topology, clock, store)? } else { Vec::new() };
    if !errands.is_empty() {
        if !namespace.is_own() {
            bail!(
                "the schedule imports to and exports from the topics of its own topology, not \
                 those of --prefix {:?}",
                namespace.prefix
            );
        }
        tasks.push(transfer::schedule(errands));
    }
    Ok(tasks)
}

/// What only the component itself could find. A message about the system's own settings may begin
/// with the way to one of them.
fn mistake(system: &System, used: &ComponentUse, reason: &str) -> Problem {
    let is_way = |way: &str| way.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b));
    let said = reason.strip_prefix("system: ").and_then(|said| said.split_once(": "));
    match said.filter(|(way, _)| is_way(way)) {
        Some((way, message)) => system.origin.problem_below(way, message),
        None => used.origin.problem(reason),
    }
}

/// What one component is started with.
pub fn start(system: &System, used: &ComponentUse, clock: &Clock, store: &Arc<dyn Store>) -> Start {
    let host = Host::new(&system.id, &used.name, clock.clone(), system.throttling.clone());
    Drawer::lend(&host, store);
    Start { system: system.system.clone(), settings: used.settings.clone(), host }
}

/// Gives the topology's accounts to a processor that asks for them.
fn with_accounts(
    topology: &Topology,
    mut settings: Value,
    entry: &runtime::ProcessorEntry,
) -> Value {
    let schema = (entry.settings_schema)();
    let asks = schema.get("properties").is_some_and(|all| all.get("accounts").is_some());
    if let (true, Value::Object(settings)) = (asks, &mut settings) {
        let routes = topology.accounts.iter().map(|(name, account)| {
            let route =
                json!({ "system": account.system, "broker_account": account.broker_account });
            (name.clone(), route)
        });
        settings.entry("accounts").or_insert_with(|| Value::Object(routes.collect()));
    }
    settings
}
