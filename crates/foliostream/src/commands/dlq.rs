//! `dlq`: what was set aside, and trying it again.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use component::{Bad, Clock};
use model::EventId;
use runtime::{Start, Wiring};
use serde_json::json;
use tokio::task::block_in_place;
use topology::Topology;

use crate::cli::{Cli, Dlq, Format};
use crate::commands::{credential, run as running};
use crate::output::{self, NOT_FOUND};
use crate::platform::Platform;
use crate::tables::cell;
use crate::{catalogue, jobs};

pub async fn run(cli: &Cli, command: &Dlq) -> Result<ExitCode> {
    let topology = match command {
        Dlq::Redrive { topology: Some(path), .. } => Some(running::load(cli, path)?),
        _ => None,
    };
    let wiring = match &topology {
        Some(topology) => {
            let platform = Platform::in_use(cli, topology).await?;
            running::wire(&platform, topology, &cli.prefix).await?
        }
        None => Platform::running(cli)?.look(&cli.prefix).await?,
    };
    let (letters, done) = block_in_place(|| runtime::letters(&wiring))?;
    match command {
        Dlq::List => {
            let columns = ["id", "component", "stage", "field", "reason", "bytes", "redriven"];
            let rows = letters.iter().map(|letter| {
                vec![
                    letter.head.event_id.to_string(),
                    letter.component.to_string(),
                    letter.stage.to_string(),
                    cell(letter.field.clone()),
                    letter.reason.to_string(),
                    letter.raw.len().to_string(),
                    done.contains(&letter.head.event_id).to_string(),
                ]
            });
            output::table(cli.format, &columns, &rows.collect::<Vec<_>>())?;
        }
        Dlq::Show { id } => {
            let found = letters.iter().find(|letter| letter.head.event_id.to_string() == *id);
            let Some(letter) = found else {
                return Err(output::exit(NOT_FOUND, format!("no dead letter {id:?}")));
            };
            let text = std::str::from_utf8(&letter.raw).ok();
            match (cli.format, text) {
                (Format::Json, _) => {
                    output::json(&json!({ "letter": letter, "text": text }))?;
                }
                (Format::Text, _) => {
                    output::line(&format!("{}: {}", letter.component, letter.reason));
                    output::line(&String::from_utf8_lossy(&letter.raw));
                }
            }
        }
        Dlq::Redrive { ids, .. } => redrive(cli, &wiring, topology.as_ref(), ids)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn redrive(cli: &Cli, wiring: &Wiring, topology: Option<&Topology>, ids: &[String]) -> Result<()> {
    let ids: Vec<EventId> = ids.iter().map(|id| EventId::from_text(id)).collect();
    let (clock, store) = (Clock::system(), credential::store(cli));
    let starts = topology.iter().flat_map(|t| catalogue::starts(t, &clock, &store));
    let mut starts: BTreeMap<String, Start> = starts.collect();
    for (_, start) in topology.iter().flat_map(|t| jobs::starts(t, &clock, &store)) {
        starts.insert(start.host.instance(), start);
    }
    let reread = |instance: &str, raw: &[u8]| {
        let name = instance.rsplit('.').next().unwrap_or(instance);
        let entry = catalogue::component(name);
        let entry = entry.ok_or_else(|| Bad::new("", format!("no component {name:?}")))?;
        match starts.get(instance) {
            Some(start) => (entry.redrive_with)(start.clone(), raw),
            None => (entry.redrive)(raw),
        }
    };
    let result = block_in_place(|| runtime::redrive(wiring, &ids, &reread))?;
    match cli.format {
        Format::Json => output::json(&result)?,
        Format::Text => {
            let (redriven, skipped) = (result.redriven, result.skipped);
            output::line(&format!("{redriven} redriven, {skipped} had been before"));
            for (id, reason) in &result.refused {
                output::line(&format!("{id}: {reason}"));
            }
        }
    }
    Ok(())
}
