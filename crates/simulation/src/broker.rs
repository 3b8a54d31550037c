//! A broker: takes orders, fills them, thinks better of it, and keeps a ledger of everything.

use component::Outcome;
use model::{
    ApprovedOrder, Decimal, Event, EventId, Fill, FillKind, Head, InstrumentId, OrderAction,
    OrderEvent, OrderEventKind, OrderType, Side, Text, TimeInForce, Timestamp,
};

use crate::dice::Dice;
use crate::scene::SECOND;

/// What every account begins with.
pub(crate) const OPENING_CASH: i64 = 1_000_000;
/// Executions are withdrawn and corrected when the reports on them are long out.
const AMENDED_AFTER: i64 = 20 * SECOND;
/// An order that was taken is thrown out after so long, or not at all.
const REFUSED_AFTER: i64 = 5 * SECOND;
/// Of a hundred orders, so many are refused.
const REFUSED_PERCENT: u8 = 8;

/// One broker with one account of ours.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) system: &'static str,
    pub(crate) account: &'static str,
    pub(crate) broker_account: &'static str,
    /// Whether it refuses an order id that it has seen.
    pub(crate) refuses_repeats: bool,
    pub(crate) is_away: bool,
    pub(crate) ledger: Ledger,
    /// What it tells of orders and executions, in order.
    pub(crate) reports: Vec<Event>,
}

/// All that ever happened at a broker.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) orders: Vec<Held>,
    pub(crate) executions: Vec<Execution>,
}

/// A request that arrived.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) order: ApprovedOrder,
    /// The step of the run in which it left its sender, and the true time then.
    pub(crate) departed: (u64, Timestamp),
    pub(crate) step: u64,
    pub(crate) verdict: Verdict,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Taken,
    Repeated,
    Refused,
}

/// An order at the broker.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: Text,
    pub(crate) client_id: Text,
    pub(crate) order_id: Text,
    pub(crate) request_id: Text,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) order_type: Option<OrderType>,
    pub(crate) time_in_force: Option<TimeInForce>,
    pub(crate) limit_price: Option<Decimal>,
    pub(crate) quantity: Decimal,
    pub(crate) filled: Decimal,
    value: Decimal,
    pub(crate) standing: Standing,
    replaces: Option<usize>,
    pub(crate) replaced_by: Option<usize>,
    taken: Timestamp,
    /// Its own look-ups do not find it before.
    found_from: Timestamp,
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Working,
    Canceling,
    Filled,
    Canceled,
    Expired,
    Rejected,
    Replaced,
}

/// One execution, or what corrects or withdraws one.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) id: Text,
    pub(crate) order: usize,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
    pub(crate) kind: FillKind,
    /// Whether it still counts.
    pub(crate) counts: bool,
    at: Timestamp,
}

impl Broker {
    pub(crate) fn new(names: [&'static str; 3], refuses_repeats: bool) -> Self {
        let [system, account, broker_account] = names;
        Self {
            system,
            account,
            broker_account,
            refuses_repeats,
            is_away: false,
            ledger: Ledger::default(),
            reports: Vec::new(),
        }
    }

    /// A request to act arrives.
    pub(crate) fn take(
        &mut self,
        order: &ApprovedOrder,
        departed: (u64, Timestamp),
        step: u64,
        now: Timestamp,
        lag: i64,
    ) -> Outcome {
        let (verdict, outcome) = match order.request.action {
            OrderAction::Place => self.place(order, now, lag),
            OrderAction::Replace => self.replace(order, now, lag),
            OrderAction::Cancel => self.cancel(order, now),
        };
        self.ledger.arrivals.push(Arrival { order: order.clone(), departed, step, verdict });
        outcome
    }

    /// What became of a request, by its client id.
    pub(crate) fn look_up(&self, order: &ApprovedOrder, now: Timestamp) -> Outcome {
        if order.request.action == OrderAction::Cancel {
            let Some(index) = self.current(&order.order_id, now) else { return unknown_order() };
            return match self.ledger.orders[index].standing {
                Standing::Canceled | Standing::Canceling => self.accepted(index),
                Standing::Working => Outcome::Absent,
                _ => over(),
            };
        }
        match self.find(&client_id(order), now) {
            Some(index) => self.accepted(index),
            None => Outcome::Absent,
        }
    }

    fn place(&mut self, order: &ApprovedOrder, now: Timestamp, lag: i64) -> (Verdict, Outcome) {
        let client_id = client_id(order);
        if let Some(repeated) = self.repeated(&client_id, now) {
            return repeated;
        }
        if is_refused(&client_id) {
            return (Verdict::Refused, Outcome::Rejected { reason: "not this one".to_owned() });
        }
        let request = &order.request;
        let held = Held {
            id: "".into(),
            client_id,
            order_id: order.order_id.clone(),
            request_id: request.request_id.clone(),
            instrument: request.instrument.clone().unwrap_or_default(),
            side: request.side.unwrap_or(Side::Buy),
            order_type: request.order_type,
            time_in_force: request.time_in_force,
            limit_price: request.limit_price,
            quantity: request.quantity.unwrap_or_default(),
            filled: Decimal::ZERO,
            value: Decimal::ZERO,
            standing: Standing::Working,
            replaces: None,
            replaced_by: None,
            taken: now,
            found_from: now.plus_nanos(lag),
        };
        (Verdict::Taken, self.hold(held, now))
    }

    fn replace(&mut self, order: &ApprovedOrder, now: Timestamp, lag: i64) -> (Verdict, Outcome) {
        let client_id = client_id(order);
        if let Some(repeated) = self.repeated(&client_id, now) {
            return repeated;
        }
        let Some(index) = self.current(&order.order_id, now) else {
            return (Verdict::Refused, unknown_order());
        };
        let old = &self.ledger.orders[index];
        let quantity = order.request.quantity.unwrap_or(old.quantity);
        if old.standing != Standing::Working || is_refused(&client_id) {
            return (Verdict::Refused, over());
        }
        let held = Held {
            id: "".into(),
            client_id,
            request_id: order.request.request_id.clone(),
            limit_price: order.request.limit_price.or(old.limit_price),
            quantity,
            filled: Decimal::ZERO,
            value: Decimal::ZERO,
            replaces: Some(index),
            taken: now,
            found_from: now.plus_nanos(lag),
            ..old.clone()
        };
        let next = self.ledger.orders.len();
        self.ledger.orders[index].standing = Standing::Replaced;
        self.ledger.orders[index].replaced_by = Some(next);
        self.report(index, OrderEventKind::Replaced, None, now);
        (Verdict::Taken, self.hold(held, now))
    }

    fn cancel(&mut self, order: &ApprovedOrder, now: Timestamp) -> (Verdict, Outcome) {
        let Some(index) = self.current(&order.order_id, now) else {
            return (Verdict::Refused, unknown_order());
        };
        match self.ledger.orders[index].standing {
            Standing::Working => {
                self.ledger.orders[index].standing = Standing::Canceling;
                self.report(index, OrderEventKind::PendingCancel, None, now);
                (Verdict::Taken, self.accepted(index))
            }
            Standing::Canceling | Standing::Canceled => (Verdict::Repeated, self.accepted(index)),
            _ => (Verdict::Refused, over()),
        }
    }

    fn repeated(&self, client_id: &str, now: Timestamp) -> Option<(Verdict, Outcome)> {
        let is_known = self.ledger.orders.iter().any(|held| held.client_id == client_id);
        if !self.refuses_repeats || !is_known {
            return None;
        }
        // Which order that is, only a look-up can say.
        let outcome = match self.find(client_id, now) {
            Some(index) => self.accepted(index),
            None => Outcome::Unknown { reason: "it has been here before".to_owned() },
        };
        Some((Verdict::Repeated, outcome))
    }

    fn hold(&mut self, held: Held, now: Timestamp) -> Outcome {
        let index = self.ledger.orders.len();
        let id = Text::from(format!("{}-{index}", self.broker_account));
        self.ledger.orders.push(Held { id, ..held });
        self.report(index, OrderEventKind::New, None, now);
        self.accepted(index)
    }

    fn accepted(&self, index: usize) -> Outcome {
        Outcome::Accepted { broker_order_id: Some(self.ledger.orders[index].id.clone()) }
    }

    fn find(&self, client_id: &str, now: Timestamp) -> Option<usize> {
        let is_found = |held: &Held| held.client_id == client_id && held.found_from <= now;
        self.ledger.orders.iter().position(is_found)
    }

    /// The order that stands now for what was placed under an order id.
    fn current(&self, order_id: &str, now: Timestamp) -> Option<usize> {
        let mut index = self.find(order_id, now)?;
        while let Some(next) = self.ledger.orders[index].replaced_by {
            index = next;
        }
        Some(index)
    }

    /// Something happens to an order or an execution. Tells what, if anything does.
    pub(crate) fn act(&mut self, dice: &mut Dice, now: Timestamp) -> Option<String> {
        if dice.chance(12) {
            return self.amend(dice, now);
        }
        let is_live =
            |held: &Held| matches!(held.standing, Standing::Working | Standing::Canceling);
        let orders = self.ledger.orders.iter().enumerate();
        let live: Vec<usize> = orders.filter(|(_, o)| is_live(o)).map(|(index, _)| index).collect();
        if live.is_empty() {
            return None;
        }
        let index = *dice.pick(&live);
        let order = &self.ledger.orders[index];
        // By then it is out that the order was working: a report of that which came after the
        // rejection would have to be taken for an order that lives on.
        let is_known = now.since(order.taken) > REFUSED_AFTER;
        let is_untouched = self.ledger.executions.iter().all(|execution| execution.order != index);
        let is_fresh = is_known && is_untouched && order.replaces.is_none();
        let (id, standing) = (order.id.clone(), order.standing);
        let kind = match dice.below(20) {
            0 => self.end(index, Standing::Expired, OrderEventKind::Expired, now),
            1 if is_fresh => self.end(index, Standing::Rejected, OrderEventKind::Rejected, now),
            2..=9 if standing == Standing::Canceling => self.finish_cancel(index, now),
            _ => self.fill(index, dice, now),
        };
        let Held { order_id, filled, .. } = &self.ledger.orders[index];
        Some(format!("{id} for {order_id} is {kind}, {filled} filled"))
    }

    /// Cancels whatever is being canceled.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        for index in 0..self.ledger.orders.len() {
            if self.ledger.orders[index].standing == Standing::Canceling {
                self.finish_cancel(index, now);
            }
        }
    }

    fn finish_cancel(&mut self, index: usize, now: Timestamp) -> OrderEventKind {
        self.end(index, Standing::Canceled, OrderEventKind::Canceled, now)
    }

    fn end(
        &mut self,
        index: usize,
        standing: Standing,
        kind: OrderEventKind,
        now: Timestamp,
    ) -> OrderEventKind {
        self.ledger.orders[index].standing = standing;
        self.report(index, kind, None, now);
        kind
    }

    fn fill(&mut self, index: usize, dice: &mut Dice, now: Timestamp) -> OrderEventKind {
        let order = &mut self.ledger.orders[index];
        let rest = i64::try_from(order.quantity - order.filled).unwrap_or(1);
        let quantity = if dice.chance(40) { rest } else { dice.between(1, rest) };
        let quantity = Decimal::from(quantity);
        let price = order.limit_price.unwrap_or(Decimal::new(dice.between(990, 1_010), 2));
        order.filled += quantity;
        order.value += quantity * price;
        let is_filled = order.filled == order.quantity;
        if is_filled {
            order.standing = Standing::Filled;
        }
        let kind = if is_filled { OrderEventKind::Filled } else { OrderEventKind::PartiallyFilled };
        self.execute(index, (quantity, price), FillKind::New, None, now);
        self.report(index, kind, Some((quantity, price)), now);
        kind
    }

    /// Corrects or withdraws an execution.
    fn amend(&mut self, dice: &mut Dice, now: Timestamp) -> Option<String> {
        let is_old = |e: &Execution| e.counts && now.since(e.at) > AMENDED_AFTER;
        let executions = self.ledger.executions.iter().enumerate();
        let old: Vec<usize> = executions.filter(|(_, e)| is_old(e)).map(|(at, _)| at).collect();
        if old.is_empty() {
            return None;
        }
        let at = *dice.pick(&old);
        let (kind, words) = match dice.chance(50) {
            true => (FillKind::Bust, "withdrawn"),
            false => (FillKind::Correction, "corrected"),
        };
        let execution = &mut self.ledger.executions[at];
        execution.counts = false;
        let Execution { id, order, quantity, price, .. } = execution.clone();
        let held = &mut self.ledger.orders[order];
        held.value -= quantity * price;
        let price = match kind {
            FillKind::Bust => {
                held.filled -= quantity;
                price
            }
            FillKind::New | FillKind::Correction => {
                held.value += quantity * (price + Decimal::new(1, 2));
                price + Decimal::new(1, 2)
            }
        };
        self.execute(order, (quantity, price), kind, Some(id.clone()), now);
        self.report(order, OrderEventKind::Restated, None, now);
        let Held { order_id, filled, .. } = &self.ledger.orders[order];
        Some(format!("execution {id} for {order_id} is {words}, {filled} filled"))
    }

    fn execute(
        &mut self,
        order: usize,
        (quantity, price): (Decimal, Decimal),
        kind: FillKind,
        corrects: Option<Text>,
        now: Timestamp,
    ) {
        let held = &self.ledger.orders[order];
        let id = Text::from(format!("{}-x{}", self.broker_account, self.ledger.executions.len()));
        let fill = Fill {
            head: self.head(now),
            execution_id: id.clone(),
            vendor_execution_id: None,
            order_id: held.order_id.clone(),
            account: self.account.into(),
            system: self.system.into(),
            broker_account: self.broker_account.into(),
            broker_order_id: held.id.clone(),
            instrument: held.instrument.clone(),
            symbol: held.instrument.symbol().into(),
            side: held.side,
            price,
            quantity,
            currency: "USD".into(),
            commission: None,
            cumulative_quantity: Some(held.filled),
            kind,
            corrects,
        };
        let execution = Execution {
            id,
            order,
            instrument: held.instrument.clone(),
            side: held.side,
            quantity,
            price,
            kind,
            counts: kind != FillKind::Bust,
            at: now,
        };
        self.reports.push(fill.into());
        self.ledger.executions.push(execution);
    }

    fn report(
        &mut self,
        index: usize,
        kind: OrderEventKind,
        last: Option<(Decimal, Decimal)>,
        now: Timestamp,
    ) {
        let id_of = |index: Option<usize>| index.and_then(|index| self.id(index));
        let order = &self.ledger.orders[index];
        let average = order.value.checked_div(order.filled).map(model::round);
        let event = OrderEvent {
            head: self.head(now),
            order_id: order.order_id.clone(),
            account: self.account.into(),
            system: self.system.into(),
            broker_account: self.broker_account.into(),
            kind,
            request_id: None,
            action: None,
            broker_order_id: Some(order.id.clone()),
            client_order_id: Some(order.client_id.clone()),
            instrument: Some(order.instrument.clone()),
            side: Some(order.side),
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            quantity: Some(order.quantity),
            notional: None,
            limit_price: order.limit_price,
            stop_price: None,
            filled_quantity: Some(order.filled),
            average_price: average,
            last_quantity: last.map(|(quantity, _)| quantity),
            last_price: last.map(|(_, price)| price),
            replaced_by: id_of(order.replaced_by),
            replaces: id_of(order.replaces),
            reason: None,
        };
        self.reports.push(event.into());
    }

    /// The id of an order, also of the one that is just about to be held.
    fn id(&self, index: usize) -> Option<Text> {
        Some(format!("{}-{index}", self.broker_account).into())
    }

    fn head(&self, now: Timestamp) -> Head {
        let number = self.reports.len().to_string();
        let id = EventId::of(&[self.system, "report", &number]);
        Head { source: self.system.into(), ..Head::new(id, now) }
    }
}

/// The id that we give the broker for a request.
pub(crate) fn client_id(order: &ApprovedOrder) -> Text {
    match order.request.action {
        OrderAction::Replace => format!("{}~{}", order.order_id, order.request.request_id).into(),
        OrderAction::Place | OrderAction::Cancel => order.order_id.clone(),
    }
}

fn is_refused(client_id: &str) -> bool {
    EventId::of(&["refused", client_id]).0[0] % 100 < REFUSED_PERCENT
}

fn unknown_order() -> Outcome {
    Outcome::Rejected { reason: "there is no such order".to_owned() }
}

fn over() -> Outcome {
    Outcome::Rejected { reason: "it is too late for that".to_owned() }
}
