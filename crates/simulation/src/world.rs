//! One run: everybody takes steps in an order that follows from the plan, faults and all; then
//! the faults end, and what is still to be done is done.

use std::rc::Rc;

use approve::Approve;
use book::Book;
use component::Processor;
use model::Timestamp;
use reconcile::Reconcile;
use serde_json::json;
use track::Track;

use crate::audit::{self, Violation};
use crate::broker::OPENING_CASH;
use crate::canary::Canary;
use crate::dice::Dice;
use crate::log::PARTITIONS;
use crate::scene::{Actor, MILLI, Progress, SECOND, Scene};
use crate::sink::Sink;
use crate::source::{Accounts, Updates};
use crate::user::User;
use crate::worker::Worker;

/// Half past nine in New York on a Monday.
const START: i64 = 1_767_623_400;
/// Rounds of a second in which what is left is done, once the faults are over: brokers are asked
/// again after half a minute at most, and a break is closed after its grace period.
const CALM_ROUNDS: usize = 1_200;
/// Rounds in which nothing happens before it is believed that nothing will.
const SILENT_ROUNDS: usize = 70;
/// Steps of one actor in one round; more would be a loop.
const STEPS_A_ROUND: usize = 5_000;

/// What a run led to.
#[derive(Debug)]
pub struct Report {
    /// What the auditor found wrong.
    pub violations: Vec<Violation>,
    /// Everything that happened, a line each.
    pub trace: Vec<String>,
    /// Requests that arrived at a broker.
    pub arrivals: usize,
    /// Executions, corrections and withdrawals.
    pub executions: usize,
}

/// The plan of a seed: a number for each step, from which everything in it follows.
pub fn plan(seed: u64, steps: usize) -> Vec<u64> {
    let mut dice = Dice::new(seed);
    (0..steps).map(|_| dice.roll()).collect()
}

/// Carries out a plan and has the result audited.
pub fn run(plan: &[u64], canary: Option<Canary>) -> Report {
    let mut world = World::new(canary);
    for number in plan {
        world.step(&mut Dice::new(*number));
    }
    let is_silent = world.calm_down();
    let mut violations = audit::audit(&world.scene.log, &world.scene.network.brokers);
    if !is_silent {
        violations.push(Violation::restless(world.scene.log.step));
    }
    let brokers = &world.scene.network.brokers;
    let arrivals = brokers.iter().map(|broker| broker.ledger.arrivals.len()).sum();
    let executions = brokers.iter().map(|broker| broker.ledger.executions.len()).sum();
    Report { violations, arrivals, executions, trace: world.scene.into_trace() }
}

struct World {
    scene: Scene,
    actors: Vec<Box<dyn Actor>>,
    /// Former owners that do not know it yet.
    zombies: Vec<Box<dyn Actor>>,
    user: User,
}

impl World {
    fn new(canary: Option<Canary>) -> Self {
        let mut scene = Scene::new(Timestamp::from_secs(START), canary);
        let actors = actors(&mut scene);
        Self { scene, actors, zombies: Vec::new(), user: User::default() }
    }

    fn step(&mut self, dice: &mut Dice) {
        self.pass(match dice.below(100) {
            0 => dice.between(2 * SECOND, 40 * SECOND),
            1..=10 => dice.between(100 * MILLI, 2 * SECOND),
            _ => dice.between(0, 30 * MILLI),
        });
        match dice.below(100) {
            0..=54 => self.work(dice),
            55..=68 => self.user.act(&mut self.scene, dice),
            69..=80 => self.trade(dice),
            81..=86 => {
                let waiting = self.scene.log.waiting();
                self.scene.log.mark_one(dice.below(waiting));
            }
            87..=89 => self.kill(dice),
            90..=91 => self.usurp(dice),
            92..=95 => self.wake(dice),
            96..=97 => self.disturb(dice),
            _ => {
                let actor = dice.below(self.actors.len());
                self.actors[actor].set_clock(dice.between(-3 * SECOND, 3 * SECOND));
            }
        }
    }

    fn pass(&mut self, time: i64) {
        self.scene.now = self.scene.now.plus_nanos(time);
        self.scene.log.step += 1;
        self.scene.network.advance(self.scene.now, self.scene.log.step);
    }

    /// Some actors that have something to do take a step.
    fn work(&mut self, dice: &mut Dice) {
        let first = dice.below(self.actors.len());
        let mut left = 1 + dice.below(6);
        for index in 0..self.actors.len() {
            let at = (first + index) % self.actors.len();
            if left > 0 && self.advance(at, dice) != Progress::Idle {
                left -= 1;
            }
        }
    }

    fn advance(&mut self, at: usize, dice: &mut Dice) -> Progress {
        self.scene.log.step += 1;
        let progress = self.actors[at].step(&mut self.scene, dice);
        if progress == Progress::Died {
            self.replace(at);
        }
        progress
    }

    fn replace(&mut self, at: usize) -> Box<dyn Actor> {
        let successor = self.actors[at].successor(&mut self.scene);
        std::mem::replace(&mut self.actors[at], successor)
    }

    fn trade(&mut self, dice: &mut Dice) {
        let now = self.scene.now;
        let broker = &mut self.scene.network.brokers[dice.below(2)];
        let name = broker.system;
        if let Some(what) = broker.act(dice, now) {
            self.scene.note(name, &what);
        }
    }

    /// `kill -9`, and a start.
    fn kill(&mut self, dice: &mut Dice) {
        let at = dice.below(self.actors.len());
        let name = self.actors[at].name().to_owned();
        self.scene.note(&name, "is killed");
        self.replace(at);
    }

    /// Somebody is taken for dead and replaced, and is not dead.
    fn usurp(&mut self, dice: &mut Dice) {
        let at = dice.below(self.actors.len());
        let name = self.actors[at].name().to_owned();
        self.scene.note(&name, "sleeps and is replaced");
        let sleeper = self.replace(at);
        self.zombies.push(sleeper);
    }

    /// A former owner wakes up and goes on with what it was about to do.
    fn wake(&mut self, dice: &mut Dice) {
        if self.zombies.is_empty() {
            return;
        }
        let at = dice.below(self.zombies.len());
        let name = self.zombies[at].name().to_owned();
        self.scene.note(&name, "wakes up");
        for _ in 0..1 + dice.below(4) {
            self.scene.log.step += 1;
            if self.zombies[at].step(&mut self.scene, dice) == Progress::Died {
                self.zombies.swap_remove(at);
                return;
            }
        }
    }

    /// A broker goes away, comes back, or starts again.
    fn disturb(&mut self, dice: &mut Dice) {
        let at = dice.below(2);
        let broker = &mut self.scene.network.brokers[at];
        broker.is_away = !broker.is_away && dice.chance(60);
        let (name, is_away) = (broker.system, broker.is_away);
        self.scene.note(name, if is_away { "is away" } else { "starts again" });
        self.scene.network.cut(at);
    }

    /// No more faults, and time for everybody. Tells whether it became silent.
    fn calm_down(&mut self) -> bool {
        self.scene.note("world", "the faults are over");
        self.scene.is_calm = true;
        self.zombies.clear();
        self.user.resume(&mut self.scene);
        let now = self.scene.now;
        for broker in &mut self.scene.network.brokers {
            broker.is_away = false;
            broker.settle(now);
        }
        (0..self.actors.len()).for_each(|at| self.actors[at].set_clock(0));
        let mut silent = 0;
        let mut dice = Dice::new(0);
        for _ in 0..CALM_ROUNDS {
            self.pass(SECOND);
            let mut is_silent = true;
            while self.scene.log.waiting() > 0 {
                self.scene.log.mark_one(0);
            }
            for at in 0..self.actors.len() {
                for _ in 0..STEPS_A_ROUND {
                    if self.advance(at, &mut dice) == Progress::Idle {
                        break;
                    }
                    is_silent = false;
                }
            }
            let now = self.scene.now;
            self.scene.network.brokers.iter_mut().for_each(|broker| broker.settle(now));
            silent = if is_silent { silent + 1 } else { 0 };
            if silent > SILENT_ROUNDS {
                return true;
            }
        }
        false
    }
}

fn actors(scene: &mut Scene) -> Vec<Box<dyn Actor>> {
    let route = |system: &str, account: &str| json!({"system": system, "broker_account": account});
    let accounts = json!({"alpha": route("strict", "S"), "beta": route("loose", "L")});
    let approve = made::<Approve>(json!({ "accounts": accounts }));
    let opening = json!({"cash": {"USD": OPENING_CASH.to_string()}});
    let book = made::<Book>(json!({"opening": {"alpha": opening, "beta": opening}}));
    let (track, reconcile) = (made::<Track>(json!({})), made::<Reconcile>(json!({})));
    let mut actors: Vec<Box<dyn Actor>> = Vec::new();
    // One input: a member for each partition. More inputs: one member for all.
    for number in 0..PARTITIONS {
        actors.push(Box::new(Worker::open(approve.clone(), vec![number], scene)));
        actors.push(Box::new(Worker::open(track.clone(), vec![number], scene)));
    }
    let all: Vec<usize> = (0..PARTITIONS).collect();
    actors.push(Box::new(Worker::open(book, all.clone(), scene)));
    actors.push(Box::new(Worker::open(reconcile, all, scene)));
    for broker in 0..2 {
        actors.push(Box::new(Sink::open(broker, scene)));
        actors.push(Box::new(Updates::open(broker, scene)));
        actors.push(Box::new(Accounts::open(broker, scene)));
    }
    actors
}

/// A processor with settings that are known to be right.
fn made<P: Processor>(settings: serde_json::Value) -> Rc<P> {
    let settings = serde_json::from_value(settings).expect("the settings above fit the processor");
    Rc::new(P::new(settings).expect("the settings above are accepted by the processor"))
}
