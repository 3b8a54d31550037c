//! The real order desk at work, over a network that loses things.

use std::collections::{BTreeMap, VecDeque};

use component::Outcome;
use model::{ApprovedOrder, Delivery as Entry, DeliveryStatus, Event, Timestamp};
use runtime::{Act, Desk, order_event};

use crate::canary::Canary;
use crate::dice::Dice;
use crate::log::{Owner, PARTITIONS, Partition, Transaction};
use crate::network::{Fate, Message};
use crate::scene::{Actor, MILLI, Progress, SECOND, Scene};

/// Orders journaled in one transaction at most.
const BATCH: usize = 4;
/// A request that has not been answered for so long is given up.
const PATIENCE: i64 = 3 * SECOND;
/// How late a request may arrive at a broker that takes repeats, counted from when it was
/// journaled: nothing but a bound can tell such a request from one that was lost.
const LATEST_ARRIVAL: i64 = 5 * SECOND;
/// How wrong the clock of a sink may be: of one whose broker refuses repeats, and of another.
const CLOCK_ERRORS: [i64; 2] = [2 * SECOND, 200 * MILLI];

/// One sink for one broker.
pub(crate) struct Sink {
    owner: Owner,
    system: &'static str,
    broker: usize,
    desk: Desk,
    positions: BTreeMap<Partition, usize>,
    heard: BTreeMap<Partition, usize>,
    stage: Stage,
    clock_error: i64,
}

/// What it is in the middle of.
enum Stage {
    Deciding,
    Committing(Box<Entry>),
    Journaling(Transaction, Vec<Entry>),
    Waiting { entry: Box<Entry>, call: u64, until: Timestamp, is_question: bool },
    Disconnected(VecDeque<Entry>),
}

impl Sink {
    /// Takes the sink over: everything there is in the journal is read first.
    pub(crate) fn open(broker: usize, scene: &mut Scene) -> Self {
        let system = scene.network.brokers[broker].system;
        let repeats_are_refused = scene.network.brokers[broker].refuses_repeats;
        let owner = scene.log.own(&format!("{system}.orders"));
        scene.log.mark_topics(&["ops.deliveries", "ops.commands"]);
        let mut sink = Self {
            system,
            broker,
            desk: Desk::new(&owner.name, system, repeats_are_refused),
            positions: BTreeMap::new(),
            heard: BTreeMap::new(),
            stage: Stage::Deciding,
            clock_error: 0,
            owner,
        };
        if !scene.has(Canary::ForgetsJournal) {
            for record in scene.log.all("ops.deliveries") {
                if let Event::Delivery(entry) = &*record.event
                    && *entry.component == *sink.owner.name
                {
                    sink.desk.remember((**entry).clone());
                }
            }
        }
        for number in 0..PARTITIONS {
            let partition = ("orders.approved", number);
            sink.positions.insert(partition, scene.log.offset(&sink.owner, partition));
        }
        sink.hear(scene);
        sink
    }

    fn now(&self, scene: &Scene) -> Timestamp {
        let slow = if scene.has(Canary::SlowClock) { 3_600 * SECOND } else { 0 };
        scene.now.plus_nanos(self.clock_error - slow)
    }

    fn hear(&mut self, scene: &Scene) {
        if scene.has(Canary::DeafToHalts) {
            return;
        }
        for number in 0..PARTITIONS {
            let at = self.heard.entry(("ops.commands", number)).or_default();
            for event in scene.log.read(("ops.commands", number), *at, usize::MAX) {
                *at += 1;
                if let Event::Command(command) = &*event {
                    self.desk.hear((**command).clone());
                }
            }
        }
    }

    fn decide(&mut self, scene: &mut Scene, dice: &mut Dice) -> Progress {
        loop {
            match self.desk.next(self.now(scene)) {
                Act::Hear => self.hear(scene),
                Act::Commit(entry) => {
                    self.stage = Stage::Committing(entry);
                    return Progress::Worked;
                }
                Act::Request(entry) => return self.send(entry, false, scene, dice),
                Act::Ask(entry) => return self.send(entry, true, scene, dice),
                Act::Read => return self.read(scene, dice),
            }
        }
    }

    fn read(&mut self, scene: &mut Scene, dice: &mut Dice) -> Progress {
        self.hear(scene);
        let mut transaction = Transaction::default();
        let mut orders: Vec<ApprovedOrder> = Vec::new();
        for (partition, from) in &self.positions {
            let events = scene.log.read(*partition, *from, BATCH);
            if !events.is_empty() {
                transaction.offsets.insert(*partition, from + events.len());
            }
            for event in events {
                if let Event::ApprovedOrder(order) = &*event {
                    orders.push((**order).clone());
                }
            }
        }
        if transaction.offsets.is_empty() {
            return Progress::Idle;
        }
        if scene.has(Canary::TakesEverySystem) {
            orders.iter_mut().for_each(|order| order.system = self.system.into());
        }
        let entries = self.desk.take_in(&orders, self.now(scene));
        if !scene.has(Canary::SkipsJournal) {
            transaction.events = entries.iter().cloned().map(Event::from).collect();
        }
        if scene.has(Canary::SendsBeforeJournal) {
            for entry in &entries {
                self.dispatch(entry, false, scene, dice);
            }
        }
        self.stage = Stage::Journaling(transaction, entries);
        Progress::Worked
    }

    fn send(
        &mut self,
        entry: Box<Entry>,
        is_question: bool,
        scene: &mut Scene,
        dice: &mut Dice,
    ) -> Progress {
        if scene.network.brokers[self.broker].is_away && dice.chance(70) {
            scene.note(&self.owner.name, "cannot connect");
            if !is_question {
                self.desk.not_left(*entry);
            }
            self.disconnect();
            return Progress::Worked;
        }
        let call = self.dispatch(&entry, is_question, scene, dice);
        let until = scene.now.plus_nanos(PATIENCE);
        self.stage = Stage::Waiting { entry, call, until, is_question };
        Progress::Worked
    }

    fn dispatch(
        &self,
        entry: &Entry,
        is_question: bool,
        scene: &mut Scene,
        dice: &mut Dice,
    ) -> u64 {
        let mut fate = if scene.is_calm { Fate::default() } else { fate(dice) };
        if !scene.network.brokers[self.broker].refuses_repeats {
            let journaled = entry.head.event_time.plus_nanos(-self.clock_error);
            let most = LATEST_ARRIVAL - scene.now.since(journaled) - CLOCK_ERRORS[1];
            fate.there = fate.there.min(most.max(0));
            fate.lag = 0;
        }
        let (id, verb) = (&entry.request_id, if is_question { "asks about" } else { "sends" });
        scene.note(&self.owner.name, &format!("{verb} {id} #{}: {fate}", entry.attempt));
        let message = Message { order: entry.order.clone(), is_question };
        let departed = (scene.log.step, scene.now);
        scene.network.send(self.broker, message, fate, departed)
    }

    /// The session is gone. What has not left is kept for the next one.
    fn disconnect(&mut self) {
        let nothing = Desk::new(&self.owner.name, self.system, true);
        let unsent = std::mem::replace(&mut self.desk, nothing).hand_over();
        self.stage = Stage::Disconnected(unsent);
    }

    fn wait(
        &mut self,
        (entry, call, until, is_question): (Box<Entry>, u64, Timestamp, bool),
        scene: &mut Scene,
    ) -> Progress {
        let outcome = match scene.network.answer(call) {
            Some(outcome) => outcome,
            None if scene.now > until => Outcome::Unknown { reason: "no answer".to_owned() },
            None => {
                self.stage = Stage::Waiting { entry, call, until, is_question };
                return Progress::Idle;
            }
        };
        scene.note(&self.owner.name, &format!("hears of {}: {outcome:?}", entry.request_id));
        let is_unknown = matches!(outcome, Outcome::Unknown { .. });
        let now = self.now(scene);
        if is_question {
            drop(self.desk.told(&entry, &outcome, now));
        } else if is_unknown && scene.has(Canary::ResendsUnknown) {
            self.desk.not_left(*entry);
        } else if is_unknown && scene.has(Canary::RejectsUnknown) {
            let refusal = Outcome::Rejected { reason: "no answer".to_owned() };
            self.desk.answered(&entry, &refusal, now);
        } else {
            self.desk.answered(&entry, &outcome, now);
        }
        Progress::Worked
    }

    fn commit(&mut self, entry: &Entry, scene: &mut Scene, dice: &mut Dice) -> Progress {
        let mut transaction = Transaction::default();
        transaction.events.push(entry.clone().into());
        if entry.status != DeliveryStatus::Sending {
            transaction.events.push(order_event(entry).into());
        }
        let (id, status) = (&entry.request_id, entry.status);
        scene.note(&self.owner.name, &format!("commits {id} #{} {status}", entry.attempt));
        if !scene.commit(&self.owner, transaction, dice) {
            return Progress::Died;
        }
        self.desk.committed(entry);
        Progress::Worked
    }

    fn journal(
        &mut self,
        transaction: Transaction,
        entries: &[Entry],
        scene: &mut Scene,
        dice: &mut Dice,
    ) -> Progress {
        let ids: Vec<&str> = entries.iter().map(|entry| entry.request_id.as_str()).collect();
        if !ids.is_empty() {
            scene.note(&self.owner.name, &format!("journals {ids:?}"));
        }
        let next = transaction.offsets.clone();
        if !scene.commit(&self.owner, transaction, dice) {
            return Progress::Died;
        }
        self.positions.extend(next);
        entries.iter().for_each(|entry| self.desk.committed(entry));
        Progress::Worked
    }
}

impl Actor for Sink {
    fn name(&self) -> &str {
        &self.owner.name
    }

    fn step(&mut self, scene: &mut Scene, dice: &mut Dice) -> Progress {
        match std::mem::replace(&mut self.stage, Stage::Deciding) {
            Stage::Deciding => self.decide(scene, dice),
            Stage::Committing(entry) => self.commit(&entry, scene, dice),
            Stage::Journaling(transaction, entries) => {
                self.journal(transaction, &entries, scene, dice)
            }
            Stage::Waiting { entry, call, until, is_question } => {
                self.wait((entry, call, until, is_question), scene)
            }
            Stage::Disconnected(unsent) => {
                let clock_error = self.clock_error;
                *self = Self::open(self.broker, scene);
                self.clock_error = clock_error;
                self.desk.take_over(unsent);
                scene.note(&self.owner.name, "connects again");
                Progress::Worked
            }
        }
    }

    fn successor(&self, scene: &mut Scene) -> Box<dyn Actor> {
        Box::new(Self::open(self.broker, scene))
    }

    fn set_clock(&mut self, by: i64) {
        let most = CLOCK_ERRORS[self.broker];
        self.clock_error = by % most;
    }
}

fn fate(dice: &mut Dice) -> Fate {
    let delay = |dice: &mut Dice| match dice.below(10) {
        0 => dice.between(0, 20 * SECOND),
        1..=2 => dice.between(0, 4 * SECOND),
        _ => dice.between(0, 50 * MILLI),
    };
    Fate {
        there: delay(dice),
        is_lost: dice.chance(6),
        back: delay(dice),
        answer_is_lost: dice.chance(10),
        answer_is_garbled: dice.chance(5),
        lag: if dice.chance(15) { dice.between(0, 3 * SECOND) } else { 0 },
    }
}
