//! Every field of every event says what it holds.

use serde_json::Value;

use super::Finding;
use super::tree::{File, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let path = file.path.as_str();
        let is_schema = path.starts_with("schemas/") && path.ends_with(".avsc");
        if !is_schema || path.starts_with("schemas/history/") {
            continue;
        }
        let mut report = |word: &str, message: String| {
            findings.push(Finding::new(path, line_of(file, word), message));
        };
        match serde_json::from_str::<Value>(&file.text) {
            Ok(schema) => {
                event(&schema, &mut report);
                named(&schema, &mut report);
            }
            Err(error) => report("", format!("not JSON: {error}")),
        }
    }
    findings
}

fn line_of(file: &File, word: &str) -> usize {
    let quoted = format!("\"{word}\"");
    file.lines().find(|(_, text)| text.contains(&quoted)).map_or(1, |(line, _)| line)
}

/// What an event says beside its fields.
fn event(schema: &Value, report: &mut impl FnMut(&str, String)) {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    let is_name =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    match text("topic").map(|topic| topic.split('.').collect::<Vec<_>>()) {
        Some(parts) if parts.len() == 2 && parts.iter().all(|part| is_name(part)) => {}
        _ => report("topic", "an event has a topic: family.plural".to_owned()),
    }
    if !matches!(text("cleanup"), Some("delete" | "compact")) {
        report("cleanup", "cleanup is delete or compact".to_owned());
    }
    let names = || schema["fields"].as_array().into_iter().flatten();
    let has = |name: &str| names().any(|field| field["name"] == name);
    match text("key") {
        None => report("key", "an event has a key: the fields that order is kept by".to_owned()),
        Some(key) => {
            for part in key.split('|').filter(|part| !has(part)) {
                report("key", format!("the key names {part:?}, which is no field"));
            }
        }
    }
    for name in ["event_id", "source", "event_time", "received_time"] {
        if !has(name) {
            report("fields", format!("every event has the field {name:?}"));
        }
    }
}

/// Docs of a named type, its fields and the types within.
fn named(schema: &Value, report: &mut impl FnMut(&str, String)) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| named(branch, report)),
        Value::Object(object) => {
            let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
            let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
            if matches!(kind, "record" | "enum") && !has_sentence(schema) {
                report(name, format!("{name} has no doc: a sentence that ends with a full stop"));
            }
            for field in object.get("fields").and_then(Value::as_array).into_iter().flatten() {
                let name = field["name"].as_str().unwrap_or_default();
                if !has_sentence(field) {
                    let message = format!("the field {name:?} has no doc: say what it holds");
                    report(name, message);
                }
                named(&field["type"], report);
            }
            for inner in ["items", "values"] {
                object.get(inner).into_iter().for_each(|inner| named(inner, report));
            }
            if object.get("type").is_some_and(|inner| !inner.is_string()) {
                named(&object["type"], report);
            }
        }
        _ => {}
    }
}

fn has_sentence(schema: &Value) -> bool {
    let doc = schema.get("doc").and_then(Value::as_str).unwrap_or_default().trim();
    doc.len() > 3 && doc.ends_with(['.', '!', '?', ')'])
}
