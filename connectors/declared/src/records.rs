//! The source: reads lists page by page, each when it is due.

use std::collections::BTreeMap;
use std::time::Duration;

use component::{Bad, Batch, Clock, Fault, Feed, Host, Item, OrBad, Result, Row, Source};
use http::{Answer, Http, Json, Rate, Request, items, text_at};
use model::{Decimal, Event, EventId, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use crate::map;
use crate::paging;
use crate::plan::{Order, Plan};
use crate::settings::{RecordsSettings, RefusalKind, System};

/// What items may become; the first is the usual one.
pub(crate) const KINDS: &[&str] = &[
    "AlternativeRecord",
    "Bar",
    "CorporateAction",
    "Fundamental",
    "Instrument",
    "NewsItem",
    "Quote",
    "Trade",
];
const CREDENTIALS: &str = "authentication.credentials";
/// More pages than this are an endless list.
const MAX_PAGES: u32 = 100_000;
/// Items of a feed that are remembered from poll to poll: the cursor is saved with every page.
/// Of the others the runtime still knows the last ones.
const MAX_KNOWN: usize = 5_000;
/// Letters of an id that tell items apart: one in a billion lists has two alike.
const SHORT: usize = 12;
/// A whole list in one answer.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
const SECOND: i64 = 1_000_000_000;

/// Reads lists as they are declared.
pub struct Records {
    http: Http,
    base: Url,
    clock: Clock,
    system: String,
    plans: Vec<Plan>,
    /// The parameter that holds the key, if one does.
    secret: Option<String>,
}

/// Where each feed stands, by its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(BTreeMap<Text, Mark>);

/// Where one feed stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Mark {
    /// When it was last read to its end.
    at: Timestamp,
    /// The page to ask for, in the middle of the list.
    next: Option<String>,
    /// Pages read of it.
    pages: u32,
    /// Set when the list was begun again because an announced page was gone.
    is_second_try: bool,
    /// What to resume after, and what to resume after once this reading is done.
    since: Option<String>,
    best: Option<String>,
    /// Items of the last reading, and of this one.
    known: Known,
    fresh: Known,
}

/// Items by what they are known by: their contents, and how often those have changed.
type Known = BTreeMap<Text, (Text, u32)>;

impl Source for Records {
    const NAME: &'static str = "declared_records";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &[
        "alternative.records",
        "market.bars",
        "market.quotes",
        "market.trades",
        "news.items",
        "reference.corporate_actions",
        "reference.fundamentals",
        "reference.instruments",
    ];
    type System = System;
    type Settings = RecordsSettings;
    type Cursor = Cursor;

    async fn connect(system: System, settings: RecordsSettings, host: Host) -> Result<Self> {
        let connection = &system.connection;
        let auth = system.authentication.open(&host, connection.insecure)?;
        let secret = system.authentication.query_key().map(str::to_owned);
        let rate = Rate::UNLIMITED; // whoever declares the source knows its limits: `throttling`
        let http = Http::open(&host, &connection.base_url, connection.insecure, auth, rate)?;
        let plans = plans(&settings).map_err(Fault::Fatal)?;
        if let Some(path) = &connection.probe {
            http.fetch(&Request::get(path)).await?;
        }
        let (base, clock) = (connection.base_url.clone(), host.clock.clone());
        Ok(Self { http, base, clock, system: host.system.to_string(), plans, secret })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let mut batch = Batch::up_to(cursor.clone());
        batch.cursor.0.retain(|name, _| self.plans.iter().any(|plan| *name == plan.name));
        if let Some(plan) = self.due(cursor, self.clock.now()) {
            let mut mark = cursor.of(plan);
            let read = self.read_page(plan, &mut mark).await;
            batch.items = read.map_err(|fault| about(&plan.name, fault))?;
            batch.cursor.0.insert(plan.name.as_str().into(), mark);
        }
        let wait = self.wait(&batch.cursor, self.clock.now());
        Ok(batch.wait(wait))
    }

    fn afresh(mut cursor: Cursor) -> Cursor {
        cursor.0.values_mut().for_each(|mark| mark.at = Timestamp::default());
        cursor
    }

    fn publishes(settings: &RecordsSettings) -> Vec<&'static str> {
        settings.feeds.values().map(|feed| feed.event.0.topic).collect()
    }

    fn redrive(_: &[u8]) -> Result<Vec<Event>, Bad> {
        Err(Bad::new("", "name the topology, which says what items mean: --topology"))
    }

    fn redrive_with(settings: RecordsSettings, host: &Host, raw: &[u8]) -> Result<Vec<Event>, Bad> {
        let plans = plans(&settings).map_err(|reason| Bad::new("", reason))?;
        let raw: &RawValue = serde_json::from_slice(raw).or_bad("")?;
        let json = Json::read(raw).or_bad("")?;
        let item = map::Item { json: &json, key: None };
        let read = |plan: &Plan| map::event(plan, &item, &host.system, host.clock.now());
        let all = plans.iter().map(|plan| read(plan).map(|(event, _)| event));
        let (mut read, mut bad) = (Vec::new(), Bad::new("", "there are no feeds"));
        for result in all {
            match result {
                Ok(event) => read.push(event),
                Err(reason) => bad = reason,
            }
        }
        // An item does not say which feed it came from.
        match read.len() {
            0 => Err(bad),
            1 => Ok(read),
            count => Err(Bad::new("", format!("{count} feeds could have it"))),
        }
    }
}

fn plans(settings: &RecordsSettings) -> std::result::Result<Vec<Plan>, String> {
    settings.feeds.iter().map(|(name, feed)| Plan::new(name, feed)).collect()
}

impl Cursor {
    fn of(&self, plan: &Plan) -> Mark {
        self.0.get(plan.name.as_str()).cloned().unwrap_or_default()
    }
}

impl Records {
    /// How long each feed has still to wait; one in the middle of its list has not.
    fn waits(&self, cursor: &Cursor, now: Timestamp) -> impl Iterator<Item = (i64, &Plan)> {
        self.plans.iter().map(move |plan| {
            let mark = cursor.of(plan);
            let pause = i64::try_from(plan.settings.poll_secs.max(1)).unwrap_or(i64::MAX);
            let pause = pause.saturating_mul(SECOND);
            let wait = mark.at.plus_nanos(pause).since(now).min(pause);
            (if mark.next.is_some() || mark.at.0 == 0 { 0 } else { wait }, plan)
        })
    }

    /// Of the feeds that are due, one in the middle of its list, or the one that waited longest.
    fn due(&self, cursor: &Cursor, now: Timestamp) -> Option<&Plan> {
        let due = self.waits(cursor, now).filter(|(wait, _)| *wait <= 0).map(|(_, plan)| plan);
        due.min_by_key(|plan| {
            let mark = cursor.of(plan);
            (mark.next.is_none(), mark.at)
        })
    }

    fn wait(&self, cursor: &Cursor, now: Timestamp) -> Duration {
        let wait = self.waits(cursor, now).map(|(wait, _)| wait).min().unwrap_or(SECOND);
        Duration::from_nanos(wait.max(0).unsigned_abs())
    }

    /// One page of a feed.
    async fn read_page(&self, plan: &Plan, mark: &mut Mark) -> Result<Vec<Item>> {
        let since = mark.since.as_deref().map(|since| parameter(plan, since)).transpose()?;
        let asked = mark.next.clone();
        let secret = self.secret.as_deref();
        let request = paging::request(plan, since.as_deref(), asked.as_deref(), secret);
        let answer = match self.http.fetch(&request.max_body_bytes(MAX_BODY_BYTES)).await {
            Ok(answer) => answer,
            // A page that was announced is no longer there: the list is begun again, once.
            Err(Fault::Fatal(_)) if asked.is_some() && !mark.is_second_try => {
                *mark = Mark { next: None, pages: 0, is_second_try: true, ..mark.clone() };
                return Ok(Vec::new());
            }
            Err(fault) => return Err(fault),
        };
        let body: &RawValue = answer.json()?;
        refusal(plan, &answer, body)?;
        let broken = |why: String| Fault::retry(format!("{why}: {}", answer.excerpt()));
        let rows = items(body, &plan.settings.items).map_err(broken)?;
        if rows.is_none() && !plan.settings.may_be_missing {
            return Err(broken(format!("there are no items at {:?}", plan.settings.items)));
        }
        let rows = rows.unwrap_or_default();
        let after = (&answer, body);
        let next = paging::after(plan, after, rows.len(), asked.as_deref(), &self.base)?;
        let items = rows.into_iter().filter_map(|row| self.take(plan, mark, row)).collect();
        mark.pages += 1;
        if next.is_some() && mark.pages >= MAX_PAGES {
            return Err(Fault::fatal(format!("the list has no end after {MAX_PAGES} pages")));
        }
        mark.next = next;
        if mark.next.is_none() {
            mark.turn(self.clock.now());
        }
        Ok(items)
    }

    /// What is new of a row.
    fn take(&self, plan: &Plan, mark: &mut Mark, (key, raw): http::Item<'_>) -> Option<Item> {
        let read = Json::read(raw).map_err(|why| Bad::new("", why)).and_then(|json| {
            let item = map::Item { json: &json, key: key.as_deref() };
            if let Some(growing) = &plan.settings.cursor
                && let Some(value) = item.text(&growing.field)?
            {
                mark.reach(&plan.order, value).map_err(|why| Bad::new(&growing.field, why))?;
            }
            map::event(plan, &item, &self.system, self.clock.now())
        });
        match read {
            Ok((mut event, known_by)) => {
                let contents = event.head().event_id;
                let changes = mark.note(known_by, contents)?;
                if changes > 0 {
                    let id = EventId::of(&[&contents.to_string(), &changes.to_string()]);
                    event.head_mut().event_id = id;
                }
                Some(Item::Event(event))
            }
            Err(bad) => {
                let id = EventId::of(&[raw.get()]);
                mark.note(id, id)?;
                let bad = Bad { reason: format!("{} (feed {})", bad.reason, plan.name), ..bad };
                Some(Item::Bad { raw: raw.get().as_bytes().to_vec(), bad })
            }
        }
    }
}

impl Mark {
    /// Notes an item; says how often it has changed if this is new.
    fn note(&mut self, known_by: EventId, contents: EventId) -> Option<u32> {
        let (key, contents) = (short(known_by), short(contents));
        let before = self.fresh.get(&key).or_else(|| self.known.get(&key)).cloned();
        let (is_new, changes) = match before {
            None => (true, 0),
            Some((known, changes)) if known == contents => (false, changes),
            Some((_, changes)) => (true, changes + 1),
        };
        if self.fresh.len() < MAX_KNOWN || self.fresh.contains_key(&key) {
            self.fresh.insert(key, (contents, changes));
        }
        is_new.then_some(changes)
    }

    /// Notes how far the items have come.
    fn reach(&mut self, order: &Order, value: &str) -> std::result::Result<(), String> {
        let rank = |text: &str| -> std::result::Result<(Decimal, String), String> {
            Ok(match order {
                Order::Text => (Decimal::ZERO, text.to_owned()),
                Order::Number => {
                    (model::money(text).map_err(|error| error.to_string())?, String::new())
                }
                Order::Time(format) => (Decimal::from(format.read(text)?.0), String::new()),
            })
        };
        let own = rank(value)?;
        let best = self.best.as_deref().or(self.since.as_deref());
        if best.is_none_or(|best| rank(best).is_ok_and(|best| best < own)) {
            self.best = Some(value.to_owned());
        }
        Ok(())
    }

    /// The list is read to its end.
    fn turn(&mut self, now: Timestamp) {
        self.at = now;
        self.pages = 0;
        self.is_second_try = false;
        if self.best.is_some() {
            self.since = self.best.take();
        }
        self.known = std::mem::take(&mut self.fresh);
    }
}

fn short(id: EventId) -> Text {
    id.to_string()[..SHORT].into()
}

/// What to resume after, as the parameter wants it.
fn parameter(plan: &Plan, since: &str) -> Result<String> {
    let (Some(format), Order::Time(own)) = (&plan.parameter, &plan.order) else {
        return Ok(since.to_owned());
    };
    own.read(since).and_then(|time| format.write(time)).map_err(Fault::Fatal)
}

/// The fault that an answer stands for that looks like a success.
fn refusal(plan: &Plan, answer: &Answer, body: &RawValue) -> Result<()> {
    for refusal in &plan.settings.refusals {
        let Ok(Some(text)) = text_at(body, &refusal.field) else { continue };
        let wanted = refusal.contains.as_deref().unwrap_or_default().to_lowercase();
        if !text.to_lowercase().contains(&wanted) {
            continue;
        }
        let reason = answer.excerpt();
        return Err(match refusal.fault {
            RefusalKind::Retry => Fault::Retry(reason),
            RefusalKind::Throttled => {
                Fault::Throttled { wait: Duration::from_secs(refusal.wait_secs), reason }
            }
            RefusalKind::Unauthorized => Fault::unauthorized(reason, CREDENTIALS),
            RefusalKind::Fatal => Fault::Fatal(reason),
        });
    }
    Ok(())
}

fn about(feed: &str, fault: Fault) -> Fault {
    match fault {
        Fault::Retry(reason) => Fault::Retry(format!("feed {feed}: {reason}")),
        Fault::Fatal(reason) => Fault::Fatal(format!("feed {feed}: {reason}")),
        other => other,
    }
}
