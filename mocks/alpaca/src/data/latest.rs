//! The last trade, quote and minute bar.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::page::{check_feed, json, symbols};
use crate::core::Shared;
use crate::encode::{Bar, json as encode};
use crate::refusal::{Refusal, Result};
use crate::rest::Params;
use crate::state::State as Mutable;

#[derive(Deserialize)]
pub struct Query {
    symbols: Option<String>,
    feed: Option<String>,
}

/// One of the parts of a snapshot, written as JSON.
pub type Part = fn(&Shared, &Mutable, usize) -> Option<Vec<u8>>;

pub async fn trades(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Response> {
    several(&core, &query, "trades", trade_part)
}

pub async fn quotes(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Response> {
    several(&core, &query, "quotes", quote_part)
}

pub async fn bars(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Response> {
    several(&core, &query, "bars", bar_part)
}

pub async fn trade(State(core): State<Shared>, Path(symbol): Path<String>) -> Result<Response> {
    single(&core, &symbol, "trade", trade_part)
}

pub async fn quote(State(core): State<Shared>, Path(symbol): Path<String>) -> Result<Response> {
    single(&core, &symbol, "quote", quote_part)
}

pub async fn bar(State(core): State<Shared>, Path(symbol): Path<String>) -> Result<Response> {
    single(&core, &symbol, "bar", bar_part)
}

/// What is missing is left out.
fn several(core: &Shared, query: &Query, name: &str, part: Part) -> Result<Response> {
    let symbols = symbols(core, query.symbols.as_deref())?;
    check_feed(query.feed.as_deref())?;
    let state = core.state();
    let mut out = format!("{{\"{name}\":{{").into_bytes();
    let mut comma = "";
    for (listing, symbol) in symbols {
        let Some(found) = part(core, &state, listing) else { continue };
        out.extend_from_slice(format!("{comma}\"{symbol}\":").as_bytes());
        out.extend_from_slice(&found);
        comma = ",";
    }
    out.extend_from_slice(b"}}");
    Ok(json(out))
}

fn single(core: &Shared, symbol: &str, name: &str, part: Part) -> Result<Response> {
    let state = core.state();
    let listing = core.world.market.index(symbol);
    let found = listing.and_then(|listing| part(core, &state, listing));
    let found =
        found.ok_or_else(|| Refusal::plain(404, &format!("no {name} found for {symbol}")))?;
    let mut out = format!("{{\"symbol\":\"{symbol}\",\"{name}\":").into_bytes();
    out.extend_from_slice(&found);
    out.push(b'}');
    Ok(json(out))
}

pub fn trade_part(core: &Shared, state: &Mutable, listing: usize) -> Option<Vec<u8>> {
    let trade = state.tape.marks()[listing].trade?;
    let mut out = Vec::new();
    encode::trade(&mut out, &trade, core.world.assets[listing].tape());
    Some(out)
}

pub fn quote_part(core: &Shared, state: &Mutable, listing: usize) -> Option<Vec<u8>> {
    let quote = state.tape.marks()[listing].quote?;
    let mut out = Vec::new();
    encode::quote(&mut out, &quote, core.world.assets[listing].tape());
    Some(out)
}

pub fn bar_part(core: &Shared, state: &Mutable, listing: usize) -> Option<Vec<u8>> {
    let now = core.world.kit.clock().now();
    let bars = &state.tape.day().series[listing].bars;
    let known = bars.partition_point(|bar| bar.end() <= now);
    let last = known.checked_sub(1).and_then(|last| bars.get(last))?;
    let mut out = Vec::new();
    encode::bar(&mut out, &Bar::from(last));
    Some(out)
}
