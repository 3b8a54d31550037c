//! What a user writes about Polygon.

use http::KeyAuthentication;
use model::{Adjustment, Date};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// The connection with one Polygon key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Where Polygon answers.
    #[serde(default)]
    pub connection: Connection,
    /// The key from the dashboard, for example `${POLYGON_API_KEY}`.
    pub authentication: KeyAuthentication,
}

/// Where Polygon answers. Point the URLs at the mock for a dry run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// REST API; `https://api.polygon.io` is its old name.
    pub base_url: Url,
    /// Stream; `wss://delayed.massive.com` for plans that are fifteen minutes late. Without a
    /// path, that of `cluster` is used.
    pub stream_url: Url,
    /// What the stream is about.
    pub cluster: Cluster,
    /// The plan of the key, which says how often REST may be asked.
    pub plan: Plan,
    /// Seconds of silence after which the stream is asked whether it is still there.
    #[schemars(range(min = 1))]
    pub idle_secs: u64,
    /// Lets the key travel unencrypted to other machines.
    pub insecure: bool,
}

impl Default for Connection {
    fn default() -> Self {
        let url = |text| Url::parse(text).expect("the URLs below are well formed");
        Self {
            base_url: url("https://api.massive.com"),
            stream_url: url("wss://socket.massive.com"),
            cluster: Cluster::Stocks,
            plan: Plan::Paid,
            idle_secs: 15,
            insecure: false,
        }
    }
}

/// A kind of plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// End of day data, five requests a minute.
    Free,
    /// No quota; a hundred requests a second are polite.
    Paid,
}

/// Instruments that share a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cluster {
    /// US stocks.
    Stocks,
    /// US options: symbols such as `O:NCLH221014C00005000`.
    Options,
    /// Currencies: symbols such as `EUR-USD`.
    Forex,
    /// Crypto currencies: symbols such as `BTC-USD`.
    Crypto,
    /// Indices: symbols such as `I:SPX`; bars only.
    Indices,
}

impl Cluster {
    /// As Polygon spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stocks => "stocks",
            Self::Options => "options",
            Self::Forex => "forex",
            Self::Crypto => "crypto",
            Self::Indices => "indices",
        }
    }
}

/// Settings of `polygon_market_data`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MarketData {
    /// Symbols whose trades are followed, in Polygon's spelling; `*` for all.
    pub trades: Vec<String>,
    /// Symbols whose quotes are followed.
    pub quotes: Vec<String>,
    /// Symbols whose minute bars are followed.
    pub bars: Vec<String>,
    /// Symbols whose second bars are followed.
    pub second_bars: Vec<String>,
    /// How often trades and quotes are compared with the vendor's history where their numbers
    /// tell nothing: where they do not count up one by one, and of symbols that are quiet; 0 for
    /// never. Beyond 45, a restart may hide what the stream left out just before it.
    pub audit_secs: u64,
}

impl Default for MarketData {
    fn default() -> Self {
        let [trades, quotes, bars] = [some_symbols(), some_symbols(), some_symbols()];
        Self { trades, quotes, bars, second_bars: Vec::new(), audit_secs: 30 }
    }
}

/// Settings of `polygon_bars_history`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BarsHistory {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// First day; thirty days ago if not said.
    #[schemars(with = "Option<String>")]
    pub start: Option<Date>,
    /// Last day; if not said, new records are read for ever.
    #[schemars(with = "Option<String>")]
    pub end: Option<Date>,
    /// Length of a bar, a number and `second`, `minute`, `hour`, `day`, `week`, `month`,
    /// `quarter` or `year`: `1day`, `15minute`.
    pub timeframe: String,
    /// What prices are adjusted for: `raw` or `split`, as known on the day of asking.
    #[schemars(with = "String")]
    pub adjustment: Adjustment,
    /// Pause between polls once everything is read.
    pub poll_secs: u64,
}

impl Default for BarsHistory {
    fn default() -> Self {
        Self {
            symbols: some_symbols(),
            start: None,
            end: None,
            timeframe: "1day".to_owned(),
            adjustment: Adjustment::Raw,
            poll_secs: 300,
        }
    }
}

/// Settings of `polygon_trades_history` and `polygon_quotes_history`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TicksHistory {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// First day; yesterday if not said.
    #[schemars(with = "Option<String>")]
    pub start: Option<Date>,
    /// Last day; if not said, new records are read for ever.
    #[schemars(with = "Option<String>")]
    pub end: Option<Date>,
    /// Pause between polls once everything is read.
    pub poll_secs: u64,
}

impl Default for TicksHistory {
    fn default() -> Self {
        Self { symbols: some_symbols(), start: None, end: None, poll_secs: 60 }
    }
}

/// Settings of `polygon_snapshots`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Snapshots {
    /// Symbols to read; every US stock if empty.
    pub symbols: Vec<String>,
    /// Pause between polls.
    pub poll_secs: u64,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { symbols: some_symbols(), poll_secs: 60 }
    }
}

/// Settings of `polygon_instruments`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Instruments {
    /// Symbols to read; whole markets if empty.
    pub symbols: Vec<String>,
    /// Markets to read: `stocks`, `otc`, `crypto`, `fx`, `indices`.
    pub markets: Vec<String>,
    /// Pause between polls.
    pub poll_secs: u64,
}

impl Default for Instruments {
    fn default() -> Self {
        Self { symbols: Vec::new(), markets: vec!["stocks".to_owned()], poll_secs: 86_400 }
    }
}

/// Settings of `polygon_corporate_actions` and `polygon_news`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// Only about these symbols; the whole market if empty.
    pub symbols: Vec<String>,
    /// How many days back is read.
    pub lookback_days: u32,
    /// Pause between polls.
    pub poll_secs: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { symbols: Vec::new(), lookback_days: 7, poll_secs: 300 }
    }
}

/// Settings of `polygon_fundamentals`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fundamentals {
    /// Symbols to read; every company if empty.
    pub symbols: Vec<String>,
    /// What is read.
    pub reports: Vec<Report>,
    /// How many days back reports were filed at most.
    pub lookback_days: u32,
    /// Pause between polls.
    pub poll_secs: u64,
}

impl Default for Fundamentals {
    fn default() -> Self {
        use Report::{BalanceSheets, CashFlowStatements, IncomeStatements, Ratios};
        let reports = vec![IncomeStatements, BalanceSheets, CashFlowStatements, Ratios];
        Self { symbols: some_symbols(), reports, lookback_days: 400, poll_secs: 21_600 }
    }
}

/// A list of what companies report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// Income statements.
    IncomeStatements,
    /// Balance sheets.
    BalanceSheets,
    /// Cash flow statements.
    CashFlowStatements,
    /// Ratios to the last price.
    Ratios,
    /// Short interest, twice a month.
    ShortInterest,
    /// Short volume, daily.
    ShortVolume,
    /// Free float.
    Float,
    /// All statements of a filing in one, as the older interface has them.
    Financials,
}

/// Settings of `polygon_market_status`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MarketStatus {
    /// Pause between polls.
    pub poll_secs: u64,
}

impl Default for MarketStatus {
    fn default() -> Self {
        Self { poll_secs: 60 }
    }
}

fn some_symbols() -> Vec<String> {
    ["AAPL", "SPY"].map(str::to_owned).into()
}
