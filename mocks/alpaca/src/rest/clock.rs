use axum::Json;
use axum::extract::State;
use mockkit::market::{next_session, session};
use mockkit::time;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Params;
use super::query::{list, moment};
use crate::core::Shared;
use crate::refusal::{Refusal, Result};

/// Markets that keep New York's hours.
const MARKETS: [&str; 4] = ["NYSE", "NASDAQ", "ARCA", "BATS"];

#[derive(Deserialize)]
pub struct Query {
    markets: Option<String>,
    time: Option<String>,
}

pub async fn answer(State(core): State<Shared>) -> Json<Value> {
    let now = core.world.kit.clock().now();
    let hours = Hours::at(now);
    Json(json!({
        "timestamp": time::new_york(now),
        "is_open": hours.phase == "core",
        "next_open": time::new_york(hours.next_open),
        "next_close": time::new_york(hours.next_close),
    }))
}

pub async fn several(
    State(core): State<Shared>,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    let now = core.world.kit.clock().now();
    let at = moment("time", query.time.as_deref())?.unwrap_or(now);
    let markets = list(query.markets.as_deref()).unwrap_or_else(|| MARKETS.to_vec());
    let mut clocks = Vec::new();
    for market in markets {
        if !MARKETS.contains(&market) {
            return Err(Refusal::invalid(format!("invalid market: {market:?}")));
        }
        let hours = Hours::at(at);
        clocks.push(json!({
            "market": market,
            "timestamp": time::new_york(at),
            "is_market_day": hours.is_market_day,
            "phase": hours.phase,
            "phase_until": time::new_york(hours.phase_until),
            "next_market_open": time::new_york(hours.next_open),
            "next_market_close": time::new_york(hours.next_close),
        }));
    }
    Ok(Json(json!({ "clocks": clocks })))
}

struct Hours {
    is_market_day: bool,
    phase: &'static str,
    phase_until: i64,
    next_open: i64,
    next_close: i64,
}

impl Hours {
    fn at(now: i64) -> Hours {
        let date = time::new_york_date(now);
        let (today, next) = (session(date), next_session(date));
        let (phase, phase_until) = match today {
            Some(day) if now < day.first() => ("closed", day.first()),
            Some(day) if now < day.open => ("pre", day.open),
            Some(day) if now < day.close => ("core", day.close),
            Some(day) if now < day.last() => ("post", day.last()),
            _ => ("closed", next.first()),
        };
        Hours {
            is_market_day: today.is_some(),
            phase,
            phase_until,
            next_open: today.map(|day| day.open).filter(|open| now < *open).unwrap_or(next.open),
            next_close: today.map(|day| day.close).filter(|at| now < *at).unwrap_or(next.close),
        }
    }
}
