//! Orders for a sink under test, and what it says of them.

use component::{Delivery, Outcome, Sink};
use model::{ApprovedOrder, Decimal, EventId, OrderAction, OrderRequest, OrderType, Text};
use serde_json::Value;

use crate::events;
use crate::rig::held;

/// A request as it is delivered: a limit order to buy ten BAC far below the market, or a change
/// of it that says nothing yet, with some fields set.
pub fn delivery(action: OrderAction, order_id: &str, with: Value) -> Delivery {
    let is_new = action == OrderAction::Place;
    let request = OrderRequest {
        request_id: Text::from(format!("{order_id}-{action}")),
        action,
        order_id: order_id.into(),
        quantity: is_new.then_some(Decimal::TEN),
        order_type: Some(OrderType::Limit),
        limit_price: is_new.then_some(Decimal::new(105, 1)),
        ..events::request(0, "main", "BAC")
    };
    let mut fields = held(serde_json::to_value(&request).map_err(|error| error.to_string()));
    for (name, value) in with.as_object().into_iter().flatten() {
        fields[name] = value.clone();
    }
    let request: OrderRequest =
        held(serde_json::from_value(fields).map_err(|error| format!("request {with}: {error}")));
    let mut order =
        ApprovedOrder { order_id: order_id.into(), request, ..events::approved(0, "", "", "BAC") };
    order.head.event_id = EventId::of(&[order_id, "approved"]);
    let id = Text::from(format!("{order_id}-{action}"));
    Delivery { id, topic: "orders.approved".into(), partition: 0, offset: 0, event: order.into() }
}

/// A new order.
pub fn place(order_id: &str, with: Value) -> Delivery {
    delivery(OrderAction::Place, order_id, with)
}

/// Delivers one request.
pub async fn write(sink: &mut impl Sink, delivery: &Delivery) -> Outcome {
    let outcomes = sink.write(std::slice::from_ref(delivery)).await;
    let outcome = outcomes.map(|mut outcomes| outcomes.pop()).map_err(|fault| fault.to_string());
    held(outcome).expect("there is one outcome per delivery")
}

/// The broker's id of an order that it has taken.
#[track_caller]
pub fn broker_id(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { broker_order_id: Some(id) } => id.to_string(),
        other => panic!("{other:?}"),
    }
}
