//! `break`, `topic` and `schema`: tables of what there is.

use anyhow::Result;
use model::{BreakStatus, Event};
use serde_json::json;
use tokio::task::block_in_place;

use crate::cli::{Break, Cli, Format};
use crate::output;
use crate::platform::Platform;
use crate::tables::{cell, latest};

pub async fn breaks(cli: &Cli, command: &Break) -> Result<()> {
    let Break::List { all } = command;
    let wiring = Platform::running(cli)?.look(&cli.prefix).await?;
    let mut rows = Vec::new();
    for event in latest(&wiring, "reconcile.breaks")?.into_values() {
        let Event::Break(found) = event else { continue };
        if *all || found.status != BreakStatus::Closed {
            let what = cell(found.instrument.as_ref()) + &cell(found.currency.as_ref());
            rows.push(vec![
                found.account.to_string(),
                found.subject.to_string(),
                what,
                found.kind.to_string(),
                found.status.to_string(),
                cell(found.ours),
                cell(found.theirs),
                found.difference.to_string(),
                found.age_secs.to_string(),
                cell(found.explanation),
            ]);
        }
    }
    let columns = [
        "account",
        "subject",
        "concerns",
        "kind",
        "status",
        "ours",
        "theirs",
        "difference",
        "age_secs",
        "explanation",
    ];
    output::table(cli.format, &columns, &rows)
}

pub async fn topics(cli: &Cli) -> Result<()> {
    let platform = Platform::running(cli)?;
    let topics = block_in_place(|| platform.cluster.admin()?.topics())?;
    if cli.format == Format::Json {
        for topic in topics.iter().filter(|topic| !topic.internal) {
            let (name, partitions) = (&topic.name, topic.partitions);
            output::json(
                &json!({ "name": name, "partitions": partitions, "offsets": topic.records }),
            )?;
        }
        return Ok(());
    }
    let rows: Vec<_> = topics
        .iter()
        .filter(|topic| !topic.internal)
        .map(|t| vec![t.name.clone(), t.partitions.to_string(), t.records.to_string()])
        .collect();
    output::table(cli.format, &["topic", "partitions", "offsets"], &rows)
}

pub async fn schemas(cli: &Cli) -> Result<()> {
    let platform = Platform::running(cli)?;
    let subjects = platform.registry.subjects().await?;
    let rows: Vec<_> = subjects.into_iter().map(|subject| vec![subject]).collect();
    output::table(cli.format, &["subject"], &rows)
}
