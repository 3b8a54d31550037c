//! News, all from Benzinga.

use std::time::Duration;

use component::{Batch, Feed, Host, Result, Source};
use http::{Http, Request};
use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::VendorClock;
use crate::settings::{self, System};
use crate::{map, wire};

/// Polls the news, oldest change first.
pub struct News {
    http: Http,
    symbols: String,
    /// Time of the first change that is asked for; the same for all pages of one poll.
    start: Timestamp,
    pause: Duration,
    /// Token of the page that follows the last one.
    next: Option<String>,
}

/// Time of the last change read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cursor {
    updated: Timestamp,
}

impl Source for News {
    const NAME: &'static str = "alpaca_news";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["news.items"];
    type System = System;
    type Settings = settings::News;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::News, host: Host) -> Result<Self> {
        let vendor = VendorClock::read(&system.trading(&host)?, &host.clock).await?;
        let lookback = Timestamp::from_secs(settings.lookback_hours as i64 * 3_600);
        Ok(Self {
            http: system.data(&host)?,
            symbols: settings.symbols.join(","),
            start: vendor.now(&host.clock).plus_nanos(-lookback.0),
            pause: Duration::from_secs(settings.poll_secs.max(1)),
            next: None,
        })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        if self.next.is_none() {
            self.start = self.start.max(cursor.updated);
        }
        let start = self.start.to_string();
        let request = Request::get("/v1beta1/news")
            .query(&[("start", &start), ("sort", "asc"), ("limit", "50")])
            .query(&[("include_content", "true")]);
        let request =
            request.maybe("symbols", Some(&self.symbols)).maybe("page_token", self.next.as_deref());
        let answer = self.http.fetch(&request).await?;
        let page: wire::NewsPage<'_> = answer.json()?;
        let mut batch = Batch::up_to(cursor.clone());
        for raw in page.news {
            let item = map::news(raw);
            if let Ok(item) = &item {
                batch.cursor.updated = batch.cursor.updated.max(item.updated_time);
            }
            map::push(&mut batch.items, raw, item.map(Into::into));
        }
        self.next = page.next_page_token.filter(|token| !token.is_empty());
        let pause = if self.next.is_some() { Duration::ZERO } else { self.pause };
        Ok(batch.wait(pause))
    }
}
