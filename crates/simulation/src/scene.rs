//! What all who take part have before them: the log, the network, the time; and what they do.

use model::Timestamp;

use crate::canary::Canary;
use crate::dice::Dice;
use crate::log::{Log, Owner, Transaction};
use crate::network::Network;

/// A millisecond.
pub(crate) const MILLI: i64 = 1_000_000;
/// A second.
pub(crate) const SECOND: i64 = 1_000 * MILLI;

/// The world without those who act in it.
pub(crate) struct Scene {
    pub(crate) log: Log,
    pub(crate) network: Network,
    pub(crate) now: Timestamp,
    pub(crate) canary: Option<Canary>,
    /// Whether faults are over.
    pub(crate) is_calm: bool,
    trace: Vec<String>,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There was nothing to do.
    Idle,
    /// Something was done.
    Worked,
    /// It cannot go on: its successor must.
    Died,
}

/// Somebody who acts, one small step at a time, and can be killed between any two.
pub(crate) trait Actor {
    /// Its name in the trace; a successor has the same.
    fn name(&self) -> &str;

    /// Does the next small thing.
    fn step(&mut self, scene: &mut Scene, dice: &mut Dice) -> Progress;

    /// Another process that takes its place, knowing only what is on the log.
    fn successor(&self, scene: &mut Scene) -> Box<dyn Actor>;

    /// Sets its clock wrong by this much.
    fn set_clock(&mut self, _by: i64) {}
}

impl Scene {
    pub(crate) fn new(now: Timestamp, canary: Option<Canary>) -> Self {
        let mut log = Log::default();
        log.is_open_to_all = canary == Some(Canary::NoFencing);
        Self { log, network: Network::new(), now, canary, is_calm: false, trace: Vec::new() }
    }

    /// Whether a mistake is built in.
    pub(crate) fn has(&self, canary: Canary) -> bool {
        self.canary == Some(canary)
    }

    /// Writes down what somebody does.
    pub(crate) fn note(&mut self, who: &str, what: &str) {
        let (step, now) = (self.log.step, self.now);
        self.trace.push(format!("{step:>5} {now} {who}: {what}"));
    }

    pub(crate) fn into_trace(self) -> Vec<String> {
        self.trace
    }

    /// Commits, as far as the faults let it. False when the owner cannot go on: it was fenced, or
    /// the commit failed, or nobody told it that it did not.
    pub(crate) fn commit(
        &mut self,
        owner: &Owner,
        transaction: Transaction,
        dice: &mut Dice,
    ) -> bool {
        let (fails, is_unheard, is_slow) = match self.is_calm {
            true => (false, false, false),
            false => (dice.chance(2), dice.chance(2), dice.chance(15)),
        };
        if fails {
            self.note(&owner.name, "the commit fails");
            return false;
        }
        if self.log.commit(owner, transaction, is_slow).is_err() {
            self.note(&owner.name, "is fenced");
            return false;
        }
        if is_unheard {
            self.note(&owner.name, "commits and does not hear of it");
        }
        !is_unheard
    }
}
