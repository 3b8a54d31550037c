//! The shared suite, on requests that pass, that are denied and that make no sense.

use model::{Decimal, Event, OrderAction, OrderRequest};
use testkit::{events, json};

fn story() -> Vec<Event> {
    let bac = |number: u64| events::request(number, "main", "BAC");
    let nameless = OrderRequest { request_id: "".into(), ..bac(6) };
    let cancel = OrderRequest {
        action: OrderAction::Cancel,
        order_id: bac(3).order_id,
        ..events::request(8, "main", "BAC")
    };
    vec![
        events::quote(1, "BAC", Decimal::from(13), Decimal::from(14)).into(),
        events::trade(2, "BAC", Decimal::from(14)).into(),
        bac(3).into(),
        OrderRequest { quantity: Some(Decimal::from(100_000)), ..bac(4) }.into(),
        events::request(5, "other", "BAC").into(),
        nameless.into(),
        bac(3).into(),
        cancel.into(),
        OrderRequest { quantity: Some(Decimal::from(7)), ..bac(9) }.into(),
    ]
}

fn settings() -> serde_json::Value {
    json!({ "accounts": { "main": { "system": "paper", "broker_account": "PA1" } } })
}

testkit::processor!(approve::Approve, settings = settings(), inputs = story);
