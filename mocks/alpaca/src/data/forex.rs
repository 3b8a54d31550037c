//! Exchange rates, made up: they walk a little around where they stood in October 2013.

use axum::extract::State;
use axum::response::Response;
use mockkit::Seed;
use mockkit::time::{self, DAY, MINUTE, SECOND};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::page::{complain, json};
use crate::core::Shared;
use crate::refusal::{Refusal, Result};
use crate::rest::{Params, query};

/// Pair, rate in thousandths.
const RATES: [(&str, i64); 3] = [("EURUSD", 1_357), ("GBPUSD", 1_609), ("USDJPY", 96_850)];
const MAX_LIMIT: usize = 10_000;

#[derive(Deserialize)]
pub struct Query {
    currency_pairs: Option<String>,
    timeframe: Option<String>,
    start: Option<String>,
    end: Option<String>,
    limit: Option<String>,
}

pub async fn history(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Response> {
    rates(&core, &query).map_err(complain)
}

fn rates(core: &Shared, query: &Query) -> Result<Response> {
    let now = core.world.kit.clock().now();
    let step = match query.timeframe.as_deref().unwrap_or("1Min") {
        "5Sec" | "5S" => 5 * SECOND,
        "1Min" | "1T" => MINUTE,
        "1Day" | "1D" => DAY,
        other => return Err(query::invalid("timeframe", other)),
    };
    let today = time::new_york_midnight(time::new_york_date(now));
    let start = query::moment("start", query.start.as_deref())?.unwrap_or(today);
    let end = query::moment("end", query.end.as_deref())?.unwrap_or(now).min(now);
    let limit = query::count("limit", query.limit.as_deref(), 1_000, MAX_LIMIT)?;
    let first = start.saturating_add((step - start.rem_euclid(step)) % step);
    let mut groups = Vec::new();
    for (pair, rate) in pairs(query)? {
        let times = std::iter::successors(Some(first), |at| at.checked_add(step));
        let rows = times.take_while(|at| *at <= end).take(limit);
        let rows: Vec<String> = rows.map(|at| row(core, pair, rate, at)).collect();
        groups.push(format!("\"{pair}\":[{}]", rows.join(",")));
    }
    let body = format!("{{\"rates\":{{{}}},\"next_page_token\":null}}", groups.join(","));
    Ok(json(body.into_bytes()))
}

pub async fn latest(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Response> {
    let now = core.world.kit.clock().now();
    let minute = now - now.rem_euclid(MINUTE);
    let pairs = pairs(&query)?;
    let rows: Vec<String> = pairs
        .into_iter()
        .map(|(pair, rate)| format!("\"{pair}\":{}", row(&core, pair, rate, minute)))
        .collect();
    Ok(json(format!("{{\"rates\":{{{}}}}}", rows.join(",")).into_bytes()))
}

fn pairs(query: &Query) -> Result<Vec<(&'static str, i64)>> {
    let wanted = query::list(query.currency_pairs.as_deref());
    let wanted = wanted.ok_or_else(|| Refusal::plain(400, "currency_pairs is required"))?;
    Ok(RATES.into_iter().filter(|(pair, _)| wanted.contains(pair)).collect())
}

fn row(core: &Shared, pair: &str, rate: i64, at: i64) -> String {
    let place = u64::try_from(at / SECOND).unwrap_or(0);
    let step = Seed::new(core.world.settings.seed).below(pair, place, 11);
    let middle = rate * 10 + i64::try_from(step).unwrap_or(0) - 5;
    let text = |value: i64| Decimal::new(value, 4).normalize();
    format!(
        "{{\"bp\":{},\"mp\":{},\"ap\":{},\"t\":\"{}\"}}",
        text(middle - 1),
        text(middle),
        text(middle + 1),
        time::utc(at)
    )
}
