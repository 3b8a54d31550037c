//! Finding one's way in JSON whose shape a user tells, without losing a digit of a number.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Mappings and lists within each other.
const MAX_DEPTH: usize = 32;

/// JSON whose numbers are the text that they came as.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// A number or a truth value.
    Bare(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// A mapping.
    Map(BTreeMap<String, Json>),
}

impl Json {
    /// All of it, unless it is nested too deeply.
    pub fn read(raw: &RawValue) -> Result<Self, String> {
        read(raw, MAX_DEPTH)
    }

    /// What stands at a path: names joined by dots, numbers for places in a list. A name may
    /// itself have dots.
    pub fn get(&self, path: &str) -> Option<&Self> {
        if path.is_empty() {
            return Some(self);
        }
        let step = |name: &str| match self {
            Self::Map(map) => map.get(name),
            Self::List(list) => list.get(name.parse::<usize>().ok()?),
            _ => None,
        };
        step(path).or_else(|| splits(path).find_map(|(name, rest)| step(name)?.get(rest)))
    }

    /// A number, a text or a truth value as text; nothing for nothing and for empty texts.
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Self::Bare(text) | Self::Text(text) => Some(text.as_str()).filter(|t| !t.is_empty()),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Everything in it that is not nested, by its path. A list is a text.
    pub fn leaves(&self) -> Vec<(String, String, bool)> {
        let mut leaves = Vec::new();
        self.collect("", &mut leaves);
        leaves
    }

    fn collect(&self, path: &str, leaves: &mut Vec<(String, String, bool)>) {
        match self {
            Self::Null => {}
            Self::Bare(text) => leaves.push((path.to_owned(), text.clone(), true)),
            Self::Text(text) => leaves.push((path.to_owned(), text.clone(), false)),
            Self::List(_) => leaves.push((path.to_owned(), self.written(), false)),
            Self::Map(map) => {
                for (name, inner) in map {
                    let below =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    inner.collect(&below, leaves);
                }
            }
        }
    }

    fn written(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => "null".to_owned(),
            Self::Bare(text) => text.clone(),
            Self::Text(text) => quoted(text),
            Self::List(list) => {
                format!("[{}]", list.iter().map(Self::written).collect::<Vec<_>>().join(","))
            }
            Self::Map(map) => {
                let entry = |(name, value): (&String, &Self)| {
                    format!("{}:{}", quoted(name), value.written())
                };
                format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(","))
            }
        }
    }
}

fn read(raw: &RawValue, depth: usize) -> Result<Json, String> {
    let text = raw.get();
    let deeper = depth.checked_sub(1).ok_or("nested too deeply")?;
    let wrong = |error: serde_json::Error| error.to_string();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let map: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(wrong)?;
            let read = |(name, raw)| Ok((name, read(raw, deeper)?));
            Json::Map(map.into_iter().map(read).collect::<Result<_, String>>()?)
        }
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(text).map_err(wrong)?;
            Json::List(list.into_iter().map(|raw| read(raw, deeper)).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Json::Text(serde_json::from_str(text).map_err(wrong)?),
        Some(b'n') => Json::Null,
        _ => Json::Bare(text.to_owned()),
    })
}

/// The ways to take a first name off a path.
fn splits(path: &str) -> impl Iterator<Item = (&str, &str)> {
    path.match_indices('.').map(|(at, _)| (&path[..at], &path[at + 1..]))
}

/// An item as it came, and its name where items have names.
pub type Item<'a> = (Option<String>, &'a RawValue);

/// The items at a path of an answer: those of a list, the one that an object is, or, where the path
/// ends with `*`, those below the names of a mapping. Nothing if there is nothing there.
pub fn items<'a>(answer: &'a RawValue, path: &str) -> Result<Option<Vec<Item<'a>>>, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let (path, is_map) = match path.strip_suffix('*') {
        Some(path) => (path.strip_suffix('.').unwrap_or(path), true),
        None => (path, false),
    };
    let Some(raw) = descend(answer, path)? else { return Ok(None) };
    match raw.get().as_bytes().first() {
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(wrong)?;
            Ok(Some(list.into_iter().map(|raw| (None, raw)).collect()))
        }
        Some(b'{') if is_map => {
            let map: BTreeMap<String, &RawValue> =
                serde_json::from_str(raw.get()).map_err(wrong)?;
            Ok(Some(map.into_iter().map(|(name, raw)| (Some(name), raw)).collect()))
        }
        Some(b'{') => Ok(Some(vec![(None, raw)])),
        Some(b'n') => Ok(None),
        _ => Err(format!("{path:?} is neither a list nor a mapping")),
    }
}

/// What stands at a path of an answer.
fn descend<'a>(raw: &'a RawValue, path: &str) -> Result<Option<&'a RawValue>, String> {
    if path.is_empty() {
        return Ok(Some(raw));
    }
    if !raw.get().starts_with('{') {
        return Ok(None);
    }
    let map: BTreeMap<String, &RawValue> =
        serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
    if let Some(found) = map.get(path) {
        return Ok(Some(found));
    }
    for (name, rest) in splits(path) {
        if let Some(inner) = map.get(name)
            && let Some(found) = descend(inner, rest)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The text at a path of an answer; nothing for nothing, `null` and an empty text.
pub fn text_at(answer: &RawValue, path: &str) -> Result<Option<String>, String> {
    let Some(raw) = descend(answer, path)? else { return Ok(None) };
    Ok(Json::read(raw)?.scalar().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn paths_find_names_with_dots_and_places_in_lists() {
        let json = raw(r#"{"a":{"1. open":"7.10","b":[{"c":1.50}]},"a.b":true,"n":null}"#);
        let json = Json::read(&json).unwrap();
        for (path, expected) in [
            ("a.1. open", Some("7.10")),
            ("a.b.0.c", Some("1.50")),
            ("a.b", Some("true")),
            ("a.b.1.c", None),
            ("n", None),
            ("a", None),
            ("z", None),
        ] {
            assert_eq!(json.get(path).and_then(Json::scalar), expected, "{path}");
        }
        let leaves = json.leaves();
        let leaf = |name: &str| leaves.iter().find(|(path, ..)| path == name).map(|l| &*l.1);
        assert_eq!((leaf("a.b"), leaf("a.1. open")), (Some(r#"[{"c":1.50}]"#), Some("7.10")));
    }

    #[test]
    fn items_are_a_list_a_mapping_or_one_object() {
        let count = |text: &str, path: &str| {
            let raw = raw(text);
            items(&raw, path).map(|items| items.map(|items| items.len()))
        };
        assert_eq!(count("[1,2]", ""), Ok(Some(2)));
        assert_eq!(count(r#"{"d":{"rows":[1]}}"#, "d.rows"), Ok(Some(1)));
        assert_eq!(count(r#"{"d":{"a":1,"b":2}}"#, "d"), Ok(Some(1)));
        assert_eq!(count(r#"{"d":{"a":1,"b":2}}"#, "d.*"), Ok(Some(2)));
        assert_eq!(count(r#"{"d":null}"#, "d"), Ok(None));
        assert_eq!(count(r#"{"e":[]}"#, "d.rows"), Ok(None));
        assert!(count(r#"{"d":7}"#, "d").is_err());
    }

    #[test]
    fn what_is_nested_without_end_is_refused() {
        let deep = raw(&format!("{}{}", "[".repeat(40), "]".repeat(40)));
        assert_eq!(Json::read(&deep), Err("nested too deeply".to_owned()));
    }
}
