//! Reads lists that a vendor gives page by page, one after the other, again and again.

use std::collections::BTreeMap;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use component::{Bad, Batch, Changes, Clock, Fault, Feed, Host, Item, Result, Settings, Source};
use model::{Event, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::client::Http;
use crate::request::{Answer, Request};

/// Pause before a list whose next page is gone is begun again.
const ANEW: Duration = Duration::from_secs(1);

/// A vendor whose lists come in pages that announce the next one.
pub trait Paged: Settings {
    /// Opens the connection and reads the vendor's clock, which proves the credentials.
    fn connect(&self, host: &Host) -> impl Future<Output = Result<(Http, VendorClock)>> + Send;

    /// Asks for a page.
    fn fetch(http: &Http, request: Request) -> impl Future<Output = Result<Option<Answer>>> + Send;

    /// What is on a page.
    fn read(answer: &Answer) -> Result<ListPage<'_>>;

    /// The request for a page that another one announced. `first` asks for the first one.
    fn follow(first: Request, next: &str) -> Request;

    /// Whether a refusal says that a page that was announced once is no longer there.
    fn is_gone(refusal: &str) -> bool;
}

/// A page of a list.
#[derive(Debug, Default)]
pub struct ListPage<'a> {
    /// What is on it.
    pub rows: Vec<&'a RawValue>,
    /// How to ask for the next one.
    pub next: Option<String>,
}

/// A vendor's clock, read once.
#[derive(Clone, Debug)]
pub struct VendorClock {
    clock: Clock,
    ahead: i64,
}

impl VendorClock {
    /// The vendor's clock says `vendor_now`.
    pub fn new(clock: &Clock, vendor_now: Timestamp) -> Self {
        Self { clock: clock.clone(), ahead: vendor_now.since(clock.now()) }
    }

    /// What it says now.
    pub fn now(&self) -> Timestamp {
        self.clock.now().plus_nanos(self.ahead)
    }
}

/// What a row becomes.
pub struct Taken<'a> {
    /// The vendor's clock.
    pub now: Timestamp,
    /// What earlier polls gave, where only changes are of interest.
    pub known: &'a mut Changes,
    /// What is told.
    pub items: &'a mut Vec<Item>,
}

impl Taken<'_> {
    /// For rows that are one event.
    pub fn one<E: Into<Event>>(
        map: impl Fn(&RawValue) -> Result<E, Bad> + Send + Sync + 'static,
    ) -> impl Fn(&RawValue, &mut Taken<'_>) -> Result<(), Bad> + Send + Sync + 'static {
        move |row, taken| taken.push(map(row)?)
    }

    /// For rows that are several.
    pub fn many<E: Into<Event>>(
        map: impl Fn(&RawValue) -> Result<Vec<E>, Bad> + Send + Sync + 'static,
    ) -> impl Fn(&RawValue, &mut Taken<'_>) -> Result<(), Bad> + Send + Sync + 'static {
        move |row, taken| map(row)?.into_iter().try_for_each(|event| taken.push(event))
    }

    /// Tells an event.
    pub fn push(&mut self, event: impl Into<Event>) -> Result<(), Bad> {
        self.items.push(Item::Event(event.into()));
        Ok(())
    }

    /// Tells a part of a row, or sets it aside with its bytes.
    pub fn part(&mut self, raw: &RawValue, event: Result<Option<Event>, Bad>) {
        self.items.extend(event.transpose().map(|event| match event {
            Ok(event) => Item::Event(event),
            Err(bad) => Item::Bad { raw: raw.get().as_bytes().to_vec(), bad },
        }));
    }
}

type First = Box<dyn Fn(Option<Timestamp>, Timestamp) -> Request + Send + Sync>;
type Map = Box<dyn Fn(&RawValue, &mut Taken<'_>) -> Result<(), Bad> + Send + Sync>;

/// A list.
pub struct List {
    first: First,
    map: Map,
    name: Text,
    goes_on: GoesOn,
}

/// From where on a list is asked for.
#[derive(Clone, Copy)]
enum GoesOn {
    /// From its beginning.
    Not,
    /// From its last record, by this time of it.
    AfterLast(fn(&Event) -> Timestamp),
    /// From the poll before.
    SincePoll,
}

impl List {
    /// A list that is read again from its beginning each time. `first` asks for its first page at
    /// a time of the vendor's clock.
    pub fn whole(
        first: impl Fn(Timestamp) -> Request + Send + Sync + 'static,
        map: impl Fn(&RawValue, &mut Taken<'_>) -> Result<(), Bad> + Send + Sync + 'static,
    ) -> Self {
        let first = move |_, now| first(now);
        Self {
            first: Box::new(first),
            map: Box::new(map),
            name: Text::default(),
            goes_on: GoesOn::Not,
        }
    }

    /// A list that goes on from the time of its last record, which `first` is told. The cursor
    /// knows it by its name.
    pub fn growing(
        name: &str,
        first: impl Fn(Option<Timestamp>, Timestamp) -> Request + Send + Sync + 'static,
        map: impl Fn(&RawValue, &mut Taken<'_>) -> Result<(), Bad> + Send + Sync + 'static,
    ) -> Self {
        let goes_on = GoesOn::AfterLast(|event| event.head().event_time);
        Self { first: Box::new(first), map: Box::new(map), name: name.into(), goes_on }
    }

    /// The same by another time of its records.
    #[must_use]
    pub fn by(self, time: fn(&Event) -> Timestamp) -> Self {
        Self { goes_on: GoesOn::AfterLast(time), ..self }
    }

    /// The same from the time of the poll before, for lists whose records can change.
    #[must_use]
    pub fn since_poll(self) -> Self {
        Self { goes_on: GoesOn::SincePoll, ..self }
    }
}

/// What one source reads.
pub trait Listed: Send + Sync + 'static {
    /// Name of the component.
    const NAME: &'static str;
    /// Topics it publishes to.
    const PUBLISHES: &'static [&'static str];
    /// The vendor's `connection` and `authentication`.
    type System: Paged;
    /// Settings of the component.
    type Settings: Settings;

    /// Opens the connection, where it is not the same for all lists of the vendor.
    fn connect(
        system: &Self::System,
        host: &Host,
    ) -> impl Future<Output = Result<(Http, VendorClock)>> + Send {
        system.connect(host)
    }

    /// The lists, and the seconds to wait after the last one.
    fn lists(system: &Self::System, settings: Self::Settings) -> Result<(Vec<List>, u64)>;
}

/// A source of lists.
pub struct Lists<L: Listed> {
    http: Http,
    clock: VendorClock,
    lists: Vec<List>,
    pause: Duration,
    listed: PhantomData<L>,
}

/// The next page. It is for vendors whose pages do not expire, or say that they have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListCursor {
    list: usize,
    next: Option<String>,
    /// Name of the list that the next page is of.
    of: Text,
    /// From where on that list is asked for once its last page is read.
    then: Option<Timestamp>,
    reached: BTreeMap<Text, Timestamp>,
    known: Changes,
}

impl<L: Listed> Source for Lists<L> {
    const NAME: &'static str = L::NAME;
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = L::PUBLISHES;
    type System = L::System;
    type Settings = L::Settings;
    type Cursor = ListCursor;

    async fn connect(system: L::System, settings: L::Settings, host: Host) -> Result<Self> {
        let (lists, poll_secs) = L::lists(&system, settings)?;
        let (http, clock) = L::connect(&system, &host).await?;
        let pause = Duration::from_secs(poll_secs.max(1));
        Ok(Self { http, clock, lists, pause, listed: PhantomData })
    }

    async fn read(&mut self, cursor: &ListCursor) -> Result<Batch<ListCursor>> {
        let now = self.clock.now();
        let mut batch = Batch::up_to(cursor.clone());
        let Some(list) = self.lists.get(cursor.list) else { return Ok(self.turn(batch)) };
        let name = &list.name;
        let reached = cursor.reached.get(name).copied();
        // Settings may have changed since the page was announced.
        let next = cursor.next.as_deref().filter(|_| cursor.of == *name);
        let first = (list.first)(reached, now);
        let request = match next {
            Some(next) => L::System::follow(first, next),
            None => first,
        };
        // Where the list goes on once its last page is read.
        let mut then = cursor.then.filter(|_| next.is_some());
        if let (GoesOn::SincePoll, None) = (list.goes_on, next) {
            then = Some(now);
        }
        let answer = match L::System::fetch(&self.http, request).await {
            Err(Fault::Fatal(why)) if next.is_some() && L::System::is_gone(&why) => {
                batch.cursor.next = None;
                if let GoesOn::AfterLast(_) = list.goes_on {
                    batch.cursor.reach(name, then);
                }
                return Ok(batch.wait(ANEW));
            }
            answer => answer?,
        };
        let page = answer.as_ref().map(L::System::read).transpose()?.unwrap_or_default();
        if page.next.is_some() && page.next.as_deref() == next {
            return Err(Fault::retry(format!("a page of {} is its own next page", L::NAME)));
        }
        for row in page.rows {
            let known = &mut batch.cursor.known;
            let mut taken = Taken { now, known, items: &mut batch.items };
            if let Err(bad) = (list.map)(row, &mut taken) {
                batch.push_bad(row.get().as_bytes(), bad);
            }
        }
        if let GoesOn::AfterLast(time) = list.goes_on {
            then = then.max(latest(&batch.items, time));
        }
        (batch.cursor.next, batch.cursor.of, batch.cursor.then) = (page.next, name.clone(), then);
        if batch.cursor.next.is_some() {
            return Ok(batch);
        }
        batch.cursor.reach(name, then);
        Ok(self.turn(batch))
    }
}

impl ListCursor {
    fn reach(&mut self, name: &Text, then: Option<Timestamp>) {
        if let Some(then) = then {
            let reached = self.reached.entry(name.clone()).or_default();
            *reached = then.max(*reached);
        }
    }
}

impl<L: Listed> Lists<L> {
    /// Goes on to the next list, or after a pause to the first.
    fn turn(&self, mut batch: Batch<ListCursor>) -> Batch<ListCursor> {
        (batch.cursor.next, batch.cursor.then) = (None, None);
        batch.cursor.list += 1;
        if batch.cursor.list < self.lists.len() {
            return batch;
        }
        batch.cursor.list = 0;
        batch.wait(self.pause)
    }
}

fn latest(items: &[Item], time: fn(&Event) -> Timestamp) -> Option<Timestamp> {
    let times = items.iter().filter_map(|item| match item {
        Item::Event(event) => Some(time(event)),
        Item::Bad { .. } => None,
    });
    times.max()
}
