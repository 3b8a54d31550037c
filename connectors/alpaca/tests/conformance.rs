//! The shared suite, switched on for every component.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Alpaca, Rig, holder};
use model::{ApprovedOrder, Decimal, OrderType};
use serde_json::{Value, json};
use testkit::{Bench, Needs, Trades, events};

mod bars_history {
    use super::*;

    struct Bars;

    impl Needs for Bars {
        type Vendor = Alpaca;
        const PATH: &'static str = "/v2/stocks/bars";
    }

    testkit::source!(
        alpaca::BarsHistory,
        mock = Bench<Bars>,
        settings = json!({ "symbols": ["AAPL", "SPY"], "start": "2013-01-01", "end": "2013-06-30" }),
        skip = { empty_page: "an empty stretch is that of one symbol, after which comes the next" }
    );
}

mod positions {
    use super::*;

    struct Positions;

    impl Needs for Positions {
        type Vendor = Alpaca;
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
        mock = Bench<Positions>,
        settings = json!({ "poll_secs": 1 }),
        skip = { paging: "all positions come in one answer" }
    );
}

mod balances {
    use super::*;

    struct Balances;

    impl Needs for Balances {
        type Vendor = Alpaca;
        const PATH: &'static str = "/v2/account";
    }

    testkit::source!(
        alpaca::Balances,
        mock = Bench<Balances>,
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
        type Vendor = Alpaca;
        const PATH: &'static str = "/v2/assets";
    }

    testkit::source!(
        alpaca::Instruments,
        mock = Bench<Assets>,
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
        type Vendor = Alpaca;
        const PATH: &'static str = "/v1beta1/news";
    }

    testkit::source!(
        alpaca::News,
        mock = Bench<News>,
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
        type Vendor = Alpaca;
        const PATH: &'static str = "/v1/corporate-actions";
    }

    testkit::source!(
        alpaca::CorporateActions,
        mock = Bench<Actions>,
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
        type Vendor = Alpaca;
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
        mock = Bench<Stream>,
        settings = json!({ "trades": ["BAC"], "quotes": [], "bars": ["BAC"], "audit_secs": 0 }),
        skip = { empty_page: "the mock's market is always open" }
    );
}

mod trades_history {
    use super::*;

    struct Trades;

    impl Needs for Trades {
        type Vendor = Alpaca;
        const PATH: &'static str = "/v2/stocks/trades";
    }

    testkit::source!(
        alpaca::TradesHistory,
        mock = Bench<Trades>,
        settings = json!({ "symbols": ["BAC", "IBM"], "start": "2013-10-07", "end": "2013-10-07" }),
        skip = { empty_page: "an empty stretch is that of one symbol, after which comes the next" }
    );
}

mod quotes_history {
    use super::*;

    struct Quotes;

    impl Needs for Quotes {
        type Vendor = Alpaca;
        const PATH: &'static str = "/v2/stocks/quotes";
    }

    testkit::source!(
        alpaca::QuotesHistory,
        mock = Bench<Quotes>,
        settings = json!({ "symbols": ["BAC", "IBM"], "start": "2013-10-07", "end": "2013-10-07" }),
        skip = { empty_page: "an empty stretch is that of one symbol, after which comes the next" }
    );
}

mod activities {
    use super::*;

    struct Dividends;

    impl Needs for Dividends {
        type Vendor = Alpaca;
        const PATH: &'static str = "/v2/account/activities";

        async fn prepare(rig: &Rig) {
            for cents in 1..=3 {
                let amount = format!("0.0{cents}");
                let paid = json!({ "activity_type": "DIV", "symbol": "BAC", "net_amount": amount });
                rig.post("/_mock/activities", &paid).await;
            }
        }
    }

    testkit::source!(
        alpaca::Activities,
        mock = Bench<Dividends>,
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
        type Vendor = Alpaca;
        const PATH: &'static str = "/v2/";

        async fn prepare(rig: &Rig) {
            for number in 1..=3 {
                let order = json!({
                    "symbol": "BAC", "qty": "10", "side": "buy", "type": "market",
                    "time_in_force": "day", "client_order_id": format!("fs.o-{number}"),
                });
                let _: Value = holder(rig).post("/v2/orders", &order).await.unwrap();
            }
        }
    }

    testkit::source!(
        alpaca::OrderUpdates,
        mock = Bench<Updates>,
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
        type Vendor = Alpaca;
        const PATH: &'static str = "/v2/orders";
    }

    impl Trades for Orders {
        /// A limit far below the market, so that there is time to cancel.
        fn order(number: u64) -> ApprovedOrder {
            let mut order = events::approved(number, "alpaca", "", "BAC");
            order.request.order_type = Some(OrderType::Limit);
            order.request.limit_price = Some(Decimal::new(105, 1));
            order
        }

        fn refused_order(number: u64) -> ApprovedOrder {
            let mut order = Self::order(number);
            order.request.quantity = Some(Decimal::from(10_000_000));
            order
        }

        fn taken(ledger: &Value, order: &ApprovedOrder) -> Option<usize> {
            let orders = &ledger["accounts"]["test-key"]["client_order_ids"];
            let taken = orders[format!("fs.{}", order.order_id)]["accepted"].as_u64()?;
            usize::try_from(taken).ok()
        }
    }

    testkit::sink!(alpaca::Orders, mock = Bench<Orders>, settings = json!({}));
}
