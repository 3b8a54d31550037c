//! Everything that Polygon has prices of.

use component::Result;
use http::{List, Listed, Lists, Request};

use crate::map;
use crate::settings::{self, System};

/// Whole markets, or the instruments that are named.
pub type Instruments = Lists<Markets>;

pub struct Markets;

impl Listed for Markets {
    const NAME: &'static str = "polygon_instruments";
    const PUBLISHES: &'static [&'static str] = &["reference.instruments"];
    type System = System;
    type Settings = settings::Instruments;

    fn lists(_: &System, settings: settings::Instruments) -> Result<(Vec<List>, u64)> {
        let tickers = || Request::get("/v3/reference/tickers");
        let named = |symbol: String| tickers().segment(&symbol);
        let listed = |market: String| {
            let request = tickers().query(&[("market", market.as_str()), ("active", "true")]);
            request.query(&[("limit", "1000"), ("sort", "ticker"), ("order", "asc")])
        };
        let requests: Vec<Request> = if settings.symbols.is_empty() {
            settings.markets.into_iter().map(listed).collect()
        } else {
            settings.symbols.into_iter().map(named).collect()
        };
        let list = |request: Request| {
            List::whole(
                move |_| request.clone(),
                |row, taken| taken.push(map::instrument(row, taken.now)?),
            )
        };
        Ok((requests.into_iter().map(list).collect(), settings.poll_secs))
    }
}
