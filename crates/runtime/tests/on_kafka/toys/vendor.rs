//! A vendor whose feed is a list of numbers, and two sources that read it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use component::{Bad, Batch, Fault, Feed, Host, Result, Source};
use model::{Decimal, Event, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use super::events::{fill_of, trade};

/// Pause of a source that has caught up.
const CAUGHT_UP: Duration = Duration::from_millis(5);

/// One item of a feed.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A record like any other.
    Good,
    /// Bytes that are no record.
    Bad(Vec<u8>),
    /// A record whose price does not fit the schema.
    WontEncode,
    /// A record that is bigger than Kafka takes.
    TooLarge,
}

/// An external system. It outlives every connection to it, as real ones do.
#[derive(Clone)]
pub struct Vendor(Arc<(String, Mutex<Books>)>);

/// What a vendor holds and what it will do next.
#[derive(Default)]
pub struct Books {
    pub items: Vec<Entry>,
    /// Items in one read.
    pub page: u64,
    /// Items before the cursor that each new session repeats, as overlapping pages do.
    pub overlap: u64,
    /// Whether every read repeats them, and not only the first of a session.
    pub always_overlaps: bool,
    /// What the next connects and reads fail with.
    pub connect_faults: VecDeque<Fault>,
    pub read_faults: VecDeque<Fault>,
    /// Items that the stream keeps to itself; only an audit brings them.
    pub hidden: BTreeSet<u64>,
    /// Stretches of items that the next reads repeat as audits.
    pub audits: VecDeque<(u64, u64)>,
    pub connects: u64,
    pub reads: u64,
}

impl Vendor {
    /// A vendor with this many good items.
    pub fn with(count: usize) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        Self::named(&format!("vendor{}", COUNT.fetch_add(1, Ordering::Relaxed)), count)
    }

    /// The vendor of that name; a new one has this many good items.
    pub fn named(name: &str, count: usize) -> Self {
        static VENDORS: Mutex<Option<HashMap<String, Vendor>>> = Mutex::new(None);
        let mut vendors = VENDORS.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let books = Books { items: vec![Entry::Good; count], page: 7, ..Books::default() };
            Self(Arc::new((name.to_owned(), Mutex::new(books))))
        };
        vendors.get_or_insert_default().entry(name.to_owned()).or_insert_with(make).clone()
    }

    pub fn name(&self) -> &str {
        &self.0.0
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, entry: Entry) {
        self.books().items.push(entry);
    }

    /// Item `number` as it goes into a batch.
    fn item(&self, kind: Kind, number: u64, batch: &mut Batch<Cursor>) {
        let event = |price: Option<Decimal>, text: &str| -> Event {
            match kind {
                Kind::Fills => {
                    let mut fill = fill_of(self.name(), number);
                    fill.price = price.unwrap_or(fill.price);
                    fill.symbol.push_str(text);
                    fill.into()
                }
                Kind::Trades => {
                    let mut trade = trade(self.name(), number);
                    trade.price = price.unwrap_or(trade.price);
                    trade.symbol.push_str(text);
                    trade.into()
                }
            }
        };
        let entry = self.books().items[number as usize].clone();
        match entry {
            Entry::Good => batch.push(event(None, "")),
            Entry::Bad(raw) => batch.push_bad(&raw, Bad::new("price", "not a number")),
            Entry::WontEncode => batch.push(event(Some(Decimal::MAX), "")),
            Entry::TooLarge => batch.push(event(None, &"x".repeat(2 << 20))),
        }
    }

    fn connect(&self) -> Result<()> {
        let mut books = self.books();
        books.connects += 1;
        books.connect_faults.pop_front().map_or(Ok(()), Err)
    }

    fn read(&self, kind: Kind, cursor: &Cursor, is_first: bool) -> Result<Batch<Cursor>> {
        let (from, to, audit, hidden) = {
            let mut books = self.books();
            books.reads += 1;
            if let Some(fault) = books.read_faults.pop_front() {
                return Err(fault);
            }
            if let Some(stretch) = books.audits.pop_front() {
                (stretch.0, stretch.1, true, BTreeSet::new())
            } else {
                let repeats = is_first || books.always_overlaps;
                let from = cursor.next.saturating_sub(if repeats { books.overlap } else { 0 });
                let to = (cursor.next + books.page).min(books.items.len() as u64);
                (from, to, false, books.hidden.clone())
            }
        };
        let next = cursor.next.max(to);
        let mut batch = Batch::up_to(Cursor { next });
        for number in (from..to).filter(|number| !hidden.contains(number)) {
            self.item(kind, number, &mut batch);
        }
        if audit {
            let time = |number: u64| Timestamp::from_secs(number as i64);
            return Ok(batch.audit(time(from), time(to)));
        }
        Ok(if next == cursor.next { batch.wait(CAUGHT_UP) } else { batch })
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Fills,
    Trades,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    vendor: String,
    /// Good items of a vendor that this process has not met yet.
    #[serde(default)]
    count: usize,
}

/// The next item to read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cursor {
    next: u64,
}

/// Reads fills, exactly once.
pub struct Fills {
    vendor: Vendor,
    is_first: bool,
}

impl Source for Fills {
    const NAME: &'static str = "toy_fills";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["orders.fills"];
    type System = Nothing;
    type Settings = Settings;
    type Cursor = Cursor;

    async fn connect(_: Nothing, settings: Settings, _: Host) -> Result<Self> {
        let vendor = Vendor::named(&settings.vendor, settings.count);
        vendor.connect()?;
        Ok(Self { vendor, is_first: true })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        tokio::task::yield_now().await;
        let batch = self.vendor.read(Kind::Fills, cursor, self.is_first)?;
        self.is_first = false;
        Ok(batch)
    }

    fn redrive(raw: &[u8]) -> Result<Vec<Event>, Bad> {
        redrive(raw, |number| fill_of("redriven", number).into())
    }
}

/// Reads trades, live.
pub struct Trades {
    vendor: Vendor,
    is_first: bool,
}

impl Source for Trades {
    const NAME: &'static str = "toy_trades";
    const FEED: Feed = Feed::Live;
    const PUBLISHES: &'static [&'static str] = &["market.trades"];
    type System = Nothing;
    type Settings = Settings;
    type Cursor = Cursor;

    async fn connect(_: Nothing, settings: Settings, _: Host) -> Result<Self> {
        let vendor = Vendor::named(&settings.vendor, settings.count);
        vendor.connect()?;
        Ok(Self { vendor, is_first: true })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        tokio::task::yield_now().await;
        let batch = self.vendor.read(Kind::Trades, cursor, self.is_first)?;
        self.is_first = false;
        Ok(batch)
    }

    fn redrive(raw: &[u8]) -> Result<Vec<Event>, Bad> {
        redrive(raw, |number| trade("redriven", number).into())
    }
}

/// An item whose bytes are a number after all is read as the record of that number.
fn redrive(raw: &[u8], event: impl Fn(u64) -> Event) -> Result<Vec<Event>, Bad> {
    let text = String::from_utf8_lossy(raw);
    let number = text.parse().map_err(|error| Bad::new("price", error))?;
    Ok(vec![event(number)])
}
