//! `check`: every mistake of a topology, and what it does in plain words.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use component::Clock;
use credentials::Store;
use serde_json::json;

use crate::cli::{Check, Cli, Format};
use crate::commands::{credential, run as running};
use crate::output::{self, MISTAKES, REFUSED};
use crate::{catalogue, monitoring};

/// How long a system may take to let us in.
const LOGIN: Duration = Duration::from_secs(20);

pub async fn run(cli: &Cli, args: &Check) -> Result<ExitCode> {
    let known = catalogue::catalogue();
    let secrets = credential::Secrets::new(cli);
    let env = |name: &str| secrets.find(name);
    let topology = match topology::load(&args.topology, &env, &known) {
        Ok(topology) => topology,
        Err(problems) => {
            match cli.format {
                Format::Json => output::json(&json!({ "ok": false, "problems": problems }))?,
                Format::Text => output::line(problems.to_string().trim_end()),
            }
            return Ok(ExitCode::from(MISTAKES));
        }
    };
    // Settings that only the component itself can judge.
    let store = credential::store(cli);
    catalogue::tasks(&topology, &[], &Clock::system(), "", &store)?;
    monitoring::channels(&topology.monitoring, &Clock::system())?;
    running::audit_log(&topology, &[])?;
    let logins = if args.connect { connect(&topology, None, &store).await } else { Vec::new() };
    let refused = logins.iter().filter(|(_, answer)| answer.is_err()).count();
    match cli.format {
        Format::Json => {
            let logins: Vec<_> = logins
                .iter()
                .map(|(name, answer)| {
                    let records = answer.as_ref().ok().copied().flatten();
                    let error = answer.as_ref().err();
                    json!({ "component": name, "error": error, "records": records })
                })
                .collect();
            let warnings = &topology.warnings;
            output::json(&json!({ "ok": refused == 0, "warnings": warnings, "logins": logins }))?;
        }
        Format::Text => {
            output::line(topology::explain(&topology).trim_end());
            topology.warnings.iter().for_each(|w| output::line(&format!("warning: {w}")));
            for (name, answer) in &logins {
                match answer {
                    Ok(None) => output::line(&format!("{name}: let in")),
                    Ok(Some(count)) => {
                        output::line(&format!("{name}: let in, {count} records at the first read"));
                    }
                    Err(reason) => output::line(&format!("{name}: {reason}")),
                }
            }
        }
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// Logs in to each component's system, or to those of one, one after the other, reads once, and
/// logs out again.
pub async fn connect(
    topology: &topology::Topology,
    only: Option<&str>,
    store: &Arc<dyn Store>,
) -> Vec<(String, Result<Option<usize>, String>)> {
    let mut answers = Vec::new();
    let is_wanted = |system: &&topology::System| match only {
        Some(name) => system.id == name,
        None => system.enabled,
    };
    for system in topology.systems.iter().filter(is_wanted) {
        for used in &system.components {
            let Some(entry) = catalogue::component(&used.name) else { continue };
            let probe = (entry.probe)(catalogue::start(system, used, &Clock::system(), store));
            let answer = match tokio::time::timeout(LOGIN, probe).await {
                Ok(answer) => answer.map_err(|fault| fault.to_string()),
                Err(_) => Err(format!("no answer within {LOGIN:?}")),
            };
            answers.push((format!("{}.{}", system.id, used.name), answer));
        }
    }
    answers
}
