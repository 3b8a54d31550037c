//! Everything that Polygon has prices of.

use component::{Item, Result};
use http::Request;
use model::Timestamp;
use serde_json::value::RawValue;

use crate::list::{At, List, Lists, Mapped};
use crate::{map, settings};

/// Whole markets, or the instruments that are named.
pub type Instruments = Lists<Markets>;

pub struct Markets(settings::Instruments);

impl List for Markets {
    const NAME: &'static str = "polygon_instruments";
    const PUBLISHES: &'static [&'static str] = &["reference.instruments"];
    type Settings = settings::Instruments;

    fn new(settings: Self::Settings) -> Result<Self> {
        Ok(Self(settings))
    }

    fn request(&self, list: usize, _: Option<Timestamp>, _: Timestamp) -> Option<Request> {
        let request = Request::get("/v3/reference/tickers");
        if !self.0.symbols.is_empty() {
            return self.0.symbols.get(list).map(|symbol| request.segment(symbol));
        }
        let market = self.0.markets.get(list)?;
        Some(
            request
                .query(&[("market", market), ("active", "true"), ("limit", "1000")])
                .query(&[("sort", "ticker"), ("order", "asc")]),
        )
    }

    fn map(&self, row: &RawValue, at: &mut At<'_>, items: &mut Vec<Item>) -> Mapped {
        items.push(Item::Event(map::instrument(row, at.now)?.into()));
        Ok(())
    }

    fn poll_secs(&self) -> u64 {
        self.0.poll_secs
    }
}
