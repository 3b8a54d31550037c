//! What a file says, with the place of every word.

use std::fmt::{self, Write};
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use crate::words::quote;

/// A place in a file; lines and columns count from one, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line, from one; zero when the whole file is meant.
    pub line: usize,
    /// Column in characters, from one; zero when the whole file is meant.
    pub column: usize,
}

/// One value of the file.
#[derive(Clone)]
pub(crate) struct Node {
    pub at: Position,
    pub data: Data,
}

#[derive(Clone)]
pub(crate) enum Data {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A word of the file, typed as YAML's core schema types it.
#[derive(Clone)]
pub(crate) struct Scalar {
    pub text: String,
    pub kind: ScalarKind,
    /// Written without quotes: only then may it be anything but a string.
    pub is_plain: bool,
    /// The variables it was filled from.
    pub variables: Vec<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScalarKind {
    Null,
    Bool(bool),
    Integer,
    Float,
    String,
    /// Its variable is not set; that has been reported, so it fits everywhere.
    Unset,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub key: String,
    pub at: Position,
    pub value: Node,
}

impl Node {
    pub fn empty_map(at: Position) -> Self {
        Self { at, data: Data::Map(Vec::new()) }
    }

    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.data {
            Data::Scalar(scalar) => Some(scalar),
            Data::List(_) | Data::Map(_) => None,
        }
    }

    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            Data::Scalar(_) | Data::List(_) => None,
        }
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key == key)
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn item(&self, index: usize) -> Option<&Node> {
        match &self.data {
            Data::List(items) => items.get(index),
            Data::Scalar(_) | Data::Map(_) => None,
        }
    }

    pub fn bool(&self) -> Option<bool> {
        match self.scalar()?.kind {
            ScalarKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub fn is_unset(&self) -> bool {
        self.scalar().is_some_and(|scalar| scalar.kind == ScalarKind::Unset)
    }
}

/// The kind YAML 1.2's core schema gives to a word without quotes. `.inf` and `.nan` are strings
/// here: no setting may hold them.
pub(crate) fn core_kind(text: &str) -> ScalarKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return ScalarKind::Null,
        "true" | "True" | "TRUE" => return ScalarKind::Bool(true),
        "false" | "False" | "FALSE" => return ScalarKind::Bool(false),
        _ => {}
    }
    if is_based(text, "0x", |c| c.is_ascii_hexdigit()) || is_based(text, "0o", is_octal) {
        return ScalarKind::Integer;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    if exponent.is_some_and(|e| !is_digits(e.strip_prefix(['-', '+']).unwrap_or(e))) {
        return ScalarKind::String;
    }
    match mantissa.split_once('.') {
        None if !is_digits(mantissa) => ScalarKind::String,
        None if exponent.is_none() => ScalarKind::Integer,
        None => ScalarKind::Float,
        Some(("", fraction)) if is_digits(fraction) => ScalarKind::Float,
        Some((whole, "")) if is_digits(whole) => ScalarKind::Float,
        Some((whole, fraction)) if is_digits(whole) && is_digits(fraction) => ScalarKind::Float,
        Some(_) => ScalarKind::String,
    }
}

fn is_based(text: &str, prefix: &str, is_digit: fn(char) -> bool) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_digit))
}

fn is_octal(c: char) -> bool {
    ('0'..='7').contains(&c)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The exact value of a number's text, where 28 digits can hold it.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let text = plain_digits(text)?;
    let parsed = match text.contains(['e', 'E']) {
        true => Decimal::from_scientific(&text),
        false => Decimal::from_str_exact(&text),
    };
    parsed.ok()
}

/// A number as JSON. `None` when JSON as we hold it would change the value.
pub(crate) fn json_number(scalar: &Scalar) -> Option<Value> {
    let text = plain_digits(&scalar.text)?;
    if scalar.kind == ScalarKind::Integer {
        let signed = text.parse::<i64>().ok().map(Value::from);
        return signed.or_else(|| text.parse::<u64>().ok().map(Value::from));
    }
    let float = text.parse::<f64>().ok().filter(|float| float.is_finite())?;
    let held = Decimal::from_str_exact(&float.to_string()).ok()?;
    (decimal(&text)? == held).then(|| Value::from(float))
}

/// The same number without `+`, another base or a bare point.
pub(crate) fn plain_digits(text: &str) -> Option<String> {
    if let Some(hex) = text.strip_prefix("0x") {
        return i128::from_str_radix(hex, 16).ok().map(|n| n.to_string());
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return i128::from_str_radix(octal, 8).ok().map(|n| n.to_string());
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(split) => rest.split_at(split),
        None => (rest, ""),
    };
    let zero = if mantissa.starts_with('.') { "0" } else { "" };
    let mantissa = mantissa.strip_suffix('.').unwrap_or(mantissa);
    Some(format!("{sign}{zero}{mantissa}{exponent}"))
}

/// The way from the top of the file to a value: `systems.acme.features.trades`.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Path(String);

impl Path {
    pub fn child(&self, key: &str) -> Self {
        let is_simple = !key.is_empty()
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let word = if is_simple && key.len() <= 64 { key.to_owned() } else { quote(key) };
        match self.0.is_empty() {
            true => Self(word),
            false => Self(format!("{}.{word}", self.0)),
        }
    }

    pub fn index(&self, index: usize) -> Self {
        let mut text = self.0.clone();
        let _ = write!(text, "[{index}]"); // writing to a string cannot fail
        Self(text)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kind: ScalarKind, number: Option<&str>) {
        assert_eq!(core_kind(text), kind, "{text}");
        let scalar = Scalar { text: text.into(), kind, is_plain: true, variables: Vec::new() };
        if matches!(kind, ScalarKind::Integer | ScalarKind::Float) {
            assert_eq!(json_number(&scalar).map(|n| n.to_string()).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn words_without_quotes_are_typed_by_the_core_schema() {
        check("", ScalarKind::Null, None);
        check("~", ScalarKind::Null, None);
        check("NO", ScalarKind::String, None);
        check("TRUE", ScalarKind::Bool(true), None);
        check(".inf", ScalarKind::String, None);
        check("1.2.3", ScalarKind::String, None);
        check("1e", ScalarKind::String, None);
        check("-", ScalarKind::String, None);
        check(".", ScalarKind::String, None);
        check("0x", ScalarKind::String, None);
        check("5", ScalarKind::Integer, Some("5"));
        check("+5", ScalarKind::Integer, Some("5"));
        check("0700", ScalarKind::Integer, Some("700"));
        check("0x1F", ScalarKind::Integer, Some("31"));
        check("0o17", ScalarKind::Integer, Some("15"));
        check("18446744073709551615", ScalarKind::Integer, Some("18446744073709551615"));
        check("18446744073709551616", ScalarKind::Integer, None);
        check("12.0", ScalarKind::Float, Some("12.0"));
        check("-.5", ScalarKind::Float, Some("-0.5"));
        check("5.", ScalarKind::Float, Some("5.0"));
        check("1e3", ScalarKind::Float, Some("1000.0"));
        check("0.1", ScalarKind::Float, Some("0.1"));
        check("0.1000000000000000000001", ScalarKind::Float, None);
        check("1e400", ScalarKind::Float, None);
    }

    #[test]
    fn a_path_quotes_what_is_no_plain_word() {
        let path = Path::default().child("topics").child("market.trades").index(3);
        assert_eq!(path.to_string(), "topics.\"market.trades\"[3]");
    }
}
