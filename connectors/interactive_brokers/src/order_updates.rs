//! What becomes of orders, and their fills. TWS pushes both only to the client that placed an
//! order and to its master client: so its lists are read again all the time, and what is pushed
//! merely comes sooner.

use std::collections::HashSet;

use component::{OrBad, Result};
use model::{Text, money};
use session::{Asks, Costs, Fields, Followed, Poll, Polled, Told, Trouble};

use crate::map::{self, Placed};
use crate::settings;
use crate::tws::{self, ENDS, Refusal, Tws};

/// Polls between two looks at the completed orders when nothing makes us look earlier.
const COMPLETED_EVERY: u32 = 30;
/// How the list of completed orders ends.
const COMPLETED: &str = ENDS[2];

/// Order events and fills as they happen.
pub type OrderUpdates = Poll<Tws, Orders>;

pub struct Orders {
    orders: Followed<Placed>,
    fills: Costs,
    /// Orders in the list of open ones that is being read.
    listed: HashSet<Text>,
    has_no_completed: bool,
    polls: u32,
    /// Lists that are still to come.
    missing: Vec<&'static str>,
}

type Turn<'a> = tws::Turn<'a, Told>;

impl Asks<Tws> for Orders {
    const NAME: &'static str = "interactive_brokers_order_updates";
    const PUBLISHES: &'static [&'static str] = &["orders.events", "orders.fills"];
    const PLACE: i32 = 4;
    type Settings = settings::OrderUpdates;

    fn of(settings: settings::OrderUpdates) -> Result<(Self, u64)> {
        let orders = Self {
            orders: Followed::default(),
            fills: Costs::new(settings.commission_secs.0, map::revision),
            listed: HashSet::new(),
            has_no_completed: true,
            polls: 0,
            missing: Vec::new(),
        };
        Ok((orders, settings.poll_secs.0))
    }
}

impl Polled<Tws> for Orders {
    type Cursor = Told;

    /// Asks for everything that can have changed. Executions come first: they tell at which price.
    fn ask(&mut self, tws: &mut Tws) -> Result<()> {
        tws.ask_orders()?;
        self.missing = ENDS[..2].to_vec();
        self.polls += 1;
        if self.has_no_completed || self.polls >= COMPLETED_EVERY {
            self.ask_completed(tws)?;
        }
        self.listed.clear();
        self.fills.begin();
        Ok(())
    }

    fn take(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_>) -> Result<(), Trouble> {
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
    fn settle(&mut self, turn: &mut Turn<'_>) {
        let now = turn.talk.state.clock.now();
        let ready = self.fills.ready(&mut turn.batch.cursor.fills, now);
        ready.into_iter().for_each(|fill| turn.batch.push(fill));
    }
}

impl Orders {
    fn ask_completed(&mut self, tws: &mut Tws) -> Result<()> {
        self.missing.push(COMPLETED);
        (self.has_no_completed, self.polls) = (false, 0);
        tws.ask("reqCompletedOrders", &[])
    }

    /// A list has come to its end.
    fn end(&mut self, end: &str, turn: &mut Turn<'_>) -> Result<(), Trouble> {
        self.missing.retain(|missing| *missing != end);
        let mut known = turn.batch.cursor.orders.ids();
        self.has_no_completed |= end == "openOrderEnd"
            && known.any(|id| !self.listed.contains(id))
            && !self.missing.contains(&COMPLETED);
        match self.missing.is_empty() {
            // What ended, or was never open for us to see, is among the completed orders.
            true if self.has_no_completed => self.ask_completed(turn.talk)?,
            true => turn.question.answered(),
            false => {}
        }
        Ok(())
    }

    /// Takes what a message says of an order, and tells what is news.
    fn order(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_>) -> Result<(), Trouble> {
        let Some((id, told)) = self.orders.named(fields)? else { return Ok(()) };
        if fields.kind == "openOrder" {
            self.listed.insert(id.clone());
        }
        if self.orders.has_ended(&id) || fields.text("whatIf") == "1" {
            return Ok(());
        }
        match self.orders.get(&id) {
            Some(known) => known.take(fields)?,
            // Its terms are on the list.
            None if fields.kind == "orderStatus" => turn.question.hasten(),
            None => *self.orders.entry(id.clone()) = told,
        }
        self.tell(&id, turn)
    }

    /// An error with the id of an order that this very client placed, such as a master client.
    fn refusal(&mut self, refusal: &Refusal<'_>, turn: &mut Turn<'_>) -> Result<(), Trouble> {
        let key = (i64::from(turn.talk.client_id), refusal.id);
        let Some(id) = self.orders.by_key(key).cloned() else { return Ok(()) };
        let (name, words) = match refusal.code {
            201 => ("completedStatus", format!("Rejected: {}", refusal.words())),
            202 => ("reason", refusal.words()),
            _ => return Ok(()),
        };
        self.orders.entry(id.clone()).said.insert(name, words.into());
        self.tell(&id, turn)
    }

    fn execution(&mut self, fields: &Fields<'_>, turn: &mut Turn<'_>) -> Result<(), Trouble> {
        // A combination has executions of its own beside those of its legs.
        if fields.text("secType") == "BAG" {
            return Ok(());
        }
        let fill = map::fill(fields, &turn.talk.state.zone)?;
        let id = fill.broker_order_id.clone();
        self.fills.execution(fill, &turn.batch.cursor.fills, turn.talk.state.clock.now());
        if self.orders.has_ended(&id) {
            return Ok(());
        }
        // It may have been filled before we ever saw it open; then its terms are still to come.
        let placed = self.orders.entry(id.clone());
        placed.take(fields)?;
        self.has_no_completed |= placed.text("action").is_empty();
        self.tell(&id, turn)
    }

    fn commission(&mut self, fields: &Fields<'_>, told: &Told) -> Result<(), Trouble> {
        let id = fields.value("execId").or_bad("execId")?;
        if let Some(amount) = fields.decimal("commission", money)? {
            self.fills.cost(id, amount, fields.text("currency"), &told.fills);
        }
        Ok(())
    }

    /// Tells of an order what is news.
    fn tell(&mut self, id: &Text, turn: &mut Turn<'_>) -> Result<(), Trouble> {
        let state = &turn.talk.state;
        let event = |placed: &Placed, kind| placed.event(kind, &state.zone, state.now());
        let news = self.orders.news(id, &mut turn.batch.cursor.orders, event)?;
        news.into_iter().for_each(|event| turn.batch.push(event));
        Ok(())
    }
}
