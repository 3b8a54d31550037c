//! What the fields of events hold, for whoever makes events from text that somebody else wrote.

/// One field of an event or of a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// Its name in the schema.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FieldKind {
    Text,
    EventId,
    Instrument,
    Bool,
    Long,
    Bytes,
    Decimal,
    Timestamp,
    Date,
    /// One of these words.
    Symbol(&'static [&'static str]),
    /// Fields of its own.
    Record(&'static [FieldInfo]),
    /// This, or nothing.
    Optional(&'static FieldKind),
    List(&'static FieldKind),
    /// Such values by their names.
    Map(&'static FieldKind),
}
