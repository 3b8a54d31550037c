//! The shared suite, switched on for every component.

#![allow(clippy::unwrap_used)]

use std::marker::PhantomData;

use alpaca_mock::Running;
use component::{Host, Secret};
use http::{Auth, Http, Rate};
use model::{ApprovedOrder, Decimal, OrderType};
use serde_json::{Value, json};
use testkit::{Broker, Mock, events};

/// The mock, set up for one component.
struct Rig<K>(Running, PhantomData<K>);

/// What a component needs of the mock.
trait Needs {
    /// Part of the path that it asks for.
    const PATH: &'static str;

    const STREAM: Option<&'static str> = None;
    /// How many minutes of the mock's day it reads.
    const MINUTES: u32 = 0;

    /// How the mock is set up.
    fn settings() -> Value {
        json!({ "speed": 0 })
    }

    /// What happened there before the component came.
    async fn prepare(_rig: &Rig<Self>)
    where
        Self: Sized,
    {
    }

    /// The same with nothing to read.
    fn empty() -> Option<Value> {
        None
    }
}

async fn serve(settings: Value) -> Running {
    alpaca_mock::serve(serde_json::from_value(settings).unwrap()).await.unwrap()
}

impl<K: Needs> Rig<K> {
    fn system_with(&self, secret: &str) -> Value {
        json!({
            "connection": {
                "trading_url": self.0.urls()["trading"],
                "data_url": self.0.urls()["data"],
                "stream_url": self.0.urls()["stream"],
                "trading_stream_url": self.0.urls()["trading_stream"],
            },
            "authentication": {
                "type": "api_key",
                "credentials": { "api_key": "test-key", "api_secret": secret },
            },
        })
    }
}

impl<K: Needs> Mock for Rig<K> {
    const STREAM: Option<&'static str> = K::STREAM;
    const PATH: Option<&'static str> = Some(K::PATH);
    const ADVANCES: u32 = K::MINUTES;

    async fn start() -> Self {
        let rig = Self(serve(K::settings()).await, PhantomData);
        K::prepare(&rig).await;
        rig
    }

    async fn start_empty() -> Option<Self> {
        Some(Self(serve(K::empty()?).await, PhantomData))
    }

    fn system(&self) -> Value {
        self.system_with("test-secret")
    }

    fn wrong_system(&self) -> Value {
        self.system_with("not-the-secret")
    }

    fn control(&self) -> String {
        self.0.urls()["trading"].clone()
    }
}

mod bars_history {
    use super::*;

    struct Bars;

    impl Needs for Bars {
        const PATH: &'static str = "/v2/stocks/bars";
    }

    testkit::source!(
        alpaca::BarsHistory,
        mock = Rig<Bars>,
        settings = json!({ "symbols": ["AAPL", "SPY"], "start": "2013-01-01", "end": "2013-06-30" }),
        skip = { empty_page: "an empty stretch is that of one symbol, after which comes the next" }
    );
}

mod positions {
    use super::*;

    struct Positions;

    impl Needs for Positions {
        const PATH: &'static str = "/v2/positions";

        fn settings() -> Value {
            let held = json!({ "symbol": "BAC", "quantity": "100", "average_price": "13.5" });
            let short = json!({ "symbol": "SPY", "quantity": "-10", "average_price": "168" });
            json!({ "speed": 0, "accounts": [{ "positions": [held, short] }] })
        }

        fn empty() -> Option<Value> {
            Some(json!({ "speed": 0 }))
        }
    }

    testkit::source!(
        alpaca::Positions,
        mock = Rig<Positions>,
        settings = json!({ "poll_secs": 1 }),
        skip = { paging: "all positions come in one answer" }
    );
}

mod balances {
    use super::*;

    struct Balances;

    impl Needs for Balances {
        const PATH: &'static str = "/v2/account";
    }

    testkit::source!(
        alpaca::Balances,
        mock = Rig<Balances>,
        settings = json!({ "poll_secs": 1 }),
        skip = {
            empty_page: "an account always has a balance",
            paging: "there is one balance",
        }
    );
}

mod instruments {
    use super::*;

    struct Assets;

    impl Needs for Assets {
        const PATH: &'static str = "/v2/assets";
    }

    testkit::source!(
        alpaca::Instruments,
        mock = Rig<Assets>,
        settings = json!({}),
        skip = {
            empty_page: "the mock always lists assets",
            paging: "all assets of a class come in one answer",
        }
    );
}

mod news {
    use super::*;

    struct News;

    impl Needs for News {
        const PATH: &'static str = "/v1beta1/news";
    }

    testkit::source!(
        alpaca::News,
        mock = Rig<News>,
        settings = json!({ "lookback_hours": 240 }),
        skip = {
            empty_page: "the mock always has news",
            paging: "all its news fits on one page",
        }
    );
}

mod corporate_actions {
    use super::*;

    struct Actions;

    impl Needs for Actions {
        const PATH: &'static str = "/v1/corporate-actions";
    }

    testkit::source!(
        alpaca::CorporateActions,
        mock = Rig<Actions>,
        settings = json!({ "lookback_days": 3650, "ahead_days": 3650 }),
        skip = {
            empty_page: "the mock always has corporate actions",
            paging: "all its corporate actions fit on one page",
        }
    );
}

mod market_data {
    use super::*;

    struct Stream;

    impl Needs for Stream {
        const PATH: &'static str = "/v2/stocks";
        const STREAM: Option<&'static str> = Some("data");
        const MINUTES: u32 = 3;

        /// The vendor still counts a connection that has fallen silent.
        fn settings() -> Value {
            json!({ "speed": 0, "streams": { "connections": 2 } })
        }
    }

    testkit::source!(
        alpaca::MarketData,
        mock = Rig<Stream>,
        settings = json!({ "trades": ["BAC"], "quotes": [], "bars": ["BAC"], "audit_secs": 0 }),
        skip = { empty_page: "the mock's market is always open" }
    );
}

mod trades_history {
    use super::*;

    struct Trades;

    impl Needs for Trades {
        const PATH: &'static str = "/v2/stocks/trades";
    }

    testkit::source!(
        alpaca::TradesHistory,
        mock = Rig<Trades>,
        settings = json!({ "symbols": ["BAC", "IBM"], "start": "2013-10-07", "end": "2013-10-07" }),
        skip = { empty_page: "an empty stretch is that of one symbol, after which comes the next" }
    );
}

mod quotes_history {
    use super::*;

    struct Quotes;

    impl Needs for Quotes {
        const PATH: &'static str = "/v2/stocks/quotes";
    }

    testkit::source!(
        alpaca::QuotesHistory,
        mock = Rig<Quotes>,
        settings = json!({ "symbols": ["BAC", "IBM"], "start": "2013-10-07", "end": "2013-10-07" }),
        skip = { empty_page: "an empty stretch is that of one symbol, after which comes the next" }
    );
}

mod activities {
    use super::*;

    struct Dividends;

    impl Needs for Dividends {
        const PATH: &'static str = "/v2/account/activities";

        async fn prepare(rig: &Rig<Self>) {
            for cents in 1..=3 {
                let amount = format!("0.0{cents}");
                let paid = json!({ "activity_type": "DIV", "symbol": "BAC", "net_amount": amount });
                rig.ask("POST", "/_mock/activities", &paid).await.unwrap();
            }
        }
    }

    testkit::source!(
        alpaca::Activities,
        mock = Rig<Dividends>,
        settings = json!({ "poll_secs": 1 }),
        skip = {
            empty_page: "an account always has the activity that opened it",
            paging: "all activities fit on one page",
        }
    );
}

/// What the account's history tells of orders; tests/order_updates.rs is about the stream, which
/// has no memory of what it told.
mod order_updates {
    use super::*;

    struct Updates;

    impl Needs for Updates {
        const PATH: &'static str = "/v2/";

        async fn prepare(rig: &Rig<Self>) {
            let secret = |text| Secret::new(text);
            let headers = vec![
                ("apca-api-key-id", secret("test-key")),
                ("apca-api-secret-key", secret("test-secret")),
            ];
            let base = rig.control().parse().unwrap();
            let (host, auth) = (Host::test("holder", "holder"), Auth::headers("key", headers));
            let http = Http::open(&host, &base, false, auth, Rate::UNLIMITED).unwrap();
            for number in 1..=3 {
                let order = json!({
                    "symbol": "BAC", "qty": "10", "side": "buy", "type": "market",
                    "time_in_force": "day", "client_order_id": format!("fs.o-{number}"),
                });
                let _: Value = http.post("/v2/orders", &order).await.unwrap();
            }
        }
    }

    testkit::source!(
        alpaca::OrderUpdates,
        mock = Rig<Updates>,
        settings = json!({ "audit_secs": 1 }),
        skip = {
            empty_page: "with nothing to tell it waits for the stream inside a read",
            paging: "all orders are read in one go",
        }
    );
}

mod orders {
    use super::*;

    struct Orders;

    impl Needs for Orders {
        const PATH: &'static str = "/v2/orders";
    }

    impl Broker for Rig<Orders> {
        /// A limit far below the market, so that there is time to cancel.
        fn order(&self, number: u64) -> ApprovedOrder {
            let mut order = events::approved(number, "alpaca", "", "BAC");
            order.request.order_type = Some(OrderType::Limit);
            order.request.limit_price = Some(Decimal::new(105, 1));
            order
        }

        fn refused_order(&self, number: u64) -> ApprovedOrder {
            let mut order = self.order(number);
            order.request.quantity = Some(Decimal::from(10_000_000));
            order
        }

        async fn taken(&self, order: &ApprovedOrder) -> Result<usize, String> {
            let ledger = self.ask("GET", "/_mock/ledger", &Value::Null).await?;
            let orders = &ledger["accounts"]["test-key"]["client_order_ids"];
            let taken = &orders[format!("fs.{}", order.order_id)]["accepted"];
            Ok(taken.as_u64().unwrap_or(0) as usize)
        }
    }

    testkit::sink!(alpaca::Orders, mock = Rig<Orders>, settings = json!({}));
}
