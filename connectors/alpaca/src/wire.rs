//! Alpaca's JSON, spelled as Alpaca spells it (Trading API v2, Market Data API v2).
//!
//! Everything borrows from the bytes it was read from. Numbers come as texts or as JSON numbers.

use std::collections::BTreeMap;

use http::Num;
use model::{Decimal, Text};
use serde::de::{self, Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};
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

/// A print that is withdrawn.
#[derive(Deserialize)]
pub struct Cancel<'a> {
    #[serde(rename = "S")]
    pub symbol: Text,
    #[serde(borrow)]
    pub i: Num<'a>,
    pub x: Option<Text>,
    pub p: Num<'a>,
    pub s: Num<'a>,
    pub z: Option<Text>,
    pub t: &'a str,
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
    Cancel(Cancel<'a>),
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
            "x" => Cancel::deserialize(rest).map(Self::Cancel),
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
    pub bars: BTreeMap<Text, Option<Vec<&'a RawValue>>>,
    pub next_page_token: Option<String>,
}

#[derive(Deserialize)]
pub struct NewsPage<'a> {
    #[serde(borrow)]
    pub news: Vec<&'a RawValue>,
    pub next_page_token: Option<String>,
}

#[derive(Deserialize)]
pub struct News {
    pub id: i64,
    pub headline: String,
    pub author: Option<Text>,
    pub created_at: Text,
    pub updated_at: Text,
    pub summary: Option<String>,
    pub content: Option<String>,
    pub url: Option<Text>,
    #[serde(default)]
    pub symbols: Vec<Text>,
    pub source: Option<Text>,
}

#[derive(Deserialize)]
pub struct CorporateActionsPage<'a> {
    #[serde(borrow)]
    pub corporate_actions: BTreeMap<Text, Vec<&'a RawValue>>,
    pub next_page_token: Option<String>,
}

/// The fields of a corporate action differ from group to group.
pub type CorporateAction<'a> = BTreeMap<Text, Num<'a>>;

#[derive(Deserialize)]
pub struct Asset<'a> {
    pub id: Text,
    pub class: &'a str,
    pub exchange: Option<Text>,
    pub symbol: Text,
    pub name: Option<Text>,
    pub status: &'a str,
    pub tradable: bool,
    pub shortable: Option<bool>,
    pub fractionable: Option<bool>,
    #[serde(borrow)]
    pub min_order_size: Option<Num<'a>>,
    pub min_trade_increment: Option<Num<'a>>,
    pub price_increment: Option<Num<'a>>,
}

#[derive(Deserialize)]
pub struct Clock<'a> {
    pub timestamp: &'a str,
}

#[derive(Deserialize)]
pub struct Account<'a> {
    pub account_number: Text,
    pub currency: Text,
    #[serde(borrow)]
    pub cash: Num<'a>,
    pub equity: Option<Num<'a>>,
    pub buying_power: Option<Num<'a>>,
    pub initial_margin: Option<Num<'a>>,
    pub maintenance_margin: Option<Num<'a>>,
    pub pending_transfer_in: Option<Num<'a>>,
    pub pending_transfer_out: Option<Num<'a>>,
    #[serde(default)]
    pub account_blocked: bool,
    #[serde(default)]
    pub trading_blocked: bool,
}

#[derive(Deserialize)]
pub struct Position<'a> {
    pub symbol: Text,
    pub asset_class: Text,
    #[serde(borrow)]
    pub qty: Num<'a>,
    pub side: &'a str,
    pub avg_entry_price: Option<Num<'a>>,
    pub current_price: Option<Num<'a>>,
    pub market_value: Option<Num<'a>>,
    pub cost_basis: Option<Num<'a>>,
    pub unrealized_pl: Option<Num<'a>>,
}

/// What every row of a list has, whatever else may be wrong with it.
#[derive(Deserialize)]
pub struct Row {
    pub id: Text,
    pub submitted_at: Option<Text>,
    pub order_id: Option<Text>,
}

/// A fill in the account's history.
#[derive(Deserialize)]
pub struct FillActivity<'a> {
    pub id: Text,
    #[serde(borrow)]
    pub cum_qty: Num<'a>,
    pub price: Num<'a>,
    pub qty: Num<'a>,
    pub leaves_qty: Num<'a>,
    pub side: &'a str,
    pub symbol: Text,
    pub transaction_time: Text,
    pub order_id: Text,
}

/// Anything else in the account's history.
#[derive(Deserialize)]
pub struct Activity<'a> {
    pub activity_type: Text,
    pub activity_sub_type: Option<Text>,
    pub id: Text,
    pub date: Option<Text>,
    pub created_at: Option<Text>,
    #[serde(borrow)]
    pub net_amount: Option<Num<'a>>,
    pub symbol: Option<Text>,
    pub qty: Option<Num<'a>>,
    pub per_share_amount: Option<Num<'a>>,
    pub currency: Option<Text>,
    pub status: Option<Text>,
    pub description: Option<Text>,
}

#[derive(Deserialize)]
pub struct Order<'a> {
    pub id: Text,
    pub client_order_id: Text,
    pub status: Text,
    #[serde(default)]
    pub symbol: Text,
    #[serde(default)]
    pub asset_class: Text,
    #[serde(default)]
    pub side: Text,
    #[serde(rename = "type", default)]
    pub order_type: Text,
    #[serde(default)]
    pub time_in_force: Text,
    #[serde(borrow)]
    pub qty: Option<Num<'a>>,
    pub notional: Option<Num<'a>>,
    pub limit_price: Option<Num<'a>>,
    pub stop_price: Option<Num<'a>>,
    pub filled_qty: Option<Num<'a>>,
    pub filled_avg_price: Option<Num<'a>>,
    pub replaced_by: Option<Text>,
    pub replaces: Option<Text>,
    pub submitted_at: Option<Text>,
    pub updated_at: Option<Text>,
    pub filled_at: Option<Text>,
    pub canceled_at: Option<Text>,
    pub expired_at: Option<Text>,
    pub failed_at: Option<Text>,
    pub replaced_at: Option<Text>,
}

/// Anything on the order stream.
#[derive(Deserialize)]
pub struct OrderStream<'a> {
    pub stream: &'a str,
    #[serde(borrow)]
    pub data: &'a RawValue,
}

#[derive(Deserialize)]
pub struct Authorization<'a> {
    pub status: Option<&'a str>,
}

/// One change of an order.
#[derive(Deserialize)]
pub struct TradeUpdate<'a> {
    pub event: &'a str,
    pub execution_id: Option<Text>,
    #[serde(borrow)]
    pub order: Order<'a>,
    pub timestamp: Option<Text>,
    pub price: Option<Num<'a>>,
    pub qty: Option<Num<'a>>,
}

/// A refusal.
#[derive(Deserialize)]
pub struct Refusal {
    pub code: Option<u64>,
    pub message: String,
}

/// An order to be placed; nulls are left out when it is sent.
#[derive(Debug, Default, Serialize)]
pub struct NewOrder<'a> {
    pub client_order_id: String,
    pub symbol: Option<&'a str>,
    pub qty: Option<Decimal>,
    pub notional: Option<Decimal>,
    pub side: Option<&'a str>,
    #[serde(rename = "type")]
    pub order_type: &'a str,
    pub time_in_force: &'a str,
    pub limit_price: Option<Decimal>,
    pub stop_price: Option<Decimal>,
    pub trail_price: Option<Decimal>,
    pub trail_percent: Option<Decimal>,
    pub extended_hours: Option<bool>,
    pub order_class: &'a str,
    pub take_profit: Option<TakeProfit>,
    pub stop_loss: Option<StopLoss>,
    pub position_intent: Option<&'a str>,
    pub legs: Option<Vec<Leg<'a>>>,
    pub advanced_instructions: Option<BTreeMap<&'a str, &'a str>>,
}

#[derive(Debug, Serialize)]
pub struct TakeProfit {
    pub limit_price: Decimal,
}

#[derive(Debug, Serialize)]
pub struct StopLoss {
    pub stop_price: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_price: Option<Decimal>,
}

#[derive(Debug, Serialize)]
pub struct Leg<'a> {
    pub symbol: &'a str,
    pub ratio_qty: Decimal,
    pub side: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position_intent: Option<&'a str>,
}

/// A change to an order; nulls are left out when it is sent.
#[derive(Debug, Default, Serialize)]
pub struct ChangedOrder<'a> {
    pub client_order_id: String,
    pub qty: Option<Decimal>,
    pub time_in_force: Option<&'a str>,
    pub limit_price: Option<Decimal>,
    pub stop_price: Option<Decimal>,
    pub trail: Option<Decimal>,
}
