//! Resident memory of `foliostream run` with one source of market data and a thousand symbols.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cost::resident_mb;
use crate::report::{Figure, Goal, Report};
use crate::stage::{Stage, eventually, foliostream};
use crate::stream::market_data;
use crate::vendor::{Mock, Process};

const SYMBOLS: usize = 1_000;
/// The real day that every symbol repeats, of the data that the mocks carry.
const DAY: &str = "../crates/mockkit/data/minute/aig";
/// Multiple of real time: each symbol has a trade, a quote and a bar a second.
const LIVE: &str = "60";
/// Data points after which a live source has seen every symbol.
const ENOUGH: u64 = 12_000;
/// What `design.md` allows.
const GOAL_MB: f64 = 60.0;
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub async fn run(stage: &Stage, report: &mut Report) -> Result<()> {
    let program = foliostream()?;
    let market = stage.folder.path().join("market");
    let symbols = thousand(&market)?;
    let (now, highest) = live(stage, &program, &market, &symbols).await?;
    report.add(
        Figure::new(format!("{SYMBOLS} symbols, live"), now, "MB").goal(Goal::AtMost(GOAL_MB)),
    );
    report.add(Figure::new(format!("{SYMBOLS} symbols, live, highest"), highest, "MB"));
    let (now, highest) = full(stage, &program, &market, &symbols).await?;
    report.add(Figure::new(format!("{SYMBOLS} symbols, a day at full speed"), now, "MB"));
    report.add(Figure::new(format!("{SYMBOLS} symbols, full speed, highest"), highest, "MB"));
    Ok(())
}

/// A market of as many symbols, each with the minutes of one real day.
fn thousand(market: &Path) -> Result<Vec<String>> {
    let day = Path::new(env!("CARGO_MANIFEST_DIR")).join(DAY);
    let symbols: Vec<String> = (0..SYMBOLS).map(|number| format!("S{number:03}")).collect();
    for symbol in &symbols {
        let folder = market.join("minute").join(symbol.to_lowercase());
        std::fs::create_dir_all(&folder)?;
        for kind in ["trade", "quote"] {
            let name = format!("20131007_{kind}.csv.gz");
            let from = day.join(&name);
            std::fs::copy(&from, folder.join(&name))
                .with_context(|| format!("copying {}", from.display()))?;
        }
    }
    Ok(symbols)
}

async fn live(
    stage: &Stage,
    program: &Path,
    market: &Path,
    symbols: &[String],
) -> Result<(f64, f64)> {
    let log = stage.folder.path().join("memory.log");
    let mock = Mock::start(program, LIVE, &json!({}), Some(market), &log)?;
    let running = source(stage, program, &mock, "live.", symbols, &log)?;
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

async fn full(
    stage: &Stage,
    program: &Path,
    market: &Path,
    symbols: &[String],
) -> Result<(f64, f64)> {
    let log = stage.folder.path().join("memory.log");
    let settings = json!({ "replay": { "batch": 100, "loops": 1 } });
    let mock = Mock::start(program, "max", &settings, Some(market), &log)?;
    let running = source(stage, program, &mock, "full.", symbols, &log)?;
    let done = async || Ok((mock.sent().await?["done"] == json!(true)).then_some(()));
    eventually("the mock to send all", LOOK_EVERY, done).await?;
    let resident = resident_mb(running.pid())?;
    drop(running);
    stage.clear("full.")?;
    Ok(resident)
}

/// `foliostream run` of one source.
fn source(
    stage: &Stage,
    program: &Path,
    mock: &Mock,
    prefix: &str,
    symbols: &[String],
    log: &Path,
) -> Result<Process> {
    let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
    let mut system = mock.system()?;
    system["type"] = json!("market_data");
    system["features"] = json!({ "market_data": market_data(&symbols) });
    let topology = json!({
        "systems": { "alpaca": system },
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
    Process::start(program, &["run", "--topology", &path, "--data", &data], &[], log)
}
