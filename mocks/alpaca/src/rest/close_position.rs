use axum::Json;
use axum::extract::{Path, State};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::Params;
use super::query::decimal;
use crate::assets::find;
use crate::core::Shared;
use crate::engine::Portion;
use crate::gate::Caller;
use crate::refusal::{Refusal, Result};
use crate::rest::get_order::shown;

#[derive(Deserialize)]
pub struct Query {
    qty: Option<String>,
    percentage: Option<String>,
}

pub async fn answer(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(asset): Path<String>,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    let portion = portion(&query)?;
    let asset = find(&core.world.assets, &asset).ok_or_else(Refusal::no_position)?;
    let mut state = core.state();
    let (book, scene) = state.at_work(&core.world, account);
    let request = book.closing_order(asset, portion)?;
    let order = book.place(request, &scene)?;
    let answer = shown(book, order, false, &core);
    book.activate(order, &scene);
    state.publish_orders(&core.world, account);
    Ok(Json(answer))
}

fn portion(query: &Query) -> Result<Portion> {
    let quantity = decimal("qty", query.qty.as_deref())?;
    let percentage = decimal("percentage", query.percentage.as_deref())?;
    match (quantity, percentage) {
        (None, None) => Ok(Portion::Whole),
        (Some(quantity), None) => Ok(Portion::Quantity(quantity)),
        (None, Some(percentage))
            if percentage > Decimal::ZERO && percentage <= Decimal::ONE_HUNDRED =>
        {
            Ok(Portion::Percentage(percentage))
        }
        (None, Some(_)) => Err(Refusal::invalid("percentage must be > 0 and <= 100")),
        (Some(_), Some(_)) => Err(Refusal::invalid("only one of qty or percentage is accepted")),
    }
}
