//! Alpaca's market data and streams, spelled as Alpaca spells them. What comes at full speed
//! borrows from the bytes it was read from; all other answers are read cell by cell, in `map`.

use std::collections::BTreeMap;

use http::Num;
use model::Text;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny};
use serde_json::value::RawValue;

/// A print.
#[derive(Deserialize)]
pub struct Trade<'a> {
    /// Absent in REST answers, where the page says it.
    #[serde(rename = "S", default)]
    pub symbol: Text,
    #[serde(borrow)]
    pub i: Num<'a>,
    pub x: Option<Text>,
    pub p: Num<'a>,
    pub s: Num<'a>,
    pub t: &'a str,
    pub c: Option<Vec<Text>>,
    pub z: Option<Text>,
    /// What happened to it later; in REST answers only.
    pub u: Option<Text>,
}

#[derive(Deserialize)]
pub struct Quote<'a> {
    #[serde(rename = "S", default)]
    pub symbol: Text,
    pub ax: Option<Text>,
    #[serde(borrow)]
    pub ap: Num<'a>,
    #[serde(rename = "as")]
    pub az: Num<'a>,
    pub bx: Option<Text>,
    pub bp: Num<'a>,
    pub bs: Num<'a>,
    pub t: &'a str,
    pub c: Option<Vec<Text>>,
    pub z: Option<Text>,
}

#[derive(Deserialize)]
pub struct Bar<'a> {
    #[serde(rename = "S", default)]
    pub symbol: Text,
    pub t: &'a str,
    #[serde(borrow)]
    pub o: Num<'a>,
    pub h: Num<'a>,
    pub l: Num<'a>,
    pub c: Num<'a>,
    pub v: Num<'a>,
    pub n: Option<i64>,
    pub vw: Option<Num<'a>>,
}

/// A print that replaces another: `o` fields are the original's, `c` fields the new one's.
#[derive(Deserialize)]
pub struct Correction<'a> {
    #[serde(rename = "S")]
    pub symbol: Text,
    pub x: Option<Text>,
    #[serde(borrow)]
    pub oi: Num<'a>,
    pub op: Num<'a>,
    pub os: Num<'a>,
    pub oc: Option<Vec<Text>>,
    pub ci: Num<'a>,
    pub cp: Num<'a>,
    pub cs: Num<'a>,
    pub cc: Option<Vec<Text>>,
    pub z: Option<Text>,
    pub t: &'a str,
}

/// What the data stream says about itself.
#[derive(Debug, Deserialize)]
pub struct Control<'a> {
    pub msg: Option<&'a str>,
    pub code: Option<u32>,
}

/// One data point of the data stream.
pub enum Message<'a> {
    Trade(Trade<'a>),
    Quote(Quote<'a>),
    MinuteBar(Bar<'a>),
    DailyBar(Bar<'a>),
    /// A print that is withdrawn.
    Cancel(Trade<'a>),
    Correction(Correction<'a>),
    Success(Control<'a>),
    Error(Control<'a>),
    Subscription,
    /// Known, and of no interest: statuses, imbalances, price bands, news.
    Other,
}

impl<'a> session::Message<'a> for Message<'a> {
    const KEY: &'static str = "T";

    fn read<D: Deserializer<'a>>(kind: &str, rest: D) -> Result<Self, D::Error> {
        match kind {
            "t" => Trade::deserialize(rest).map(Self::Trade),
            "q" => Quote::deserialize(rest).map(Self::Quote),
            "b" | "u" => Bar::deserialize(rest).map(Self::MinuteBar),
            "d" => Bar::deserialize(rest).map(Self::DailyBar),
            "x" => Trade::deserialize(rest).map(Self::Cancel),
            "c" => Correction::deserialize(rest).map(Self::Correction),
            "success" => Control::deserialize(rest).map(Self::Success),
            "error" => Control::deserialize(rest).map(Self::Error),
            "subscription" => IgnoredAny::deserialize(rest).map(|_| Self::Subscription),
            "s" | "i" | "l" | "n" | "o" => IgnoredAny::deserialize(rest).map(|_| Self::Other),
            _ => Err(de::Error::custom(format!("unknown kind of message {kind:?}"))),
        }
    }
}

/// A page of bars, trades or quotes by symbol.
#[derive(Deserialize)]
pub struct Page<'a> {
    #[serde(borrow, alias = "trades", alias = "quotes", default)]
    pub bars: Option<BTreeMap<Text, Option<Vec<&'a RawValue>>>>,
    pub next_page_token: Option<String>,
}

/// Anything on the order stream.
#[derive(Deserialize)]
pub struct OrderStream<'a> {
    pub stream: &'a str,
    #[serde(borrow)]
    pub data: &'a RawValue,
}
