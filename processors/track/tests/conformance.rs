//! The shared suite, on the life of two orders.

use model::{Decimal, Event, OrderEvent, OrderEventKind as Kind};
use testkit::{events, json};

/// One order that is filled in two parts, one that is canceled, told twice and out of turn.
fn story() -> Vec<Event> {
    let partly = |number: u64, filled: i64| OrderEvent {
        filled_quantity: Some(Decimal::from(filled)),
        last_quantity: Some(Decimal::from(5)),
        last_price: Some(Decimal::from(14)),
        average_price: Some(Decimal::from(14)),
        ..events::order_event(
            number,
            "o1",
            if filled == 10 { Kind::Filled } else { Kind::PartiallyFilled },
        )
    };
    let too_long = OrderEvent {
        broker_order_id: Some("x".repeat(300).into()),
        ..events::order_event(7, "o1", Kind::New)
    };
    let events = [
        events::order_event(1, "o1", Kind::Approved),
        events::order_event(2, "o2", Kind::Approved),
        events::order_event(3, "o1", Kind::Submitted),
        events::order_event(4, "o1", Kind::New),
        events::order_event(5, "o2", Kind::Submitted),
        partly(6, 5),
        too_long,
        events::order_event(8, "o2", Kind::New),
        partly(6, 5),
        partly(9, 10),
        events::order_event(10, "o2", Kind::Canceled),
        events::order_event(11, "o1", Kind::New),
    ];
    events.map(Event::from).into()
}

testkit::processor!(track::Track, settings = json!({}), inputs = story);
