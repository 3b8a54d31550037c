//! Avro schemas as text: what is valid, and which texts mean the same.

use std::collections::HashMap;
use std::fmt::Write;

use apache_avro::Schema;
use serde_json::{Map, Value};

const PRIMITIVES: [&str; 8] =
    ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// A valid schema with the definitions of all that it refers to.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub root: Schema,
    references: Vec<Schema>,
}

impl Parsed {
    /// Checks a schema. `references` are the texts that define the names it does not define
    /// itself, in any order.
    pub fn new(text: &str, references: &[String]) -> Result<Parsed, String> {
        let parsed = Schema::parse_str_with_list(text, references);
        let (root, references) = parsed.map_err(|error| error.to_string())?;
        Ok(Parsed { root, references })
    }

    /// Every named type, by its full name.
    pub fn names(&self) -> HashMap<String, &Schema> {
        let mut names = HashMap::new();
        let mut left: Vec<&Schema> = self.references.iter().chain([&self.root]).collect();
        while let Some(schema) = left.pop() {
            match schema {
                Schema::Ref { .. } => continue,
                Schema::Record(record) => left.extend(record.fields.iter().map(|f| &f.schema)),
                Schema::Union(union) => left.extend(union.variants()),
                Schema::Array(array) => left.push(&array.items),
                Schema::Map(map) => left.push(&map.types),
                _ => {}
            }
            if let Some(name) = schema.name() {
                names.insert(name.fullname(None), schema);
            }
        }
        names
    }
}

/// One text for all spellings of a schema: no spaces, attributes in the order in which Avro's own
/// Java library writes them, names as short as they can be. Documentation and all other
/// attributes stay, since consumers may read them.
pub(crate) fn canonical(text: &str) -> Result<String, String> {
    let value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut out = String::with_capacity(text.len());
    write_schema(&value, "", &mut out);
    Ok(out)
}

fn write_schema(schema: &Value, space: &str, out: &mut String) {
    match schema {
        Value::String(name) if PRIMITIVES.contains(&name.as_str()) => write_text(name, out),
        Value::String(name) => write_text(&shortest(name, space), out),
        Value::Array(branches) => write_list(branches, out, |branch, out| {
            write_schema(branch, space, out);
        }),
        Value::Object(object) => write_object(object, space, out),
        other => write_json(other, out),
    }
}

fn write_object(object: &Map<String, Value>, space: &str, out: &mut String) {
    match object.get("type") {
        Some(Value::String(kind)) => match kind.as_str() {
            "record" | "error" | "enum" | "fixed" => write_named(kind, object, space, out),
            "array" => write_container("array", "items", object, space, out),
            "map" => write_container("map", "values", object, space, out),
            _ => write_annotated(object, space, out),
        },
        _ => write_annotated(object, space, out),
    }
}

/// `{"type": "bytes", "logicalType": …}`; without attributes it is the type alone.
fn write_annotated(object: &Map<String, Value>, space: &str, out: &mut String) {
    let Some(kind) = object.get("type") else { return write_json_object(object, out) };
    if object.len() == 1 {
        return write_schema(kind, space, out);
    }
    out.push_str("{\"type\":");
    write_schema(kind, space, out);
    write_rest(object, &["type"], out);
    out.push('}');
}

fn write_container(
    kind: &str,
    inner: &str,
    object: &Map<String, Value>,
    space: &str,
    out: &mut String,
) {
    write!(out, "{{\"type\":\"{kind}\",\"{inner}\":").expect("a String takes all");
    write_schema(object.get(inner).unwrap_or(&Value::Null), space, out);
    write_rest(object, &["type", inner], out);
    out.push('}');
}

fn write_named(kind: &str, object: &Map<String, Value>, outer: &str, out: &mut String) {
    let (space, name) = full_name(object, outer);
    out.push_str("{\"type\":");
    write_text(kind, out);
    out.push_str(",\"name\":");
    write_text(name, out);
    if space != outer {
        out.push_str(",\"namespace\":");
        write_text(space, out);
    }
    write_if_text(object, "doc", out);
    if let Some(Value::Array(fields)) = object.get("fields") {
        out.push_str(",\"fields\":");
        write_list(fields, out, |field, out| write_field(field, space, out));
    }
    for key in ["symbols", "size", "default"] {
        write_if_there(object, key, out);
    }
    write_aliases(object, space, out);
    const WRITTEN: [&str; 9] =
        ["type", "name", "namespace", "doc", "fields", "symbols", "size", "default", "aliases"];
    write_rest(object, &WRITTEN, out);
    out.push('}');
}

fn write_field(field: &Value, space: &str, out: &mut String) {
    let Value::Object(object) = field else { return write_json(field, out) };
    out.push_str("{\"name\":");
    write_json(object.get("name").unwrap_or(&Value::Null), out);
    out.push_str(",\"type\":");
    write_schema(object.get("type").unwrap_or(&Value::Null), space, out);
    write_if_text(object, "doc", out);
    write_if_there(object, "default", out);
    if object.get("order").is_some_and(|order| order != "ascending") {
        write_if_there(object, "order", out);
    }
    write_aliases(object, "", out);
    write_rest(object, &["name", "type", "doc", "default", "order", "aliases"], out);
    out.push('}');
}

fn write_if_text(object: &Map<String, Value>, key: &str, out: &mut String) {
    if object.get(key).is_some_and(Value::is_string) {
        write_if_there(object, key, out);
    }
}

/// `space` is empty for the aliases of a field, which have no namespace.
fn write_aliases(object: &Map<String, Value>, space: &str, out: &mut String) {
    let Some(Value::Array(aliases)) = object.get("aliases") else { return };
    if aliases.is_empty() {
        return;
    }
    out.push_str(",\"aliases\":");
    write_list(aliases, out, |alias, out| match alias {
        Value::String(name) => write_text(&shortest(name, space), out),
        other => write_json(other, out),
    });
}

fn write_if_there(object: &Map<String, Value>, key: &str, out: &mut String) {
    if let Some(value) = object.get(key) {
        out.push(',');
        write_text(key, out);
        out.push(':');
        write_json(value, out);
    }
}

/// Namespace and name of a definition: of a dotted name, else as declared, else as around it.
fn full_name<'a>(object: &'a Map<String, Value>, outer: &'a str) -> (&'a str, &'a str) {
    let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
    let declared = object.get("namespace").and_then(Value::as_str);
    name.rsplit_once('.').unwrap_or((declared.unwrap_or(outer), name))
}

/// A name of the namespace around it needs no namespace, unless it would read as a primitive.
fn shortest(name: &str, space: &str) -> String {
    match name.rsplit_once('.') {
        Some((own, short)) if own == space && !PRIMITIVES.contains(&short) => short.to_owned(),
        _ => name.to_owned(),
    }
}

fn write_rest(object: &Map<String, Value>, written: &[&str], out: &mut String) {
    let mut keys: Vec<&String> =
        object.keys().filter(|key| !written.contains(&key.as_str())).collect();
    keys.sort();
    for key in keys {
        write_if_there(object, key, out);
    }
}

fn write_list(items: &[Value], out: &mut String, mut each: impl FnMut(&Value, &mut String)) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(']');
}

/// Plain JSON with sorted keys, whatever order the JSON library keeps.
fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => write_list(items, out, write_json),
        Value::Object(object) => write_json_object(object, out),
        other => out.push_str(&other.to_string()),
    }
}

fn write_json_object(object: &Map<String, Value>, out: &mut String) {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    out.push('{');
    for (at, (key, value)) in entries.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(key, out);
        out.push(':');
        write_json(value, out);
    }
    out.push('}');
}

fn write_text(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_all_spellings() {
        let check = |text: &str, expected: &str| assert_eq!(canonical(text).unwrap(), expected);
        check(" \"string\" ", r#""string""#);
        check(r#"{"type":"string"}"#, r#""string""#);
        check(r#"["null",{"type":{"type":"long"}}]"#, r#"["null","long"]"#);
        check(
            r#"{"logicalType":"decimal","scale":2,"precision":9,"type":"bytes"}"#,
            r#"{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}"#,
        );
        check(
            r#"{"name":"a.b.Pair","doc":"two","type":"record","fields":[
                {"type":{"name":"Side","symbols":["L","R"],"type":"enum","namespace":"a.b"},
                 "name":"side","order":"ascending","default":"L"},
                {"type":{"type":"array","items":"a.b.Side"},"name":"sides","default":[]},
                {"name":"next","type":["null","a.b.Pair","other.Pair"],"aliases":[]}]}"#,
            concat!(
                r#"{"type":"record","name":"Pair","namespace":"a.b","doc":"two","fields":["#,
                r#"{"name":"side","type":{"type":"enum","name":"Side","symbols":["L","R"]},"#,
                r#""default":"L"},"#,
                r#"{"name":"sides","type":{"type":"array","items":"Side"},"default":[]},"#,
                r#"{"name":"next","type":["null","Pair","other.Pair"]}]}"#
            ),
        );
    }

    #[test]
    fn a_canonical_text_is_its_own() {
        let text = r#"{"type":"record","name":"A","namespace":"n","fields":[
            {"name":"b","type":{"type":"fixed","name":"B","namespace":"","size":4},"x":{"z":1,"y":2}}]}"#;
        let once = canonical(text).unwrap();
        assert_eq!(canonical(&once).unwrap(), once);
        assert!(once.contains(r#""name":"B","namespace":"","size":4"#), "{once}");
        assert!(once.contains(r#""x":{"y":2,"z":1}"#), "{once}");
        Parsed::new(&once, &[]).unwrap();
    }

    #[test]
    fn refuses_what_is_no_schema() {
        for text in ["", "{", "\"strin\"", r#"{"type":"record","name":"A"}"#, "12", "null"] {
            assert!(Parsed::new(text, &[]).is_err(), "{text}");
        }
        let deep = format!("{}\"int\"{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Parsed::new(&deep, &[]).is_err());
        assert!(canonical(&deep).is_err());
    }
}
