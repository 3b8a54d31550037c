use axum::Json;
use axum::extract::{Path, State};
use jiff::civil::Date;
use mockkit::market::{Session, next_session, sessions};
use mockkit::time;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Params;
use super::query::{date, word};
use crate::core::Shared;
use crate::refusal::Result;

#[derive(Deserialize)]
pub struct Query {
    start: Option<String>,
    end: Option<String>,
    date_type: Option<String>,
}

pub async fn answer(
    State(core): State<Shared>,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    let kinds = ["TRADING", "SETTLEMENT"];
    let kind = word("date_type", query.date_type.as_deref(), "TRADING", &kinds)?;
    let (from, to) = range(&core, &query)?;
    let row = |session: &Session| {
        let settlement = next_session(session.date).date;
        let date = if kind == "SETTLEMENT" { settlement } else { session.date };
        json!({
            "date": date.to_string(),
            "open": clock(session.open, "%H:%M"),
            "close": clock(session.close, "%H:%M"),
            "session_open": clock(session.first(), "%H%M"),
            "session_close": clock(session.last(), "%H%M"),
            "settlement_date": settlement.to_string(),
        })
    };
    Ok(Json(sessions(from, to).iter().map(row).collect()))
}

pub async fn of_market(
    State(core): State<Shared>,
    Path(market): Path<String>,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    let (from, to) = range(&core, &query)?;
    let row = |session: &Session| {
        json!({
            "date": session.date.to_string(),
            "core_start": time::new_york(session.open),
            "core_end": time::new_york(session.close),
            "pre_start": time::new_york(session.first()),
            "pre_end": time::new_york(session.open),
            "post_start": time::new_york(session.close),
            "post_end": time::new_york(session.last()),
            "settlement_date": next_session(session.date).date.to_string(),
        })
    };
    let calendar: Vec<Value> = sessions(from, to).iter().map(row).collect();
    Ok(Json(json!({ "market": { "acronym": market }, "calendar": calendar })))
}

/// A year from now if the request does not say.
fn range(core: &Shared, query: &Query) -> Result<(Date, Date)> {
    let today = time::new_york_date(core.world.kit.clock().now());
    let from = date("start", query.start.as_deref())?.unwrap_or(today);
    let year = jiff::Span::new().years(1);
    let to = date("end", query.end.as_deref())?.unwrap_or(from.saturating_add(year));
    Ok((from, to))
}

/// Without a zone: New York's is meant.
fn clock(at: i64, format: &str) -> String {
    time::new_york_time(at).strftime(format).to_string()
}
