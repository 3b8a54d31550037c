//! Orders to the mock, which counts what it accepts.

#![allow(clippy::unwrap_used)]

mod common;

use alpaca::Orders;
use common::Rig;
use component::{Fault, Host, Outcome, Sink};
use model::OrderAction;
use serde_json::{Value, json};
use testkit::{SOON, broker_id, delivery, host_of, place, write};

async fn sink(rig: &Rig) -> Orders {
    let settings = serde_json::from_value(json!({})).unwrap();
    Orders::connect(rig.system(), settings, host_of(Orders::NAME)).await.unwrap()
}

/// How often the broker accepted a client order id.
async fn accepted(rig: &Rig, client_id: &str) -> u64 {
    let ledger = rig.get("/_mock/ledger").await;
    ledger["accounts"]["test-key"]["client_order_ids"][client_id]["accepted"].as_u64().unwrap()
}

#[tokio::test]
async fn places_replaces_and_cancels() {
    let rig = Rig::start().await;
    let mut sink = sink(&rig).await;
    let first = broker_id(&write(&mut sink, &place("o1", json!({}))).await);
    let second =
        delivery(OrderAction::Replace, "o1", json!({"limit_price": "10.75", "request_id": "r2"}));
    let second = broker_id(&write(&mut sink, &second).await);
    assert_ne!(first, second, "alpaca gives a replaced order another id");
    let third = delivery(OrderAction::Replace, "o1", json!({"quantity": "11", "request_id": "r3"}));
    let third = broker_id(&write(&mut sink, &third).await);
    let shown = rig.get("/_mock/ledger").await.to_string();
    assert!(shown.contains(&third), "{shown}");

    // After a restart nothing is remembered: the chain of replacements is followed.
    let mut sink = self::sink(&rig).await;
    let cancel = delivery(OrderAction::Cancel, "o1", json!({}));
    assert_eq!(broker_id(&write(&mut sink, &cancel).await), third);
    let again = write(&mut sink, &cancel).await;
    assert!(
        matches!(&again, Outcome::Rejected { reason } if reason.contains("canceled")),
        "{again:?}"
    );
    assert_eq!(broker_id(&sink.resolve(&cancel).await.unwrap()), third);
}

#[tokio::test]
async fn every_kind_of_order_is_understood() {
    let rig = Rig::start().await;
    let mut sink = sink(&rig).await;
    let cases = [
        json!({"order_type": "market", "limit_price": null}),
        json!({"order_type": "market", "limit_price": null, "quantity": null, "notional": "100.5"}),
        json!({"order_type": "stop", "limit_price": null, "stop_price": "90"}),
        json!({"order_type": "stop_limit", "limit_price": "91", "stop_price": "90"}),
        json!({"order_type": "trailing_stop", "limit_price": null, "trail_percent": "5"}),
        json!({"order_type": "trailing_stop", "limit_price": null, "trail_amount": "1.5"}),
        json!({"time_in_force": "gtc"}),
        json!({"time_in_force": "cls"}),
        json!({"time_in_force": "ioc"}),
        json!({"time_in_force": "fok"}),
        json!({"extended_hours": true}),
        json!({"position_intent": "buy_to_open"}),
        json!({"order_class": "bracket", "take_profit_price": "20", "stop_loss_price": "9",
               "stop_loss_limit_price": "8.5"}),
        json!({"order_class": "oto", "take_profit_price": "20"}),
    ];
    for (index, with) in cases.into_iter().enumerate() {
        let order_id = format!("kind-{index}");
        let outcome = write(&mut sink, &place(&order_id, with.clone())).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{with}: {outcome:?}");
        assert_eq!(accepted(&rig, &format!("fs.{order_id}")).await, 1);
    }
    let sent = rig.asked("kind-12").await;
    let body = sent.last().unwrap().to_string();
    for word in ["take_profit", "stop_loss", "8.5", "bracket"] {
        assert!(body.contains(word), "{word} in {body}");
    }
}

#[tokio::test]
async fn what_alpaca_refuses_is_rejected_in_its_own_words() {
    let rig = Rig::start().await;
    let mut sink = sink(&rig).await;
    for (with, words) in [
        (json!({"quantity": "1000000"}), "insufficient buying power"),
        (json!({"limit_price": "10.123"}), "sub-penny"),
        (json!({"instrument": "NOPE.US"}), "NOPE"),
        (json!({"instrument": null}), "not sent"),
        (json!({"broker_options": {"colour": "red"}}), "colour"),
    ] {
        let outcome = write(&mut sink, &place("refused", with)).await;
        assert!(
            matches!(&outcome, Outcome::Rejected { reason } if reason.contains(words)),
            "{outcome:?}"
        );
    }
    let unknown = delivery(OrderAction::Cancel, "never-placed", json!({}));
    assert!(matches!(write(&mut sink, &unknown).await, Outcome::Rejected { .. }));
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_a_look_up_tells() {
    let rig = Rig::start().await;
    let mut sink = sink(&rig).await;
    for (kind, arrived) in [
        (json!({"kind": "reset_after"}), true),
        (json!({"kind": "truncated"}), true),
        (json!({"kind": "reset_before"}), false),
        (json!({"kind": "garbage"}), false),
        (json!({"kind": "html"}), false),
        (json!({"kind": "invalid_utf8"}), false),
        (json!({"kind": "oversize"}), false),
        (json!({"status": 500}), false),
        (json!({"status": 504}), false),
        (json!({"status": 429, "headers": {"retry-after": "0"}}), false),
    ] {
        let order_id =
            format!("lost-{}", kind.to_string().replace(|c: char| !c.is_alphanumeric(), ""));
        let order = place(&order_id, json!({}));
        let mut fault = kind.clone();
        fault["method"] = json!("POST");
        fault["path"] = json!("/v2/orders");
        rig.fault(fault).await;
        let outcome = write(&mut sink, &order).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{kind}: {outcome:?}");
        let resolved = loop {
            // After failures in a row the breaker may want a pause first.
            match sink.resolve(&order).await {
                Err(Fault::Throttled { wait, .. }) => tokio::time::sleep(wait).await,
                other => break other.unwrap(),
            }
        };
        match arrived {
            true => drop(broker_id(&resolved)),
            false => {
                assert_eq!(resolved, Outcome::Absent, "{kind}");
                drop(broker_id(&write(&mut sink, &order).await));
            }
        }
        assert_eq!(accepted(&rig, &format!("fs.{order_id}")).await, 1, "{kind}");
    }
}

#[tokio::test]
async fn a_repetition_is_refused_by_alpaca_and_accepted_by_us() {
    let rig = Rig::start().await;
    let mut sink = sink(&rig).await;
    let order = place("twice", json!({}));
    let first = broker_id(&write(&mut sink, &order).await);
    assert_eq!(broker_id(&write(&mut sink, &order).await), first);
    assert_eq!(accepted(&rig, "fs.twice").await, 1);
    let change =
        delivery(OrderAction::Replace, "twice", json!({"limit_price": "11", "request_id": "r9"}));
    let second = broker_id(&write(&mut sink, &change).await);
    assert_eq!(broker_id(&sink.resolve(&change).await.unwrap()), second);
    let other = delivery(OrderAction::Replace, "twice", json!({"request_id": "r10"}));
    assert_eq!(sink.resolve(&other).await.unwrap(), Outcome::Absent);
}

#[tokio::test]
async fn cancels_are_resolved_by_the_state_of_the_order() {
    let rig = Rig::start().await;
    let mut sink = sink(&rig).await;
    drop(broker_id(&write(&mut sink, &place("open", json!({}))).await));
    let cancel = delivery(OrderAction::Cancel, "open", json!({}));
    assert_eq!(sink.resolve(&cancel).await.unwrap(), Outcome::Absent, "it is still open");
    rig.fault(json!({"kind": "reset_after", "method": "DELETE"})).await;
    assert!(matches!(write(&mut sink, &cancel).await, Outcome::Unknown { .. }));
    drop(broker_id(&sink.resolve(&cancel).await.unwrap()));
    let market = json!({"order_type": "market", "limit_price": null});
    drop(broker_id(&write(&mut sink, &place("done", market)).await));
    let cancel = delivery(OrderAction::Cancel, "done", json!({}));
    let resolved = async {
        loop {
            match sink.resolve(&cancel).await.unwrap() {
                Outcome::Rejected { reason } => break reason,
                _ => tokio::task::yield_now().await, // not filled yet
            }
        }
    };
    let reason = tokio::time::timeout(SOON, resolved).await.unwrap();
    assert!(reason.contains("filled"), "{reason}");
}

#[tokio::test]
async fn nothing_is_unknown_about_what_never_left() {
    let rig = Rig::start().await;
    let mut sink = sink(&rig).await;
    drop(rig);
    // The mock stops in the background; until then an answer may still come.
    let refused = async {
        let mut number = 0;
        loop {
            number += 1;
            let order = place(&format!("late-{number}"), json!({}));
            match sink.write(std::slice::from_ref(&order)).await {
                Err(fault) => break fault,
                Ok(_) => tokio::task::yield_now().await,
            }
        }
    };
    let fault = tokio::time::timeout(SOON, refused).await.unwrap();
    assert!(matches!(fault, Fault::Retry(_) | Fault::Throttled { .. }), "{fault}");
}

#[tokio::test]
async fn a_wrong_key_stops_at_the_start() {
    let mut rig = Rig::start().await;
    rig.system["authentication"]["credentials"]["api_secret"] = json!("wrong");
    let settings = serde_json::from_value(json!({})).unwrap();
    let host = Host::test("alpaca", Orders::NAME);
    let fault = Orders::connect(rig.system(), settings, host).await.err().unwrap();
    assert_eq!(fault.kind(), "unauthorized");
}

#[tokio::test]
async fn orders_with_legs_and_instructions_are_spelled_as_alpaca_wants_them() {
    let rig = Rig::start().await;
    let mut sink = sink(&rig).await;
    let leg = |symbol: &str, side: &str, intent: &str| {
        json!({"instrument": format!("{symbol}.US"), "ratio_quantity": "1", "side": side,
               "position_intent": intent})
    };
    let spread = json!({
        "instrument": null, "side": null, "order_class": "mleg", "quantity": "2",
        "legs": [leg("AAPL250620C00100000", "buy", "buy_to_open"),
                 leg("AAPL250620C00110000", "sell", "sell_to_open")],
    });
    let exits = json!({"order_class": "oco", "take_profit_price": "20", "stop_loss_price": "9"});
    let routed = json!({"broker_options": {"algorithm": "DMA", "destination": "NYSE"}});
    for (name, with, expected) in [
        (
            "spread",
            spread,
            json!({
                "client_order_id": "fs.spread", "order_class": "mleg", "qty": "2", "type": "limit",
                "time_in_force": "day", "limit_price": "10.5",
                "legs": [
                    {"symbol": "AAPL250620C00100000", "ratio_qty": "1", "side": "buy",
                     "position_intent": "buy_to_open"},
                    {"symbol": "AAPL250620C00110000", "ratio_qty": "1", "side": "sell",
                     "position_intent": "sell_to_open"},
                ],
            }),
        ),
        (
            "exits",
            exits,
            json!({
                "client_order_id": "fs.exits", "order_class": "oco", "qty": "10", "type": "limit",
                "time_in_force": "day", "limit_price": "10.5", "symbol": "BAC", "side": "buy",
                "take_profit": {"limit_price": "20"},
                "stop_loss": {"stop_price": "9"},
            }),
        ),
        (
            "routed",
            routed,
            json!({
                "client_order_id": "fs.routed", "order_class": "simple", "qty": "10", "type": "limit",
                "time_in_force": "day", "limit_price": "10.5", "symbol": "BAC", "side": "buy",
                "advanced_instructions": {"algorithm": "DMA", "destination": "NYSE"},
            }),
        ),
    ] {
        // What the mock makes of it does not matter: it is no expert for options.
        write(&mut sink, &place(name, with)).await;
        let asked = rig.asked(&format!("fs.{name}")).await;
        let body: Value = serde_json::from_str(asked[0]["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, expected, "{name}");
    }
}

#[tokio::test]
async fn an_order_for_the_opening_is_taken_before_it() {
    let rig = Rig::with(json!({"start": "2013-10-07T12:00:00Z"})).await;
    let mut sink = sink(&rig).await;
    let outcome = write(&mut sink, &place("opening", json!({"time_in_force": "opg"}))).await;
    drop(broker_id(&outcome));
}
