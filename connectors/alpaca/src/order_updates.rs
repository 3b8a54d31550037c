//! What becomes of orders. The stream tells it at once; the account's history tells it again
//! after every connect and from time to time, so that nothing depends on a stream without replay.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use component::{Bad, Batch, Clock, Fault, Feed, Host, Item, OrBad, Result, Source};
use http::{Answer, Changes, Http, Request, decode};
use model::{Event, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use session::{Frame, Session, Step};

use crate::api::{VendorClock, account_number, refused};
use crate::settings::{self, System};
use crate::{map, wire};

const LOGIN: Duration = Duration::from_secs(10);
/// Orders and fills this long before the last known ones are read again.
const OVERLAP: i64 = 60_000_000_000;
const ORDERS_A_PAGE: usize = 500;
const FILLS_A_PAGE: usize = 100;
/// Orders that are looked up one by one in one go: a night can end thousands.
const MAX_LOOK_UPS: usize = 50;
/// Frames that make one batch at most.
const MAX_FRAMES: usize = 256;

/// Order events and fills as they happen.
pub struct OrderUpdates {
    http: Http,
    session: Session,
    clock: Clock,
    account: Text,
    /// Where the very first start begins.
    first: Timestamp,
    audit_every: Option<Duration>,
    /// When the account's history is read next.
    due: Timestamp,
}

/// What has been told so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Time of the latest event.
    at: Timestamp,
    /// Orders that are not over, by Alpaca's id, and what was last told of them.
    open: Changes,
}

impl Source for OrderUpdates {
    const NAME: &'static str = "alpaca_order_updates";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["orders.events", "orders.fills"];
    type System = System;
    type Settings = settings::OrderUpdates;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::OrderUpdates, host: Host) -> Result<Self> {
        let http = system.trading(&host)?;
        let account = account_number(&http).await?;
        let vendor = VendorClock::read(&http, &host.clock).await?;
        let options = system.stream(&system.connection.trading_stream_url);
        let mut session = Session::open(&options).await?;
        let (key, secret) = system.login();
        let data = json!({"key_id": key, "secret_key": secret});
        session.send(json!({"action": "authenticate", "data": data}).to_string()).await?;
        session.expect(LOGIN, "login", |frame| judge(frame, "authorization")).await?;
        let data = json!({"streams": ["trade_updates"]});
        session.send(json!({"action": "listen", "data": data}).to_string()).await?;
        session.expect(LOGIN, "subscription", |frame| judge(frame, "listening")).await?;
        let lookback = Timestamp::from_secs(settings.lookback_secs as i64);
        Ok(Self {
            http,
            session,
            account,
            first: vendor.now(&host.clock).plus_nanos(-lookback.0),
            due: host.clock.now(),
            clock: host.clock,
            audit_every: (settings.audit_secs > 0)
                .then(|| Duration::from_secs(settings.audit_secs)),
        })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        loop {
            let now = self.clock.now();
            if now >= self.due {
                return self.recover(cursor).await;
            }
            let wait = Duration::from_nanos(self.due.since(now).unsigned_abs());
            let Some(frame) = self.session.next_frame_within(wait).await? else { continue };
            let mut batch = Batch::up_to(cursor.clone());
            self.take(&frame, &mut batch)?;
            for _ in 1..MAX_FRAMES {
                // A stream that has ended says so again at the next read.
                let Ok(Some(frame)) = self.session.ready_frame() else { break };
                self.take(&frame, &mut batch)?;
            }
            if !batch.items.is_empty() {
                return Ok(batch);
            }
        }
    }

    fn redrive(raw: &[u8]) -> Result<Vec<Event>, Bad> {
        map::trade_update(serde_json::from_slice(raw).or_bad("")?, "")
    }
}

/// What a frame means while an answer on `stream` is waited for.
fn judge(frame: &Frame, stream: &str) -> Step<()> {
    let Ok(message) = serde_json::from_slice::<wire::OrderStream<'_>>(frame) else {
        return Step::Keep;
    };
    match message.stream {
        "authorization" => {
            let answer = decode::<wire::Authorization<'_>>(message.data);
            match answer.ok().and_then(|answer| answer.status) {
                Some("authorized") if stream == "authorization" => Step::Done(()),
                Some("authorized") => Step::Skip,
                other => Step::Refused(refused(other.unwrap_or_default())),
            }
        }
        "listening" if message.data.get().contains("trade_updates") => Step::Done(()),
        "listening" => Step::Refused(Fault::fatal("alpaca has no stream \"trade_updates\"")),
        _ => Step::Keep,
    }
}

impl OrderUpdates {
    /// Adds what a frame says.
    fn take(&mut self, frame: &Frame, batch: &mut Batch<Cursor>) -> Result<()> {
        let message = frame.whole().and_then(|whole| serde_json::from_slice(whole).or_bad(""));
        let message: wire::OrderStream<'_> = match message {
            Ok(message) => message,
            Err(bad) => {
                batch.push_bad(frame, bad);
                // What it said is in the account's history.
                self.due = self.clock.now();
                return Ok(());
            }
        };
        match message.stream {
            "trade_updates" => match map::trade_update(message.data, &self.account) {
                Ok(events) => events.into_iter().for_each(|event| tell(event, batch)),
                Err(bad) => batch.push_bad(message.data.get().as_bytes(), bad),
            },
            "authorization" => return Err(refused("the session is not authorized any more")),
            "listening" => {}
            other => {
                let bad = Bad::new("stream", format!("unknown stream {other:?}"));
                batch.push_bad(frame, bad);
            }
        }
        Ok(())
    }

    /// Everything since the cursor that the account's history knows.
    async fn recover(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let now = self.clock.now();
        let since = if cursor.at.0 == 0 { self.first } else { cursor.at.plus_nanos(-OVERLAP) };
        let mut answers = self.orders("open", None).await?;
        answers.extend(self.orders("all", Some(since)).await?);
        let fills = self.fills(since).await?;
        let listed = ids(&answers, |row| Some(row.id))?;
        let filled = ids(&fills, |row| row.order_id)?;
        let ended = cursor.open.keys().filter(|id| !listed.contains(*id) && !filled.contains(*id));
        let mut wanted: Vec<&Text> = filled.difference(&listed).chain(ended).collect();
        let is_all = wanted.len() <= MAX_LOOK_UPS;
        wanted.truncate(MAX_LOOK_UPS.max(filled.len()));
        let mut unknown = Vec::new();
        for id in wanted {
            let answer = self.http.send(&Request::get("/v2/orders").segment(id)).await?;
            match answer.status {
                200 => answers.push(answer),
                404 => unknown.push(id),
                status => return Err(Fault::retry(format!("order {id} answered {status}"))),
            }
        }
        let mut batch = recovered(&answers, &fills, cursor, &self.account)?;
        unknown.into_iter().for_each(|id| batch.cursor.open.forget(id));
        // With more to look up, the next read goes on at once.
        let wait = self.audit_every.unwrap_or(Duration::MAX);
        let wait = if is_all { i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX) } else { 0 };
        self.due = now.plus_nanos(wait);
        Ok(batch)
    }

    /// Orders, oldest first, submitted after a time.
    async fn orders(&self, status: &str, after: Option<Timestamp>) -> Result<Vec<Answer>> {
        let request = |after: Option<Timestamp>| {
            Request::get("/v2/orders")
                .query(&[("status", status), ("direction", "asc")])
                .query(&[("limit", "500"), ("nested", "false")])
                .maybe("after", after.map(|after| after.to_string()).as_deref())
        };
        let next = |answer: &Answer| {
            let list: Vec<&RawValue> = answer.json()?;
            let Some(last) = list.last().filter(|_| list.len() >= ORDERS_A_PAGE) else {
                return Ok(None);
            };
            let last: wire::Row = decode(last).map_err(Fault::retry)?;
            let submitted = last.submitted_at.unwrap_or_default();
            let submitted: Timestamp = submitted.parse().map_err(Fault::retry)?;
            // Orders of the same moment may be on both sides of the edge.
            Ok(Some(request(Some(submitted.plus_nanos(-1)))))
        };
        self.http.pages(request(after), next).await
    }

    /// Fills, oldest first, after a time.
    async fn fills(&self, after: Timestamp) -> Result<Vec<Answer>> {
        let after = after.to_string();
        let request = |token: &str| {
            Request::get("/v2/account/activities/FILL")
                .query(&[("after", &after), ("direction", "asc"), ("page_size", "100")])
                .maybe("page_token", Some(token))
        };
        let next = |answer: &Answer| {
            let list: Vec<&RawValue> = answer.json()?;
            let Some(last) = list.last().filter(|_| list.len() >= FILLS_A_PAGE) else {
                return Ok(None);
            };
            let last: wire::Row = decode(last).map_err(Fault::retry)?;
            Ok(Some(request(&last.id)))
        };
        self.http.pages(request(""), next).await
    }
}

/// The raw rows of answers: lists or single ones.
fn rows(answers: &[Answer]) -> Result<Vec<&RawValue>> {
    let mut rows = Vec::new();
    for answer in answers {
        if answer.body.trim_ascii_start().starts_with(b"[") {
            rows.extend(answer.json::<Vec<&RawValue>>()?);
        } else {
            rows.push(answer.json()?);
        }
    }
    Ok(rows)
}

/// The id that each row has in one of its fields.
fn ids(answers: &[Answer], field: fn(wire::Row) -> Option<Text>) -> Result<HashSet<Text>> {
    let row = |raw| decode::<wire::Row>(raw).ok().and_then(field);
    Ok(rows(answers)?.into_iter().filter_map(row).collect())
}

/// Fills and changed orders, in the order of their times.
fn recovered(
    answers: &[Answer],
    fills: &[Answer],
    cursor: &Cursor,
    account: &str,
) -> Result<Batch<Cursor>> {
    let mut batch = Batch::up_to(cursor.clone());
    let mut orders: BTreeMap<Text, (&RawValue, wire::Order<'_>)> = BTreeMap::new();
    for raw in rows(answers)? {
        match decode::<wire::Order<'_>>(raw) {
            Ok(order) => drop(orders.insert(order.id.clone(), (raw, order))),
            Err(bad) => batch.push_bad(raw.get().as_bytes(), bad),
        }
    }
    let mut events: Vec<Event> = Vec::new();
    for raw in rows(fills)? {
        let mapped = decode::<wire::FillActivity<'_>>(raw).and_then(|fill| {
            let (_, order) = orders.get(&fill.order_id).or_bad("order_id")?;
            map::fill_activity(&fill, order, account)
        });
        match mapped {
            Ok(told) => events.extend(told),
            Err(bad) => batch.push_bad(raw.get().as_bytes(), bad),
        }
    }
    for (raw, order) in orders.values() {
        match map::order_status(order, account) {
            Ok(event) => events.push(event.into()),
            Err(bad) => batch.push_bad(raw.get().as_bytes(), bad),
        }
    }
    events.sort_by_key(|event| event.head().event_time);
    let mut seen = HashSet::new();
    for event in events.into_iter().filter(|event| seen.insert(event.head().event_id)) {
        tell(event, &mut batch);
    }
    Ok(batch)
}

/// Adds an event unless it is what was last told of its order.
fn tell(event: Event, batch: &mut Batch<Cursor>) {
    let cursor = &mut batch.cursor;
    cursor.at = cursor.at.max(event.head().event_time);
    if let Event::OrderEvent(event) = &event
        && let Some(id) = &event.broker_order_id
    {
        let is_news = cursor.open.note(id, event.head.event_id).is_some();
        if map::is_last(event.kind) {
            cursor.open.forget(id);
        }
        if !is_news {
            return;
        }
    }
    batch.items.push(Item::Event(event));
}
