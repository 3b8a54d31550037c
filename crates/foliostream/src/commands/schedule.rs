//! `schedule`: what is due when, what has been run, and a run now.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use component::Clock;
use model::{Event, Run, RunStatus};
use runtime::Wiring;
use serde_json::json;
use tokio::task::block_in_place;
use topology::Topology;

use crate::cli::{Cli, Format, Schedule, ScheduleRun};
use crate::commands::credential;
use crate::commands::order::publish;
use crate::commands::run::{load, wire};
use crate::jobs;
use crate::output::{self, NOT_FOUND};
use crate::platform::Platform;
use crate::tables::cell;

/// How often the end of a run is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub async fn run(cli: &Cli, command: &Schedule) -> Result<ExitCode> {
    match command {
        Schedule::List { topology } => list(cli, &load(cli, topology)?)?,
        Schedule::History { job, last, topology } => {
            let wiring = look(cli, &load(cli, topology)?).await?;
            history(cli, &wiring, job.as_deref(), *last)?;
        }
        Schedule::Run(args) => return now(cli, args).await,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(cli: &Cli, topology: &Topology) -> Result<()> {
    let clock = Clock::system();
    let mut rows = Vec::new();
    for errand in jobs::errands(topology, &clock, &credential::store(cli))? {
        let job = errand.job;
        let next = job.when.next(clock.now());
        rows.push(vec![job.name, job.schedule, cell(next)]);
    }
    output::table(cli.format, &["job", "schedule", "next"], &rows)
}

async fn look(cli: &Cli, topology: &Topology) -> Result<Wiring> {
    let platform = Platform::in_use(cli, topology).await?;
    wire(&platform, topology, &cli.prefix).await
}

fn history(cli: &Cli, wiring: &Wiring, job: Option<&str>, last: usize) -> Result<()> {
    let mut runs = block_in_place(|| transfer::history(wiring))?;
    // That a schedule has begun is no run.
    let is_run = |run: &Run| run.status != RunStatus::Planned;
    runs.retain(|run| is_run(run) && job.is_none_or(|job| run.job == job));
    show(cli, &runs[runs.len().saturating_sub(last)..])
}

fn show(cli: &Cli, runs: &[Run]) -> Result<()> {
    let row = |run: &Run| {
        vec![
            run.job.to_string(),
            run.due_time.to_string(),
            run.trigger.to_string(),
            run.status.to_string(),
            cell(run.started_time),
            cell(run.ended_time),
            run.records.to_string(),
            run.detail.to_string(),
        ]
    };
    let columns = ["job", "due", "trigger", "status", "started", "ended", "records", "detail"];
    output::table(cli.format, &columns, &runs.iter().map(row).collect::<Vec<_>>())
}

/// Asks whoever has the schedule.
async fn now(cli: &Cli, args: &ScheduleRun) -> Result<ExitCode> {
    let topology = load(cli, &args.topology)?;
    let errands = jobs::errands(&topology, &Clock::system(), &credential::store(cli))?;
    let names: Vec<&str> = errands.iter().map(|errand| errand.job.name.as_str()).collect();
    if !names.contains(&args.job.as_str()) {
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message = format!("no job is called {:?}; there is {there}", args.job);
        return Err(output::exit(NOT_FOUND, message));
    }
    let wiring = look(cli, &topology).await?;
    let asked = transfer::ask(&args.job, "cli", wiring.clock.now());
    let topic = wiring.names.topic("ops.runs");
    let follow = block_in_place(|| wiring.cluster.reader()?.follow(&[&topic], kafka::From::End))?;
    publish(&wiring, asked.clone())?;
    if let Some(secs) = args.wait {
        return wait(cli, &wiring, follow, &asked, Duration::from_secs(secs));
    }
    match cli.format {
        Format::Json => output::json(&json!({ "job": asked.job, "run_id": asked.run_id }))?,
        Format::Text => output::line(&format!("{}: asked for", asked.job)),
    }
    Ok(ExitCode::SUCCESS)
}

fn wait(
    cli: &Cli,
    wiring: &Wiring,
    mut follow: kafka::Follow,
    asked: &Run,
    limit: Duration,
) -> Result<ExitCode> {
    let deadline = Instant::now() + limit;
    let mut is_begun = false;
    while Instant::now() < deadline {
        for message in block_in_place(|| follow.next(100, LOOK_EVERY))? {
            let Ok(Event::Run(run)) = block_in_place(|| wiring.read(&message)) else { continue };
            if run.job != asked.job || run.run_id != asked.run_id {
                continue;
            }
            is_begun |= run.status == RunStatus::Started;
            if matches!(run.status, RunStatus::Finished | RunStatus::Failed) {
                show(cli, &[*run.clone()])?;
                let is_good = run.status == RunStatus::Finished;
                return Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
        }
    }
    match is_begun {
        true => bail!("{} is still at work after {limit:?}", asked.job),
        false => bail!("{} has not begun after {limit:?}: is the schedule running?", asked.job),
    }
}
