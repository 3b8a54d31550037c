//! Orders to the mock, which counts what it accepts.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Driver, Rig, fill, host, order_event};
use component::{Delivery, Outcome, Sink};
use interactive_brokers::{OrderUpdates, Orders};
use model::{ApprovedOrder, EventId, Head, OrderAction, OrderRequest, Timestamp};
use serde_json::{Value, json};

async fn sink(rig: &Rig) -> Orders {
    let settings = serde_json::from_value(json!({})).unwrap();
    Orders::connect(rig.system(), settings, host(Orders::NAME)).await.unwrap()
}

/// A delivery of a request: a limit order to buy ten BAC far below the market, changed by `with`.
fn delivery(action: OrderAction, order_id: &str, with: Value) -> Delivery {
    let mut request = json!({
        "event_id": EventId::of(&[order_id]), "source": "test",
        "event_time": Timestamp(0), "received_time": Timestamp(0),
        "request_id": format!("{order_id}-{}", action.as_str()),
        "action": action, "order_id": order_id, "account": "main",
        "instrument": "BAC.US", "side": "buy", "quantity": "10",
        "order_type": "limit", "time_in_force": "day", "limit_price": "10.5",
        "extended_hours": false, "order_class": "simple", "legs": [], "broker_options": {},
    });
    if action != OrderAction::Place {
        for name in ["quantity", "limit_price"] {
            request[name] = Value::Null;
        }
    }
    for (name, value) in with.as_object().unwrap() {
        request[name] = value.clone();
    }
    let request: OrderRequest = serde_json::from_value(request).unwrap();
    let order = ApprovedOrder {
        head: Head::new(EventId::of(&[order_id, "approved"]), Timestamp(0)),
        order_id: order_id.into(),
        account: "main".into(),
        system: "interactive_brokers".into(),
        broker_account: "".into(),
        request,
        reference_price: None,
        reference_time: None,
        checks: Vec::new(),
    };
    let id = format!("{order_id}-{}", action.as_str()).into();
    Delivery { id, topic: "orders.approved".into(), partition: 0, offset: 0, event: order.into() }
}

fn place(order_id: &str, with: Value) -> Delivery {
    delivery(OrderAction::Place, order_id, with)
}

async fn write(sink: &mut Orders, delivery: &Delivery) -> Outcome {
    sink.write(std::slice::from_ref(delivery)).await.unwrap().remove(0)
}

fn id(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { broker_order_id: Some(id) } => id.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn smoke() {
    let rig = Rig::with(json!({"speed": 0})).await;
    let mut sink = sink(&rig).await;
    let first = id(&write(&mut sink, &place("o1", json!({}))).await);
    let second = delivery(OrderAction::Replace, "o1", json!({"limit_price": "10.75"}));
    assert_eq!(id(&write(&mut sink, &second).await), first);
    let market = json!({"order_type": "market", "limit_price": null});
    id(&write(&mut sink, &place("o2", market)).await);
    let cancel = delivery(OrderAction::Cancel, "o1", json!({}));
    id(&write(&mut sink, &cancel).await);
    println!("{}", rig.get("/_mock/ledger").await);
    println!(
        "{}",
        rig.get("/_mock/requests").await.to_string().chars().take(6000).collect::<String>()
    );
    let mut updates: Driver<OrderUpdates> = Driver::new(rig.system(), json!({"poll_secs": 1}));
    updates.until(|d| d.of(fill).len() >= 1 && d.of(order_event).len() >= 2).await;
    println!("{:#?} {:?}", updates.events, updates.bad);
}
