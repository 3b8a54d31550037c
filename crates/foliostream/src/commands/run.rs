//! `run`: a topology, or parts of it, until stopped.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use component::Clock;
use runtime::{State, Supervisor, Task, Wiring};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use topology::Topology;

use crate::cli::{Cli, Format, Run};
use crate::commands::{asked_to_stop, credential};
use crate::output::{self, MISTAKES};
use crate::platform::{self, Platform};
use crate::{catalogue, monitoring, progress};

/// How long components may take to finish what they have begun.
pub const STOP_WAIT: Duration = Duration::from_secs(10);

pub async fn run(cli: &Cli, args: &Run) -> Result<()> {
    let topology = load(cli, &args.topology)?;
    output::log_level(topology.monitoring.log_level);
    let clock = Clock::system();
    let store = credential::store(cli);
    let tasks = catalogue::tasks(&topology, &args.names, &clock, &cli.prefix, &store)?;
    let audit = audit_log(&topology, &args.names)?;
    if tasks.is_empty() && audit.is_none() {
        bail!("nothing to run: {:?} name nothing in {}", args.names, args.topology.display());
    }
    let telling = monitoring::telling(&topology.monitoring, &clock)?;
    let platform = Platform::of_topology(cli, &topology).await?;
    platform.endpoints.publish(&cli.data)?;
    let mut wiring = wire(&platform, &topology, &cli.prefix).await?;
    wiring.instance = args.instance;
    let prometheus = runtime::collect(topology.monitoring.performance_tracking)?;
    let shutdown = wiring.shutdown.clone();
    note_configuration(&wiring, &topology, &args.topology);
    let mut supervisor = Supervisor::new(wiring.clone());
    for task in tasks.into_iter().chain(audit) {
        supervisor.start(task);
    }
    let statuses = supervisor.statuses();
    let monitor =
        monitoring::start(&topology, telling, &statuses, prometheus.clone(), &wiring, &store);
    let listen = topology.metrics.as_ref().map(|metrics| metrics.listen);
    let metrics = match listen {
        Some(listen) => {
            let (statuses, pages) = (statuses.clone(), monitor.pages());
            Some(runtime::serve(listen, prometheus, statuses, pages, shutdown.clone()).await?)
        }
        None => None,
    };
    let ready = json!({
        "ready": true,
        "components": statuses.keys().collect::<Vec<_>>(),
        "bootstrap_servers": platform.endpoints.bootstrap_servers,
        "schema_registry_url": platform.endpoints.schema_registry_url,
        "metrics": metrics.map(|address| format!("http://{address}/metrics")),
    });
    match cli.format {
        Format::Json => output::json(&ready)?,
        Format::Text => output::line(&format!("running {} components", statuses.len())),
    }
    tokio::select! {
        () = asked_to_stop() => {}
        () = supervisor.join() => {}
        () = follow(cli, &args.topology) => {}
        () = progress::show(cli.format, &statuses, &clock) => {}
    }
    supervisor.stop(STOP_WAIT).await;
    monitor.stop().await;
    platform.stop(&cli.data).await?;
    let failed: Vec<_> = statuses.iter().filter(|(_, s)| s.get().state == State::Failed).collect();
    match failed.as_slice() {
        [] => Ok(()),
        [(name, status), ..] => bail!("{name}: {}", status.get().detail),
    }
}

/// The writer of the audit log, where there is one and it was asked for.
pub fn audit_log(topology: &Topology, names: &[String]) -> Result<Option<Task>> {
    let is_wanted = names.is_empty() || names.iter().any(|name| name == "audit");
    let Some(audit) = topology.audit.as_ref().filter(|_| is_wanted) else { return Ok(None) };
    let task = audit::task(&audit.key);
    let mistake = |error: credentials::Error| {
        let problem = audit.origin.problem_below("key", error.to_string());
        output::exit(MISTAKES, problem.to_string())
    };
    Ok(Some(task.map_err(mistake)?))
}

/// Has an auditor know what runs, and what was configured differently before. Nobody waits for it,
/// and that it could not be noted stops nothing.
fn note_configuration(wiring: &Wiring, topology: &Topology, file: &Path) {
    let (wiring, outline) = (wiring.clone(), topology.outline.clone());
    let file = file.display().to_string();
    tokio::task::spawn_blocking(move || match audit::noted(&outline, &*wiring.ledger(), &file) {
        Ok(notes) => {
            let witness = wiring.witness();
            notes.into_iter().for_each(|note| witness.note(note));
        }
        Err(fault) => tracing::error!(%fault, "the configuration was not noted"),
    });
}

/// Takes the limits of every system from the topology anew whenever the process is asked to
/// (SIGHUP). A topology with a mistake changes nothing; what else has changed waits for a restart.
async fn follow(cli: &Cli, path: &Path) {
    // Where there is a terminal, the signal says that it is gone, and we go with it.
    let is_service = !std::io::stderr().is_terminal();
    let Some(mut asked) = is_service.then(|| signal(SignalKind::hangup()).ok()).flatten() else {
        return std::future::pending().await;
    };
    while asked.recv().await.is_some() {
        match load(cli, path) {
            Ok(topology) => limit(&topology),
            Err(error) => tracing::warn!(%error, "the limits stay as they were"),
        }
    }
    std::future::pending().await
}

fn limit(topology: &Topology) {
    for system in &topology.systems {
        if component::change_throttling(&system.id, system.throttling.clone()) {
            tracing::info!(system = %system.id, "its limits are taken from the topology anew");
        }
    }
}

/// The topology in a file.
pub fn load(cli: &Cli, path: &Path) -> Result<Topology> {
    let secrets = credential::Secrets::new(cli);
    let env = |name: &str| secrets.find(name);
    let topology = topology::load(path, &env, &catalogue::catalogue())
        .map_err(|problems| output::exit(MISTAKES, problems.to_string()))?;
    for warning in &topology.warnings {
        tracing::warn!("{warning}");
    }
    Ok(topology)
}

/// What the drivers of a topology need.
pub async fn wire(platform: &Platform, topology: &Topology, prefix: &str) -> Result<Wiring> {
    let names = platform::names(topology, prefix);
    let accounts = platform::accounts(topology);
    let processors = catalogue::processors(topology);
    let replication = topology.topics.replication.map_or(1, i32::from);
    let hours = topology.topics.retention_hours.get("default");
    let retention = hours.map(|hours| Duration::from_secs(u64::from(*hours) * 3600));
    platform.wire(&names, accounts, &processors, replication, retention).await
}
