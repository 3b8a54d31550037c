//! How long a frame takes from its bytes to events, and on to Avro, per record:
//! `cargo run --release -p polygon --example frame_speed`; a word after it measures only what is
//! called so.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use avro::Serializer;
use component::Item;
use polygon::map;

const RECORDS: usize = 100;
const ROUNDS: usize = 5_000;

fn main() {
    let trade = |number: usize| {
        format!(
            r#"{{"ev":"T","sym":"AAPL","i":"{number}","x":10,"p":161.87,"s":300,"c":[14,41],"t":1651684192462,"q":{number},"z":3}}"#
        )
    };
    let facility = |number: usize| {
        format!(
            r#"{{"ev":"T","sym":"MSFT","x":4,"i":"{number}","z":3,"p":114.125,"s":100,"ds":"100.5","c":[12,37],"t":1536036818784,"q":{number},"trfi":202,"trft":1536036818700,"pt":1536036818699}}"#
        )
    };
    let quote = |number: usize| {
        format!(
            r#"{{"ev":"Q","sym":"MSFT","bx":4,"bp":114.125,"bs":100,"ax":7,"ap":114.128,"as":160,"c":0,"i":[604],"t":1536036818784,"q":{number},"z":3}}"#
        )
    };
    let bar = |number: usize| {
        format!(
            r#"{{"ev":"A","sym":"SPCE","v":200,"av":8642007,"op":25.66,"vw":25.3981,"o":25.39,"c":25.39,"h":25.39,"l":25.39,"a":25.3714,"z":50,"s":{},"e":{}}}"#,
            1_610_144_868_000 + number * 1_000,
            1_610_144_869_000 + number * 1_000
        )
    };
    let reordered = |number: usize| {
        trade(number).replace(r#""ev":"T","#, "").replace(r#""z":3"#, r#""z":3,"ev":"T""#)
    };
    measure("trades", trade);
    measure("trades of a reporting facility", facility);
    measure("quotes", quote);
    measure("second bars", bar);
    measure("trades with ev last", reordered);
}

fn measure(name: &str, record: impl Fn(usize) -> String) {
    if std::env::args().nth(1).is_some_and(|only| !name.contains(&only)) {
        return;
    }
    let records: Vec<String> = (1..=RECORDS).map(record).collect();
    let frame = format!("[{}]", records.join(","));
    let serializer = Serializer::offline();
    let (mut to_events, mut to_avro) = (f64::MAX, f64::MAX);
    let (mut items, mut marks, mut value) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..7 {
        let (mut decoding, mut encoding) = (0, 0);
        for _ in 0..ROUNDS {
            let started = Instant::now();
            map::frame(frame.as_bytes(), &mut items, &mut marks);
            let decoded = Instant::now();
            for item in &items {
                let Item::Event(event) = item else { panic!("{item:?}") };
                value.clear();
                serializer.frame(event, &mut value).expect("these events can be encoded");
                black_box(&value);
            }
            encoding += decoded.elapsed().as_nanos();
            assert_eq!(items.len(), records.len());
            items.clear();
            marks.clear();
            decoding += started.elapsed().as_nanos();
        }
        let each = |nanos: u128| nanos as f64 / (ROUNDS * records.len()) as f64;
        to_events = to_events.min(each(decoding - encoding));
        to_avro = to_avro.min(each(decoding));
    }
    println!("{name}: {to_events:.0} ns to an event, {to_avro:.0} ns to Avro");
}
