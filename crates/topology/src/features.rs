//! Which components a system's features switch on, and with which settings.

use serde_json::Value;

use crate::assemble::origin;
use crate::catalogue::{ComponentEntry, ConnectorEntry};
use crate::check::{Place, check};
use crate::node::{Data, Entry, Node, ScalarKind};
use crate::problem::Report;
use crate::schema::properties;
use crate::topology::ComponentUse;
use crate::words::{found, quote, suggest};

/// The components of a system, in the order of the catalogue.
pub(crate) fn components(
    system: &Node,
    connector: &ConnectorEntry,
    place: &Place,
    report: &mut Report,
) -> Vec<ComponentUse> {
    let Some(features) = system.get("features").filter(|node| !node.is_unset()) else {
        return Vec::new();
    };
    let connection = system.get("connection");
    let is_insecure = connection.and_then(|node| node.get("insecure")).and_then(Node::bool);
    let place =
        Place { is_insecure: is_insecure.unwrap_or(place.is_insecure), ..place.child("features") };
    let Some(entries) = features.entries() else {
        let message = format!("expected a mapping of features, found {}", found(features, false));
        report.problem(features.at, &place.path, message);
        return Vec::new();
    };
    refuse_unknown(entries, connector, &place, report);
    let mut components = Vec::new();
    for component in &connector.components {
        let Some(entry) = switch(component, connector, entries, &place, report) else { continue };
        let place = Place { is_hidden: false, ..place.child(&entry.key) };
        let Some(node) = settings(&entry.value, &place, report) else { continue };
        let node = share(node, component, connector, entry);
        let settings = check(&node, component.settings_schema.as_value(), &place, report);
        components.push(ComponentUse {
            name: component.name.to_owned(),
            feature: entry.key.clone(),
            kind: component.kind,
            settings,
            origin: origin(node, &place, report),
        });
    }
    components
}

fn refuse_unknown(
    entries: &[Entry],
    connector: &ConnectorEntry,
    place: &Place,
    report: &mut Report,
) {
    for entry in entries {
        let components = connector.switched_by(&entry.key);
        if components.is_empty() {
            let suggestion = suggest(&entry.key, connector.feature_names());
            let message = format!("unknown feature {}{suggestion}", quote(&entry.key));
            report.problem(entry.at, &place.path, message);
        } else if components.len() > 1 {
            refuse_unknown_shared(entry, &components, &place.child(&entry.key), report);
        }
    }
}

/// A setting given to several components at once must mean something to one of them.
fn refuse_unknown_shared(
    entry: &Entry,
    components: &[&ComponentEntry],
    place: &Place,
    report: &mut Report,
) {
    if !components.iter().all(|component| is_closed(component)) {
        return;
    }
    let known = || components.iter().flat_map(|component| setting_names(component));
    for setting in entry.value.entries().unwrap_or_default() {
        if !known().any(|name| name == setting.key) {
            let suggestion = suggest(&setting.key, known());
            let message = format!("unknown field {}{suggestion}", quote(&setting.key));
            report.problem(setting.at, &place.path, message);
        }
    }
}

/// The entry that decides about a component: its own feature's before that of a group, and
/// settings before a bare `true`.
fn switch<'n>(
    component: &ComponentEntry,
    connector: &ConnectorEntry,
    entries: &'n [Entry],
    place: &Place,
    report: &mut Report,
) -> Option<&'n Entry> {
    if let Some(own) = entries.iter().find(|entry| entry.key == component.feature) {
        return Some(own);
    }
    let is_named = |entry: &&Entry| {
        let mut groups = connector.features.iter();
        groups.any(|(name, members)| *name == entry.key && members.contains(&component.name))
    };
    let is_on = |entry: &&Entry| entry.value.bool() != Some(false);
    let mut groups = entries.iter().filter(is_named).filter(is_on);
    let mut chosen = groups.next()?;
    for other in groups {
        let has_both = chosen.value.entries().is_some() && other.value.entries().is_some();
        if has_both {
            let message = format!(
                "{} already gets its settings from {:?}; give them once, under {:?}",
                component.name, chosen.key, component.feature
            );
            report.problem(other.at, &place.child(&other.key).path, message);
        } else if other.value.entries().is_some() {
            chosen = other;
        }
    }
    Some(chosen)
}

/// The settings under a switch: none for `true`. `None` when it is off, or reported as wrong.
pub(crate) fn settings(node: &Node, place: &Place, report: &mut Report) -> Option<Node> {
    match &node.data {
        Data::Map(_) => Some(node.clone()),
        Data::Scalar(scalar) => match scalar.kind {
            ScalarKind::Bool(true) => Some(Node::empty_map(node.at)),
            ScalarKind::Bool(false) | ScalarKind::Unset => None,
            _ => refuse(node, place, report),
        },
        Data::List(_) => refuse(node, place, report),
    }
}

fn refuse(node: &Node, place: &Place, report: &mut Report) -> Option<Node> {
    let found = found(node, place.is_hidden);
    report.problem(
        node.at,
        &place.path,
        format!("expected true, false or settings, found {found}"),
    );
    None
}

/// Of settings given to several components at once, those that this component knows.
fn share(
    node: Node,
    component: &ComponentEntry,
    connector: &ConnectorEntry,
    entry: &Entry,
) -> Node {
    if connector.switched_by(&entry.key).len() < 2 || !is_closed(component) {
        return node;
    }
    let Data::Map(entries) = node.data else { return node };
    let is_known = |entry: &Entry| setting_names(component).any(|name| name == entry.key);
    Node { at: node.at, data: Data::Map(entries.into_iter().filter(is_known).collect()) }
}

fn setting_names(component: &ComponentEntry) -> impl Iterator<Item = &str> {
    properties(component.settings_schema.as_value()).map(|(name, _)| name.as_str())
}

fn is_closed(component: &ComponentEntry) -> bool {
    component.settings_schema.get("additionalProperties") == Some(&Value::Bool(false))
}
