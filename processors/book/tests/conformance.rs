//! The shared suite, on two accounts that trade, one of them after an opening.

use model::{Decimal, Event, Fill, FillKind, Side};
use testkit::{events, json};

fn story() -> Vec<Event> {
    let ten = |number: u64, account: &str, side: Side, price: i64| {
        let terms = (side, Decimal::TEN, Decimal::from(price));
        events::fill(number, account, "o1", "BAC", terms)
    };
    let bust = Fill {
        kind: FillKind::Bust,
        corrects: Some(ten(4, "main", Side::Buy, 15).execution_id),
        ..ten(9, "main", Side::Buy, 15)
    };
    vec![
        events::balance(1, "main", Decimal::from(100_000)).into(),
        events::position(2, "main", "BAC", Decimal::ZERO).into(),
        ten(3, "main", Side::Buy, 14).into(),
        ten(4, "main", Side::Buy, 15).into(),
        ten(5, "opened", Side::Sell, 16).into(),
        Fill { quantity: Decimal::ZERO, ..ten(6, "main", Side::Buy, 14) }.into(),
        ten(3, "main", Side::Buy, 14).into(),
        events::activity(7, "main", "DIV", Decimal::new(102, 2)).into(),
        ten(8, "main", Side::Sell, 16).into(),
        bust.into(),
        events::balance(10, "main", Decimal::from(99_000)).into(),
    ]
}

fn settings() -> serde_json::Value {
    json!({ "opening": { "opened": {
        "cash": { "USD": "5000" },
        "positions": { "BAC.US": { "quantity": "100", "average_price": "13.95" } },
    } } })
}

testkit::processor!(
    book::Book,
    settings = settings(),
    inputs = story,
    skip = { states: "a profit of minus zero is read again as zero, which is the same number" }
);
