//! The shared suite, switched on for every component.

#![allow(clippy::unwrap_used)]

use alpha_vantage_mock::Running;
use serde_json::{Value, json};
use testkit::Mock;

/// The mock at a standstill.
struct Rig(Running);

async fn serve() -> Rig {
    let settings = serde_json::from_value(json!({ "speed": 0 })).unwrap();
    Rig(alpha_vantage_mock::serve(settings).await.unwrap())
}

impl Rig {
    fn system_with(&self, key: &str) -> Value {
        json!({
            "connection": { "base_url": self.0.urls()["query"] },
            "authentication": { "type": "api_key", "credentials": { "api_key": key } },
        })
    }
}

impl Mock for Rig {
    const PATH: Option<&'static str> = Some("/query");

    async fn start() -> Self {
        serve().await
    }

    /// With `{}` for every answer, which is how Alpha Vantage says that there is nothing.
    async fn start_empty() -> Option<Self> {
        let rig = serve().await;
        let nothing = json!({ "status": 200, "body": "{}", "next": 1_000 });
        rig.fault(nothing).await.unwrap();
        Some(rig)
    }

    fn system(&self) -> Value {
        self.system_with("test-key")
    }

    fn wrong_system(&self) -> Value {
        self.system_with("not-the-key")
    }

    fn control(&self) -> String {
        self.0.urls()["query"].trim_end_matches("/query").to_owned()
    }
}

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
    weekly: Weekly { "symbols": ["IBM", "AAPL"], "full": false }
    weekly_adjusted: WeeklyAdjusted { "symbols": ["IBM", "AAPL"] }
    monthly: Monthly { "symbols": ["IBM", "AAPL"] }
    monthly_adjusted: MonthlyAdjusted { "symbols": ["IBM", "AAPL"] }
    intraday: Intraday { "symbols": ["IBM", "SPY"], "interval": "1min" }
    quotes: Quotes { "symbols": ["IBM", "SPY"], "fx_pairs": ["EUR/USD"] }
    fx: Fx { "pairs": ["EUR/USD", "USD/JPY"], "intervals": ["daily", "60min"] }
    crypto: Crypto { "intervals": ["5min", "daily", "weekly", "monthly"] }
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
