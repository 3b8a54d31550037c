//! Crypto is not replayed: the endpoints answer in shape, and have no data.

use axum::Json;
use axum::extract::Path;
use serde::Deserialize;
use serde_json::{Value, json};

use super::page::{before_start, complain};
use crate::refusal::{Refusal, Result};
use crate::rest::{Params, query};

#[derive(Deserialize)]
pub struct Query {
    symbols: Option<String>,
    start: Option<String>,
    end: Option<String>,
}

pub async fn history(
    Path(kind): Path<String>,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    let page = match kind.as_str() {
        "bars" | "quotes" | "trades" => json!({ kind: {}, "next_page_token": null }),
        "snapshots" => json!({ "snapshots": {} }),
        _ => return Err(Refusal::plain(404, "endpoint not found")),
    };
    check(&query)?;
    Ok(Json(page))
}

pub async fn latest(Path(kind): Path<String>, Params(query): Params<Query>) -> Result<Json<Value>> {
    if !matches!(kind.as_str(), "bars" | "quotes" | "trades" | "orderbooks") {
        return Err(Refusal::plain(404, "endpoint not found"));
    }
    check(&query)?;
    Ok(Json(json!({ kind: {} })))
}

fn check(query: &Query) -> Result<()> {
    let names = query::list(query.symbols.as_deref());
    let names = names.ok_or_else(|| Refusal::plain(400, "symbols is required"))?;
    if let Some(name) = names.iter().find(|name| !is_pair(name)) {
        let message = format!("invalid symbol: {name} does not match ^[A-Z]+/[A-Z]+$");
        return Err(Refusal::plain(400, &message));
    }
    range(query.start.as_deref(), query.end.as_deref())
}

/// Whether a stretch of time makes sense, though there is nothing in it.
pub fn range(start: Option<&str>, end: Option<&str>) -> Result<()> {
    let start = query::moment("start", start).map_err(complain)?;
    let end = query::moment("end", end).map_err(complain)?;
    match (start, end) {
        (Some(start), Some(end)) if end < start => Err(before_start()),
        _ => Ok(()),
    }
}

fn is_pair(name: &str) -> bool {
    let is_code = |code: &str| !code.is_empty() && code.bytes().all(|b| b.is_ascii_uppercase());
    name.split_once('/').is_some_and(|(base, quote)| is_code(base) && is_code(quote))
}
