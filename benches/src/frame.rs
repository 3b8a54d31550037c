//! A vendor's frame to the bytes and headers of Kafka records, step by step, on one thread.

use std::hint::black_box;

use anyhow::{Result, ensure};
use avro::Serializer;
use component::{Clock, Item};
use kafka::Outgoing;
use model::{Event, Timestamp};
use polygon::map;
use runtime::{Accounts, Publisher, Recent, Target};

use crate::cost::{median, thread_nanos};
use crate::floor;
use crate::report::{Figure, Goal, Report};
use crate::stage::Stage;
use crate::vendor::{Frames, frames};

/// More than a live source remembers, so that its memory is as full as it gets.
const RECORDS: usize = 200_000;
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
    let mut publisher = Publisher::new(&wiring);
    for (what, batch) in [("1 trade a frame", 1), ("100 trades a frame", 100)] {
        let frames = frames('T', batch, RECORDS).await?;
        same_bytes(&frames)?;
        let (mut ours, mut floors) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(steps(&frames, &mut publisher)?);
            floors.push(floor_steps(&frames)?);
        }
        let parse = median(floors.iter().map(|(parse, _)| *parse));
        let floor = median(floors.iter().map(|(_, whole)| *whole));
        figures(report, what, &frames, &ours, Some((parse, floor)));
    }
    let frames = frames('Q', 100, RECORDS).await?;
    let ours: Result<Vec<_>> = (0..ROUNDS).map(|_| steps(&frames, &mut publisher)).collect();
    figures(report, "100 quotes a frame", &frames, &ours?, None);
    stage.clear("frame.")
}

/// The limits are those of parsing alone, and of all of it.
fn figures(
    report: &mut Report,
    kind: &str,
    frames: &Frames,
    ours: &[Steps],
    limits: Option<(f64, f64)>,
) {
    let step = |of: fn(&Steps) -> f64| median(ours.iter().map(of));
    let bytes = frames.frames.iter().map(Vec::len).sum::<usize>() / frames.records;
    let figure = |what: &str, nanos| Figure::new(format!("{kind}: {what}"), nanos, "ns/record");
    report.add(figure(&format!("parse and map ({bytes} bytes of JSON)"), step(|s| s.decode)));
    report.add(figure("stamp, drop repetitions", step(|s| s.stamp)));
    report.add(figure("encode and frame", step(|s| s.encode)));
    report.add(figure("headers, key, topic", step(|s| s.publish - s.encode)));
    let goal = Goal::AtMost(GOAL_NANOS);
    let mut to_avro = figure("to Avro bytes", step(Steps::avro)).goal(goal);
    if let Some((parse, whole)) = limits {
        report.add(figure("limit: serde_json alone", parse));
        to_avro = to_avro.of_cheaper(whole);
    }
    report.add(to_avro);
    report.add(figure("all of it", step(Steps::whole)).goal(goal));
}

/// Nanoseconds of processor time for a record.
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
    let (mut items, mut marks, mut value) = (Vec::new(), Vec::new(), Vec::new());
    let mut spent = Steps::default();
    for batch in batches(&frames.frames) {
        let start = thread_nanos();
        for frame in batch {
            map::frame(frame, &mut items, &mut marks);
        }
        marks.clear();
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
    ensure!(nowhere.records == frames.records, "{} of {}", nowhere.records, frames.records);
    let each = |nanos: f64| nanos / frames.records as f64;
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
    let each = |nanos: f64| nanos / frames.records as f64;
    Ok((each(parsed - start), each(encoded - parsed)))
}

/// The limit must do the same work: its bytes are ours.
fn same_bytes(frames: &Frames) -> Result<()> {
    let serializer = Serializer::offline();
    let (mut items, mut marks) = (Vec::new(), Vec::new());
    let received = Timestamp(1_795_400_000_000_000_000);
    for frame in frames.frames.iter().take(1_000) {
        map::frame(frame, &mut items, &mut marks);
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
    head.source = "polygon".into();
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
