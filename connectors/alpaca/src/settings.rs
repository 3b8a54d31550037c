//! What a user writes about Alpaca.

use model::{Adjustment, Date};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use component::{Number, Secret};
use http::KeyAuthentication;

/// The connection to one Alpaca account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Where Alpaca answers; the paper account if not said.
    #[serde(default)]
    pub connection: Connection,
    /// The account's key.
    pub authentication: KeyAuthentication<Credentials>,
}

/// Where Alpaca answers. Point the URLs at the mock for a dry run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// Trading API; `https://api.alpaca.markets` for real money.
    pub trading_url: Url,
    /// Market Data API.
    pub data_url: Url,
    /// Market data stream. Without a path, that of `feed` is used.
    pub stream_url: Url,
    /// Stream of order updates; `wss://api.alpaca.markets/stream` for real money.
    pub trading_stream_url: Url,
    /// Where market data comes from; `iex` is free.
    pub feed: Feed,
    /// Seconds of silence after which a stream is asked whether it is still there.
    #[schemars(range(min = 1))]
    pub idle_secs: u64,
    /// Lets keys travel unencrypted to other machines.
    pub insecure: bool,
}

impl Default for Connection {
    fn default() -> Self {
        let url = |text| Url::parse(text).expect("the URLs below are well formed");
        Self {
            trading_url: url("https://paper-api.alpaca.markets"),
            data_url: url("https://data.alpaca.markets"),
            stream_url: url("wss://stream.data.alpaca.markets"),
            trading_stream_url: url("wss://paper-api.alpaca.markets/stream"),
            feed: Feed::Iex,
            idle_secs: 15,
            insecure: false,
        }
    }
}

/// A feed of market data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// Investors Exchange only.
    Iex,
    /// All US exchanges.
    Sip,
    /// All US exchanges, fifteen minutes late.
    DelayedSip,
    /// Blue Ocean, overnight.
    Boats,
    /// Alpaca's own overnight feed.
    Overnight,
    /// Over the counter.
    Otc,
}

impl Feed {
    /// As Alpaca spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iex => "iex",
            Self::Sip => "sip",
            Self::DelayedSip => "delayed_sip",
            Self::Boats => "boats",
            Self::Overnight => "overnight",
            Self::Otc => "otc",
        }
    }
}

/// Key and secret from Alpaca's dashboard.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// For example `${ALPACA_API_KEY}`.
    pub api_key: Secret,
    /// For example `${ALPACA_API_SECRET}`.
    pub api_secret: Secret,
}

/// Settings of `alpaca_market_data`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketData {
    /// Symbols whose trades are followed, in Alpaca's spelling.
    #[serde(default = "some_symbols")]
    pub trades: Vec<String>,
    /// Symbols whose quotes are followed.
    #[serde(default = "some_symbols")]
    pub quotes: Vec<String>,
    /// Symbols whose minute bars are followed.
    #[serde(default = "some_symbols")]
    pub bars: Vec<String>,
    /// How often what the stream sent is compared with the vendor's history; 0 for never. Beyond
    /// 45, a restart may hide what the stream left out just before it.
    #[serde(default)]
    pub audit_secs: Number<30>,
}

/// Settings of `alpaca_bars_history`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BarsHistory {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// First day.
    #[schemars(with = "String")]
    pub start: Date,
    /// Last day; if not said, new records are read for ever.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub end: Option<Date>,
    /// Length of a bar: `5Min`, `1Hour`, `1Day`, `1Week`, `3Month`.
    #[serde(default = "one_day")]
    pub timeframe: String,
    /// What prices are adjusted for: `raw`, `split`, `dividend` or `all`.
    #[serde(default = "raw")]
    #[schemars(with = "String")]
    pub adjustment: Adjustment,
    /// Pause between polls once everything is read.
    #[serde(default)]
    pub poll_secs: Number<60>,
}

/// Settings of `alpaca_trades_history` and `alpaca_quotes_history`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicksHistory {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// First day.
    #[schemars(with = "String")]
    pub start: Date,
    /// Last day; if not said, new records are read for ever.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub end: Option<Date>,
    /// Pause between polls once everything is read.
    #[serde(default)]
    pub poll_secs: Number<60>,
}

/// Settings of `alpaca_order_updates`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrderUpdates {
    /// How far the very first start looks back for orders and fills.
    pub lookback_secs: Number<3_600>,
    /// How often what the stream sent is compared with the account; 0 for only after a connect.
    pub audit_secs: Number<60>,
}

/// Settings of `alpaca_activities`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Activities {
    /// How many days the very first start looks back.
    pub lookback_days: Number<7>,
    /// Pause between polls.
    pub poll_secs: Number<60>,
}

/// Settings of `alpaca_news`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct News {
    /// Only news about these symbols; all news if empty.
    pub symbols: Vec<String>,
    /// How many hours the very first start looks back.
    pub lookback_hours: Number<24>,
    /// Pause between polls.
    pub poll_secs: Number<30>,
}

/// Settings of `alpaca_corporate_actions`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorporateActions {
    /// Only actions of these symbols; the whole market if empty.
    pub symbols: Vec<String>,
    /// How many days the very first start looks back.
    pub lookback_days: Number<30>,
    /// How many days ahead announced actions are read.
    pub ahead_days: Number<30>,
    /// Pause between polls.
    pub poll_secs: Number<3_600>,
}

/// Settings of `alpaca_instruments`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instruments {
    /// Which assets: `us_equity`, `us_option`, `crypto`.
    #[serde(default = "equities")]
    pub asset_classes: Vec<String>,
    /// Pause between polls.
    #[serde(default)]
    pub poll_secs: Number<86_400>,
}

/// Settings of `alpaca_orders`: none yet.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Orders {}

fn some_symbols() -> Vec<String> {
    ["AAPL", "SPY"].map(str::to_owned).into()
}

fn equities() -> Vec<String> {
    vec!["us_equity".to_owned()]
}

fn one_day() -> String {
    "1Day".to_owned()
}

fn raw() -> Adjustment {
    Adjustment::Raw
}
