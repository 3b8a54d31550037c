//! What of an answer is new: newest rows that change, histories that are rewritten, months.

#![allow(clippy::unwrap_used)]

use alpha_vantage::{Ask, Interval, map};
use component::Item;
use http::{Mark, Shape};
use model::{Bar, Decimal, Event, EventId, Timestamp};

const NOW: &str = "2026-05-20T12:00:00Z";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn ask(shape: Shape) -> Ask {
    Ask { shape, interval: Interval::DAILY, ..Ask::of("TIME_SERIES_DAILY", "IBM", map::bar) }
}

/// Reads rows of day and close, newest first as the vendor has them.
fn read(mark: &mut Mark, ask: &Ask, rows: &[(&str, &str)]) -> Vec<Item> {
    let mut body = "timestamp,open,high,low,close,volume\r\n".to_owned();
    for (day, close) in rows {
        body += &format!("{day},1,{close},1,{close},100\r\n");
    }
    take(mark, ask, &body)
}

fn take(mark: &mut Mark, ask: &Ask, body: &str) -> Vec<Item> {
    mark.take("av", ask.rows(body.as_bytes(), at(NOW)).unwrap(), at(NOW))
}

fn bars(items: Vec<Item>) -> Vec<Bar> {
    let bar = |item| match item {
        Item::Event(Event::Bar(bar)) => *bar,
        other => panic!("{other:?}"),
    };
    items.into_iter().map(bar).collect()
}

fn days(items: Vec<Item>) -> Vec<String> {
    let day = |bar: Bar| format!("{} {}", &bar.head.event_time.to_string()[8..10], bar.close);
    bars(items).into_iter().map(day).collect()
}

#[test]
fn the_newest_rows_are_restated_and_nothing_comes_twice() {
    let (mut mark, ask) = (Mark::default(), ask(Shape::Series));
    let first = [("2026-05-19", "12"), ("2026-05-18", "11"), ("2026-05-15", "10")];
    assert_eq!(days(read(&mut mark, &ask, &first)), ["15 10", "18 11", "19 12"]);
    assert!(read(&mut mark, &ask, &first).is_empty());
    let next = [("2026-05-20", "13"), ("2026-05-19", "12.5"), ("2026-05-18", "11")];
    assert_eq!(days(read(&mut mark, &ask, &next)), ["19 12.5", "20 13"]);
    let again = [("2026-05-20", "13.0"), ("2026-05-19", "12.50"), ("2026-05-18", "99")];
    assert!(read(&mut mark, &ask, &again).is_empty(), "other zeros are no news, nor is the past");
    let saved = serde_json::to_string(&mark).unwrap();
    let mut mark: Mark = serde_json::from_str(&saved).unwrap();
    assert!(read(&mut mark, &ask, &next).is_empty(), "a restart repeats nothing");
    assert!(read(&mut mark, &ask, &first[1..]).is_empty(), "nor does a vendor that went back");
}

#[test]
fn a_row_is_final_once_its_day_is_over_or_another_follows() {
    let ask = ask(Shape::Series);
    let rows = [("2026-05-20", "13"), ("2026-05-19", "12")];
    let is_final = |bars: Vec<Bar>| bars.iter().map(|bar| bar.is_final).collect::<Vec<_>>();
    assert_eq!(is_final(bars(read(&mut Mark::default(), &ask, &rows))), [true, false]);
    let weekly = Ask { interval: Interval::WEEKLY, ..ask };
    let mut mark = Mark::default();
    let rows = [("2026-05-15", "12"), ("2026-05-08", "11")];
    assert_eq!(is_final(bars(read(&mut mark, &weekly, &rows))), [true, false]);
    // The date of the week in progress moves on; the week stays the same.
    let rows = [("2026-05-20", "13"), ("2026-05-15", "12"), ("2026-05-08", "11")];
    let bars = bars(read(&mut mark, &weekly, &rows));
    assert_eq!(bars[1].head.event_time, at("2026-05-18T04:00:00Z"));
    assert_eq!(is_final(bars), [true, false]);
}

#[test]
fn an_adjustment_publishes_the_whole_history_again() {
    let (mut mark, ask) = (Mark::default(), ask(Shape::Adjusted));
    read(&mut mark, &ask, &[("2026-05-19", "12"), ("2026-05-18", "11"), ("2026-05-15", "10")]);
    let rewritten =
        [("2026-05-20", "12"), ("2026-05-19", "6"), ("2026-05-18", "5.5"), ("2026-05-15", "5")];
    let items = read(&mut mark, &ask, &rewritten);
    assert_eq!(days(items), ["15 5", "18 5.5", "19 6", "20 12"]);
    assert!(read(&mut mark, &ask, &rewritten).is_empty());
    // Where only a part was asked for, the whole is asked for next.
    let ask = Ask { compact_secs: Some(1), ..ask };
    let tenfold = [("2026-05-20", "120"), ("2026-05-19", "60"), ("2026-05-18", "55")];
    assert!(read(&mut mark, &ask, &tenfold).is_empty());
    assert_eq!(read(&mut mark, &ask, &tenfold).len(), 3);
}

#[test]
fn adjusted_prices_keep_their_order_and_the_close_its_digits() {
    let body = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,\
                split_coefficient\n\
                2026-05-07,231,231.31,227.41,231.31,229.62102225102612,5485545,0.0000,1.0\n";
    let ask = ask(Shape::Adjusted);
    let bar = bars(take(&mut Mark::default(), &ask, body)).remove(0);
    assert_eq!(bar.close, "229.62102225102612".parse::<Decimal>().unwrap());
    assert_eq!(bar.high, bar.close, "the day closed at its highest price");
    assert!(bar.low < bar.open && bar.open < bar.high);
}

#[test]
fn a_state_that_comes_back_is_another_fact() {
    let ask = Ask::of("MARKET_STATUS", "", map::market);
    let mut mark = Mark::default();
    let mut ids: Vec<EventId> = Vec::new();
    for status in ["closed", "closed", "open", "closed"] {
        let body = format!(
            "{{\"markets\":[{{\"market_type\":\"Equity\",\"region\":\"Japan\",\
             \"current_status\":\"{status}\"}}]}}"
        );
        for item in take(&mut mark, &ask, &body) {
            let Item::Event(event) = item else { panic!("{item:?}") };
            ids.push(event.head().event_id);
        }
    }
    assert_eq!(ids.len(), 3);
    assert_ne!(ids[0], ids[2]);
}

#[test]
fn one_bad_row_spoils_no_other_and_is_told_once() {
    let (mut mark, ask) = (Mark::default(), ask(Shape::Series));
    let rows = [("2026-05-20", "13"), ("2026-05-19", "twelve"), ("yesterday", "11")];
    let items = read(&mut mark, &ask, &rows);
    let bad: Vec<&Item> = items.iter().filter(|item| matches!(item, Item::Bad { .. })).collect();
    assert_eq!((items.len(), bad.len()), (3, 2));
    let Item::Bad { raw, bad } = bad[0] else { panic!() };
    assert_eq!(String::from_utf8_lossy(raw), "2026-05-19,1,twelve,1,twelve,100");
    assert_eq!(bad.field, "close");
    assert!(read(&mut mark, &ask, &rows).is_empty());
}

#[test]
fn nothing_is_no_row() {
    for body in ["{}", "timestamp,open,high,low,close,volume", "{\"Global Quote\": {}}"] {
        assert!(take(&mut Mark::default(), &ask(Shape::Series), body).is_empty(), "{body:?}");
    }
}

/// Every fixture with a byte changed, lost or doubled: an error, a dead letter or a record.
#[test]
fn hostile_bytes_never_panic() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let maps = [map::bar, map::day, map::exchange_rate, map::report, map::article];
    let more = [map::instrument, map::dividend, map::split, map::market, map::record];
    let mut seed: u64 = 7;
    let mut dice = |limit: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % limit
    };
    for entry in std::fs::read_dir(folder).unwrap() {
        let whole = std::fs::read(entry.unwrap().path()).unwrap();
        let whole = &whole[..whole.len().min(3_000)];
        for map in maps.iter().chain(&more) {
            for _ in 0..20 {
                let mut body = whole.to_vec();
                let place = dice(body.len());
                match dice(4) {
                    0 => body[place] = b"\"{}[],:.-0\xff\x00"[dice(12)],
                    1 => drop(body.remove(place)),
                    2 => body.truncate(place),
                    _ => body.insert(place, body[place]),
                }
                let ask = Ask { map: *map, shape: Shape::Series, ..ask(Shape::Series) };
                if let Ok(rows) = ask.rows(&body, at(NOW)) {
                    Mark::default().take("av", rows, at(NOW));
                }
                let _ = alpha_vantage::wire::refusal(&body);
            }
        }
    }
}
