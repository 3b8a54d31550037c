//! A stateful processor, exactly once, beside a bare loop that consumes, produces as many bytes
//! and commits offsets in transactions of the same size.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use component::{Bad, Item, Out, Processor};
use kafka::{Message, Polled};
use model::{Adjustment, Bar, Decimal, Event, Text};
use runtime::{Accounts, Publisher, Wiring};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::task::block_in_place;

use crate::cost::{Cost, Meter, median};
use crate::report::{Figure, Goal, Report};
use crate::stage::{PATIENCE, Stage, eventually, start, stop};
use crate::vendor::frames;

const RECORDS: usize = 600_000;
const ROUNDS: usize = 3;
/// As the runtime's own: records of one transaction at most, and the wait for the first.
const BATCH: usize = 5_000;
const IDLE: Duration = Duration::from_millis(200);
const INPUT: &str = "market.trades";
const OUTPUT: &str = "market.bars";
/// What `design.md` asks for.
const GOAL_RATIO: f64 = 0.5;
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Records and transactions of one run.
struct Run {
    cost: Cost,
    transactions: u64,
}

pub async fn run(stage: &Stage, report: &mut Report) -> Result<()> {
    let trades = trades(RECORDS).await?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut sample = Vec::new();
    for round in 0..ROUNDS {
        let prefix = format!("fold{round}.");
        let processors = [(Volume::NAME, Volume::INPUTS)];
        let wiring = stage.wiring(&prefix, &[], &processors, Accounts::default()).await?;
        fill(&wiring, &trades)?;
        ours.push(processor(stage, &wiring).await?);
        if sample.is_empty() {
            sample = stage.first(&wiring.names.topic(OUTPUT), BATCH)?;
            ensure!(!sample.is_empty(), "the processor wrote nothing");
        }
        bare.push(block_in_place(|| copy(stage, &wiring, &sample))?);
        stage.clear(&prefix)?;
    }
    let each = |of: fn(&Run) -> f64| median(ours.iter().map(of));
    let limit = |of: fn(&Run) -> f64| median(bare.iter().map(of));
    report.add(
        Figure::new("rate, Kafka beside us", each(|r| r.cost.rate()), "records/s")
            .of_limit(limit(|r| r.cost.rate()))
            .goal(Goal::RatioAtLeast(GOAL_RATIO)),
    );
    report.add(
        Figure::new("CPU of this process", each(|r| r.cost.micros()), "µs/record")
            .of_cheaper(limit(|r| r.cost.micros()))
            .goal(Goal::RatioAtLeast(GOAL_RATIO)),
    );
    report.add(
        Figure::new("CPU of Kafka", each(|r| r.cost.broker_micros()), "µs/record")
            .of_cheaper(limit(|r| r.cost.broker_micros())),
    );
    let size = |r: &Run| r.cost.records as f64 / r.transactions as f64;
    let (ours, bare) = (median(ours.iter().map(size)), median(bare.iter().map(size)));
    report.add(Figure::new("records of a transaction", ours, "").of_limit(bare));
    Ok(())
}

/// Sums the volume of each instrument and tells it with every trade.
struct Volume;

/// What is known of one instrument.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    volume: Decimal,
    trades: i64,
    high: Decimal,
    low: Decimal,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Settings {}

impl Processor for Volume {
    const NAME: &'static str = "volume";
    const INPUTS: &'static [&'static str] = &[INPUT];
    type Settings = Settings;
    type State = State;
    type Global = ();

    fn new(_: Settings) -> component::Result<Self> {
        Ok(Self)
    }

    fn key(&self, event: &Event) -> Option<Text> {
        event.instrument().map(|instrument| instrument.as_str().into())
    }

    fn apply(&self, state: &mut State, _: &(), event: &Event, out: &mut Out) -> Result<(), Bad> {
        let Event::Trade(trade) = event else { return Ok(()) };
        state.volume += trade.quantity;
        state.trades += 1;
        state.high = state.high.max(trade.price);
        state.low = if state.trades == 1 { trade.price } else { state.low.min(trade.price) };
        let head = out.head();
        out.emit(Bar {
            end_time: head.event_time,
            head,
            instrument: trade.instrument.clone(),
            symbol: trade.symbol.clone(),
            interval: Text::const_new("1d"),
            open: trade.price,
            high: state.high,
            low: state.low,
            close: trade.price,
            volume: state.volume,
            vwap: None,
            trade_count: Some(state.trades),
            adjustment: Adjustment::Raw,
            is_final: false,
        });
        Ok(())
    }
}

/// Real trades as a source would publish them.
async fn trades(count: usize) -> Result<Vec<Event>> {
    let frames = frames('T', 100, count).await?;
    let (mut items, mut marks) = (Vec::with_capacity(count), Vec::new());
    let clock = component::Clock::system();
    for frame in &frames.frames {
        polygon::map::frame(frame, &mut items, &mut marks);
    }
    let stamped = |item| match item {
        Item::Event(mut event) => {
            event.head_mut().source = "polygon".into();
            event.head_mut().received_time = clock.now();
            Ok(event)
        }
        Item::Bad { bad, .. } => Err(bad.into()),
    };
    items.into_iter().take(count).map(stamped).collect()
}

fn fill(wiring: &Wiring, trades: &[Event]) -> Result<()> {
    block_in_place(|| {
        let mut pipeline = wiring.cluster.pipeline()?;
        let mut publisher = Publisher::new(wiring);
        for trade in trades {
            publisher.publish(&mut pipeline, trade, None)?;
        }
        Ok(pipeline.flush(PATIENCE)?)
    })
}

/// The real driver, from its first committed batch to the last: claiming ids, joining the group
/// and restoring state come before.
async fn processor(stage: &Stage, wiring: &Wiring) -> Result<Run> {
    let task = (runtime::processor::<Volume>().task)(json!({})).map_err(anyhow::Error::msg)?;
    let done = || wiring.metrics.totals().get(OUTPUT).copied().unwrap_or(0);
    let supervisor = start(wiring, [task]);
    let begun = async || Ok(Some(done()).filter(|count| *count > 0));
    let before = eventually("the first batch", LOOK_EVERY, begun).await?;
    let meter = Meter::start(stage.broker())?;
    let all = async || Ok(Some(done()).filter(|count| *count >= RECORDS as u64));
    let after = eventually("the last batch", LOOK_EVERY, all).await?;
    let cost = meter.stop(after - before)?;
    stop(supervisor).await?;
    let offsets = stage.offsets(&wiring.names.topic(OUTPUT))?;
    ensure!(after == RECORDS as u64, "{after} records came of {RECORDS}");
    let share = cost.records as f64 / after as f64;
    Ok(Run { cost, transactions: ((offsets - after) as f64 * share) as u64 })
}

/// The same traffic without us: for every record read, one of the processor's own is sent.
fn copy(stage: &Stage, wiring: &Wiring, sample: &[Message]) -> Result<Run> {
    let (input, output) = (wiring.names.topic(INPUT), wiring.names.topic(OUTPUT));
    let id = wiring.transactional_id("copy");
    let mut transactions = wiring.cluster.transactions(&id)?;
    let mut group = wiring.cluster.group("bench.copy", &[&input])?;
    let headers: Vec<Vec<_>> = sample.iter().map(|message| message.headers().collect()).collect();
    let records: Vec<_> =
        sample.iter().zip(&headers).map(|(m, headers)| m.outgoing(&output, headers)).collect();
    let (mut total, mut count, mut commits, mut meter) = (0, 0, 0, None);
    let deadline = Instant::now() + PATIENCE;
    while total < RECORDS {
        ensure!(Instant::now() < deadline, "{total} records copied within {PATIENCE:?}");
        let Polled::Messages(messages) = group.next(BATCH, IDLE)? else { continue };
        let mut offsets: BTreeMap<(Arc<str>, i32), i64> = BTreeMap::new();
        transactions.begin()?;
        for (message, record) in messages.iter().zip(records.iter().cycle()) {
            offsets.insert((message.topic.clone(), message.partition), message.offset + 1);
            transactions.send(record)?;
        }
        let offsets: Vec<_> = offsets.into_iter().map(|((t, p), next)| (t, p, next)).collect();
        transactions.send_offsets(&group, &offsets)?;
        transactions.commit()?;
        total += messages.len();
        if meter.is_none() {
            meter = Some(Meter::start(stage.broker())?);
        } else {
            (count, commits) = (count + messages.len() as u64, commits + 1);
        }
    }
    let cost = meter.context("more than one batch")?.stop(count)?;
    Ok(Run { cost, transactions: commits })
}
