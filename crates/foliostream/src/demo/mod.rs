//! `demo`: everything on one machine, with mocks in the vendors' places.

mod mocks;
mod screen;
mod script;
mod state;
mod view;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use component::Clock;
use model::{Event, OrderStatus};
use runtime::{Supervisor, Wiring};
use serde_json::{Value, json};

use crate::cli::{Cli, Demo, Format};
use crate::commands::credential::store;
use crate::commands::{asked_to_stop, run as running};
use crate::platform::Platform;
use crate::{catalogue, monitoring, output, progress};

use self::mocks::Mocks;
use self::script::Script;
use self::state::DemoState;
use self::view::View;

/// What the demo runs. The addresses are those of the mocks it has just started.
const TOPOLOGY: &str = include_str!("topology.yaml");

/// Runs the demo.
pub async fn run(cli: &Cli, args: &Demo) -> Result<ExitCode> {
    let started = Instant::now();
    let mut state = DemoState::load(&cli.data)?;
    let platform =
        Platform::local(&cli.data, None, SocketAddr::from(([127, 0, 0, 1], 0)), true).await?;
    let played = play(cli, args, &platform, &mut state, started).await;
    platform.stop(&cli.data).await?;
    state.save(&cli.data)?;
    if let Some(summary) = played? {
        output::json(&summary)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn play(
    cli: &Cli,
    args: &Demo,
    platform: &Platform,
    state: &mut DemoState,
    started: Instant,
) -> Result<Option<Value>> {
    let look = platform.look(&cli.prefix).await?;
    let mocks = Mocks::start(state, &look, args.speed).await?;
    let env = |name: &str| mocks.variable(name);
    let topology = topology::parse("demo topology", TOPOLOGY, &env, &catalogue::catalogue())?;
    let wiring = running::wire(platform, &topology, &cli.prefix).await?;
    let prometheus = runtime::collect(true)?;
    let view = View::follow(&wiring, started)?;
    let mut supervisor = Supervisor::new(wiring.clone());
    let store = store(cli);
    for task in catalogue::tasks(&topology, &[], &Clock::system(), "", &store)? {
        supervisor.start(task);
    }
    let statuses = supervisor.statuses();
    let telling = monitoring::telling(&topology.monitoring, &wiring.clock)?;
    let figures = prometheus.clone();
    let monitor = monitoring::start(&topology, telling, &statuses, figures, &wiring, &store);
    let (shown, shutdown) = (statuses.clone(), wiring.shutdown.clone());
    let served = runtime::serve(args.listen, prometheus, shown, monitor.pages(), shutdown).await?;
    platform.endpoints.publish(&cli.data)?;
    announce(cli, args, platform, &mocks, served)?;
    let mut script = Script::new(&wiring, &view, state.run)?;
    let live = async {
        script.play().await?;
        if args.once {
            return Ok(true);
        }
        script.keep_moving().await.map(|()| false)
    };
    let shown = async {
        match args.once {
            true => std::future::pending().await,
            false => screen::show(cli.format, &view, &wiring, &statuses).await,
        }
    };
    let told = async {
        match cli.format {
            Format::Json => progress::show(cli.format, &statuses, &wiring.clock).await,
            Format::Text => std::future::pending().await, // the table has it
        }
    };
    let played = tokio::select! {
        ended = live => ended,
        shown = shown => shown.map(|()| false),
        () = told => Ok(false),
        () = asked_to_stop() => Ok(false),
    };
    let summary = match &played {
        Ok(true) => Some(summarize(&wiring, &view, &script)?),
        _ => None,
    };
    if let Err(error) = &played {
        for (name, status) in &statuses {
            let health = status.get();
            tracing::warn!(component = %name, ?health, "state when the demo failed");
        }
        tracing::warn!(%error, "the demo failed");
    }
    supervisor.stop(running::STOP_WAIT).await;
    monitor.stop().await;
    state.market_stands_at(mocks.now());
    mocks.stop().await;
    played.map(|_| summary)
}

fn announce(
    cli: &Cli,
    args: &Demo,
    platform: &Platform,
    mocks: &Mocks,
    metrics: SocketAddr,
) -> Result<()> {
    let endpoints = &platform.endpoints;
    if cli.format == Format::Json {
        return output::json(&json!({
            "ready": true,
            "bootstrap_servers": endpoints.bootstrap_servers,
            "schema_registry_url": endpoints.schema_registry_url,
            "metrics": format!("http://{metrics}/metrics"),
            "urls": mocks.urls(),
        }));
    }
    if args.once {
        output::line(&format!("Kafka at {}", endpoints.bootstrap_servers));
        output::line(&format!("schema registry at {}", endpoints.schema_registry_url));
    }
    Ok(())
}

/// What happened, for machines.
fn summarize(wiring: &Wiring, view: &View, script: &Script) -> Result<Value> {
    let mut records = BTreeMap::new();
    for info in Event::KINDS.iter().filter(|info| info.name != "ProcessorState") {
        records.insert(info.topic, crate::tables::count(wiring, info.topic)?);
    }
    let seen = view.get();
    let count = |status: OrderStatus| {
        let orders = script.placed.iter().filter_map(|id| seen.orders.get(id.as_str()));
        orders.filter(|order| order.status == status).count()
    };
    Ok(json!({
        "records": records,
        "orders": {
            "placed": script.placed.len(),
            "filled": count(OrderStatus::Filled),
            "canceled": count(OrderStatus::Canceled),
            "rejected": count(OrderStatus::Rejected),
            "denied": count(OrderStatus::Denied),
        },
        "fills": seen.fills,
        "breaks_open": seen.open_breaks(),
        "first_fill_seconds": seen.first_fill.map(|d: Duration| d.as_secs_f64()),
        "dead_letters": seen.dead,
        "findings": seen.findings,
        "seconds": seen.started.elapsed().as_secs_f64(),
    }))
}
