use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::Value;

use super::query::{body, id};
use crate::core::Shared;
use crate::engine::{Change, TimeInForce};
use crate::gate::Caller;
use crate::number::Given;
use crate::refusal::Result;
use crate::rest::get_order::shown;
use crate::rest::place_order::read_word;

#[derive(Deserialize)]
struct Body {
    qty: Option<Given>,
    time_in_force: Option<String>,
    limit_price: Option<Given>,
    stop_price: Option<Given>,
    trail: Option<Given>,
    client_order_id: Option<String>,
}

pub async fn answer(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(order): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>> {
    let change = read(body(&bytes)?)?;
    let order = id("order_id", &order)?;
    let mut state = core.state();
    let (book, scene) = state.at_work(&core.world, account);
    let old = book.order(order)?;
    let new = book.replace(old, change, &scene)?;
    let answer = shown(book, new, true, &core);
    book.activate_replacement(new, &scene);
    state.publish_orders(&core.world, account);
    Ok(Json(answer))
}

fn read(body: Body) -> Result<Change> {
    let value = |given: Option<Given>| given.map(|Given(value)| value);
    let time_in_force = body.time_in_force.as_deref();
    Ok(Change {
        quantity: value(body.qty),
        time_in_force: time_in_force
            .map(|word| read_word("time_in_force", Some(word), TimeInForce::parse))
            .transpose()?,
        limit_price: value(body.limit_price),
        stop_price: value(body.stop_price),
        trail: value(body.trail),
        client_order_id: body.client_order_id.filter(|id| !id.is_empty()),
    })
}
