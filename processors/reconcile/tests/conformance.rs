//! The shared suite, on books that agree, differ for a while, and differ for good.

use model::{Decimal, Event, PortfolioCash, Side};
use testkit::{events, json};

fn story() -> Vec<Event> {
    let units = Decimal::from;
    let terms = (Side::Buy, units(10), units(14));
    let odd =
        PortfolioCash { currency: "X".repeat(100).into(), ..events::own_cash(7, "main", units(1)) };
    vec![
        events::own_position(1, "main", "BAC", units(10)).into(),
        events::position(2, "main", "BAC", units(10)).into(),
        events::own_cash(3, "main", units(1_000)).into(),
        events::balance(4, "main", units(1_000)).into(),
        events::fill(5, "main", "o1", "BAC", terms).into(),
        events::position(6, "main", "BAC", units(20)).into(),
        odd.into(),
        events::own_position(8, "main", "BAC", units(20)).into(),
        events::balance(9, "main", units(860)).into(),
        events::position(200, "main", "BAC", units(35)).into(),
        events::balance(400, "main", units(500)).into(),
        events::position(900, "main", "BAC", units(35)).into(),
    ]
}

testkit::processor!(reconcile::Reconcile, settings = json!({}), inputs = story);
