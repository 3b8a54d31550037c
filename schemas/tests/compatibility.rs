//! Today's schema of an event reads what every released version wrote: BACKWARD_TRANSITIVE.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use apache_avro::Schema;
use apache_avro::schema_compatibility::SchemaCompatibility;
use serde_json::Value;

const HISTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/history");

/// The released versions of an event with their numbers, oldest first.
fn released(folder: &Path) -> Vec<(u32, String)> {
    let mut versions = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let number = name.strip_suffix(".avsc").and_then(|stem| stem.parse().ok());
        let number: u32 = number.unwrap_or_else(|| panic!("{name}: not VERSION.avsc"));
        versions.push((number, fs::read_to_string(&path).unwrap()));
    }
    versions.sort();
    versions
}

/// Why `reader` cannot read what `writer` wrote.
fn refusal(writer: &str, reader: &str) -> Option<String> {
    let parse = |text: &str| Schema::parse_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let by_avro = SchemaCompatibility::can_read(&parse(writer), &parse(reader));
    let json = |text: &str| {
        let mut schema = serde_json::from_str(text).unwrap();
        write_out(&mut schema, &mut BTreeMap::new());
        schema
    };
    let by_us = || lost("", &json(writer), &json(reader));
    by_avro.err().map(|error| error.to_string()).or_else(by_us)
}

/// Puts the definition of a named type wherever its name stands.
fn write_out(schema: &mut Value, known: &mut BTreeMap<String, Value>) {
    if let Some(definition) = schema.as_str().and_then(|name| known.get(name)) {
        *schema = definition.clone();
        return;
    }
    let fields = schema.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten();
    fields.for_each(|field| write_out(&mut field["type"], known));
    for inside in ["type", "items", "values"] {
        schema.get_mut(inside).into_iter().for_each(|inner| write_out(inner, known));
    }
    schema.as_array_mut().into_iter().flatten().for_each(|branch| write_out(branch, known));
    if let Some(name) = schema.get("name").and_then(Value::as_str) {
        let full = format!("{}.{name}", schema["namespace"].as_str().unwrap_or("foliostream"));
        known.insert(name.to_owned(), schema.clone());
        known.insert(full, schema.clone());
    }
}

/// The first place where the writer may write a null or a symbol that the reader does not take.
/// apache-avro 0.22 lets both pass: it asks for one in common where Avro wants all of the writer's.
fn lost(path: &str, writer: &Value, reader: &Value) -> Option<String> {
    if let Value::Array(branches) = writer {
        let takes_null = reader == "null" || reader.as_array().is_some_and(|all| is_nullable(all));
        if is_nullable(branches) && !takes_null {
            return Some(format!("{path}: null was allowed"));
        }
        let other = |branches: &[Value]| branches.iter().find(|branch| *branch != "null").cloned();
        let reader = reader.as_array().map_or_else(|| Some(reader.clone()), |all| other(all));
        return lost(path, &other(branches)?, &reader?);
    }
    if let Value::Array(branches) = reader {
        return branches.iter().find_map(|branch| lost(path, writer, branch));
    }
    let symbols = |schema: &Value| schema["symbols"].as_array().cloned().unwrap_or_default();
    let taken = symbols(reader);
    if let Some(symbol) = symbols(writer).iter().find(|symbol| !taken.contains(symbol)) {
        return Some(format!("{path}: {symbol} was a symbol"));
    }
    let fields = |schema: &Value| schema["fields"].as_array().cloned().unwrap_or_default();
    let readers = fields(reader);
    for field in fields(writer) {
        let path = format!("{path}.{}", field["name"].as_str().unwrap());
        if let Some(own) = readers.iter().find(|own| own["name"] == field["name"])
            && let Some(lost) = lost(&path, &field["type"], &own["type"])
        {
            return Some(lost);
        }
    }
    let within = |key: &str| {
        let (writer, reader) = (writer.get(key)?, reader.get(key)?);
        lost(path, writer, reader)
    };
    within("items").or_else(|| within("values"))
}

fn is_nullable(branches: &[Value]) -> bool {
    branches.iter().any(|branch| branch == "null")
}

#[test]
fn every_released_version_can_still_be_read() {
    let mut problems = Vec::new();
    for entry in fs::read_dir(HISTORY).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap();
        let Some(schema) = schemas::by_name(name) else {
            problems.push(format!("{name} was released and is gone: its topic has readers"));
            continue;
        };
        for (index, (version, text)) in released(&folder).iter().enumerate() {
            if *version != index as u32 + 1 {
                problems.push(format!("{name}: version {} is missing", index + 1));
            }
            if let Some(reason) = refusal(text, schema.text) {
                problems.push(format!("{name} cannot read its version {version}: {reason}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_schema_reads_itself() {
    for schema in schemas::ALL {
        assert_eq!(refusal(schema.text, schema.text), None, "{}", schema.name);
    }
}

/// What the check must catch, and what it must let pass.
#[test]
fn the_check_knows_a_break_from_a_growth() {
    let record =
        |fields: &str| format!("{{\"type\": \"record\", \"name\": \"T\", \"fields\": [{fields}]}}");
    let field = |rest: &str| record(&format!("{{\"name\": \"a\", {rest}}}"));
    let decimal = |scale: u8| {
        field(&format!(
            "\"type\": {{\"type\": \"bytes\", \"logicalType\": \"decimal\", \"precision\": 38, \
             \"scale\": {scale}}}"
        ))
    };
    let kind = |symbols: &str| {
        field(&format!("\"type\": {{\"type\": \"enum\", \"name\": \"K\", \"symbols\": {symbols}}}"))
    };
    let within = |inner: &str| {
        let inner = format!("\"type\": {{\"type\": \"array\", \"items\": {inner}}}");
        record(&format!("{{\"name\": \"list\", {inner}}}")).replacen("\"T\"", "\"U\"", 1)
    };
    let (empty, long) = (record(""), field("\"type\": \"long\""));
    let optional = field("\"type\": [\"null\", \"long\"], \"default\": null");
    // The second field names the type that the first one defines.
    let twice = |symbols: &str| {
        let first = "{\"name\": \"o\", \"type\": \"long\"}, ";
        kind(symbols)
            .replacen('[', &format!("[{first}"), 1)
            .replace("}]}", "}, {\"name\": \"b\", \"type\": [\"null\", \"K\"]}]}")
    };
    for (what, old, new, is_readable) in [
        ("a new field with a default", &empty, &optional, true),
        ("a new field without a default", &empty, &long, false),
        ("a field taken out", &long, &empty, true),
        ("a field made optional", &long, &optional, true),
        ("a field made required", &optional, &long, false),
        ("a field made required within", &within(&optional), &within(&long), false),
        ("another type", &long, &field("\"type\": \"string\""), false),
        ("another scale", &decimal(18), &decimal(9), false),
        ("a new symbol", &kind("[\"x\"]"), &kind("[\"x\", \"y\"]"), true),
        ("a symbol taken out elsewhere", &twice("[\"x\", \"y\"]"), &twice("[\"x\"]"), false),
        ("a symbol taken out", &kind("[\"x\", \"y\"]"), &kind("[\"x\"]"), false),
    ] {
        assert_eq!(refusal(old, new).is_none(), is_readable, "{what}");
    }
}
