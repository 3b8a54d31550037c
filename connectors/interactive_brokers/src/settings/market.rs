//! What a user writes about market data and instruments.

use component::Number;
use model::Date;
use schemars::JsonSchema;
use serde::Deserialize;

/// Settings of `interactive_brokers_market_data`. Symbols are ours, such as `AAPL`, `BRK.B`,
/// `EUR/USD.FX` or `ESZ5.FUT exchange=CME`; words such as `secType=IND` say more.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketData {
    /// Symbols whose last trades are followed.
    #[serde(default = "some_symbols")]
    pub trades: Vec<String>,
    /// Symbols whose best bid and ask are followed.
    #[serde(default = "some_symbols")]
    pub quotes: Vec<String>,
    /// Symbols whose five-second bars are followed.
    #[serde(default = "some_symbols")]
    pub bars: Vec<String>,
    /// Every single trade and quote; TWS allows this for few symbols at a time.
    #[serde(default)]
    pub tick_by_tick: bool,
    /// Takes delayed data where there is no subscription for live data.
    #[serde(default)]
    pub delayed: bool,
}

/// Settings of `interactive_brokers_bars_history`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BarsHistory {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// First day.
    #[schemars(with = "String")]
    pub start: Date,
    /// Last day; if not said, new bars are read for ever.
    #[schemars(with = "Option<String>")]
    pub end: Option<Date>,
    /// Length of a bar as TWS spells it: `30 secs`, `1 min`, `1 hour`, `1 day`, `1 week`.
    pub bar_size: String,
    /// `TRADES` (adjusted for splits), `ADJUSTED_LAST`, `MIDPOINT`, `BID`, `ASK`.
    pub what_to_show: String,
    /// Only the regular session.
    pub regular_hours: bool,
    /// Pause between polls once everything is read.
    pub poll_secs: Number<60>,
}

impl Default for BarsHistory {
    fn default() -> Self {
        Self {
            symbols: some_symbols(),
            start: "2000-01-01".parse().expect("this is a day"),
            end: None,
            bar_size: "1 day".to_owned(),
            what_to_show: "TRADES".to_owned(),
            regular_hours: true,
            poll_secs: Number::default(),
        }
    }
}

/// Settings of `interactive_brokers_trades_history` and `interactive_brokers_quotes_history`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicksHistory {
    /// Symbols to read.
    pub symbols: Vec<String>,
    /// First day.
    #[schemars(with = "String")]
    pub start: Date,
    /// Last day; if not said, new ones are read for ever.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub end: Option<Date>,
    /// Pause between polls once everything is read.
    #[serde(default)]
    pub poll_secs: Number<60>,
}

/// Settings of `interactive_brokers_instruments`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instruments {
    /// Symbols to look up.
    #[serde(default = "some_symbols")]
    pub symbols: Vec<String>,
    /// Pause between polls.
    #[serde(default)]
    pub poll_secs: Number<86_400>,
}

fn some_symbols() -> Vec<String> {
    ["AAPL", "SPY"].map(str::to_owned).into()
}
