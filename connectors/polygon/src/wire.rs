//! Polygon's JSON, spelled as Polygon spells it. The stream uses letters where REST uses words;
//! a trade is a trade in either, so one struct reads both.
//!
//! Everything borrows from the bytes it was read from.

use std::fmt;

use http::Num;
use model::Text;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, SeqAccess, Visitor};
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
    pub t: Option<i64>,
    #[serde(alias = "participant_timestamp", alias = "pt")]
    pub y: Option<i64>,
    #[serde(alias = "sequence_number")]
    pub q: Option<u64>,
    #[serde(alias = "tape")]
    pub z: Option<Num<'a>>,
    #[serde(alias = "trf_id", alias = "trfi")]
    pub r: Option<Num<'a>>,
    #[serde(alias = "correction")]
    pub e: Option<i64>,
}

/// Best bid and ask: `Q`, `XQ`, `/v3/quotes`, `/v2/last/nbbo`, both snapshots.
#[derive(Deserialize)]
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
    pub t: Option<i64>,
    #[serde(alias = "participant_timestamp")]
    pub y: Option<i64>,
    #[serde(alias = "sequence_number")]
    pub q: Option<u64>,
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
    pub t: i64,
}

/// Prices over a period: `A`, `AM`, `CA`, `CAS`, `XA`, `XAS`, `/v2/aggs`, snapshots.
#[derive(Deserialize)]
pub struct Bar<'a> {
    #[serde(rename = "sym", alias = "T", alias = "pair", default)]
    pub symbol: Text,
    /// Start in milliseconds; a snapshot's day has none.
    #[serde(alias = "t")]
    pub s: Option<i64>,
    pub e: Option<i64>,
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
    pub n: Option<i64>,
}

/// What the stream says about itself.
#[derive(Debug, Deserialize)]
pub struct Status {
    #[serde(default)]
    pub status: Text,
    #[serde(default)]
    pub message: Text,
}

/// Condition codes: a list, a single one, or nothing.
#[derive(Debug, Default)]
pub struct Codes(pub Vec<Text>);

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Vec<Text>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a code or a list of codes")
            }

            fn visit_u64<E>(self, code: u64) -> Result<Vec<Text>, E> {
                Ok(vec![number(code)])
            }

            fn visit_unit<E>(self) -> Result<Vec<Text>, E> {
                Ok(Vec::new())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Text>, A::Error> {
                let mut codes = Vec::new();
                while let Some(code) = seq.next_element::<Num<'de>>()? {
                    if codes.is_empty() {
                        codes.reserve_exact(4); // the tapes have no more
                    }
                    match code.text() {
                        text if text.starts_with(['[', '{']) => {
                            return Err(de::Error::custom("a code is a number or a word"));
                        }
                        "null" => {}
                        text => codes.push(text.into()),
                    }
                }
                Ok(codes)
            }
        }
        deserializer.deserialize_any(Any).map(Self)
    }
}

/// A number in an inline text: this is on the path of every trade, so no general formatter.
pub fn number(mut number: u64) -> Text {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    Text::from_utf8_lossy(&digits[start..])
}

/// One message of the stream.
pub enum Message<'a> {
    Trade(Trade<'a>),
    Quote(Quote<'a>),
    CurrencyQuote(CurrencyQuote<'a>),
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
            "C" => CurrencyQuote::deserialize(rest).map(Self::CurrencyQuote),
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
    pub error: Option<Text>,
    pub message: Option<Text>,
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
    #[serde(default)]
    pub updated: i64,
    #[serde(borrow)]
    pub day: Option<&'a RawValue>,
    pub min: Option<&'a RawValue>,
    #[serde(rename = "lastQuote")]
    pub last_quote: Option<&'a RawValue>,
    #[serde(rename = "lastTrade")]
    pub last_trade: Option<Moment>,
}

/// The same, for whoever wants to know what has changed.
#[derive(Deserialize)]
pub struct Changed {
    pub ticker: Text,
    #[serde(rename = "lastQuote")]
    pub last_quote: Option<Moment>,
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
}

/// When something of a snapshot was last known.
#[derive(Deserialize)]
pub struct Moment {
    pub t: Option<i64>,
    pub sip_timestamp: Option<i64>,
    pub last_updated: Option<i64>,
}

#[derive(Deserialize)]
pub struct Ticker<'a> {
    pub ticker: Text,
    pub name: Option<Text>,
    pub market: &'a str,
    pub primary_exchange: Option<Text>,
    pub active: Option<bool>,
    pub currency_name: Option<Text>,
    pub composite_figi: Option<Text>,
    pub last_updated_utc: Option<&'a str>,
}

/// `/vX/reference/tickers/{id}/events`
#[derive(Deserialize)]
pub struct TickerEvents {
    #[serde(default)]
    pub events: Vec<TickerEvent>,
}

#[derive(Deserialize)]
pub struct TickerEvent {
    pub date: Text,
    pub ticker_change: Option<TickerChange>,
}

#[derive(Deserialize)]
pub struct TickerChange {
    pub ticker: Text,
}

#[derive(Deserialize)]
pub struct News {
    pub id: Text,
    pub publisher: Option<Publisher>,
    pub title: Text,
    pub author: Option<Text>,
    pub published_utc: Text,
    pub article_url: Option<Text>,
    pub description: Option<Text>,
    pub tickers: Option<Vec<Text>>,
    pub keywords: Option<Vec<Text>>,
    pub insights: Option<Vec<Insight>>,
}

#[derive(Deserialize)]
pub struct Publisher {
    pub name: Option<Text>,
}

#[derive(Deserialize)]
pub struct Insight {
    pub ticker: Text,
    pub sentiment: Option<Text>,
    pub sentiment_reasoning: Option<Text>,
}

/// `/v1/marketstatus/now`
#[derive(Deserialize)]
pub struct MarketStatus {
    #[serde(rename = "serverTime")]
    pub server_time: Text,
    #[serde(rename = "earlyHours", default)]
    pub early_hours: bool,
    #[serde(default)]
    pub exchanges: std::collections::BTreeMap<Text, Option<Text>>,
    #[serde(default)]
    pub currencies: std::collections::BTreeMap<Text, Option<Text>>,
}

/// A day of `/v1/marketstatus/upcoming`.
#[derive(Deserialize)]
pub struct Holiday {
    pub date: Text,
    pub exchange: Text,
    pub name: Option<Text>,
    pub status: Text,
    pub open: Option<Text>,
    pub close: Option<Text>,
}
