//! Options are not replayed: the endpoints answer in shape, and know no contract.

use axum::Json;
use axum::extract::Path;
use serde_json::{Value, json};

use crate::refusal::{Refusal, Result};

pub async fn contracts() -> Json<Value> {
    Json(json!({ "option_contracts": [], "next_page_token": null }))
}

pub async fn contract(Path(contract): Path<String>) -> Result<Json<Value>> {
    Err(Refusal::not_found(format_args!("option contract {contract}")))
}

pub async fn exercise() -> Result<Json<Value>> {
    Err(Refusal::forbidden("no available position for the specified contract"))
}
