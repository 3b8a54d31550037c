//! What no section can know alone: whether the names in one are meant by another.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use component::{Mapping, event_kind};
use model::Event;
use schedule::{Mistake, When};

use crate::catalogue::{Catalogue, Kind};
use crate::check::Place;
use crate::node::{Entry, Node, Path, Scalar, ScalarKind};
use crate::problem::Report;
use crate::sections::{AlertDestination, KafkaFile, KafkaProtocol, SaslMechanism};
use crate::stores::in_store;
use crate::topology::{System, Topology};
use crate::transfers::{ScheduledExport, ScheduledImport};
use crate::words::{origin, quote, suggest};

/// The name of a job is a part of a key and of a file's name.
const MAX_JOB_NAME: usize = 100;

/// Reports every name that leads nowhere. The tree says what is named, also by sections that
/// could not be read in full; the topology says what it means.
pub(crate) fn check(root: &Node, topology: &Topology, catalogue: &Catalogue, report: &mut Report) {
    accounts(root, topology, catalogue, report);
    imports(root, topology, catalogue, report);
    mappings(root, topology, report);
    stores(root, report);
    schedules(root, report);
    jobs(root, topology, report);
    topics(root, report);
    alerts(root, topology, report);
    rules(root, topology, report);
}

fn accounts(root: &Node, topology: &Topology, catalogue: &Catalogue, report: &mut Report) {
    let systems = system_names(root);
    let whole: HashMap<&str, &System> =
        topology.systems.iter().map(|system| (system.id.as_str(), system)).collect();
    for entry in entries(root, "accounts") {
        let path = Path::default().child("accounts").child(&entry.key).child("system");
        let Some((node, system)) = word(&entry.value, "system") else { continue };
        refuse_unknown_system(&systems, node, system, &path, report);
        let Some(known) = whole.get(system.text.as_str()) else { continue };
        if !known.enabled {
            let shown = shown(system);
            let message =
                format!("system {shown} is switched off: no order of this account leaves");
            report.warning(node.at, &path, message);
        } else if !known.components.iter().any(|component| component.kind == Kind::Sink) {
            report.problem(node.at, &path, without_sink(system, known, catalogue));
        }
    }
}

fn without_sink(system: &Scalar, known: &System, catalogue: &Catalogue) -> String {
    let connector = catalogue.connector(&known.connector);
    let components = connector.map(|connector| connector.components.as_slice()).unwrap_or_default();
    let mut features: Vec<&str> = components
        .iter()
        .filter(|entry| entry.kind == Kind::Sink)
        .map(|entry| entry.feature)
        .collect();
    features.sort_unstable();
    features.dedup();
    let shown = shown(system);
    match features.as_slice() {
        [] => format!(
            "system {shown} takes no orders: its connector {:?} has no order sink",
            known.connector
        ),
        features => format!(
            "system {shown} takes no orders: switch on its feature {}",
            features.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(" or ")
        ),
    }
}

/// What is imported on a schedule: from one of the imports, or from a system that has it.
fn imports(root: &Node, topology: &Topology, catalogue: &Catalogue, report: &mut Report) {
    let systems = system_names(root);
    let files: Vec<&str> = match root.get("data_import") {
        Some(section) => entries(section, "imports").iter().map(|e| e.key.as_str()).collect(),
        None => Vec::new(),
    };
    for (node, path) in scheduled(root, "data_import", "scheduled_imports") {
        let Some((source, word)) = word(node, "source") else { continue };
        if files.contains(&word.text.as_str()) {
            continue;
        }
        refuse_unknown_system(&systems, source, word, &path.child("source"), report);
        let known = topology.systems.iter().find(|system| system.id == word.text);
        if let Some(system) = known {
            data_of(node, system, catalogue, &path, report);
        }
    }
}

/// Reports data that a system does not have.
fn data_of(node: &Node, system: &System, catalogue: &Catalogue, path: &Path, report: &mut Report) {
    let Some(connector) = catalogue.connector(&system.connector) else { return };
    let Some((at, data)) = word(node, "data_type").map(|(node, word)| (node.at, word)) else {
        if node.get("data_type").is_none() {
            let message = "missing field \"data_type\": what to ask the system for";
            report.problem(node.at, path, message);
        }
        return;
    };
    if connector.source_of(&data.text).is_none() {
        let names = connector.source_features();
        let names = names.iter().copied();
        let message =
            format!("system {:?} has no {}{}", system.id, shown(data), suggest(&data.text, names));
        report.problem(at, &path.child("data_type"), message);
    }
    if !system.enabled {
        let message = format!("system {:?} is switched off: nothing is imported", system.id);
        report.warning(at, path, message);
    }
}

/// What the rows of imported files become.
fn mappings(root: &Node, topology: &Topology, report: &mut Report) {
    let Some(section) = root.get("data_import") else { return };
    for entry in entries(section, "imports") {
        let Some(import) = topology.data_import.imports.get(&entry.key) else { continue };
        let Some(kind) = event_kind(&import.event) else { continue };
        let path = Path::default().child("data_import").child("imports").child(&entry.key);
        if let Err(reason) = Mapping::new(kind, &import.fields, !import.id.is_empty()) {
            report.problem(entry.value.at, &path, reason);
        }
    }
}

/// Credentials of stores, and the stores that are meant by imports and exports.
fn stores(root: &Node, report: &mut Report) {
    const CREDENTIALS: [&str; 3] = ["access_key_id", "secret_access_key", "session_token"];
    let stores = entries(root, "stores");
    for entry in stores {
        let Some(store) = entry.value.get("s3") else { continue };
        let path = Path::default().child("stores").child(&entry.key).child("s3");
        for key in CREDENTIALS {
            let Some((node, scalar)) = word(store, key) else { continue };
            let is_sealed = |name: &Arc<str>| name.starts_with("secret://");
            if scalar.variables.is_empty() || !scalar.variables.iter().all(is_sealed) {
                let message = "what opens a store comes from the sealed store: secret://NAME";
                report.problem(node.at, &path.child(key), message);
            }
        }
    }
    let names: Vec<&str> = stores.iter().map(|entry| entry.key.as_str()).collect();
    let mut check = |node: &Node, key: &str, path: &Path| {
        let Some((node, scalar)) = word(node, key) else { return };
        let Some((_, name, _)) = in_store(&scalar.text) else { return };
        if !names.contains(&name) {
            let hint = suggest(name, names.iter().copied());
            let message = format!("{} is in no store of \"stores\"{hint}", shown(scalar));
            report.problem(node.at, &path.child(key), message);
        }
    };
    let section = Path::default().child("data_import").child("imports");
    if let Some(imports) = root.get("data_import") {
        for entry in entries(imports, "imports") {
            check(&entry.value, "from", &section.child(&entry.key));
        }
    }
    for (node, path) in scheduled(root, "data_export", "scheduled_exports") {
        check(node, "destination", &path);
    }
}

fn system_names(root: &Node) -> BTreeSet<&str> {
    entries(root, "systems").iter().map(|entry| entry.key.as_str()).collect()
}

fn refuse_unknown_system(
    systems: &BTreeSet<&str>,
    node: &Node,
    system: &Scalar,
    path: &Path,
    report: &mut Report,
) {
    if systems.contains(system.text.as_str()) {
        return;
    }
    let message = match report.is_full() {
        true => String::new(), // it is only counted
        false => {
            let suggestion = suggest(&system.text, systems.iter().copied());
            format!("unknown system {}{suggestion}", shown(system))
        }
    };
    report.problem(node.at, path, message);
}

fn schedules(root: &Node, report: &mut Report) {
    let imports = scheduled(root, "data_import", "scheduled_imports");
    let exports = scheduled(root, "data_export", "scheduled_exports");
    for (node, path) in imports.into_iter().chain(exports) {
        let Some((at, schedule)) = word(node, "schedule").map(|(node, word)| (node.at, word))
        else {
            continue;
        };
        let zone = word(node, "time_zone");
        let zone_name = zone.map(|(_, word)| word.text.as_str());
        let trading_days_only = node.get("trading_days_only").and_then(Node::bool);
        let when = When::parse(&schedule.text, zone_name, trading_days_only.unwrap_or_default());
        let Err(mistake) = when else { continue };
        let (at, key, scalar) = match (&mistake, zone) {
            (Mistake::Zone { .. }, Some((node, zone))) => (node.at, "time_zone", zone),
            _ => (at, "schedule", schedule),
        };
        let quoted = |part: &str| origin(scalar).unwrap_or_else(|| quote(part));
        report.problem(at, &path.child(key), mistake.told(&quoted));
    }
}

/// Jobs are known by their names, on their topic and on the command line.
fn jobs(root: &Node, topology: &Topology, report: &mut Report) {
    let imports = topology.data_import.scheduled_imports.iter().map(ScheduledImport::name);
    let exports = topology.data_export.scheduled_exports.iter().map(ScheduledExport::name);
    let imports = imports.zip(scheduled(root, "data_import", "scheduled_imports"));
    let exports = exports.zip(scheduled(root, "data_export", "scheduled_exports"));
    let mut seen = BTreeSet::new();
    for (name, (node, path)) in imports.chain(exports) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > MAX_JOB_NAME || !name.chars().all(is_plain) {
            let message = "a job has a name of letters, digits, \".\", \"_\" and \"-\", made of what \
                           it does unless \"name\" says another: say \"name\"";
            report.problem(node.at, &path, message);
        } else if !seen.insert(name) {
            report.problem(node.at, &path, "another job has the same name: say \"name\"");
        }
    }
}

fn topics(root: &Node, report: &mut Report) {
    let Some(topics) = root.get("topics") else { return };
    let path = Path::default().child("topics");
    if let Some((node, prefix)) = word(topics, "prefix") {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if prefix.text.len() > 100 || !prefix.text.chars().all(is_allowed) {
            let message = format!(
                "{} cannot start a topic's name: at most 100 letters, digits, \".\", \"_\" and \
                 \"-\"",
                shown(prefix)
            );
            report.problem(node.at, &path.child("prefix"), message);
        }
    }
    let topics_of_events: Vec<&str> = Event::KINDS.iter().map(|kind| kind.topic).collect();
    let families = topics_of_events.iter().filter_map(|topic| topic.split('.').next());
    let mut names: Vec<&str> = topics_of_events.iter().copied().chain(families).collect();
    names.push("default");
    names.sort_unstable();
    names.dedup();
    for setting in ["partitions", "retention_hours"] {
        for entry in entries(topics, setting) {
            if !names.contains(&entry.key.as_str()) {
                let message = format!(
                    "unknown topic {}{}",
                    quote(&entry.key),
                    suggest(&entry.key, names.iter().copied())
                );
                report.problem(entry.at, &path.child(setting), message);
            }
        }
    }
}

/// What the keys under `kafka` need of each other.
pub(crate) fn kafka(node: &Node, kafka: &KafkaFile, place: &Place, report: &mut Report) {
    if kafka.bootstrap_servers.is_none() && kafka.local.is_none() {
        let message = "missing field \"bootstrap_servers\": a string; or write \"local: {}\" \
                       for a Kafka of our own";
        report.problem(node.at, &place.path, message);
    }
    if kafka.bootstrap_servers.is_some() && kafka.local.is_some() {
        let message = "either \"bootstrap_servers\" or \"local\", not both";
        report.problem(node.at, &place.path, message);
    }
    let Some(security) = &kafka.security else { return };
    let has_login =
        matches!(security.protocol, KafkaProtocol::SaslPlaintext | KafkaProtocol::SaslSsl);
    let needed = match security.sasl_mechanism {
        _ if !has_login => Vec::new(),
        None => vec![("sasl_mechanism", false)],
        Some(SaslMechanism::OauthBearer) => vec![("token_path", security.token_path.is_some())],
        Some(SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512) => {
            vec![
                ("username", security.username.is_some()),
                ("password", security.password.is_some()),
            ]
        }
    };
    let at = node.get("security").map_or(node.at, |security| security.at);
    for (name, is_given) in needed {
        if !is_given {
            let message = format!("missing field {name:?}: the protocol logs in");
            report.problem(at, &place.path.child("security"), message);
        }
    }
}

/// A rule has one limit, and a name that an alert's id can carry.
fn rules(root: &Node, topology: &Topology, report: &mut Report) {
    let Some(node) = root.get("monitoring").and_then(|node| node.get("rules")) else { return };
    let path = Path::default().child("monitoring").child("rules");
    for (name, rule) in &topology.monitoring.rules {
        let at = node.get(name).map_or(node.at, |rule| rule.at);
        let mut problem = |message: &str| report.problem(at, &path.child(name), message);
        if rule.above.is_some() == rule.below.is_some() {
            problem("a rule has one limit: \"above\" or \"below\"");
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(is_plain) {
            problem("the name of a rule is made of letters, digits, _ and -");
        }
    }
}

fn alerts(root: &Node, topology: &Topology, report: &mut Report) {
    let monitoring = &topology.monitoring;
    let Some(node) = root.get("monitoring").and_then(|node| node.get("alert_destinations")) else {
        return;
    };
    let path = Path::default().child("monitoring").child("alert_destinations");
    for (index, destination) in monitoring.alert_destinations.iter().enumerate() {
        let is_configured = match destination {
            AlertDestination::Email => monitoring.email.is_some(),
            AlertDestination::Slack => monitoring.slack.is_some(),
            AlertDestination::Webhook => monitoring.webhook.is_some(),
        };
        if !is_configured {
            let message =
                format!("no alert reaches {destination}: \"monitoring.{destination}\" is missing");
            let at = node.item(index).map_or(node.at, |item| item.at);
            report.warning(at, &path.index(index), message);
        }
    }
}

/// The items of a list of jobs, with the way to each.
fn scheduled<'n>(root: &'n Node, section: &str, list: &str) -> Vec<(&'n Node, Path)> {
    let Some(node) = root.get(section).and_then(|section| section.get(list)) else {
        return Vec::new();
    };
    let path = Path::default().child(section).child(list);
    (0..).map_while(|index| Some((node.item(index)?, path.index(index)))).collect()
}

fn entries<'n>(node: &'n Node, key: &str) -> &'n [Entry] {
    node.get(key).and_then(Node::entries).unwrap_or_default()
}

/// The string under a key; anything else there is the schema's to report.
fn word<'n>(node: &'n Node, key: &str) -> Option<(&'n Node, &'n Scalar)> {
    let node = node.get(key)?;
    let scalar = node.scalar()?;
    let is_word = match scalar.kind {
        ScalarKind::String => true,
        ScalarKind::Null | ScalarKind::Unset => false,
        ScalarKind::Bool(_) | ScalarKind::Integer | ScalarKind::Float => {
            !scalar.variables.is_empty()
        }
    };
    is_word.then_some((node, scalar))
}

fn shown(scalar: &Scalar) -> String {
    origin(scalar).unwrap_or_else(|| quote(&scalar.text))
}
