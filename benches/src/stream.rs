//! Polygon's stream, as fast as it comes, to records that Kafka has acknowledged; beside it the
//! same records sent by a bare producer.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use component::{Clock, Host, Throttling};
use kafka::{Cluster, Message, Outgoing};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use runtime::{Accounts, Start};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::cost::{Cost, Meter, median, other_secs};
use crate::report::{Figure, Goal, Report};
use crate::stage::{PATIENCE, Stage, start, stop, while_it_moves};
use crate::vendor::Mock;

/// Everything that the mock sends of stocks.
pub const ALL: [&str; 1] = ["*"];
/// Synthetic stocks that trade and quote for a day as the real ones do: some five seconds of work.
const LOAD_SYMBOLS: usize = 100;
/// Before the market of the mock's day opens.
pub const DAWN: &str = "2013-10-07T08:00:00Z";
const TOPICS: [&str; 3] = ["market.trades", "market.quotes", "market.bars"];
/// What they are in the mock's words.
pub const KINDS: [&str; 3] = ["trades", "quotes", "bars"];
const PARTITIONS: i32 = 4;
const ROUNDS: usize = 3;
/// Data points in one frame, as a busy feed sends them, and as a quiet one does.
const BUSY: usize = 100;
const QUIET: usize = 1;
/// Symbols in frames of one, for which a fifth of the time is enough.
const QUIET_SYMBOLS: usize = 40;
/// Records that the bare producer keeps in memory and sends again and again.
const KEPT: usize = 300_000;
/// What `design.md` asks of one processor.
const GOAL_RATIO: f64 = 0.7;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One run of the source.
struct Run {
    cost: Cost,
    /// Processor seconds of the mock.
    mock: f64,
    /// Data points that the mock has sent.
    sent: u64,
    /// Of these, what the source had published before: two quotes of one moment that say the
    /// same are one.
    repeated: u64,
}

pub async fn run(stage: &Stage, report: &mut Report) -> Result<()> {
    let counters = PrometheusBuilder::new().install_recorder()?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut records = Vec::new();
    for round in 0..ROUNDS {
        let prefix = format!("stream{round}.");
        ours.push(source(stage, &counters, &prefix, BUSY, LOAD_SYMBOLS).await?);
        if records.is_empty() {
            records = kept(stage, &prefix)?;
        }
        stage.clear(&prefix)?;
        let count = ours[round].cost.records;
        bare.push(producer(stage, &format!("bare{round}."), &records, count).await?);
    }
    let quiet = source(stage, &counters, "quiet.", QUIET, QUIET_SYMBOLS).await?;
    stage.clear("quiet.")?;
    figures(report, &ours, &bare, &quiet);
    Ok(())
}

fn figures(report: &mut Report, ours: &[Run], bare: &[Cost], quiet: &Run) {
    let each = |of: fn(&Run) -> f64| median(ours.iter().map(of));
    let limit = |of: fn(&Cost) -> f64| median(bare.iter().map(of));
    report.add(Figure::new("records of one run", each(|r| r.cost.records as f64), ""));
    report.add(Figure::new("sent twice by the mock", each(|r| r.repeated as f64), "records"));
    report.add(
        Figure::new("lost or doubled by us", each(Run::missing), "records").goal(Goal::AtMost(0.0)),
    );
    report.add(
        Figure::new("CPU of this process", each(|r| r.cost.micros()), "µs/record")
            .of_cheaper(limit(Cost::micros))
            .goal(Goal::RatioAtLeast(GOAL_RATIO)),
    );
    report.add(
        Figure::new("rate, mock and Kafka beside us", each(|r| r.cost.rate()), "records/s")
            .of_limit(limit(Cost::rate)),
    );
    report.add(Figure::new("one core would carry", each(|r| 1e6 / r.cost.micros()), "records/s"));
    report.add(
        Figure::new("CPU of Kafka", each(|r| r.cost.broker_micros()), "µs/record")
            .of_cheaper(limit(Cost::broker_micros)),
    );
    report.add(Figure::new("CPU of the mock", each(Run::mock_micros), "µs/record"));
    report.add(Figure::new("frames of one: CPU of this process", quiet.cost.micros(), "µs/record"));
    report.add(Figure::new("frames of one: rate", quiet.cost.rate(), "records/s"));
}

impl Run {
    fn missing(&self) -> f64 {
        (self.sent as f64 - self.repeated as f64 - self.cost.records as f64).abs()
    }

    fn mock_micros(&self) -> f64 {
        1e6 * self.mock / self.cost.records as f64
    }
}

/// The real source, driven by the real runtime, until everything the mock sent is on the topics.
async fn source(
    stage: &Stage,
    counters: &PrometheusHandle,
    prefix: &str,
    batch: usize,
    load_symbols: usize,
) -> Result<Run> {
    let repeated_before = repeated(counters);
    let replay = json!({ "batch": batch, "loops": 1, "load_symbols": load_symbols });
    let settings = json!({ "speed": "max", "start": DAWN, "replay": replay });
    let log = stage.folder.path().join("mock.log");
    let mock = Mock::start("polygon", &settings, &log)?;
    let wiring = stage.wiring(prefix, &[("market", PARTITIONS)], &[], Accounts::default()).await?;
    let task = (runtime::source::<polygon::MarketData>().task)(Start {
        system: mock.system()?,
        settings: market_data(&ALL),
        host: Host::new("polygon", "polygon_market_data", Clock::system(), Throttling::default()),
    });
    let task = task.map_err(anyhow::Error::msg)?;
    let (meter, mock_before) = (Meter::start(stage.broker())?, other_secs(mock.process.pid())?);
    let supervisor = start(&wiring, [task]);
    let told = async || {
        let sent = mock.sent().await?;
        let count = KINDS.iter().filter_map(|kind| sent[*kind].as_u64()).sum();
        Ok((count, sent["done"] == json!(true)))
    };
    let sent = while_it_moves("the mock to send all", LOOK_EVERY, told).await?;
    let published = async || {
        let count = count(stage, prefix)?;
        Ok((count, count + repeated(counters) - repeated_before >= sent))
    };
    let records = while_it_moves("everything to be acknowledged", LOOK_EVERY, published).await?;
    let cost = meter.stop(records)?;
    let mock_secs = other_secs(mock.process.pid())? - mock_before;
    stop(supervisor).await?;
    let repeated = repeated(counters) - repeated_before;
    Ok(Run { cost, mock: mock_secs, sent, repeated })
}

/// Records that the runtime says it has dropped as repetitions.
fn repeated(counters: &PrometheusHandle) -> u64 {
    let text = counters.render();
    let lines = text.lines().filter(|line| {
        line.starts_with("component_discarded_events_total{") && line.contains("\"repeated\"")
    });
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// Settings that follow the trades, quotes and bars of these symbols.
pub fn market_data(symbols: &[&str]) -> Value {
    json!({ "trades": symbols, "quotes": symbols, "bars": symbols, "audit_secs": 0 })
}

fn count(stage: &Stage, prefix: &str) -> Result<u64> {
    TOPICS.iter().map(|topic| stage.offsets(&format!("{prefix}{topic}"))).sum()
}

/// The first records of the topics, as they lie in Kafka, in the proportions of the whole.
fn kept(stage: &Stage, prefix: &str) -> Result<Vec<Message>> {
    let total = count(stage, prefix)?.max(1);
    let mut records = Vec::new();
    for topic in TOPICS.map(|topic| format!("{prefix}{topic}")) {
        let share = stage.offsets(&topic)? as f64 / total as f64;
        records.extend(stage.first(&topic, (KEPT as f64 * share) as usize)?);
    }
    // In the order in which they happened, so that topics and partitions take turns as they did.
    records.sort_by_key(|message| message.timestamp_ms);
    ensure!(!records.is_empty(), "the topics are empty");
    Ok(records)
}

/// The same bytes without us: a bare producer that sends so many records.
async fn producer(stage: &Stage, prefix: &str, records: &[Message], count: u64) -> Result<Cost> {
    stage.wiring(prefix, &[("market", PARTITIONS)], &[], Accounts::default()).await?;
    let topics: Vec<String> = TOPICS.iter().map(|topic| format!("{prefix}{topic}")).collect();
    let headers: Vec<Vec<_>> = records.iter().map(|message| message.headers().collect()).collect();
    let mut outgoing = Vec::with_capacity(records.len());
    for (message, headers) in records.iter().zip(&headers) {
        let topic = topics.iter().find(|topic| message.topic.ends_with(base(topic)));
        outgoing.push(message.outgoing(topic.context("a topic of ours")?, headers));
    }
    let cost = block_in_place(|| send(&stage.cluster, stage.broker(), &outgoing, count))?;
    stage.clear(prefix)?;
    Ok(cost)
}

fn base(topic: &str) -> &str {
    topic.split_once('.').map_or(topic, |(_, base)| base)
}

fn send(cluster: &Cluster, broker: u32, records: &[Outgoing<'_>], count: u64) -> Result<Cost> {
    let mut pipeline = cluster.pipeline()?;
    let meter = Meter::start(broker)?;
    for record in records.iter().cycle().take(usize::try_from(count)?) {
        pipeline.send(record)?;
    }
    pipeline.flush(PATIENCE)?;
    ensure!(pipeline.acknowledged()? == count, "the bare producer lost records");
    meter.stop(count)
}
