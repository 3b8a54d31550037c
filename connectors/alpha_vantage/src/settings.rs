//! What a user writes about Alpha Vantage. Symbols are in its spelling; where a feature names
//! none, `IBM` and `SPY` are read.

use http::KeyAuthentication;
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
    pub authentication: KeyAuthentication,
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
    /// For keys from RapidAPI: its host, `alpha-vantage.p.rapidapi.com`, as in `base_url`.
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
#[allow(missing_docs)]
pub enum Datatype {
    Json,
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

/// Settings of the daily, weekly and monthly bars.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Series {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// Never asks for more than the last 100 days; else the first read brings twenty years.
    pub compact: bool,
    /// Pause between two requests for one symbol; half a day for daily bars, else a day.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_intraday`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Intraday {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// Length of a bar, `1min`, `5min`, `15min`, `30min` or `60min`; five minutes if not said.
    pub interval: Option<String>,
    /// The month of this day is the first that is read; the last 30 days if not said.
    #[schemars(with = "Option<String>")]
    pub start: Option<Date>,
    /// The month of this day is the last that is read; if not said, new bars are for ever.
    #[schemars(with = "Option<String>")]
    pub end: Option<Date>,
    /// Adjusts prices for splits and dividends.
    pub adjusted: bool,
    /// Leaves out what is traded before and after the session.
    pub regular_hours: bool,
    /// Pause between two requests for one symbol once everything is read; six hours if not said.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_fx` and `alpha_vantage_crypto`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pairs {
    /// Pairs to read; `EUR/USD` or `BTC/USD` if not said.
    pub pairs: Vec<String>,
    /// Lengths of bars, `1min` to `60min`, `daily`, `weekly`, `monthly`; daily if not said.
    pub intervals: Vec<String>,
    /// Never asks for more than the last 100 bars.
    pub compact: bool,
    /// Pause between two requests for one pair; half a day if not said.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_quotes`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Quotes {
    /// Symbols whose day is read.
    pub symbols: Vec<String>,
    /// Reads a hundred symbols in one request, which needs a premium key.
    pub bulk: bool,
    /// Pairs of currencies whose exchange rate is read, such as `USD/JPY`.
    pub fx_pairs: Vec<String>,
    /// The same with crypto currencies, such as `BTC/USD`.
    pub crypto_pairs: Vec<String>,
    /// Pause between two requests for the same; an hour if not said.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_fundamentals`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fundamentals {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// Reports, each a request for each symbol: `overview`, `income_statement`, `balance_sheet`,
    /// `cash_flow`, `earnings` (these if not said), `earnings_estimates`, `shares_outstanding`,
    /// `etf_profile`.
    pub statements: Vec<String>,
    /// Pause between two requests for one report; a week if not said.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_corporate_actions`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorporateActions {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// Pause between two requests for one list; a day if not said.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_search`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Search {
    /// Words to search symbols and names for.
    pub keywords: Vec<String>,
    /// Pause between two requests for one word; a week if not said.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_listing`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Listing {
    /// Reads what is no longer listed in US markets, instead of what is.
    pub delisted: bool,
    /// The list as it was on this day, after 2010-01-01; today's if not said.
    #[schemars(with = "Option<String>")]
    pub date: Option<Date>,
    /// Pause between two requests; a day if not said.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_news`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct News {
    /// Symbols whose news is read, also as `CRYPTO:BTC` or `FOREX:USD`; all news if empty.
    pub symbols: Vec<String>,
    /// Only news on all of these topics, such as `earnings`.
    pub topics: Vec<String>,
    /// First day that is read; the latest thousand articles if not said.
    #[schemars(with = "Option<String>")]
    pub start: Option<Date>,
    /// Pause between two requests for one symbol; six hours if not said.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_market_status`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MarketStatus {
    /// Pause between two requests; an hour if not said.
    pub poll_secs: Option<u64>,
}

/// Settings of `alpha_vantage_records`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    /// Requests as the documentation writes them behind the question mark, for example
    /// `function=CPI&interval=monthly`; the yield of three-month bills if not said.
    pub requests: Vec<String>,
    /// Pause between two requests for the same; a day if not said.
    pub poll_secs: Option<u64>,
}
