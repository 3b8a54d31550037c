//! What can be wrong with a record.

/// Why an event cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// More places or digits than the schema's decimal carries.
    #[error("field {field:?}: {value} does not fit decimal(38, 18)")]
    Decimal { field: String, value: String },
    /// The schema of this kind of event was never registered.
    #[error("the schema of {0} has no id in the registry")]
    NotRegistered(&'static str),
}

impl EncodeError {
    /// The same error, naming the field where it happened.
    pub fn at(self, name: &str) -> Self {
        match self {
            Self::Decimal { field, value } => Self::Decimal { field: join(name, &field), value },
            other => other,
        }
    }
}

/// Why bytes cannot be read as an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early or hold an impossible value.
    #[error("field {field:?}: {reason}")]
    Bytes { field: String, reason: String },
    /// Bytes are left over.
    #[error("{0} bytes are left over after the record")]
    LeftOver(usize),
    /// Not Confluent framing.
    #[error("not a Confluent-framed record: {0}")]
    Framing(String),
    /// The id is not known yet: ask the registry, then try again.
    #[error("schema id {0} is not known")]
    UnknownSchema(u32),
    /// The id belongs to a schema that is not one of our events.
    #[error("schema id {id}: {reason}")]
    ForeignSchema { id: u32, reason: String },
}

impl DecodeError {
    /// Something wrong with the bytes of a field that is not named yet.
    pub fn bytes(reason: impl Into<String>) -> Self {
        Self::Bytes { field: String::new(), reason: reason.into() }
    }

    /// An enum index that the schema does not have.
    pub fn symbol(name: &str, index: i64) -> Self {
        Self::bytes(format!("{name} has no symbol {index}"))
    }

    /// The same error, naming the field where it happened.
    pub fn at(self, name: &str) -> Self {
        match self {
            Self::Bytes { field, reason } => Self::Bytes { field: join(name, &field), reason },
            other => other,
        }
    }
}

fn join(outer: &str, inner: &str) -> String {
    if inner.is_empty() { outer.to_owned() } else { format!("{outer}.{inner}") }
}
