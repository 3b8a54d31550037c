use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Params;
use super::cancel_orders::cancel_all;
use super::query::flag;
use crate::core::Shared;
use crate::engine::Portion;
use crate::gate::Caller;
use crate::refusal::Result;
use crate::rest::get_order::shown;

#[derive(Deserialize)]
pub struct Query {
    cancel_orders: Option<String>,
}

pub async fn answer(
    State(core): State<Shared>,
    Caller(account): Caller,
    Params(query): Params<Query>,
) -> Result<(StatusCode, Json<Value>)> {
    let cancel = flag("cancel_orders", query.cancel_orders.as_deref())?;
    let mut state = core.state();
    let (book, scene) = state.at_work(&core.world, account);
    if cancel {
        cancel_all(book, &scene);
    }
    let mut outcomes = Vec::new();
    for asset in book.positions.keys().copied().collect::<Vec<_>>() {
        let placed = book
            .closing_order(asset, Portion::Whole)
            .and_then(|request| book.place(request, &scene));
        let symbol = core.world.assets[asset].symbol.replace('/', "");
        outcomes.push(match placed {
            Ok(order) => {
                let body = shown(book, order, false, &core);
                book.activate(order, &scene);
                json!({ "symbol": symbol, "status": 200, "body": body })
            }
            Err(refusal) => {
                json!({ "symbol": symbol, "status": refusal.status, "body": refusal.body })
            }
        });
    }
    state.publish_orders(&core.world, account);
    Ok((StatusCode::MULTI_STATUS, Json(Value::from(outcomes))))
}
