use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use mockkit::time::{self, DAY, HOUR, MINUTE, SECOND};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Params;
use super::query::{moment, word};
use crate::core::Shared;
use crate::engine::Activity;
use crate::gate::Caller;
use crate::number::Number;
use crate::refusal::{Refusal, Result};

#[derive(Deserialize)]
pub struct Query {
    period: Option<String>,
    timeframe: Option<String>,
    start: Option<String>,
    end: Option<String>,
    date_end: Option<String>,
}

#[derive(Serialize)]
pub struct History {
    /// Seconds since the epoch, at the start of each period.
    timestamp: Vec<i64>,
    equity: Vec<Number>,
    profit_loss: Vec<Number>,
    profit_loss_pct: Vec<Number>,
    base_value: Number,
    base_value_asof: String,
    timeframe: &'static str,
    cashflow: BTreeMap<String, Vec<Number>>,
}

const TIMEFRAMES: [(&str, i64); 5] =
    [("1Min", MINUTE), ("5Min", 5 * MINUTE), ("15Min", 15 * MINUTE), ("1H", HOUR), ("1D", DAY)];

pub async fn answer(
    State(core): State<Shared>,
    Caller(account): Caller,
    Params(query): Params<Query>,
) -> Result<Json<History>> {
    let state = core.state();
    let (book, scene) = (&state.books[account], state.scene(&core.world));
    let end = query.end.as_deref().or(query.date_end.as_deref());
    let end = moment("end", end)?.unwrap_or(scene.now).min(scene.now);
    let start = match moment("start", query.start.as_deref())? {
        Some(start) => start,
        None => end.saturating_sub(period(query.period.as_deref().unwrap_or("1M"))?),
    };
    let usual = match end.saturating_sub(start) / DAY {
        ..7 => "1Min",
        7..30 => "15Min",
        _ => "1D",
    };
    let names = TIMEFRAMES.map(|(name, _)| name);
    let name = word("timeframe", query.timeframe.as_deref(), usual, &names)?;
    let (timeframe, step) =
        TIMEFRAMES.into_iter().find(|(known, _)| *known == name).unwrap_or(("1D", DAY));

    // The last sample of each period, then what the account is worth now.
    let mut points: BTreeMap<i64, Decimal> = BTreeMap::new();
    let now = (scene.now, book.valuation(&scene).equity.round_dp(2));
    let opening = (book.terms.created_at, book.first_equity().round_dp(2));
    let samples = [opening].into_iter().chain(book.equity_history.iter().copied()).chain([now]);
    for (at, equity) in samples.filter(|(at, _)| (start..=end).contains(at)) {
        points.insert(bucket(at, step), equity);
    }
    let base = points.values().next().copied().unwrap_or(now.1);
    let percent = |equity: Decimal| {
        if base.is_zero() { Decimal::ZERO } else { ((equity - base) / base).round_dp(6) }
    };
    let cashflow = cashflow(&book.activities, points.keys().copied().collect(), step);
    Ok(Json(History {
        timestamp: points.keys().map(|at| at / SECOND).collect(),
        equity: points.values().map(|equity| Number(*equity)).collect(),
        profit_loss: points.values().map(|equity| Number(*equity - base)).collect(),
        profit_loss_pct: points.values().map(|equity| Number(percent(*equity))).collect(),
        base_value: Number(base),
        base_value_asof: time::new_york_date(start.max(book.terms.created_at)).to_string(),
        timeframe,
        cashflow,
    }))
}

fn bucket(at: i64, step: i64) -> i64 {
    if step == DAY {
        time::new_york_midnight(time::new_york_date(at))
    } else {
        at - at.rem_euclid(step)
    }
}

/// Money that came and went, by kind.
fn cashflow(
    activities: &[Activity],
    buckets: Vec<i64>,
    step: i64,
) -> BTreeMap<String, Vec<Number>> {
    let mut flows: BTreeMap<String, Vec<Number>> = BTreeMap::new();
    for activity in activities {
        let Activity::Other(other) = activity else { continue };
        let Ok(place) = buckets.binary_search(&bucket(other.time, step)) else { continue };
        let row = flows
            .entry(other.kind.clone())
            .or_insert_with(|| vec![Number(Decimal::ZERO); buckets.len()]);
        row[place].0 += other.net_amount;
    }
    flows
}

/// `1D`, `2W`, `3M`, `1A`.
fn period(text: &str) -> Result<i64> {
    let wrong = || Refusal::invalid(format!("invalid period: {text:?}"));
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let days = match unit {
        'D' => 1,
        'W' => 7,
        'M' => 31,
        'A' | 'Y' => 366,
        _ => return Err(wrong()),
    };
    if !(1..=100).contains(&number) {
        return Err(wrong());
    }
    Ok(number * days * DAY)
}
