//! News, and what Polygon reads out of it.

use component::{Item, Result};
use http::Request;
use model::Timestamp;
use serde_json::value::RawValue;

use crate::list::{At, List, Lists, Mapped, about, days_before};
use crate::{map, settings};

/// Stories as they are published.
pub type News = Lists<Stories>;

pub struct Stories(settings::Window);

impl List for Stories {
    const NAME: &'static str = "polygon_news";
    const PUBLISHES: &'static [&'static str] = &["news.items"];
    const GOES_ON: bool = true;
    type Settings = settings::Window;

    fn new(settings: Self::Settings) -> Result<Self> {
        Ok(Self(settings))
    }

    fn request(&self, list: usize, reached: Option<Timestamp>, now: Timestamp) -> Option<Request> {
        let symbol = about(&self.0.symbols, list)?;
        let first = || days_before(now, self.0.lookback_days);
        let from = reached.map_or_else(first, |time| time.to_string());
        Some(
            Request::get("/v2/reference/news")
                .maybe("ticker", Some(symbol))
                .query(&[("published_utc.gte", &from), ("order", "asc")])
                .query(&[("sort", "published_utc"), ("limit", "1000")]),
        )
    }

    fn name(&self, list: usize) -> &str {
        about(&self.0.symbols, list).unwrap_or_default()
    }

    fn map(&self, row: &RawValue, _: &mut At<'_>, items: &mut Vec<Item>) -> Mapped {
        items.push(Item::Event(map::news(row)?.into()));
        Ok(())
    }

    fn poll_secs(&self) -> u64 {
        self.0.poll_secs
    }
}
