use axum::Json;
use axum::extract::{Path, State};
use serde_json::Value;

use crate::assets::find;
use crate::core::Shared;
use crate::gate::Caller;
use crate::refusal::{Refusal, Result};
use crate::wire;

pub async fn list(State(core): State<Shared>, Caller(account): Caller) -> Json<Value> {
    let state = core.state();
    let (book, scene) = (&state.books[account], state.scene(&core.world));
    let positions = book.positions.iter();
    Json(positions.map(|(asset, held)| wire::position(book, *asset, held, &scene)).collect())
}

pub async fn one(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(asset): Path<String>,
) -> Result<Json<Value>> {
    let state = core.state();
    let (book, scene) = (&state.books[account], state.scene(&core.world));
    let asset = find(&core.world.assets, &asset).ok_or_else(Refusal::no_position)?;
    let held = book.positions.get(&asset).ok_or_else(Refusal::no_position)?;
    Ok(Json(wire::position(book, asset, held, &scene)))
}
