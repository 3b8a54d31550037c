//! Index values, made up: the S&P 500 as ten times the price of the fund that follows it.

use axum::extract::State;
use axum::response::Response;
use mockkit::time;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::history;
use super::page::{Point, Query as History, Request, json};
use super::timeframe::Timeframe;
use crate::core::Shared;
use crate::refusal::{Refusal, Result};
use crate::rest::{Params, query};

const INDEX: &str = "SPX";
const FUND: &str = "SPY";

#[derive(Deserialize)]
pub struct Symbols {
    symbols: Option<String>,
}

struct IndexValue {
    time: i64,
    value: Decimal,
}

pub async fn history(
    State(core): State<Shared>,
    Params(query): Params<History>,
) -> Result<Response> {
    let wanted = asks(query.symbols.as_deref())?;
    let fund = History { symbols: Some(if wanted { FUND } else { "-" }.into()), ..query };
    let mut request = Request::read(&core, &fund, None)?;
    for (_, symbol) in &mut request.symbols {
        *symbol = INDEX.to_owned();
    }
    request.answer("values", |listing| values(&core, listing, &request))
}

pub async fn latest(
    State(core): State<Shared>,
    Params(query): Params<Symbols>,
) -> Result<Response> {
    let wanted = asks(query.symbols.as_deref())?;
    let state = core.state();
    let fund = core.world.market.index(FUND).filter(|_| wanted);
    let last = fund.and_then(|fund| state.tape.marks()[fund].trade);
    let mut out = b"{\"values\":{".to_vec();
    if let Some(trade) = last {
        let value = IndexValue { time: trade.time, value: trade.price.decimal() * Decimal::TEN };
        out.extend_from_slice(format!("\"{INDEX}\":").as_bytes());
        value.write(&mut out);
    }
    out.extend_from_slice(b"}}");
    Ok(json(out))
}

fn values(core: &Shared, fund: usize, request: &Request) -> Result<Vec<IndexValue>> {
    let adjustment = history::Adjustment::default();
    let bars = history::bars(core, fund, request, Timeframe::Minutes(1), adjustment)?;
    let value = |bar: &crate::encode::Bar| IndexValue {
        time: bar.time + time::MINUTE,
        value: bar.close * Decimal::TEN,
    };
    Ok(bars.iter().map(value).collect())
}

fn asks(symbols: Option<&str>) -> Result<bool> {
    let symbols = query::list(symbols);
    let symbols = symbols.ok_or_else(|| Refusal::plain(400, "symbols is required"))?;
    Ok(symbols.contains(&INDEX))
}

impl Point for IndexValue {
    fn time(&self) -> i64 {
        self.time
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (time, value) = (time::utc(self.time), self.value.normalize());
        out.extend_from_slice(format!("{{\"t\":\"{time}\",\"v\":{value}}}").as_bytes());
    }
}
