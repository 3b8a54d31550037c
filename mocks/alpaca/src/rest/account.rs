use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::core::Shared;
use crate::gate::Caller;
use crate::wire;

pub async fn answer(State(core): State<Shared>, Caller(account): Caller) -> Json<Value> {
    let state = core.state();
    Json(wire::account(&state.books[account], &state.scene(&core.world)))
}
