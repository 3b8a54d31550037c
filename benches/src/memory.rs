//! Resident memory of `foliostream run` with one source of market data and a thousand symbols.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cost::resident_mb;
use crate::report::{Figure, Goal, Report};
use crate::stage::{Stage, eventually, foliostream, while_it_moves};
use crate::stream::{ALL, DAWN, KINDS, market_data};
use crate::vendor::{Mock, Process};

const SYMBOLS: usize = 1_000;
/// Data points after which a live source has seen every symbol.
const ENOUGH: u64 = 12_000;
/// Data points of a burst.
const MANY: u64 = 3_000_000;
/// What `design.md` allows.
const GOAL_MB: f64 = 60.0;
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub async fn run(stage: &Stage, report: &mut Report) -> Result<()> {
    let program = foliostream()?;
    let (now, highest) = live(stage, &program).await?;
    report.add(
        Figure::new(format!("{SYMBOLS} symbols, live"), now, "MB").goal(Goal::AtMost(GOAL_MB)),
    );
    report.add(Figure::new(format!("{SYMBOLS} symbols, live, highest"), highest, "MB"));
    let (now, highest) = full(stage, &program).await?;
    report.add(Figure::new(format!("{SYMBOLS} symbols, three million at full speed"), now, "MB"));
    report.add(Figure::new(format!("{SYMBOLS} symbols, full speed, highest"), highest, "MB"));
    Ok(())
}

/// Real time, in a busy minute.
async fn live(stage: &Stage, program: &Path) -> Result<(f64, f64)> {
    let log = stage.folder.path().join("memory.log");
    let settings = json!({ "replay": { "load_symbols": SYMBOLS } });
    let mock = Mock::start("polygon", &settings, &log)?;
    let running = source(stage, program, &mock, "live.", &log)?;
    let flowing = async || {
        let trades = stage.offsets("live.market.trades")?;
        Ok((trades >= ENOUGH).then_some(()))
    };
    eventually("the source to see every symbol", LOOK_EVERY, flowing).await?;
    let resident = resident_mb(running.pid())?;
    drop(running);
    stage.clear("live.")?;
    Ok(resident)
}

async fn full(stage: &Stage, program: &Path) -> Result<(f64, f64)> {
    let log = stage.folder.path().join("memory.log");
    let replay = json!({ "batch": 100, "loops": 1, "load_symbols": SYMBOLS });
    let settings = json!({ "speed": "max", "start": DAWN, "replay": replay });
    let mock = Mock::start("polygon", &settings, &log)?;
    let running = source(stage, program, &mock, "full.", &log)?;
    let told = async || {
        let sent = mock.sent().await?;
        let points: u64 = KINDS.iter().filter_map(|kind| sent[*kind].as_u64()).sum();
        Ok((points, points >= MANY))
    };
    while_it_moves("the mock to send enough", LOOK_EVERY, told).await?;
    let resident = resident_mb(running.pid())?;
    drop(running);
    stage.clear("full.")?;
    Ok(resident)
}

/// `foliostream run` of one source.
fn source(stage: &Stage, program: &Path, mock: &Mock, prefix: &str, log: &Path) -> Result<Process> {
    let mut system = mock.system()?;
    system["type"] = json!("market_data");
    system["features"] = json!({ "market_data": market_data(&ALL) });
    let topology = json!({
        "systems": { "polygon": system },
        "topics": { "prefix": prefix },
        "kafka": { "bootstrap_servers": stage.bootstrap_servers() },
        "schema_registry": { "url": stage.registry_url },
    });
    run_topology(stage, program, &topology, prefix, log)
}

fn run_topology(
    stage: &Stage,
    program: &Path,
    topology: &Value,
    name: &str,
    log: &Path,
) -> Result<Process> {
    let path: PathBuf = stage.folder.path().join(format!("{name}yaml"));
    std::fs::write(&path, topology.to_string())?;
    let data = stage.folder.path().join("data");
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a path in UTF-8");
    let (path, data) = (text(&path)?, text(&data)?);
    let arguments = ["run", "--topology", &path, "--data", &data, "--format", "json"];
    Process::start(program, &arguments, &[], log)
}
