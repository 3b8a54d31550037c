//! How long a page of records takes from its bytes to events, per record:
//! `cargo run --release -p {{name}} --example page_speed`.

#![allow(clippy::print_stdout)]

use std::time::Instant;

use {{name}}::{map, wire};

const RECORDS: usize = 100;
const ROUNDS: usize = 2_000;

fn main() {
    let record = |id: usize| {
        format!(r#"{{"id":{id},"symbol":"BAC","time":"2013-10-08T13:30:00Z","mentions":{id}}}"#)
    };
    let records = (1..=RECORDS).map(record).collect::<Vec<_>>().join(",");
    let page = format!(r#"{{"records":[{records}],"last_id":{RECORDS},"more":false}}"#);
    let mut best = f64::MAX;
    for _ in 0..7 {
        let started = Instant::now();
        for _ in 0..ROUNDS {
            let page: wire::Page<'_> = serde_json::from_str(&page).expect("it is written above");
            let events = page.records.into_iter().filter_map(|raw| map::record(raw).ok());
            assert_eq!(events.count(), RECORDS);
        }
        best = best.min(started.elapsed().as_nanos() as f64 / (ROUNDS * RECORDS) as f64);
    }
    println!("records: {best:.0} ns each");
}
