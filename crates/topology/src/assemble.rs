//! From a filled tree to a [`Topology`], section by section, collecting every problem.

use std::collections::BTreeMap;
use std::sync::Arc;

use component::Throttling;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::catalogue::{Catalogue, ConnectorEntry};
use crate::check::{Place, check};
use crate::cross;
use crate::decode::decode;
use crate::features;
use crate::node::{Data, Entry, Node, Path};
use crate::problem::Report;
use crate::sections::{Account, AccountFile, AuditFile, KafkaFile, SystemType, ThrottlingFile};
use crate::topology::{Audit, Kafka, Origin, ProcessorUse, System, Topology};
use crate::words::{found, nearest, quote, suggest};

/// The sections of the file, as messages list them.
const SECTIONS: [&str; 12] = [
    "systems",
    "processors",
    "kafka",
    "schema_registry",
    "topics",
    "accounts",
    "stores",
    "data_import",
    "data_export",
    "monitoring",
    "metrics",
    "audit",
];

/// Reads every section. What is returned is only whole when nothing was reported.
pub(crate) fn assemble(root: &Node, catalogue: &Catalogue, report: &mut Report) -> Topology {
    let mut topology = Topology::default();
    let Some(entries) = root.entries().filter(|entries| !entries.is_empty()) else {
        let message = match root.scalar().is_some_and(|scalar| scalar.text.is_empty()) {
            true => "the file is empty; a topology starts with \"systems:\"".to_owned(),
            false => format!(
                "expected a mapping that starts with \"systems:\", found {}",
                found(root, true)
            ),
        };
        report.problem(root.at, &Path::default(), message);
        return topology;
    };
    for entry in entries {
        let place = Place::default().child(&entry.key);
        let node = &entry.value;
        match entry.key.as_str() {
            "systems" => topology.systems = systems(node, &place, catalogue, report),
            "processors" => topology.processors = processors(node, &place, catalogue, report),
            "kafka" => topology.kafka = kafka(node, &place, report),
            "schema_registry" => topology.schema_registry = section(node, &place, report),
            "topics" => topology.topics = section(node, &place, report).unwrap_or_default(),
            "accounts" => topology.accounts = accounts(node, &place, report),
            "stores" => topology.stores = section(node, &place, report).unwrap_or_default(),
            "data_import" => {
                topology.data_import = section(node, &place, report).unwrap_or_default()
            }
            "data_export" => {
                topology.data_export = section(node, &place, report).unwrap_or_default()
            }
            "monitoring" => topology.monitoring = section(node, &place, report).unwrap_or_default(),
            "metrics" => topology.metrics = section(node, &place, report),
            "audit" => {
                let file = section(node, &place, report);
                topology.audit = file.map(|AuditFile { key }| Audit {
                    key,
                    origin: origin(node.clone(), &place, report),
                });
            }
            unknown => {
                let message =
                    format!("unknown section {}{}", quote(unknown), suggest(unknown, SECTIONS));
                report.problem(entry.at, &Path::default(), message);
            }
        }
    }
    topology
}

/// A section with a type of its own. `None` when something in it was reported.
fn section<T>(node: &Node, place: &Place, report: &mut Report) -> Option<T>
where
    T: DeserializeOwned + JsonSchema,
{
    let before = report.count();
    let schema = schema_for!(T);
    let value = check(node, schema.as_value(), place, report);
    match report.count() > before {
        true => None,
        false => typed(&value, node, place, report),
    }
}

fn typed<T: DeserializeOwned>(
    value: &Value,
    node: &Node,
    place: &Place,
    report: &mut Report,
) -> Option<T> {
    match decode(value, node, &place.path, &report.secrets) {
        Ok(typed) => Some(typed),
        Err(refused) => {
            report.problem(refused.at, &refused.path, refused.message);
            None
        }
    }
}

fn kafka(node: &Node, place: &Place, report: &mut Report) -> Option<Kafka> {
    let before = report.count();
    let mut settings = check(node, schema_for!(KafkaFile).as_value(), place, report);
    if report.count() > before {
        return None;
    }
    let file: KafkaFile = typed(&settings, node, place, report)?;
    cross::kafka(node, &file, place, report);
    settings["properties"] = json!(file.properties);
    settings.as_object_mut()?.remove("local");
    Some(Kafka { local: file.local, settings, origin: origin(node.clone(), place, report) })
}

/// The entries of a section that names things, or a problem.
fn named<'n>(node: &'n Node, place: &Place, report: &mut Report) -> &'n [Entry] {
    node.entries().unwrap_or_else(|| {
        if !node.is_unset() {
            let message = format!("expected a mapping, found {}", found(node, place.is_hidden));
            report.problem(node.at, &place.path, message);
        }
        &[]
    })
}

fn accounts(node: &Node, place: &Place, report: &mut Report) -> BTreeMap<String, Account> {
    let mut accounts = BTreeMap::new();
    for entry in named(node, place, report) {
        let place = place.child(&entry.key);
        // An account may be called anything, "token" too: its name hides nothing.
        let place = Place { is_hidden: false, ..place };
        if let Some(file) = section::<AccountFile>(&entry.value, &place, report) {
            let id = entry.key.clone();
            let AccountFile { system, broker_account } = file;
            accounts.insert(id.clone(), Account { id, system, broker_account });
        }
    }
    accounts
}

fn processors(
    node: &Node,
    place: &Place,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Vec<ProcessorUse> {
    let mut processors = Vec::new();
    for entry in named(node, place, report) {
        let Some(known) = catalogue.processor(&entry.key) else {
            let names = catalogue.processors.iter().map(|processor| processor.name);
            let message =
                format!("unknown processor {}{}", quote(&entry.key), suggest(&entry.key, names));
            report.problem(entry.at, &place.path, message);
            continue;
        };
        let place = Place { is_hidden: false, ..place.child(&entry.key) };
        let Some(node) = features::settings(&entry.value, &place, report) else { continue };
        let settings = check(&node, known.settings_schema.as_value(), &place, report);
        let origin = origin(node, &place, report);
        processors.push(ProcessorUse { name: known.name.to_owned(), settings, origin });
    }
    processors
}

fn systems(node: &Node, place: &Place, catalogue: &Catalogue, report: &mut Report) -> Vec<System> {
    let mut systems = Vec::new();
    for entry in named(node, place, report) {
        let place = Place { is_hidden: false, ..place.child(&entry.key) };
        systems.extend(system(entry, &place, catalogue, report));
    }
    systems
}

/// The keys of a system that mean the same for every vendor.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SystemFile {
    /// The vendor, where the system is not named after it.
    connector: Option<String>,
    /// What kind of system it is.
    r#type: Option<SystemType>,
    /// Whether it runs.
    #[serde(default = "yes")]
    enabled: bool,
    /// The version of the vendor's API.
    api_version: Option<String>,
    /// How hard it may be asked.
    #[serde(default)]
    #[schemars(with = "ThrottlingFile")]
    throttling: Throttling,
}

fn yes() -> bool {
    true
}

fn system(
    entry: &Entry,
    place: &Place,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Option<System> {
    let node = &entry.value;
    let before = report.count();
    let connector = connector(entry, place, catalogue, report);
    let rest = without_features(node);
    let mut value = check(&rest, &system_schema(connector), place, report);
    let (connector, object) = (connector?, value.as_object_mut()?);
    let mut vendors = serde_json::Map::new();
    for (name, _) in crate::schema::properties(connector.system_schema.as_value()) {
        vendors.extend(object.remove_entry(name));
    }
    let components = features::components(node, connector, place, report);
    if report.count() > before {
        return None;
    }
    let file = typed::<SystemFile>(&value, &rest, place, report)?;
    Some(System {
        id: entry.key.clone(),
        connector: file.connector.unwrap_or_else(|| entry.key.clone()),
        r#type: file.r#type,
        enabled: file.enabled,
        api_version: file.api_version,
        system: Value::Object(vendors),
        throttling: file.throttling,
        components,
        origin: origin(rest, place, report),
    })
}

/// The connector that a system names, by `connector:` or by its own name.
fn connector<'c>(
    entry: &Entry,
    place: &Place,
    catalogue: &'c Catalogue,
    report: &mut Report,
) -> Option<&'c ConnectorEntry> {
    let names = || catalogue.connectors.iter().map(|connector| connector.name);
    let Some(node) = entry.value.get("connector") else {
        let known = catalogue.connector(&entry.key);
        if known.is_none() {
            let suggestion = match nearest(&entry.key, names()) {
                Some(name) => format!("; did you mean {name:?}?"),
                None => "; a system with a name of its own says \"connector: VENDOR\"".to_owned(),
            };
            let message = format!("unknown connector {}{suggestion}", quote(&entry.key));
            report.problem(entry.at, &place.path, message);
        }
        return known;
    };
    // Anything but a word is the schema's to report.
    let scalar = node.scalar().filter(|_| !node.is_unset())?;
    let known = catalogue.connector(&scalar.text);
    if known.is_none() {
        let word = crate::words::origin(scalar).unwrap_or_else(|| quote(&scalar.text));
        let suggestion = suggest(&scalar.text, names());
        let message = format!("unknown connector {word}{suggestion}");
        report.problem(node.at, &place.path.child("connector"), message);
    }
    known
}

/// Features are checked one by one, each against the schema of its component.
fn without_features(system: &Node) -> Node {
    let mut system = system.clone();
    if let Data::Map(entries) = &mut system.data {
        entries.retain(|entry| entry.key != "features");
    }
    system
}

/// The schema of one system: our own keys, and the vendor's beside them.
fn system_schema(connector: Option<&ConnectorEntry>) -> Value {
    let mut schema = schema_for!(SystemFile).to_value();
    let any = json!(true);
    schema["properties"]["features"] = any.clone(); // so that it can be suggested
    let Some(connector) = connector else {
        schema["properties"]["connection"] = any.clone();
        schema["properties"]["authentication"] = any;
        return schema;
    };
    let vendor = connector.system_schema.as_value();
    for (name, property) in crate::schema::properties(vendor) {
        schema["properties"][name] = property.clone();
    }
    for keyword in ["$defs", "required"] {
        if let Some(value) = vendor.get(keyword) {
            schema[keyword] = value.clone();
        }
    }
    schema
}

pub(crate) fn origin(node: Node, place: &Place, report: &Report) -> Origin {
    Origin {
        file: Arc::from(report.file.as_str()),
        position: node.at,
        path: place.path.clone(),
        node: Arc::new(node),
        secrets: Arc::default(), // not all are known before the whole file has been read
    }
}
