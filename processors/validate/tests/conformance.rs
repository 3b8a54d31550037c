//! The shared suite, on a morning of prints, quotes and bars with something wrong in each.

use model::{Decimal, Event, Trade};
use testkit::{events, json};

fn story() -> Vec<Event> {
    let trade = |number: u64, price: i64| events::trade(number, "BAC", Decimal::from(price));
    let repeated = Trade { head: events::head("trade", 5), ..trade(2, 14) };
    vec![
        trade(1, 14).into(),
        trade(2, 14).into(),
        events::quote(3, "BAC", Decimal::from(13), Decimal::from(14)).into(),
        trade(4, 40).into(),
        repeated.into(),
        events::quote(6, "BAC", Decimal::from(15), Decimal::from(14)).into(),
        events::bar(60, "BAC", Decimal::from(14)).into(),
        events::bar(300, "BAC", Decimal::from(14)).into(),
        events::trade(301, "SPY", Decimal::from(168)).into(),
    ]
}

testkit::processor!(
    validate::Validate,
    settings = json!({}),
    inputs = story,
    skip = { refusals: "it reports what is wrong with a record, and refuses none" }
);
