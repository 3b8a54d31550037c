//! Polygon's JSON, spelled as Polygon spells it. The stream uses letters where REST uses words;
//! a trade is a trade in either, so one struct reads both.
//!
//! Everything borrows from the bytes it was read from.

use http::{Num, Whole};
use model::Text;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny};
use serde_json::value::RawValue;

/// A print: `T`, `XT`, `/v3/trades`, `/v2/last/trade`.
#[derive(Deserialize)]
pub struct Trade<'a> {
    /// Absent in pages of history, which are about one symbol.
    #[serde(rename = "sym", alias = "T", alias = "pair", default)]
    pub symbol: Text,
    #[serde(alias = "id", borrow)]
    pub i: Option<Num<'a>>,
    #[serde(alias = "exchange")]
    pub x: Option<Num<'a>>,
    #[serde(alias = "price")]
    pub p: Num<'a>,
    #[serde(alias = "size")]
    pub s: Option<Num<'a>>,
    /// The size as decimal text, where it may be a fraction.
    #[serde(alias = "decimal_size")]
    pub ds: Option<Num<'a>>,
    #[serde(alias = "conditions", default)]
    pub c: Codes,
    #[serde(alias = "sip_timestamp")]
    pub t: Option<Whole>,
    #[serde(alias = "participant_timestamp", alias = "pt")]
    pub y: Option<Whole>,
    #[serde(alias = "sequence_number")]
    pub q: Option<Whole>,
    #[serde(alias = "tape")]
    pub z: Option<Num<'a>>,
    #[serde(alias = "trf_id", alias = "trfi")]
    pub r: Option<Num<'a>>,
    #[serde(alias = "correction")]
    pub e: Option<Whole>,
}

/// Best bid and ask: `Q`, `XQ`, `/v3/quotes`, `/v2/last/nbbo`, both snapshots.
#[derive(Default, Deserialize)]
pub struct Quote<'a> {
    #[serde(rename = "sym", alias = "T", alias = "pair", default)]
    pub symbol: Text,
    #[serde(alias = "bid_price", alias = "p", alias = "bid", borrow)]
    pub bp: Option<Num<'a>>,
    #[serde(alias = "bid_size", alias = "s")]
    pub bs: Option<Num<'a>>,
    #[serde(alias = "bid_exchange", alias = "x")]
    pub bx: Option<Num<'a>>,
    #[serde(alias = "ask_price", alias = "P", alias = "ask")]
    pub ap: Option<Num<'a>>,
    #[serde(rename = "as", alias = "ask_size", alias = "S")]
    pub az: Option<Num<'a>>,
    #[serde(alias = "ask_exchange", alias = "X")]
    pub ax: Option<Num<'a>>,
    #[serde(alias = "conditions", default)]
    pub c: Codes,
    #[serde(alias = "sip_timestamp", alias = "last_updated", alias = "timestamp")]
    pub t: Option<Whole>,
    #[serde(alias = "participant_timestamp")]
    pub y: Option<Whole>,
    #[serde(alias = "sequence_number")]
    pub q: Option<Whole>,
    #[serde(alias = "tape")]
    pub z: Option<Num<'a>>,
}

/// Best bid and ask of two currencies: `C`, whose `p` is the pair.
#[derive(Deserialize)]
pub struct CurrencyQuote<'a> {
    pub p: Text,
    pub x: Option<Num<'a>>,
    #[serde(borrow)]
    pub a: Num<'a>,
    pub b: Num<'a>,
    pub t: Whole,
}

impl<'a> From<CurrencyQuote<'a>> for Quote<'a> {
    fn from(raw: CurrencyQuote<'a>) -> Self {
        let (bp, ap, t) = (Some(raw.b), Some(raw.a), Some(raw.t));
        Self { symbol: raw.p, bp, bx: raw.x, ap, ax: raw.x, t, ..Self::default() }
    }
}

/// Prices over a period: `A`, `AM`, `CA`, `CAS`, `XA`, `XAS`, `/v2/aggs`, snapshots.
#[derive(Deserialize)]
pub struct Bar<'a> {
    #[serde(rename = "sym", alias = "T", alias = "pair", default)]
    pub symbol: Text,
    /// Start in milliseconds; a snapshot's day has none.
    #[serde(alias = "t")]
    pub s: Option<Whole>,
    pub e: Option<Whole>,
    #[serde(alias = "open", borrow)]
    pub o: Num<'a>,
    #[serde(alias = "high")]
    pub h: Num<'a>,
    #[serde(alias = "low")]
    pub l: Num<'a>,
    #[serde(alias = "close")]
    pub c: Num<'a>,
    /// Indices have none.
    #[serde(alias = "volume")]
    pub v: Option<Num<'a>>,
    /// The volume as decimal text, where it may be a fraction.
    pub dv: Option<Num<'a>>,
    #[serde(alias = "vwap")]
    pub vw: Option<Num<'a>>,
    #[serde(alias = "transactions")]
    pub n: Option<Whole>,
}

/// What the stream says about itself.
#[derive(Debug, Deserialize)]
pub struct Status {
    #[serde(default)]
    pub status: Text,
    pub message: Option<Text>,
}

impl Status {
    /// Its words.
    pub fn said(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }
}

/// Condition codes: a list, a single one, or nothing.
#[derive(Debug, Default)]
pub struct Codes(pub Vec<Text>);

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let list = raw.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(raw);
        if list.contains(['[', '{', '\\']) {
            return Err(de::Error::custom(format!("{raw} is neither a code nor a list of codes")));
        }
        let codes = list.split(',').map(|code| code.trim().trim_matches('"'));
        let codes = codes.filter(|code| !matches!(*code, "" | "null"));
        Ok(Self(codes.map(Text::from).collect()))
    }
}

/// One message of the stream.
pub enum Message<'a> {
    Trade(Trade<'a>),
    Quote(Quote<'a>),
    SecondBar(Bar<'a>),
    MinuteBar(Bar<'a>),
    Status(Status),
    /// Known, and of no interest: price bands, imbalances, fair values, books, index values.
    Other,
}

impl<'a> session::Message<'a> for Message<'a> {
    const KEY: &'static str = "ev";

    fn read<D: Deserializer<'a>>(kind: &str, rest: D) -> Result<Self, D::Error> {
        match kind {
            "T" | "XT" => Trade::deserialize(rest).map(Self::Trade),
            "Q" | "XQ" => Quote::deserialize(rest).map(Self::Quote),
            "C" => CurrencyQuote::deserialize(rest).map(|quote| Self::Quote(quote.into())),
            "A" | "CAS" | "XAS" => Bar::deserialize(rest).map(Self::SecondBar),
            "AM" | "CA" | "XA" => Bar::deserialize(rest).map(Self::MinuteBar),
            "status" => Status::deserialize(rest).map(Self::Status),
            "LULD" | "NOI" | "FMV" | "LV" | "XL2" | "V" => {
                IgnoredAny::deserialize(rest).map(|_| Self::Other)
            }
            _ => Err(de::Error::custom(format!("unknown kind of message {kind:?}"))),
        }
    }
}

/// What every answer of REST has around its rows.
#[derive(Deserialize)]
pub struct Envelope<'a> {
    pub status: Option<Text>,
    pub next_url: Option<Text>,
    /// A list, or a single object.
    #[serde(borrow)]
    pub results: Option<&'a RawValue>,
    #[serde(borrow)]
    pub tickers: Option<&'a RawValue>,
}

/// `/v2/snapshot/locale/us/markets/stocks/tickers`
#[derive(Deserialize)]
pub struct Snapshot<'a> {
    pub ticker: Text,
    pub updated: Option<Whole>,
    #[serde(borrow)]
    pub day: Option<&'a RawValue>,
    pub min: Option<&'a RawValue>,
    #[serde(rename = "lastQuote")]
    pub last_quote: Option<&'a RawValue>,
    #[serde(rename = "lastTrade")]
    pub last_trade: Option<Moment>,
}

/// `/v3/snapshot`
#[derive(Deserialize)]
pub struct UniversalSnapshot<'a> {
    pub ticker: Text,
    /// Set where there is no such symbol.
    pub error: Option<Text>,
    pub message: Option<Text>,
    #[serde(borrow)]
    pub session: Option<&'a RawValue>,
    pub last_quote: Option<&'a RawValue>,
    pub last_trade: Option<Moment>,
    /// Of indices.
    pub last_updated: Option<Whole>,
}

/// When something of a snapshot was last known.
#[derive(Deserialize)]
pub struct Moment {
    pub t: Option<Whole>,
    pub sip_timestamp: Option<Whole>,
    pub last_updated: Option<Whole>,
}
