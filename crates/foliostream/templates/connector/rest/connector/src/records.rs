//! Records, read page by page.

use std::time::Duration;

use component::{Bad, Batch, Feed, Host, OrBad, Result, Source};
use http::{Auth, Http, Rate, Request};
use model::Event;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::settings::{self, System};
use crate::{map, wire};

/// Published limit: 600 requests a minute for each key.
const RATE: Rate = Rate::per_minute(600);
const PATH: &str = "/v1/records";
/// Records of a page.
const PAGE: &str = "100";
/// The setting to blame when the vendor refuses.
const KEY: &str = "authentication.credentials.api_key";

/// Polls the records, oldest first.
pub struct Records {
    http: Http,
    pause: Duration,
}

/// Id of the last record read; zero means from the first one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cursor {
    after: u64,
}

impl Source for Records {
    const NAME: &'static str = "{{name}}_records";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["alternative.records"];
    type System = System;
    type Settings = settings::Records;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::Records, host: Host) -> Result<Self> {
        let System { connection, authentication } = system;
        let auth = Auth::headers(KEY, vec![("x-api-key", authentication.credentials.api_key)]);
        let http = Http::open(&host, &connection.url, connection.insecure, auth, RATE)?;
        // A wrong key fails here, at the start.
        http.fetch(&Request::get(PATH).query(&[("limit", "1")])).await?;
        Ok(Self { http, pause: Duration::from_secs(settings.poll_secs.max(1)) })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let after = cursor.after.to_string();
        let request = Request::get(PATH).query(&[("after", &after), ("limit", PAGE)]);
        let answer = self.http.fetch(&request).await?;
        let page: wire::Page<'_> = answer.json()?;
        // The cursor comes from the envelope, so one bad record cannot stall the feed.
        let after = page.last_id.unwrap_or(cursor.after);
        let is_last = !page.more || after == cursor.after;
        let wait = if is_last { self.pause } else { Duration::ZERO };
        let mut batch = Batch::up_to(Cursor { after }).wait(wait);
        for raw in page.records {
            match map::record(raw) {
                Ok(record) => batch.push(record),
                Err(bad) => batch.push_bad(raw.get().as_bytes(), bad),
            }
        }
        Ok(batch)
    }

    fn redrive(raw: &[u8]) -> Result<Vec<Event>, Bad> {
        let raw: &RawValue = serde_json::from_slice(raw).or_bad("")?;
        Ok(vec![map::record(raw)?.into()])
    }
}
