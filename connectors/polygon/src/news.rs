//! News, and what Polygon reads out of it.

use component::Result;
use http::{List, Listed, Lists, Request, Taken};
use model::Timestamp;

use crate::api::{about, days_before};
use crate::map;
use crate::settings::{System, Window};

/// Stories as they are published.
pub type News = Lists<Stories>;

pub struct Stories;

impl Listed for Stories {
    const NAME: &'static str = "polygon_news";
    const PUBLISHES: &'static [&'static str] = &["news.items"];
    type System = System;
    type Settings = Window;

    fn lists(_: &System, settings: Window) -> Result<(Vec<List>, u64)> {
        let days = settings.lookback_days;
        let stories = |symbol: String| {
            let name = symbol.clone();
            let first = move |reached: Option<Timestamp>, now| {
                let from = reached.map_or_else(|| days_before(now, days), |time| time.to_string());
                Request::get("/v2/reference/news")
                    .maybe("ticker", Some(&symbol))
                    .query(&[("published_utc.gte", &from), ("order", "asc")])
                    .query(&[("sort", "published_utc"), ("limit", "1000")])
            };
            List::growing(&name, first, Taken::one(map::news))
        };
        Ok((about(settings.symbols).into_iter().map(stories).collect(), settings.poll_secs))
    }
}
