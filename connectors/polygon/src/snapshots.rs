//! The last quote and the bars so far of many symbols at once.

use component::Result;
use http::{List, Listed, Lists, Request};

use crate::map;
use crate::settings::{self, System};

/// Snapshots, again and again.
pub type Snapshots = Lists<Symbols>;

pub struct Symbols;

/// Symbols that one answer is about at most.
const MAX_SYMBOLS: usize = 250;

impl Listed for Symbols {
    const NAME: &'static str = "polygon_snapshots";
    const PUBLISHES: &'static [&'static str] = &["market.quotes", "market.bars"];
    type System = System;
    type Settings = settings::Snapshots;

    fn lists(_: &System, settings: settings::Snapshots) -> Result<(Vec<List>, u64)> {
        let (stocks, others): (Vec<String>, Vec<String>) =
            settings.symbols.into_iter().partition(|symbol| map::is_stock(symbol));
        let joined = |symbols: &[String]| -> Vec<String> {
            symbols.chunks(MAX_SYMBOLS).map(|symbols| symbols.join(",")).collect()
        };
        let mut of_stocks = joined(&stocks);
        if of_stocks.is_empty() && others.is_empty() {
            of_stocks.push(String::new()); // every stock there is
        }
        let stocks = of_stocks.into_iter().map(|symbols| {
            let path = "/v2/snapshot/locale/us/markets/stocks/tickers";
            let first = move |_| Request::get(path).maybe("tickers", Some(&symbols));
            List::whole(first, map::snapshot)
        });
        let others = joined(&others).into_iter().map(|symbols| {
            let first = move |_| {
                Request::get("/v3/snapshot").query(&[("ticker.any_of", &symbols), ("limit", "250")])
            };
            List::whole(first, map::universal_snapshot)
        });
        Ok((stocks.chain(others).collect(), settings.poll_secs))
    }
}
