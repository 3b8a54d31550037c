//! The shared suite, switched on for every component.

#![allow(clippy::unwrap_used)]

use std::marker::PhantomData;

use polygon_mock::Running;
use serde_json::{Value, json};
use testkit::Mock;

/// The mock, set up for one component.
struct Rig<K>(Running, PhantomData<K>);

/// What a component needs of the mock.
trait Needs {
    /// Part of the path that it asks for.
    const PATH: &'static str;

    const STREAM: Option<&'static str> = None;
    /// How many minutes of the mock's day it reads.
    const MINUTES: u32 = 0;
}

impl<K: Needs> Rig<K> {
    fn system_with(&self, key: &str) -> Value {
        json!({
            "connection": {
                "base_url": self.0.urls()["rest"],
                "stream_url": self.0.urls()["stream"],
            },
            "authentication": { "type": "api_key", "credentials": { "api_key": key } },
        })
    }
}

impl<K: Needs> Mock for Rig<K> {
    const STREAM: Option<&'static str> = K::STREAM;
    const PATH: Option<&'static str> = Some(K::PATH);
    const ADVANCES: u32 = K::MINUTES;

    async fn start() -> Self {
        let settings = serde_json::from_value(json!({ "speed": 0 })).unwrap();
        Self(polygon_mock::serve(settings).await.unwrap(), PhantomData)
    }

    fn system(&self) -> Value {
        self.system_with("test-key")
    }

    fn wrong_system(&self) -> Value {
        self.system_with("not-the-key")
    }

    fn control(&self) -> String {
        self.0.urls()["rest"].clone()
    }
}

/// One module for each source that asks for lists.
macro_rules! lists {
    ($(
        $module:ident: $source:ty, $path:literal, $settings:tt, { $($case:ident: $why:expr),* };
    )*) => {
        $(
            mod $module {
                use super::*;

                struct Lists;

                impl Needs for Lists {
                    const PATH: &'static str = $path;
                }

                testkit::source!(
                    $source,
                    mock = Rig<Lists>,
                    settings = json!($settings),
                    skip = { $($case: $why),* }
                );
            }
        )*
    };
}

const NEVER_EMPTY: &str = "the mock always has some";
const ONE_PAGE: &str = "all the mock has comes in one answer";

lists! {
    bars_history: polygon::BarsHistory, "/v2/aggs",
        { "symbols": ["AAPL", "SPY"], "start": "2013-01-01", "end": "2013-09-30" },
        { empty_page: NEVER_EMPTY };
    trades_history: polygon::TradesHistory, "/v3/trades",
        { "symbols": ["BAC", "IBM"], "start": "2013-10-07" },
        { empty_page: NEVER_EMPTY };
    quotes_history: polygon::QuotesHistory, "/v3/quotes",
        { "symbols": ["BAC", "IBM"], "start": "2013-10-07" },
        { empty_page: NEVER_EMPTY };
    snapshots: polygon::Snapshots, "/v2/snapshot",
        { "symbols": ["BAC", "IBM"] },
        { empty_page: NEVER_EMPTY, paging: ONE_PAGE };
    instruments: polygon::Instruments, "/v3/reference/tickers",
        { "symbols": ["AAPL", "BAC", "IBM"] },
        { empty_page: NEVER_EMPTY };
    corporate_actions: polygon::CorporateActions, "/v3/reference",
        { "lookback_days": 5000 },
        { empty_page: NEVER_EMPTY };
    news: polygon::News, "/v2/reference/news",
        { "symbols": ["BAC", "IBM"], "lookback_days": 30 },
        { empty_page: NEVER_EMPTY };
    fundamentals: polygon::Fundamentals, "/stocks/financials/v1",
        { "symbols": ["AAPL", "IBM"], "lookback_days": 5000 },
        { empty_page: NEVER_EMPTY };
    market_status: polygon::MarketStatus, "/v1/marketstatus/upcoming",
        {},
        { empty_page: NEVER_EMPTY };
}

mod market_data {
    use super::*;

    struct Stream;

    impl Needs for Stream {
        const PATH: &'static str = "/v3";
        const STREAM: Option<&'static str> = Some("stocks");
        const MINUTES: u32 = 3;
    }

    testkit::source!(
        polygon::MarketData,
        mock = Rig<Stream>,
        settings = json!({ "trades": ["BAC"], "quotes": [], "bars": ["BAC"], "audit_secs": 0 }),
        skip = { empty_page: "the mock's market is always open" }
    );
}
