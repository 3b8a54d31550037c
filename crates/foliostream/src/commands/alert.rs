//! `alert`: what calls for a person, trying the ways to people, and silence.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use component::Clock;
use model::{AlertStatus, Event, EventId, Head, Silence, Text, Timestamp};
use runtime::Wiring;
use serde_json::json;

use crate::cli::{Alert, AlertSilence, AlertTest, Cli, Format};
use crate::commands::order::publish;
use crate::commands::run::load;
use crate::monitoring;
use crate::output::{self, NOT_FOUND};
use crate::platform::Platform;
use crate::tables::latest;

pub async fn run(cli: &Cli, command: &Alert) -> Result<ExitCode> {
    match command {
        Alert::Test(args) => return test(cli, args).await,
        Alert::List { all } => list(cli, *all).await?,
        Alert::Silence(args) => silence(cli, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Sends a message by every way, and says which of them took it.
async fn test(cli: &Cli, args: &AlertTest) -> Result<ExitCode> {
    let topology = load(cli, &args.topology)?;
    let clock = Clock::system();
    let channels = monitoring::channels(&topology.monitoring, &clock)?;
    let is_meant = |name: &str| args.channel.as_ref().is_none_or(|channel| channel == name);
    let channels: Vec<_> = channels.into_iter().filter(|c| is_meant(c.name())).collect();
    if channels.is_empty() {
        let missing = topology.warnings.iter().filter(|w| w.path.starts_with("monitoring"));
        let missing: Vec<_> = missing.map(|warning| warning.message.clone()).collect();
        let missing = match missing.is_empty() {
            true => "monitoring.alert_destinations names none".to_owned(),
            false => missing.join("; "),
        };
        return Err(output::exit(NOT_FOUND, format!("there is nowhere to send to: {missing}")));
    }
    let notice = monitor::trial(clock.now());
    let mut rows = Vec::new();
    let mut are_all_taken = true;
    for channel in &channels {
        let sent = channel.send(&notice, &clock).await;
        are_all_taken &= sent.is_ok();
        let answer = sent.map_or_else(|error| error.to_string(), |()| "taken".to_owned());
        rows.push(vec![channel.name().to_owned(), answer]);
    }
    output::table(cli.format, &["channel", "answer"], &rows)?;
    Ok(if are_all_taken { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn list(cli: &Cli, all: bool) -> Result<()> {
    let wiring = Platform::running(cli)?.look(&cli.prefix).await?;
    let silences = silences(&wiring)?;
    let now = Clock::system().now();
    let mut rows = Vec::new();
    for event in latest(&wiring, "ops.alerts")?.into_values() {
        let Event::Alert(alert) = event else { continue };
        if alert.status == AlertStatus::Closed && !all {
            continue;
        }
        let is_meant = |s: &&Silence| s.until > now && monitor::is_meant(&s.pattern, &alert);
        let silence = silences.iter().filter(is_meant).map(|silence| silence.until).max();
        rows.push(vec![
            alert.alert_id.to_string(),
            alert.status.to_string(),
            alert.severity.to_string(),
            alert.title.to_string(),
            alert.reason.to_string(),
            alert.action.to_string(),
            alert.since.to_string(),
            silence.map(|until| until.to_string()).unwrap_or_default(),
        ]);
    }
    let columns =
        ["id", "status", "severity", "title", "reason", "action", "since", "silent_until"];
    output::table(cli.format, &columns, &rows)
}

fn silences(wiring: &Wiring) -> Result<Vec<Silence>> {
    let events = latest(wiring, "ops.silences")?.into_values();
    let silences = events.filter_map(|event| match event {
        Event::Silence(silence) => Some(*silence),
        _ => None,
    });
    Ok(silences.collect())
}

async fn silence(cli: &Cli, args: &AlertSilence) -> Result<()> {
    let now = Clock::system().now();
    let until = match (&args.hours, &args.until) {
        _ if args.lift => now,
        (Some(hours), None) => now.plus_nanos(component::nanos(Duration::from_secs(hours * 3600))),
        (None, Some(until)) => until.parse::<Timestamp>().context("--until")?,
        _ => bail!("say for how long: --hours, --until or --lift"),
    };
    let wiring = Platform::running(cli)?.look(&cli.prefix).await?;
    let id = EventId::of(&["silence", &args.pattern, &now.0.to_string()]);
    let head = Head { source: "cli".into(), received_time: now, ..Head::new(id, now) };
    let actor = std::env::var("USER").unwrap_or_else(|_| "cli".to_owned()).into();
    let reason = (!args.reason.is_empty()).then(|| Text::from(&*args.reason));
    let pattern = Text::from(&*args.pattern);
    publish(&wiring, Silence { head, pattern, until, actor, reason })?;
    match (cli.format, args.lift) {
        (Format::Json, _) => output::json(&json!({ "pattern": args.pattern, "until": until })),
        (Format::Text, true) => {
            output::line(&format!("{}: told again", args.pattern));
            Ok(())
        }
        (Format::Text, false) => {
            output::line(&format!("{}: silent until {until}", args.pattern));
            Ok(())
        }
    }
}
