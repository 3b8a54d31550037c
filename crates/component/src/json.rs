//! JSON whose shape a user tells, without losing a digit of a number.

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

/// The ways to take a first name off a path: names joined by dots, which may have dots themselves.
pub fn splits(path: &str) -> impl Iterator<Item = (&str, &str)> {
    path.match_indices('.').map(|(at, _)| (&path[..at], &path[at + 1..]))
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
    fn what_is_nested_without_end_is_refused() {
        let deep = raw(&format!("{}{}", "[".repeat(40), "]".repeat(40)));
        assert_eq!(Json::read(&deep), Err("nested too deeply".to_owned()));
    }
}
