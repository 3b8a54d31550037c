use axum::extract::{Path, State};
use axum::response::Response;
use mockkit::market::Quote;

use super::history;
use super::page::{Point, Query, Request};
use crate::core::Shared;
use crate::encode::json;
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
    let request = Request::read(core, query, symbol)?;
    request.answer("quotes", |listing| {
        let tape = core.world.assets[listing].tape();
        let found = history::quotes(core, listing, &request)?;
        Ok(found.into_iter().map(|quote| Taped { quote, tape }).collect())
    })
}

struct Taped {
    quote: Quote,
    tape: char,
}

impl Point for Taped {
    fn time(&self) -> i64 {
        self.quote.time
    }

    fn write(&self, out: &mut Vec<u8>) {
        json::quote(out, &self.quote, self.tape);
    }
}
