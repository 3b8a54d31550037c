//! The shared suite, switched on for every component.

#![allow(clippy::unwrap_used)]

mod common;

use common::Rig;
use serde_json::json;

/// Why most components fail the case `empty_page`.
const NEXT: &str = "after an empty answer comes the next request, at once";

mod daily {
    use super::*;

    testkit::source!(
        alpha_vantage::Daily,
        mock = Rig,
        settings = json!({ "symbols": ["IBM", "AAPL"] }),
        skip = { empty_page: NEXT }
    );
}

mod daily_adjusted {
    use super::*;

    testkit::source!(
        alpha_vantage::DailyAdjusted,
        mock = Rig,
        settings = json!({ "symbols": ["IBM", "AAPL"] }),
        skip = { empty_page: NEXT }
    );
}

mod weekly {
    use super::*;

    testkit::source!(
        alpha_vantage::Weekly,
        mock = Rig,
        settings = json!({ "symbols": ["IBM", "AAPL"] }),
        skip = { empty_page: NEXT }
    );
}

mod weekly_adjusted {
    use super::*;

    testkit::source!(
        alpha_vantage::WeeklyAdjusted,
        mock = Rig,
        settings = json!({ "symbols": ["IBM", "AAPL"] }),
        skip = { empty_page: NEXT }
    );
}

mod monthly {
    use super::*;

    testkit::source!(
        alpha_vantage::Monthly,
        mock = Rig,
        settings = json!({ "symbols": ["IBM", "AAPL"] }),
        skip = { empty_page: NEXT }
    );
}

mod monthly_adjusted {
    use super::*;

    testkit::source!(
        alpha_vantage::MonthlyAdjusted,
        mock = Rig,
        settings = json!({ "symbols": ["IBM", "AAPL"] }),
        skip = { empty_page: NEXT }
    );
}

mod intraday {
    use super::*;

    testkit::source!(
        alpha_vantage::Intraday,
        mock = Rig,
        settings = json!({ "symbols": ["IBM", "SPY"], "interval": "5min" }),
        skip = { empty_page: NEXT }
    );
}

mod quotes {
    use super::*;

    testkit::source!(
        alpha_vantage::Quotes,
        mock = Rig,
        settings = json!({ "symbols": ["IBM", "SPY"], "fx_pairs": ["EUR/USD"] }),
        skip = { empty_page: NEXT }
    );
}

mod fx {
    use super::*;

    testkit::source!(
        alpha_vantage::Fx,
        mock = Rig,
        settings = json!({ "intervals": ["daily", "60min"], "compact": true }),
        skip = { empty_page: NEXT }
    );
}

mod crypto {
    use super::*;

    testkit::source!(
        alpha_vantage::Crypto,
        mock = Rig,
        settings = json!({ "intervals": ["5min", "weekly"], "compact": true }),
        skip = { empty_page: NEXT }
    );
}

mod fundamentals {
    use super::*;

    testkit::source!(
        alpha_vantage::Fundamentals,
        mock = Rig,
        settings = json!({ "symbols": ["IBM"] }),
        skip = { empty_page: NEXT }
    );
}

mod corporate_actions {
    use super::*;

    testkit::source!(
        alpha_vantage::CorporateActions,
        mock = Rig,
        settings = json!({ "symbols": ["AAPL"] }),
        skip = { empty_page: NEXT }
    );
}

mod search {
    use super::*;

    testkit::source!(
        alpha_vantage::Search,
        mock = Rig,
        settings = json!({ "keywords": ["IBM", "SPY"] }),
        skip = { empty_page: NEXT }
    );
}

mod news {
    use super::*;

    testkit::source!(
        alpha_vantage::News,
        mock = Rig,
        settings = json!({ "symbols": ["IBM", "AAPL"], "topics": ["earnings"] }),
        skip = { empty_page: NEXT }
    );
}

mod records {
    use super::*;

    testkit::source!(
        alpha_vantage::Records,
        mock = Rig,
        settings = json!({ "requests": ["function=TREASURY_YIELD", "function=CPI"] }),
        skip = { empty_page: NEXT }
    );
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
