//! One order: what is known of it, and how one event changes that.

use std::collections::VecDeque;

use component::Bad;
use model::{
    Decimal, EventId, Head, InstrumentId, OrderAction, OrderEvent, OrderEventKind, OrderState,
    OrderStatus, OrderType, Side, Text, TimeInForce, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::execution::Executions;
use crate::transition::{Move, is_terminal, next};

/// The broker order of events that name none.
const UNNAMED: &str = "";

/// Characters of a reason that are kept.
const MAX_REASON: usize = 500;

/// What is known of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(crate) order: Option<Order>,
    /// The latest events, so that a repetition is noticed.
    pub(crate) seen: VecDeque<EventId>,
}

/// The order itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) answer: Answer,
    account: Text,
    system: Text,
    broker_account: Text,
    created_time: Timestamp,
    event_count: i64,
    /// The request that placed it. Another one under the same order id is not about this order.
    request_id: Option<Text>,
    /// What it was before a request on it became pending.
    before: OrderStatus,
    /// The broker order whose reports decide the status.
    current: Option<Text>,
    /// The id that the broker gave a replacement, before we heard of it working.
    successor: Option<Text>,
    executions: Executions,
}

/// What is published. An event that changes none of it publishes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: OrderStatus,
    broker_order_id: Option<Text>,
    instrument: Option<InstrumentId>,
    side: Option<Side>,
    order_type: Option<OrderType>,
    time_in_force: Option<TimeInForce>,
    quantity: Option<Decimal>,
    notional: Option<Decimal>,
    limit_price: Option<Decimal>,
    stop_price: Option<Decimal>,
    filled_quantity: Decimal,
    average_price: Option<Decimal>,
    reason: Option<Text>,
}

/// Whose report an event is.
enum Reporter {
    /// The broker order that counts, or we ourselves.
    Current(Option<Text>),
    /// The broker order that takes the place of the current one.
    Successor(Text),
    /// One that was replaced: its fills count, its status does not.
    Retired(Text),
    /// One that has no business under this order id.
    Stranger(Text),
}

impl Order {
    /// The order as its first event shows it; `None` when there is no order, only a request
    /// about one that nobody placed.
    pub(crate) fn first(event: &OrderEvent) -> Option<Self> {
        if matches!(event.action, Some(OrderAction::Replace | OrderAction::Cancel)) {
            return None;
        }
        let answer = Answer {
            status: OrderStatus::New,
            broker_order_id: None,
            instrument: None,
            side: None,
            order_type: None,
            time_in_force: None,
            quantity: None,
            notional: None,
            limit_price: None,
            stop_price: None,
            filled_quantity: Decimal::ZERO,
            average_price: None,
            reason: None,
        };
        Some(Self {
            answer,
            account: event.account.clone(),
            system: event.system.clone(),
            broker_account: event.broker_account.clone(),
            created_time: event.head.event_time,
            event_count: 0,
            request_id: event.request_id.clone(),
            before: OrderStatus::New,
            current: None,
            successor: None,
            executions: Executions::default(),
        })
    }

    /// Takes one event; what contradicts it comes back in words.
    pub(crate) fn take(
        &mut self,
        event: &OrderEvent,
        is_first: bool,
    ) -> Result<Option<String>, Bad> {
        self.event_count += 1;
        if self.is_elsewhere(event) {
            return Ok(Some(format!(
                "account {:?} uses the order id of account {:?}",
                event.account, self.account
            )));
        }
        match event.action {
            Some(OrderAction::Replace | OrderAction::Cancel) => self.answer_to_request(event),
            Some(OrderAction::Place) if self.is_another_placing(event) => {
                let is_refused = event.kind == OrderEventKind::Denied;
                Ok((!is_refused).then(|| format!("{}: the order id was used again", event.kind)))
            }
            Some(OrderAction::Place) | None => self.report(event, event.kind, is_first),
        }
    }

    /// The order as an event.
    pub(crate) fn publish(&self, head: Head, event: &OrderEvent) -> OrderState {
        let answer = self.answer.clone();
        OrderState {
            head,
            order_id: event.order_id.clone(),
            account: self.account.clone(),
            system: self.system.clone(),
            broker_account: self.broker_account.clone(),
            status: answer.status,
            is_terminal: is_terminal(answer.status),
            broker_order_id: answer.broker_order_id,
            instrument: answer.instrument,
            side: answer.side,
            order_type: answer.order_type,
            time_in_force: answer.time_in_force,
            quantity: answer.quantity,
            notional: answer.notional,
            limit_price: answer.limit_price,
            stop_price: answer.stop_price,
            filled_quantity: answer.filled_quantity,
            average_price: answer.average_price,
            created_time: self.created_time,
            reason: answer.reason,
            event_count: self.event_count,
            last_event_id: Text::from(event.head.event_id.to_string()),
        }
    }

    /// Order ids are unique; the same one from two accounts is a mistake of whoever chose it.
    fn is_elsewhere(&self, event: &OrderEvent) -> bool {
        !event.account.is_empty() && event.account != self.account
    }

    fn is_another_placing(&self, event: &OrderEvent) -> bool {
        match (&self.request_id, &event.request_id) {
            (Some(ours), Some(theirs)) => ours != theirs,
            _ => false,
        }
    }

    /// What became of a request to replace or cancel. Until the broker says so, the order itself
    /// is as it was.
    fn answer_to_request(&mut self, event: &OrderEvent) -> Result<Option<String>, Bad> {
        let is_replace = event.action == Some(OrderAction::Replace);
        match event.kind {
            OrderEventKind::Submitted if is_replace => {
                let id = event.broker_order_id.as_ref();
                self.successor = id.filter(|id| self.executions.find(id).is_none()).cloned();
                Ok(None)
            }
            OrderEventKind::Rejected if is_replace => {
                self.report(event, OrderEventKind::ReplaceRejected, false)
            }
            OrderEventKind::Rejected => self.report(event, OrderEventKind::CancelRejected, false),
            OrderEventKind::Approved
            | OrderEventKind::Denied
            | OrderEventKind::Submitted
            | OrderEventKind::NotSent
            | OrderEventKind::OutcomeUnknown => Ok(None),
            kind => self.report(event, kind, false),
        }
    }

    fn report(
        &mut self,
        event: &OrderEvent,
        kind: OrderEventKind,
        is_first: bool,
    ) -> Result<Option<String>, Bad> {
        let id = match self.reporter(event) {
            Reporter::Current(id) => id,
            Reporter::Successor(id) if is_terminal(self.answer.status) => {
                self.count_apart(&id, event)?;
                let status = self.answer.status;
                return Ok(Some(format!("broker order {id:?} replaces one that is {status}")));
            }
            Reporter::Successor(id) => {
                self.succeed(&id)?;
                Some(id)
            }
            Reporter::Retired(id) => {
                self.count_apart(&id, event)?;
                return Ok(None);
            }
            Reporter::Stranger(id) => {
                self.count_apart(&id, event)?;
                let current = self.current.as_deref().unwrap_or_default();
                return Ok(Some(format!(
                    "broker order {id:?} reports {kind} beside broker order {current:?}"
                )));
            }
        };
        if let Some(id) = &id {
            self.executions.open(id)?;
            self.current = Some(id.clone());
            self.answer.broker_order_id = Some(id.clone());
        }
        let id = id.or_else(|| self.current.clone()).unwrap_or(Text::const_new(UNNAMED));
        self.executions.note(&id, event)?;
        let complaint = self.step(event, kind, is_first);
        if complaint.is_none() {
            self.take_terms(event);
        }
        if kind == OrderEventKind::Replaced && complaint.is_none() {
            self.hand_over(event)?;
        }
        self.settle_figures()?;
        Ok(complaint.or_else(|| overfilled(event)))
    }

    fn reporter(&self, event: &OrderEvent) -> Reporter {
        let Some(id) = event.broker_order_id.clone() else { return Reporter::Current(None) };
        match self.executions.find(&id) {
            Some(known) if known.is_retired => return Reporter::Retired(id),
            Some(_) => return Reporter::Current(Some(id)),
            None => {}
        }
        let Some(current) = &self.current else { return Reporter::Current(Some(id)) };
        let is_linked = event.replaces.as_ref() == Some(current)
            || self.successor.as_ref() == Some(&id)
            || self.answer.status == OrderStatus::PendingReplace;
        if is_linked { Reporter::Successor(id) } else { Reporter::Stranger(id) }
    }

    /// Counts the fills of a broker order whose status does not matter.
    fn count_apart(&mut self, id: &Text, event: &OrderEvent) -> Result<(), Bad> {
        self.executions.note(id, event)?;
        self.executions.retire(id);
        self.settle_figures()
    }

    /// The broker works the replacement: the old broker order has no more say.
    fn succeed(&mut self, id: &Text) -> Result<(), Bad> {
        if let Some(old) = self.current.take() {
            self.executions.retire(&old);
        }
        self.executions.open(id)?;
        self.successor = None;
        if self.answer.status == OrderStatus::PendingReplace {
            self.answer.status = self.before;
        }
        Ok(())
    }

    /// The current broker order says that another takes its place.
    fn hand_over(&mut self, event: &OrderEvent) -> Result<(), Bad> {
        let Some(old) = self.current.take() else { return Ok(()) };
        self.executions.retire(&old);
        self.current = event.replaced_by.clone().or_else(|| self.successor.take());
        self.successor = None;
        if let Some(id) = self.current.clone() {
            self.executions.open(&id)?;
            self.answer.broker_order_id = Some(id);
        }
        Ok(())
    }

    fn step(&mut self, event: &OrderEvent, kind: OrderEventKind, is_first: bool) -> Option<String> {
        let from = (!is_first).then_some(self.answer.status);
        let to = match next(from, kind) {
            Move::To(status) => status,
            Move::Back => self.before,
            Move::Stay => return None,
            Move::EndOfDay => {
                let tif = event.time_in_force.or(self.answer.time_in_force);
                if tif != Some(TimeInForce::Day) {
                    return None;
                }
                OrderStatus::Expired
            }
            Move::Illegal => {
                return Some(format!("{kind} cannot follow {}", self.answer.status));
            }
        };
        let is_pause = |status| {
            matches!(
                status,
                OrderStatus::PendingCancel | OrderStatus::PendingReplace | OrderStatus::Suspended
            )
        };
        if is_pause(to) && !is_first && !is_pause(self.answer.status) {
            self.before = self.answer.status;
        }
        self.answer.status = to;
        self.answer.reason = event.reason.as_deref().map(clip);
        None
    }

    fn take_terms(&mut self, event: &OrderEvent) {
        let answer = &mut self.answer;
        keep_latest(&mut answer.instrument, &event.instrument);
        keep_latest(&mut answer.side, &event.side);
        keep_latest(&mut answer.order_type, &event.order_type);
        keep_latest(&mut answer.time_in_force, &event.time_in_force);
        keep_latest(&mut answer.quantity, &event.quantity);
        keep_latest(&mut answer.notional, &event.notional);
        keep_latest(&mut answer.limit_price, &event.limit_price);
        keep_latest(&mut answer.stop_price, &event.stop_price);
    }

    fn settle_figures(&mut self) -> Result<(), Bad> {
        self.answer.filled_quantity = self.executions.quantity()?;
        self.answer.average_price = self.executions.average_price()?;
        if self.answer.filled_quantity.is_zero() {
            return Ok(());
        }
        // Whatever the last report says: what works and has fills is partly filled.
        for status in [&mut self.answer.status, &mut self.before] {
            if matches!(
                status,
                OrderStatus::PendingNew
                    | OrderStatus::Accepted
                    | OrderStatus::Held
                    | OrderStatus::New
            ) {
                *status = OrderStatus::PartiallyFilled;
            }
        }
        Ok(())
    }
}

/// Enough of a reason to act on; a broker may answer with a whole page.
fn clip(reason: &str) -> Text {
    reason.chars().take(MAX_REASON).collect()
}

fn keep_latest<T: Clone>(kept: &mut Option<T>, latest: &Option<T>) {
    if latest.is_some() {
        kept.clone_from(latest);
    }
}

/// More filled than ordered, by the broker's own report.
fn overfilled(event: &OrderEvent) -> Option<String> {
    let (filled, ordered) = (event.filled_quantity?, event.quantity?);
    (filled > ordered).then(|| format!("{filled} filled of {ordered} ordered"))
}
