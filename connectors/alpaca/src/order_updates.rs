//! What becomes of orders. The stream tells it at once; the account's history tells it again
//! after every connect and from time to time, so that nothing depends on a stream without replay.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use component::{Bad, Batch, Clock, Fault, Feed, Host, OrBad, Result, Source};
use http::{Account, Accounts, Changes, Http, Request, Row};
use model::{Event, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use session::{Frame, Session, Step};

use crate::api::refused;
use crate::map::{self, Executions};
use crate::settings::{self, System};
use crate::wire;

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
    audit_every: Duration,
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
    executions: Executions,
}

impl Source for OrderUpdates {
    const NAME: &'static str = "alpaca_order_updates";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["orders.events", "orders.fills"];
    type System = System;
    type Settings = settings::OrderUpdates;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::OrderUpdates, host: Host) -> Result<Self> {
        let Account { http, clock: vendor, number: account } = system.account(&host).await?;
        let options = system.stream(&system.connection.trading_stream_url);
        let mut session = Session::open(&options).await?;
        let (key, secret) = system.login();
        let data = json!({"key_id": key, "secret_key": secret});
        session.send(json!({"action": "authenticate", "data": data}).to_string()).await?;
        session.expect(LOGIN, "login", |frame| judge(frame, "authorization")).await?;
        let data = json!({"streams": ["trade_updates"]});
        session.send(json!({"action": "listen", "data": data}).to_string()).await?;
        session.expect(LOGIN, "subscription", |frame| judge(frame, "listening")).await?;
        let lookback = Timestamp::from_secs(settings.lookback_secs.0 as i64);
        let every = match settings.audit_secs.0 {
            0 => Duration::MAX,
            secs => Duration::from_secs(secs),
        };
        Ok(Self {
            http,
            session,
            account,
            first: vendor.now().plus_nanos(-lookback.0),
            due: host.clock.now(),
            clock: host.clock,
            audit_every: every,
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
        let raw: &RawValue = serde_json::from_slice(raw).or_bad("")?;
        map::trade_update(&Row::of(raw), &Executions::default(), "")
    }
}

/// What a frame means while an answer on `stream` is waited for.
fn judge(frame: &Frame, stream: &str) -> Step<()> {
    let Ok(message) = serde_json::from_slice::<wire::OrderStream<'_>>(frame) else {
        return Step::Keep;
    };
    match message.stream {
        "authorization" => match Row::of(message.data).get(&["status"]) {
            Some("authorized") if stream == "authorization" => Step::Done(()),
            Some("authorized") => Step::Skip,
            other => Step::Refused(refused(other.unwrap_or_default())),
        },
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
            "trade_updates" => self.update(message.data, batch),
            "authorization" => return Err(refused("the session is not authorized any more")),
            "listening" => {}
            other => {
                let bad = Bad::new("stream", format!("unknown stream {other:?}"));
                batch.push_bad(frame, bad);
            }
        }
        Ok(())
    }

    fn update(&mut self, raw: &RawValue, batch: &mut Batch<Cursor>) {
        let update = Row::of(raw);
        match map::trade_update(&update, &batch.cursor.executions, &self.account) {
            Ok(events) => events.into_iter().for_each(|event| tell(event, batch)),
            Err(bad) => batch.push_bad(raw.get().as_bytes(), bad),
        }
        // Of an order of several legs, only the history tells what became of each.
        if update.inner("order").get(&["order_class"]) == Some("mleg") {
            self.due = self.clock.now();
        }
    }

    /// Everything since the cursor that the account's history knows.
    async fn recover(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let now = self.clock.now();
        let since = if cursor.at.0 == 0 { self.first } else { cursor.at.plus_nanos(-OVERLAP) };
        let mut orders = self.orders("open", None).await?;
        orders.extend(self.orders("all", Some(since)).await?);
        let fills = self.fills(since).await?;
        let names = |rows: &[Row], name| -> BTreeSet<Text> {
            rows.iter().filter_map(|row| row.text(name)).collect()
        };
        let (listed, filled) = (names(&orders, "id"), names(&fills, "order_id"));
        let ended = cursor.open.keys().filter(|id| !listed.contains(*id) && !filled.contains(*id));
        let mut wanted: Vec<&Text> = filled.difference(&listed).chain(ended).collect();
        let is_all = wanted.len() <= MAX_LOOK_UPS;
        wanted.truncate(MAX_LOOK_UPS.max(filled.len()));
        let mut unknown = Vec::new();
        for id in wanted {
            let answer = self.http.send(&Request::get("/v2/orders").segment(id)).await?;
            match answer.status {
                200 => orders.push(Row::of(answer.json()?)),
                404 => unknown.push(id),
                status => return Err(Fault::retry(format!("order {id} answered {status}"))),
            }
        }
        let mut batch = recovered(orders, fills, cursor, &self.account);
        unknown.into_iter().for_each(|id| batch.cursor.open.forget(id));
        // With more to look up, the next read goes on at once.
        let wait = if is_all { self.audit_every } else { Duration::ZERO };
        self.due = now.plus_nanos(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX));
        Ok(batch)
    }

    /// Orders, oldest first, submitted after a time.
    async fn orders(&self, status: &str, after: Option<Timestamp>) -> Result<Vec<Row>> {
        let request = |after: Option<Timestamp>| {
            Request::get("/v2/orders")
                .query(&[("status", status), ("direction", "asc")])
                .query(&[("limit", "500"), ("nested", "false")])
                .maybe("after", after.map(|after| after.to_string()).as_deref())
        };
        let next = |last: &Row| {
            let submitted = last.time(&["submitted_at"])?.or_bad("submitted_at")?;
            // Orders of the same moment may be on both sides of the edge.
            Ok(request(Some(submitted.plus_nanos(-1))))
        };
        self.http.rows(request(after), ORDERS_A_PAGE, next).await
    }

    /// Fills, oldest first, after a time.
    async fn fills(&self, after: Timestamp) -> Result<Vec<Row>> {
        let after = after.to_string();
        let request = |token: &str| {
            Request::get("/v2/account/activities/FILL")
                .query(&[("after", &after), ("direction", "asc"), ("page_size", "100")])
                .maybe("page_token", Some(token))
        };
        self.http.rows(request(""), FILLS_A_PAGE, |last| last.need(&["id"]).map(request)).await
    }
}

/// Fills and changed orders, in the order of their times.
fn recovered(orders: Vec<Row>, fills: Vec<Row>, cursor: &Cursor, account: &str) -> Batch<Cursor> {
    let mut batch = Batch::up_to(cursor.clone());
    let id = |order: &Row| order.text("id").unwrap_or_else(|| Text::from(&order.raw));
    let orders: BTreeMap<Text, Row> = orders.into_iter().map(|order| (id(&order), order)).collect();
    let mut events: Vec<Event> = Vec::new();
    let mut take = |row: &Row, told: Result<Vec<Event>, Bad>| match told {
        Ok(told) => events.extend(told),
        Err(bad) => batch.push_bad(row.raw.as_bytes(), bad),
    };
    for fill in &fills {
        let order = fill.get(&["order_id"]).and_then(|id| orders.get(id)).or_bad("order_id");
        take(fill, order.and_then(|order| map::fill_activity(fill, order, account)));
    }
    for order in orders.values() {
        take(order, map::order_status(order, account).map(|event| vec![event.into()]));
    }
    events.sort_by_key(|event| event.head().event_time);
    let mut seen = HashSet::new();
    for event in events.into_iter().filter(|event| seen.insert(event.head().event_id)) {
        tell(event, &mut batch);
    }
    batch
}

/// Adds an event unless it is what was last told of its order.
fn tell(event: Event, batch: &mut Batch<Cursor>) {
    let cursor = &mut batch.cursor;
    cursor.at = cursor.at.max(event.head().event_time);
    match &event {
        Event::Fill(fill) => cursor.executions.note(fill),
        Event::OrderEvent(event) => {
            let id = event.broker_order_id.as_deref().unwrap_or_default();
            let is_news = cursor.open.note(id, event.head.event_id).is_some();
            if map::is_last(event.kind) {
                cursor.open.forget(id);
            }
            if !is_news {
                return;
            }
        }
        _ => {}
    }
    batch.push(event);
}
