//! Positions, balances and activities.

use component::{Bad, OrBad};
use http::{decode, optional};
use model::{
    Activity, Balance, Decimal, EventId, Head, InstrumentId, Position, Text, Timestamp, money,
    price, quantity,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Mapped, identity, midnight};
use crate::wire;

/// One position; its id is that of its contents.
pub fn position(raw: &RawValue, account: &str, now: Timestamp) -> Mapped<Position> {
    let wire: wire::Position<'_> = decode(raw)?;
    let held = wire.qty.read("qty", quantity)?;
    let held = match wire.side {
        // Short quantities are negative, older answers leave that to `side`.
        "short" => -held.abs(),
        "long" => held,
        other => return Err(Bad::new("side", format!("unknown side {other:?}"))),
    };
    let mut position = Position {
        head: Head::default(),
        symbol: wire.symbol.clone(),
        quantity: held,
        average_price: optional(wire.avg_entry_price, "avg_entry_price", price)?,
        last_price: optional(wire.current_price, "current_price", price)?,
        market_value: optional(wire.market_value, "market_value", money)?,
        cost_basis: optional(wire.cost_basis, "cost_basis", money)?,
        unrealized_profit: optional(wire.unrealized_pl, "unrealized_pl", money)?,
        ..nothing(identity(&wire.symbol, &wire.asset_class), account, now)
    };
    position.head = Head::new(contents("positions", &position), now);
    Ok(position)
}

/// The id of what an event says, whenever it says it.
fn contents(feed: &str, event: &impl Serialize) -> EventId {
    EventId::of(&["alpaca", feed, &serde_json::to_string(event).unwrap_or_default()])
}

/// A position that is gone.
pub fn nothing(instrument: InstrumentId, account: &str, now: Timestamp) -> Position {
    let id = EventId::of(&["alpaca", "positions", account, instrument.as_str(), "none"]);
    Position {
        head: Head::new(id, now),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        symbol: instrument.symbol().into(),
        instrument,
        quantity: Decimal::ZERO,
        average_price: None,
        last_price: None,
        market_value: None,
        cost_basis: None,
        unrealized_profit: None,
        currency: "USD".into(),
    }
}

/// The account's balance; its id is that of its contents.
pub fn balance(raw: &RawValue, now: Timestamp) -> Mapped<Balance> {
    let wire: wire::Account<'_> = decode(raw)?;
    let mut balance = Balance {
        head: Head::default(),
        account: Text::default(),
        system: Text::default(),
        broker_account: wire.account_number,
        currency: wire.currency,
        cash: wire.cash.read("cash", money)?,
        equity: optional(wire.equity, "equity", money)?,
        buying_power: optional(wire.buying_power, "buying_power", money)?,
        initial_margin: optional(wire.initial_margin, "initial_margin", money)?,
        maintenance_margin: optional(wire.maintenance_margin, "maintenance_margin", money)?,
        pending_in: optional(wire.pending_transfer_in, "pending_transfer_in", money)?,
        pending_out: optional(wire.pending_transfer_out, "pending_transfer_out", money)?,
        is_blocked: wire.account_blocked || wire.trading_blocked,
    };
    // Of the answer, only what we report makes a change.
    balance.head = Head::new(contents("balances", &balance), now);
    Ok(balance)
}

/// One activity that is no fill.
pub fn activity(raw: &RawValue, account: &str) -> Mapped<Activity> {
    let wire: wire::Activity<'_> = decode(raw)?;
    let date = wire.date.map(|date| date.parse().or_bad("date")).transpose()?;
    let time = match (&wire.created_at, date) {
        (Some(time), _) => time.parse().or_bad("created_at")?,
        (None, Some(date)) => midnight(date),
        (None, None) => return Err(Bad::new("date", "missing")),
    };
    let symbol = wire.symbol.filter(|symbol| !symbol.is_empty());
    Ok(Activity {
        head: Head::new(EventId::of(&["alpaca", "activities", &wire.id]), time),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        activity_id: wire.id,
        kind: wire.activity_type,
        sub_kind: wire.activity_sub_type,
        date,
        instrument: symbol.as_deref().map(|symbol| identity(symbol, "")),
        symbol,
        net_amount: optional(wire.net_amount, "net_amount", money)?,
        quantity: optional(wire.qty, "qty", quantity)?,
        per_unit_amount: optional(wire.per_share_amount, "per_share_amount", money)?,
        currency: wire.currency.unwrap_or_else(|| "USD".into()),
        status: wire.status,
        description: wire.description,
    })
}
