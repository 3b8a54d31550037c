//! The demo's topology, killed and started again: how long until it has caught up.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use model::{Event, GapStatus};
use runtime::{Accounts, Wiring};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::cost::median;
use crate::report::{Figure, Goal, Report};
use crate::stage::{Stage, eventually, foliostream};
use crate::vendor::{ACCOUNT_NUMBER, Process, client, get};

/// What the demo runs.
const TOPOLOGY: &str = include_str!("../../crates/foliostream/src/demo/topology.yaml");
/// The account of the mock of TWS.
const TWS_ACCOUNT: &str = "DU0000001";
/// Multiple of real time, as in the demo.
const SPEED: u32 = 20;
const ROUNDS: usize = 5;
/// Trades that must have been published before the first kill.
const WARM_UP: u64 = 500;
/// What `design.md` allows.
const GOAL_SECS: f64 = 3.0;
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Processors of the demo.
const PROCESSORS: [&str; 5] = ["approve", "book", "reconcile", "track", "validate"];
/// The market goes on: so many records have always just arrived.
const BEHIND: i64 = 10;

/// Seconds since the process was started again.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    running: Option<f64>,
    caught_up: Option<f64>,
    repaired: Option<f64>,
}

pub async fn run(stage: &Stage, report: &mut Report) -> Result<()> {
    let program = foliostream()?;
    let log = stage.folder.path().join("restart.log");
    let vendors = vendors(&program, &log)?;
    let demo = Demo::new(stage, &program, &vendors)?;
    let mut process = demo.start(&log)?;
    let warm = async || Ok((stage.offsets("market.trades")? >= WARM_UP).then_some(()));
    eventually("the market to move", LOOK_EVERY, warm).await?;
    let look = stage.wiring("", &[], &[], Accounts::default()).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        process.kill()?;
        let before = gaps(&look)?;
        let started = Instant::now();
        process = demo.start(&log)?;
        let mut times = Times::default();
        let is_back = async || {
            let health = demo.health(&process).await?;
            let (opened, closed) = gaps(&look)?;
            let is_repaired = opened > before.0 && opened == closed;
            let now = started.elapsed().as_secs_f64();
            let note = |time: &mut Option<f64>, is_so: bool| {
                *time = time.or(is_so.then_some(now));
            };
            note(&mut times.running, health.is_running);
            note(&mut times.caught_up, health.is_running && health.has_caught_up);
            note(&mut times.repaired, is_repaired);
            Ok((times.caught_up.is_some() && times.repaired.is_some()).then_some(()))
        };
        eventually("everything to be as before", LOOK_EVERY, is_back).await?;
        rounds.push(times);
    }
    let each = |of: fn(&Times) -> Option<f64>| median(rounds.iter().filter_map(of));
    report.add(Figure::new("every component runs", each(|t| t.running), "s"));
    report.add(Figure::new("the feed's gap is repaired", each(|t| t.repaired), "s"));
    report.add(
        Figure::new("no processor is behind (told once a second)", each(|t| t.caught_up), "s")
            .goal(Goal::AtMost(GOAL_SECS)),
    );
    Ok(())
}

/// The mocks of the demo's systems, each in a process of its own, by the vendor's name.
fn vendors(program: &Path, log: &Path) -> Result<BTreeMap<&'static str, Process>> {
    let start = |vendor: &'static str, account: Option<Value>| -> Result<(&'static str, Process)> {
        let mut settings = json!({ "speed": SPEED });
        if let Some(account) = account {
            settings["accounts"] = json!([account]);
        }
        let settings = settings.to_string();
        let arguments = ["mock", "run", vendor, "--settings", &settings, "--format", "json"];
        Ok((vendor, Process::start(program, &arguments, &[], log)?))
    };
    let alpaca = start("alpaca", Some(json!({ "number": ACCOUNT_NUMBER })))?;
    let tws = start("interactive_brokers", Some(json!({ "id": TWS_ACCOUNT })))?;
    Ok(BTreeMap::from([alpaca, tws, start("alpha_vantage", None)?, start("polygon", None)?]))
}

/// What the demo's topology is to be told of where its mocks are.
fn variables(vendors: &BTreeMap<&str, Process>) -> Result<Vec<(String, String)>> {
    let mut env = vec![
        ("ALPACA_ACCOUNT".to_owned(), ACCOUNT_NUMBER.to_owned()),
        ("TWS_ACCOUNT".to_owned(), TWS_ACCOUNT.to_owned()),
    ];
    for (vendor, process) in vendors {
        let urls = process.ready["urls"].as_object().context("the mock tells addresses")?;
        for (name, url) in urls {
            let url = url.as_str().context("an address is text")?;
            let variable = format!("{vendor}_{name}_URL").to_uppercase();
            env.push((variable, url.to_owned()));
            if name == "tws" {
                let port = url.rsplit(':').next().context("an address has a port")?;
                env.push(("TWS_PORT".to_owned(), port.to_owned()));
            }
        }
    }
    Ok(env)
}

/// What the process says of itself.
struct Health {
    is_running: bool,
    has_caught_up: bool,
}

/// The demo's topology on our Kafka.
struct Demo<'a> {
    program: &'a Path,
    env: Vec<(String, String)>,
    arguments: [String; 7],
    client: reqwest::Client,
}

impl<'a> Demo<'a> {
    fn new(stage: &Stage, program: &'a Path, vendors: &BTreeMap<&str, Process>) -> Result<Self> {
        let more = json!({ "bootstrap_servers": stage.bootstrap_servers() });
        let registry = json!({ "url": stage.registry_url });
        let topology = format!(
            "{TOPOLOGY}\nkafka: {more}\nschema_registry: {registry}\n\
             metrics: {{ listen: \"127.0.0.1:0\" }}\n"
        );
        let path = stage.folder.path().join("demo.yaml");
        std::fs::write(&path, topology)?;
        let data = stage.folder.path().join("data");
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a path in UTF-8");
        let env = variables(vendors)?;
        let arguments = [
            "run".to_owned(),
            "--topology".to_owned(),
            text(&path)?,
            "--data".to_owned(),
            text(&data)?,
            "--format".to_owned(),
            "json".to_owned(),
        ];
        Ok(Self { program, env, arguments, client: client()? })
    }

    fn start(&self, log: &Path) -> Result<Process> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let env: Vec<_> = self.env.iter().map(|(name, value)| (&**name, &**value)).collect();
        Process::start(self.program, &arguments, &env, log)
    }

    async fn health(&self, process: &Process) -> Result<Health> {
        let metrics = process.ready["metrics"].as_str().context("it serves its metrics")?;
        let healths = get(&self.client, &metrics.replace("/metrics", "/readyz")).await?;
        let healths = healths.as_object().context("an object of components")?;
        let lag = |name: &str| healths.get(name).and_then(|health| health["lag"].as_i64());
        Ok(Health {
            is_running: healths.values().all(|health| health["state"] == "running"),
            has_caught_up: PROCESSORS.iter().all(|name| lag(name).is_some_and(|lag| lag <= BEHIND)),
        })
    }
}

/// Gaps that were opened, and those that were closed again.
fn gaps(look: &Wiring) -> Result<(usize, usize)> {
    let mut records = Vec::new();
    block_in_place(|| {
        let reader = look.cluster.reader()?;
        reader.read_all("market.gaps", |message| records.push(message))?;
        let (mut opened, mut closed) = (0, 0);
        for message in &records {
            if let Event::Gap(gap) = look.read(message)? {
                match gap.status {
                    GapStatus::Opened => opened += 1,
                    GapStatus::Closed | GapStatus::Unrecoverable => closed += 1,
                }
            }
        }
        Ok((opened, closed))
    })
}
