//! The records of the `_schemas` topic, in the shape in which Confluent's registry writes them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Of keys that name a schema.
const SCHEMA_MAGIC: i32 = 1;

/// A record's key. (JSON text is the identity for compaction, so the order of the fields is fixed.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "keytype")]
pub(crate) enum Key {
    #[serde(rename = "SCHEMA")]
    Schema { subject: String, version: i32, magic: i32 },
    #[serde(rename = "CONFIG")]
    Config { subject: Option<String>, magic: i32 },
    #[serde(rename = "MODE")]
    Mode { subject: Option<String>, magic: i32 },
    #[serde(rename = "DELETE_SUBJECT")]
    DeleteSubject { subject: String, magic: i32 },
    #[serde(rename = "CLEAR_SUBJECT")]
    ClearSubject { subject: String, magic: i32 },
    #[serde(rename = "NOOP")]
    Noop { magic: i32 },
}

impl Key {
    pub fn schema(subject: &str, version: i32) -> Key {
        Key::Schema { subject: subject.to_owned(), version, magic: SCHEMA_MAGIC }
    }

    pub fn config(subject: Option<&str>) -> Key {
        Key::Config { subject: subject.map(str::to_owned), magic: 0 }
    }

    pub fn mode(subject: Option<&str>) -> Key {
        Key::Mode { subject: subject.map(str::to_owned), magic: 0 }
    }

    pub fn delete_subject(subject: &str) -> Key {
        Key::DeleteSubject { subject: subject.to_owned(), magic: 0 }
    }

    pub fn noop() -> Key {
        Key::Noop { magic: 0 }
    }
}

/// One version of a subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SchemaValue {
    pub subject: String,
    pub version: i32,
    pub id: i32,
    /// Absent for Avro.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_type: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    pub schema: String,
    #[serde(default)]
    pub deleted: bool,
    /// What other registries add; it must survive a change of ours.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A name that a schema uses and a version of another subject defines.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub name: String,
    pub subject: String,
    pub version: i32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigValue {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility_level: Option<String>,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModeValue {
    pub mode: String,
}

/// All versions of the subject up to this one are deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeleteValue {
    pub subject: String,
    pub version: i32,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelled_as_confluent_spells_them() {
        let check = |key: Key, expected: &str| {
            assert_eq!(serde_json::to_string(&key).unwrap(), expected);
            assert_eq!(serde_json::from_str::<Key>(expected).unwrap(), key);
        };
        check(
            Key::schema("t-value", 1),
            r#"{"keytype":"SCHEMA","subject":"t-value","version":1,"magic":1}"#,
        );
        check(Key::config(None), r#"{"keytype":"CONFIG","subject":null,"magic":0}"#);
        check(Key::mode(Some("s")), r#"{"keytype":"MODE","subject":"s","magic":0}"#);
        check(Key::delete_subject("s"), r#"{"keytype":"DELETE_SUBJECT","subject":"s","magic":0}"#);
        check(Key::noop(), r#"{"keytype":"NOOP","magic":0}"#);
    }

    #[test]
    fn what_others_add_survives() {
        let text =
            r#"{"subject":"s","version":1,"id":7,"schema":"\"int\"","deleted":false,"md5":"x"}"#;
        let value: SchemaValue = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), text);
    }
}
