//! The shared suite, switched on for every component.

#![allow(clippy::unwrap_used)]

mod common;

use std::marker::PhantomData;

use common::{Rig, Tws, system_at};
use model::{ApprovedOrder, Decimal, OrderType};
use serde_json::{Value, json};
use testkit::{Broker, Mock, Vendor, events};

/// The mock, set up for one component.
struct Bench<K>(Rig, PhantomData<K>);

/// What a component needs of the mock.
trait Needs {
    /// The messages that faults should hit.
    const STREAM: &'static str;
    /// How many minutes of the mock's day it reads.
    const MINUTES: u32 = 0;

    /// How the mock is set up.
    fn settings() -> Value {
        json!({ "speed": 0 })
    }

    /// The same with nothing to read.
    fn empty() -> Option<Value> {
        None
    }

    /// Orders that there are before anybody asks.
    fn prepare(_: &Rig) -> impl Future<Output = ()> {
        async {}
    }
}

impl<K: Needs> Mock for Bench<K> {
    const STREAM: Option<&'static str> = Some(K::STREAM);
    const ADVANCES: u32 = K::MINUTES;

    async fn start() -> Self {
        let rig = Rig::with(K::settings()).await;
        K::prepare(&rig).await;
        Self(rig, PhantomData)
    }

    async fn start_empty() -> Option<Self> {
        Some(Self(Rig::with(K::empty()?).await, PhantomData))
    }

    fn system(&self) -> Value {
        self.0.system.clone()
    }

    /// What goes wrong with a request goes wrong with the one that places an order.
    async fn fault(&self, mut rule: Value) -> Result<(), String> {
        if rule.as_object_mut().is_some_and(|rule| rule.remove("method").is_some()) {
            rule["path"] = json!("PlaceOrderRequest");
        } else if rule.get("kind").is_some() {
            rule["stream"] = json!(K::STREAM);
        }
        self.ask("POST", "/_mock/faults", &rule).await.map(drop)
    }

    /// There is no such thing: TWS holds the login. Nobody listens there.
    fn wrong_system(&self) -> Value {
        system_at(1, 1)
    }

    fn control(&self) -> String {
        Tws::control(&self.0.mock)
    }
}

const NO_LOGIN: &str = "TWS holds the login: nothing on the socket can be wrong";
const NO_STATUS: &str = "a socket has no HTTP statuses";

mod positions {
    use super::*;

    struct Positions;

    impl Needs for Positions {
        const STREAM: &'static str = "account";

        fn settings() -> Value {
            let held = json!({ "symbol": "BAC", "quantity": "100", "average_cost": "13.5" });
            let short = json!({ "symbol": "SPY", "quantity": "-10", "average_cost": "168" });
            json!({ "speed": 0, "accounts": [{ "id": "DU1", "positions": [held, short] }] })
        }

        fn empty() -> Option<Value> {
            Some(json!({ "speed": 0 }))
        }
    }

    testkit::source!(
        interactive_brokers::Positions,
        mock = Bench<Positions>,
        settings = json!({ "refresh_secs": 1 }),
        skip = {
            bad_credentials: NO_LOGIN,
            server_error: NO_STATUS,
            paging: "all positions come in one answer",
        }
    );
}

mod balances {
    use super::*;

    struct Balances;

    impl Needs for Balances {
        const STREAM: &'static str = "account";
    }

    testkit::source!(
        interactive_brokers::Balances,
        mock = Bench<Balances>,
        settings = json!({ "refresh_secs": 1 }),
        skip = {
            bad_credentials: NO_LOGIN,
            server_error: NO_STATUS,
            empty_page: "an account always has a balance",
            paging: "all balances come in one answer",
        }
    );
}

mod instruments {
    use super::*;

    struct Instruments;

    impl Needs for Instruments {
        const STREAM: &'static str = "answers";
    }

    testkit::source!(
        interactive_brokers::Instruments,
        mock = Bench<Instruments>,
        settings = json!({ "symbols": ["BAC", "SPY"], "poll_secs": 1 }),
        skip = {
            bad_credentials: NO_LOGIN,
            server_error: NO_STATUS,
            empty_page: "the symbols that are asked for exist",
            paging: "all answers come at once",
        }
    );
}

mod bars_history {
    use super::*;

    struct Bars;

    impl Needs for Bars {
        const STREAM: &'static str = "answers";
    }

    testkit::source!(
        interactive_brokers::BarsHistory,
        mock = Bench<Bars>,
        settings = json!({ "symbols": ["AAPL", "SPY"], "start": "2011-01-01", "end": "2013-06-30" }),
        skip = {
            bad_credentials: NO_LOGIN,
            server_error: NO_STATUS,
            empty_page: "an empty stretch is that of one symbol, after which comes the next",
        }
    );
}

mod trades_history {
    use super::*;

    struct Trades;

    impl Needs for Trades {
        const STREAM: &'static str = "answers";
    }

    testkit::source!(
        interactive_brokers::TradesHistory,
        mock = Bench<Trades>,
        settings = json!({ "symbols": ["BAC"], "start": "2013-10-07" }),
        skip = {
            bad_credentials: NO_LOGIN,
            server_error: NO_STATUS,
            empty_page: "an empty stretch is that of one symbol, after which comes the next",
        }
    );
}

mod quotes_history {
    use super::*;

    struct Quotes;

    impl Needs for Quotes {
        const STREAM: &'static str = "answers";

        /// Late enough for more quotes than fit into one answer, and for no more requests than
        /// are allowed at once.
        fn settings() -> Value {
            json!({ "speed": 0, "start": "2013-10-07T13:38:00Z" })
        }
    }

    testkit::source!(
        interactive_brokers::QuotesHistory,
        mock = Bench<Quotes>,
        settings = json!({ "symbols": ["BAC"], "start": "2013-10-07" }),
        skip = {
            bad_credentials: NO_LOGIN,
            server_error: NO_STATUS,
            empty_page: "an empty stretch is that of one symbol, after which comes the next",
        }
    );
}

mod market_data {
    use super::*;

    struct Stream;

    impl Needs for Stream {
        const STREAM: &'static str = "data";
        const MINUTES: u32 = 3;
    }

    testkit::source!(
        interactive_brokers::MarketData,
        mock = Bench<Stream>,
        settings = json!({ "trades": ["BAC"], "quotes": [], "bars": ["BAC"], "tick_by_tick": true }),
        skip = {
            bad_credentials: NO_LOGIN,
            server_error: NO_STATUS,
            empty_page: "the mock's market is always open",
        }
    );
}

mod order_updates {
    use super::*;

    struct Updates;

    impl Needs for Updates {
        const STREAM: &'static str = "orders";

        fn empty() -> Option<Value> {
            Some(json!({ "speed": 0 }))
        }

        async fn prepare(rig: &Rig) {
            for (symbol, kind) in [("BAC", "MKT"), ("SPY", "MKT"), ("AAPL", "LMT")] {
                let order = json!({ "symbol": symbol, "action": "BUY", "totalQuantity": "10",
                    "orderType": kind, "lmtPrice": 1.5 });
                rig.post("/_mock/orders", &order).await;
            }
        }
    }

    testkit::source!(
        interactive_brokers::OrderUpdates,
        mock = Bench<Updates>,
        settings = json!({ "poll_secs": 1 }),
        skip = {
            bad_credentials: NO_LOGIN,
            server_error: NO_STATUS,
            paging: "all orders and executions come at once",
        }
    );
}

mod orders {
    use super::*;

    struct Orders;

    impl Needs for Orders {
        const STREAM: &'static str = "orders";
    }

    impl Broker for Bench<Orders> {
        /// A limit far below the market, so that there is time to cancel.
        fn order(&self, number: u64) -> ApprovedOrder {
            let mut order = events::approved(number, "interactive_brokers", "", "BAC");
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
            let reference = format!("fs.{}", order.order_id);
            let orders = ledger["orders"].as_array().ok_or("no orders")?;
            Ok(orders
                .iter()
                .filter(|row| row["order_ref"] == reference.as_str())
                .filter(|row| row["status"] != "Inactive")
                .count())
        }
    }

    testkit::sink!(
        interactive_brokers::Orders,
        mock = Bench<Orders>,
        settings = json!({}),
        skip = { bad_credentials: NO_LOGIN }
    );
}
