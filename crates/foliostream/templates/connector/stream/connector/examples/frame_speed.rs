//! How long a frame takes from its bytes to events, per trade:
//! `cargo run --release -p {{name}} --example frame_speed`.

#![allow(clippy::print_stdout)]

use std::time::Instant;

use {{name}}::{map, wire};

const TRADES: usize = 100;
const ROUNDS: usize = 2_000;

fn main() {
    let trade = |id: usize| {
        let (time, price) = ("2013-10-08T13:30:00.5Z", "14.02");
        format!(r#"{{"id":{id},"symbol":"BAC","time":"{time}","price":{price},"size":{id}}}"#)
    };
    let trades = (1..=TRADES).map(trade).collect::<Vec<_>>().join(",");
    let frame = format!(r#"{{"type":"trades","trades":[{trades}]}}"#);
    let mut best = f64::MAX;
    let mut items = Vec::new();
    for _ in 0..7 {
        let started = Instant::now();
        for _ in 0..ROUNDS {
            items.clear();
            let frame: wire::Frame<'_> = serde_json::from_str(&frame).expect("it is written above");
            map::trades(&frame.trades, &mut items);
            assert_eq!(items.len(), TRADES);
        }
        best = best.min(started.elapsed().as_nanos() as f64 / (ROUNDS * TRADES) as f64);
    }
    println!("trades: {best:.0} ns each");
}
