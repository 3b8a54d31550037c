//! Lists that Polygon gives page by page, which is nearly everything it has.

use std::collections::BTreeMap;
use std::time::Duration;

use component::{Batch, Fault, Feed, Host, Item, Result, Source};
use http::{Changes, Http, Request};
use model::{Date, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api::{Page, VendorClock, follow};
use crate::map::push;
use crate::settings::System;

/// A list, or several that are read one after the other.
pub trait List: Send + Sync + 'static {
    const NAME: &'static str;
    const PUBLISHES: &'static [&'static str];
    /// Whether a list goes on from the last record read, rather than being read again.
    const GOES_ON: bool = false;
    type Settings: component::Settings;

    fn new(settings: Self::Settings) -> Result<Self>
    where
        Self: Sized;

    /// The first page of a list; nothing after the last list. `reached` is the time of the last
    /// record read of it, where it goes on from there.
    fn request(&self, list: usize, reached: Option<Timestamp>, now: Timestamp) -> Option<Request>;

    /// Which list it is, in words that stay when settings change.
    fn name(&self, _list: usize) -> &str {
        ""
    }

    /// Adds what a row holds.
    fn map(&self, row: &RawValue, at: &mut At<'_>, items: &mut Vec<Item>) -> Mapped;

    /// Pause after the last list.
    fn poll_secs(&self) -> u64;
}

pub type Mapped = std::result::Result<(), component::Bad>;

/// Where a row is from.
pub struct At<'a> {
    pub list: usize,
    /// The vendor's clock.
    pub now: Timestamp,
    /// What earlier polls gave, where only changes are of interest.
    pub known: &'a mut Changes,
}

/// Reads lists, one page at a time.
pub struct Lists<K> {
    http: Http,
    clock: VendorClock,
    kind: K,
}

/// The next page. Polygon's own cursors are part of its `next_url` and do not expire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    list: usize,
    next: Option<String>,
    reached: BTreeMap<Text, Timestamp>,
    known: Changes,
}

impl<K: List> Source for Lists<K> {
    const NAME: &'static str = K::NAME;
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = K::PUBLISHES;
    type System = System;
    type Settings = K::Settings;
    type Cursor = Cursor;

    async fn connect(system: System, settings: K::Settings, host: Host) -> Result<Self> {
        let (http, kind) = (system.http(&host)?, K::new(settings)?);
        Ok(Self { clock: VendorClock::read(&http, &host.clock).await?, http, kind })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let now = self.clock.now();
        let name = Text::from(self.kind.name(cursor.list));
        let reached = cursor.reached.get(&name).copied();
        let first = self.kind.request(cursor.list, reached, now);
        let request = match (&cursor.next, first) {
            (Some(next), Some(_)) => follow(next),
            (None, Some(first)) => first,
            (_, None) => return Ok(self.turn(Batch::up_to(cursor.clone()), now)),
        };
        let page = match Page::fetch(&self.http, request).await {
            // A page that was announced once is no longer there: the list is begun again.
            Err(Fault::Fatal(reason)) if cursor.next.is_some() && is_outdated(&reason) => {
                let cursor = Cursor { next: None, ..cursor.clone() };
                return Ok(Batch::up_to(cursor).wait(Duration::from_secs(1)));
            }
            page => page?,
        };
        if page.next.is_some() && page.next == cursor.next {
            return Err(Fault::retry(format!("{} is its own next page", K::NAME)));
        }
        let mut batch = Batch::up_to(cursor.clone());
        for row in page.rows()? {
            let known = &mut batch.cursor.known;
            let mut at = At { list: cursor.list, now, known };
            if let Err(bad) = self.kind.map(row, &mut at, &mut batch.items) {
                push::<model::Event>(&mut batch.items, row.get(), Err(bad));
            }
        }
        if K::GOES_ON {
            let times = batch.items.iter().filter_map(|item| match item {
                Item::Event(event) => Some(event.head().event_time),
                Item::Bad { .. } => None,
            });
            if let Some(last) = times.max().max(reached) {
                batch.cursor.reached.insert(name, last);
            }
        }
        batch.cursor.next = page.next;
        Ok(if batch.cursor.next.is_some() { batch } else { self.turn(batch, now) })
    }
}

impl<K: List> Lists<K> {
    /// Goes on to the next list, or after a pause to the first.
    fn turn(&self, mut batch: Batch<Cursor>, now: Timestamp) -> Batch<Cursor> {
        batch.cursor.next = None;
        batch.cursor.list += 1;
        if self.kind.request(batch.cursor.list, None, now).is_some() {
            return batch;
        }
        batch.cursor.list = 0;
        batch.wait(Duration::from_secs(self.kind.poll_secs().max(1)))
    }
}

fn is_outdated(reason: &str) -> bool {
    reason.contains("answered 400") || reason.contains("answered 404")
}

/// The symbol that a list is about, where there is one list for each; one list about the whole
/// market, which is an empty symbol, where there are no symbols.
pub fn about(symbols: &[String], list: usize) -> Option<&str> {
    if symbols.is_empty() && list == 0 {
        return Some("");
    }
    symbols.get(list).map(String::as_str)
}

/// The day so many days before a time.
pub fn days_before(time: Timestamp, days: u32) -> String {
    Date(time.date().0 - i32::try_from(days).unwrap_or(i32::MAX / 2)).to_string()
}
