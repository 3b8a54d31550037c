//! A vendor's frame to the bytes and headers of Kafka records, step by step, on one thread.

use std::hint::black_box;

use alpaca::map;
use anyhow::{Result, ensure};
use avro::Serializer;
use component::{Clock, Item};
use kafka::Outgoing;
use model::{Event, Timestamp};
use runtime::{Accounts, Publisher, Recent, Target};

use crate::cost::{median, thread_nanos};
use crate::floor;
use crate::report::{Figure, Goal, Report};
use crate::stage::Stage;
use crate::vendor::{Frames, frames};

/// More than a live source remembers, so that its memory is as full as it gets.
const TRADES: usize = 200_000;
/// Event ids that a live source remembers.
const WINDOW: usize = 131_072;
/// Event ids that it looks up together.
const AHEAD: usize = 32;
/// Frames are taken in batches of about this size, as from a busy socket.
const BATCH_BYTES: usize = 64 * 1024;
/// What `design.md` allows for one trade.
const GOAL_NANOS: f64 = 1_000.0;
const ROUNDS: usize = 5;

pub async fn run(stage: &Stage, report: &mut Report) -> Result<()> {
    let wiring = stage.wiring("frame.", &[], &[], Accounts::default()).await?;
    for batch in [1, 100] {
        let frames = frames(batch, TRADES).await?;
        same_bytes(&frames)?;
        let mut publisher = Publisher::new(&wiring);
        let (mut ours, mut floors) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(steps(&frames, &mut publisher)?);
            floors.push(floor_steps(&frames)?);
        }
        let step = |of: fn(&Steps) -> f64| median(ours.iter().map(of));
        let parse = median(floors.iter().map(|(parse, _)| *parse));
        let floor = median(floors.iter().map(|(_, whole)| *whole));
        let bytes = frames.frames.iter().map(Vec::len).sum::<usize>() / frames.trades;
        let trades = if batch == 1 { "1 trade" } else { "100 trades" };
        let mut add = |what: &str, nanos: f64| {
            report.add(Figure::new(format!("{trades} a frame: {what}"), nanos, "ns/trade"));
        };
        add(&format!("parse and map ({bytes} bytes of JSON)"), step(|s| s.decode));
        add("stamp, drop repetitions", step(|s| s.stamp));
        add("encode and frame", step(|s| s.encode));
        add("headers, key, topic", step(|s| s.publish - s.encode));
        add("limit: serde_json alone", parse);
        report.add(
            Figure::new(format!("{trades} a frame: to Avro bytes"), step(Steps::avro), "ns/trade")
                .of_cheaper(floor)
                .goal(Goal::AtMost(GOAL_NANOS)),
        );
        report.add(
            Figure::new(format!("{trades} a frame: all of it"), step(Steps::whole), "ns/trade")
                .goal(Goal::AtMost(GOAL_NANOS)),
        );
    }
    stage.clear("frame.")
}

/// Nanoseconds of processor time for a trade.
#[derive(Clone, Copy, Debug, Default)]
struct Steps {
    decode: f64,
    stamp: f64,
    encode: f64,
    /// Encoding included.
    publish: f64,
}

impl Steps {
    fn avro(&self) -> f64 {
        self.decode + self.stamp + self.encode
    }

    fn whole(&self) -> f64 {
        self.decode + self.stamp + self.publish
    }
}

/// Takes records and keeps nothing.
#[derive(Default)]
struct Nowhere {
    records: usize,
}

impl Target for Nowhere {
    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), kafka::Error> {
        black_box(record);
        self.records += 1;
        Ok(())
    }
}

/// What a live source does with the frames it has taken from the socket.
fn steps(frames: &Frames, publisher: &mut Publisher) -> Result<Steps> {
    let (clock, serializer) = (Clock::system(), Serializer::offline());
    let mut recent = full_window();
    let mut nowhere = Nowhere::default();
    let (mut items, mut value, mut spent) = (Vec::new(), Vec::new(), Steps::default());
    for batch in batches(&frames.frames) {
        let start = thread_nanos();
        for frame in batch {
            map::frame(frame, &mut items, &mut |_| {});
        }
        let decoded = thread_nanos();
        for chunk in items.chunks_mut(AHEAD) {
            recent.fetch(chunk.iter().filter_map(event_id));
            for item in chunk {
                let Item::Event(event) = item else { continue };
                stamp(event, clock.now());
                recent.insert(event.head().event_id);
            }
        }
        let stamped = thread_nanos();
        for item in &items {
            let Item::Event(event) = item else { continue };
            value.clear();
            serializer.frame(event, &mut value)?;
            black_box(&value);
        }
        let encoded = thread_nanos();
        for item in items.drain(..) {
            let Item::Event(event) = item else { continue };
            publisher.publish(&mut nowhere, &event, None)?;
        }
        let published = thread_nanos();
        spent.decode += decoded - start;
        spent.stamp += stamped - decoded;
        spent.encode += encoded - stamped;
        spent.publish += published - encoded;
    }
    ensure!(nowhere.records == frames.trades, "{} of {}", nowhere.records, frames.trades);
    let each = |nanos: f64| nanos / frames.trades as f64;
    Ok(Steps {
        decode: each(spent.decode),
        stamp: each(spent.stamp),
        encode: each(spent.encode),
        publish: each(spent.publish),
    })
}

/// The same by hand: for the parse alone, and for all of it.
fn floor_steps(frames: &Frames) -> Result<(f64, f64)> {
    let mut value = Vec::new();
    let start = thread_nanos();
    for frame in &frames.frames {
        black_box(floor::parse(frame)?);
    }
    let parsed = thread_nanos();
    for frame in &frames.frames {
        for trade in floor::parse(frame)? {
            value.clear();
            floor::encode(&trade, 1, 1_795_400_000_000_000_000, &mut value)?;
            black_box(&value);
        }
    }
    let encoded = thread_nanos();
    let each = |nanos: f64| nanos / frames.trades as f64;
    Ok((each(parsed - start), each(encoded - parsed)))
}

/// The limit must do the same work: its bytes are ours.
fn same_bytes(frames: &Frames) -> Result<()> {
    let (serializer, mut items) = (Serializer::offline(), Vec::new());
    let received = Timestamp(1_795_400_000_000_000_000);
    for frame in frames.frames.iter().take(1_000) {
        map::frame(frame, &mut items, &mut |_| {});
        for (item, trade) in items.drain(..).zip(floor::parse(frame)?) {
            let Item::Event(mut event) = item else { continue };
            stamp(&mut event, received);
            let (mut ours, mut floor) = (Vec::new(), Vec::new());
            serializer.frame(&event, &mut ours)?;
            floor::encode(&trade, avro::schema_id(&ours)?, received.0, &mut floor)?;
            ensure!(ours == floor, "the floor writes other bytes for {event:?}");
        }
    }
    Ok(())
}

fn event_id(item: &Item) -> Option<model::EventId> {
    match item {
        Item::Event(event) => Some(event.head().event_id),
        Item::Bad { .. } => None,
    }
}

fn stamp(event: &mut Event, received: Timestamp) {
    let head = event.head_mut();
    head.source = "alpaca".into();
    head.received_time = received;
}

fn full_window() -> Recent {
    let mut recent = Recent::new(WINDOW);
    for number in 0..WINDOW {
        recent.insert(model::EventId::of(&["filler", &number.to_string()]));
    }
    recent
}

/// Frames in runs of about [`BATCH_BYTES`].
fn batches(frames: &[Vec<u8>]) -> impl Iterator<Item = &[Vec<u8>]> {
    let count = frames.len();
    let each = frames.iter().map(Vec::len).sum::<usize>() / count.max(1);
    frames.chunks((BATCH_BYTES / each.max(1)).max(1))
}
