//! Runs jobs when they are due: one process has the schedule, and each job has one run at most.
//!
//! Whoever starts last has the schedule: the transactional id fences the process that had it, and
//! what that one still has at work cannot publish or put a file in its place any more. `schedule`
//! decides what to run, and every decision is on `ops.runs` before it is carried out.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use kafka::{Follow, From, Transactions};
use model::{Alert, AlertStatus, Head, Run, RunStatus, Severity, Text, Timestamp};
use runtime::{Publisher, State, Status, Task, Wiring};
use schedule::{Act, Job, Roster};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, block_in_place};
use tracing::{info, warn};

use crate::Error;
use crate::runs::{PLANNED, TOPIC, entries, entry, forget, past, read, stamped, trigger};
use crate::work::{Done, Guard, Work};

/// What the schedule is called among the components.
pub const NAME: &str = "schedule";
/// Longest time before somebody's request for a run is seen.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Requests looked at together.
const MAX_REQUESTS: usize = 100;
/// Runs of a job that are kept in the history.
const MAX_KEPT: usize = 1_000;
/// What running jobs have to say waits in a queue of this length.
const MAX_NEWS: usize = 64;
/// Bytes kept of what came of a run.
const MAX_DETAIL: usize = 4 << 10;

/// A job and what it does.
#[derive(Clone)]
pub struct Errand {
    /// When.
    pub job: Job,
    /// What.
    pub work: Work,
}

/// What those at work have to say.
pub(crate) enum News {
    /// May the result be put in its place?
    Confirm(oneshot::Sender<()>),
    /// What came of a run.
    Ended { job: String, result: Result<Done, String> },
}

/// The task that runs jobs until shutdown.
pub fn task(errands: Vec<Errand>) -> Task {
    let errands = Arc::new(errands);
    Task::new(NAME, move |wiring, status| {
        let errands = Arc::clone(&errands);
        async move { drive(&errands, &wiring, &status).await.map_err(Error::into_runtime) }
    })
}

async fn drive(errands: &[Errand], wiring: &Wiring, status: &Status) -> Result<(), Error> {
    status.set(State::Starting, "");
    let mut office = block_in_place(|| Office::open(errands, wiring))?;
    status.set(State::Running, "");
    let (tell, mut told) = mpsc::channel(MAX_NEWS);
    // Whatever is still at work when this ends is left: it is begun again by the next owner.
    let mut at_work = JoinSet::new();
    while !wiring.shutdown.is_cancelled() {
        for job in block_in_place(|| office.look())? {
            let Some(errand) = errands.iter().find(|errand| errand.job.name == job) else {
                continue;
            };
            let guard = Guard(tell.clone());
            let work = errand.work.begin(wiring.clone(), status.clone(), guard);
            at_work.spawn(see_through(job, work, tell.clone()));
        }
        tokio::select! {
            biased;
            () = wiring.shutdown.cancelled() => break,
            Some(news) = told.recv() => block_in_place(|| office.hear(news))?,
            Some(_) = at_work.join_next() => {}
            () = wiring.clock.sleep(office.pause()) => {}
        }
    }
    Ok(())
}

/// Carries a run out and tells what came of it, whatever that is.
async fn see_through(
    job: String,
    work: impl Future<Output = Result<Done, String>>,
    tell: mpsc::Sender<News>,
) {
    let result = AssertUnwindSafe(work).catch_unwind().await;
    let result = result.unwrap_or_else(|_| Err("panicked".to_owned()));
    let _ = tell.send(News::Ended { job, result }).await; // nobody listens: all of it ends
}

/// The roster and the topic that it is written down on.
struct Office<'a> {
    wiring: &'a Wiring,
    transactions: Transactions,
    publisher: Publisher,
    requests: Follow,
    /// Offsets that the roster knows of, by partition.
    read_to: HashMap<i32, i64>,
    roster: Roster,
    schedules: BTreeMap<String, String>,
    /// What is at work, by job.
    running: BTreeMap<String, Run>,
    /// Ids of the runs of each job that are still on the topic, oldest first.
    kept: BTreeMap<String, VecDeque<Text>>,
    /// Jobs of whose failure people have been told.
    alerts: BTreeSet<Text>,
}

impl<'a> Office<'a> {
    /// Takes the schedule over, and learns what was written down. Blocks.
    fn open(errands: &[Errand], wiring: &'a Wiring) -> Result<Self, Error> {
        let transactions = wiring.cluster.transactions(&wiring.sole_transactional_id(NAME))?;
        // What is written from now on is either among the entries, or followed, or both.
        let topic = wiring.names.topic(TOPIC);
        let requests = wiring.cluster.reader()?.follow(&[&topic], From::End)?;
        let jobs: Vec<Job> = errands.iter().map(|errand| errand.job.clone()).collect();
        let schedules = jobs.iter().map(|job| (job.name.clone(), job.schedule.clone()));
        let alerts = wiring.open_alerts()?.into_iter().map(|alert| alert.alert_id);
        let mut office = Self {
            wiring,
            transactions,
            publisher: Publisher::new(wiring),
            requests,
            read_to: HashMap::new(),
            schedules: schedules.collect(),
            roster: Roster::new(jobs),
            running: BTreeMap::new(),
            kept: BTreeMap::new(),
            alerts: alerts.collect(),
        };
        for (partition, offset, run) in entries(wiring)? {
            office.read_to.insert(partition, offset);
            let Some(run) = run else { continue };
            past(&run).into_iter().for_each(|past| office.roster.recall(&run.job, past));
            office.keep(&run);
        }
        Ok(office)
    }

    /// Writes down what is to be done now; gives the jobs that begin.
    fn look(&mut self) -> Result<Vec<String>, Error> {
        self.hear_requests()?;
        let now = self.wiring.clock.now();
        let (mut written, mut begun) = (Vec::new(), Vec::new());
        for act in self.roster.acts(now) {
            let run = self.entry(act, now);
            if run.status == RunStatus::Started {
                begun.push(run.job.to_string());
                self.running.insert(run.job.to_string(), run.clone());
            }
            written.push(run);
        }
        let given_up = written.iter().filter(|run| run.status == RunStatus::Failed);
        let given_up: Vec<_> = given_up.map(|run| (run.job.clone(), run.detail.clone())).collect();
        self.write(written)?;
        given_up.into_iter().for_each(|(job, why)| self.tell_people(&job, Some(why.to_string())));
        Ok(begun)
    }

    /// An act as its topic has it.
    fn entry(&self, act: Act, now: Timestamp) -> Run {
        let schedule = |job: &str| self.schedules.get(job).map(String::as_str).unwrap_or_default();
        let of = |run: schedule::Run, status| Run {
            trigger: trigger(run.trigger),
            status,
            started_time: Some(now),
            attempt: run.attempt,
            ..entry(&run.job, &run.id, schedule(&run.job), run.due)
        };
        match act {
            Act::Plan { job, from } => entry(&job, PLANNED, schedule(&job), from),
            Act::Skip { job, due, count } => Run {
                trigger: model::RunTrigger::CatchUp,
                status: RunStatus::Skipped,
                detail: format!("{count} left out").into(),
                ..entry(&job, &due.to_string(), schedule(&job), due)
            },
            Act::Start(run) => of(run, RunStatus::Started),
            Act::GiveUp(run) => Run {
                started_time: None,
                ended_time: Some(now),
                detail: "it was begun again and again, and never came to its end".into(),
                ..of(run, RunStatus::Failed)
            },
        }
    }

    /// Takes in what others have asked for.
    fn hear_requests(&mut self) -> Result<(), Error> {
        for message in self.requests.next(MAX_REQUESTS, Duration::ZERO)? {
            let known = self.read_to.get(&message.partition);
            if known.is_some_and(|known| message.offset <= *known) {
                continue;
            }
            let Some(run) = read(self.wiring, &message)? else { continue };
            if run.status == RunStatus::Asked {
                info!(job = &*run.job, by = &*run.head.source, "a run is asked for");
                past(&run).into_iter().for_each(|past| self.roster.recall(&run.job, past));
                self.keep(&run);
            }
        }
        Ok(())
    }

    fn hear(&mut self, news: News) -> Result<(), Error> {
        match news {
            News::Confirm(reply) => {
                // Whoever has lost the schedule cannot commit.
                let running = self.running.values().next().cloned();
                self.write(running.into_iter().collect())?;
                let _ = reply.send(()); // the run has ended if nobody waits for it
                Ok(())
            }
            News::Ended { job, result } => {
                let Some(run) = self.running.remove(&job) else { return Ok(()) };
                self.end(run, result)
            }
        }
    }

    /// Writes down what came of a run.
    fn end(&mut self, run: Run, result: Result<Done, String>) -> Result<(), Error> {
        let ended_time = Some(self.wiring.clock.now());
        let failure = result.as_ref().err().cloned();
        let (status, records, mut detail) = match result {
            Ok(done) => (RunStatus::Finished, done.records, done.detail),
            Err(reason) => (RunStatus::Failed, 0, reason),
        };
        detail.truncate(detail.floor_char_boundary(MAX_DETAIL));
        let (job, took) = (run.job.clone(), run.started_time);
        self.roster.ended(&job, &run.run_id);
        let detail = detail.into();
        self.write(vec![Run { status, ended_time, records, detail, ..run }])?;
        match &failure {
            None => info!(job = &*job, records, since = ?took, "a run has finished"),
            Some(reason) => warn!(job = &*job, reason, since = ?took, "a run has failed"),
        }
        self.tell_people(&job, failure);
        Ok(())
    }

    /// Opens an alert when a job fails and closes it when it works again. Where it cannot be told
    /// now, the next run tells.
    fn tell_people(&mut self, job: &str, failure: Option<String>) {
        let alert_id = Text::from(format!("{NAME}.{job}.failed"));
        let is_open = self.alerts.contains(&alert_id);
        if failure.is_some() == is_open {
            return;
        }
        let status = if is_open { AlertStatus::Closed } else { AlertStatus::Opened };
        let alert = Alert {
            head: Head::default(),
            alert_id: alert_id.clone(),
            status,
            severity: Severity::Warning,
            system: None,
            component: NAME.into(),
            title: format!("the last run of {job} has failed").into(),
            reason: failure.unwrap_or_default().into(),
            action: format!(
                "see `foliostream schedule history {job}`; `foliostream schedule run {job}` runs \
                 it again"
            )
            .into(),
            since: self.wiring.clock.now(),
        };
        match self.wiring.publish_alert(alert, NAME) {
            Ok(()) if is_open => drop(self.alerts.remove(&alert_id)),
            Ok(()) => drop(self.alerts.insert(alert_id)),
            Err(error) => warn!(job, %error, "an alert could not be published"),
        }
    }

    /// Commits entries, and forgets the oldest runs of their jobs.
    fn write(&mut self, runs: Vec<Run>) -> Result<(), Error> {
        if runs.is_empty() {
            return Ok(());
        }
        let now = self.wiring.clock.now();
        self.transactions.begin()?;
        for run in runs {
            self.keep(&run);
            let job = run.job.clone();
            let event = stamped(run, NAME, now).into();
            self.publisher.publish(&mut self.transactions, &event, None)?;
            while let Some(id) = self.kept.get_mut(job.as_str()).and_then(surplus) {
                forget(self.wiring, &mut self.transactions, &job, &id)?;
            }
        }
        Ok(self.transactions.commit()?)
    }

    fn keep(&mut self, run: &Run) {
        let kept = self.kept.entry(run.job.to_string()).or_default();
        if run.run_id != PLANNED && !kept.contains(&run.run_id) {
            kept.push_back(run.run_id.clone());
        }
    }

    /// How long nothing is due.
    fn pause(&self) -> Duration {
        let due = self.roster.next_due().map(|due| due.since(self.wiring.clock.now()).max(0));
        due.map_or(LOOK_EVERY, |nanos| Duration::from_nanos(nanos.unsigned_abs()).min(LOOK_EVERY))
    }
}

/// The oldest run, if there are too many.
fn surplus(kept: &mut VecDeque<Text>) -> Option<Text> {
    if kept.len() > MAX_KEPT { kept.pop_front() } else { None }
}
