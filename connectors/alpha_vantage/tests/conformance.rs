//! The shared suite, switched on for every component.

#![allow(clippy::unwrap_used)]

mod common;

use common::Rig;
use serde_json::json;

/// What is asked for in several requests, one after the other.
macro_rules! several {
    ($($module:ident: $source:ident $settings:tt)*) => {$(
        mod $module {
            use super::*;

            testkit::source!(
                alpha_vantage::$source,
                mock = Rig,
                settings = json!($settings),
                skip = { empty_page: "after an empty answer comes the next request, at once" }
            );
        }
    )*};
}

several! {
    daily: Daily { "symbols": ["IBM", "AAPL"] }
    daily_adjusted: DailyAdjusted { "symbols": ["IBM", "AAPL"] }
    weekly: Weekly { "symbols": ["IBM", "AAPL"], "compact": true }
    weekly_adjusted: WeeklyAdjusted { "symbols": ["IBM", "AAPL"] }
    monthly: Monthly { "symbols": ["IBM", "AAPL"] }
    monthly_adjusted: MonthlyAdjusted { "symbols": ["IBM", "AAPL"] }
    intraday: Intraday { "symbols": ["IBM", "SPY"], "interval": "1min" }
    quotes: Quotes { "symbols": ["IBM", "SPY"], "fx_pairs": ["EUR/USD"] }
    fx: Fx { "intervals": ["daily", "60min"], "compact": true }
    crypto: Crypto { "intervals": ["5min", "weekly"], "compact": true }
    fundamentals: Fundamentals { "symbols": ["IBM"] }
    corporate_actions: CorporateActions { "symbols": ["AAPL"] }
    search: Search { "keywords": ["IBM", "SPY"] }
    news: News { "symbols": ["IBM", "AAPL"] }
    records: Records { "requests": ["function=TREASURY_YIELD", "function=CPI"] }
}

mod listing {
    use super::*;

    testkit::source!(
        alpha_vantage::Listing,
        mock = Rig,
        settings = json!({}),
        skip = { paging: "the list comes in one answer" }
    );
}

mod market_status {
    use super::*;

    testkit::source!(
        alpha_vantage::MarketStatus,
        mock = Rig,
        settings = json!({}),
        skip = { paging: "all markets come in one answer" }
    );
}
