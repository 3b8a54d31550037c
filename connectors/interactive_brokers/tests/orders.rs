//! Orders to the mock, which counts what it accepts.

#![allow(clippy::unwrap_used)]

mod common;

use common::Rig;
use component::{Outcome, Sink};
use interactive_brokers::{OrderUpdates, Orders};
use model::{EventId, OrderAction};
use serde_json::{Value, json};
use testkit::{Driver, SOON, broker_id, delivery, fill, host_of, order_event, place, write};

async fn sink(rig: &Rig) -> Orders {
    let settings = serde_json::from_value(json!({})).unwrap();
    Orders::connect(rig.system(), settings, host_of(Orders::NAME)).await.unwrap()
}

/// What the broker's books say of an order.
async fn booked(rig: &Rig, order_id: &str) -> Vec<Value> {
    let ledger = rig.get("/_mock/ledger").await;
    let orders = ledger["orders"].as_array().unwrap().clone();
    let reference = format!("fs.{order_id}");
    orders.into_iter().filter(|row| row["order_ref"] == reference.as_str()).collect()
}

fn rejected(outcome: Outcome, words: &str) {
    assert!(
        matches!(&outcome, Outcome::Rejected { reason } if reason.contains(words)),
        "{words:?} in {outcome:?}"
    );
}

async fn rig() -> Rig {
    Rig::with(json!({ "speed": 0, "orders": { "partial_fill_percent": 0 } })).await
}

#[tokio::test]
async fn places_modifies_and_cancels_also_after_a_restart() {
    let rig = rig().await;
    let mut first = sink(&rig).await;
    let known = broker_id(&write(&mut first, &place("o1", json!({}))).await);
    let change = delivery(OrderAction::Replace, "o1", json!({"limit_price": "10.75"}));
    assert_eq!(broker_id(&write(&mut first, &change).await), known, "the ids stay");
    drop(first);
    // Nothing is remembered: what the broker lists is modified as it stands.
    let mut second = sink(&rig).await;
    let more = delivery(OrderAction::Replace, "o1", json!({"quantity": "12", "request_id": "r3"}));
    assert_eq!(broker_id(&write(&mut second, &more).await), known);
    assert_eq!(broker_id(&second.resolve(&more).await.unwrap()), known);
    let row = booked(&rig, "o1").await.remove(0);
    assert_eq!((&row["quantity"], &row["limit_price"]), (&json!("12"), &json!("10.75")), "{row}");
    let other =
        delivery(OrderAction::Replace, "o1", json!({"limit_price": "9", "request_id": "x"}));
    assert_eq!(second.resolve(&other).await.unwrap(), Outcome::Absent);
    let cancel = delivery(OrderAction::Cancel, "o1", json!({}));
    assert_eq!(second.resolve(&cancel).await.unwrap(), Outcome::Absent, "it is still open");
    assert_eq!(broker_id(&write(&mut second, &cancel).await), known);
    rejected(write(&mut second, &cancel).await, "already over");
    assert_eq!(broker_id(&second.resolve(&cancel).await.unwrap()), known);
    let late = delivery(OrderAction::Replace, "o1", json!({"limit_price": "9", "request_id": "y"}));
    rejected(write(&mut second, &late).await, "already over");
    let unknown = delivery(OrderAction::Cancel, "never", json!({}));
    rejected(write(&mut second, &unknown).await, "does not know");
}

#[tokio::test]
async fn order_ids_are_never_used_again() {
    let mut rig = rig().await;
    for (round, client_id) in [1, 1, 7, 1, 7].into_iter().enumerate() {
        rig.system["connection"]["client_id"] = json!(client_id);
        let mut sink = sink(&rig).await;
        broker_id(&write(&mut sink, &place(&format!("o{round}"), json!({}))).await);
    }
    let ledger = rig.get("/_mock/ledger").await;
    let used = ledger["order_ids"].as_array().unwrap();
    assert_eq!(used.len(), 5, "{used:?}");
    assert!(used.iter().all(|id| id["sent"] == 1 && id["accepted"] == 1), "{used:?}");
    // Only the client that placed an order may change it, and another one says so.
    let mut sink = sink(&rig).await;
    let cancel = delivery(OrderAction::Cancel, "o0", json!({}));
    rejected(write(&mut sink, &cancel).await, "only client 1");
    let again = write(&mut sink, &place("o0", json!({}))).await;
    assert_eq!(broker_id(&again), booked(&rig, "o0").await[0]["perm_id"].to_string());
    assert_eq!(booked(&rig, "o0").await.len(), 1, "an order that another client placed is known");
}

#[tokio::test]
async fn every_kind_of_order_is_understood() {
    let rig = rig().await;
    let mut sink = sink(&rig).await;
    let market = |with: Value| {
        let mut all = json!({"order_type": "market", "limit_price": null});
        all.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        all
    };
    let cases = [
        (market(json!({})), "MKT", "DAY"),
        (market(json!({"time_in_force": "cls"})), "MOC", "DAY"),
        (json!({"time_in_force": "cls"}), "LOC", "DAY"),
        (json!({"order_type": "stop", "limit_price": null, "stop_price": "20"}), "STP", "DAY"),
        (
            json!({"order_type": "stop_limit", "limit_price": "21", "stop_price": "20"}),
            "STP LMT",
            "DAY",
        ),
        (
            market(json!({"order_type": "trailing_stop", "side": "sell", "trail_percent": "5"})),
            "TRAIL",
            "DAY",
        ),
        (
            market(json!({"order_type": "trailing_stop", "side": "sell", "trail_amount": "1"})),
            "TRAIL",
            "DAY",
        ),
        (json!({"time_in_force": "gtc"}), "LMT", "GTC"),
        (json!({"time_in_force": "ioc"}), "LMT", "IOC"),
        (json!({"time_in_force": "fok"}), "LMT", "FOK"),
        (json!({"extended_hours": true}), "LMT", "DAY"),
        (json!({"broker_options": {"orderType": "LIT", "auxPrice": "9"}}), "LIT", "DAY"),
        (
            json!({"broker_options": {"tif": "GTD", "goodTillDate": "20131220 16:00:00 US/Eastern"}}),
            "LMT",
            "GTD",
        ),
        (json!({"broker_options": {"displaySize": "5", "exchange": "SMART"}}), "LMT", "DAY"),
    ];
    for (index, (with, kind, tif)) in cases.into_iter().enumerate() {
        let order_id = format!("kind-{index}");
        let outcome = write(&mut sink, &place(&order_id, with.clone())).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{with}: {outcome:?}");
        let rows = booked(&rig, &order_id).await;
        assert_eq!(
            (&rows[0]["order_type"], &rows[0]["tif"]),
            (&json!(kind), &json!(tif)),
            "{with}"
        );
    }
}

#[tokio::test]
async fn exits_leave_with_their_order_and_wait_for_it() {
    let rig = rig().await;
    let mut sink = sink(&rig).await;
    let with = json!({"order_class": "bracket", "take_profit_price": "20", "stop_loss_price": "9",
                      "stop_loss_limit_price": "8.5"});
    broker_id(&write(&mut sink, &place("b", with)).await);
    let parent = booked(&rig, "b").await.remove(0);
    for (name, kind, limit) in [("b.tp", "LMT", "20"), ("b.sl", "STP LMT", "8.5")] {
        let exit = booked(&rig, name).await.remove(0);
        assert_eq!(exit["parent_id"], parent["order_id"], "{exit}");
        assert_eq!((&exit["order_type"], &exit["action"]), (&json!(kind), &json!("SELL")));
        assert_eq!(exit["limit_price"], limit);
    }
    let oco = json!({"order_class": "oco", "side": "sell", "take_profit_price": "20",
                     "stop_loss_price": "9"});
    broker_id(&write(&mut sink, &place("c", oco)).await);
    let (profit, loss) = (booked(&rig, "c").await.remove(0), booked(&rig, "c.sl").await.remove(0));
    assert_eq!(profit["oca_group"], loss["oca_group"]);
    let oto = json!({"order_class": "oto", "take_profit_price": "20"});
    broker_id(&write(&mut sink, &place("d", oto)).await);
    assert_eq!(booked(&rig, "d.tp").await.len(), 1);
}

#[tokio::test]
async fn what_is_refused_is_rejected_in_the_brokers_words() {
    let rig = rig().await;
    let mut sink = sink(&rig).await;
    for (order_id, with, words) in [
        ("r1", json!({"quantity": "10000000"}), "201"),
        ("r2", json!({"limit_price": "10.123"}), "110"),
        ("r3", json!({"instrument": "NOPE.US"}), "200"),
        ("r4", json!({"instrument": null}), "not sent"),
        ("r5", json!({"broker_options": {"colour": "red"}}), "colour"),
        ("r6", json!({"broker_options": {"transmit": "0"}}), "transmit"),
        ("r7", json!({"order_class": "mleg"}), "legs"),
        ("r8", json!({"order_class": "bracket"}), "exits"),
        ("a-much-too-long-name-for-a-reference-of-an-order", json!({}), "37 characters"),
    ] {
        let outcome = write(&mut sink, &place(order_id, with)).await;
        rejected(outcome, words);
    }
    let fault = json!({"kind": "reject_order", "stream": "tws",
                       "body": {"code": 201, "text": "Order rejected - reason:No trading permissions"}});
    rig.fault(fault).await;
    rejected(write(&mut sink, &place("r9", json!({}))).await, "No trading permissions");
    broker_id(&write(&mut sink, &place("fine", json!({}))).await);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_a_look_tells() {
    let rig = rig().await;
    for (kind, has_arrived) in [
        ("reset_after", true),
        ("truncated", true),
        ("reset_before", false),
        ("garbage", false),
        ("invalid_utf8", false),
    ] {
        let mut sink = sink(&rig).await;
        rig.fault(json!({"kind": kind, "path": "PlaceOrderRequest"})).await;
        let order = place(kind, json!({}));
        let outcome = write(&mut sink, &order).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{kind}: {outcome:?}");
        if kind == "reset_after" {
            let fault = sink.resolve(&order).await.unwrap_err();
            assert_eq!(fault.kind(), "disconnected", "this connection is over");
        }
        let mut sink = self::sink(&rig).await;
        let resolved = sink.resolve(&order).await.unwrap();
        match has_arrived {
            true => drop(broker_id(&resolved)),
            false => assert_eq!(resolved, Outcome::Absent, "{kind}"),
        }
        assert_eq!(booked(&rig, kind).await.len(), usize::from(has_arrived), "{kind}");
        drop(sink);
    }
}

#[tokio::test]
async fn nothing_leaves_and_nothing_is_concluded_while_tws_is_cut_off() {
    let rig = rig().await;
    let mut sink = sink(&rig).await;
    let order = place("waits", json!({}));
    rig.fault(json!({"kind": "1100"})).await;
    let waiting = async {
        loop {
            match sink.write(std::slice::from_ref(&order)).await {
                Err(fault) => break fault,
                // The news may be on its way.
                Ok(_) => tokio::task::yield_now().await,
            }
        }
    };
    let fault = tokio::time::timeout(SOON, waiting).await.unwrap();
    assert_eq!(fault.kind(), "retry", "{fault}");
    assert!(sink.resolve(&order).await.is_err());
    rig.fault(json!({"kind": "1102"})).await;
    let back = async {
        while sink.write(std::slice::from_ref(&order)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, back).await.unwrap();
    assert_eq!(booked(&rig, "waits").await.len(), 1);
}

#[tokio::test]
async fn fills_are_told_once_with_what_they_cost() {
    let rig = Rig::with(json!({ "speed": 0, "orders": { "partial_fill_percent": 100 } })).await;
    let mut sink = sink(&rig).await;
    let mut updates: Driver<OrderUpdates> = Driver::new(rig.system(), json!({"poll_secs": 1}));
    updates.briefly(std::time::Duration::from_millis(300)).await;
    let market = json!({"order_type": "market", "limit_price": null, "quantity": "200"});
    let known = broker_id(&write(&mut sink, &place("f", market)).await);
    let total = |driver: &Driver<OrderUpdates>| {
        driver.of(fill).iter().map(|fill| fill.quantity).sum::<model::Decimal>()
    };
    updates.until(|driver| total(driver) == 200.into() && !kinds(driver, "f").is_empty()).await;
    let fills = updates.of(fill);
    assert!(fills.len() >= 2 && fills.iter().all(|fill| fill.commission.is_some()), "{fills:?}");
    assert!(fills.iter().all(|fill| fill.order_id == "f" && fill.broker_order_id == known));
    let before: Vec<EventId> = fills.iter().map(|fill| fill.head.event_id).collect();
    // A restart, and one that lost its cursor, find the same.
    updates.kill();
    updates.briefly(std::time::Duration::from_secs(2)).await;
    assert_eq!(updates.of(fill).len(), before.len());
    let mut fresh: Driver<OrderUpdates> = Driver::new(rig.system(), json!({"poll_secs": 1}));
    fresh.until(|driver| total(driver) == 200.into()).await;
    let mut after: Vec<EventId> = fresh.of(fill).iter().map(|fill| fill.head.event_id).collect();
    let mut before = before;
    before.sort();
    after.sort();
    assert_eq!(before, after);
    // The broker changes its mind about one.
    let execution = updates.of(fill)[0].execution_id.clone();
    let correction = json!({"execution_id": execution, "price": "13.5"});
    rig.post("/_mock/corrections", &correction).await;
    updates.until(|driver| driver.of(fill).len() > before.len()).await;
    let corrected = *updates.of(fill).last().unwrap();
    assert_eq!(corrected.corrects.as_ref(), Some(&execution));
    assert_eq!(corrected.kind, model::FillKind::Correction);
    assert!(updates.bad.is_empty(), "{:?}", updates.bad);
}

/// What was told of an order, in order.
fn kinds(driver: &Driver<OrderUpdates>, order_id: &str) -> Vec<String> {
    let events = driver.of(order_event).into_iter().filter(|event| event.order_id == order_id);
    events.map(|event| event.kind.to_string()).collect()
}

#[tokio::test]
async fn the_life_of_an_order_is_told_to_whoever_asks_and_to_the_master() {
    for master in [Value::Null, json!(401)] {
        let settings = json!({ "speed": 0, "master_client_id": master });
        let rig = Rig::with(settings).await;
        let mut sink = sink(&rig).await;
        let mut updates: Driver<OrderUpdates> = Driver::new(rig.system(), json!({"poll_secs": 1}));
        broker_id(&write(&mut sink, &place("l", json!({}))).await);
        updates.until(|driver| !kinds(driver, "l").is_empty()).await;
        let change = delivery(OrderAction::Replace, "l", json!({"limit_price": "10.75"}));
        broker_id(&write(&mut sink, &change).await);
        updates.until(|driver| kinds(driver, "l").contains(&"restated".to_owned())).await;
        let cancel = delivery(OrderAction::Cancel, "l", json!({}));
        broker_id(&write(&mut sink, &cancel).await);
        updates.until(|driver| kinds(driver, "l").contains(&"canceled".to_owned())).await;
        let kinds = kinds(&updates, "l");
        assert!(matches!(kinds[0].as_str(), "new" | "accepted"), "{kinds:?}");
        assert_eq!(kinds.last().unwrap(), "canceled", "{kinds:?}");
    }
}
