use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::Value;

use super::Params;
use super::query::{flag, id};
use crate::core::Shared;
use crate::engine::{Book, Order, OrderIndex};
use crate::gate::Caller;
use crate::refusal::{Refusal, Result};
use crate::wire::{self, Place};

#[derive(Deserialize)]
pub struct Query {
    nested: Option<String>,
}

#[derive(Deserialize)]
pub struct ClientId {
    client_order_id: Option<String>,
    nested: Option<String>,
}

pub async fn by_id(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(order): Path<String>,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    let nested = flag("nested", query.nested.as_deref())?;
    let order = id("order_id", &order)?;
    let state = core.state();
    let book = &state.books[account];
    Ok(Json(shown(book, book.order(order)?, nested, &core)))
}

pub async fn by_client_order_id(
    State(core): State<Shared>,
    Caller(account): Caller,
    Params(query): Params<ClientId>,
) -> Result<Json<Value>> {
    let nested = flag("nested", query.nested.as_deref())?;
    let order = query.client_order_id.filter(|id| !id.is_empty());
    let order = order.ok_or_else(|| Refusal::invalid("client_order_id is required"))?;
    let state = core.state();
    let book = &state.books[account];
    Ok(Json(shown(book, book.order_by_client_id(&order)?, nested, &core)))
}

/// An order as REST shows it, with its legs if they are asked for.
pub fn shown(book: &Book, order: OrderIndex, nested: bool, core: &Shared) -> Value {
    let order = &book.orders[order];
    let legs: Vec<Order> = match nested {
        true => order.legs.iter().map(|leg| book.orders[*leg].clone()).collect(),
        false => Vec::new(),
    };
    wire::order(order, &legs, &core.world.assets, Place::Rest)
}
