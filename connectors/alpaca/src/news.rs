//! News, all from Benzinga.

use component::Result;
use http::{List, Listed, Lists, Request, Row, Taken};
use model::{Event, Timestamp};

use crate::map;
use crate::settings::{self, System};

/// The news, oldest change first.
pub type News = Lists<Stories>;

pub struct Stories;

impl Listed for Stories {
    const NAME: &'static str = "alpaca_news";
    const PUBLISHES: &'static [&'static str] = &["news.items"];
    type System = System;
    type Settings = settings::News;

    fn lists(_: &System, settings: settings::News) -> Result<(Vec<List>, u64)> {
        let symbols = settings.symbols.join(",");
        let lookback = Timestamp::from_secs(settings.lookback_hours.0 as i64 * 3_600).0;
        let first = move |from: Option<Timestamp>, now: Timestamp| {
            let start = from.unwrap_or(now.plus_nanos(-lookback)).to_string();
            Request::get("/v1beta1/news")
                .query(&[("start", &start), ("sort", "asc"), ("limit", "50")])
                .query(&[("include_content", "true")])
                .maybe("symbols", Some(&symbols))
        };
        let stories = List::growing("", first, Taken::one(|raw| map::news(&Row::of(raw))));
        Ok((vec![stories.by(last_change)], settings.poll_secs.0))
    }
}

fn last_change(event: &Event) -> Timestamp {
    match event {
        Event::NewsItem(item) => item.updated_time,
        other => other.head().event_time,
    }
}
