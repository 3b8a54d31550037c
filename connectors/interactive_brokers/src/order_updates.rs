//! What becomes of orders, and their fills. TWS pushes both only to the client that placed an
//! order and to its master client: so its lists are read again all the time, and what is pushed
//! merely comes sooner.

use std::collections::{BTreeMap, HashMap, HashSet};

use component::{Bad, Batch, Feed, Host, OrBad, Result, Source};
use model::{Decimal, EventId, Fill, FillKind, OrderEventKind, Text, Timestamp, money};
use serde::{Deserialize, Serialize};
use session::Fields;
use tracing::warn;

use crate::map::{self, Placed};
use crate::question::Question;
use crate::settings::{self, System};
use crate::tws::{Refusal, Tws};
use crate::wire;

const STEP: i32 = 4;
/// Messages that make one batch at most.
const MAX_FRAMES: usize = 256;
/// Executions are remembered so long: TWS lists those of a week at most, mostly of a day.
const REMEMBERED_DAYS: i32 = 8;
/// Polls between two looks at the completed orders when nothing makes us look earlier.
const COMPLETED_EVERY: u32 = 30;
/// The ends of the lists that are polled.
const ENDS: [&str; 3] = ["executionEnd", "openOrderEnd", "completedOrdersEnd"];

/// Order events and fills as they happen.
pub struct OrderUpdates {
    tws: Tws,
    question: Question,
    account: Option<String>,
    commission_wait: i64,
    /// Orders that are not over, by the broker's id.
    orders: BTreeMap<Text, Placed>,
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
    missing: Vec<&'static str>,
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
            tws: Tws::connect(&system, &host, STEP).await?,
            question: Question::new(settings.poll_secs),
            account: system.connection.account,
            commission_wait: wait.saturating_mul(1_000_000_000),
            orders: BTreeMap::new(),
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
            let mut next = self.question.next(&mut self.tws).await?;
            // From here on nothing is awaited: what is taken in is told.
            let mut batch = Batch::up_to(cursor.clone());
            if next.is_none() {
                self.poll()?;
            }
            for _ in 0..MAX_FRAMES {
                let Some(heard) = next else { break };
                if let Err(bad) = self.take(&heard, &mut batch)?
                    && self.question.doubt(&self.tws, &heard)
                {
                    // What it said is in one of the lists.
                    self.wants_completed = true;
                    batch.push_bad(&heard, bad);
                }
                next = self.tws.ready()?;
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
    fn poll(&mut self) -> Result<()> {
        let id = self.tws.request_id();
        self.tws.ask("reqExecutions", &[("rid", &id)])?;
        self.tws.ask("reqAllOpenOrders", &[])?;
        self.missing = vec!["executionEnd", "openOrderEnd"];
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
        self.tws.ask("reqCompletedOrders", &[])?;
        self.missing.push("completedOrdersEnd");
        (self.wants_completed, self.polls) = (false, 0);
        Ok(())
    }

    /// Takes a message in.
    fn take(&mut self, heard: &[u8], batch: &mut Batch<Cursor>) -> Result<Result<(), Bad>> {
        let fields = match wire::read(heard, self.tws.state.version) {
            Ok(Some(fields)) => fields,
            Ok(None) => return Ok(Ok(())),
            Err(bad) => return Ok(Err(bad)),
        };
        let account = fields.text("account");
        if !account.is_empty() && self.account.as_deref().is_some_and(|ours| ours != account) {
            return Ok(Ok(()));
        }
        Ok(match fields.kind {
            "openOrder" | "orderStatus" | "completedOrder" => self.order(&fields, batch),
            "execution" => self.execution(&fields, batch),
            "commissionReport" => self.commission(&fields, batch),
            "error" => self.refusal(&Refusal::of(&fields), batch),
            end if ENDS.contains(&end) => return self.end(end, &batch.cursor).map(Ok),
            _ => Ok(()),
        })
    }

    /// A list has come to its end.
    fn end(&mut self, end: &str, cursor: &Cursor) -> Result<()> {
        self.missing.retain(|missing| *missing != end);
        let is_gone = |id: &Text| !self.listed.contains(id);
        self.wants_completed |= end == "openOrderEnd"
            && cursor.orders.keys().any(is_gone)
            && !self.missing.contains(&"completedOrdersEnd");
        if self.missing.is_empty() && self.wants_completed {
            // What ended, or was never open for us to see, is among the completed orders.
            return self.ask_completed();
        }
        if self.missing.is_empty() {
            self.question.answered(&self.tws);
        }
        Ok(())
    }

    /// Takes what a message says of an order, and tells what is news.
    fn order(&mut self, fields: &Fields<'_>, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        let mut placed = Placed::default();
        placed.take(fields)?;
        let of_key = |(_, other): &(&Text, &Placed)| other.key() == placed.key();
        let known = || self.orders.iter().find(of_key).map(|(id, _)| id.clone());
        // Until the broker has taken it, an order has no id; there will be another message.
        let Some(id) = placed.perm_id().or_else(known) else { return Ok(()) };
        if fields.kind == "openOrder" {
            self.listed.insert(id.clone());
        }
        if self.ended.contains(&id) || fields.text("whatIf") == "1" {
            return Ok(());
        }
        match self.orders.get_mut(&id) {
            Some(known) => known.take(fields)?,
            // Its terms are on the list.
            None if fields.kind == "orderStatus" => {
                self.question.hasten(&self.tws);
                return Ok(());
            }
            None => drop(self.orders.insert(id.clone(), placed)),
        }
        self.tell(&id, batch)
    }

    /// An error with the id of an order that this very client placed, such as a master client.
    fn refusal(&mut self, refusal: &Refusal<'_>, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        let key = (i64::from(self.tws.client_id), refusal.id);
        let Some((id, placed)) = self.orders.iter_mut().find(|(_, p)| p.key() == key) else {
            return Ok(());
        };
        let words = match refusal.code {
            201 => ("completedStatus", format!("Rejected: {}", refusal.words())),
            202 => ("reason", refusal.words()),
            _ => return Ok(()),
        };
        placed.said.insert(words.0, words.1.into());
        let id = id.clone();
        self.tell(&id, batch)
    }

    fn execution(&mut self, fields: &Fields<'_>, batch: &mut Batch<Cursor>) -> Result<(), Bad> {
        // A combination has executions of its own beside those of its legs.
        if fields.text("secType") == "BAG" {
            return Ok(());
        }
        let fill = map::fill(fields, &self.tws.state.zone)?;
        let (base, revision) = map::revision(&fill.execution_id);
        let is_waiting = |(other, _): &(Fill, _)| other.execution_id == fill.execution_id;
        let id = fill.broker_order_id.clone();
        if !is_told(&batch.cursor, base, revision) && !self.waiting.iter().any(is_waiting) {
            self.waiting.push((fill, self.tws.clock.now()));
        }
        if self.ended.contains(&id) {
            return Ok(());
        }
        // It may have been filled before we ever saw it open; then its terms are still to come.
        let placed = self.orders.entry(id.clone()).or_default();
        placed.take(fields)?;
        self.wants_completed |= placed.text("action").is_empty();
        self.tell(&id, batch)
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
        let Some(placed) = self.orders.get(id) else { return Ok(()) };
        if placed.text("action").is_empty() {
            // Only executions are known of it yet.
            return Ok(());
        }
        let (kind, filled, ordered) = (placed.state()?, placed.filled, placed.ordered()?);
        let told = batch.cursor.orders.get(id);
        let count = told.map_or(0, |told| told.count) + 1;
        let is_changed = |told: &Told| {
            told.ordered.iter().zip(&ordered).any(|(old, new)| new.is_some() && old != new)
        };
        let news = match told.filter(|told| told.kind == kind && told.filled == filled) {
            Some(told) if !is_changed(told) => return Ok(()),
            Some(_) => OrderEventKind::Restated,
            None => kind,
        };
        batch.push(placed.event(news, count, &self.tws.state.zone, self.tws.now())?);
        if map::is_last(kind) {
            batch.cursor.orders.remove(id);
            self.orders.remove(id);
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
    batch.push(fill);
}
