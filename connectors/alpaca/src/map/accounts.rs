//! Positions, balances and activities.

use component::{Bad, OrBad};
use http::Row;
use model::{
    Activity, Balance, Decimal, EventId, Head, InstrumentId, Position, Text, Timestamp, money,
    price, quantity,
};

use super::{Mapped, contents, day, identity, midnight, moment};

/// States of an account in which it cannot trade. There are others, and more may come.
const CLOSED: [&str; 4] = ["INACTIVE", "REJECTED", "SUBMISSION_FAILED", "ACCOUNT_CLOSED"];
/// The fee for a trade in crypto currencies, whose symbol comes without a slash.
const CRYPTO_FEE: &str = "CFEE";

/// One position; its id is that of its contents.
pub fn position(row: &Row, account: &str, now: Timestamp) -> Mapped<Position> {
    let symbol = row.need(&["symbol"])?;
    let held = row.number(&["qty"], quantity)?.or_bad("qty")?;
    let held = match row.get(&["side"]) {
        // Short quantities are negative, older answers leave that to `side`.
        Some("short") => -held.abs(),
        Some("long") | None => held,
        Some(other) => return Err(Bad::new("side", format!("unknown side {other:?}"))),
    };
    let asset_class = row.get(&["asset_class"]).unwrap_or_default();
    let mut position = Position {
        head: Head::default(),
        symbol: symbol.into(),
        quantity: held,
        average_price: row.number(&["avg_entry_price"], price)?,
        last_price: row.number(&["current_price"], price)?,
        market_value: row.number(&["market_value"], money)?,
        cost_basis: row.number(&["cost_basis"], money)?,
        unrealized_profit: row.number(&["unrealized_pl"], money)?,
        ..nothing(identity(symbol, asset_class), account, now)
    };
    position.head = Head::new(contents("positions", &position), now);
    Ok(position)
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
pub fn balance(row: &Row, now: Timestamp) -> Mapped<Balance> {
    let is_closed = row.get(&["status"]).is_some_and(|status| CLOSED.contains(&status));
    let blocks = ["account_blocked", "trading_blocked", "trade_suspended_by_user"];
    let mut balance = Balance {
        head: Head::default(),
        account: Text::default(),
        system: Text::default(),
        broker_account: row.need(&["account_number"])?.into(),
        currency: row.text("currency").unwrap_or_else(|| "USD".into()),
        cash: row.number(&["cash"], money)?.or_bad("cash")?,
        equity: row.number(&["equity", "portfolio_value"], money)?,
        buying_power: row.number(&["buying_power"], money)?,
        initial_margin: row.number(&["initial_margin"], money)?,
        maintenance_margin: row.number(&["maintenance_margin"], money)?,
        pending_in: row.number(&["pending_transfer_in"], money)?,
        pending_out: row.number(&["pending_transfer_out"], money)?,
        is_blocked: is_closed || blocks.iter().any(|name| row.is(name)),
    };
    // Of the answer, only what we report makes a change.
    balance.head = Head::new(contents("balances", &balance), now);
    Ok(balance)
}

/// One activity that is no fill.
pub fn activity(row: &Row, account: &str) -> Mapped<Activity> {
    let id = row.need(&["id"])?;
    let kind = row.text("activity_type").or_bad("activity_type")?;
    let date = row.parsed(&["date"], day)?;
    let time = row.parsed(&["created_at", "transaction_time"], moment)?;
    let symbol = row.text("symbol");
    let asset_class = if kind == CRYPTO_FEE { "crypto" } else { "" };
    Ok(Activity {
        head: Head::new(
            EventId::of(&["alpaca", "activities", id]),
            time.or(date.map(midnight)).or_bad("date")?,
        ),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        activity_id: id.into(),
        kind,
        sub_kind: row.text("activity_sub_type"),
        date,
        instrument: symbol.as_deref().map(|symbol| identity(symbol, asset_class)),
        symbol,
        net_amount: row.number(&["net_amount"], money)?,
        quantity: row.number(&["qty"], quantity)?,
        per_unit_amount: row.number(&["per_share_amount"], money)?,
        currency: row.text("currency").unwrap_or_else(|| "USD".into()),
        status: row.text("status"),
        description: row.text("description"),
    })
}
