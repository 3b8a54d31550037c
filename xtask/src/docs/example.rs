//! The shortest topology that a component runs in.

use serde_json::Value;

use super::setting::{choices, required, without_null};

/// What must be given of a schema, as YAML; `true` when nothing must.
pub(super) fn minimum(root: &Value, prefix: &str, indent: usize) -> Option<String> {
    let lines = object(root, root, prefix, indent);
    (!lines.is_empty()).then(|| lines.concat())
}

fn object(root: &Value, schema: &Value, prefix: &str, indent: usize) -> Vec<String> {
    let (schema, _) = without_null(root, schema);
    let mut lines = Vec::new();
    for (name, own) in schema["properties"].as_object().into_iter().flatten() {
        if !required(&schema, name) {
            continue;
        }
        let (own, _) = without_null(root, own);
        let pad = " ".repeat(indent);
        if own["properties"].is_object() && own.get("examples").is_none() {
            let inner = object(root, &own, prefix, indent + 2);
            match inner.is_empty() {
                true => lines.push(format!("{pad}{name}: {{}}\n")),
                false => lines.push(format!("{pad}{name}:\n{}", inner.concat())),
            }
        } else {
            lines.push(format!("{pad}{name}: {}\n", value(root, name, &own, prefix)));
        }
    }
    lines
}

/// A value that fits the schema: its own example, or one made from its type and name.
fn value(root: &Value, name: &str, schema: &Value, prefix: &str) -> String {
    let (schema, _) = without_null(root, schema);
    if let Some(example) = schema["examples"].as_array().and_then(|all| all.first()) {
        return example.to_string();
    }
    if let Some((first, _)) = choices(&schema).first() {
        return first.clone();
    }
    let format = schema["format"].as_str().unwrap_or_default();
    match (schema["type"].as_str(), format) {
        (Some("string"), "password") => format!("\"${{{prefix}_{}}}\"", name.to_uppercase()),
        (Some("string"), "uri") => "https://example.com".to_owned(),
        (Some("string"), "date") => "\"2024-01-31\"".to_owned(),
        (Some("string"), _) if name == "root" => ".".to_owned(),
        (Some("string"), _) if matches!(name, "start" | "end" | "since" | "until") => {
            "\"2024-01-31\"".to_owned()
        }
        (Some("string"), _) => name.to_owned(),
        (Some("boolean"), _) => "true".to_owned(),
        (Some("integer" | "number"), _) => {
            schema.get("minimum").map_or("1".to_owned(), ToString::to_string)
        }
        (Some("array"), _) if matches!(name, "symbols" | "trades" | "quotes" | "bars") => {
            "[BAC, IBM]".to_owned()
        }
        (Some("array"), _) => format!("[{}]", value(root, name, &schema["items"], prefix)),
        _ => "{}".to_owned(),
    }
}
