//! Settings as the reference pages list them.

use schemars::Schema;
use serde::Serialize;
use serde_json::Value;

use crate::schema::{alternatives, properties, required, resolve};
use crate::words::{choices, expected, types};

/// Settings nested deeper than this refer to themselves.
const MAX_DEPTH: usize = 6;

/// One setting of a reference page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// With the names above it: `connection.base_url`, `legs[].symbol`.
    pub name: String,
    /// In words: `a list of strings`.
    pub r#type: String,
    /// What it is when left out, where that is fixed. Never given for a secret.
    pub default: Option<Value>,
    /// The setting's own sentences.
    pub doc: String,
    /// Whether it must be given, where the setting above it is.
    pub required: bool,
}

/// Every setting that a schema describes, outer before inner, sorted by name.
pub fn settings_reference(schema: &Schema) -> Vec<Setting> {
    let root = schema.as_value();
    let mut settings = Vec::new();
    collect(root, root, "", 0, &mut settings);
    settings
}

fn collect(root: &Value, schema: &Value, prefix: &str, depth: usize, settings: &mut Vec<Setting>) {
    let schema = resolve(root, schema);
    for (name, property) in properties(&schema) {
        let resolved = resolve(root, property);
        let name_in_full = format!("{prefix}{name}");
        let note = |key: &str| property.get(key).or_else(|| resolved.get(key));
        let is_secret = crate::schema::is_secret(&resolved);
        settings.push(Setting {
            name: name_in_full.clone(),
            r#type: type_of(root, property),
            default: note("default").filter(|default| !default.is_null() && !is_secret).cloned(),
            doc: note("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            required: required(&schema).any(|required| required == name),
        });
        if depth < MAX_DEPTH {
            inner(root, &resolved, &name_in_full, depth + 1, settings);
        }
    }
}

/// The settings inside a setting, whichever of its shapes has any.
fn inner(root: &Value, schema: &Value, name: &str, depth: usize, settings: &mut Vec<Setting>) {
    let shapes = alternatives(root, schema).unwrap_or_else(|| vec![schema.clone()]);
    let start = settings.len();
    for shape in &shapes {
        if let Some(items) = shape.get("items") {
            collect(root, items, &format!("{name}[]."), depth, settings);
        } else {
            collect(root, shape, &format!("{name}."), depth, settings);
        }
        if let Some(others) = shape.get("additionalProperties").filter(|others| others.is_object())
        {
            collect(root, others, &format!("{name}.NAME."), depth, settings);
        }
    }
    // Alternatives may share a field: its first description stands.
    let mut seen = Vec::new();
    let mut index = 0;
    settings.retain(|setting| {
        index += 1;
        let is_new = index <= start || !seen.contains(&setting.name);
        seen.push(setting.name.clone());
        is_new
    });
}

fn type_of(root: &Value, schema: &Value) -> String {
    let in_words = expected(schema, &|schema| resolve(root, schema).into_owned());
    if !in_words.is_empty() {
        return in_words;
    }
    let resolved = resolve(root, schema);
    match choices(&resolved) {
        Some(choices) => choices.join(", "),
        None if types(&resolved).is_empty() => "anything".to_owned(),
        None => types(&resolved).join(" or "),
    }
}
