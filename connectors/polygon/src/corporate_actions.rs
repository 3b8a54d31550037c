//! Dividends, splits and changes of name.

use component::Result;
use http::{List, Listed, Lists, Request, Taken};

use crate::api::{about, days_before};
use crate::map;
use crate::settings::{System, Window};

/// Corporate actions, past and announced. Those that have not changed keep their ids.
pub type CorporateActions = Lists<Actions>;

pub struct Actions;

impl Listed for Actions {
    const NAME: &'static str = "polygon_corporate_actions";
    const PUBLISHES: &'static [&'static str] = &["reference.corporate_actions"];
    type System = System;
    type Settings = Window;

    fn lists(_: &System, settings: Window) -> Result<(Vec<List>, u64)> {
        let days = settings.lookback_days;
        let mut lists = Vec::new();
        for symbol in about(settings.symbols) {
            let since = |path: &'static str, day: &'static str| {
                let symbol = symbol.clone();
                move |now| {
                    let (name, from) = (format!("{day}.gte"), days_before(now, days));
                    let request = Request::get(path).maybe("ticker", Some(&symbol));
                    let request = request.query(&[(&name, &from), ("sort", day)]);
                    request.query(&[("order", "asc"), ("limit", "1000")])
                }
            };
            let dividends = since("/v3/reference/dividends", "ex_dividend_date");
            lists.push(List::whole(dividends, Taken::one(map::dividend)));
            let splits = since("/v3/reference/splits", "execution_date");
            lists.push(List::whole(splits, Taken::one(map::split)));
            // Names are only known of symbols that are asked for.
            if !symbol.is_empty() {
                let names = Request::get("/vX/reference/tickers").segment(&symbol);
                let names = names.segment("events").query(&[("types", "ticker_change")]);
                lists.push(List::whole(move |_| names.clone(), Taken::many(map::name_changes)));
            }
        }
        Ok((lists, settings.poll_secs))
    }
}
