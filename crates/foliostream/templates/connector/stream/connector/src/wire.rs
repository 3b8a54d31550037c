//! What {{Name}} sends, spelled as it spells it: "Stream" and "Trades", API v1.

use std::borrow::Cow;

use http::Num;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A frame of the stream.
#[derive(Deserialize)]
pub struct Frame<'a> {
    /// `welcome`, `subscribed`, `trades` or `error`.
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// Decoded one by one, so that one bad trade does not lose the frame.
    #[serde(borrow, default)]
    pub trades: Vec<&'a RawValue>,
    /// Of an error.
    pub code: Option<u16>,
    /// What it is about.
    pub reason: Option<String>,
}

/// A page of the history, oldest first.
#[derive(Deserialize)]
pub struct Page<'a> {
    #[serde(borrow)]
    pub trades: Vec<&'a RawValue>,
    /// Id after which the next page begins; none on the last one.
    pub next: Option<u64>,
}

/// A print on the tape.
#[derive(Deserialize)]
pub struct Trade<'a> {
    pub id: u64,
    #[serde(borrow)]
    pub symbol: Cow<'a, str>,
    #[serde(borrow)]
    pub time: Cow<'a, str>,
    /// A number on the wire; it never becomes a float.
    #[serde(borrow)]
    pub price: Num<'a>,
    #[serde(borrow)]
    pub size: Num<'a>,
}

/// The vendor's clock.
#[derive(Deserialize)]
pub struct Clock {
    pub time: String,
}
