//! Settings read out of a JSON schema.

use serde_json::Value;

/// Mappings within mappings that are written out; deeper ones are named by their type.
const MAX_DEPTH: usize = 4;

/// One setting of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// Name with the names above it, joined by dots.
    pub name: String,
    pub kind: String,
    /// `None` when it must be given.
    pub default: Option<String>,
    pub doc: String,
    /// Values it may have, each with its sentence.
    pub choices: Vec<(String, String)>,
}

/// Every setting of a schema, those within others after them.
pub(super) fn settings(root: &Value) -> Vec<Setting> {
    let mut found = Vec::new();
    collect(root, root, "", MAX_DEPTH, &mut found);
    found
}

/// A schema with its reference followed; what stands beside the reference wins.
pub(super) fn resolve(root: &Value, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(only) = schema.get("allOf").and_then(Value::as_array).filter(|all| all.len() == 1) {
        schema = beside(&schema, "allOf", &only[0]);
    }
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
    match reference.and_then(|pointer| root.pointer(pointer)) {
        Some(target) => resolve(root, &beside(&schema, "$ref", target)),
        None => schema,
    }
}

fn beside(schema: &Value, key: &str, target: &Value) -> Value {
    let mut merged = target.as_object().cloned().unwrap_or_default();
    for (name, value) in schema.as_object().into_iter().flatten().filter(|(name, _)| *name != key) {
        merged.insert(name.clone(), value.clone());
    }
    merged.into()
}

/// The schema without the alternative `null`, and whether there was one.
pub(super) fn without_null(root: &Value, schema: &Value) -> (Value, bool) {
    let schema = resolve(root, schema);
    if let Some(types) = schema.get("type").and_then(Value::as_array)
        && types.iter().any(|name| name == "null")
    {
        let rest: Vec<_> = types.iter().filter(|name| *name != "null").cloned().collect();
        let mut schema = schema.clone();
        schema["type"] = match rest.as_slice() {
            [one] => one.clone(),
            _ => rest.into(),
        };
        return (schema, true);
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        let rest: Vec<_> = any.iter().filter(|one| one["type"] != "null").collect();
        if let [one] = rest.as_slice() {
            let is_optional = any.len() > 1;
            return (resolve(root, &beside(&schema, "anyOf", one)), is_optional);
        }
    }
    (schema, false)
}

pub(super) fn required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name))
}

fn collect(root: &Value, schema: &Value, above: &str, depth: usize, found: &mut Vec<Setting>) {
    let (schema, _) = without_null(root, schema);
    for (key, own) in schema["properties"].as_object().into_iter().flatten() {
        let (inner, is_optional) = without_null(root, own);
        let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        let given = own.get("default").or_else(|| inner.get("default"));
        let default = match given {
            _ if required(&schema, key) => None,
            Some(value) if !value.is_null() => Some(written(value)),
            _ if is_optional || given.is_some() => Some("none".to_owned()),
            // Its type cannot be serialized, so the schema does not know the default.
            _ => Some("optional".to_owned()),
        };
        let has_inside = depth > 0 && inner["properties"].is_object();
        let default = match default {
            // The table goes on with the settings inside, each with its own default.
            Some(_) if has_inside && !is_optional => Some(String::new()),
            default => default,
        };
        found.push(Setting {
            kind: kind(root, &inner),
            default,
            doc: doc(own).or_else(|| doc(&inner)).unwrap_or_default(),
            choices: choices(&inner),
            name: name.clone(),
        });
        if depth == 0 {
            continue;
        }
        collect(root, &inner, &name, depth - 1, found);
        for (tag, shape) in tagged(root, &inner) {
            collect(root, &shape, &format!("{name} ({tag})"), depth - 1, found);
        }
        for (inside, suffix) in [("items", "[]"), ("additionalProperties", ".NAME")] {
            if inner[inside].is_object() {
                collect(root, &inner[inside], &format!("{name}{suffix}"), depth - 1, found);
            }
        }
    }
}

/// The shapes of a mapping that says by a constant of its own which one it has, by that constant.
/// The settings within a shape's own alternatives stand beside it.
fn tagged(root: &Value, schema: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for shape in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        let mut shape = resolve(root, shape);
        let Some(properties) = shape.get_mut("properties").and_then(Value::as_object_mut) else {
            return Vec::new();
        };
        let is_tag = |property: &Value| property.get("const").is_some_and(Value::is_string);
        let Some(name) = properties.iter().find(|(_, p)| is_tag(p)).map(|(name, _)| name.clone())
        else {
            return Vec::new();
        };
        let tag = properties.remove(&name).and_then(|p| p["const"].as_str().map(str::to_owned));
        for property in properties.values_mut() {
            *property = with_outer_keys(root, property);
        }
        found.push((tag.unwrap_or_default(), shape));
    }
    found
}

/// A choice that is named by an outer key, as a mapping of those keys.
fn with_outer_keys(root: &Value, property: &Value) -> Value {
    let (inner, _) = without_null(root, property);
    let mut keys = serde_json::Map::new();
    for shape in inner.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        for (key, own) in shape["properties"].as_object().into_iter().flatten() {
            let mut own = own.clone();
            if doc(&resolve(root, &own)).is_none() {
                own["description"] = shape["description"].clone();
            }
            keys.insert(key.clone(), own);
        }
    }
    let mut property = property.clone();
    if !keys.is_empty() {
        let properties = serde_json::json!({ "properties": keys });
        property = beside(&property, "properties", &properties);
    }
    property
}

fn doc(schema: &Value) -> Option<String> {
    let text = schema.get("description").and_then(Value::as_str)?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A default as a user would write it.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A type in words.
fn kind(root: &Value, schema: &Value) -> String {
    let (schema, _) = without_null(root, schema);
    let format = schema["format"].as_str().unwrap_or_default();
    if !choices(&schema).is_empty() {
        return "one of".to_owned();
    }
    match (schema["type"].as_str(), format) {
        (Some("string"), "uri") => "URL".to_owned(),
        (Some("string"), "password") => "secret".to_owned(),
        (Some("string"), "date") => "date".to_owned(),
        (Some("string"), "date-time") => "time".to_owned(),
        (Some("string"), _) => "text".to_owned(),
        (Some("boolean"), _) => "true or false".to_owned(),
        (Some("integer"), _) => format!("whole number{}", limits(&schema)),
        (Some("number"), _) => format!("number{}", limits(&schema)),
        (Some("array"), _) => format!("list of {}", kind(root, &schema["items"])),
        (Some("object"), _) if schema["additionalProperties"].is_object() => {
            format!("mapping to {}", kind(root, &schema["additionalProperties"]))
        }
        (Some("object"), _) => "mapping".to_owned(),
        (None, _) if !tagged(root, &schema).is_empty() => "mapping, by its type".to_owned(),
        (None, _) if schema["type"].is_array() => {
            let types = schema["type"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let names = types.map(|name| if name == "string" { "text" } else { name });
            names.collect::<Vec<_>>().join(" or ")
        }
        (None, _) if schema.get("anyOf").is_some() || schema.get("oneOf").is_some() => {
            let all = schema.get("anyOf").or_else(|| schema.get("oneOf"));
            let all = all.and_then(Value::as_array).into_iter().flatten();
            all.map(|one| kind(root, one)).collect::<Vec<_>>().join(" or ")
        }
        _ => "anything".to_owned(),
    }
}

fn limits(schema: &Value) -> String {
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Null, Value::Null) => String::new(),
        (least, Value::Null) if *least == 0 => String::new(),
        (least, Value::Null) => format!(", at least {least}"),
        (Value::Null, most) => format!(", at most {most}"),
        (least, most) => format!(", {least} to {most}"),
    }
}

/// The values of a closed set with their sentences.
pub(super) fn choices(schema: &Value) -> Vec<(String, String)> {
    let name = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(constant) = schema.get("const") {
        return vec![(name(constant), doc(schema).unwrap_or_default())];
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(|value| (name(value), String::new())).collect();
    }
    let Some(all) = schema.get("oneOf").and_then(Value::as_array) else { return Vec::new() };
    let mut found = Vec::new();
    for one in all {
        let mut inner = choices(one);
        if inner.is_empty() {
            return Vec::new(); // not a closed set of names
        }
        if let [(_, sentence)] = inner.as_mut_slice() {
            *sentence = doc(one).unwrap_or_default();
        }
        found.extend(inner);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_setting_is_told() {
        let schema = json!({
            "type": "object",
            "required": ["url", "keys"],
            "properties": {
                "url": { "type": "string", "format": "uri", "description": "Where it\nanswers." },
                "poll_secs": { "type": "integer", "minimum": 1, "default": 5 },
                "mode": { "$ref": "#/$defs/Mode", "description": "How.", "default": "fast" },
                "since": { "type": ["string", "null"], "format": "date", "default": null },
                "keys": { "$ref": "#/$defs/Keys" },
                "more": { "anyOf": [{ "$ref": "#/$defs/Keys" }, { "type": "null" }] },
                "limits": { "type": "object", "additionalProperties": { "type": "number" } },
                "symbols": { "type": "array", "items": { "type": "string" }, "default": [] },
                "who": { "description": "Who.", "oneOf": [
                    { "type": "object", "properties": { "type": { "const": "none" } } },
                    { "type": "object", "properties": {
                        "type": { "const": "code" },
                        "grant": { "description": "How.", "oneOf": [
                            { "const": "now" },
                            { "type": "object", "description": "Then.", "properties": {
                                "later": { "type": "string" },
                            } },
                        ] },
                    } },
                ] },
            },
            "$defs": {
                "Mode": { "oneOf": [
                    { "const": "fast", "description": "At once." },
                    { "enum": ["slow", "late"] },
                ] },
                "Keys": {
                    "type": "object", "description": "The keys.", "required": ["secret"],
                    "properties": { "secret": { "type": "string", "format": "password" } },
                },
            },
        });
        let found = settings(&schema);
        let row = |name: &str| {
            let setting = found.iter().find(|setting| setting.name == name).unwrap();
            (setting.kind.as_str(), setting.default.as_deref(), setting.doc.as_str())
        };
        assert_eq!(row("url"), ("URL", None, "Where it answers."));
        assert_eq!(row("poll_secs"), ("whole number, at least 1", Some("5"), ""));
        assert_eq!(row("mode"), ("one of", Some("fast"), "How."));
        assert_eq!(row("since"), ("date", Some("none"), ""));
        assert_eq!(row("keys"), ("mapping", None, "The keys."));
        assert_eq!(row("keys.secret"), ("secret", None, ""));
        assert_eq!(row("more"), ("mapping", Some("none"), "The keys."));
        assert_eq!(row("more.secret"), ("secret", None, ""));
        assert_eq!(row("limits"), ("mapping to number", Some("optional"), ""));
        assert_eq!(row("symbols"), ("list of text", Some("[]"), ""));
        assert_eq!(row("who"), ("mapping, by its type", Some("optional"), "Who."));
        assert_eq!(row("who (code).grant.later"), ("text", Some("optional"), "Then."));
        assert!(!found.iter().any(|setting| setting.name.ends_with(".type")), "{found:?}");
        let mode = found.iter().find(|setting| setting.name == "mode").unwrap();
        let names: Vec<_> = mode.choices.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["fast", "slow", "late"]);
        assert_eq!(mode.choices[0].1, "At once.");
    }
}
