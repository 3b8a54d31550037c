//! What a user writes about Alpha Vantage.

use component::Secret;
use model::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// The connection to Alpha Vantage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Where it answers; the public service if not said.
    #[serde(default)]
    pub connection: Connection,
    /// The key.
    pub authentication: Authentication,
}

/// Where Alpha Vantage answers and how.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// The one endpoint. Point it at the mock for a dry run.
    pub base_url: Url,
    /// Format of the answers that come in both; CSV is shorter.
    pub datatype: Datatype,
    /// What a premium key is entitled to; without it US prices are those of the last close.
    pub entitlement: Option<Entitlement>,
    /// For keys from RapidAPI: its host, `alpha-vantage.p.rapidapi.com`, which `base_url` then
    /// names too.
    pub rapidapi_host: Option<String>,
    /// Lets the key travel unencrypted to other machines.
    pub insecure: bool,
}

impl Default for Connection {
    fn default() -> Self {
        let url = Url::parse("https://www.alphavantage.co/query");
        Self {
            base_url: url.expect("the URL above is well formed"),
            datatype: Datatype::Json,
            entitlement: None,
            rapidapi_host: None,
            insecure: false,
        }
    }
}

/// Format of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Datatype {
    /// JSON.
    Json,
    /// Comma-separated values.
    Csv,
}

/// What a premium key may see of US prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entitlement {
    /// Fifteen minutes late.
    Delayed,
    /// At once.
    Realtime,
}

impl Entitlement {
    /// As Alpha Vantage spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delayed => "delayed",
            Self::Realtime => "realtime",
        }
    }
}

/// How the account is proven.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// The only way there is: `api_key`.
    #[serde(rename = "type")]
    pub kind: AuthenticationKind,
    /// The key.
    pub credentials: Credentials,
}

/// The ways of proving an account.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationKind {
    /// A key.
    ApiKey,
}

/// The key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// For example `${ALPHA_VANTAGE_API_KEY}`.
    pub api_key: Secret,
}

/// Length of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Interval {
    /// A minute.
    #[serde(rename = "1min")]
    Min1,
    /// Five minutes.
    #[serde(rename = "5min")]
    Min5,
    /// A quarter of an hour.
    #[serde(rename = "15min")]
    Min15,
    /// Half an hour.
    #[serde(rename = "30min")]
    Min30,
    /// An hour.
    #[serde(rename = "60min")]
    Min60,
    /// A day.
    #[serde(rename = "daily")]
    Daily,
    /// A week.
    #[serde(rename = "weekly")]
    Weekly,
    /// A month.
    #[serde(rename = "monthly")]
    Monthly,
}

impl Interval {
    /// As Alpha Vantage spells it, as we do, and its minutes where that is what it is made of.
    pub fn words(self) -> (&'static str, &'static str, Option<i64>) {
        match self {
            Self::Min1 => ("1min", "1m", Some(1)),
            Self::Min5 => ("5min", "5m", Some(5)),
            Self::Min15 => ("15min", "15m", Some(15)),
            Self::Min30 => ("30min", "30m", Some(30)),
            Self::Min60 => ("60min", "1h", Some(60)),
            Self::Daily => ("daily", "1d", None),
            Self::Weekly => ("weekly", "1w", None),
            Self::Monthly => ("monthly", "1mo", None),
        }
    }
}

/// Settings of the daily, weekly and monthly bars.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Symbols to read, in Alpha Vantage's spelling.
    #[serde(default = "some_symbols")]
    pub symbols: Vec<String>,
    /// Whether the first read brings the whole history, or the last 100 days.
    #[serde(default = "yes")]
    pub full: bool,
    /// Pause between two requests for one symbol; half a day for daily bars, else a day.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_intraday`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Intraday {
    /// Symbols to read, in Alpha Vantage's spelling.
    #[serde(default = "some_symbols")]
    pub symbols: Vec<String>,
    /// Length of a bar, `1min` to `60min`.
    #[serde(default = "five_minutes")]
    pub interval: Interval,
    /// Month of this day is the first that is read; only the last 30 days if not said.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub start: Option<Date>,
    /// Month of this day is the last that is read; new bars are read for ever if not said.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub end: Option<Date>,
    /// Adjusts prices for splits and dividends.
    #[serde(default)]
    pub adjusted: bool,
    /// Includes bars before and after the trading session.
    #[serde(default = "yes")]
    pub extended_hours: bool,
    /// Pause between two requests for one symbol once everything is read; six hours if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_fx` and `alpha_vantage_crypto`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pairs {
    /// Pairs to read, such as `EUR/USD` or `BTC/USD`; that one if not said.
    #[serde(default)]
    pub pairs: Vec<String>,
    /// Lengths of bars, `1min` to `60min`, `daily`, `weekly`, `monthly`.
    #[serde(default = "each_day")]
    pub intervals: Vec<Interval>,
    /// Whether the first read brings the whole history, or the last 100 bars.
    #[serde(default = "yes")]
    pub full: bool,
    /// Pause between two requests for one pair; half a day if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_quotes`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quotes {
    /// Symbols to read, in Alpha Vantage's spelling.
    #[serde(default = "some_symbols")]
    pub symbols: Vec<String>,
    /// Where from: one by one, or a hundred at a time with a premium key.
    #[serde(default = "one_by_one")]
    pub kind: QuoteKind,
    /// Pairs of currencies whose exchange rate is read, such as `USD/JPY`.
    #[serde(default)]
    pub fx_pairs: Vec<String>,
    /// Pairs with a crypto currency, such as `BTC/USD`.
    #[serde(default)]
    pub crypto_pairs: Vec<String>,
    /// Pause between two requests; an hour if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// Where quotes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuoteKind {
    /// `GLOBAL_QUOTE`: the day's prices of one symbol.
    Global,
    /// `REALTIME_BULK_QUOTES`: the day's prices of a hundred symbols.
    Bulk,
    /// `REALTIME_BULK_BID_ASK_PRICES`: best bid and ask of a hundred symbols.
    BidAsk,
}

/// Settings of `alpha_vantage_fundamentals`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fundamentals {
    /// Symbols to read, in Alpha Vantage's spelling.
    #[serde(default = "some_symbols")]
    pub symbols: Vec<String>,
    /// Which reports, each a request for each symbol: `overview`, `income_statement`,
    /// `balance_sheet`, `cash_flow`, `earnings`, `earnings_estimates`, `shares_outstanding`,
    /// `etf_profile`.
    #[serde(default = "statements")]
    pub statements: Vec<Report>,
    /// Pause between two requests for one report; a week if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// A report about a company or fund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Report {
    Overview,
    IncomeStatement,
    BalanceSheet,
    CashFlow,
    Earnings,
    EarningsEstimates,
    SharesOutstanding,
    EtfProfile,
}

/// Settings of `alpha_vantage_corporate_actions`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorporateActions {
    /// Symbols to read, in Alpha Vantage's spelling.
    #[serde(default = "some_symbols")]
    pub symbols: Vec<String>,
    /// Pause between two requests for one list; a day if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_search`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words to search symbols and names for.
    #[serde(default = "some_symbols")]
    pub keywords: Vec<String>,
    /// Pause between two requests for one word; a week if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_listing`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Reads what is no longer listed in US markets, instead of what is.
    #[serde(default)]
    pub delisted: bool,
    /// The list as it was on this day, after 2010-01-01; today's if not said.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub date: Option<Date>,
    /// Pause between two requests; a day if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_news`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct News {
    /// Symbols whose news is read, also as `CRYPTO:BTC` or `FOREX:USD`; all news if empty.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// Only news on all of these topics, such as `earnings`.
    #[serde(default)]
    pub topics: Vec<String>,
    /// First day that is read; the latest thousand articles if not said.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub start: Option<Date>,
    /// Pause between two requests for one symbol; six hours if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_market_status`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketStatus {
    /// Pause between two requests; an hour if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_records`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// Any other requests, as the documentation writes them behind the question mark:
    /// `function=TREASURY_YIELD&maturity=10year`.
    #[serde(default = "risk_free")]
    pub requests: Vec<String>,
    /// Pause between two requests for the same; a day if not said.
    #[serde(default)]
    pub poll_secs: Option<u64>,
}

fn some_symbols() -> Vec<String> {
    ["IBM", "AAPL"].map(str::to_owned).into()
}

fn risk_free() -> Vec<String> {
    vec!["function=TREASURY_YIELD&interval=daily&maturity=3month".to_owned()]
}

fn yes() -> bool {
    true
}

fn five_minutes() -> Interval {
    Interval::Min5
}

fn each_day() -> Vec<Interval> {
    vec![Interval::Daily]
}

fn one_by_one() -> QuoteKind {
    QuoteKind::Global
}

fn statements() -> Vec<Report> {
    use Report::*;
    vec![Overview, IncomeStatement, BalanceSheet, CashFlow, Earnings]
}
