//! Orders and fills.

use component::{Bad, OrBad};
use http::{decode, optional};
use model::{
    Decimal, Event, EventId, Fill, FillKind, Head, OrderEvent, OrderEventKind, OrderType, Side,
    Text, TimeInForce, Timestamp, money, price, quantity,
};
use serde_json::value::RawValue;

use super::{Mapped, identity};
use crate::wire;

/// What stands before our order id in a client order id.
const OURS: &str = "fs.";

/// The client order id of an order, and of one of its replacements.
pub fn client_order_id(order_id: &str, replacing: Option<&str>) -> String {
    match replacing {
        None => format!("{OURS}{order_id}"),
        Some(request_id) => {
            let hash = EventId::of(&[request_id]).to_string();
            format!("{OURS}{order_id}.{}", &hash[..12])
        }
    }
}

/// Our order id: what is in the client order id if we placed it, else the broker's own.
pub fn order_id(client_order_id: &str, broker_order_id: &str) -> Text {
    match client_order_id.strip_prefix(OURS) {
        Some(rest) => rest.split('.').next().unwrap_or(rest).into(),
        None => broker_order_id.into(),
    }
}

/// What happened to an order, in the words of the stream and of `status`.
fn order_event_kind(word: &str) -> Option<OrderEventKind> {
    use OrderEventKind as Kind;
    Some(match word {
        "pending_new" | "accepted_for_bidding" | "pending_review" => Kind::PendingNew,
        "accepted" => Kind::Accepted,
        "new" => Kind::New,
        "held" => Kind::Held,
        "partial_fill" | "partially_filled" => Kind::PartiallyFilled,
        "fill" | "filled" => Kind::Filled,
        "canceled" => Kind::Canceled,
        "expired" => Kind::Expired,
        "done_for_day" => Kind::DoneForDay,
        "rejected" => Kind::Rejected,
        "replaced" => Kind::Replaced,
        "pending_cancel" => Kind::PendingCancel,
        "pending_replace" => Kind::PendingReplace,
        "stopped" => Kind::Stopped,
        "suspended" => Kind::Suspended,
        "calculated" => Kind::Calculated,
        "order_cancel_rejected" => Kind::CancelRejected,
        "order_replace_rejected" => Kind::ReplaceRejected,
        "restated" => Kind::Restated,
        _ => return None,
    })
}

/// Whether nothing more can happen to an order after this.
pub fn is_last(kind: OrderEventKind) -> bool {
    use OrderEventKind as Kind;
    matches!(kind, Kind::Filled | Kind::Canceled | Kind::Expired | Kind::Rejected | Kind::Replaced)
}

fn side(word: &str) -> Mapped<Side> {
    match word {
        "buy" => Ok(Side::Buy),
        "sell" | "sell_short" => Ok(Side::Sell),
        other => Err(Bad::new("side", format!("unknown side {other:?}"))),
    }
}

fn order_type(word: &str) -> Mapped<Option<OrderType>> {
    let known = OrderType::ALL.iter().find(|known| known.as_str() == word);
    match known {
        None if !word.is_empty() => Err(Bad::new("type", format!("unknown type {word:?}"))),
        known => Ok(known.copied()),
    }
}

fn time_in_force(word: &str) -> Mapped<Option<TimeInForce>> {
    let known = TimeInForce::ALL.iter().find(|known| known.as_str() == word);
    match known {
        None if !word.is_empty() => Err(Bad::new("time_in_force", format!("unknown {word:?}"))),
        known => Ok(known.copied()),
    }
}

/// An execution, whichever way it was reported: an order and how much of it is filled after it.
struct Execution<'a> {
    order_id: &'a str,
    cumulative: Decimal,
    quantity: Decimal,
    price: Decimal,
    time: Timestamp,
}

/// What happened to an order. `filled` is how much of it was filled by then.
fn order_event(
    order: &wire::Order<'_>,
    kind: OrderEventKind,
    time: Timestamp,
    filled: Option<Decimal>,
    account: &str,
) -> Mapped<OrderEvent> {
    use OrderEventKind as Kind;
    let once = match kind {
        Kind::PartiallyFilled | Kind::Filled => filled.unwrap_or_default().normalize().to_string(),
        Kind::PendingNew | Kind::Accepted | Kind::New | Kind::Rejected => String::new(),
        Kind::Canceled | Kind::Expired | Kind::Replaced => String::new(),
        // These can happen more than once.
        _ => time.0.to_string(),
    };
    let event_id = EventId::of(&["alpaca", "order_events", &order.id, kind.as_str(), &once]);
    let symbol = Some(&order.symbol).filter(|symbol| !symbol.is_empty());
    let side = Some(&order.side).filter(|side| !side.is_empty());
    Ok(OrderEvent {
        head: Head::new(event_id, time),
        order_id: order_id(&order.client_order_id, &order.id),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        kind,
        request_id: None,
        action: None,
        broker_order_id: Some(order.id.clone()),
        client_order_id: Some(order.client_order_id.clone()),
        instrument: symbol.map(|symbol| identity(symbol, &order.asset_class)),
        side: side.map(|word| self::side(word)).transpose()?,
        order_type: order_type(&order.order_type)?,
        time_in_force: time_in_force(&order.time_in_force)?,
        quantity: optional(order.qty, "qty", quantity)?,
        notional: optional(order.notional, "notional", money)?,
        limit_price: optional(order.limit_price, "limit_price", price)?,
        stop_price: optional(order.stop_price, "stop_price", price)?,
        filled_quantity: filled,
        average_price: optional(order.filled_avg_price, "filled_avg_price", price)?,
        last_quantity: None,
        last_price: None,
        replaced_by: order.replaced_by.clone(),
        replaces: order.replaces.clone(),
        reason: None,
    })
}

/// The two events of an execution.
fn executed(
    order: &wire::Order<'_>,
    kind: OrderEventKind,
    execution: &Execution<'_>,
    (symbol, side, vendor_id): (&Text, Side, Option<Text>),
    account: &str,
) -> Mapped<[Event; 2]> {
    let Execution { order_id: broker_order_id, cumulative, .. } = *execution;
    let (time, cumulative) = (execution.time, cumulative.normalize());
    let execution_id = format!("{broker_order_id}:{cumulative}");
    let event_id = EventId::of(&["alpaca", "fills", &execution_id]);
    let fill = Fill {
        head: Head::new(event_id, time),
        execution_id: execution_id.into(),
        vendor_execution_id: vendor_id,
        order_id: order_id(&order.client_order_id, broker_order_id),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        broker_order_id: broker_order_id.into(),
        instrument: identity(symbol, &order.asset_class),
        symbol: symbol.clone(),
        side,
        price: execution.price,
        quantity: execution.quantity,
        currency: "USD".into(),
        commission: None,
        cumulative_quantity: Some(cumulative),
        kind: FillKind::New,
        corrects: None,
    };
    let mut event = order_event(order, kind, time, Some(cumulative), account)?;
    event.last_quantity = Some(execution.quantity);
    event.last_price = Some(execution.price);
    let total = optional(order.filled_qty, "filled_qty", quantity)?;
    // The average is that of everything filled by now, which may be more than by then.
    event.average_price = event.average_price.filter(|_| total == Some(cumulative));
    Ok([fill.into(), event.into()])
}

fn time_of(candidates: &[&Option<Text>], field: &str) -> Mapped<Timestamp> {
    let text = candidates.iter().find_map(|time| time.as_deref().filter(|text| !text.is_empty()));
    text.or_bad(field)?.parse().or_bad(field)
}

/// One message of the order stream.
pub fn trade_update(raw: &RawValue, account: &str) -> Mapped<Vec<Event>> {
    let update: wire::TradeUpdate<'_> = decode(raw)?;
    let order = &update.order;
    let kind = order_event_kind(update.event).ok_or_else(|| {
        Bad::new("event", format!("{:?} is not an event we can book", update.event))
    })?;
    if order_event_kind(&order.status).is_none() {
        return Err(Bad::new("status", format!("unknown status {:?}", order.status)));
    }
    let time = time_of(&[&update.timestamp, &order.updated_at], "timestamp")?;
    let cumulative = optional(order.filled_qty, "filled_qty", quantity)?;
    let is_execution = matches!(kind, OrderEventKind::PartiallyFilled | OrderEventKind::Filled);
    // An order of several legs trades nothing itself; its legs have fills of their own.
    if !is_execution || order.symbol.is_empty() {
        return Ok(vec![order_event(order, kind, time, cumulative, account)?.into()]);
    }
    let execution = Execution {
        order_id: &order.id,
        cumulative: cumulative.or_bad("filled_qty")?,
        quantity: update.qty.or_bad("qty")?.read("qty", quantity)?,
        price: update.price.or_bad("price")?.read("price", price)?,
        time,
    };
    let about = (&order.symbol, side(&order.side)?, update.execution_id.clone());
    Ok(executed(order, kind, &execution, about, account)?.into())
}

/// What the account's history says of a fill.
pub fn fill_activity(
    fill: &wire::FillActivity<'_>,
    order: &wire::Order<'_>,
    account: &str,
) -> Mapped<[Event; 2]> {
    let leaves = fill.leaves_qty.read("leaves_qty", quantity)?;
    let kind =
        if leaves.is_zero() { OrderEventKind::Filled } else { OrderEventKind::PartiallyFilled };
    let execution = Execution {
        order_id: &fill.order_id,
        cumulative: fill.cum_qty.read("cum_qty", quantity)?,
        quantity: fill.qty.read("qty", quantity)?,
        price: fill.price.read("price", price)?,
        time: fill.transaction_time.parse().or_bad("transaction_time")?,
    };
    let about = (&fill.symbol, side(fill.side)?, Some(fill.id.clone()));
    executed(order, kind, &execution, about, account)
}

/// Where an order stands now, as the event that led there.
pub fn order_status(order: &wire::Order<'_>, account: &str) -> Mapped<OrderEvent> {
    let kind = order_event_kind(&order.status)
        .ok_or_else(|| Bad::new("status", format!("unknown status {:?}", order.status)))?;
    let own = match kind {
        OrderEventKind::Filled => &order.filled_at,
        OrderEventKind::Canceled => &order.canceled_at,
        OrderEventKind::Expired => &order.expired_at,
        OrderEventKind::Rejected => &order.failed_at,
        OrderEventKind::Replaced => &order.replaced_at,
        _ => &order.updated_at,
    };
    let time = time_of(&[own, &order.updated_at, &order.submitted_at], "updated_at")?;
    let filled = optional(order.filled_qty, "filled_qty", quantity)?;
    order_event(order, kind, time, filled, account)
}
