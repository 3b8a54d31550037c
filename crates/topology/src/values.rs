//! How the typed sections read durations and loosely typed text.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::node::decimal;

/// The longest pause that can be asked for: a day.
const MAX_SECONDS: u64 = 86_400;

/// The schema of a pause in seconds. Allowing text beside numbers is what keeps decimals exact:
/// the check then hands over the number's own text.
pub(crate) fn seconds(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "number"], "minimum": 1, "maximum": MAX_SECONDS })
}

/// A pause in seconds, such as `1.5`.
pub(crate) fn duration<'de, D: Deserializer<'de>>(source: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(source)?;
    let seconds = decimal(&text)
        .filter(|seconds| *seconds >= Decimal::ONE && *seconds <= Decimal::from(MAX_SECONDS))
        .ok_or_else(|| {
            D::Error::custom(format!("expected seconds from 1 to {MAX_SECONDS}, found {text:?}"))
        })?;
    let nanos = (seconds * Decimal::from(1_000_000_000_u64)).trunc().to_u64();
    Ok(Duration::from_nanos(nanos.unwrap_or(u64::MAX)))
}

/// The schema of a property that a library takes as text but people write as it is.
pub(crate) fn text_map_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": { "type": ["string", "number", "boolean"] },
    })
}

/// Properties by name, each as text.
pub(crate) fn text_map<'de, D>(source: D) -> Result<BTreeMap<String, String>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Word {
        Bool(bool),
        Text(String),
    }
    let words = BTreeMap::<String, Word>::deserialize(source)?;
    let text = |word| match word {
        Word::Bool(value) => value.to_string(),
        Word::Text(text) => text,
    };
    Ok(words.into_iter().map(|(key, word)| (key, text(word))).collect())
}
