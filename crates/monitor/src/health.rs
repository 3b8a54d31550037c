//! Health checks: what is at work proves it by its work, what is not is tried.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use component::{Clock, Fault};
use futures_util::future::BoxFuture;
use metrics::{gauge, histogram};
use model::{Text, Timestamp};
use runtime::{Page, State, Status};
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Checks of a component that are remembered.
const REMEMBERED: usize = 50;
/// Longest wait for a system to let us in.
const PROBE_WAIT: Duration = Duration::from_secs(20);
/// The first check comes no later than this after the start.
const FIRST_CHECK: Duration = Duration::from_secs(30);

/// Logs in to a component's system, once, as the component itself would.
pub type Login = Arc<dyn Fn() -> BoxFuture<'static, Result<(), Fault>> + Send + Sync>;

/// A component that is looked after.
#[derive(Clone)]
pub struct Patient {
    /// Its system.
    pub system: Text,
    /// `system.component`.
    pub component: Text,
    /// How it says it is.
    pub status: Status,
    /// Tries its system.
    pub login: Login,
    /// Whether a second login disturbs nothing while the component is at work.
    pub is_probed_at_work: bool,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// When.
    pub at: Timestamp,
    /// Whether all was well.
    pub is_well: bool,
    /// What was seen.
    pub seen: String,
    /// Seconds until the system had answered; none where the component's own work was the answer.
    pub seconds: Option<f64>,
}

/// What the checks have shown.
#[derive(Clone, Default)]
pub struct History(Arc<Mutex<BTreeMap<Text, VecDeque<Check>>>>);

impl History {
    fn note(&self, component: &Text, check: Check) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let checks = all.entry(component.clone()).or_default();
        checks.truncate(REMEMBERED - 1);
        checks.push_front(check);
    }

    /// The checks of each component, newest first.
    pub fn get(&self) -> BTreeMap<Text, Vec<Check>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(name, checks)| (name.clone(), checks.iter().cloned().collect())).collect()
    }

    /// `/health`: each system, whether all is well there, and the checks of its components.
    pub fn page(&self) -> Page {
        let history = self.clone();
        Page::new("/health", move || {
            let mut systems = serde_json::Map::new();
            for (component, checks) in history.get() {
                let system = component.split_once('.').map_or(&*component, |(system, _)| system);
                let entry = systems.entry(system);
                let entry = entry.or_insert_with(|| json!({ "is_well": true, "components": {} }));
                if checks.first().is_some_and(|check| !check.is_well) {
                    entry["is_well"] = json!(false);
                }
                entry["components"][&*component] = json!(checks);
            }
            systems.into()
        })
    }
}

/// Checks every component again and again until shutdown.
pub async fn keep_checking(
    patients: &[Patient],
    every: Duration,
    history: &History,
    clock: &Clock,
    shutdown: &CancellationToken,
) {
    let mut wait = every.min(FIRST_CHECK);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = clock.sleep(wait) => wait = every,
        }
        for patient in patients {
            let checked = tokio::select! {
                () = shutdown.cancelled() => return,
                checked = check(patient, clock) => checked,
            };
            let Some(check) = checked else { continue };
            let component = &*patient.component;
            if !check.is_well {
                warn!(component, seen = check.seen, "health check failed");
            }
            let labels =
                [("system", patient.system.to_string()), ("component_id", component.to_owned())];
            gauge!("health_check_up", &labels).set(f64::from(check.is_well));
            if let Some(seconds) = check.seconds {
                histogram!("health_check_seconds", &labels).record(seconds);
            }
            history.note(&patient.component, check);
        }
    }
}

/// One check; none of what has ended on purpose.
async fn check(patient: &Patient, clock: &Clock) -> Option<Check> {
    let health = patient.status.get();
    let at = clock.now();
    let own = |is_well: bool, seen: String| Check { at, is_well, seen, seconds: None };
    match health.state {
        State::Stopped => None,
        // Its own reads are the probe: a second login could end the first.
        State::Running if !patient.is_probed_at_work => Some(match health.alert {
            Some(call) => own(false, call.reason),
            None => own(true, format!("at work since {}", health.since)),
        }),
        State::Running => Some(probe(patient, "", clock).await),
        State::Starting => Some(own(false, "not connected yet".to_owned())),
        // It tries by itself, and says what came of it.
        State::Waiting => Some(own(false, health.detail)),
        State::Failed => Some(probe(patient, &health.detail, clock).await),
    }
}

/// Tries the system. `stopped` is why the component has ended, if it has: then all is well only
/// after it has been started again.
async fn probe(patient: &Patient, stopped: &str, clock: &Clock) -> Check {
    let at = clock.now();
    let answer = tokio::select! {
        answer = (patient.login)() => answer.map_err(|fault| fault.to_string()),
        () = clock.sleep(PROBE_WAIT) => Err(format!("no answer within {} s", PROBE_WAIT.as_secs())),
    };
    let seconds = Some(Duration::from_nanos(clock.now().since(at).max(0) as u64).as_secs_f64());
    let now = match &answer {
        Ok(()) => "the system lets us in".to_owned(),
        Err(reason) => reason.clone(),
    };
    match stopped.is_empty() {
        true => Check { at, is_well: answer.is_ok(), seen: now, seconds },
        false => {
            let seen = format!("stopped for good: {stopped}; a login now: {now}");
            Check { at, is_well: false, seen, seconds }
        }
    }
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.component)
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("History")
    }
}
