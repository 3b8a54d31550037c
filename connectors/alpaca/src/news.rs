//! News, all from Benzinga.

use std::time::Duration;

use component::{Bad, Batch, Feed, Host, OrBad, Result, Source};
use html_escape::decode_html_entities;
use http::{Http, Request, decode};
use model::{EventId, Head, NewsItem, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api::VendorClock;
use crate::settings::{self, System};
use crate::{map, wire};

/// Polls the news, oldest change first.
pub struct News {
    http: Http,
    symbols: String,
    /// Where the very first start begins.
    first: Timestamp,
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
            first: vendor.now(&host.clock).plus_nanos(-lookback.0),
            pause: Duration::from_secs(settings.poll_secs.max(1)),
            next: None,
        })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let start = self.first.max(cursor.updated).to_string();
        let mut request = Request::get("/v1beta1/news")
            .query(&[("start", &start), ("sort", "asc"), ("limit", "50")])
            .query(&[("include_content", "true")]);
        if !self.symbols.is_empty() {
            request = request.query(&[("symbols", &self.symbols)]);
        }
        if let Some(token) = &self.next {
            request = request.query(&[("page_token", token)]);
        }
        let answer = self.http.fetch(&request).await?;
        let page: wire::NewsPage<'_> = answer.json()?;
        let mut batch = Batch::up_to(cursor.clone());
        for raw in page.news {
            let item = news(raw);
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

/// One story, in the state of its last change.
pub fn news(raw: &RawValue) -> Result<NewsItem, Bad> {
    let raw: wire::News = decode(raw)?;
    let updated: Timestamp = raw.updated_at.parse().or_bad("updated_at")?;
    let id = raw.id.to_string();
    let plain = |text: &str| Text::from(decode_html_entities(text.trim()));
    Ok(NewsItem {
        head: Head::new(
            EventId::of(&["alpaca", "news", &id, &updated.0.to_string()]),
            raw.created_at.parse().or_bad("created_at")?,
        ),
        news_id: id.into(),
        headline: plain(&raw.headline),
        summary: raw.summary.as_deref().map(plain).filter(|text| !text.is_empty()),
        content: raw.content.filter(|text| !text.is_empty()).map(Into::into),
        author: raw.author,
        publisher: raw.source,
        url: raw.url,
        instruments: raw.symbols.iter().map(|symbol| map::instrument(symbol, "")).collect(),
        symbols: raw.symbols,
        updated_time: updated,
    })
}
