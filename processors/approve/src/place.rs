//! What is decided about a request to place, replace or cancel.

use model::{OrderRequest, Text};

use crate::complete;
use crate::inquiry::{Denial, Inquiry, fingerprint};
use crate::known::Known;
use crate::market::Reference;
use crate::settings::{Resolved, Route};
use crate::state::{OpenOrder, State};
use crate::terms;

/// A request that may go out, and where.
#[derive(Debug)]
pub(crate) struct Approval {
    pub(crate) system: Text,
    pub(crate) broker_account: Text,
    pub(crate) reference: Option<Reference>,
    pub(crate) checks: Vec<&'static str>,
}

fn deny(check: &'static str, reason: impl Into<String>) -> Denial {
    Denial { check, reason: reason.into() }
}

fn inquiry<'a>(
    terms: &'a OrderRequest,
    limits: &'a Resolved,
    known: &'a Known,
    state: &'a State,
) -> Inquiry<'a> {
    Inquiry { terms, limits, known, state, passed: vec![], reference: None, unit_price: None }
}

/// Decides about a new order and remembers it when it is approved.
pub(crate) fn place(
    request: &OrderRequest,
    route: Option<&Route>,
    limits: &Resolved,
    known: &Known,
    state: &mut State,
) -> Result<Approval, Denial> {
    let mut inquiry = inquiry(request, limits, known, state);
    inquiry.run("order_id", is_free(request, state))?;
    inquiry.run("complete", complete::check(request))?;
    let route = route
        .ok_or_else(|| deny("routing", format!("account {:?} has no route", request.account)))?;
    inquiry.run("routing", Ok(()))?;
    inquiry.run("expiry", not_expired(request, state))?;
    inquiry.run("kill_switch", not_halted(request, &route.system, known))?;
    inquiry.newness()?;
    inquiry.limits()?;

    let Inquiry { passed: checks, reference, unit_price, .. } = inquiry;
    let (system, broker_account) = (Text::from(&route.system), Text::from(&route.broker_account));
    let order = OpenOrder {
        terms: terms::of(request),
        system: system.clone(),
        broker_account: broker_account.clone(),
        unit_price,
    };
    state.open.insert(request.order_id.clone(), order);
    state.count(Some(fingerprint(request)));
    Ok(Approval { system, broker_account, reference, checks })
}

/// Decides about new terms for an order.
pub(crate) fn replace(
    request: &OrderRequest,
    limits: &Resolved,
    known: &Known,
    state: &mut State,
) -> Result<Approval, Denial> {
    let order = known_order(request, state)?.clone();
    let new_terms = complete::replaced(&order.terms, request);
    let mut inquiry = inquiry(&new_terms, limits, known, state);
    inquiry.run("known_order", Ok(()))?;
    let fits = complete::check_replacement(request, &order.terms);
    inquiry.run("complete", fits.and_then(|()| complete::check(&new_terms)))?;
    inquiry.run("expiry", not_expired(request, state))?;
    inquiry.run("kill_switch", not_halted(request, &order.system, known))?;
    inquiry.limits()?;

    let Inquiry { passed: checks, reference, unit_price, .. } = inquiry;
    let (system, broker_account) = (order.system.clone(), order.broker_account.clone());
    let order = OpenOrder { terms: new_terms, unit_price, ..order };
    state.open.insert(request.order_id.clone(), order);
    state.count(None);
    Ok(Approval { system, broker_account, reference, checks })
}

/// Decides about a cancellation. Neither limits nor a halt hold it back: it only takes risk away.
pub(crate) fn cancel(request: &OrderRequest, state: &State) -> Result<Approval, Denial> {
    let order = known_order(request, state)?;
    not_expired(request, state).map_err(|reason| deny("expiry", reason))?;
    Ok(Approval {
        system: order.system.clone(),
        broker_account: order.broker_account.clone(),
        reference: None,
        checks: vec!["known_order", "expiry"],
    })
}

fn known_order<'a>(request: &OrderRequest, state: &'a State) -> Result<&'a OpenOrder, Denial> {
    state.open.get(&request.order_id).ok_or_else(|| {
        let (id, account) = (&request.order_id, &request.account);
        let reason = if state.is_used(id) {
            format!("order {id:?} is not open any more")
        } else {
            format!("account {account:?} has no order {id:?}")
        };
        deny("known_order", reason)
    })
}

fn is_free(request: &OrderRequest, state: &State) -> Result<(), String> {
    let id = &request.order_id;
    if !complete::is_order_id(id) {
        return Err(format!("{id:?} is not 1 to 64 letters, digits, '-' or '_'"));
    }
    if state.is_used(id) {
        return Err(format!("{id:?} was used before"));
    }
    Ok(())
}

fn not_expired(request: &OrderRequest, state: &State) -> Result<(), String> {
    match request.expires_at {
        Some(time) if time <= state.latest_time() => {
            Err(format!("expired at {time}, received at {}", state.latest_time()))
        }
        _ => Ok(()),
    }
}

fn not_halted(request: &OrderRequest, system: &str, known: &Known) -> Result<(), String> {
    match known.halt(&request.account, system) {
        None => Ok(()),
        Some((scope, reason)) => Err(format!("{scope} is halted: {reason}")),
    }
}
