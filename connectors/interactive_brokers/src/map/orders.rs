//! Orders and fills.

use component::{Bad, OrBad};
use model::{
    Decimal, EventId, Fill, FillKind, Head, OrderEvent, OrderEventKind, OrderRequest, OrderType,
    Side, Text, TimeInForce, Timestamp, Words, money, quantity,
};
use session::{Fields, Reported, Standing, Values};

use super::{Mapped, VENDOR};
use crate::contract::Contract;
use crate::time::{self, Zone};
use crate::{spell, wire};

/// What stands before our order id in an order reference.
pub const OURS: &str = "fs.";

/// Our order id: what is in the reference if we placed it, else the broker's own.
fn order_id(reference: &str, broker_order_id: &str) -> Text {
    reference.strip_prefix(OURS).filter(|id| !id.is_empty()).unwrap_or(broker_order_id).into()
}

/// Types of orders; some say for how long they live too.
pub const TYPES: Words<(OrderType, Option<TimeInForce>)> = Words(&[
    ((OrderType::Market, None), "MKT"),
    ((OrderType::Market, Some(TimeInForce::Cls)), "MOC"),
    ((OrderType::Limit, None), "LMT"),
    ((OrderType::Limit, Some(TimeInForce::Cls)), "LOC"),
    ((OrderType::Stop, None), "STP"),
    ((OrderType::StopLimit, None), "STP LMT"),
    ((OrderType::TrailingStop, None), "TRAIL"),
    ((OrderType::TrailingStop, None), "TRAIL LIMIT"),
]);
/// For how long orders live; those at the close are for the day.
pub const TIMES: Words<TimeInForce> = Words(&[
    (TimeInForce::Day, "DAY"),
    (TimeInForce::Gtc, "GTC"),
    (TimeInForce::Opg, "OPG"),
    (TimeInForce::Ioc, "IOC"),
    (TimeInForce::Fok, "FOK"),
    (TimeInForce::Cls, "DAY"),
    (TimeInForce::Day, ""),
]);
/// Directions, of orders and of executions.
pub const SIDES: Words<Side> = Words(&[
    (Side::Buy, "BUY"),
    (Side::Buy, "BOT"),
    (Side::Sell, "SELL"),
    (Side::Sell, "SLD"),
    (Side::Sell, "SSHORT"),
    (Side::Sell, "SLONG"),
]);

/// What TWS has told of an order, field by field: the latest word of every message counts.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    pub said: Values,
    pub filled: Option<Decimal>,
    average: Option<Decimal>,
}

impl Placed {
    /// Takes in an open or a completed order, a status, or an execution.
    pub fn take(&mut self, fields: &Fields<'_>) -> Mapped<()> {
        // Where this is no flag, fields are missing before it or too many.
        if !matches!(fields.text("notHeld"), "" | "0" | "1") {
            return Err(Bad::new("notHeld", "no flag: the fields are shifted"));
        }
        let filled = ["filled", "filledQuantity", "cumQty"].map(|n| fields.decimal(n, quantity));
        let filled = filled.into_iter().collect::<Mapped<Vec<_>>>()?.into_iter().flatten().max();
        // Some servers leave it out of an order that is filled.
        let filled = filled.filter(|f| !f.is_zero() || fields.text("status") != "Filled");
        let average = ["avgFillPrice", "avgPrice"].map(|name| fields.decimal(name, money));
        let average = average.into_iter().collect::<Mapped<Vec<_>>>()?.into_iter().flatten().max();
        // What comes late knows less.
        if filled >= self.filled {
            let is_more = filled > self.filled;
            self.average = average.or(self.average.filter(|_| !is_more));
            self.filled = filled;
        }
        if fields.kind == "execution" {
            let ids = ["permId", "orderId", "clientId", "orderRef"];
            ids.iter().for_each(|name| self.put(name, fields));
            // It proves that the order was taken, whatever became of it since.
            self.said.entry("status").or_insert("Submitted".into());
            return Ok(());
        }
        let is_untouched = filled.unwrap_or_default().is_zero();
        for (name, text) in fields.values() {
            // What is ordered altogether is not told of an order that is completed.
            let is_rest = fields.kind == "completedOrder" && *name == "totalQuantity";
            if *name == "whyHeld" {
                self.said.insert("whyHeld", (*text).into());
            } else if !is_rest || !self.said.contains_key("totalQuantity") && is_untouched {
                self.put(name, fields);
            }
        }
        if fields.kind == "completedOrder" && fields.text("status") == "Filled" {
            let all = filled.map_or_else(|| self.text("totalQuantity").into(), spell::number);
            self.said.insert("totalQuantity", all);
        }
        Ok(())
    }

    fn put(&mut self, name: &str, fields: &Fields<'_>) {
        let field = fields.values().iter().find(|(known, _)| *known == name);
        let is_said = |text: &str| !wire::is_unset(text) && text != "None";
        // Ids are nought until they are known.
        let is_id = matches!(name, "permId" | "orderId");
        if let Some((name, text)) = field
            && is_said(text)
            && !(is_id && *text == "0")
        {
            self.said.insert(name, (*text).into());
        }
    }

    pub fn text(&self, name: &str) -> &str {
        self.said.get(name).map_or("", Text::as_str)
    }

    fn number(&self, name: &str) -> Mapped<Option<Decimal>> {
        let said = self.said.get(name).map(|text| money(text).or_bad(name)).transpose()?;
        Ok(said.filter(|number| !number.is_zero()))
    }

    /// What is ordered, to notice when that changes: quantity, limit and stop.
    fn ordered(&self) -> Mapped<[Option<Decimal>; 3]> {
        let stop = self.number(spell::stop_of(self.text("orderType")))?;
        Ok([self.number("totalQuantity")?, self.number("lmtPrice")?, stop])
    }

    /// What became of it, by its status.
    pub fn state(&self) -> Mapped<OrderEventKind> {
        use OrderEventKind as Kind;
        let [all, ..] = self.ordered()?;
        let filled = self.filled.filter(|filled| *filled > Decimal::ZERO);
        Ok(match self.text("status") {
            "ApiPending" | "PendingSubmit" | "PreSubmitted" | "Submitted" if filled.is_some() => {
                if filled >= all && all.is_some() {
                    Kind::Filled
                } else {
                    Kind::PartiallyFilled
                }
            }
            "ApiPending" | "PendingSubmit" => Kind::PendingNew,
            "PreSubmitted" => Kind::Accepted,
            "Submitted" if self.text("whyHeld") == "locate" => Kind::Suspended,
            "Submitted" => Kind::New,
            "PendingCancel" => Kind::PendingCancel,
            "Cancelled" | "ApiCancelled" | "Inactive" if self.refusal().is_some() => Kind::Rejected,
            "Cancelled" | "ApiCancelled" if self.is_expired() => Kind::Expired,
            "Cancelled" | "ApiCancelled" => Kind::Canceled,
            "Filled" => Kind::Filled,
            "Inactive" => Kind::Suspended,
            other => return Err(Bad::new("status", format!("unknown status {other:?}"))),
        })
    }

    /// TWS does not say so: an order for the day that ended after the close, and by nobody's hand.
    fn is_expired(&self) -> bool {
        let time = time::moment(self.text("completedTime"), &Zone::default(), "completedTime");
        matches!(self.text("tif"), "" | "DAY")
            && time.is_ok_and(time::is_after_close)
            && !self.text("completedStatus").contains("Trader")
    }

    /// What happened to it.
    pub fn event(&self, kind: OrderEventKind, zone: &Zone, now: Timestamp) -> Mapped<OrderEvent> {
        use OrderEventKind as Kind;
        let perm_id = self.broker_id().or_bad("permId")?;
        let once = match kind {
            Kind::PartiallyFilled | Kind::Filled => spell::number(self.filled.unwrap_or_default()),
            // These can happen more than once.
            Kind::PendingCancel | Kind::Suspended | Kind::Restated => now.to_string().into(),
            _ => Text::default(),
        };
        let completed = self.said.get("completedTime");
        let completed = completed.map(|t| time::moment(t, zone, "completedTime")).transpose()?;
        let parts = [VENDOR, "order_events", &perm_id, kind.as_str(), &once];
        let [quantity, limit_price, stop_price] = self.ordered()?;
        let filled = |text: &str| Some(Text::from(text)).filter(|text| !text.is_empty());
        let words = ["completedStatus", "reason", "warningText"].map(|name| self.text(name));
        let words = words.into_iter().filter(|words| *words != self.text("status"));
        let (order_type, at_close) = TYPES.ours(self.text("orderType")).unzip();
        let head = Head::new(EventId::of(&parts), completed.unwrap_or(now));
        Ok(OrderEvent {
            order_id: order_id(self.text("orderRef"), &perm_id),
            broker_account: self.text("account").into(),
            broker_order_id: Some(perm_id),
            client_order_id: filled(self.text("orderRef")),
            instrument: Some(Contract(self.said.clone()).identity()?),
            side: Some(side(self.text("action"))?),
            order_type,
            time_in_force: at_close.flatten().or(TIMES.ours(self.text("tif"))),
            quantity,
            notional: self.number("cashQty")?,
            limit_price,
            stop_price,
            filled_quantity: self.filled,
            average_price: self.average.filter(|price| !price.is_zero()),
            reason: words.filter_map(filled).next(),
            ..OrderEvent::blank(head, kind)
        })
    }
}

impl Reported for Placed {
    fn take(&mut self, report: &Fields<'_>) -> Mapped<()> {
        Self::take(self, report)
    }

    fn reference(&self) -> Option<Text> {
        self.said.get("orderRef").filter(|text| !order_id(text, "").is_empty()).cloned()
    }

    fn broker_id(&self) -> Option<Text> {
        self.said.get("permId").cloned()
    }

    fn key(&self) -> (i64, i64) {
        let number = |name: &str| self.text(name).parse().unwrap_or_default();
        (number("clientId"), number("orderId"))
    }

    fn kind(&self) -> Mapped<OrderEventKind> {
        self.state()
    }

    fn standing(&self) -> Mapped<Option<Standing>> {
        let (kind, filled) = (self.state()?, self.filled);
        // Of some only executions are known; of some it is told next how much is filled.
        let is_known =
            !self.text("action").is_empty() && (kind != OrderEventKind::Filled || filled.is_some());
        let standing = Standing { kind, filled, ordered: self.ordered()? };
        Ok(is_known.then_some(standing))
    }

    fn is_working(&self) -> bool {
        matches!(self.text("status"), "PreSubmitted" | "Submitted" | "Filled")
    }

    fn refusal(&self) -> Option<&str> {
        let words = self.text("completedStatus");
        let has_fills = self.filled.is_some_and(|filled| filled > Decimal::ZERO);
        (words.starts_with("Rejected") && !has_fills).then_some(words)
    }

    fn says(&self, request: &OrderRequest) -> bool {
        spell::says(&self.said, request)
    }
}

fn side(word: &str) -> Mapped<Side> {
    SIDES.ours(word).ok_or_else(|| Bad::new("side", format!("unknown side {word:?}")))
}

/// An execution's id without the number of its latest correction, and that number.
pub fn revision(execution_id: &str) -> (&str, u32) {
    let split = execution_id.rsplit_once('.');
    let numbered = split.and_then(|(base, last)| Some((base, last.parse().ok()?)));
    numbered.unwrap_or((execution_id, 1))
}

/// An execution, before its commission is known.
pub fn fill(fields: &Fields<'_>, zone: &Zone) -> Mapped<Fill> {
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
    let head = Head::new(EventId::of(&[VENDOR, "fills", execution_id]), time);
    Ok(Fill {
        execution_id: execution_id.into(),
        vendor_execution_id: Some(execution_id.into()),
        order_id: order_id(fields.text("orderRef"), &broker_order_id),
        broker_account: fields.value("account").or_bad("account")?.into(),
        broker_order_id,
        instrument: contract.identity()?,
        symbol: contract.symbol(),
        price: fields.number("price", money)?,
        quantity,
        currency: fields.value("currency").or_bad("currency")?.into(),
        cumulative_quantity: fields.decimal("cumQty", model::quantity)?,
        ..Fill::blank(head, side(fields.text("side"))?, FillKind::New)
    })
}
