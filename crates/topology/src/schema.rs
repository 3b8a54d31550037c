//! Reading JSON Schemas: references, merged keywords, alternatives.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// References and alternatives followed for one value. A schema that needs more contains itself.
const MAX_HOPS: usize = 16;

/// The schema with its `$ref` and `allOf` written out. What cannot be resolved allows everything,
/// so that serde decides.
pub(crate) fn resolve<'s>(root: &'s Value, schema: &'s Value) -> Cow<'s, Value> {
    let mut schema = Cow::Borrowed(schema);
    for _ in 0..MAX_HOPS {
        let Some(object) = schema.as_object() else { return schema };
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let target = target(root, reference).unwrap_or(&Value::Bool(true));
            if object.keys().all(|key| key == "$ref") {
                schema = Cow::Borrowed(target);
            } else {
                schema = Cow::Owned(merge(&without(object, "$ref"), target));
            }
        } else if let Some(parts) = object.get("allOf").and_then(Value::as_array) {
            let start = without(object, "allOf");
            schema = Cow::Owned(parts.iter().fold(start, |all, part| merge(&all, part)));
        } else {
            return schema;
        }
    }
    Cow::Owned(Value::Bool(true))
}

/// The alternatives of an `anyOf` or `oneOf`, each completed with what stands beside it.
pub(crate) fn alternatives(root: &Value, schema: &Value) -> Option<Vec<Value>> {
    alternatives_within(MAX_HOPS, root, schema)
}

fn alternatives_within(depth: usize, root: &Value, schema: &Value) -> Option<Vec<Value>> {
    let key = ["anyOf", "oneOf"].into_iter().find(|key| schema.get(*key).is_some())?;
    let mut rest = without(schema.as_object()?, key);
    if let Some(rest) = rest.as_object_mut() {
        for note in ["description", "title", "default", "$schema", "$defs"] {
            rest.remove(note);
        }
    }
    let mut all = Vec::new();
    for alternative in schema.get(key)?.as_array()? {
        let merged = merge(&resolve(root, alternative), &rest);
        let nested = depth.checked_sub(1).and_then(|d| alternatives_within(d, root, &merged));
        match nested {
            Some(nested) => all.extend(nested),
            None => all.push(merged),
        }
    }
    Some(all)
}

/// The properties of an object schema with their schemas.
pub(crate) fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// The names of the fields that must be given.
pub(crate) fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Whether the schema's author marked the value as secret.
pub(crate) fn is_secret(schema: &Value) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true))
        || schema.get("format").is_some_and(|format| format == "password")
}

fn target<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    root.pointer(reference.strip_prefix('#')?)
}

fn without(object: &Map<String, Value>, key: &str) -> Value {
    let mut rest = object.clone();
    rest.remove(key);
    Value::Object(rest)
}

/// Both schemas at once; where both say something that cannot be joined, the first speaks.
fn merge(first: &Value, second: &Value) -> Value {
    let (Some(first), Some(second)) = (first.as_object(), second.as_object()) else {
        return if first.is_object() { first.clone() } else { second.clone() };
    };
    let mut merged = first.clone();
    for (key, value) in second {
        match (merged.get_mut(key), value) {
            (Some(Value::Object(ours)), Value::Object(theirs)) if key == "properties" => {
                for (name, schema) in theirs {
                    ours.entry(name).or_insert_with(|| schema.clone());
                }
            }
            (Some(Value::Array(ours)), Value::Array(theirs)) if key == "required" => {
                ours.extend(theirs.iter().cloned());
            }
            (Some(_), _) => {}
            (None, _) => {
                merged.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(merged)
}
