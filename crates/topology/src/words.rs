//! How messages are worded: quoting, suggestions, what was expected and what was found.

use serde_json::Value;

use crate::node::{Data, Node, Scalar, ScalarKind, core_kind};

/// Longer words are cut in messages.
const MAX_QUOTED: usize = 60;
/// Longer words are not compared with names: they are no slip of the finger.
const MAX_COMPARED: usize = 64;
/// More names than this are not listed in a message.
const MAX_LISTED: usize = 12;

/// A word of the file in double quotes, escaped and cut to a readable length.
pub(crate) fn quote(word: &str) -> String {
    match word.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{:?}…", &word[..end]),
        None => format!("{word:?}"),
    }
}

/// The end of a message about an unknown word: the nearest name, or all of them.
pub(crate) fn suggest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    if let Some(name) = nearest(word, names.iter().copied()) {
        return format!("; did you mean {name:?}?");
    }
    match names.len() {
        0 => "; there are none".to_owned(),
        _ => format!("; expected {}", one_of(&names)),
    }
}

/// The name that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_COMPARED {
        return None;
    }
    let word = word.to_lowercase();
    let distance = |name: &str| {
        let name = name.to_lowercase();
        let is_start = word.len() >= 3 && name.starts_with(&word); // "page" for "page_size"
        if is_start { 1 } else { strsim::osa_distance(&word, &name) }
    };
    let (distance, name) =
        names.into_iter().map(|name| (distance(name), name)).min_by_key(|(d, _)| *d)?;
    let longest = word.chars().count().max(name.chars().count());
    (distance <= (longest / 3).max(1) && distance < longest).then_some(name)
}

fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> =
        names.iter().take(MAX_LISTED).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > MAX_LISTED { ", …" } else { "" };
    match names.len() {
        1 => quoted.concat(),
        _ => format!("one of {}{more}", quoted.join(", ")),
    }
}

/// Alternatives within alternatives that are named; a schema may contain itself.
const MAX_NESTED: usize = 4;
/// How `null` is called, where it is not just a way to leave something out.
const NOTHING: &str = "nothing";

/// What a schema asks for, as a phrase: "a list of strings".
pub(crate) fn expected(schema: &Value, resolve: &dyn Fn(&Value) -> Value) -> String {
    expected_within(MAX_NESTED, schema, resolve)
}

fn expected_within(depth: usize, schema: &Value, resolve: &dyn Fn(&Value) -> Value) -> String {
    let schema = resolve(schema);
    if let Some(choices) = choices(&schema) {
        return one_of(&choices);
    }
    let alternatives =
        schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array);
    if let Some(alternatives) = alternatives {
        let mut phrases: Vec<String> = Vec::new();
        for alternative in alternatives {
            let Some(depth) = depth.checked_sub(1) else { break };
            let phrase = expected_within(depth, alternative, resolve);
            if !phrase.is_empty() && phrase != NOTHING && !phrases.contains(&phrase) {
                phrases.push(phrase);
            }
        }
        return phrases.join(" or ");
    }
    expected_kind(&schema, resolve)
}

fn expected_kind(schema: &Value, resolve: &dyn Fn(&Value) -> Value) -> String {
    if let Some(choices) = choices(schema) {
        return one_of(&choices);
    }
    let types = types(schema);
    let has = |name: &str| types.contains(&name);
    let mut phrases = Vec::new();
    for name in &types {
        phrases.push(match *name {
            "string" if has("number") => continue, // a decimal: text is only its exact spelling
            "string" if schema.get("format").is_some_and(|f| f == "uri") => "a URL".to_owned(),
            "string" => "a string".to_owned(),
            "integer" => "an integer".to_owned(),
            "number" => "a number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => list_of(schema, resolve),
            "object" => "a mapping".to_owned(),
            _ => continue,
        });
    }
    if phrases.is_empty() && has("null") {
        return NOTHING.to_owned();
    }
    phrases.join(" or ")
}

fn list_of(schema: &Value, resolve: &dyn Fn(&Value) -> Value) -> String {
    let Some(items) = schema.get("items") else { return "a list".to_owned() };
    let items = resolve(items);
    let plural = match types(&items).as_slice() {
        ["string"] => "strings",
        ["integer"] => "integers",
        ["number"] | ["string", "number"] => "numbers",
        ["boolean"] => "booleans",
        ["array"] => "lists",
        ["object"] => "mappings",
        _ => return "a list".to_owned(),
    };
    format!("a list of {plural}")
}

/// The names a schema allows, when it is a plain choice between names.
pub(crate) fn choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(one) = schema.get("const") {
        return one.as_str().map(|name| vec![name]);
    }
    let all = schema.get("enum")?.as_array()?;
    Some(all.iter().filter_map(Value::as_str).collect())
}

/// The JSON types a schema allows; empty when it allows all.
pub(crate) fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ if schema.get("items").is_some() => vec!["array"],
        _ => Vec::new(),
    }
}

/// What stands in the file, as a phrase: "the number 5". A hidden value is never shown.
pub(crate) fn found(node: &Node, is_hidden: bool) -> String {
    match &node.data {
        Data::Scalar(scalar) => found_scalar(scalar, is_hidden),
        Data::List(_) => "a list".to_owned(),
        Data::Map(_) => "a mapping".to_owned(),
    }
}

fn found_scalar(scalar: &Scalar, is_hidden: bool) -> String {
    if let Some(origin) = origin(scalar) {
        return origin;
    }
    match scalar.kind {
        ScalarKind::Null | ScalarKind::Unset => "nothing".to_owned(),
        ScalarKind::Bool(_) if is_hidden => "a boolean".to_owned(),
        ScalarKind::Integer | ScalarKind::Float if is_hidden => "a number".to_owned(),
        ScalarKind::String if is_hidden => "a string".to_owned(),
        ScalarKind::Bool(value) => format!("the boolean {value}"),
        ScalarKind::Integer | ScalarKind::Float if scalar.text.len() <= MAX_QUOTED => {
            format!("the number {}", scalar.text)
        }
        ScalarKind::Integer | ScalarKind::Float => "a very long number".to_owned(),
        ScalarKind::String => format!("the string {}", quote(&scalar.text)),
    }
}

/// "the value of ${NAME}", for a scalar that was filled.
pub(crate) fn origin(scalar: &Scalar) -> Option<String> {
    if scalar.variables.is_empty() {
        return None;
    }
    let names: Vec<String> =
        scalar.variables.iter().take(3).map(|name| format!("${{{name}}}")).collect();
    Some(format!("the value of {}", names.join(" and ")))
}

/// The JSON type a word would have without its quotes.
pub(crate) fn unquoted_type(text: &str) -> &'static str {
    match core_kind(text) {
        ScalarKind::Bool(_) => "boolean",
        ScalarKind::Integer => "integer",
        ScalarKind::Float => "number",
        ScalarKind::Null | ScalarKind::String | ScalarKind::Unset => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, names: &[&str], end: &str) {
        assert_eq!(suggest(word, names.iter().copied()), end, "{word}");
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        check("symbol", &["url", "symbols"], "; did you mean \"symbols\"?");
        check("alpca", &["alpaca", "acme"], "; did you mean \"alpaca\"?");
        check("TRADES", &["quotes", "trades"], "; did you mean \"trades\"?");
        check("xyz", &["quotes", "trades"], "; expected one of \"quotes\", \"trades\"");
        check("xyz", &["trades"], "; expected \"trades\"");
        check("xyz", &[], "; there are none");
        check("page", &["token", "page_size"], "; did you mean \"page_size\"?");
        check("a", &["b"], "; expected \"b\"");
        check("", &["a", "b"], "; expected one of \"a\", \"b\"");
    }

    #[test]
    fn quotes_are_escaped_and_cut() {
        assert_eq!(quote("a\"\u{1b}b"), "\"a\\\"\\u{1b}b\"");
        assert_eq!(quote(&"é".repeat(61)), format!("\"{}\"…", "é".repeat(60)));
    }
}
