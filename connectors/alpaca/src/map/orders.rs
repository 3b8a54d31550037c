//! Orders and fills.

use std::collections::VecDeque;

use component::{Bad, OrBad};
use http::Row;
use model::{
    Decimal, Event, EventId, Fill, FillKind, Head, OrderEvent, OrderEventKind, Side, Text,
    Timestamp, money, price, quantity,
};
use serde::{Deserialize, Serialize};

use super::{Mapped, identity, moment};

/// What stands before our order id in a client order id.
const OURS: &str = "fs.";
/// Executions that a withdrawal or a correction can be about. They are part of the cursor.
const MAX_EXECUTIONS: usize = 100;

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
fn order_event_kind(field: &str, word: &str) -> Mapped<OrderEventKind> {
    use OrderEventKind as Kind;
    Ok(match word {
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
        _ => return Err(Bad::new(field, format!("{word:?} is nothing that we know of"))),
    })
}

/// Whether nothing more can happen to an order after this.
pub fn is_last(kind: OrderEventKind) -> bool {
    use OrderEventKind as Kind;
    matches!(kind, Kind::Filled | Kind::Canceled | Kind::Expired | Kind::Rejected | Kind::Replaced)
}

fn side(row: &Row) -> Mapped<Option<Side>> {
    match row.get(&["side"]) {
        Some("sell_short") => Ok(Some(Side::Sell)),
        _ => row.word("side"),
    }
}

/// What happened to an order. `filled` is how much of it was filled by then.
fn order_event(
    order: &Row,
    kind: OrderEventKind,
    time: Timestamp,
    filled: Option<Decimal>,
    account: &str,
) -> Mapped<OrderEvent> {
    use OrderEventKind as Kind;
    let id = order.text("id").or_bad("id")?;
    let once = match kind {
        Kind::PartiallyFilled | Kind::Filled => filled.unwrap_or_default().to_string(),
        Kind::PendingNew | Kind::Accepted | Kind::New | Kind::Rejected => String::new(),
        Kind::Canceled | Kind::Expired | Kind::Replaced => String::new(),
        // These can happen more than once.
        _ => time.0.to_string(),
    };
    let client_order_id = order.text("client_order_id");
    let event_id = EventId::of(&["alpaca", "order_events", &id, kind.as_str(), &once]);
    Ok(OrderEvent {
        head: Head::new(event_id, time),
        order_id: order_id(client_order_id.as_deref().unwrap_or_default(), &id),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        kind,
        request_id: None,
        action: None,
        instrument: instrument(order, order.get(&["symbol"])),
        side: side(order)?,
        order_type: order.word("type")?,
        time_in_force: order.word("time_in_force")?,
        quantity: order.number(&["qty"], quantity)?,
        notional: order.number(&["notional"], money)?,
        // What an order of several legs costs is negative where it brings something in.
        limit_price: order.number(&["limit_price"], money)?,
        stop_price: order.number(&["stop_price"], money)?,
        filled_quantity: filled,
        average_price: order.number(&["filled_avg_price"], money)?,
        last_quantity: None,
        last_price: None,
        replaced_by: order.text("replaced_by"),
        replaces: order.text("replaces"),
        reason: None,
        broker_order_id: Some(id),
        client_order_id,
    })
}

fn instrument(order: &Row, symbol: Option<&str>) -> Option<model::InstrumentId> {
    symbol.map(|symbol| identity(symbol, order.get(&["asset_class"]).unwrap_or_default()))
}

fn filled(order: &Row) -> Mapped<Option<Decimal>> {
    order.number(&["filled_qty"], quantity)
}

/// An execution, whichever way it is reported: `report` says how much and at what price, and
/// `cumulative` of its order is filled with it.
fn fill(report: &Row, order: &Row, cumulative: Decimal, head: Head, account: &str) -> Mapped<Fill> {
    let broker_order_id = report.text("order_id").or(order.text("id")).or_bad("id")?;
    let symbol = report.text("symbol").or(order.text("symbol")).or_bad("symbol")?;
    let about = if report.get(&["side"]).is_some() { report } else { order };
    let client_order_id = order.get(&["client_order_id"]).unwrap_or_default();
    let execution_id = Text::from(format!("{broker_order_id}:{cumulative}"));
    let event_id = EventId::of(&["alpaca", "fills", &execution_id]);
    Ok(Fill {
        head: Head { event_id, ..head },
        execution_id,
        vendor_execution_id: report.text("execution_id").or(report.text("id")),
        order_id: order_id(client_order_id, &broker_order_id),
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        broker_order_id,
        instrument: instrument(order, Some(&symbol)).or_bad("symbol")?,
        symbol,
        side: side(about)?.or_bad("side")?,
        quantity: report.number(&["qty"], quantity)?.or_bad("qty")?,
        price: report.number(&["price"], price)?.or_bad("price")?,
        currency: "USD".into(),
        commission: None,
        cumulative_quantity: Some(cumulative),
        kind: FillKind::New,
        corrects: None,
    })
}

/// The two events of an execution.
fn executed(order: &Row, kind: OrderEventKind, fill: Fill, account: &str) -> Mapped<Vec<Event>> {
    let by_then = fill.cumulative_quantity;
    let mut event = order_event(order, kind, fill.head.event_time, by_then, account)?;
    event.last_quantity = Some(fill.quantity);
    event.last_price = Some(fill.price);
    // The average is that of everything filled by now, which may be more than by then.
    event.average_price = event.average_price.filter(|_| filled(order) == Ok(by_then));
    Ok(vec![fill.into(), event.into()])
}

/// One message of the order stream, after these executions.
pub fn trade_update(update: &Row, told: &Executions, account: &str) -> Mapped<Vec<Event>> {
    let order = update.inner("order");
    let word = update.need(&["event"])?;
    order_event_kind("status", order.need(&["status"])?)?;
    let time = update.parsed(&["timestamp"], moment)?.or(order.parsed(&["updated_at"], moment)?);
    let time = time.or_bad("timestamp")?;
    let cumulative = filled(&order)?;
    let amends = match word {
        "trade_bust" => Some(FillKind::Bust),
        "trade_correct" => Some(FillKind::Correction),
        _ => None,
    };
    if let Some(kind) = amends {
        return Ok(vec![told.amend(kind, update, &order, time, account)?.into()]);
    }
    let kind = order_event_kind("event", word)?;
    let is_execution = matches!(kind, OrderEventKind::PartiallyFilled | OrderEventKind::Filled);
    // An order of several legs trades nothing itself; its legs have fills of their own.
    if !is_execution || order.get(&["symbol"]).is_none() {
        return Ok(vec![order_event(&order, kind, time, cumulative, account)?.into()]);
    }
    let head = Head::new(EventId::default(), time);
    let fill = fill(update, &order, cumulative.or_bad("filled_qty")?, head, account)?;
    executed(&order, kind, fill, account)
}

/// What the account's history says of a fill.
pub fn fill_activity(row: &Row, order: &Row, account: &str) -> Mapped<Vec<Event>> {
    let leaves = row.number(&["leaves_qty"], quantity)?;
    let kind = match (row.get(&["type"]), leaves) {
        (_, Some(leaves)) if !leaves.is_zero() => OrderEventKind::PartiallyFilled,
        (None, None) => return Err(Bad::new("type", "missing")),
        (Some("partial_fill"), None) => OrderEventKind::PartiallyFilled,
        _ => OrderEventKind::Filled,
    };
    let time = row.parsed(&["transaction_time"], moment)?.or_bad("transaction_time")?;
    let cumulative = row.number(&["cum_qty"], quantity)?.or_bad("cum_qty")?;
    let fill = fill(row, order, cumulative, Head::new(EventId::default(), time), account)?;
    executed(order, kind, fill, account)
}

/// Where an order stands now, as the event that led there.
pub fn order_status(order: &Row, account: &str) -> Mapped<OrderEvent> {
    let kind = order_event_kind("status", order.need(&["status"])?)?;
    let own = match kind {
        OrderEventKind::Filled => "filled_at",
        OrderEventKind::Canceled => "canceled_at",
        OrderEventKind::Expired => "expired_at",
        OrderEventKind::Rejected => "failed_at",
        OrderEventKind::Replaced => "replaced_at",
        _ => "updated_at",
    };
    let time = order.parsed(&[own, "updated_at", "submitted_at", "created_at"], moment)?;
    order_event(order, kind, time.or_bad("updated_at")?, filled(order)?, account)
}

/// Executions that were told last: what withdraws or corrects one names it by the stream's id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Executions(VecDeque<Execution>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Execution {
    id: Text,
    /// The broker's id of the report: the stream's, or that of the account's history.
    vendor_id: Option<Text>,
    order: Text,
    quantity: Decimal,
    price: Decimal,
}

impl Executions {
    /// Notes what is told.
    pub fn note(&mut self, fill: &Fill) {
        let execution = Execution {
            id: fill.execution_id.clone(),
            vendor_id: fill.vendor_execution_id.clone(),
            order: fill.broker_order_id.clone(),
            quantity: fill.quantity,
            price: fill.price,
        };
        if !self.0.contains(&execution) {
            self.0.truncate(MAX_EXECUTIONS - 1);
            self.0.push_front(execution);
        }
    }

    /// The one that a report amends: by the id that it names; where the account's history told of
    /// it under another, by quantity and price, or as the only one of its order.
    fn amended(&self, report: &Row, order: &str) -> Mapped<Option<&Execution>> {
        let of_order: Vec<&Execution> = self.0.iter().filter(|told| told.order == order).collect();
        let named = report.get(&["previous_execution_id"]);
        let quantity = report.number(&["qty"], quantity)?;
        let price = report.number(&["price"], price)?;
        let is_named = |told: &&&Execution| named.is_some() && told.vendor_id.as_deref() == named;
        let is_like =
            |told: &&&Execution| Some(told.quantity) == quantity && Some(told.price) == price;
        let found = of_order.iter().find(is_named).or_else(|| of_order.iter().find(is_like));
        let is_alone = of_order.windows(2).all(|pair| pair[0].id == pair[1].id);
        Ok(found.or(of_order.first().filter(|_| is_alone)).copied())
    }

    fn amend(
        &self,
        kind: FillKind,
        report: &Row,
        order: &Row,
        time: Timestamp,
        account: &str,
    ) -> Mapped<Fill> {
        let order_id = order.need(&["id"])?;
        let target = self.amended(report, order_id)?.ok_or_else(|| {
            let reason = format!("a {kind} of an execution of {order_id} that was not told lately");
            Bad::new("previous_execution_id", reason)
        })?;
        let mut report = report.clone();
        for (name, was) in [("qty", target.quantity), ("price", target.price)] {
            let cell = report.cells.entry(name.to_owned()).or_default();
            if kind == FillKind::Bust || cell.is_empty() {
                *cell = was.to_string();
            }
        }
        let cumulative = filled(order)?.unwrap_or_default();
        let head = Head::new(EventId::default(), time);
        let mut fill = fill(&report, order, cumulative, head, account)?;
        let id = fill.vendor_execution_id.as_deref().unwrap_or(kind.as_str());
        fill.execution_id = format!("{}:{id}", target.id).into();
        fill.head.event_id = EventId::of(&["alpaca", "fills", &fill.execution_id]);
        Ok(Fill { kind, corrects: Some(target.id.clone()), ..fill })
    }
}
