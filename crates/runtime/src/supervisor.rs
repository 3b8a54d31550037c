//! Starts components, starts them again, and knows how they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use component::Progress;
use futures_util::future::BoxFuture;
use model::{Text, Timestamp};
use serde::Serialize;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::{Backoff, Error, Metrics, Wiring};

/// First wait before a component that failed is started again.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// How long the last words for an auditor may take.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

type Run = Arc<dyn Fn(Wiring, Status) -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;

/// A component that is ready to be started, as often as needed.
#[derive(Clone)]
pub struct Task {
    /// `system.component`, or the processor's name.
    pub name: Text,
    run: Run,
}

impl Task {
    /// A task that runs until the wiring's shutdown is set.
    pub fn new<F>(name: &str, run: impl Fn(Wiring, Status) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let run = move |wiring, status| -> BoxFuture<'static, _> { Box::pin(run(wiring, status)) };
        Self { name: name.into(), run: Arc::new(run) }
    }
}

/// Where a component stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not connected yet.
    Starting,
    /// Doing its work.
    Running,
    /// Waiting to try again.
    Waiting,
    /// Ended because everything ends.
    Stopped,
    /// Ended for good: a person is needed.
    Failed,
}

/// What is known of one component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Health {
    /// Where it stands.
    pub state: State,
    /// Why, where there is something to say.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
    /// Times it was started again.
    pub restarts: u32,
    /// Records it is behind, where that can be told.
    pub lag: Option<i64>,
    /// How far a backfill has come, where there is one.
    pub progress: Option<Progress>,
    /// What a person must do, where nothing goes on without one.
    pub alert: Option<Call>,
}

/// A call for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// What was seen.
    pub reason: String,
    /// What the person must do.
    pub action: String,
    /// Since when.
    pub since: Timestamp,
}

/// The health of one component, shared with whoever asks.
#[derive(Clone, Debug)]
pub struct Status {
    health: Arc<Mutex<Health>>,
    component: Text,
    clock: component::Clock,
    metrics: Metrics,
}

impl Status {
    fn new(component: &Text, wiring: &Wiring) -> Self {
        let (clock, metrics) = (wiring.clock.clone(), wiring.metrics.clone());
        metrics.up(component, false);
        let health = Health {
            state: State::Starting,
            detail: String::new(),
            since: clock.now(),
            restarts: 0,
            lag: None,
            progress: None,
            alert: None,
        };
        Self { health: Arc::new(Mutex::new(health)), component: component.clone(), clock, metrics }
    }

    /// Moves to a state.
    pub fn set(&self, state: State, detail: impl Into<String>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.state != state {
            health.since = self.clock.now();
            self.metrics.up(&self.component, state == State::Running);
        }
        health.state = state;
        health.detail = detail.into();
    }

    /// Notes how many records are waiting.
    pub fn set_lag(&self, lag: i64) {
        self.metrics.lag(&self.component, lag);
        self.health.lock().unwrap_or_else(PoisonError::into_inner).lag = Some(lag);
    }

    /// Notes how far a backfill has come.
    pub fn set_progress(&self, progress: Progress) {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).progress = Some(progress);
    }

    /// Notes what a person must do, or that nothing is left to do.
    pub(crate) fn set_call(&self, call: Option<Call>) {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).alert = call;
    }

    /// How it is now.
    pub fn get(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn restarted(&self) {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).restarts += 1;
    }
}

/// Runs components until the wiring's shutdown is set.
#[derive(Debug)]
pub struct Supervisor {
    wiring: Wiring,
    running: JoinSet<()>,
    statuses: BTreeMap<Text, Status>,
}

impl Supervisor {
    /// A supervisor of nothing yet.
    pub fn new(wiring: Wiring) -> Self {
        Self { wiring, running: JoinSet::new(), statuses: BTreeMap::new() }
    }

    /// Starts a component.
    pub fn start(&mut self, task: Task) {
        let status = Status::new(&task.name, &self.wiring);
        self.statuses.insert(task.name.clone(), status.clone());
        self.running.spawn(keep_running(task, self.wiring.clone(), status));
    }

    /// How each component is.
    pub fn statuses(&self) -> BTreeMap<Text, Status> {
        self.statuses.clone()
    }

    /// Tells everything to stop and waits until it has, at most this long.
    pub async fn stop(mut self, wait: Duration) -> bool {
        self.wiring.shutdown.cancel();
        let all = async { while self.running.join_next().await.is_some() {} };
        let is_whole = tokio::time::timeout(wait, all).await.is_ok();
        if !self.wiring.has_told(LAST_WORDS).await {
            warn!("what an auditor must know was not published in {LAST_WORDS:?}");
        }
        is_whole
    }

    /// Waits until every component has ended.
    pub async fn join(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

async fn keep_running(task: Task, wiring: Wiring, status: Status) {
    let mut backoff = Backoff::new(&task.name, FIRST_WAIT, LONGEST_WAIT);
    let component = task.name.as_str();
    while !wiring.shutdown.is_cancelled() {
        let started = wiring.clock.now();
        let (run, run_wiring, run_status) = (task.run.clone(), wiring.clone(), status.clone());
        let mut attempt = JoinSet::new();
        attempt.spawn(async move { run(run_wiring, run_status).await });
        let reason = match attempt.join_next().await {
            Some(Ok(Ok(()))) | None => break,
            Some(Ok(Err(error))) if error.is_final() => {
                error!(component, %error, "stopped for good");
                status.set(State::Failed, error.to_string());
                return;
            }
            Some(Ok(Err(error))) => error.to_string(),
            Some(Err(panic)) => format!("panicked: {panic}"),
        };
        if wiring.clock.now().since(started) > LONGEST_WAIT.as_nanos() as i64 {
            backoff.succeeded();
        }
        let wait = backoff.failed();
        warn!(component, reason, ?wait, "starting again");
        wiring.metrics.fault(component, "restart");
        status.restarted();
        status.set(State::Waiting, reason);
        tokio::select! {
            () = wiring.clock.sleep(wait) => {}
            () = wiring.shutdown.cancelled() => {}
        }
    }
    info!(component, "stopped");
    status.set(State::Stopped, "");
}
