//! What becomes of orders, and their fills. TWS pushes both only to the client that placed an
//! order and to its master client: so its lists are read again all the time, and what is pushed
//! merely comes sooner.

use std::collections::{BTreeMap, HashMap, HashSet};

use component::{Bad, Batch, Feed, Host, Item, OrBad, Result, Source};
use model::{Decimal, EventId, Fill, FillKind, OrderEventKind, Text, Timestamp, money};
use serde::{Deserialize, Serialize};
use session::Frame;
use tracing::warn;

use crate::map::{self, Placed};
use crate::question::Question;
use crate::settings::{self, System};
use crate::tws::{Refusal, Tws};
use crate::wire::{self, Fields, Out};

const OFFSET: i32 = 400;
/// Messages that make one batch at most.
const MAX_FRAMES: usize = 256;
/// Executions are remembered so long: TWS lists those of a week at most, mostly of a day.
const REMEMBERED_DAYS: i32 = 8;
/// Polls between two looks at the completed orders when nothing makes us look earlier.
const COMPLETED_EVERY: u32 = 30;

/// Order events and fills as they happen.
pub struct OrderUpdates {
    tws: Tws,
    question: Question,
    account: Option<String>,
    commission_wait: i64,
    /// Orders that are not over, by the broker's id.
    orders: BTreeMap<Text, Placed>,
    /// The broker's ids by client and order id.
    ids: HashMap<(i64, i64), Text>,
    /// How much of an order is filled and at which average price, by its executions.
    filled: HashMap<Text, (Decimal, Option<Decimal>)>,
    /// Orders that ended on this connection.
    ended: HashSet<Text>,
    /// Executions that wait for their commission, since when.
    waiting: Vec<(Fill, Timestamp)>,
    commissions: HashMap<Text, (Decimal, Text)>,
    /// Orders in the list of open ones that is being read.
    listed: HashSet<Text>,
    wants_completed: bool,
    polls: u32,
    /// Lists that are still to come.
    missing: Vec<u32>,
}

/// What has been told so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Orders that are not over, by the broker's id.
    orders: BTreeMap<Text, Told>,
    /// Executions of the last days, by their id without the number of its correction.
    fills: BTreeMap<Text, Executed>,
}

/// What was last told of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    kind: OrderEventKind,
    filled: Option<Decimal>,
    ordered: [Option<Decimal>; 3],
    count: u32,
}

/// What was last told of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Executed {
    id: Text,
    revision: u32,
    commission: Option<Decimal>,
    day: i32,
}

impl Source for OrderUpdates {
    const NAME: &'static str = "interactive_brokers_order_updates";
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = &["orders.events", "orders.fills"];
    type System = System;
    type Settings = settings::OrderUpdates;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::OrderUpdates, host: Host) -> Result<Self> {
        let wait = i64::try_from(settings.commission_secs).unwrap_or(i64::MAX);
        Ok(Self {
            tws: Tws::connect(&system, &host, settings.client_id, OFFSET).await?,
            question: Question::new(settings.poll_secs),
            account: system.connection.account,
            commission_wait: wait.saturating_mul(1_000_000_000),
            orders: BTreeMap::new(),
            ids: HashMap::new(),
            filled: HashMap::new(),
            ended: HashSet::new(),
            waiting: Vec::new(),
            commissions: HashMap::new(),
            listed: HashSet::new(),
            wants_completed: true,
            polls: 0,
            missing: Vec::new(),
        })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        loop {
            let frame = self.question.next(&mut self.tws).await?;
            // From here on nothing is awaited: what is taken in is told.
            let mut batch = Batch::up_to(cursor.clone());
            match frame {
                None => self.ask()?,
                Some(frame) => self.take(&frame, &mut batch)?,
            }
            for _ in 0..MAX_FRAMES {
                let Some(frame) = self.tws.ready()? else { break };
                self.take(&frame, &mut batch)?;
            }
            self.settle(&mut batch);
            if !batch.items.is_empty() {
                return Ok(batch);
            }
        }
    }
}

impl OrderUpdates {
    /// Asks for everything that can have changed. Executions come first: they tell at which price.
    fn ask(&mut self) -> Result<()> {
        let id = self.tws.request_id();
        self.tws.queue(Out::new(7).with(3).with(id).with(0).empty(6))?;
        self.tws.queue(Out::new(16).with(1))?;
        self.missing = vec![wire::EXECUTION_END, wire::OPEN_ORDER_END];
        self.polls += 1;
        if self.wants_completed || self.polls >= COMPLETED_EVERY {
            self.ask_completed()?;
        }
        self.listed.clear();
        // They come again with the executions.
        self.commissions.clear();
        self.question.asked(&self.tws);
        Ok(())
    }

    fn ask_completed(&mut self) -> Result<()> {
        self.tws.queue(Out::new(99).with(0))?;
        self.missing.push(wire::COMPLETED_ORDERS_END);
        (self.wants_completed, self.polls) = (false, 0);
        Ok(())
    }

    /// Takes a message in.
    fn take(&mut self, frame: &Frame, batch: &mut Batch<Cursor>) -> Result<()> {
        let text = String::from_utf8_lossy(frame);
        let version = self.tws.state.version;
        let is_error = wire::id_of(frame) == Some(wire::ERROR);
        // Only words may be in any encoding.
        let bytes: &[u8] = if is_error { text.as_bytes() } else { frame };
        let taken = match Fields::read(bytes, version) {
            Ok(Some(fields)) => match fields.id {
                wire::OPEN_ORDER => self.open(&fields, batch),
                wire::ORDER_STATUS => self.status(&fields, batch),
                wire::COMPLETED_ORDER => self.completed(&fields, batch),
                wire::EXECUTION => self.execution(&fields, batch),
                wire::COMMISSION_REPORT => self.commission(&fields, batch),
                wire::ERROR => self.refusal(&Refusal::of(&fields), batch),
                end @ (wire::EXECUTION_END | wire::OPEN_ORDER_END | wire::COMPLETED_ORDERS_END) => {
                    return self.end(end, &batch.cursor);
                }
                _ => Ok(()),
            },
            Ok(None) => Ok(()),
            Err(bad) => Err(bad),
        };
        if let Err(bad) = taken
            && self.question.doubt(&self.tws, frame)
        {
            // What it said is in one of the lists.
            self.wants_completed = true;
            batch.push_bad(frame, bad);
        }
        Ok(())
    }

    /// A list has come to its end.
    fn end(&mut self, end: u32, cursor: &Cursor) -> Result<()> {
        self.missing.retain(|missing| *missing != end);
        let is_gone = |id: &Text| !self.listed.contains(id);
        if end == wire::OPEN_ORDER_END
            && cursor.orders.keys().any(is_gone)
            && !self.missing.contains(&wire::COMPLETED_ORDERS_END)
        {
            self.wants_completed = true;
        }
        if self.missing.is_empty() {
            // What ended, or was never open for us to see, is among the completed orders.
            match self.wants_completed {
                true => self.ask_completed()?,
                false => self.question.answered(&self.tws),
            }
        }
        Ok(())
    }

    fn is_other(&self, account: &str) -> bool {
        self.account.as_deref().is_some_and(|ours| ours != account)
    }

    fn open(&mut self, fields: &Fields<'_>, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        if self.is_other(fields.text("account")) || fields.text("whatIf") == "1" {
            return Ok(());
        }
        let placed = Placed::open(fields)?;
        let id = placed.perm_id.clone();
        if id.is_empty() {
            // The broker has not taken it yet; there will be another message.
            return Ok(());
        }
        self.listed.insert(id.clone());
        self.ids.insert((placed.client_id, placed.order_id), id.clone());
        self.renew(placed, batch)
    }

    fn completed(&mut self, fields: &Fields<'_>, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        if self.is_other(fields.text("account")) {
            return Ok(());
        }
        let placed = Placed::completed(fields, &self.tws.state.zone)?;
        if placed.perm_id.is_empty() {
            return Err(Bad::new("permId", "missing"));
        }
        self.renew(placed, batch)
    }

    /// Takes what an order says now, and tells what is news.
    fn renew(&mut self, placed: Placed, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        let id = placed.perm_id.clone();
        if self.ended.contains(&id) {
            return Ok(());
        }
        match self.orders.get_mut(&id) {
            Some(known) => known.renew(placed),
            None => drop(self.orders.insert(id.clone(), placed)),
        }
        self.tell(&id, batch)
    }

    fn status(&mut self, fields: &Fields<'_>, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        let key = (fields.int("clientId")?, fields.int("orderId")?);
        let named = fields.value("permId").filter(|id| *id != "0").map(Text::from);
        let Some(id) = named.or_else(|| self.ids.get(&key).cloned()) else { return Ok(()) };
        if self.ended.contains(&id) {
            return Ok(());
        }
        let Some(placed) = self.orders.get_mut(&id) else {
            // Its terms are on the list.
            self.question.hasten(&self.tws);
            return Ok(());
        };
        placed.update(fields)?;
        self.tell(&id, batch)
    }

    /// An error with the id of an order that this very client placed, such as a master client.
    fn refusal(&mut self, refusal: &Refusal<'_>, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        let key = (i64::from(self.tws.client_id), refusal.id);
        let Some(id) = self.ids.get(&key).cloned() else { return Ok(()) };
        let Some(placed) = self.orders.get_mut(&id) else { return Ok(()) };
        match refusal.code {
            201 => placed.reason = format!("Rejected: {}", refusal.words()).into(),
            202 => placed.reason = refusal.words().into(),
            _ => return Ok(()),
        }
        self.tell(&id, batch)
    }

    fn execution(&mut self, fields: &Fields<'_>, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        // A combination has executions of its own beside those of its legs.
        if self.is_other(fields.text("account")) || fields.text("secType") == "BAG" {
            return Ok(());
        }
        let fill = map::fill(fields, &self.tws.state.zone)?;
        let (base, revision) = map::revision(&fill.execution_id);
        let is_told = is_told(&batch.cursor, base, revision);
        let is_waiting = |(other, _): &(Fill, _)| other.execution_id == fill.execution_id;
        let id = fill.broker_order_id.clone();
        if let Some(filled) = fill.cumulative_quantity {
            let average = fields.decimal("avgPrice", money)?;
            let known = self.filled.entry(id.clone()).or_default();
            if filled > known.0 {
                *known = (filled, average);
            }
        }
        if !is_told && !self.waiting.iter().any(is_waiting) {
            self.waiting.push((fill, self.tws.clock.now()));
        }
        match self.orders.contains_key(&id) {
            true => self.tell(&id, batch),
            false => {
                // Filled before we ever saw it open.
                self.wants_completed |= !self.ended.contains(&id);
                Ok(())
            }
        }
    }

    fn commission(&mut self, fields: &Fields<'_>, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        let id = Text::from(fields.value("execId").or_bad("execId")?);
        let Some(commission) = fields.decimal("commission", money)? else { return Ok(()) };
        let (base, revision) = map::revision(&id);
        if !is_told(&batch.cursor, base, revision) {
            self.commissions.insert(id, (commission, fields.text("currency").into()));
        }
        Ok(())
    }

    /// Tells of an order what is news.
    fn tell(&mut self, id: &Text, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        let Some(placed) = self.orders.get_mut(id) else { return Ok(()) };
        if let Some((filled, average)) = self.filled.get(id) {
            placed.executed(*filled, *average);
        }
        let kind = placed.state()?;
        let told = batch.cursor.orders.get(id);
        let (filled, ordered) = (placed.filled, placed.ordered());
        let is_same = |told: &Told| told.kind == kind && told.filled == filled;
        let is_changed = |told: &Told| {
            told.ordered.iter().zip(&ordered).any(|(old, new)| new.is_some() && old != new)
        };
        let count = told.map_or(0, |told| told.count) + 1;
        let kind_told = match told {
            Some(told) if is_same(told) && !is_changed(told) => return Ok(()),
            Some(told) if is_same(told) => OrderEventKind::Restated,
            _ => kind,
        };
        let event = placed.event(kind_told, count, self.tws.now());
        batch.push(event);
        if map::is_last(kind) {
            batch.cursor.orders.remove(id);
            self.orders.remove(id);
            self.filled.remove(id);
            self.ids.retain(|_, other| other != id);
            self.ended.insert(id.clone());
        } else {
            batch.cursor.orders.insert(id.clone(), Told { kind, filled, ordered, count });
        }
        Ok(())
    }

    /// Tells the executions that are complete, and those that have waited long enough.
    fn settle(&mut self, batch: &mut Batch<Cursor>) {
        let now = self.tws.clock.now();
        let is_late = |since: Timestamp| now.since(since) >= self.commission_wait;
        let (ready, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(
            |(fill, since): &(Fill, Timestamp)| {
                self.commissions.contains_key(&fill.execution_id) || is_late(*since)
            },
        );
        self.waiting = waiting;
        for (fill, _) in ready {
            let commission = self.commissions.remove(&fill.execution_id);
            tell_fill(fill, commission, batch);
        }
    }
}

/// Whether an execution was told with its commission. Without it, it goes on waiting for that.
fn is_told(cursor: &Cursor, base: &str, revision: u32) -> bool {
    cursor.fills.get(base).is_some_and(|told| {
        told.revision > revision || told.revision == revision && told.commission.is_some()
    })
}

/// Tells an execution: a new one, the correction of one that was told, or its late commission.
fn tell_fill(mut fill: Fill, commission: Option<(Decimal, Text)>, batch: &mut Batch<Cursor>) {
    let (base, revision) = map::revision(&fill.execution_id);
    let base = Text::from(base);
    let told = batch.cursor.fills.get(&base);
    let currency = fill.currency.clone();
    let foreign = commission.as_ref().filter(|(_, other)| *other != currency);
    if let (Some((amount, other)), None) = (foreign, told) {
        warn!(execution = %fill.execution_id, %amount, %other, "a commission in another currency");
    }
    fill.commission = commission.filter(|(_, other)| *other == currency).map(|(amount, _)| amount);
    match told {
        None => {}
        Some(told) if revision > told.revision => {
            fill.kind = FillKind::Correction;
            fill.corrects = Some(told.id.clone());
            fill.commission = fill.commission.or(told.commission);
        }
        Some(told) if revision == told.revision && fill.commission > told.commission => {
            // The same execution under another id, now with what it cost.
            let parts = [&fill.head.event_id.to_string(), "commission"];
            fill.head.event_id = EventId::of(&parts);
            fill.kind = FillKind::Correction;
            fill.corrects = Some(told.id.clone());
            fill.execution_id = format!("{}:commission", fill.execution_id).into();
        }
        Some(_) => return,
    }
    let day = fill.head.event_time.date().0;
    let (id, commission) = (fill.execution_id.clone(), fill.commission);
    batch.cursor.fills.insert(base, Executed { id, revision, commission, day });
    batch.cursor.fills.retain(|_, other| other.day > day - REMEMBERED_DAYS);
    batch.items.push(Item::Event(fill.into()));
}
