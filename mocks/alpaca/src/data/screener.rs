use axum::Json;
use axum::extract::{Path, State};
use mockkit::time;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::page::complain;
use crate::core::Shared;
use crate::number::Number;
use crate::refusal::{Refusal, Result};
use crate::rest::{Params, query};

const USUAL_TOP: usize = 10;
const MAX_ACTIVE: usize = 100;
const MAX_MOVERS: usize = 50;

#[derive(Deserialize)]
pub struct Query {
    by: Option<String>,
    top: Option<String>,
}

#[derive(Serialize)]
pub struct MostActives {
    most_actives: Vec<Active>,
    last_updated: String,
}

#[derive(Serialize)]
struct Active {
    symbol: String,
    volume: u64,
    trade_count: u64,
}

#[derive(Serialize)]
pub struct Movers {
    gainers: Vec<Mover>,
    losers: Vec<Mover>,
    market_type: String,
    last_updated: String,
}

#[derive(Clone, Serialize)]
struct Mover {
    symbol: String,
    percent_change: Number,
    change: Number,
    price: Number,
}

pub async fn most_actives(
    State(core): State<Shared>,
    Params(query): Params<Query>,
) -> Result<Json<MostActives>> {
    let by = query::word("by", query.by.as_deref(), "volume", &["volume", "trades"]);
    let by = by.map_err(complain)?;
    let top = query::count("top", query.top.as_deref(), USUAL_TOP, MAX_ACTIVE).map_err(complain)?;
    let state = core.state();
    let mut active: Vec<Active> = Vec::new();
    for (listing, symbol) in core.world.symbols.iter().enumerate() {
        if let Some(bar) = state.today(listing) {
            let (volume, trade_count) = (bar.volume, bar.trades);
            active.push(Active { symbol: symbol.clone(), volume, trade_count });
        }
    }
    active.sort_by_key(|row| {
        std::cmp::Reverse(if by == "volume" { row.volume } else { row.trade_count })
    });
    active.truncate(top);
    let last_updated = time::utc(core.world.kit.clock().now());
    Ok(Json(MostActives { most_actives: active, last_updated }))
}

pub async fn movers(
    State(core): State<Shared>,
    Path(kind): Path<String>,
    Params(query): Params<Query>,
) -> Result<Json<Movers>> {
    if !matches!(kind.as_str(), "stocks" | "crypto") {
        return Err(Refusal::plain(404, "endpoint not found"));
    }
    let top = query::count("top", query.top.as_deref(), USUAL_TOP, MAX_MOVERS).map_err(complain)?;
    let state = core.state();
    let mut rows = Vec::new();
    let listings = core.world.symbols.iter().zip(state.tape.marks()).filter(|_| kind == "stocks");
    for (symbol, mark) in listings {
        let (Some(price), Some(close)) = (mark.price(), mark.previous_close) else { continue };
        let change = price - close.decimal();
        let percent = (change / close.decimal() * Decimal::ONE_HUNDRED).round_dp(2);
        rows.push(Mover {
            symbol: symbol.clone(),
            percent_change: Number(percent),
            change: Number(change),
            price: Number(price),
        });
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.percent_change.0));
    let gainers = rows.iter().filter(|row| row.change.0 > Decimal::ZERO).take(top).cloned();
    let losers = rows.iter().rev().filter(|row| row.change.0 < Decimal::ZERO).take(top).cloned();
    Ok(Json(Movers {
        gainers: gainers.collect(),
        losers: losers.collect(),
        market_type: kind,
        last_updated: time::utc(core.world.kit.clock().now()),
    }))
}
