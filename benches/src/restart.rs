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
use crate::vendor::{ACCOUNT_NUMBER, Mock, Process, client, get};

/// What the demo runs.
const TOPOLOGY: &str = include_str!("../../crates/foliostream/src/demo/topology.yaml");
/// Multiple of real time, as in the demo.
const SPEED: &str = "20";
const ROUNDS: usize = 5;
/// Trades that must have been published before the first kill.
const WARM_UP: u64 = 500;
/// What `design.md` allows.
const GOAL_SECS: f64 = 3.0;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Seconds since the process was started again.
struct Times {
    running: f64,
    folded: f64,
    repaired: f64,
}

pub async fn run(stage: &Stage, report: &mut Report) -> Result<()> {
    let program = foliostream()?;
    let log = stage.folder.path().join("restart.log");
    let settings = json!({ "accounts": [{ "number": ACCOUNT_NUMBER }] });
    let mock = Mock::start(&program, SPEED, &settings, None, &log)?;
    let demo = Demo::new(stage, &program, &mock)?;
    let mut process = demo.start(&log)?;
    demo.is_running(&process).await?;
    let warm = async || Ok((stage.offsets("market.trades")? >= WARM_UP).then_some(()));
    eventually("the market to move", LOOK_EVERY, warm).await?;
    let look = stage.wiring("", &[], &[], Accounts::default()).await?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        process.kill()?;
        let gaps_before = gaps(&look)?;
        let started = Instant::now();
        process = demo.start(&log)?;
        demo.is_running(&process).await?;
        let running = started.elapsed().as_secs_f64();
        let ends = ends(&look)?;
        let folded = async || Ok(has_folded(&look, &ends)?.then_some(()));
        eventually("the processors to catch up", LOOK_EVERY, folded).await?;
        let folded = started.elapsed().as_secs_f64();
        let repaired = async || {
            let (opened, closed) = gaps(&look)?;
            Ok((opened > gaps_before.0 && opened == closed).then_some(()))
        };
        eventually("the gaps to be closed", LOOK_EVERY, repaired).await?;
        times.push(Times { running, folded, repaired: started.elapsed().as_secs_f64() });
    }
    let each = |of: fn(&Times) -> f64| median(times.iter().map(of));
    report.add(Figure::new("every component runs", each(|t| t.running), "s"));
    report.add(
        Figure::new("every processor has caught up", each(|t| t.folded), "s")
            .goal(Goal::AtMost(GOAL_SECS)),
    );
    report.add(
        Figure::new("the feed's gap is repaired too", each(|t| t.repaired), "s")
            .goal(Goal::AtMost(GOAL_SECS)),
    );
    Ok(())
}

/// The demo's topology on our Kafka.
struct Demo<'a> {
    program: &'a Path,
    env: Vec<(String, String)>,
    arguments: [String; 5],
    client: reqwest::Client,
}

impl<'a> Demo<'a> {
    fn new(stage: &Stage, program: &'a Path, mock: &Mock) -> Result<Self> {
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
        let urls = mock.process.ready["urls"].as_object().context("the mock tells addresses")?;
        let variable = |(name, url): (&String, &Value)| {
            Some((format!("ALPACA_{}_URL", name.to_uppercase()), url.as_str()?.to_owned()))
        };
        let mut env: Vec<_> = urls.iter().filter_map(variable).collect();
        env.push(("ALPACA_ACCOUNT".to_owned(), ACCOUNT_NUMBER.to_owned()));
        let arguments = [
            "run".to_owned(),
            "--topology".to_owned(),
            text(&path)?,
            "--data".to_owned(),
            text(&data)?,
        ];
        Ok(Self { program, env, arguments, client: client()? })
    }

    fn start(&self, log: &Path) -> Result<Process> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let env: Vec<_> = self.env.iter().map(|(name, value)| (&**name, &**value)).collect();
        Process::start(self.program, &arguments, &env, log)
    }

    async fn is_running(&self, process: &Process) -> Result<()> {
        let metrics = process.ready["metrics"].as_str().context("it serves its metrics")?;
        let ready = metrics.replace("/metrics", "/readyz");
        let is_running = async || {
            let healths = get(&self.client, &ready).await?;
            let healths = healths.as_object().context("an object of components")?;
            Ok(healths.values().all(|health| health["state"] == "running").then_some(()))
        };
        eventually("every component to run", LOOK_EVERY, is_running).await
    }
}

/// After the last record of each partition of the processors' inputs.
type Ends = BTreeMap<(String, i32), i64>;

/// Processors of the demo and what each folds.
fn processors() -> [(&'static str, &'static [&'static str]); 5] {
    use component::Processor;
    [
        (approve::Approve::NAME, approve::Approve::INPUTS),
        (book::Book::NAME, book::Book::INPUTS),
        (reconcile::Reconcile::NAME, reconcile::Reconcile::INPUTS),
        (track::Track::NAME, track::Track::INPUTS),
        (validate::Validate::NAME, validate::Validate::INPUTS),
    ]
}

fn ends(look: &Wiring) -> Result<Ends> {
    let mut ends = Ends::new();
    block_in_place(|| {
        let reader = look.cluster.reader()?;
        for topic in processors().iter().flat_map(|(_, inputs)| *inputs) {
            reader.tail(topic, 1, |message| {
                let key = ((*topic).to_owned(), message.partition);
                let end = ends.entry(key).or_insert(0);
                *end = (*end).max(message.offset + 1);
            })?;
        }
        Ok(ends)
    })
}

/// Whether every processor has committed all that was there.
fn has_folded(look: &Wiring, ends: &Ends) -> Result<bool> {
    block_in_place(|| {
        let admin = look.cluster.admin()?;
        for (name, inputs) in processors() {
            let lags = admin.group_lag(&format!("foliostream.{name}"))?;
            let committed: BTreeMap<_, _> = lags
                .iter()
                .map(|lag| ((lag.topic.to_string(), lag.partition), lag.committed))
                .collect();
            let wanted = ends.iter().filter(|((topic, _), _)| inputs.contains(&topic.as_str()));
            for (key, end) in wanted {
                if committed.get(key).is_none_or(|committed| committed < end) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    })
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
