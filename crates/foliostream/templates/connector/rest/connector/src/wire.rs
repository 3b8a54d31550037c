//! What {{Name}} sends, spelled as it spells it: "Records", API v1.

use http::Num;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A page of records, oldest first.
#[derive(Deserialize)]
pub struct Page<'a> {
    /// Decoded one by one, so that one bad record does not lose the page.
    #[serde(borrow)]
    pub records: Vec<&'a RawValue>,
    /// Id of the last record of the page; none if it is empty.
    pub last_id: Option<u64>,
    /// Whether a page follows.
    pub more: bool,
}

/// How often an instrument was mentioned.
#[derive(Deserialize)]
pub struct Record<'a> {
    pub id: u64,
    pub symbol: String,
    pub time: String,
    /// A number on the wire; it never becomes a float.
    #[serde(borrow)]
    pub mentions: Num<'a>,
}
