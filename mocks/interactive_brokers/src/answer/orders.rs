//! Placing, changing, canceling and listing orders, and what became of them.

use mockkit::time;

use super::{Ask, Result};
use crate::engine::{BY_HAND, Execution, OrderIndex, Side};
use crate::faults::{self, CANCEL_RACE, REJECT_ORDER};
use crate::refusal::Refusal;
use crate::times;
use crate::wire::*;

pub fn answer(ask: &mut Ask<'_>, request: Request) -> Result<Option<Request>> {
    match request {
        Request::PlaceOrderRequest(place) => return order(ask, &place).map(|()| None),
        Request::CancelOrderRequest(cancel) => {
            may_trade(ask)?;
            let (client_id, race) =
                (ask.me().client_id, ask.state.fault(ask.world, CANCEL_RACE).is_some());
            let (desk, scene) = ask.state.at_work(ask.world);
            desk.cancel(client_id, cancel.order_id.unwrap_or(0), race, &scene);
        }
        Request::GlobalCancelRequest(_) => {
            may_trade(ask)?;
            let (desk, scene) = ask.state.at_work(ask.world);
            desk.cancel_all(&scene);
        }
        Request::OpenOrdersRequest(_) => {
            let client_id = ask.me().client_id;
            if client_id == 0 {
                ask.state.desk.bind(0);
            }
            list(ask, |owner| owner == client_id);
        }
        Request::AllOpenOrdersRequest(_) => list(ask, |_| true),
        Request::AutoOpenOrdersRequest(bind) => {
            if ask.me().client_id != 0 {
                let text = "Only the default client (i.e 0) can auto bind orders";
                return Err(Refusal::new(327, text));
            }
            let binds = bind.auto_bind.unwrap_or(false);
            ask.me_mut().binds = binds;
            if binds {
                ask.state.desk.bind(0);
            }
        }
        Request::CompletedOrdersRequest(completed) => {
            let by_hand = !completed.api_only.unwrap_or(false);
            completed_orders(ask, by_hand);
        }
        Request::ExecutionRequest(executions) => list_executions(ask, &executions),
        Request::ExerciseOptionsRequest(exercise) => {
            ask.instrument(&exercise.contract)?;
            return Err(Refusal::new(322, "Error processing request:-'bJ' : cause - No position"));
        }
        request => return Ok(Some(request)),
    }
    Ok(None)
}

fn may_trade(ask: &Ask<'_>) -> Result {
    if ask.world.settings.read_only {
        return Err(Refusal::invalid("The API interface is currently in Read-Only mode."));
    }
    Ok(())
}

fn order(ask: &mut Ask<'_>, place: &PlaceOrderRequest) -> Result {
    may_trade(ask)?;
    let client_id = ask.me().client_id;
    let what_if = place.order.as_ref().and_then(|order| order.what_if).unwrap_or(false);
    let hit = if what_if { None } else { ask.state.fault(ask.world, REJECT_ORDER) };
    let reject = hit.map(|hit| faults::refusal(&hit, Refusal::rejected("Rejected on demand")));
    let (desk, scene) = ask.state.at_work(ask.world);
    desk.place(client_id, place, reject, &scene);
    Ok(())
}

fn list(ask: &Ask<'_>, wants: impl Fn(i32) -> bool) {
    let desk = &ask.state.desk;
    let open = desk.open_orders().into_iter();
    for index in open.filter(|index| wants(desk.orders[*index].client_id)) {
        if desk.orders[index].held_back {
            continue;
        }
        ask.tell(desk.open_order(index, false));
        ask.tell(desk.order_status(index));
    }
    ask.tell(Answer::OpenOrdersEnd(OpenOrdersEnd {}));
}

/// Those that were done today.
fn completed_orders(ask: &Ask<'_>, by_hand: bool) {
    let desk = &ask.state.desk;
    let midnight = midnight(ask);
    let is_wanted = |index: &OrderIndex| {
        let order = &desk.orders[*index];
        order.done.is_some_and(|done| done >= midnight) && (by_hand || order.client_id != BY_HAND)
    };
    for index in (0..desk.orders.len()).filter(is_wanted) {
        ask.tell(desk.completed_order(index));
    }
    ask.tell(Answer::CompletedOrdersEnd(CompletedOrdersEnd {}));
}

/// Executions since midnight, each with its commission.
fn list_executions(ask: &Ask<'_>, request: &ExecutionRequest) {
    let desk = &ask.state.desk;
    let filter = request.execution_filter.clone().unwrap_or_default();
    let midnight = midnight(ask);
    let id = request.req_id.unwrap_or(0);
    for (number, execution) in desk.executions.iter().enumerate() {
        if execution.time >= midnight && fits(ask, execution, &filter) {
            ask.tell(desk.execution_details(number, Some(id), &ask.world.instruments));
            ask.tell(desk.commission_report(number));
        }
    }
    ask.tell(Answer::ExecutionDetailsEnd(ExecutionDetailsEnd { req_id: request.req_id }));
}

fn midnight(ask: &Ask<'_>) -> i64 {
    time::new_york_midnight(time::new_york_date(ask.state.now()))
}

fn fits(ask: &Ask<'_>, execution: &Execution, filter: &ExecutionFilter) -> bool {
    let desk = &ask.state.desk;
    let instrument = &ask.world.instruments[execution.instrument];
    let agrees = |given: &Option<String>, known: &str| {
        given.as_deref().is_none_or(|given| given.is_empty() || given == known)
    };
    let client = desk.orders[execution.order].client_id;
    let since = filter.time.as_deref().and_then(times::parse);
    let side = match filter.side.as_deref() {
        Some("BUY" | "BOT" | "BOUGHT") => Some(Side::Buy),
        Some("SELL" | "SLD" | "SOLD" | "SSHORT") => Some(Side::Sell),
        _ => None,
    };
    filter.client_id.is_none_or(|id| id == 0 || id == client)
        && agrees(&filter.acct_code, &desk.accounts[execution.account].id)
        && since.is_none_or(|since| execution.time >= since)
        && agrees(&filter.symbol, &instrument.symbol)
        && agrees(&filter.sec_type, instrument.sec_type)
        && agrees(&filter.exchange, execution.exchange)
        && side.is_none_or(|side| side == execution.side)
}
