//! What becomes of orders, and their fills. TWS pushes both only to the client that placed an
//! order and to its master client: so its lists are read again all the time, and what is pushed
//! merely comes sooner.

use std::collections::{BTreeMap, HashMap, HashSet};

use component::{Batch, Feed, Host, OrBad, Result, Source};
use model::{Decimal, Fill, OrderEventKind, Text, Timestamp, money};
use serde::{Deserialize, Serialize};
use session::{Fields, Poll, Polled, Standing, ToldFills, ToldOrders, Trouble};
use tracing::warn;

use crate::map::{self, Placed};
use crate::settings::{self, System};
use crate::tws::{Refusal, Turn, Tws};

/// Polls between two looks at the completed orders when nothing makes us look earlier.
const COMPLETED_EVERY: u32 = 30;
/// The ends of the lists that are polled.
const ENDS: [&str; 3] = ["executionEnd", "openOrderEnd", "completedOrdersEnd"];

/// Order events and fills as they happen.
pub struct OrderUpdates(Poll<Tws, Orders>);

#[derive(Default)]
struct Orders {
    commission_wait: i64,
    /// Orders that are not over, by the broker's id.
    placed: BTreeMap<Text, Placed>,
    /// Orders that ended on this connection.
    ended: HashSet<Text>,
    /// Executions that wait for their commission, since when.
    waiting: Vec<(Fill, Timestamp)>,
    commissions: HashMap<Text, (Decimal, Text)>,
    /// Orders in the list of open ones that is being read.
    listed: HashSet<Text>,
    has_no_completed: bool,
    polls: u32,
    /// Lists that are still to come.
    missing: Vec<&'static str>,
}

/// What has been told so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    orders: ToldOrders,
    fills: ToldFills,
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
        let orders = Orders {
            commission_wait: wait.saturating_mul(1_000_000_000),
            has_no_completed: true,
            ..Orders::default()
        };
        let tws = Tws::connect(&system, &host, 4).await?;
        Ok(Self(Poll::new(tws, &host.clock, settings.poll_secs, orders)))
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        self.0.read(cursor).await
    }
}

impl Polled<Tws> for Orders {
    type Cursor = Cursor;

    /// Asks for everything that can have changed. Executions come first: they tell at which price.
    fn ask(&mut self, tws: &mut Tws) -> Result<()> {
        let id = tws.request_id();
        tws.ask("reqExecutions", &[("rid", &id)])?;
        tws.ask("reqAllOpenOrders", &[])?;
        self.missing = ENDS[..2].to_vec();
        self.polls += 1;
        if self.has_no_completed || self.polls >= COMPLETED_EVERY {
            self.ask_completed(tws)?;
        }
        self.listed.clear();
        // They come again with the executions.
        self.commissions.clear();
        Ok(())
    }

    fn take(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_, Cursor>) -> Result<(), Trouble> {
        if !turn.talk.is_ours(fields) {
            return Ok(());
        }
        turn.talk.can_name(fields)?;
        match fields.kind {
            "openOrder" | "orderStatus" | "completedOrder" => self.order(fields, turn),
            "execution" => self.execution(fields, turn),
            "commissionReport" => self.commission(fields, &turn.batch.cursor),
            "error" => self.refusal(&Refusal::of(fields), turn),
            end if ENDS.contains(&end) => self.end(end, turn),
            _ => Ok(()),
        }
    }

    fn doubt(&mut self) {
        self.has_no_completed = true;
    }

    /// Tells the executions that are complete, and those that have waited long enough.
    fn settle(&mut self, turn: &mut Turn<'_, Cursor>) {
        let now = turn.talk.state.clock.now();
        let is_ready = |(fill, since): &mut (Fill, Timestamp)| {
            let is_late = now.since(*since) >= self.commission_wait;
            is_late || self.commissions.contains_key(&fill.execution_id)
        };
        for (mut fill, _) in self.waiting.extract_if(.., is_ready).collect::<Vec<_>>() {
            if let Some((amount, currency)) = self.commissions.remove(&fill.execution_id) {
                if currency == fill.currency {
                    fill.commission = Some(amount);
                } else {
                    warn!(%amount, %currency, id = %fill.execution_id, "a commission in another currency");
                }
            }
            let id = fill.execution_id.clone();
            let (base, revision) = map::revision(&id);
            if let Some(fill) = turn.batch.cursor.fills.news(base, revision, fill) {
                turn.batch.push(fill);
            }
        }
    }
}

impl Orders {
    fn ask_completed(&mut self, tws: &mut Tws) -> Result<()> {
        self.missing.push("completedOrdersEnd");
        (self.has_no_completed, self.polls) = (false, 0);
        tws.ask("reqCompletedOrders", &[])
    }

    /// A list has come to its end.
    fn end(&mut self, end: &str, turn: &mut Turn<'_, Cursor>) -> Result<(), Trouble> {
        self.missing.retain(|missing| *missing != end);
        let mut known = turn.batch.cursor.orders.ids();
        self.has_no_completed |= end == "openOrderEnd"
            && known.any(|id| !self.listed.contains(id))
            && !self.missing.contains(&"completedOrdersEnd");
        match self.missing.is_empty() {
            // What ended, or was never open for us to see, is among the completed orders.
            true if self.has_no_completed => self.ask_completed(turn.talk)?,
            true => turn.question.answered(),
            false => {}
        }
        Ok(())
    }

    /// Takes what a message says of an order, and tells what is news.
    fn order(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_, Cursor>) -> Result<(), Trouble> {
        let mut placed = Placed::default();
        placed.take(fields)?;
        let of_key = |(_, other): &(&Text, &Placed)| other.key() == placed.key();
        let known = || self.placed.iter().find(of_key).map(|(id, _)| id.clone());
        // Until the broker has taken it, an order has no id; there will be another message.
        let Some(id) = placed.perm_id().or_else(known) else { return Ok(()) };
        if fields.kind == "openOrder" {
            self.listed.insert(id.clone());
        }
        if self.ended.contains(&id) || fields.text("whatIf") == "1" {
            return Ok(());
        }
        match self.placed.get_mut(&id) {
            Some(known) => known.take(fields)?,
            // Its terms are on the list.
            None if fields.kind == "orderStatus" => turn.question.hasten(),
            None => drop(self.placed.insert(id.clone(), placed)),
        }
        self.tell(&id, turn)
    }

    /// An error with the id of an order that this very client placed, such as a master client.
    fn refusal(
        &mut self,
        refusal: &Refusal<'_>,
        turn: &mut Turn<'_, Cursor>,
    ) -> Result<(), Trouble> {
        let key = (i64::from(turn.talk.client_id), refusal.id);
        let mut all = self.placed.iter_mut();
        let Some((id, placed)) = all.find(|(_, placed)| placed.key() == key) else { return Ok(()) };
        let (name, words) = match refusal.code {
            201 => ("completedStatus", format!("Rejected: {}", refusal.words())),
            202 => ("reason", refusal.words()),
            _ => return Ok(()),
        };
        placed.said.insert(name, words.into());
        let id = id.clone();
        self.tell(&id, turn)
    }

    fn execution(
        &mut self,
        fields: &Fields<'_>,
        turn: &mut Turn<'_, Cursor>,
    ) -> Result<(), Trouble> {
        // A combination has executions of its own beside those of its legs.
        if fields.text("secType") == "BAG" {
            return Ok(());
        }
        let fill = map::fill(fields, &turn.talk.state.zone)?;
        let (base, revision) = map::revision(&fill.execution_id);
        let is_waiting = |(other, _): &(Fill, _)| other.execution_id == fill.execution_id;
        let id = fill.broker_order_id.clone();
        if !turn.batch.cursor.fills.has(base, revision) && !self.waiting.iter().any(is_waiting) {
            self.waiting.push((fill, turn.talk.state.clock.now()));
        }
        if self.ended.contains(&id) {
            return Ok(());
        }
        // It may have been filled before we ever saw it open; then its terms are still to come.
        let placed = self.placed.entry(id.clone()).or_default();
        placed.take(fields)?;
        self.has_no_completed |= placed.text("action").is_empty();
        self.tell(&id, turn)
    }

    fn commission(&mut self, fields: &Fields<'_>, cursor: &Cursor) -> Result<(), Trouble> {
        let id = fields.value("execId").or_bad("execId")?;
        let (base, revision) = map::revision(id);
        if let Some(amount) = fields.decimal("commission", money)?
            && !cursor.fills.has(base, revision)
        {
            self.commissions.insert(id.into(), (amount, fields.text("currency").into()));
        }
        Ok(())
    }

    /// Tells of an order what is news. Where only executions are known of it, there is none yet.
    fn tell(&mut self, id: &Text, turn: &mut Turn<'_, Cursor>) -> Result<(), Trouble> {
        let Some(placed) = self.placed.get(id).filter(|p| !p.text("action").is_empty()) else {
            return Ok(());
        };
        let kind = placed.state()?;
        if kind == OrderEventKind::Filled && placed.filled.is_none() {
            // How much and at which price is told next, or by its executions.
            return Ok(());
        }
        let is_last = map::is_last(kind);
        let standing = Standing { kind, filled: placed.filled, ordered: placed.ordered()? };
        if let Some(news) = turn.batch.cursor.orders.news(id, standing, is_last) {
            turn.batch.push(placed.event(news, &turn.talk.state.zone, turn.talk.state.now())?);
        }
        if is_last {
            self.placed.remove(id);
            self.ended.insert(id.clone());
        }
        Ok(())
    }
}
