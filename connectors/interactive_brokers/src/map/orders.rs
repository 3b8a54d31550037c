//! Orders and fills.

use component::{Bad, OrBad};
use jiff::tz::TimeZone;
use model::{
    Decimal, EventId, Fill, FillKind, Head, InstrumentId, OrderEvent, OrderEventKind, OrderType,
    Side, Text, TimeInForce, Timestamp, money, quantity,
};

use super::{Mapped, VENDOR, check_flag};
use crate::contract::Contract;
use crate::time;
use crate::wire::Fields;

/// What stands before our order id in an order reference.
const OURS: &str = "fs.";

/// The reference that an order of ours carries.
pub fn reference(order_id: &str) -> Text {
    format!("{OURS}{order_id}").into()
}

/// Our order id: what is in the reference if we placed it, else the broker's own.
pub fn order_id(reference: &str, broker_order_id: &str) -> Text {
    reference.strip_prefix(OURS).filter(|id| !id.is_empty()).unwrap_or(broker_order_id).into()
}

/// Whether nothing more can happen to an order after this.
pub fn is_last(kind: OrderEventKind) -> bool {
    use OrderEventKind as Kind;
    matches!(kind, Kind::Filled | Kind::Canceled | Kind::Expired | Kind::Rejected)
}

/// What TWS has told of an order.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The broker's id, the same for every client and for ever; empty until it is known.
    pub perm_id: Text,
    /// TWS's id, which only the client that placed it may use.
    pub order_id: i64,
    pub client_id: i64,
    pub reference: Text,
    pub status: Text,
    pub filled: Option<Decimal>,
    pub average: Option<Decimal>,
    remaining: Option<Decimal>,
    last_price: Option<Decimal>,
    is_located: bool,
    /// The broker's own words.
    pub reason: Text,
    account: Text,
    instrument: InstrumentId,
    side: Side,
    kind: Option<OrderType>,
    time_in_force: Option<TimeInForce>,
    pub quantity: Option<Decimal>,
    notional: Option<Decimal>,
    pub limit_price: Option<Decimal>,
    pub stop_price: Option<Decimal>,
    completed: Option<Timestamp>,
}

impl Placed {
    /// From an open order.
    pub fn open(fields: &Fields<'_>) -> Mapped<Self> {
        let mut placed = Self::terms(fields)?;
        placed.order_id = fields.int("orderId")?;
        placed.client_id = fields.int("clientId")?;
        placed.reason = fields.text("warningText").into();
        Ok(placed)
    }

    /// From a completed order. Its quantity is what was not filled, or all of it: only where that
    /// is the same, it is taken.
    pub fn completed(fields: &Fields<'_>, zone: &TimeZone) -> Mapped<Self> {
        let mut placed = Self::terms(fields)?;
        placed.filled = fields.decimal("filledQuantity", quantity)?;
        placed.reason = fields.text("completedStatus").into();
        let time = fields.value("completedTime");
        placed.completed = time.map(|t| time::moment(t, zone, "completedTime")).transpose()?;
        let filled = placed.filled.unwrap_or_default();
        placed.quantity = match placed.status.as_str() {
            "Filled" => Some(filled).filter(|filled| !filled.is_zero()).or(placed.quantity),
            _ => placed.quantity.filter(|_| filled.is_zero()),
        };
        Ok(placed)
    }

    fn terms(fields: &Fields<'_>) -> Mapped<Self> {
        check_flag(fields, "notHeld")?;
        let word = fields.text("orderType");
        let (kind, is_at_close) = order_type(word);
        let price = |name: &str| {
            let price = fields.decimal(name, money)?;
            Ok::<_, Bad>(price.filter(|price| !price.is_zero()))
        };
        let stop = if word.starts_with("TRAIL") { "trailStopPrice" } else { "auxPrice" };
        let time_in_force = match fields.text("tif") {
            _ if is_at_close => Some(TimeInForce::Cls),
            "DAY" | "" => Some(TimeInForce::Day),
            "GTC" => Some(TimeInForce::Gtc),
            "IOC" => Some(TimeInForce::Ioc),
            "FOK" => Some(TimeInForce::Fok),
            "OPG" => Some(TimeInForce::Opg),
            _ => None,
        };
        Ok(Self {
            perm_id: fields.value("permId").filter(|id| *id != "0").unwrap_or_default().into(),
            order_id: 0,
            client_id: 0,
            reference: fields.text("orderRef").into(),
            status: fields.text("status").into(),
            filled: None,
            average: None,
            remaining: None,
            last_price: None,
            is_located: true,
            reason: Text::default(),
            account: fields.text("account").into(),
            instrument: Contract::of(fields).identity()?,
            side: side(fields.text("action"))?,
            kind,
            time_in_force,
            quantity: fields.decimal("totalQuantity", quantity)?.filter(|q| !q.is_zero()),
            notional: fields.decimal("cashQty", money)?.filter(|money| !money.is_zero()),
            limit_price: price("lmtPrice")?,
            stop_price: price(stop)?,
            completed: None,
        })
    }

    /// Takes what an open order says now, and keeps what only its status tells.
    pub fn renew(&mut self, newer: Self) {
        let older = std::mem::replace(self, newer);
        self.filled = self.filled.max(older.filled);
        self.average = self.average.or(older.average);
        self.remaining = self.remaining.or(older.remaining);
        self.last_price = self.last_price.or(older.last_price);
        self.quantity = self.quantity.or(older.quantity);
        if self.reason.is_empty() {
            self.reason = older.reason;
        }
        if self.order_id == 0 {
            (self.order_id, self.client_id) = (older.order_id, older.client_id);
        }
    }

    /// Takes what its executions add up to.
    pub fn executed(&mut self, filled: Decimal, average: Option<Decimal>) {
        if self.filled.unwrap_or_default() < filled {
            (self.filled, self.average) = (Some(filled), average);
            self.remaining = self.quantity.and_then(|quantity| quantity.checked_sub(filled));
        } else if self.filled == Some(filled) {
            self.average = self.average.or(average);
        }
    }

    /// Takes an order status in.
    pub fn update(&mut self, fields: &Fields<'_>) -> Mapped<()> {
        let filled = fields.decimal("filled", quantity)?;
        let average = fields.decimal("avgFillPrice", money)?;
        // What comes late knows less.
        if filled >= self.filled {
            self.remaining = fields.decimal("remaining", quantity)?;
            let last = fields.decimal("lastFillPrice", money)?;
            self.last_price = last.filter(|price| !price.is_zero());
            self.average = average.filter(|_| filled.is_some_and(|filled| !filled.is_zero()));
            self.filled = filled;
        }
        self.status = fields.text("status").into();
        self.is_located = fields.text("whyHeld") != "locate";
        if let Some(perm_id) = fields.value("permId").filter(|id| *id != "0") {
            self.perm_id = perm_id.into();
        }
        Ok(())
    }

    /// What became of it, by its status.
    pub fn state(&self) -> Mapped<OrderEventKind> {
        use OrderEventKind as Kind;
        let has_fills = self.filled.is_some_and(|filled| filled > Decimal::ZERO);
        let is_refused = self.reason.starts_with("Rejected") && !has_fills;
        Ok(match self.status.as_str() {
            "ApiPending" | "PendingSubmit" | "PreSubmitted" | "Submitted" if has_fills => {
                match self.remaining {
                    Some(remaining) if remaining.is_zero() => Kind::Filled,
                    _ => Kind::PartiallyFilled,
                }
            }
            "ApiPending" | "PendingSubmit" => Kind::PendingNew,
            "PreSubmitted" => Kind::Accepted,
            "Submitted" if !self.is_located => Kind::Suspended,
            "Submitted" => Kind::New,
            "PendingCancel" => Kind::PendingCancel,
            "Cancelled" | "ApiCancelled" | "Inactive" if is_refused => Kind::Rejected,
            "Cancelled" | "ApiCancelled" if self.is_expired() => Kind::Expired,
            "Cancelled" | "ApiCancelled" => Kind::Canceled,
            "Filled" => Kind::Filled,
            "Inactive" => Kind::Suspended,
            other => return Err(Bad::new("status", format!("unknown status {other:?}"))),
        })
    }

    /// TWS does not say so: an order for the day that ended after the close, and by nobody's hand.
    fn is_expired(&self) -> bool {
        self.time_in_force == Some(TimeInForce::Day)
            && self.completed.is_some_and(time::is_after_close)
            && !self.reason.contains("Trader")
    }

    /// What happened to it. `count` tells apart what can happen more than once.
    pub fn event(&self, kind: OrderEventKind, count: u32, now: Timestamp) -> OrderEvent {
        use OrderEventKind as Kind;
        let once = match kind {
            Kind::PartiallyFilled | Kind::Filled => {
                self.filled.unwrap_or_default().normalize().to_string()
            }
            Kind::PendingCancel | Kind::Suspended | Kind::Restated => count.to_string(),
            _ => String::new(),
        };
        let parts = [VENDOR, "order_events", &self.perm_id, kind.as_str(), &once];
        OrderEvent {
            head: Head::new(EventId::of(&parts), self.completed.unwrap_or(now)),
            order_id: order_id(&self.reference, &self.perm_id),
            account: Text::default(),
            system: Text::default(),
            broker_account: self.account.clone(),
            kind,
            request_id: None,
            action: None,
            broker_order_id: Some(self.perm_id.clone()),
            client_order_id: Some(self.reference.clone()).filter(|id| !id.is_empty()),
            instrument: Some(self.instrument.clone()),
            side: Some(self.side),
            order_type: self.kind,
            time_in_force: self.time_in_force,
            quantity: self.quantity,
            notional: self.notional,
            limit_price: self.limit_price,
            stop_price: self.stop_price,
            filled_quantity: self.filled,
            average_price: self.average,
            last_quantity: None,
            last_price: self.last_price.filter(|_| kind == Kind::PartiallyFilled),
            replaced_by: None,
            replaces: None,
            reason: Some(self.reason.clone()).filter(|reason| !reason.is_empty()),
        }
    }

    /// What is ordered, to notice when that changes.
    pub fn ordered(&self) -> [Option<Decimal>; 3] {
        [self.quantity, self.limit_price, self.stop_price]
    }
}

fn side(word: &str) -> Mapped<Side> {
    match word {
        "BUY" | "BOT" => Ok(Side::Buy),
        "SELL" | "SSHORT" | "SLONG" | "SLD" => Ok(Side::Sell),
        other => Err(Bad::new("side", format!("unknown side {other:?}"))),
    }
}

/// Our name of an order type, where we have one, and whether it waits for the close.
fn order_type(word: &str) -> (Option<OrderType>, bool) {
    match word {
        "MKT" => (Some(OrderType::Market), false),
        "MOC" => (Some(OrderType::Market), true),
        "LMT" => (Some(OrderType::Limit), false),
        "LOC" => (Some(OrderType::Limit), true),
        "STP" => (Some(OrderType::Stop), false),
        "STP LMT" => (Some(OrderType::StopLimit), false),
        "TRAIL" | "TRAIL LIMIT" => (Some(OrderType::TrailingStop), false),
        _ => (None, false),
    }
}

/// An execution's id without the number of its latest correction, and that number.
pub fn revision(execution_id: &str) -> (&str, u32) {
    let split = execution_id.rsplit_once('.');
    let numbered = split.and_then(|(base, last)| Some((base, last.parse().ok()?)));
    numbered.unwrap_or((execution_id, 1))
}

/// An execution, before its commission is known.
pub fn fill(fields: &Fields<'_>, zone: &TimeZone) -> Mapped<Fill> {
    let contract = Contract::of(fields);
    let execution_id = fields.value("execId").or_bad("execId")?;
    let quantity = fields.number("shares", quantity)?;
    if quantity <= Decimal::ZERO {
        return Err(Bad::new("shares", format!("{quantity} is no execution")));
    }
    let time = time::moment(fields.text("time"), zone, "time")?;
    let broker_order_id = match fields.value("permId").filter(|id| *id != "0") {
        Some(id) => Text::from(id),
        None => format!("{}:{}", fields.text("clientId"), fields.text("orderId")).into(),
    };
    Ok(Fill {
        head: Head::new(EventId::of(&[VENDOR, "fills", execution_id]), time),
        execution_id: execution_id.into(),
        vendor_execution_id: Some(execution_id.into()),
        order_id: order_id(fields.text("orderRef"), &broker_order_id),
        account: Text::default(),
        system: Text::default(),
        broker_account: fields.value("account").or_bad("account")?.into(),
        broker_order_id,
        instrument: contract.identity()?,
        symbol: contract.symbol(),
        side: side(fields.text("side"))?,
        price: fields.number("price", money)?,
        quantity,
        currency: fields.value("currency").or_bad("currency")?.into(),
        commission: None,
        cumulative_quantity: fields.decimal("cumQty", model::quantity)?,
        kind: FillKind::New,
        corrects: None,
    })
}
