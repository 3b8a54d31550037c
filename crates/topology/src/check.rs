//! Checks a part of the file against a JSON Schema and turns it into JSON.
//!
//! The schema also settles what YAML leaves open: a decimal's text is kept instead of becoming a
//! float, and a variable may fill a string with digits.

use std::borrow::Cow;
use std::mem;

use serde_json::{Map, Value};

use crate::node::{
    Data, Entry, Node, Path, Scalar, ScalarKind, decimal, json_number, plain_digits,
};
use crate::problem::{Found, Report};
use crate::schema::{alternatives, is_secret, properties, required, resolve};
use crate::words::{choices, expected, found, nearest, quote, suggest, types};
use crate::{security, words};

/// Values looked at for one part of the file, each alternative counted: a schema of alternatives
/// that contains itself would otherwise cost as much as it likes.
const MAX_STEPS: usize = 1_000_000;

/// Where a value stands, and what that means for it.
#[derive(Clone, Default)]
pub(crate) struct Place {
    pub path: Path,
    /// The key it stands under, also for the items of a list.
    pub key: String,
    /// Under `credentials` or another secret key: messages do not show the value.
    pub is_hidden: bool,
    /// `insecure: true` stands beside it or above it.
    pub is_insecure: bool,
}

impl Place {
    pub fn child(&self, key: &str) -> Self {
        Self {
            path: self.path.child(key),
            key: key.to_owned(),
            is_hidden: self.is_hidden || security::is_secret_key(key),
            is_insecure: self.is_insecure,
        }
    }

    fn item(&self, index: usize) -> Self {
        Self { path: self.path.index(index), ..self.clone() }
    }
}

/// Reports every way in which `node` breaks `schema`, and gives the node as JSON.
pub(crate) fn check(node: &Node, schema: &Value, place: &Place, report: &mut Report) -> Value {
    Checker { root: schema, report, steps: 0 }.value(node, schema, place)
}

struct Checker<'s, 'r> {
    /// Where the schema's references start.
    root: &'s Value,
    report: &'r mut Report,
    steps: usize,
}

impl Checker<'_, '_> {
    fn value(&mut self, node: &Node, schema: &Value, place: &Place) -> Value {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.report.problem(node.at, &place.path, "too many alternatives to check");
            return Value::Null;
        }
        if node.is_unset() {
            return Value::Null;
        }
        let schema = resolve(self.root, schema);
        let is_secret = is_secret(&schema);
        let place = match is_secret && !place.is_hidden {
            true => &Place { is_hidden: true, ..place.clone() },
            false => place,
        };
        if let Some(alternatives) = alternatives(self.root, &schema) {
            return self.alternatives(node, &schema, &alternatives, place);
        }
        if schema.get("const").is_some() || schema.get("enum").is_some() {
            return self.choice(node, &schema, place);
        }
        let Some(node) = self.typed(node, &schema, place) else { return Value::Null };
        match &node.data {
            Data::Scalar(scalar) => self.scalar(&node, scalar, &schema, place, is_secret),
            Data::List(items) => self.list(&node, items, &schema, place),
            Data::Map(entries) => self.map(&node, entries, &schema, place),
        }
    }

    /// The node in a type that the schema allows, or a problem.
    fn typed<'n>(
        &mut self,
        node: &'n Node,
        schema: &Value,
        place: &Place,
    ) -> Option<Cow<'n, Node>> {
        let allowed = types(schema);
        let name = type_name(node);
        let fits = |name: &str| {
            allowed.contains(&name) || (name == "integer" && allowed.contains(&"number"))
        };
        if schema != &Value::Bool(false) && (allowed.is_empty() || fits(name)) {
            return Some(Cow::Borrowed(node));
        }
        if let Some(scalar) = node.scalar()
            && !scalar.variables.is_empty()
            && allowed.contains(&"string")
        {
            // The variable's value looks like a number; a string was meant.
            let scalar = Scalar { kind: ScalarKind::String, ..scalar.clone() };
            return Some(Cow::Owned(Node { at: node.at, data: Data::Scalar(scalar) }));
        }
        let hint = node.scalar().map_or("", |scalar| quoting_hint(scalar, &allowed));
        self.unexpected(node, schema, place, hint);
        None
    }

    fn unexpected(&mut self, node: &Node, schema: &Value, place: &Place, hint: &str) {
        let expected = self.expected(schema);
        let found = found(node, place.is_hidden);
        let message = match expected.as_str() {
            "" => format!("{found} is not allowed here"),
            _ => format!("expected {expected}, found {found}{hint}"),
        };
        self.report.problem(node.at, &place.path, message);
    }

    fn expected(&self, schema: &Value) -> String {
        expected(schema, &|schema| resolve(self.root, schema).into_owned())
    }

    /// One of several shapes. When none fits, the shape that was probably meant is explained.
    fn alternatives(
        &mut self,
        node: &Node,
        schema: &Value,
        alternatives: &[Value],
        place: &Place,
    ) -> Value {
        let names: Option<Vec<&str>> = alternatives
            .iter()
            .filter(|alternative| types(alternative) != ["null"])
            .map(choices)
            .collect::<Option<Vec<_>>>()
            .map(|lists| lists.concat());
        if let (Some(names), false) = (&names, is_null(node)) {
            return self.name(node, names, place);
        }
        if let (Some(tag), Some(_)) = (tag(alternatives), node.entries()) {
            return self.tagged(node, &tag, alternatives, place);
        }
        let mut meant: Option<(Value, Found)> = None;
        for alternative in alternatives {
            let (value, found) = self.attempt(node, alternative, place);
            if found.problems.is_empty() {
                self.report.add(found);
                return value;
            }
            let allowed = types(alternative);
            let is_shaped_so = allowed.is_empty() || allowed.contains(&type_name(node));
            let count = found.problems.len();
            let is_nearer = meant.as_ref().is_none_or(|(_, best)| count < best.problems.len());
            if is_shaped_so && is_nearer {
                meant = Some((value, found));
            }
        }
        let Some((value, found)) = meant.filter(|_| names.is_none()) else {
            self.unexpected(node, schema, place, "");
            return Value::Null;
        };
        self.report.add(found);
        value
    }

    /// A mapping whose shape is named by one of its fields, such as `type: csv`.
    fn tagged(&mut self, node: &Node, tag: &str, alternatives: &[Value], place: &Place) -> Value {
        let name_of = |alternative: &Value| {
            let name = alternative.pointer(&format!("/properties/{tag}/const"));
            name.and_then(Value::as_str).map(str::to_owned)
        };
        let names: Vec<String> = alternatives.iter().filter_map(name_of).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(given) = node.get(tag).filter(|given| !given.is_unset()) else {
            if node.get(tag).is_none() {
                let property = serde_json::json!({ "properties": { tag: { "enum": names } } });
                self.missing_field(node, tag, &property, place);
            }
            return Value::Null;
        };
        let is_named = |alternative: &&Value| {
            given.scalar().is_some_and(|given| name_of(alternative).as_ref() == Some(&given.text))
        };
        match alternatives.iter().find(is_named) {
            Some(alternative) => self.value(node, alternative, place),
            None => self.name(given, &names, &place.child(tag)),
        }
    }

    fn attempt(&mut self, node: &Node, schema: &Value, place: &Place) -> (Value, Found) {
        let before = mem::take(&mut self.report.found);
        let value = self.value(node, schema, place);
        (value, mem::replace(&mut self.report.found, before))
    }

    fn choice(&mut self, node: &Node, schema: &Value, place: &Place) -> Value {
        let allowed: Vec<&Value> = match schema.get("const") {
            Some(one) => vec![one],
            None => schema.get("enum").and_then(Value::as_array).into_iter().flatten().collect(),
        };
        if let Some(value) = allowed.iter().find(|allowed| is_same(node, allowed)) {
            return (**value).clone();
        }
        let names: Vec<&str> = allowed.iter().filter_map(|allowed| allowed.as_str()).collect();
        self.name(node, &names, place)
    }

    /// One of several names.
    fn name(&mut self, node: &Node, names: &[&str], place: &Place) -> Value {
        let schema = || serde_json::json!({ "enum": names });
        let Some(scalar) = node.scalar() else {
            self.unexpected(node, &schema(), place, "");
            return Value::Null;
        };
        if scalar.kind != ScalarKind::Null && names.contains(&scalar.text.as_str()) {
            return Value::String(scalar.text.clone());
        }
        if scalar.kind != ScalarKind::String || place.is_hidden || !scalar.variables.is_empty() {
            self.unexpected(node, &schema(), place, "");
        } else {
            let suggestion = suggest(&scalar.text, names.iter().copied());
            let message = format!("unknown value {}{suggestion}", quote(&scalar.text));
            self.report.problem(node.at, &place.path, message);
        }
        Value::Null
    }

    fn scalar(
        &mut self,
        node: &Node,
        scalar: &Scalar,
        schema: &Value,
        place: &Place,
        is_secret: bool,
    ) -> Value {
        if place.is_hidden && !self.report.secrets.contains(&scalar.text) {
            self.report.secrets.insert(scalar.text.clone());
        }
        match scalar.kind {
            ScalarKind::Null | ScalarKind::Unset => Value::Null,
            ScalarKind::Bool(value) => Value::Bool(value),
            ScalarKind::Integer | ScalarKind::Float => self.number(node, scalar, schema, place),
            ScalarKind::String => {
                self.string(node, scalar, schema, place);
                security::check_string(node, scalar, schema, place, is_secret, self.report);
                Value::String(scalar.text.clone())
            }
        }
    }

    fn number(&mut self, node: &Node, scalar: &Scalar, schema: &Value, place: &Place) -> Value {
        if let Some(limit) = broken_limit(scalar, schema) {
            let found = found(node, place.is_hidden);
            self.report.problem(node.at, &place.path, format!("{found} is {limit}"));
            return Value::Null;
        }
        let allowed = types(schema);
        if allowed.contains(&"string") && allowed.contains(&"number") {
            return plain_digits(&scalar.text).map_or(Value::Null, Value::String);
        }
        json_number(scalar).unwrap_or_else(|| {
            let found = found(node, place.is_hidden);
            let message = format!("{found} cannot be held exactly; put it in quotes");
            self.report.problem(node.at, &place.path, message);
            Value::Null
        })
    }

    fn string(&mut self, node: &Node, scalar: &Scalar, schema: &Value, place: &Place) {
        let length = scalar.text.chars().count() as u64;
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
        let broken = match (limit("minLength"), limit("maxLength")) {
            (Some(least), _) if length < least => format!("has fewer than {least} characters"),
            (_, Some(1)) if length > 1 => "is not one character".to_owned(),
            (_, Some(most)) if length > most => format!("has more than {most} characters"),
            _ => return,
        };
        let found = found(node, place.is_hidden);
        self.report.problem(node.at, &place.path, format!("{found} {broken}"));
    }

    fn list(&mut self, node: &Node, items: &[Node], schema: &Value, place: &Place) -> Value {
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
        let count = items.len() as u64;
        if let Some(least) = limit("minItems").filter(|least| count < *least) {
            let message = format!("expected at least {least} in the list, found {count}");
            self.report.problem(node.at, &place.path, message);
        }
        if let Some(most) = limit("maxItems").filter(|most| count > *most) {
            let message = format!("expected at most {most} in the list, found {count}");
            self.report.problem(node.at, &place.path, message);
        }
        let prefix = schema.get("prefixItems").and_then(Value::as_array);
        let any = Value::Bool(true);
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_unset()) {
            let own = prefix.and_then(|prefix| prefix.get(index));
            let schema = own.or_else(|| schema.get("items")).unwrap_or(&any);
            values.push(self.value(item, schema, &place.item(index)));
        }
        Value::Array(values)
    }

    fn map(&mut self, node: &Node, entries: &[Entry], schema: &Value, place: &Place) -> Value {
        let place = match node.get("insecure").and_then(Node::bool) {
            Some(true) => &Place { is_insecure: true, ..place.clone() },
            Some(false) | None => place,
        };
        let others = other_fields(schema);
        let mut values = Map::new();
        let mut meant = Vec::new();
        for entry in entries {
            let own = schema.get("properties").and_then(|all| all.get(&entry.key));
            if own.is_none() && others == &Value::Bool(false) {
                meant.extend(self.unknown_field(entry, entries, schema, place));
                continue;
            }
            if entry.value.is_unset() {
                continue; // reported, or left out of a system that is switched off
            }
            let value = self.value(&entry.value, own.unwrap_or(others), &place.child(&entry.key));
            values.insert(entry.key.clone(), value);
        }
        for name in required(schema) {
            if node.get(name).is_none() && !meant.iter().any(|meant| meant == name) {
                self.missing_field(node, name, schema, place);
            }
        }
        Value::Object(values)
    }

    /// Reports the field; gives the name that was meant, when one is near.
    fn unknown_field(
        &mut self,
        entry: &Entry,
        entries: &[Entry],
        schema: &Value,
        place: &Place,
    ) -> Option<String> {
        if self.report.is_full() {
            self.report.problem(entry.at, &place.path, "unknown field"); // it is only counted
            return None;
        }
        let is_free = |name: &&str| !entries.iter().any(|entry| entry.key == *name);
        let names = || properties(schema).map(|(name, _)| name.as_str()).filter(is_free);
        let are_all_given = properties(schema).next().is_some() && names().next().is_none();
        let suggestion = if are_all_given { String::new() } else { suggest(&entry.key, names()) };
        let message = format!("unknown field {}{suggestion}", quote(&entry.key));
        self.report.problem(entry.at, &place.path, message);
        nearest(&entry.key, names()).map(str::to_owned)
    }

    fn missing_field(&mut self, node: &Node, name: &str, schema: &Value, place: &Place) {
        let own = schema.get("properties").and_then(|all| all.get(name));
        let message = match own.map(|own| self.expected(own)) {
            Some(expected) if !expected.is_empty() => format!("missing field {name:?}: {expected}"),
            _ => format!("missing field {name:?}"),
        };
        self.report.problem(node.at, &place.path, message);
    }
}

/// The schema of fields that have none of their own. Maps with numbers for keys say it as a
/// pattern; whether the key is a number is left to serde.
fn other_fields(schema: &Value) -> &Value {
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    if let Some(first) = patterns.and_then(|patterns| patterns.values().next()) {
        return first;
    }
    let keywords = ["additionalProperties", "unevaluatedProperties"];
    keywords.iter().find_map(|keyword| schema.get(keyword)).unwrap_or(&Value::Bool(true))
}

fn type_name(node: &Node) -> &'static str {
    match &node.data {
        Data::List(_) => "array",
        Data::Map(_) => "object",
        Data::Scalar(scalar) => match scalar.kind {
            ScalarKind::Null | ScalarKind::Unset => "null",
            ScalarKind::Bool(_) => "boolean",
            ScalarKind::Integer => "integer",
            ScalarKind::Float => "number",
            ScalarKind::String => "string",
        },
    }
}

fn is_null(node: &Node) -> bool {
    type_name(node) == "null"
}

/// The field that names the alternative, when each has one constant of the same field.
fn tag(alternatives: &[Value]) -> Option<String> {
    let mut shapes = alternatives.iter().filter(|alternative| types(alternative) != ["null"]);
    let is_constant = |schema: &Value| schema.get("const").is_some_and(Value::is_string);
    let first = shapes.next()?;
    let (name, _) = properties(first).find(|(_, schema)| is_constant(schema))?;
    let has_it = |shape: &Value| {
        properties(shape).any(|(other, schema)| other == name && is_constant(schema))
    };
    shapes.all(has_it).then(|| name.clone())
}

fn is_same(node: &Node, allowed: &Value) -> bool {
    let Some(scalar) = node.scalar() else { return false };
    match (scalar.kind, allowed) {
        (ScalarKind::Null, Value::Null) => true,
        (ScalarKind::Bool(ours), Value::Bool(theirs)) => ours == *theirs,
        (ScalarKind::Integer | ScalarKind::Float, Value::Number(theirs)) => {
            decimal(&scalar.text).is_some_and(|ours| decimal(&theirs.to_string()) == Some(ours))
        }
        (ScalarKind::String, Value::String(theirs)) => scalar.text == *theirs,
        (_, Value::String(theirs)) => !scalar.variables.is_empty() && scalar.text == *theirs,
        _ => false,
    }
}

/// What to do about quotes, when they are what is wrong.
fn quoting_hint(scalar: &Scalar, allowed: &[&str]) -> &'static str {
    let wants = |name: &str| allowed.contains(&name);
    match scalar.kind {
        ScalarKind::Null | ScalarKind::Unset => "",
        ScalarKind::Bool(_) | ScalarKind::Integer | ScalarKind::Float if wants("string") => {
            "; put it in quotes"
        }
        ScalarKind::String if !scalar.is_plain => match words::unquoted_type(&scalar.text) {
            "integer" if wants("integer") || wants("number") => "; write it without quotes",
            "number" if wants("number") => "; write it without quotes",
            "boolean" if wants("boolean") => "; write it without quotes",
            _ => "",
        },
        _ => "",
    }
}

/// What is wrong with the size of a number, if anything.
fn broken_limit(scalar: &Scalar, schema: &Value) -> Option<String> {
    let Some(value) = decimal(&scalar.text) else {
        return Some("out of range".to_owned());
    };
    let limit = |name: &str| schema.get(name).and_then(|limit| decimal(&limit.to_string()));
    let (least, most) = format_limits(schema.get("format").and_then(Value::as_str));
    let least = limit("minimum").or(least.map(Into::into));
    let most = limit("maximum").or(most.map(Into::into));
    if let Some(least) = least.filter(|least| value < *least) {
        return Some(format!("too small; the least is {}", least.normalize()));
    }
    if let Some(most) = most.filter(|most| value > *most) {
        return Some(format!("too large; the most is {}", most.normalize()));
    }
    if let Some(least) = limit("exclusiveMinimum").filter(|least| value <= *least) {
        return Some(format!("too small; it must be more than {}", least.normalize()));
    }
    if let Some(most) = limit("exclusiveMaximum").filter(|most| value >= *most) {
        return Some(format!("too large; it must be less than {}", most.normalize()));
    }
    None
}

/// What fits into the integer that the schema was made from.
fn format_limits(format: Option<&str>) -> (Option<i64>, Option<u64>) {
    match format {
        Some("uint8") => (Some(0), Some(u8::MAX.into())),
        Some("uint16") => (Some(0), Some(u16::MAX.into())),
        Some("uint32") => (Some(0), Some(u32::MAX.into())),
        Some("uint64" | "uint") => (Some(0), Some(u64::MAX)),
        Some("int8") => (Some(i8::MIN.into()), Some(127)),
        Some("int16") => (Some(i16::MIN.into()), Some(32_767)),
        Some("int32") => (Some(i32::MIN.into()), Some(2_147_483_647)),
        Some("int64" | "int") => (Some(i64::MIN), Some(9_223_372_036_854_775_807)),
        _ => (None, None),
    }
}
