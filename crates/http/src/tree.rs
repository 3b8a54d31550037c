//! Finding one's way in answers whose shape a user tells.

use std::collections::BTreeMap;

use component::{Json, splits};
use serde_json::value::RawValue;

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
}
