//! What a user writes about the fields of an event.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Unit;

/// Where a field of an event comes from: the name of an item's field, or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSettings(pub FieldRule);

/// Where a field of an event comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FieldRule {
    /// The item's field: names joined by dots, numbers for places in a list.
    pub from: Option<String>,
    /// The same for every item.
    pub constant: Option<Word>,
    /// For times and days: `rfc3339`, `epoch_secs`, `epoch_millis`, `epoch_nanos` or a pattern
    /// such as `%Y-%m-%d %H:%M:%S`.
    pub format: Option<String>,
    /// For times without an offset: their zone; UTC if not said.
    pub zone: Option<String>,
    /// For instruments: the item's field with the vendor's symbol.
    pub symbol: Option<String>,
    /// For instruments: the market in which the symbol is unique, `US` for all US exchanges.
    pub venue: Option<String>,
    /// Our words for the vendor's. A word that is not among them is a dead letter.
    pub words: BTreeMap<String, String>,
    /// For numbers: what they are multiplied with, such as `0.01` where they are in cents.
    pub scale: Option<Word>,
    /// For numbers: what they count, where that is a part of one: `1.5` in percent is 0.015.
    pub unit: Option<Unit>,
}

/// A text, or a number or truth value as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Word(pub String);

impl TryFrom<Value> for Word {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(Self(text)),
            Value::Bool(_) | Value::Number(_) => Ok(Self(value.to_string())),
            _ => Err(format!("expected a text, a number, true or false, found {value}")),
        }
    }
}

impl JsonSchema for Word {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Word".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl<'de> Deserialize<'de> for FieldSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrRule;
        impl<'de> Visitor<'de> for NameOrRule {
            type Value = FieldRule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field, or where it comes from")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<FieldRule, E> {
                Ok(FieldRule { from: Some(name.to_owned()), ..FieldRule::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FieldRule, A::Error> {
                FieldRule::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(NameOrRule).map(Self)
    }
}

impl JsonSchema for FieldSettings {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FieldSettings".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<FieldRule>();
        json_schema!({ "anyOf": [{ "type": "string" }, rule] })
    }
}
