//! Crypto is not replayed: the endpoints answer in shape, and have no data.

use axum::Json;
use axum::extract::Path;
use serde_json::{Value, json};

use crate::refusal::{Refusal, Result};

pub async fn history(Path(kind): Path<String>) -> Result<Json<Value>> {
    match kind.as_str() {
        "bars" | "quotes" | "trades" => Ok(Json(json!({ kind: {}, "next_page_token": null }))),
        "snapshots" => Ok(Json(json!({ "snapshots": {} }))),
        _ => Err(Refusal::plain(404, "endpoint not found")),
    }
}

pub async fn latest(Path(kind): Path<String>) -> Result<Json<Value>> {
    match kind.as_str() {
        "bars" | "quotes" | "trades" | "orderbooks" => Ok(Json(json!({ kind: {} }))),
        _ => Err(Refusal::plain(404, "endpoint not found")),
    }
}
