//! How long a frame of trades takes from its bytes to events, per trade:
//! `cargo run --release -p alpaca --example frame_speed`.

#![allow(clippy::print_stdout)]

use std::time::Instant;

const TRADES: usize = 100;
const ROUNDS: usize = 5_000;

fn main() {
    let trade = |id: usize| {
        format!(
            r#"{{"T":"t","i":{id},"S":"AAPL","x":"D","p":126.55,"s":1,"t":"2021-02-22T15:51:44.208123456Z","c":["@","I"],"z":"C"}}"#
        )
    };
    let quote = |cents: usize| {
        format!(
            r#"{{"T":"q","S":"AMD","bx":"U","bp":87.{cents:02},"bs":1,"ax":"Q","ap":88.68,"as":4,"t":"2021-02-22T15:51:45.335689322Z","c":["R"],"z":"C"}}"#
        )
    };
    let reordered = |id: usize| {
        trade(id).replace(r#""T":"t","#, "").replace(r#""z":"C""#, r#""z":"C","T":"t""#)
    };
    measure("trades", &(0..TRADES).map(trade).collect::<Vec<_>>());
    measure("quotes", &(0..TRADES).map(quote).collect::<Vec<_>>());
    measure("trades with T last", &(0..TRADES).map(reordered).collect::<Vec<_>>());
}

fn measure(name: &str, points: &[String]) {
    let frame = format!("[{}]", points.join(","));
    let mut best = f64::MAX;
    for _ in 0..7 {
        let started = Instant::now();
        for _ in 0..ROUNDS {
            let mut items = Vec::with_capacity(points.len());
            alpaca::map::frame(frame.as_bytes(), &mut items, &mut |_| {});
            assert_eq!(items.len(), points.len());
        }
        let per_point = started.elapsed().as_nanos() as f64 / (ROUNDS * points.len()) as f64;
        best = best.min(per_point);
    }
    println!("{name}: {best:.0} ns each");
}
