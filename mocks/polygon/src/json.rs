//! Answers, with every number as the exact decimal it is.

use std::borrow::Cow;
use std::cmp::Ordering;

use mockkit::market::Price;
use rust_decimal::Decimal;

/// A value of an answer; a member keeps its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Flag(bool),
    Integer(i64),
    Decimal(Decimal),
    /// A number that is written with a point even when it is whole, as the vendor's volumes are.
    Float(Decimal),
    Text(String),
    List(Vec<Json>),
    Map(Members),
}

pub type Members = Vec<(Cow<'static, str>, Json)>;

/// An object.
pub fn map<const N: usize>(members: [(&'static str, Json); N]) -> Json {
    Json::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

impl Json {
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Map(members) => {
                members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Adds a member to an object.
    pub fn with(mut self, name: &'static str, value: impl Into<Json>) -> Json {
        if let Json::Map(members) = &mut self {
            members.push((name.into(), value.into()));
        }
        self
    }

    pub fn maybe(self, name: &'static str, value: Option<impl Into<Json>>) -> Json {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<Decimal> {
        match self {
            Json::Integer(value) => Some((*value).into()),
            Json::Decimal(value) | Json::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The order of two values of one member; what is missing comes first.
    pub fn order(a: Option<&Json>, b: Option<&Json>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => a.text().cmp(&b.text()),
            },
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Json::Null => out.extend_from_slice(b"null"),
            Json::Flag(true) => out.extend_from_slice(b"true"),
            Json::Flag(false) => out.extend_from_slice(b"false"),
            Json::Integer(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Json::Decimal(value) => {
                out.extend_from_slice(value.normalize().to_string().as_bytes());
            }
            Json::Float(value) => out.extend_from_slice(pointed(*value).as_bytes()),
            Json::Text(text) => write_text(out, text),
            Json::List(values) => {
                out.push(b'[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    value.write(out);
                }
                out.push(b']');
            }
            Json::Map(members) => {
                out.push(b'{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write_text(out, name);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        self.write(&mut out);
        out
    }

    /// Reads a document that the crate carries, its numbers from their text.
    pub fn parse(text: &str) -> serde_json::Result<Json> {
        serde_json::from_str::<reading::Document>(text).map(|document| document.0)
    }
}

fn pointed(value: Decimal) -> String {
    let text = value.normalize().to_string();
    if text.contains('.') { text } else { text + ".0" }
}

pub fn write_text(out: &mut Vec<u8>, text: &str) {
    // A Vec takes every write, and text is always valid JSON.
    let _ = serde_json::to_writer(out, text);
}

impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Flag(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Json {
        Json::Integer(value)
    }
}

impl From<u32> for Json {
    fn from(value: u32) -> Json {
        Json::Integer(value.into())
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Json {
        i64::try_from(value).map_or_else(|_| Json::Decimal(value.into()), Json::Integer)
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Json {
        Json::from(value as u64)
    }
}

impl From<Decimal> for Json {
    fn from(value: Decimal) -> Json {
        Json::Decimal(value)
    }
}

impl From<Price> for Json {
    fn from(value: Price) -> Json {
        Json::Decimal(value.decimal())
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Json {
        Json::Text(value.to_owned())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Json {
        Json::Text(value)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(values: Vec<T>) -> Json {
        Json::List(values.into_iter().map(Into::into).collect())
    }
}

mod reading {
    use std::fmt;

    use serde::Deserialize;
    use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
    use serde_json::value::RawValue;

    use super::Json;

    pub struct Document(pub Json);

    impl<'de> Deserialize<'de> for Document {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Document, D::Error> {
            let raw = <&RawValue>::deserialize(deserializer)?.get();
            let read = match raw.as_bytes().first() {
                Some(b'{') => serde_json::from_str::<Object>(raw).map(|object| object.0),
                Some(b'[') => serde_json::from_str::<Array>(raw).map(|array| array.0),
                Some(b'"') => serde_json::from_str(raw).map(Json::Text),
                Some(b't') => Ok(Json::Flag(true)),
                Some(b'f') => Ok(Json::Flag(false)),
                Some(b'n') => Ok(Json::Null),
                _ => return number(raw).map(Document).ok_or_else(|| D::Error::custom(raw)),
            };
            read.map(Document).map_err(D::Error::custom)
        }
    }

    fn number(raw: &str) -> Option<Json> {
        match raw.parse() {
            Ok(value) => Some(Json::Integer(value)),
            Err(_) if raw.ends_with(".0") => raw.parse().ok().map(Json::Float),
            Err(_) => raw.parse().ok().map(Json::Decimal),
        }
    }

    struct Object(Json);
    struct Array(Json);
    struct ObjectVisitor;
    struct ArrayVisitor;

    impl<'de> Deserialize<'de> for Object {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
            deserializer.deserialize_map(ObjectVisitor).map(Object)
        }
    }

    impl<'de> Deserialize<'de> for Array {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Array, D::Error> {
            deserializer.deserialize_seq(ArrayVisitor).map(Array)
        }
    }

    impl<'de> Visitor<'de> for ObjectVisitor {
        type Value = Json;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
            let mut members = Vec::new();
            while let Some((name, value)) = access.next_entry::<String, Document>()? {
                members.push((name.into(), value.0));
            }
            Ok(Json::Map(members))
        }
    }

    impl<'de> Visitor<'de> for ArrayVisitor {
        type Value = Json;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
            let mut values = Vec::new();
            while let Some(value) = access.next_element::<Document>()? {
                values.push(value.0);
            }
            Ok(Json::List(values))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_digit_and_the_order_of_members() {
        for text in [
            r#"{"b":0.59375,"a":642646396.0,"c":[1112331600000,null,true,"x\"y"],"d":{}}"#,
            "[0.1234567890123456789]",
        ] {
            assert_eq!(String::from_utf8(Json::parse(text).unwrap().bytes()).unwrap(), text);
        }
        assert!(Json::parse("{\"a\":1e}").is_err());
    }
}
