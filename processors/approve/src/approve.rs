//! The processor.

use std::collections::BTreeMap;

use component::{Bad, Out, Processor, Result};
use model::{
    ApprovedOrder, Check, Event, Finding, OrderAction, OrderEvent, OrderEventKind, OrderRequest,
    Severity, Text,
};

use crate::inquiry::Denial;
use crate::known::Known;
use crate::place::{self, Approval};
use crate::settings::{Resolved, Settings};
use crate::state::State;

/// Longest id that a denial is published under. A longer one is no id that anybody waits for.
const MAX_ID: usize = 256;

/// Checks order requests and routes those that pass.
#[derive(Clone, Debug)]
pub struct Approve {
    settings: Settings,
    limits: BTreeMap<String, Resolved>,
    other_limits: Resolved,
}

impl Processor for Approve {
    const NAME: &'static str = "approve";
    const INPUTS: &'static [&'static str] = &["orders.requests"];
    const GLOBALS: &'static [&'static str] =
        &["market.quotes", "market.trades", "ops.commands", "orders.state", "portfolio.positions"];
    type Settings = Settings;
    type State = State;
    type Global = Known;

    fn new(settings: Settings) -> Result<Self> {
        let mut limits = BTreeMap::new();
        for account in settings.accounts.keys().chain(settings.account_limits.keys()) {
            limits.insert(account.clone(), settings.resolve(account)?);
        }
        let other_limits = settings.resolve("")?;
        Ok(Self { settings, limits, other_limits })
    }

    fn key(&self, event: &Event) -> Option<Text> {
        match event {
            Event::OrderRequest(request) => Some(request.account.clone()),
            _ => None,
        }
    }

    fn observe(&self, known: &mut Known, event: &Event) {
        known.note(event);
    }

    fn apply(
        &self,
        state: &mut State,
        known: &Known,
        event: &Event,
        out: &mut Out,
    ) -> Result<(), Bad> {
        match event {
            Event::OrderRequest(request) => self.decide(state, known, request, out),
            _ => Ok(()),
        }
    }
}

impl Approve {
    fn decide(
        &self,
        state: &mut State,
        known: &Known,
        request: &OrderRequest,
        out: &mut Out,
    ) -> Result<(), Bad> {
        let ids = [
            ("request_id", &request.request_id),
            ("order_id", &request.order_id),
            ("account", &request.account),
        ];
        for (field, id) in ids {
            if id.is_empty() || id.len() > MAX_ID {
                let reason = format!("has {} characters, needs 1 to {MAX_ID}", id.len());
                return Err(Bad::new(field, reason));
            }
        }
        // Whatever it asks now: an answer was given, and acting on it again would be a second act.
        if state.has_answered(&request.request_id) {
            return Ok(());
        }
        if !state.is_current(request.head.received_time) {
            let finding = replayed(out, request, state);
            out.emit(finding);
            return Ok(());
        }
        state.close_ended(known);
        let limits = self.limits.get(request.account.as_str()).unwrap_or(&self.other_limits);
        let route = self.settings.accounts.get(request.account.as_str());
        let decision = match request.action {
            OrderAction::Place => place::place(request, route, limits, known, state),
            OrderAction::Replace => place::replace(request, limits, known, state),
            OrderAction::Cancel => place::cancel(request, state),
        };
        match decision {
            Ok(approval) => {
                match request.action {
                    OrderAction::Place | OrderAction::Replace => {
                        state.remember_approved(&request.request_id);
                    }
                    OrderAction::Cancel => state.remember_other(&request.request_id),
                }
                publish(out, request, &approval);
            }
            Err(denial) => {
                state.remember_other(&request.request_id);
                let route = self.route(state, request);
                if request.action == OrderAction::Place && !state.is_used(&request.order_id) {
                    state.use_up(&request.order_id);
                }
                let mut event = answer(out, request, OrderEventKind::Denied, route);
                event.reason = Some(words(&denial));
                out.emit(event);
            }
        }
        Ok(())
    }

    /// Where a request that is denied would have gone, as far as that is known.
    fn route(&self, state: &State, request: &OrderRequest) -> (Text, Text) {
        if let Some(order) = state.open.get(&request.order_id) {
            return (order.system.clone(), order.broker_account.clone());
        }
        let route = self.settings.accounts.get(request.account.as_str());
        route.map(|to| (Text::from(&to.system), Text::from(&to.broker_account))).unwrap_or_default()
    }
}

fn words(denial: &Denial) -> Text {
    format!("{}: {}", denial.check, denial.reason).into()
}

fn publish(out: &mut Out, request: &OrderRequest, approval: &Approval) {
    let route = (approval.system.clone(), approval.broker_account.clone());
    let order = ApprovedOrder {
        head: out.head(),
        order_id: request.order_id.clone(),
        account: request.account.clone(),
        system: route.0.clone(),
        broker_account: route.1.clone(),
        request: request.clone(),
        reference_price: approval.reference.map(|reference| reference.price),
        reference_time: approval.reference.map(|reference| reference.event_time),
        checks: approval.checks.iter().map(|check| Text::const_new(check)).collect(),
    };
    out.emit(order);
    let event = answer(out, request, OrderEventKind::Approved, route);
    out.emit(event);
}

fn answer(
    out: &mut Out,
    request: &OrderRequest,
    kind: OrderEventKind,
    (system, broker_account): (Text, Text),
) -> OrderEvent {
    OrderEvent {
        head: out.head(),
        order_id: request.order_id.clone(),
        account: request.account.clone(),
        system,
        broker_account,
        kind,
        request_id: Some(request.request_id.clone()),
        action: Some(request.action),
        broker_order_id: None,
        client_order_id: None,
        instrument: request.instrument.clone(),
        side: request.side,
        order_type: request.order_type,
        time_in_force: request.time_in_force,
        quantity: request.quantity,
        notional: request.notional,
        limit_price: request.limit_price,
        stop_price: request.stop_price,
        filled_quantity: None,
        average_price: None,
        last_quantity: None,
        last_price: None,
        replaced_by: None,
        replaces: None,
        reason: None,
    }
}

/// A request from before the replay window. Whatever became of it then, nothing more does now.
fn replayed(out: &mut Out, request: &OrderRequest, state: &State) -> Finding {
    let (received, latest) = (request.head.received_time, state.latest_time());
    Finding {
        head: out.head(),
        instrument: request.order_id.clone().into(),
        check: Check::OutOfOrder,
        severity: Severity::Warning,
        subject_id: Some(request.head.event_id.to_string().into()),
        detail: format!(
            "request {:?} of account {:?} was received at {received}, long before the latest at \
             {latest}: it is read again, or a clock is wrong; nothing was done",
            request.request_id, request.account
        )
        .into(),
        value: None,
        threshold: None,
    }
}
