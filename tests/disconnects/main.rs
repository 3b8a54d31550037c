//! A thousand disconnects of every kind, over three vendors at once: nothing is lost or doubled on
//! feeds that can be read again, and every other loss is announced as a gap with its bounds.
//!
//! `FOLIOSTREAM_DISCONNECTS` says how many there are in all, `FOLIOSTREAM_SEED` repeats a run.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout)] // What happened, how often and for how long is a result.

mod alpha_vantage;
mod gaps;
mod journal;
mod mishap;
mod polygon;
#[path = "../support/mod.rs"]
mod support;
mod tws;

use std::path::Path;
use std::time::{Duration, Instant};

use gaps::time;
use journal::Mock;
use mishap::{Dice, Tally, plan};
use polygon::Lane;
use serde_json::{Value, json};
use support::{Stage, wait_for};

/// Few enough for every day.
const USUAL: usize = 100;
/// Of a hundred: each of two streams of Polygon, TWS; the rest is for Alpha Vantage.
const SHARES: [usize; 2] = [20, 25];
/// Until everything that was missed is there.
const SETTLING: Duration = Duration::from_secs(120);
/// For so long after the last mishap the tape goes on: a hole is seen by what follows it.
const LULL: i64 = 5_000_000_000;
/// Pause between two looks at the topics.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const STOCKS: Lane = Lane {
    system: "polygon",
    cluster: "stocks",
    symbols: &["BAC", "SPY"],
    instruments: &["BAC.US", "SPY.US"],
};
const OPTIONS: Lane = Lane {
    system: "polygon_options",
    cluster: "options",
    symbols: &["O:BAC131019C00014000", "O:SPY131018C00170000"],
    instruments: &["BAC131019C00014000.US", "SPY131018C00170000.US"],
};

struct Mocks {
    polygon: Mock,
    tws: Mock,
    alpha_vantage: Mock,
}

impl Mocks {
    fn start(stage: &Stage) -> Self {
        let folder = stage.folder.path();
        // A second is a bar's minute, so that there are new bars to read.
        let fast = json!({ "speed": 20 });
        Self {
            polygon: Mock::start("polygon", &json!({}), folder),
            tws: Mock::start("interactive_brokers", &json!({}), folder),
            alpha_vantage: Mock::start("alpha_vantage", &fast, folder),
        }
    }

    fn systems(&self) -> Value {
        json!({
            STOCKS.system: STOCKS.system(&self.polygon),
            OPTIONS.system: OPTIONS.system(&self.polygon),
            tws::SYSTEM: tws::system(&self.tws, false),
            alpha_vantage::SYSTEM: alpha_vantage::system(&self.alpha_vantage),
        })
    }

    /// Those that read the same, once nothing goes wrong any more.
    fn judges(&self) -> Value {
        json!({
            "tws_judge": tws::system(&self.tws, true),
            "alpha_judge": alpha_vantage::system(&self.alpha_vantage),
        })
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Looks again and again until nothing is wrong any more; gives what was seen last.
fn settle<T>(
    stage: &Stage,
    system: &str,
    patience: Duration,
    mut look: impl FnMut() -> (Vec<String>, T),
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        let (faults, seen) = look();
        if faults.is_empty() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{}\n{system}: {faults:#?}", kept(stage));
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Where the log of a run that failed stays; a run says far too much to print it.
fn kept(stage: &Stage) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("disconnects.log");
    match std::fs::write(&path, stage.log()) {
        Ok(()) => format!("the log: {}", path.display()),
        Err(error) => format!("{}: {error}\n{}", path.display(), stage.log()),
    }
}

/// Says last, when all has failed, how to repeat it.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("FOLIOSTREAM_SEED={} repeats it", self.0);
        }
    }
}

/// Waits until each system has published something.
fn wait_for_records(stage: &Stage) {
    for (topic, system) in [
        ("market.trades", STOCKS.system),
        ("market.trades", OPTIONS.system),
        ("market.quotes", tws::SYSTEM),
        ("market.bars", tws::SYSTEM),
        ("accounts.balances", tws::SYSTEM),
    ] {
        wait_for(&format!("{topic} of {system}"), || {
            !gaps::values(stage, topic, system).is_empty()
        });
    }
}

#[test]
fn disconnects_of_every_kind_lose_nothing() {
    let count = number("FOLIOSTREAM_DISCONNECTS").map_or(USUAL, |count| count as usize);
    let any = || component::Clock::system().now().0.unsigned_abs();
    let seed = number("FOLIOSTREAM_SEED").unwrap_or_else(any);
    println!("seed {seed}, {count} disconnects");
    let _seed = Seed(seed);
    let [of_stream, of_tws] = SHARES.map(|share| count * share / 100);
    let of_alpha = count - 2 * of_stream - of_tws;
    let dice = |lane: u64| Dice(seed.wrapping_mul(4).wrapping_add(lane));
    let stage = Stage::set("0");
    let mocks = Mocks::start(&stage);
    let topology = stage.topology_of("disturbed.json", &mocks.systems());
    let mut running = stage.run(&topology, &[], &[]);
    wait_for_records(&stage);

    let began = Instant::now();
    let stream = |lane: &Lane, number: u64| {
        let plan = plan(polygon::KINDS, of_stream, &mut dice(number));
        lane.disturb(&mocks.polygon, &plan, dice(number))
    };
    let (stocks, options, broker, alpha) = std::thread::scope(|scope| {
        let stocks = scope.spawn(|| stream(&STOCKS, 0));
        let options = scope.spawn(|| stream(&OPTIONS, 1));
        let broker = scope.spawn(|| {
            let plan = plan(tws::KINDS, of_tws, &mut dice(2));
            tws::disturb(&mocks.tws, &plan, dice(2))
        });
        let plan = plan(alpha_vantage::KINDS, of_alpha, &mut dice(3));
        let alpha = alpha_vantage::disturb(&mocks.alpha_vantage, &plan);
        let lane = [stocks.join(), options.join(), broker.join()];
        let [stocks, options, broker] =
            lane.map(|ended| ended.unwrap_or_else(|_| panic!("{}", kept(&stage))));
        (stocks, options, broker, alpha)
    });
    let mishaps = |tallies: [&Tally; 4]| tallies.iter().map(|tally| tally.count()).sum::<usize>();
    let happened = mishaps([&stocks.0, &options.0, &broker.0, &alpha]);
    println!("{happened} disconnects in {:.0?}", began.elapsed());

    let clock = || time(&mocks.polygon.get("/_mock/clock")["now"]);
    let end = clock() + LULL;
    wait_for("the tape to go on", || clock() >= end);
    mocks.polygon.freeze();
    mocks.tws.freeze();
    mocks.alpha_vantage.freeze();
    let judges = stage.topology_of("judges.json", &mocks.judges());
    let mut judging = stage.run(&judges, &[], &[]);
    STOCKS.check(&stage, &mocks.polygon, &stocks.1);
    OPTIONS.check(&stage, &mocks.polygon, &options.1);
    tws::check(&stage, &mocks.tws, "tws_judge", &broker.1);
    let system = alpha_vantage::SYSTEM;
    settle(&stage, system, SETTLING, || (tws::bars(&stage, system, "alpha_judge"), ()));
    assert!(!running.has_ended() && !judging.has_ended(), "{}", kept(&stage));
    assert!(!stage.log().contains("stopped for good"), "{}", kept(&stage));
    judging.stop();
    running.stop();

    stocks.0.report(STOCKS.system, polygon::KINDS);
    options.0.report(OPTIONS.system, polygon::KINDS);
    broker.0.report(tws::SYSTEM, tws::KINDS);
    alpha.report(alpha_vantage::SYSTEM, alpha_vantage::KINDS);
    assert!(happened >= count, "{happened} of {count} disconnects have happened");
}
