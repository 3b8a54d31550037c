use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::query::id;
use crate::core::Shared;
use crate::gate::Caller;
use crate::refusal::Result;

pub async fn answer(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(order): Path<String>,
) -> Result<StatusCode> {
    let order = id("order_id", &order)?;
    let mut state = core.state();
    let (book, scene) = state.at_work(&core.world, account);
    let order = book.order(order)?;
    book.cancel(order, &scene)?;
    state.publish_orders(&core.world, account);
    Ok(StatusCode::NO_CONTENT)
}
