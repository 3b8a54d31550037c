//! Options are not replayed: the endpoints answer in shape, and have no data.

use axum::Json;
use axum::extract::Path;
use serde_json::{Value, json};

use crate::refusal::{Refusal, Result};

pub async fn history(Path(kind): Path<String>) -> Result<Json<Value>> {
    match kind.as_str() {
        "bars" | "trades" | "snapshots" => Ok(Json(json!({ kind: {}, "next_page_token": null }))),
        _ => Err(Refusal::plain(404, "endpoint not found")),
    }
}

pub async fn latest(Path(kind): Path<String>) -> Result<Json<Value>> {
    match kind.as_str() {
        "quotes" | "trades" => Ok(Json(json!({ kind: {} }))),
        _ => Err(Refusal::plain(404, "endpoint not found")),
    }
}

pub async fn chain(Path(_underlying): Path<String>) -> Json<Value> {
    Json(json!({ "snapshots": {}, "next_page_token": null }))
}
