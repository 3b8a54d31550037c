//! `import`: the rows of files as records on their topic, each once.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use component::Clock;
use indicatif::{ProgressBar, ProgressStyle};
use runtime::Wiring;
use serde_json::json;
use tokio::task::block_in_place;
use topology::Topology;
use transfer::{Imported, Input, Plan, Reached, Stores};

use crate::cli::{Cli, Format, Import};
use crate::commands::asked_to_stop;
use crate::commands::run::{load, wire};
use crate::output::{self, NOT_FOUND};
use crate::platform::Platform;

const STYLE: &str = "{prefix} [{bar:24}] {bytes} of {total_bytes} {msg} {wide_msg}";
/// Attempts at a file when Kafka is in trouble.
const ATTEMPTS: u32 = 5;
/// Pause before the second attempt; later ones are longer.
const PAUSE: Duration = Duration::from_millis(500);

pub async fn run(cli: &Cli, args: &Import) -> Result<ExitCode> {
    let topology = load(cli, &args.topology)?;
    let plan = plan(&topology, &args.name)?;
    if args.dry_run {
        return dry(cli, &plan, &find(&plan, &args.files).await?);
    }
    let platform = Platform::in_use(cli, &topology).await?;
    let wiring = wire(&platform, &topology, &cli.prefix).await?;
    let Some(pause) = args.watch else {
        let inputs = find(&plan, &args.files).await?;
        if inputs.is_empty() {
            return Err(output::exit(NOT_FOUND, format!("no file is called {:?}", plan.from)));
        }
        return all(cli, &wiring, &plan, inputs).await;
    };
    let pause = Duration::from_secs(pause.max(1));
    tokio::select! {
        () = asked_to_stop() => Ok(ExitCode::SUCCESS),
        failed = watch(cli, &wiring, &plan, &args.files, pause) => failed.map(|()| ExitCode::SUCCESS),
    }
}

/// The import of this name.
pub fn plan(topology: &Topology, name: &str) -> Result<Plan> {
    let imports = &topology.data_import.imports;
    let Some(import) = imports.get(name) else {
        let names: Vec<&str> = imports.keys().map(String::as_str).collect();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message = format!("data_import.imports has no {name:?}; there is {there}");
        return Err(output::exit(NOT_FOUND, message));
    };
    let stores = Stores::open(&topology.stores, &Clock::system())?;
    Ok(Plan::new(name, import, &topology.data_import.formats)?.stores(stores))
}

/// The files that are named, or those of the import.
async fn find(plan: &Plan, files: &[String]) -> Result<Vec<Input>> {
    let clock = Clock::system();
    if files.is_empty() {
        return Ok(Input::find(plan, &plan.from, &clock).await?);
    }
    let mut inputs = Vec::new();
    for file in files {
        inputs.extend(Input::find(plan, file, &clock).await?);
    }
    Ok(inputs)
}

async fn all(cli: &Cli, wiring: &Wiring, plan: &Plan, inputs: Vec<Input>) -> Result<ExitCode> {
    let mut is_whole = true;
    for input in block_in_place(|| transfer::unseen(wiring, plan, inputs))? {
        let imported = import(wiring, plan, &input).await?;
        is_whole &= imported.broken.is_none();
        tell(cli, &imported)?;
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks for new files and new rows again and again.
async fn watch(
    cli: &Cli,
    wiring: &Wiring,
    plan: &Plan,
    files: &[String],
    pause: Duration,
) -> Result<()> {
    loop {
        let found = find(plan, files).await?;
        for input in block_in_place(|| transfer::unseen(wiring, plan, found))? {
            let imported = import(wiring, plan, &input).await?;
            if imported.published + imported.refused > 0 {
                tell(cli, &imported)?;
            }
        }
        wiring.clock.sleep(pause).await;
    }
}

/// Imports a file; trouble with Kafka is waited out, from where the file had been read to.
pub async fn import(wiring: &Wiring, plan: &Plan, input: &Input) -> Result<Imported> {
    let bar = ProgressBar::new(0).with_prefix(input.name.clone());
    bar.set_style(ProgressStyle::with_template(STYLE).context("the style of the bar")?);
    let mut reached = |reached: Reached| {
        bar.set_length(reached.length);
        bar.set_position(reached.bytes);
        bar.set_message(format!("{} rows", reached.rows));
    };
    let mut attempt = 1;
    let imported = loop {
        match block_in_place(|| transfer::import(wiring, plan, input, &mut reached)) {
            Ok(imported) => break imported,
            Err(error) if error.is_passing() && attempt < ATTEMPTS => {
                tracing::warn!(import = plan.name, %error, attempt, "importing again");
                wiring.clock.sleep(PAUSE * attempt).await;
                attempt += 1;
            }
            Err(error) => bail!(error),
        }
    };
    bar.finish_and_clear();
    Ok(imported)
}

fn tell(cli: &Cli, imported: &Imported) -> Result<()> {
    if cli.format == Format::Json {
        return output::json(imported);
    }
    let Imported { file, rows, published, repeated, refused, rejects, broken } = imported;
    let mut text = format!(
        "{file}: {rows} rows, {published} published, {repeated} known before, {refused} refused"
    );
    if let Some(rejects) = rejects {
        text.push_str(&format!(", see {}", rejects.display()));
    }
    if let Some(broken) = broken {
        text.push_str(&format!("\n{broken}"));
    }
    output::line(&text);
    Ok(())
}

/// Says what would be refused.
fn dry(cli: &Cli, plan: &Plan, inputs: &[Input]) -> Result<ExitCode> {
    let mut refused = 0;
    for input in inputs {
        let mut told = |line: u64, bad: &component::Bad| {
            let (file, column, reason) = (&input.name, &bad.field, &bad.reason);
            match cli.format {
                Format::Text => output::line(&format!("{file}, line {line}: {bad}")),
                Format::Json => {
                    let row =
                        json!({ "file": file, "line": line, "column": column, "reason": reason });
                    output::line(&row.to_string());
                }
            }
        };
        let imported = transfer::check(plan, input, &mut told)?;
        refused += imported.refused;
        let (file, rows, good) = (&imported.file, imported.rows, imported.published);
        if cli.format == Format::Text {
            output::line(&format!("{file}: {rows} rows, {good} can be published"));
        }
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
