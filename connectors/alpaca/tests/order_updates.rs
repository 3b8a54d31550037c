//! Order events and fills against the mock.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use alpaca::OrderUpdates;
use common::{Rig, holder};
use component::{Fault, Source};
use http::Http;
use model::{Decimal, OrderEventKind, Side};
use serde_json::{Value, json};
use testkit::{Driver, fill, order_event};

fn driver(rig: &Rig) -> Driver<OrderUpdates> {
    Driver::new(rig.system(), json!({"audit_secs": 0}))
}

/// Another client of the same account.
struct Trader(Http);

impl Trader {
    fn new(rig: &Rig) -> Self {
        Self(holder(rig))
    }

    async fn place(&self, order: Value) -> String {
        let order: Value = self.0.post("/v2/orders", &order).await.unwrap();
        order["id"].as_str().unwrap().to_owned()
    }

    async fn buy(&self, client_id: &str, quantity: u32) -> String {
        self.place(json!({
            "symbol": "BAC", "qty": quantity.to_string(), "side": "buy", "type": "market",
            "time_in_force": "day", "client_order_id": client_id,
        }))
        .await
    }

    async fn bid(&self, client_id: &str, price: &str) -> String {
        self.place(json!({
            "symbol": "BAC", "qty": "7", "side": "buy", "type": "limit", "limit_price": price,
            "time_in_force": "gtc", "client_order_id": client_id,
        }))
        .await
    }

    async fn cancel(&self, id: &str) {
        self.0.delete(&format!("/v2/orders/{id}")).await.unwrap();
    }
}

fn kinds(driver: &Driver<OrderUpdates>, order_id: &str) -> Vec<OrderEventKind> {
    let events = driver.of(order_event).into_iter();
    events.filter(|event| event.order_id == order_id).map(|event| event.kind).collect()
}

fn filled(driver: &Driver<OrderUpdates>, order_id: &str) -> Decimal {
    let fills = driver.of(fill).into_iter().filter(|fill| fill.order_id == order_id);
    fills.map(|fill| fill.quantity).sum()
}

fn is_filled(driver: &Driver<OrderUpdates>, order_id: &str) -> bool {
    kinds(driver, order_id).contains(&OrderEventKind::Filled)
}

#[tokio::test]
async fn an_order_is_followed_to_its_fill() {
    let rig = Rig::start().await;
    let (mut driver, trader) = (driver(&rig), Trader::new(&rig));
    driver.connect().await.unwrap();
    driver.step().await; // the first look at the account's history
    let broker_id = trader.buy("fs.mine", 10).await;
    let foreign = trader.buy("somebody-else", 3).await;
    driver.until(|d| is_filled(d, "mine") && is_filled(d, &foreign)).await;
    assert_eq!(kinds(&driver, "mine")[0], OrderEventKind::New);
    assert_eq!(filled(&driver, "mine"), Decimal::TEN);
    let fill = driver.of(fill)[0];
    assert_eq!((fill.side, fill.instrument.as_str()), (Side::Buy, "BAC.US"));
    assert_eq!(fill.broker_order_id, broker_id);
    assert!(!fill.broker_account.is_empty());
    assert!(driver.bad.is_empty(), "{:?}", driver.bad);
}

#[tokio::test]
async fn a_fill_is_the_same_whichever_way_it_comes() {
    let rig = Rig::with(json!({"orders": {"partial_fill_percent": 100}})).await;
    let (mut streamed, trader) = (driver(&rig), Trader::new(&rig));
    streamed.connect().await.unwrap();
    for number in 0..5 {
        trader.buy(&format!("fs.o{number}"), 100).await;
    }
    streamed.until(|d| (0..5).all(|n| is_filled(d, &format!("o{n}")))).await;
    let mut recovered = driver(&rig);
    recovered.until(|d| (0..5).all(|n| is_filled(d, &format!("o{n}")))).await;
    let ids = |driver: &Driver<OrderUpdates>| -> BTreeMap<String, (Decimal, Decimal)> {
        let fills = driver.of(fill).into_iter();
        fills.map(|f| (f.execution_id.to_string(), (f.quantity, f.price))).collect()
    };
    assert!(ids(&streamed).len() > 5, "some came in parts");
    assert_eq!(ids(&streamed), ids(&recovered));
}

#[tokio::test]
async fn what_happened_during_a_disconnect_is_found_again() {
    let rig = Rig::start().await;
    let (mut driver, trader) = (driver(&rig), Trader::new(&rig));
    let resting = trader.bid("fs.resting", "5").await;
    driver.until(|d| !kinds(d, "resting").is_empty()).await;
    driver.kill();
    trader.cancel(&resting).await;
    trader.buy("fs.meanwhile", 20).await;
    // Long after: neither order is among the newest any more.
    rig.clock(json!({"advance_secs": 3600})).await;
    driver
        .until(|d| {
            is_filled(d, "meanwhile") && kinds(d, "resting").contains(&OrderEventKind::Canceled)
        })
        .await;
    assert_eq!(filled(&driver, "meanwhile"), Decimal::from(20));
    assert!(driver.bad.is_empty(), "{:?}", driver.bad);
}

#[tokio::test]
async fn a_stream_that_drops_or_doubles_updates_changes_nothing() {
    let rig = Rig::start().await;
    let mut driver: Driver<OrderUpdates> = Driver::new(rig.system(), json!({"audit_secs": 1}));
    let trader = Trader::new(&rig);
    driver.connect().await.unwrap();
    rig.fault(json!({"kind": "drop_frames", "next": 2, "stream": "orders"})).await;
    trader.buy("fs.dropped", 10).await;
    driver.until(|d| is_filled(d, "dropped")).await;
    rig.fault(json!({"kind": "duplicate_update", "next": 3})).await;
    trader.buy("fs.doubled", 10).await;
    driver.until(|d| is_filled(d, "doubled")).await;
    for order in ["dropped", "doubled"] {
        assert_eq!(filled(&driver, order), Decimal::TEN, "{order}");
    }
}

#[tokio::test]
async fn an_unknown_status_is_a_dead_letter_and_the_fill_still_counts() {
    let rig = Rig::start().await;
    let mut driver: Driver<OrderUpdates> = Driver::new(rig.system(), json!({"audit_secs": 1}));
    let trader = Trader::new(&rig);
    driver.connect().await.unwrap();
    driver.step().await; // the first recovery
    rig.fault(json!({"kind": "unknown_status"})).await;
    rig.fault(json!({"kind": "garbage", "skip": 1, "stream": "orders"})).await;
    trader.buy("fs.odd", 10).await;
    driver.until(|d| is_filled(d, "odd") && d.bad.len() >= 2).await;
    assert_eq!(filled(&driver, "odd"), Decimal::TEN);
}

#[tokio::test]
async fn trouble_on_the_way_loses_no_fill() {
    let rig = Rig::start().await;
    let (mut driver, trader) = (driver(&rig), Trader::new(&rig));
    driver.connect().await.unwrap();
    for (number, fault) in [
        json!({"kind": "disconnect", "stream": "orders"}),
        json!({"kind": "reset", "stream": "orders"}),
        json!({"kind": "silence", "stream": "orders"}),
        json!({"kind": "invalid_utf8", "stream": "orders"}),
        json!({"kind": "oversize", "stream": "orders"}),
    ]
    .into_iter()
    .enumerate()
    {
        let order = format!("o{number}");
        rig.fault(fault).await;
        rig.fault(json!({"status": 503, "path": "/v2/account/activities"})).await;
        trader.buy(&format!("fs.{order}"), 10).await;
        driver.until(|d| is_filled(d, &order)).await;
        assert_eq!(filled(&driver, &order), Decimal::TEN);
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_by_rest_and_by_the_stream() {
    let mut rig = Rig::start().await;
    rig.fault(json!({"kind": "refuse_login", "stream": "orders"})).await;
    let fault = driver(&rig).connect().await.unwrap_err();
    assert!(matches!(fault, Fault::Unauthorized { .. }), "{fault:?}");
    rig.system["authentication"]["credentials"]["api_key"] = json!("wrong");
    assert_eq!(driver(&rig).connect().await.unwrap_err().kind(), "unauthorized");
    assert_eq!(OrderUpdates::NAME, "alpaca_order_updates");
}
