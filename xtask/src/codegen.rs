//! Writes the Rust side of `schemas/*.avsc`: the structs of `model` and the codec of `avro`.
//!
//! The schemas are the source; nobody edits the output. `--check` fails when it is stale.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const HEAD: [&str; 4] = ["event_id", "source", "event_time", "received_time"];
const NOTICE: &str = "// Written by `cargo xtask codegen` from schemas/*.avsc. Change the schema, not this file.\n\n";

/// A named type of a schema, in the order in which it was first met.
enum Named {
    Record { doc: String, fields: Vec<Field>, event: Option<EventInfo> },
    Enum { doc: String, symbols: Vec<String> },
}

/// What makes a record an event.
struct EventInfo {
    topic: String,
    key: Vec<String>,
    cleanup: String,
}

struct Field {
    name: String,
    doc: String,
    ty: Ty,
}

enum Ty {
    Text,
    EventId,
    Instrument,
    Bool,
    Long,
    Bytes,
    Decimal,
    Timestamp,
    Date,
    Named(String),
    Option(Box<Ty>),
    Vec(Box<Ty>),
    Map(Box<Ty>),
}

/// Generates both files below `root`; with `check` only compares.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let mut names = Vec::new();
    let mut types = BTreeMap::new();
    let mut paths: Vec<_> = fs::read_dir(root.join("schemas"))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "avsc"))
        .collect();
    paths.sort();
    for path in &paths {
        let text = fs::read_to_string(path)?;
        let json: Value =
            serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
        read_type(&json, "", &mut names, &mut types)
            .with_context(|| format!("{}", path.display()))?;
    }
    let events: Vec<&String> = names
        .iter()
        .filter(|n| matches!(&types[*n], Named::Record { event: Some(_), .. }))
        .collect();
    write(root, "crates/model/src/events.rs", &model(&names, &types, &events)?, check)?;
    write(root, "crates/avro/src/codec.rs", &codec(&names, &types, &events)?, check)
}

fn write(root: &Path, path: &str, text: &str, check: bool) -> Result<()> {
    let path = root.join(path);
    let text = rustfmt(text)?;
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if check {
        bail!("{} is stale: run `cargo xtask codegen`", path.display());
    }
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

fn rustfmt(text: &str) -> Result<String> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=100,use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("running rustfmt")?;
    child.stdin.take().context("rustfmt has no stdin")?.write_all(text.as_bytes())?;
    let out = child.wait_with_output()?;
    if !out.status.success() {
        bail!("rustfmt refused the generated code");
    }
    Ok(String::from_utf8(out.stdout)?)
}

fn read_type(
    json: &Value,
    field: &str,
    names: &mut Vec<String>,
    types: &mut BTreeMap<String, Named>,
) -> Result<Ty> {
    match json {
        Value::String(name) => primitive(name, field),
        Value::Array(branches) => match branches.as_slice() {
            [null, other] if null == "null" => {
                Ok(Ty::Option(Box::new(read_type(other, field, names, types)?)))
            }
            _ => bail!("field {field:?}: only [\"null\", type] unions are used here"),
        },
        Value::Object(object) => {
            let kind = object["type"].as_str().unwrap_or_default();
            let logical = object.get("logicalType").and_then(Value::as_str).unwrap_or_default();
            match (kind, logical) {
                ("record", _) => read_record(json, names, types),
                ("enum", _) => read_enum(json, names, types),
                ("array", _) => {
                    Ok(Ty::Vec(Box::new(read_type(&json["items"], field, names, types)?)))
                }
                ("map", _) => {
                    Ok(Ty::Map(Box::new(read_type(&json["values"], field, names, types)?)))
                }
                ("bytes", "decimal") => Ok(Ty::Decimal),
                ("long", "timestamp-nanos") => Ok(Ty::Timestamp),
                ("int", "date") => Ok(Ty::Date),
                other => bail!("field {field:?}: no Rust type for {other:?}"),
            }
        }
        other => bail!("field {field:?}: not a schema: {other}"),
    }
}

fn primitive(name: &str, field: &str) -> Result<Ty> {
    Ok(match name {
        "string" if field == "event_id" => Ty::EventId,
        "string" if matches!(field, "instrument" | "new_instrument" | "instruments") => {
            Ty::Instrument
        }
        "string" => Ty::Text,
        "boolean" => Ty::Bool,
        "long" => Ty::Long,
        "bytes" => Ty::Bytes,
        named => match named.strip_prefix("foliostream.") {
            Some(short) => Ty::Named(short.to_owned()),
            None => bail!("field {field:?}: no Rust type for {named:?}"),
        },
    })
}

fn read_record(
    json: &Value,
    names: &mut Vec<String>,
    types: &mut BTreeMap<String, Named>,
) -> Result<Ty> {
    let name = text(json, "name")?;
    let mut fields = Vec::new();
    for field in json["fields"].as_array().context("a record without fields")? {
        let field_name = text(field, "name")?;
        let ty = read_type(&field["type"], &field_name, names, types)?;
        fields.push(Field { name: field_name, doc: text(field, "doc")?, ty });
    }
    let event = json.get("topic").map(|_| -> Result<EventInfo> {
        Ok(EventInfo {
            topic: text(json, "topic")?,
            key: text(json, "key")?.split('|').map(str::to_owned).collect(),
            cleanup: text(json, "cleanup")?,
        })
    });
    let record = Named::Record { doc: text(json, "doc")?, fields, event: event.transpose()? };
    if types.insert(name.clone(), record).is_none() {
        names.push(name.clone());
    }
    Ok(Ty::Named(name))
}

fn read_enum(
    json: &Value,
    names: &mut Vec<String>,
    types: &mut BTreeMap<String, Named>,
) -> Result<Ty> {
    let name = text(json, "name")?;
    let symbols = json["symbols"]
        .as_array()
        .context("an enum without symbols")?
        .iter()
        .filter_map(|s| s.as_str().map(str::to_owned))
        .collect();
    if types.insert(name.clone(), Named::Enum { doc: text(json, "doc")?, symbols }).is_none() {
        names.push(name.clone());
    }
    Ok(Ty::Named(name))
}

fn text(json: &Value, key: &str) -> Result<String> {
    json.get(key)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("{} has no {key:?}", json["name"]))
}

fn rust_type(ty: &Ty) -> String {
    match ty {
        Ty::Text => "Text".into(),
        Ty::EventId => "EventId".into(),
        Ty::Instrument => "InstrumentId".into(),
        Ty::Bool => "bool".into(),
        Ty::Long => "i64".into(),
        Ty::Bytes => "Vec<u8>".into(),
        Ty::Decimal => "Decimal".into(),
        Ty::Timestamp => "Timestamp".into(),
        Ty::Date => "Date".into(),
        Ty::Named(name) => name.clone(),
        Ty::Option(inner) => format!("Option<{}>", rust_type(inner)),
        Ty::Vec(inner) => format!("Vec<{}>", rust_type(inner)),
        Ty::Map(inner) => format!("BTreeMap<Text, {}>", rust_type(inner)),
    }
}

/// What a field holds, as an expression.
fn field_kind(ty: &Ty, types: &BTreeMap<String, Named>) -> String {
    let of = |kind: &str, inner: &Ty| format!("FieldKind::{kind}(&{})", field_kind(inner, types));
    match ty {
        Ty::Named(name) => match &types[name] {
            Named::Record { .. } => format!("FieldKind::Record({name}::FIELDS)"),
            Named::Enum { symbols, .. } => format!("FieldKind::Symbol(&{symbols:?})"),
        },
        Ty::Option(inner) => of("Optional", inner),
        Ty::Vec(inner) => of("List", inner),
        Ty::Map(inner) => of("Map", inner),
        Ty::Text => "FieldKind::Text".into(),
        Ty::EventId => "FieldKind::EventId".into(),
        Ty::Instrument => "FieldKind::Instrument".into(),
        Ty::Bool => "FieldKind::Bool".into(),
        Ty::Long => "FieldKind::Long".into(),
        Ty::Bytes => "FieldKind::Bytes".into(),
        Ty::Decimal => "FieldKind::Decimal".into(),
        Ty::Timestamp => "FieldKind::Timestamp".into(),
        Ty::Date => "FieldKind::Date".into(),
    }
}

fn pascal(symbol: &str) -> String {
    symbol
        .split('_')
        .map(|part| {
            let mut chars = part.chars();
            chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
        })
        .collect()
}

fn model(names: &[String], types: &BTreeMap<String, Named>, events: &[&String]) -> Result<String> {
    let mut out = String::from("//! The events and the words they are made of.\n\n");
    out.push_str(NOTICE);
    out.push_str(
        "use std::collections::BTreeMap;\n\nuse rust_decimal::Decimal;\nuse serde::{Deserialize, \
         Deserializer, Serialize};\n\nuse crate::{Date, FieldInfo, FieldKind, Head, InstrumentId, \
         Text, Timestamp};\n\n",
    );
    model_event_enum(&mut out, types, events)?;
    for name in names {
        match &types[name] {
            Named::Record { .. } => model_record(&mut out, types, name)?,
            Named::Enum { doc, symbols } => model_enum(&mut out, name, doc, symbols)?,
        }
    }
    Ok(out)
}

fn model_record(out: &mut String, types: &BTreeMap<String, Named>, name: &str) -> Result<()> {
    let Named::Record { doc, fields, event } = &types[name] else { return Ok(()) };
    let event = event.is_some();
    writeln!(out, "/// {doc}")?;
    writeln!(out, "#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]")?;
    writeln!(out, "pub struct {name} {{")?;
    if event {
        writeln!(out, "/// The fields that every event starts with.")?;
        writeln!(out, "#[serde(flatten)]\npub head: Head,")?;
    }
    for field in fields.iter().filter(|f| !(event && HEAD.contains(&f.name.as_str()))) {
        writeln!(out, "/// {}\npub {}: {},", field.doc, field.name, rust_type(&field.ty))?;
    }
    writeln!(out, "}}\n\nimpl {name} {{\n/// Its fields, in the order of the schema.")?;
    writeln!(out, "pub const FIELDS: &'static [FieldInfo] = &[")?;
    for field in fields {
        let kind = field_kind(&field.ty, types);
        writeln!(out, "FieldInfo {{ name: {:?}, kind: {kind} }},", field.name)?;
    }
    writeln!(out, "];")?;
    if event {
        model_blank(out, types, fields)?;
    }
    writeln!(out, "}}\n")?;
    if event {
        writeln!(
            out,
            "impl From<{name}> for Event {{ fn from(event: {name}) -> Self {{ \
             Event::{name}(Box::new(event)) }} }}\n"
        )?;
    }
    Ok(())
}

/// The start of an event whose other fields most vendors leave open. What has no empty value, such
/// as a side, must be said.
fn model_blank(out: &mut String, types: &BTreeMap<String, Named>, fields: &[Field]) -> Result<()> {
    let mut said = String::new();
    let mut rest = String::new();
    for Field { name, ty, .. } in fields.iter().filter(|f| !HEAD.contains(&f.name.as_str())) {
        match ty {
            Ty::Named(kind) => {
                write!(said, ", {name}: {kind}")?;
                writeln!(rest, "{name},")?;
            }
            ty => writeln!(rest, "{name}: {},", empty(ty))?,
        }
    }
    let is_enum = |name: &String| matches!(types[name], Named::Enum { .. });
    let words = fields.iter().any(|f| matches!(&f.ty, Ty::Named(name) if is_enum(name)));
    let about = if words { "with this head and these words" } else { "with this head" };
    writeln!(out, "\n/// One {about} that says nothing else: for what is to be filled in.")?;
    writeln!(out, "pub fn blank(head: Head{said}) -> Self {{ Self {{ head, {rest} }} }}")?;
    Ok(())
}

/// What a field holds that says nothing, as an expression.
fn empty(ty: &Ty) -> &'static str {
    match ty {
        Ty::Text => "Text::default()",
        Ty::Instrument => "InstrumentId::default()",
        Ty::Bool => "false",
        Ty::Long => "0",
        Ty::Bytes | Ty::Vec(_) => "Vec::new()",
        Ty::Decimal => "Decimal::ZERO",
        Ty::Map(_) => "BTreeMap::new()",
        Ty::Option(_) => "None",
        Ty::EventId | Ty::Timestamp | Ty::Date | Ty::Named(_) => "Default::default()",
    }
}

fn model_enum(out: &mut String, name: &str, doc: &str, symbols: &[String]) -> Result<()> {
    writeln!(out, "/// {doc}")?;
    writeln!(
        out,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, \
         Deserialize)]\n#[serde(rename_all = \"snake_case\")]"
    )?;
    writeln!(out, "pub enum {name} {{")?;
    for symbol in symbols {
        writeln!(out, "/// `{symbol}`\n{},", pascal(symbol))?;
    }
    writeln!(out, "}}\n\nimpl {name} {{")?;
    writeln!(out, "/// Every symbol, in the order of the schema.")?;
    let all: Vec<_> = symbols.iter().map(|s| format!("Self::{}", pascal(s))).collect();
    writeln!(out, "pub const ALL: &'static [Self] = &[{}];\n", all.join(", "))?;
    writeln!(out, "/// The symbol as it is written in the schema.")?;
    writeln!(out, "pub fn as_str(self) -> &'static str {{ match self {{")?;
    for symbol in symbols {
        writeln!(out, "Self::{} => {symbol:?},", pascal(symbol))?;
    }
    writeln!(out, "}} }}\n}}\n")?;
    writeln!(
        out,
        "impl std::fmt::Display for {name} {{ fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> \
         std::fmt::Result {{ f.write_str(self.as_str()) }} }}\n"
    )?;
    Ok(())
}

fn model_event_enum(
    out: &mut String,
    types: &BTreeMap<String, Named>,
    events: &[&String],
) -> Result<()> {
    writeln!(out, "/// Any event of any topic.")?;
    writeln!(out, "#[derive(Clone, Debug, PartialEq, Serialize)]\n#[serde(untagged)]")?;
    writeln!(out, "#[allow(missing_docs)]\npub enum Event {{")?;
    for name in events {
        writeln!(out, "{name}(Box<{name}>),")?;
    }
    writeln!(out, "}}\n\n/// What is fixed about one kind of event.")?;
    writeln!(
        out,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub struct EventInfo {{\n/// Name of the \
         record in the schema.\npub name: &'static str,\n/// Topic it is published on, before any \
         prefix.\npub topic: &'static str,\n/// Fields that make the record's key, joined by \
         `|`; the first decides the partition.\npub key: &'static [&'static str],\n/// Whether \
         only the last record of a key is kept.\npub is_compacted: bool,\n/// Its fields, in the \
         order of the schema.\npub fields: &'static [FieldInfo],\n}}\n"
    )?;
    writeln!(out, "impl Event {{\n/// Every kind of event, in the order of the schema files.")?;
    writeln!(out, "pub const KINDS: &'static [EventInfo] = &[")?;
    for name in events {
        let Named::Record { event: Some(info), .. } = &types[*name] else { continue };
        writeln!(
            out,
            "EventInfo {{ name: {name:?}, topic: {:?}, key: &{:?}, is_compacted: {}, \
             fields: {name}::FIELDS }},",
            info.topic,
            info.key,
            info.cleanup == "compact"
        )?;
    }
    writeln!(out, "];\n")?;
    model_event_methods(out, types, events)?;
    writeln!(out, "}}\n")?;
    Ok(())
}

fn model_event_methods(
    out: &mut String,
    types: &BTreeMap<String, Named>,
    events: &[&String],
) -> Result<()> {
    writeln!(out, "/// What is fixed about this kind of event.")?;
    writeln!(out, "pub fn info(&self) -> &'static EventInfo {{ match self {{")?;
    for (index, name) in events.iter().enumerate() {
        writeln!(out, "Self::{name}(_) => &Self::KINDS[{index}],")?;
    }
    writeln!(
        out,
        "}} }}\n\n/// Reads the fields of an event of this name; nothing if there is none."
    )?;
    writeln!(
        out,
        "pub fn read<'de, D: Deserializer<'de>>(name: &str, fields: D) -> Result<Option<Self>, \
         D::Error> {{ Ok(Some(match name {{"
    )?;
    for name in events {
        writeln!(out, "{name:?} => {name}::deserialize(fields)?.into(),")?;
    }
    writeln!(
        out,
        "_ => return Ok(None),\n}})) }}\n\n/// The fields that every event starts with."
    )?;
    writeln!(out, "pub fn head(&self) -> &Head {{ match self {{")?;
    for name in events {
        writeln!(out, "Self::{name}(e) => &e.head,")?;
    }
    writeln!(out, "}} }}\n\n/// The same, to be completed.")?;
    writeln!(out, "pub fn head_mut(&mut self) -> &mut Head {{ match self {{")?;
    for name in events {
        writeln!(out, "Self::{name}(e) => &mut e.head,")?;
    }
    writeln!(out, "}} }}\n\n/// Parts of the key: the first decides the partition.")?;
    writeln!(out, "pub fn key(&self) -> (&str, Option<&str>) {{ match self {{")?;
    for name in events {
        let Named::Record { event: Some(info), .. } = &types[*name] else { continue };
        let part = |field: &String| {
            let path = if HEAD.contains(&field.as_str()) { "head." } else { "" };
            format!("e.{path}{field}.as_str()")
        };
        let second = info.key.get(1).map_or("None".into(), |f| format!("Some({})", part(f)));
        writeln!(out, "Self::{name}(e) => ({}, {second}),", part(&info.key[0]))?;
    }
    writeln!(
        out,
        "}} }}\n\n/// Our account, system and broker account, of events that have all three."
    )?;
    writeln!(
        out,
        "pub fn account_mut(&mut self) -> Option<(&mut Text, &mut Text, &Text)> {{ match self {{"
    )?;
    for name in events {
        let Named::Record { fields, .. } = &types[*name] else { continue };
        if fields.iter().any(|f| f.name == "broker_account") {
            writeln!(
                out,
                "Self::{name}(e) => Some((&mut e.account, &mut e.system, &e.broker_account)),"
            )?;
        }
    }
    writeln!(out, "_ => None,\n}} }}\n\n/// The instrument, of events that have exactly one.")?;
    writeln!(out, "pub fn instrument(&self) -> Option<&InstrumentId> {{ match self {{")?;
    for name in events {
        let Named::Record { fields, .. } = &types[*name] else { continue };
        match fields.iter().find(|f| f.name == "instrument").map(|f| &f.ty) {
            Some(Ty::Instrument) => writeln!(out, "Self::{name}(e) => Some(&e.instrument),")?,
            Some(_) => writeln!(out, "Self::{name}(e) => e.instrument.as_ref(),")?,
            None => {}
        }
    }
    writeln!(out, "_ => None,\n}} }}")?;
    Ok(())
}

fn codec(names: &[String], types: &BTreeMap<String, Named>, events: &[&String]) -> Result<String> {
    let mut out = String::from("//! The binary form of every event, field by field.\n\n");
    out.push_str(NOTICE);
    out.push_str("use model::*;\n\nuse crate::primitive::{self, Decode, Encode};\n");
    out.push_str("use crate::{DecodeError, EncodeError};\n\n");
    for name in names {
        match &types[name] {
            Named::Record { fields, event, .. } => {
                codec_record(&mut out, name, fields, event.is_some())?;
            }
            Named::Enum { symbols, .. } => codec_enum(&mut out, name, symbols)?,
        }
    }
    codec_event(&mut out, events)?;
    Ok(out)
}

fn codec_record(out: &mut String, name: &str, fields: &[Field], event: bool) -> Result<()> {
    writeln!(out, "impl Encode for {name} {{")?;
    writeln!(out, "fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {{")?;
    for Field { name, .. } in fields {
        let path = if event && HEAD.contains(&name.as_str()) { "head." } else { "" };
        writeln!(out, "self.{path}{name}.encode(out).map_err(|e| e.at({name:?}))?;")?;
    }
    writeln!(out, "Ok(())\n}}\n}}\n\nimpl Decode for {name} {{")?;
    writeln!(out, "fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {{")?;
    if event {
        writeln!(out, "let head = Head::decode(input)?;")?;
    }
    writeln!(out, "Ok(Self {{")?;
    if event {
        writeln!(out, "head,")?;
    }
    for Field { name, .. } in fields {
        if !(event && HEAD.contains(&name.as_str())) {
            writeln!(out, "{name}: Decode::decode(input).map_err(|e| e.at({name:?}))?,")?;
        }
    }
    writeln!(out, "}})\n}}\n}}\n")?;
    Ok(())
}

fn codec_enum(out: &mut String, name: &str, symbols: &[String]) -> Result<()> {
    writeln!(out, "impl Encode for {name} {{")?;
    writeln!(out, "fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {{")?;
    writeln!(out, "primitive::write_long(*self as i64, out);\nOk(())\n}}\n}}\n")?;
    writeln!(out, "impl Decode for {name} {{")?;
    writeln!(out, "fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {{")?;
    writeln!(out, "Ok(match primitive::read_long(input)? {{")?;
    for (index, symbol) in symbols.iter().enumerate() {
        writeln!(out, "{index} => Self::{},", pascal(symbol))?;
    }
    writeln!(out, "other => return Err(DecodeError::symbol({name:?}, other)),")?;
    writeln!(out, "}})\n}}\n}}\n")?;
    Ok(())
}

fn codec_event(out: &mut String, events: &[&String]) -> Result<()> {
    writeln!(out, "/// Appends the binary form of any event.")?;
    writeln!(
        out,
        "pub fn encode_event(event: &Event, out: &mut Vec<u8>) -> Result<(), EncodeError> {{ \
         match event {{"
    )?;
    for name in events {
        writeln!(out, "Event::{name}(e) => e.encode(out),")?;
    }
    writeln!(out, "}} }}\n\n/// Reads an event of the kind at `index` in [`Event::KINDS`].")?;
    writeln!(
        out,
        "pub fn decode_event(index: usize, input: &mut &[u8]) -> Result<Event, DecodeError> {{ \
         Ok(match index {{"
    )?;
    for (index, name) in events.iter().enumerate() {
        writeln!(out, "{index} => Event::from({name}::decode(input)?),")?;
    }
    writeln!(out, "other => return Err(DecodeError::symbol(\"event\", other as i64)),\n}}) }}")?;
    Ok(())
}
