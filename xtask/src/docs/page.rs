//! The page of a component or processor.

use std::fmt::Write as _;

use serde_json::Value;

use super::example::minimum;
use super::setting::{Setting, settings};
use super::topics::Topic;
use super::{Component, FOLDER, List, Pages, Processor};

/// First line of every page.
pub(super) const NOTICE: &str = "<!-- Written by `cargo xtask docs` from the code. Change the doc comments, not this page. -->\n\n";

pub(super) fn component(component: &Component, list: &List, topics: &[Topic], pages: &mut Pages) {
    let Component { name, vendor, feature, settings_schema, system_schema, .. } = component;
    let file = format!("{name}.md");
    let mut out = format!("{NOTICE}# {name}\n\n{}\n\n", about(component));
    out += &published(&component_topics(component), topics);
    out += &format!("\n## Settings\n\nUnder `systems.NAME.features.{feature}`.\n\n");
    out += &table(&settings(settings_schema), &file, pages);
    let system = format!("\n## The system\n\nUnder `systems.NAME`, shared by all of {vendor}.\n\n");
    out += &(system + &table(&settings(system_schema), &file, pages));
    let example = topology(component, list);
    out += &format!("\n## Example\n\nThe least that must be given:\n\n```yaml\n{example}```\n");
    pages.examples.insert(file.clone(), example);
    pages.texts.insert(file, out);
}

pub(super) fn processor(processor: &Processor, topics: &[Topic], pages: &mut Pages) {
    let Processor { name, inputs, globals, settings_schema } = processor;
    let file = format!("{name}.md");
    let mut out = format!("{NOTICE}# {name}\n\nA processor");
    let doc = description(settings_schema);
    let _ = write!(out, "{}\n\n", if doc.is_empty() { ".".into() } else { format!(". {doc}") });
    let links = |names: &[String]| {
        let names: Vec<_> = names.iter().map(|topic| link(topic, topics)).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let _ = write!(out, "| | topics |\n|---|---|\n| folds | {} |\n", links(inputs));
    let _ = writeln!(out, "| observes whole | {} |", links(globals));
    out += &format!("\n## Settings\n\nUnder `processors.{name}`.\n\n");
    out += &table(&settings(settings_schema), &file, pages);
    let least = minimum(settings_schema, "", 4);
    let example = match least {
        Some(least) => format!("processors:\n  {name}:\n{least}"),
        None => format!("processors:\n  {name}: true\n"),
    };
    out += &format!("\n## Example\n\nThe least that must be given:\n\n```yaml\n{example}```\n");
    pages.examples.insert(file.clone(), example);
    pages.texts.insert(file, out);
}

pub(super) fn index(list: &List) -> String {
    let mut out = format!(
        "{NOTICE}# Reference\n\nWhat can stand in `topology.yaml`, and [what is on the \
         topics](topics.md).\n\n## Sources and sinks\n\n| component | vendor | feature | kind | \
         delivery |\n|---|---|---|---|---|\n"
    );
    for Component { name, vendor, feature, kind, feed, .. } in &list.components {
        let _ = writeln!(out, "| [{name}]({name}.md) | {vendor} | `{feature}` | {kind} | {feed} |");
    }
    out += "\n`exact`: records and the position after them are one transaction. `live`: at full \
            speed, gaps marked and repaired. `orders`: journaled, never sent twice. `exports`: \
            written again after a crash, in place of what was there.\n\n## Processors\n\n| \
            processor | folds |\n|---|---|\n";
    for Processor { name, inputs, .. } in &list.processors {
        let inputs: Vec<_> = inputs.iter().map(|topic| format!("`{topic}`")).collect();
        let _ = writeln!(out, "| [{name}]({name}.md) | {} |", inputs.join(", "));
    }
    out
}

fn about(component: &Component) -> String {
    let Component { kind, feed, vendor, feature, settings_schema, .. } = component;
    let delivery = match feed.as_str() {
        "exact" => "Records and the position after them are committed in one transaction.",
        "live" => "Records go out at full speed; what was missed is marked as a gap and repaired.",
        "orders" => "Every order is journaled before it leaves, and never sent blindly again.",
        _ => "A batch that is delivered again takes the place of the first.",
    };
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    let first =
        format!("{article} {kind} of {vendor}, switched on by the feature `{feature}`. {delivery}");
    match description(settings_schema) {
        doc if doc.is_empty() => first,
        doc => format!("{first}\n\n{doc}"),
    }
}

/// Topics that a component reads and publishes to.
fn component_topics(component: &Component) -> (Vec<String>, Vec<String>) {
    match component.feed.as_str() {
        "orders" => (vec!["orders.approved".to_owned()], component.publishes.clone()),
        "exports" => (vec!["those its settings name".to_owned()], Vec::new()),
        _ => (Vec::new(), component.publishes.clone()),
    }
}

fn published((reads, publishes): &(Vec<String>, Vec<String>), topics: &[Topic]) -> String {
    let mut out = "| | topics |\n|---|---|\n".to_owned();
    for (word, names) in [("reads", reads), ("publishes", publishes)] {
        let names: Vec<_> = names.iter().map(|topic| link(topic, topics)).collect();
        if !names.is_empty() {
            let _ = writeln!(out, "| {word} | {} |", names.join(", "));
        }
    }
    out
}

fn link(topic: &str, topics: &[Topic]) -> String {
    match topics.iter().any(|other| other.name == topic) {
        true => format!("[{topic}](topics.md#{})", topic.replace('.', "")),
        false => topic.to_owned(),
    }
}

fn description(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The table of settings; those without a sentence are problems.
fn table(settings: &[Setting], file: &str, pages: &mut Pages) -> String {
    if settings.is_empty() {
        return "None.\n".to_owned();
    }
    let mut out = "| setting | type | default | meaning |\n|---|---|---|---|\n".to_owned();
    for Setting { name, kind, default, doc, choices } in settings {
        if !doc.ends_with(['.', '!', '?', ':']) {
            let problem = format!("{FOLDER}/{file}: the setting {name:?} has no sentence");
            pages.problems.push(problem);
        }
        let default = match default {
            None => "required".to_owned(),
            Some(text) if matches!(text.as_str(), "" | "none" | "optional") => text.clone(),
            Some(text) => format!("`{}`", cell(text)),
        };
        let kind = match choices.is_empty() {
            true => kind.clone(),
            false => {
                let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
                names.join(", ")
            }
        };
        let told = choices.iter().filter(|(_, sentence)| !sentence.is_empty());
        let told: Vec<_> = told.map(|(name, sentence)| format!(" `{name}`: {sentence}")).collect();
        let meaning = format!("{doc}{}", told.concat());
        let _ = writeln!(out, "| `{name}` | {kind} | {default} | {} |", cell(&meaning));
    }
    out
}

/// Text that cannot end a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A topology with this component and nothing else.
fn topology(component: &Component, list: &List) -> String {
    let Component { vendor, feature, settings_schema, system_schema, .. } = component;
    let sends_orders = |other: &&Component| other.vendor == *vendor && other.feed == "orders";
    let kind = match list.components.iter().find(sends_orders) {
        Some(_) => "brokerage",
        None if vendor == "files" => "files",
        None => "market_data",
    };
    let prefix = vendor.to_uppercase();
    let system = minimum(system_schema, &prefix, 4).unwrap_or_default();
    let mut out = format!("systems:\n  {vendor}:\n    type: {kind}\n{system}    features:\n");
    out += &match minimum(settings_schema, &prefix, 8) {
        Some(least) => format!("      {feature}:\n{least}"),
        None => format!("      {feature}: true\n"),
    };
    out
}
