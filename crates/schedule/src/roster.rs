//! Which jobs to run now: what is due, what was missed, what somebody asked for.
//!
//! The roster is told what its topic says of the past, then it is asked again and again what is
//! to be done. Every act is written down by whoever carries it out, before it is carried out; a
//! roster that is told all of it anew comes to the same answers.

use std::collections::{BTreeMap, VecDeque};

use model::Timestamp;

use crate::When;

/// A run that starts within this time is not late.
const GRACE_NANOS: i64 = 60_000_000_000;
/// Missed runs that are caught up with at most, the latest.
const MAX_CAUGHT_UP: usize = 100;
/// Runs of one job that wait for the one before.
const MAX_WAITING: usize = 2 * MAX_CAUGHT_UP;
/// How often a run is begun that never comes to its end.
const MAX_ATTEMPTS: i64 = 3;

/// What is run on a schedule.
#[derive(Clone, Debug)]
pub struct Job {
    /// What the user calls it.
    pub name: String,
    /// When it is due.
    pub when: When,
    /// The same in the user's words: another schedule has missed nothing yet.
    pub schedule: String,
    /// What to do about runs that were missed.
    pub missed: Missed,
}

/// What to do about runs that were missed: nobody was there, or the run before took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// They are left out.
    None,
    /// One run makes up for all of them.
    Once,
    /// Each is made up for.
    All,
}

/// Why something is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// It is due.
    Schedule,
    /// It was missed.
    CatchUp,
    /// Somebody asked for it.
    Asked,
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The job.
    pub job: String,
    /// What tells it from the others of its job.
    pub id: String,
    /// Why it is run.
    pub trigger: Trigger,
    /// When it is or was due.
    pub due: Timestamp,
    /// How often it has been begun, this time included.
    pub attempt: i64,
}

/// What is to be done, and written down before that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A job is known from now on: nothing before has been missed.
    Plan { job: String, from: Timestamp },
    /// Runs are left out, the last of which was due then.
    Skip { job: String, due: Timestamp, count: usize },
    /// A run begins.
    Start(Run),
    /// A run has been begun too often.
    GiveUp(Run),
}

/// What was written down about a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// Everything up to then has been dealt with, by this schedule.
    Dealt { until: Timestamp, schedule: String },
    /// Somebody asks for a run.
    Asked { id: String, at: Timestamp },
    /// A run was begun.
    Started(Run),
    /// A run has come to its end.
    Ended { id: String },
}

/// The jobs and where each stands.
#[derive(Clone, Debug)]
pub struct Roster {
    desks: BTreeMap<String, Desk>,
}

#[derive(Clone, Debug)]
struct Desk {
    job: Job,
    /// Up to where everything that was due is dealt with; nothing if the job is new.
    dealt: Option<Timestamp>,
    running: Option<String>,
    /// What runs next, first to last.
    waiting: VecDeque<Run>,
}

impl Roster {
    /// A roster of jobs of which nothing is known.
    pub fn new(jobs: Vec<Job>) -> Self {
        let desk = |job: Job| {
            let desk = Desk { job, dealt: None, running: None, waiting: VecDeque::new() };
            (desk.job.name.clone(), desk)
        };
        Self { desks: jobs.into_iter().map(desk).collect() }
    }

    /// Takes in what was written down, in its order: before the first act everything, later what
    /// others asked for. What is told of unknown jobs is passed over.
    pub fn recall(&mut self, job: &str, past: Past) {
        let Some(desk) = self.desks.get_mut(job) else { return };
        match past {
            Past::Dealt { until, schedule } if schedule == desk.job.schedule => {
                desk.dealt = desk.dealt.max(Some(until));
            }
            Past::Dealt { .. } => desk.dealt = None,
            Past::Asked { id, at } => {
                let is_known = desk.waiting.iter().any(|run| run.id == id);
                if !is_known && desk.running.as_ref() != Some(&id) {
                    let job = job.to_owned();
                    desk.wait(Run { job, id, trigger: Trigger::Asked, due: at, attempt: 1 });
                }
            }
            // Until its end is told it must be begun once more.
            Past::Started(run) => {
                desk.waiting.retain(|other| other.id != run.id);
                desk.waiting.push_front(Run { attempt: run.attempt + 1, ..run });
            }
            Past::Ended { id } => desk.ended(&id),
        }
    }

    /// What is to be done now. The caller does all of it, in this order.
    pub fn acts(&mut self, now: Timestamp) -> Vec<Act> {
        let mut acts = Vec::new();
        for desk in self.desks.values_mut() {
            desk.look(now, &mut acts);
            desk.begin(&mut acts);
        }
        acts
    }

    /// A run has come to its end.
    pub fn ended(&mut self, job: &str, id: &str) {
        if let Some(desk) = self.desks.get_mut(job) {
            desk.ended(id);
        }
    }

    /// When there is something to be done next, if nothing else happens.
    pub fn next_due(&self) -> Option<Timestamp> {
        let due = |desk: &Desk| desk.job.when.next(desk.dealt?);
        self.desks.values().filter_map(due).min()
    }

    /// Each job, and when it is due next after a point.
    pub fn plan(&self, now: Timestamp) -> impl Iterator<Item = (&Job, Option<Timestamp>)> {
        self.desks.values().map(move |desk| (&desk.job, desk.job.when.next(now)))
    }
}

impl Desk {
    /// Deals with what has become due.
    fn look(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        let job = self.job.name.clone();
        let Some(dealt) = self.dealt else {
            self.dealt = Some(now);
            acts.push(Act::Plan { job, from: now });
            return;
        };
        // The latest first, and one more than are wanted: it tells that there are others.
        let mut due = Vec::new();
        let mut until = now;
        while due.len() <= MAX_CAUGHT_UP {
            let Some(time) = self.job.when.last(until).filter(|time| *time > dealt) else { break };
            due.push(time);
            until = time.plus_nanos(-1);
        }
        let Some(latest) = due.first().copied() else { return };
        self.dealt = Some(latest);
        let is_late = |time: Timestamp| now.since(time) > GRACE_NANOS;
        let is_busy = self.running.is_some() || !self.waiting.is_empty();
        let wanted = match self.job.missed {
            Missed::None if is_late(latest) || is_busy => 0,
            Missed::None | Missed::Once => 1,
            Missed::All => MAX_CAUGHT_UP,
        };
        let mut skipped = due.split_off(wanted.min(due.len()));
        if self.job.missed == Missed::Once {
            // What has waited for the run before makes room for what is due now.
            let (stale, kept) = self
                .waiting
                .drain(..)
                .partition(|run| run.trigger != Trigger::Asked && run.attempt == 1);
            self.waiting = kept;
            skipped.extend(Vec::from(stale).into_iter().map(|run: Run| run.due));
        }
        if let Some(due) = skipped.iter().max().copied() {
            acts.push(Act::Skip { job: job.clone(), due, count: skipped.len() });
        }
        for due in due.into_iter().rev() {
            let trigger = if is_late(due) { Trigger::CatchUp } else { Trigger::Schedule };
            let id = id(due);
            self.wait(Run { job: job.clone(), id, trigger, due, attempt: 1 });
        }
    }

    /// Begins the next run if none is under way.
    fn begin(&mut self, acts: &mut Vec<Act>) {
        while self.running.is_none() {
            let Some(run) = self.waiting.pop_front() else { return };
            if run.attempt > MAX_ATTEMPTS {
                acts.push(Act::GiveUp(run));
                continue;
            }
            self.running = Some(run.id.clone());
            acts.push(Act::Start(run));
        }
    }

    fn wait(&mut self, run: Run) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(run);
        }
    }

    fn ended(&mut self, id: &str) {
        self.waiting.retain(|run| run.id != id);
        if self.running.as_deref() == Some(id) {
            self.running = None;
        }
    }
}

/// A run is known by the time that it was due.
fn id(due: Timestamp) -> String {
    due.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const HOUR: i64 = 3600;

    fn job(missed: Missed) -> Job {
        let schedule = "@hourly".to_owned();
        let when = When::parse(&schedule, None, false).unwrap();
        Job { name: "bars".to_owned(), when, schedule, missed }
    }

    fn roster(missed: Missed) -> Roster {
        let mut roster = Roster::new(vec![job(missed)]);
        assert_eq!(roster.acts(at(-1)), [Act::Plan { job: "bars".into(), from: at(-1) }]);
        roster
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn run(trigger: Trigger, due: i64) -> Act {
        let due = at(due);
        Act::Start(Run { job: "bars".into(), id: id(due), trigger, due, attempt: 1 })
    }

    fn skip(due: i64, count: usize) -> Act {
        Act::Skip { job: "bars".into(), due: at(due), count }
    }

    fn end(roster: &mut Roster, due: i64) {
        roster.ended("bars", &id(at(due)));
    }

    #[test]
    fn what_is_due_runs_once_and_what_is_new_has_missed_nothing() {
        let mut roster = roster(Missed::All);
        assert_eq!(roster.next_due(), Some(at(0)));
        assert_eq!(roster.acts(at(0)), [run(Trigger::Schedule, 0)]);
        assert_eq!(roster.acts(at(1)), []);
        end(&mut roster, 0);
        assert_eq!(roster.acts(at(HOUR - 1)), []);
        assert_eq!(roster.next_due(), Some(at(HOUR)));
        assert_eq!(roster.acts(at(HOUR + 1)), [run(Trigger::Schedule, HOUR)]);
    }

    #[test]
    fn missed_runs_are_left_out_caught_up_once_or_all() {
        let late = 3 * HOUR + 600;
        assert_eq!(roster(Missed::None).acts(at(late)), [skip(3 * HOUR, 4)]);
        let once = roster(Missed::Once).acts(at(late));
        assert_eq!(once, [skip(2 * HOUR, 3), run(Trigger::CatchUp, 3 * HOUR)]);
        let mut all = roster(Missed::All);
        for hour in 0..4 {
            assert_eq!(all.acts(at(late)), [run(Trigger::CatchUp, hour * HOUR)]);
            end(&mut all, hour * HOUR);
        }
        assert_eq!(all.acts(at(late)), []);
    }

    #[test]
    fn only_so_many_are_caught_up() {
        let mut roster = roster(Missed::All);
        let acts = roster.acts(at(500 * HOUR));
        assert_eq!(acts, [skip(400 * HOUR, 1), run(Trigger::CatchUp, 401 * HOUR)]);
    }

    #[test]
    fn never_two_at_once() {
        for missed in [Missed::None, Missed::Once, Missed::All] {
            let mut roster = roster(missed);
            assert_eq!(roster.acts(at(0)), [run(Trigger::Schedule, 0)]);
            let during = [roster.acts(at(HOUR)), roster.acts(at(2 * HOUR))].concat();
            end(&mut roster, 0);
            let after = roster.acts(at(2 * HOUR + 600));
            match missed {
                Missed::None => {
                    assert_eq!((during, after), (vec![skip(HOUR, 1), skip(2 * HOUR, 1)], vec![]));
                }
                Missed::Once => {
                    assert_eq!(during, [skip(HOUR, 1)]);
                    assert_eq!(after, [run(Trigger::Schedule, 2 * HOUR)]);
                }
                Missed::All => {
                    assert_eq!((during, after), (vec![], vec![run(Trigger::Schedule, HOUR)]));
                }
            }
        }
    }

    #[test]
    fn what_is_asked_for_runs_now_or_next() {
        let mut roster = roster(Missed::Once);
        let ask = Past::Asked { id: "now".into(), at: at(10) };
        roster.recall("bars", ask.clone());
        roster.recall("bars", ask.clone());
        let job = "bars".to_owned();
        let asked = Run { job, id: "now".into(), trigger: Trigger::Asked, due: at(10), attempt: 1 };
        assert_eq!(roster.acts(at(-1)), [Act::Start(asked)]);
        roster.recall("bars", ask);
        assert_eq!(roster.acts(at(0)), []);
        roster.ended("bars", "now");
        assert_eq!(roster.acts(at(1)), [run(Trigger::Schedule, 0)]);
        roster.recall("others", Past::Asked { id: "x".into(), at: at(1) });
    }

    #[test]
    fn a_run_without_an_end_is_begun_again_but_not_for_ever() {
        for attempt in 1..=MAX_ATTEMPTS {
            let mut roster = Roster::new(vec![job(Missed::None)]);
            let schedule = "@hourly".to_owned();
            roster.recall("bars", Past::Dealt { until: at(0), schedule });
            let Act::Start(first) = run(Trigger::Schedule, 0) else { unreachable!() };
            roster.recall("bars", Past::Started(Run { attempt, ..first.clone() }));
            let next = Run { attempt: attempt + 1, ..first };
            let expected =
                if attempt < MAX_ATTEMPTS { Act::Start(next) } else { Act::GiveUp(next) };
            assert_eq!(roster.acts(at(60)), [expected]);
        }
    }

    #[test]
    fn another_schedule_begins_anew() {
        let mut roster = Roster::new(vec![job(Missed::All)]);
        roster.recall("bars", Past::Dealt { until: at(0), schedule: "@daily".to_owned() });
        let acts = roster.acts(at(50 * HOUR));
        assert_eq!(acts, [Act::Plan { job: "bars".into(), from: at(50 * HOUR) }]);
    }

    /// Every act is written down and the process dies after any number of them: whatever is due
    /// is run to its end, in its order.
    #[test]
    fn wherever_it_dies_nothing_is_forgotten() {
        for dies_every in 1..7 {
            let mut log: Vec<Past> = Vec::new();
            let (mut done, mut acts_done) = (Vec::new(), 0);
            let mut now = -1;
            while now < 12 * HOUR {
                let mut roster = Roster::new(vec![job(Missed::All)]);
                log.iter().for_each(|past| roster.recall("bars", past.clone()));
                'life: loop {
                    for act in roster.acts(at(now)) {
                        let dealt = |until| Past::Dealt { until, schedule: "@hourly".to_owned() };
                        match act {
                            Act::Plan { from, .. } => log.push(dealt(from)),
                            Act::Start(run) => {
                                log.extend([dealt(run.due), Past::Started(run.clone())]);
                                acts_done += 1;
                                if acts_done % dies_every == 0 && run.attempt < MAX_ATTEMPTS {
                                    break 'life;
                                }
                                done.push(run.due.0 / 1_000_000_000);
                                log.push(Past::Ended { id: run.id.clone() });
                                roster.ended("bars", &run.id);
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                    now += 700;
                    if now >= 12 * HOUR {
                        break;
                    }
                }
                now += 1500;
            }
            let expected: Vec<i64> = (0..done.len() as i64).map(|hour| hour * HOUR).collect();
            assert!(done.len() >= 10, "{done:?}");
            assert_eq!(done, expected, "dies every {dies_every}");
        }
    }
}
