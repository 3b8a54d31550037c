//! Everything that can be traded.

use std::collections::VecDeque;
use std::time::Duration;

use component::{Batch, Clock, Feed, Host, Item, Result, Source};
use http::{Http, Request};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api::VendorClock;
use crate::map;
use crate::settings::{self, System};

/// The list has more than ten thousand rows and no pages.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// Records in one batch.
const MAX_BATCH: usize = 1_000;

/// Polls the list of assets.
pub struct Instruments {
    http: Http,
    clock: Clock,
    vendor: VendorClock,
    classes: Vec<String>,
    pause: Duration,
    /// Classes that are still to be read, and what was read and is not handed over yet.
    unread: Vec<String>,
    pending: VecDeque<Item>,
}

/// Lists handed over so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cursor {
    lists: u64,
}

impl Source for Instruments {
    const NAME: &'static str = "alpaca_instruments";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["reference.instruments"];
    type System = System;
    type Settings = settings::Instruments;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::Instruments, host: Host) -> Result<Self> {
        let http = system.trading(&host)?;
        Ok(Self {
            vendor: VendorClock::read(&http, &host.clock).await?,
            http,
            clock: host.clock,
            unread: settings.asset_classes.clone(),
            classes: settings.asset_classes,
            pause: Duration::from_secs(settings.poll_secs.max(1)),
            pending: VecDeque::new(),
        })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let mut batch = Batch::up_to(cursor.clone());
        if let (true, Some(class)) = (self.pending.is_empty(), self.unread.last()) {
            let request = Request::get("/v2/assets")
                .query(&[("status", "active"), ("asset_class", class)])
                .max_body_bytes(MAX_BODY_BYTES);
            let answer = self.http.fetch(&request).await?;
            let now = self.vendor.now(&self.clock);
            let mut items = Vec::new();
            for raw in answer.json::<Vec<&RawValue>>()? {
                map::push(&mut items, raw, map::instrument(raw, now).map(Into::into));
            }
            self.unread.pop();
            self.pending = items.into();
        }
        let count = self.pending.len().min(MAX_BATCH);
        batch.items.extend(self.pending.drain(..count));
        if self.pending.is_empty() && self.unread.is_empty() {
            batch.cursor.lists += 1;
            self.unread = self.classes.clone();
            batch.wait = self.pause;
        }
        Ok(batch)
    }
}
