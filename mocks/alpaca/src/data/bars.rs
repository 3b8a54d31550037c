use axum::extract::{Path, State};
use axum::response::Response;

use super::history::{self, Adjustment};
use super::page::{Point, Query, Request};
use super::timeframe::Timeframe;
use crate::core::Shared;
use crate::encode::{Bar, json};
use crate::refusal::Result;
use crate::rest::Params;

pub async fn several(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Response> {
    answer(&core, &query, None)
}

pub async fn one(
    State(core): State<Shared>,
    Path(symbol): Path<String>,
    Params(query): Params<Query>,
) -> Result<Response> {
    answer(&core, &query, Some(&symbol))
}

fn answer(core: &Shared, query: &Query, symbol: Option<&str>) -> Result<Response> {
    let timeframe = Timeframe::parse(query.timeframe.as_deref())?;
    let adjustment = Adjustment::parse(query.adjustment.as_deref())?;
    let request = Request::read(core, query, symbol)?;
    request.answer("bars", |listing| history::bars(core, listing, &request, timeframe, adjustment))
}

impl Point for Bar {
    fn time(&self) -> i64 {
        self.time
    }

    fn write(&self, out: &mut Vec<u8>) {
        json::bar(out, self);
    }
}
