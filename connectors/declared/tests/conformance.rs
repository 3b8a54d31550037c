//! The shared suite, switched on for the component: two lists of a mock, as a user would declare
//! them.

#![allow(clippy::unwrap_used)]

use polygon_mock::Running;
use serde_json::{Value, json};
use testkit::Mock;

struct Rig(Running);

impl Rig {
    fn system_with(&self, token: &str) -> Value {
        json!({
            "connection": { "base_url": self.control() },
            "authentication": { "type": "bearer", "credentials": { "token": token } },
        })
    }
}

impl Mock for Rig {
    const PATH: Option<&'static str> = Some("/reference/");

    async fn start() -> Self {
        let settings = serde_json::from_value(json!({ "speed": 0 })).unwrap();
        Self(polygon_mock::serve(settings).await.unwrap())
    }

    async fn start_empty() -> Option<Self> {
        let rig = Self::start().await;
        let nothing = json!({ "status": 200, "body": "{\"results\":[]}", "next": 1_000 });
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
        self.0.urls()["rest"].clone()
    }
}

fn feeds() -> Value {
    json!({ "feeds": {
        "dividends": {
            "path": "/v3/reference/dividends",
            "query": { "limit": 20 },
            "items": "results",
            "paging": { "next_url": { "field": "next_url" } },
            "event": "CorporateAction",
            "id": ["id"],
            "fields": {
                "event_time": { "from": "ex_dividend_date", "format": "%Y-%m-%d" },
                "instrument": { "symbol": "ticker", "venue": "US" },
                "kind": { "constant": "cash_dividend" },
                "ex_date": "ex_dividend_date",
                "cash_rate": "cash_amount",
                "currency": "currency",
                "terms.frequency": "frequency",
            },
        },
        "news": {
            "path": "/v2/reference/news",
            "query": { "limit": 25, "order": "asc", "sort": "published_utc" },
            "items": "results",
            "paging": { "next_url": { "field": "next_url" } },
            "cursor": {
                "field": "published_utc",
                "parameter": "published_utc.gte",
                "format": "rfc3339",
                "start": "2013-09-20",
            },
            "event": "NewsItem",
            "id": ["id"],
            "fields": {
                "event_time": "published_utc",
                "headline": "title",
                "url": "article_url",
                "publisher": "publisher.name",
                "instruments": { "symbol": "tickers", "venue": "US" },
                "symbols": "tickers",
                "topics": "keywords",
            },
        },
    } })
}

testkit::source!(
    declared::Records,
    mock = Rig,
    settings = feeds(),
    skip = { empty_page: "after an empty list comes the next list, at once" }
);
