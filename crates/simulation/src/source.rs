//! What a broker tells, published exactly once: order reports and executions, and what the account
//! holds.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Balance, Decimal, Event, EventId, FillKind, Head, InstrumentId, Position, Side, Timestamp,
};
use runtime::Recent;

use crate::broker::{Broker, OPENING_CASH};
use crate::canary::Canary;
use crate::dice::Dice;
use crate::log::{Owner, Transaction};
use crate::scene::{Actor, Progress, SECOND, Scene};

/// Ids that are remembered.
const WINDOW: usize = 20_000;
/// Reports that are read at once at most.
const BATCH: usize = 6;
/// Reports overtake each other by no more than this.
const DISORDER: i64 = 4 * SECOND;

/// Order reports and executions of one broker.
pub(crate) struct Updates {
    owner: Owner,
    broker: usize,
    recent: Recent,
    /// Reports before this are published.
    cursor: usize,
    /// Reports beyond the cursor that are published too.
    ahead: BTreeSet<usize>,
    /// Reports that take longer than others, and until when.
    late: BTreeMap<usize, Timestamp>,
    read: Option<(Transaction, Vec<usize>)>,
    clock_error: i64,
}

impl Updates {
    pub(crate) fn open(broker: usize, scene: &mut Scene) -> Self {
        let owner = scene.log.own(&format!("{}.updates", scene.network.brokers[broker].system));
        let cursor = scene.log.cursor(&owner).and_then(|text| text.parse().ok());
        Self {
            recent: remembered(broker, &["orders.events", "orders.fills"], scene),
            broker,
            cursor: cursor.unwrap_or_default(),
            ahead: BTreeSet::new(),
            late: BTreeMap::new(),
            read: None,
            clock_error: 0,
            owner,
        }
    }

    /// Reads on from the cursor, and now and then a little of what was there before.
    fn read(&mut self, scene: &mut Scene, dice: &mut Dice) -> Progress {
        let reports = &scene.network.brokers[self.broker].reports;
        let from = if dice.chance(20) { self.cursor.saturating_sub(3) } else { self.cursor };
        let to = (self.cursor + 1 + dice.below(BATCH)).min(reports.len());
        let mut taken = Vec::new();
        let mut earliest_late: Option<Timestamp> = None;
        for (index, report) in reports.iter().enumerate().take(to).skip(from) {
            let at = report.head().event_time;
            if earliest_late.is_some_and(|late| at.since(late) > DISORDER) {
                break;
            }
            let is_new = index >= self.cursor && !self.ahead.contains(&index);
            if is_new && !scene.is_calm && !self.late.contains_key(&index) {
                let wait = if dice.chance(12) { dice.between(0, DISORDER) } else { 0 };
                self.late.insert(index, scene.now.plus_nanos(wait));
            }
            if is_new && self.late.get(&index).is_some_and(|until| *until > scene.now) {
                earliest_late.get_or_insert(at);
                continue;
            }
            taken.push(index);
        }
        let now = scene.now.plus_nanos(self.clock_error);
        let reads_again = scene.has(Canary::PublishesTwice);
        let mut transaction = Transaction::default();
        for index in &taken {
            let mut event = reports[*index].clone();
            event.head_mut().received_time = now;
            let is_bust = matches!(&event, Event::Fill(fill) if fill.kind == FillKind::Bust);
            let is_new = self.recent.insert(event.head().event_id) || reads_again;
            if is_new && !(is_bust && scene.has(Canary::DropsBusts)) {
                transaction.events.push(event);
            }
        }
        let is_further = |index: &usize| *index >= self.cursor && !self.ahead.contains(index);
        if transaction.events.is_empty() && !taken.iter().any(is_further) {
            return Progress::Idle;
        }
        let names: Vec<String> = taken.iter().map(|index| name(&reports[*index])).collect();
        scene.note(&self.owner.name, &format!("reads {}", names.join(", ")));
        if scene.has(Canary::CursorRunsAhead) {
            let next = taken.iter().max().map_or(self.cursor, |last| last + 1);
            let cursor = Some(next.max(self.cursor).to_string());
            let early = Transaction { cursor, ..Transaction::default() };
            if !scene.commit(&self.owner, early, dice) {
                return Progress::Died;
            }
        }
        self.read = Some((transaction, taken));
        Progress::Worked
    }

    fn publish(
        &mut self,
        (mut transaction, taken): (Transaction, Vec<usize>),
        scene: &mut Scene,
        dice: &mut Dice,
    ) -> Progress {
        self.ahead.extend(taken.iter().filter(|index| **index >= self.cursor));
        while self.ahead.remove(&self.cursor) {
            self.late.remove(&self.cursor);
            self.cursor += 1;
        }
        if !scene.has(Canary::CursorRunsAhead) {
            transaction.cursor = Some(self.cursor.to_string());
        }
        scene.note(&self.owner.name, &format!("publishes {} reports", taken.len()));
        match scene.commit(&self.owner, transaction, dice) {
            true => Progress::Worked,
            false => Progress::Died,
        }
    }
}

impl Actor for Updates {
    fn name(&self) -> &str {
        &self.owner.name
    }

    fn step(&mut self, scene: &mut Scene, dice: &mut Dice) -> Progress {
        match self.read.take() {
            Some(read) => self.publish(read, scene, dice),
            None if scene.network.brokers[self.broker].is_away => Progress::Idle,
            None => self.read(scene, dice),
        }
    }

    fn successor(&self, scene: &mut Scene) -> Box<dyn Actor> {
        Box::new(Self::open(self.broker, scene))
    }

    fn set_clock(&mut self, by: i64) {
        self.clock_error = by;
    }
}

/// Positions and cash of one account, as the broker tells them: sometimes a little old.
pub(crate) struct Accounts {
    owner: Owner,
    broker: usize,
    recent: Recent,
    answer: Option<(Timestamp, Vec<Event>)>,
}

impl Accounts {
    pub(crate) fn open(broker: usize, scene: &mut Scene) -> Self {
        let owner = scene.log.own(&format!("{}.accounts", scene.network.brokers[broker].system));
        let recent = remembered(broker, &["accounts.positions", "accounts.balances"], scene);
        Self { recent, broker, answer: None, owner }
    }
}

impl Actor for Accounts {
    fn name(&self) -> &str {
        &self.owner.name
    }

    fn step(&mut self, scene: &mut Scene, dice: &mut Dice) -> Progress {
        match self.answer.take() {
            Some((due, events)) if scene.now >= due => {
                let mut transaction = Transaction::default();
                for mut event in events {
                    event.head_mut().received_time = scene.now;
                    let is_hidden =
                        matches!(event, Event::Position(_)) && scene.has(Canary::HidesPositions);
                    if self.recent.insert(event.head().event_id) && !is_hidden {
                        transaction.events.push(event);
                    }
                }
                if transaction.events.is_empty() {
                    return Progress::Idle;
                }
                scene.note(&self.owner.name, "publishes positions and cash");
                match scene.commit(&self.owner, transaction, dice) {
                    true => Progress::Worked,
                    false => Progress::Died,
                }
            }
            Some(waiting) => {
                self.answer = Some(waiting);
                Progress::Idle
            }
            None => {
                let wait = if scene.is_calm { 0 } else { dice.between(0, 5 * SECOND) };
                let broker = &scene.network.brokers[self.broker];
                if !broker.is_away {
                    let events = statement(broker, scene.now);
                    self.answer = Some((scene.now.plus_nanos(wait), events));
                }
                Progress::Idle
            }
        }
    }

    fn successor(&self, scene: &mut Scene) -> Box<dyn Actor> {
        Box::new(Self::open(self.broker, scene))
    }
}

/// A report in a few words.
fn name(report: &Event) -> String {
    match report {
        Event::OrderEvent(event) => format!("{} of {}", event.kind, event.order_id),
        Event::Fill(fill) => format!("fill {} of {}", fill.kind, fill.order_id),
        other => other.info().name.to_owned(),
    }
}

/// The ids of what a system has on some topics.
fn remembered(broker: usize, topics: &[&'static str], scene: &mut Scene) -> Recent {
    scene.log.mark_topics(topics);
    let system = scene.network.brokers[broker].system;
    let mut recent = Recent::new(WINDOW);
    for topic in topics.iter().copied() {
        for record in scene.log.all(topic).filter(|r| r.event.head().source == system) {
            recent.insert(record.event.head().event_id);
        }
    }
    recent
}

/// What an account holds by the broker's ledger. An id follows from the figure and from how many
/// executions there had been: the same figure may come again.
fn statement(broker: &Broker, now: Timestamp) -> Vec<Event> {
    let mut held: BTreeMap<&InstrumentId, Decimal> = BTreeMap::new();
    let mut cash = Decimal::from(OPENING_CASH);
    for execution in &broker.ledger.executions {
        let units = held.entry(&execution.instrument).or_default();
        if execution.counts {
            let sign = if execution.side == Side::Buy { Decimal::ONE } else { -Decimal::ONE };
            *units += sign * execution.quantity;
            cash -= sign * execution.quantity * execution.price;
        }
    }
    let count = broker.ledger.executions.len().to_string();
    let head = |what: &str, value: Decimal| {
        let id = EventId::of(&[broker.system, "holds", what, &value.to_string(), &count]);
        Head { source: broker.system.into(), ..Head::new(id, now) }
    };
    let mut events: Vec<Event> = Vec::new();
    for (instrument, quantity) in held {
        let position = Position {
            head: head(instrument.as_str(), quantity),
            account: broker.account.into(),
            system: broker.system.into(),
            broker_account: broker.broker_account.into(),
            instrument: instrument.clone(),
            symbol: instrument.symbol().into(),
            quantity,
            average_price: None,
            last_price: None,
            market_value: None,
            cost_basis: None,
            unrealized_profit: None,
            currency: "USD".into(),
        };
        events.push(position.into());
    }
    let balance = Balance {
        head: head("cash", cash),
        account: broker.account.into(),
        system: broker.system.into(),
        broker_account: broker.broker_account.into(),
        currency: "USD".into(),
        cash,
        equity: None,
        buying_power: None,
        initial_margin: None,
        maintenance_margin: None,
        pending_in: None,
        pending_out: None,
        is_blocked: false,
    };
    events.push(balance.into());
    events
}
