use axum::extract::{Path, State};
use axum::response::Response;
use mockkit::time;
use serde::Deserialize;

use super::history::daily;
use super::latest::{bar_part, quote_part, trade_part};
use super::page::{check_feed, json};
use crate::core::Shared;
use crate::encode::{Bar, json as encode};
use crate::refusal::{Refusal, Result};
use crate::rest::{Params, query};

#[derive(Deserialize)]
pub struct Query {
    symbols: Option<String>,
    feed: Option<String>,
}

/// The symbols themselves are the keys; one that is unknown is null.
pub async fn several(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Response> {
    let symbols = query::list(query.symbols.as_deref());
    let mut symbols = symbols.ok_or_else(|| Refusal::plain(400, "symbols is required"))?;
    check_feed(query.feed.as_deref())?;
    symbols.sort_unstable();
    symbols.dedup();
    let mut out = b"{".to_vec();
    let mut comma = "";
    for symbol in symbols {
        // Quotes and backslashes have no place in a symbol, and not in our JSON either.
        let name = serde_json::Value::from(symbol);
        out.extend_from_slice(format!("{comma}{name}:").as_bytes());
        match core.world.market.index(symbol) {
            Some(listing) => {
                out.push(b'{');
                write(&core, listing, &mut out)?;
                out.push(b'}');
            }
            None => out.extend_from_slice(b"null"),
        }
        comma = ",";
    }
    out.push(b'}');
    Ok(json(out))
}

pub async fn one(State(core): State<Shared>, Path(symbol): Path<String>) -> Result<Response> {
    let listing = core.world.market.index(&symbol);
    let listing =
        listing.ok_or_else(|| Refusal::plain(404, &format!("no snapshot found for {symbol}")))?;
    let mut out = format!("{{\"symbol\":\"{symbol}\",").into_bytes();
    write(&core, listing, &mut out)?;
    out.push(b'}');
    Ok(json(out))
}

/// Any part may be null.
fn write(core: &Shared, listing: usize, out: &mut Vec<u8>) -> Result<()> {
    let now = core.world.kit.clock().now();
    let mut days = daily(core, listing, now)?;
    let today = time::new_york_midnight(time::new_york_date(now));
    let current = days.pop_if(|bar| bar.time == today);
    let bar = |bar: Option<&Bar>| {
        bar.map(|bar| {
            let mut out = Vec::new();
            encode::bar(&mut out, bar);
            out
        })
    };
    let state = core.state();
    let parts = [
        ("latestTrade", trade_part(core, &state, listing)),
        ("latestQuote", quote_part(core, &state, listing)),
        ("minuteBar", bar_part(core, &state, listing)),
        ("dailyBar", bar(current.as_ref())),
        ("prevDailyBar", bar(days.last())),
    ];
    for (place, (name, part)) in parts.into_iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        out.extend_from_slice(format!("{comma}\"{name}\":").as_bytes());
        out.extend_from_slice(part.as_deref().unwrap_or(b"null"));
    }
    Ok(())
}
