//! The page of the topics, from `schemas/*.avsc`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::List;
use super::page::NOTICE;

/// One topic and the event on it.
pub(super) struct Topic {
    pub name: String,
    schema: Value,
}

/// Every topic, sorted by name.
pub(super) fn read(root: &Path) -> Result<Vec<Topic>> {
    let mut topics = Vec::new();
    for entry in fs::read_dir(root.join("schemas"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "avsc") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let schema: Value =
            serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        let name = schema["topic"].as_str().context("a schema without topic")?.to_owned();
        topics.push(Topic { name, schema });
    }
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(topics)
}

pub(super) fn page(topics: &[Topic], list: &List) -> String {
    let mut out = format!(
        "{NOTICE}# Topics\n\nEvery topic holds one kind of event as Confluent-framed Avro under the \
         subject `TOPIC-value`; a\ntopology may put a prefix before all of them. Decimals are Avro \
         `decimal(38, 18)`, times are\nnanoseconds since 1970 in UTC. Records with the same key keep \
         their order.\n\n| topic | event | key | cleanup |\n|---|---|---|---|\n"
    );
    for topic in topics {
        let text = |key: &str| topic.schema[key].as_str().unwrap_or_default();
        let name = &topic.name;
        let key = text("key").replace('|', ", ");
        let _ = writeln!(
            out,
            "| [{name}](#{}) | {} | {key} | {} |",
            name.replace('.', ""),
            text("name"),
            text("cleanup")
        );
    }
    let mut told = Vec::new();
    for topic in topics {
        section(topic, list, &mut told, &mut out);
    }
    out
}

fn section(topic: &Topic, list: &List, told: &mut Vec<String>, out: &mut String) {
    let schema = &topic.schema;
    let doc = schema["doc"].as_str().unwrap_or_default();
    let _ = write!(
        out,
        "\n## {}\n\n`{}`: {doc}\n\n",
        topic.name,
        schema["name"].as_str().unwrap_or_default()
    );
    let writes = |names: &Vec<String>| names.contains(&topic.name);
    let sources = list.components.iter().filter(|c| c.feed != "exports" && writes(&c.publishes));
    let sources: Vec<_> = sources.map(|c| format!("[{0}]({0}.md)", c.name)).collect();
    let readers = list.processors.iter().filter(|p| writes(&p.inputs) || writes(&p.globals));
    let readers: Vec<_> = readers.map(|p| format!("[{0}]({0}.md)", p.name)).collect();
    for (word, names) in [("Published by", sources), ("Read by", readers)] {
        if !names.is_empty() {
            let _ = write!(out, "{word} {}.\n\n", names.join(", "));
        }
    }
    let mut types = Vec::new();
    fields(schema, &mut types, out);
    while let Some(inner) = types.pop() {
        let name = inner["name"].as_str().unwrap_or_default().to_owned();
        if told.contains(&name) {
            continue;
        }
        let doc = inner["doc"].as_str().unwrap_or_default();
        let _ = write!(out, "\n### {name}\n\n{doc}\n\n");
        match inner["symbols"].as_array() {
            Some(symbols) => {
                let names: Vec<_> =
                    symbols.iter().filter_map(Value::as_str).map(|s| format!("`{s}`")).collect();
                let _ = writeln!(out, "{}.", names.join(", "));
            }
            None => fields(&inner, &mut types, out),
        }
        told.push(name);
    }
}

fn fields(schema: &Value, types: &mut Vec<Value>, out: &mut String) {
    out.push_str("| field | type | meaning |\n|---|---|---|\n");
    for field in schema["fields"].as_array().into_iter().flatten() {
        let text = |key: &str| field[key].as_str().unwrap_or_default();
        let kind = kind(&field["type"], types);
        let _ =
            writeln!(out, "| `{}` | {kind} | {} |", text("name"), text("doc").replace('|', "\\|"));
    }
}

/// A type in words; named types are noted, to be told after the table.
fn kind(schema: &Value, types: &mut Vec<Value>) -> String {
    match schema {
        Value::String(name) => match name.strip_prefix("foliostream.") {
            Some(short) => format!("[{short}](#{})", short.to_lowercase()),
            None => name.clone(),
        },
        Value::Array(branches) => {
            let others: Vec<_> = branches.iter().filter(|branch| *branch != "null").collect();
            let names: Vec<_> = others.iter().map(|branch| kind(branch, types)).collect();
            let or_null = if others.len() < branches.len() { " or null" } else { "" };
            format!("{}{or_null}", names.join(" or "))
        }
        Value::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
            match (text("type"), text("logicalType")) {
                ("record" | "enum", _) => {
                    let name = text("name").to_owned();
                    types.push(schema.clone());
                    format!("[{name}](#{})", name.to_lowercase())
                }
                ("array", _) => format!("list of {}", kind(&schema["items"], types)),
                ("map", _) => format!("map to {}", kind(&schema["values"], types)),
                (_, "decimal") => "decimal".to_owned(),
                (_, "timestamp-nanos") => "time".to_owned(),
                (_, "date") => "date".to_owned(),
                (other, _) => other.to_owned(),
            }
        }
        _ => String::new(),
    }
}
