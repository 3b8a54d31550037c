//! The last quote and the bars so far of many symbols at once.

use component::{Item, Result};
use http::Request;
use model::Timestamp;
use serde_json::value::RawValue;

use crate::list::{At, List, Lists, Mapped};
use crate::{map, settings};

/// Snapshots, again and again.
pub type Snapshots = Lists<Symbols>;

pub struct Symbols {
    poll_secs: u64,
    lists: Vec<Chunk>,
}

/// Symbols that are asked for together.
enum Chunk {
    /// Stocks; all of them if empty.
    Stocks(String),
    Others(String),
}

/// Symbols that one answer is about at most.
const MAX_SYMBOLS: usize = 250;

impl List for Symbols {
    const NAME: &'static str = "polygon_snapshots";
    const PUBLISHES: &'static [&'static str] = &["market.quotes", "market.bars"];
    type Settings = settings::Snapshots;

    fn new(settings: Self::Settings) -> Result<Self> {
        let (stocks, others): (Vec<String>, Vec<String>) =
            settings.symbols.into_iter().partition(|symbol| map::is_stock(symbol));
        let chunks = |symbols: &[String]| -> Vec<String> {
            symbols.chunks(MAX_SYMBOLS).map(|symbols| symbols.join(",")).collect()
        };
        let mut lists: Vec<Chunk> = chunks(&stocks).into_iter().map(Chunk::Stocks).collect();
        lists.extend(chunks(&others).into_iter().map(Chunk::Others));
        if lists.is_empty() {
            lists.push(Chunk::Stocks(String::new()));
        }
        Ok(Self { poll_secs: settings.poll_secs, lists })
    }

    fn request(&self, list: usize, _: Option<Timestamp>, _: Timestamp) -> Option<Request> {
        Some(match self.lists.get(list)? {
            Chunk::Stocks(symbols) => Request::get("/v2/snapshot/locale/us/markets/stocks/tickers")
                .maybe("tickers", Some(symbols)),
            Chunk::Others(symbols) => {
                Request::get("/v3/snapshot").query(&[("ticker.any_of", symbols), ("limit", "250")])
            }
        })
    }

    fn map(&self, row: &RawValue, at: &mut At<'_>, items: &mut Vec<Item>) -> Mapped {
        match self.lists.get(at.list) {
            Some(Chunk::Others(_)) => map::universal_snapshot(row, at.now, items),
            _ => map::snapshot(row, at.now, items),
        }
    }

    fn poll_secs(&self) -> u64 {
        self.poll_secs
    }
}
