//! Runs the watch, the health checks and the telling beside the components.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use model::{Alert, Text};
use runtime::{Error, Page, State, Status, Supervisor, Task, Wiring};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::census::keep_counting;
use crate::health::{History, Patient, keep_checking};
use crate::rule::Rule;
use crate::sample::samples;
use crate::tell::{Telling, keep_telling};
use crate::watch::Watch;

/// Pause between two looks at the figures.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long the last news may take to reach people.
const STOP_WAIT: Duration = Duration::from_secs(20);

/// What is watched, and how.
pub struct Settings {
    /// The rules.
    pub rules: Vec<Rule>,
    /// Whom to tell.
    pub telling: Telling,
    /// Pause between two health checks.
    pub health_check_interval: Duration,
    /// The components of this process.
    pub patients: Vec<Patient>,
    /// All components of this process, processors included, by which their alerts are known.
    pub components: BTreeSet<Text>,
    /// Topics on which this process counts what is open: [`crate::BREAKS`], [`crate::ORDERS`].
    pub counted: BTreeSet<&'static str>,
    /// The figures of this process.
    pub figures: PrometheusHandle,
}

/// Everything that watches, until it is stopped.
#[derive(Debug)]
pub struct Monitor {
    supervisor: Supervisor,
    history: History,
}

impl Monitor {
    /// Starts watching. It goes on when the components have stopped, so that their last alerts are
    /// told.
    pub fn start(settings: Settings, wiring: &Wiring) -> Self {
        let mut wiring = wiring.clone();
        wiring.shutdown = CancellationToken::new();
        let settings = Arc::new(settings);
        let history = History::default();
        let mut supervisor = Supervisor::new(wiring);
        let given = settings.clone();
        supervisor.start(Task::new("monitor.watch", move |wiring, status| {
            let settings = given.clone();
            async move { watch(&settings, &wiring, &status).await }
        }));
        let (given, noted) = (settings.clone(), history.clone());
        supervisor.start(Task::new("monitor.health", move |wiring, status| {
            let (settings, history) = (given.clone(), noted.clone());
            async move {
                status.set(State::Running, "");
                let every = settings.health_check_interval;
                let (clock, shutdown) = (&wiring.clock, &wiring.shutdown);
                keep_checking(&settings.patients, every, &history, clock, shutdown).await;
                Ok(())
            }
        }));
        if !settings.counted.is_empty() {
            let given = settings.clone();
            supervisor.start(Task::new("monitor.count", move |wiring, status| {
                let settings = given.clone();
                async move {
                    status.set(State::Running, "");
                    keep_counting(&settings.counted, &wiring).await
                }
            }));
        }
        supervisor.start(Task::new("monitor.tell", move |wiring, status| {
            let settings = settings.clone();
            async move {
                status.set(State::Running, "");
                keep_telling(&settings.telling, &wiring).await
            }
        }));
        Self { supervisor, history }
    }

    /// What it shows beside the metrics.
    pub fn pages(&self) -> Vec<Page> {
        vec![self.history.page()]
    }

    /// What the health checks have shown.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Stops, once people know the last news.
    pub async fn stop(self) {
        if !self.supervisor.stop(STOP_WAIT).await {
            warn!("the last alerts may not have reached anybody");
        }
    }
}

/// Holds the figures against the rules until shutdown.
async fn watch(settings: &Settings, wiring: &Wiring, status: &Status) -> Result<(), Error> {
    let systems = || settings.patients.iter().map(|patient| &patient.system);
    let is_ours = |alert: &Alert| {
        settings.components.contains(&alert.component)
            || alert.component == crate::watch::NOBODY
            || systems().any(|system| *system == alert.component)
    };
    let open = block_in_place(|| wiring.open_alerts())?;
    let open = open.into_iter().filter(is_ours).collect();
    let (mut watch, orphans) = Watch::new(settings.rules.clone(), open);
    let mut changed = orphans;
    status.set(State::Running, "");
    loop {
        for alert in std::mem::take(&mut changed) {
            let (rule, status) = (&*alert.alert_id, alert.status.as_str());
            info!(component = &*alert.component, rule, status, reason = &*alert.reason, "alert");
            block_in_place(|| wiring.publish_alert(alert, "monitor"))?;
        }
        tokio::select! {
            () = wiring.shutdown.cancelled() => return Ok(()),
            () = wiring.clock.sleep(LOOK_EVERY) => {}
        }
        settings.figures.run_upkeep();
        changed = watch.look(&samples(&settings.figures.render()), wiring.clock.now());
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("rules", &self.rules).finish_non_exhaustive()
    }
}
