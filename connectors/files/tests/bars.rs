//! Bars from files of every layout, whole, growing, rewritten and hostile.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use common::{Feed, GOLDEN, POLL, bads, events};
use component::{Fault, Item};
use files::Bars;
use model::{Bar, Event};
use serde_json::{Value, json};

fn fixtures() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"))
}

/// The layout of the demo data's minute bars.
fn minute() -> Value {
    json!({
        "path": "minute", "glob": "*/*_trade.csv", "header": false, "symbol_from": "folder",
        "time_format": "millis_of_day", "price_scale": 10000, "interval": "1m",
        "columns": {
            "time": "1", "open": "2", "high": "3", "low": "4", "close": "5", "volume": "6",
        },
    })
}

fn with(mut settings: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        settings[key] = value.clone();
    }
    settings
}

fn bars(items: &[Item]) -> Vec<&Bar> {
    let mut bars = Vec::new();
    for event in events(items) {
        match event {
            Event::Bar(bar) => bars.push(&**bar),
            other => panic!("{other:?}"),
        }
    }
    bars
}

fn plain() -> Value {
    json!({ "path": "", "symbol": "BAC" })
}

const HEADER: &str = "time,open,high,low,close,volume\n";

fn row(minute: u32, price: &str) -> String {
    format!("2013-10-07T14:{minute:02}:00Z,{price},{price},{price},{price},100\n")
}

#[tokio::test]
async fn fixtures_become_what_they_must() {
    let daily = with(
        minute(),
        json!({ "path": "daily", "glob": "*.csv", "symbol_from": "file_name",
                "time_format": "%Y%m%d %H:%M", "interval": "1d" }),
    );
    for (name, settings) in [("minute", minute()), ("daily", daily)] {
        let mut feed: Feed<Bars> = Feed::open(fixtures(), settings).await;
        let items = feed.read_all().await;
        GOLDEN.check(name, &items);
    }
}

#[tokio::test]
async fn the_same_bars_in_any_format_are_the_same_events() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "Date;Close;Volume;Ticker;O;H;L\n1381154400;13.95;100;BAC;13.9;14;13.8\n";
    fs::write(folder.path().join("a.csv"), csv).unwrap();
    let object = "{\"Date\":1381154400,\"Close\":13.95,\"Volume\":\"100\",\"Ticker\":\"BAC\",\
                  \"O\":13.90,\"H\":14.0,\"L\":13.8,\"more\":[1]}";
    fs::write(folder.path().join("a.json"), format!("[\n{object}\n]")).unwrap();
    fs::write(folder.path().join("a.jsonl"), format!("{object}\r\n\n")).unwrap();
    let mut ids = Vec::new();
    for format in ["csv", "json", "json_lines"] {
        let columns = json!({ "time": "Date", "open": "O", "high": "H", "low": "L",
                              "close": "Close", "volume": "Volume", "symbol": "Ticker" });
        let settings = json!({ "path": "", "format": format, "delimiter": ";",
                               "time_format": "epoch_secs", "columns": columns });
        let mut feed: Feed<Bars> = Feed::open(folder.path(), settings).await;
        let items = feed.read_all().await;
        let [bar] = bars(&items)[..] else { panic!("{format}: {items:?}") };
        assert_eq!(bar.instrument.as_str(), "BAC.US");
        assert_eq!(bar.close.to_string(), "13.95");
        assert_eq!(bar.head.event_time.to_string(), "2013-10-07T14:00:00Z");
        ids.push(bar.head.event_id);
    }
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[tokio::test]
async fn killed_anywhere_and_resumed_reads_every_row_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, count) in [("a.csv", 3_000), ("b.csv", 10), ("c.csv", 2_500)] {
        let mut text = HEADER.to_owned();
        for n in 0..count {
            text +=
                &row(n % 60, &format!("{name}{n}").replace(['.', 'a', 'b', 'c', 's', 'v'], "1"));
        }
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut whole: Feed<Bars> = Feed::open(folder.path(), plain()).await;
    let expected: Vec<_> = whole.read_all().await;
    assert_eq!(expected.len(), 5_510);
    let mut cursor = files::Cursor::default();
    let mut resumed = Vec::new();
    for _ in 0..4 {
        // A new process each time; its second batch is lost before the commit.
        let mut feed: Feed<Bars> = Feed::resume(folder.path(), plain(), cursor).await;
        resumed.extend(feed.read().await.items);
        cursor = feed.cursor.clone();
        feed.read().await;
    }
    let ids = |items: &[Item]| events(items).iter().map(|e| e.head().event_id).collect::<Vec<_>>();
    assert_eq!(ids(&resumed), ids(&expected));
}

#[tokio::test]
async fn bad_rows_are_set_aside_and_spoil_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let long = "9".repeat((1 << 20) + 10);
    let rows = [
        row(0, "13.5"),
        row(1, "abc"),
        row(2, "187.66123456789012345"),
        "2013-10-07T14:03:00Z,1,1,1,1\n".to_owned(),
        "2013-10-07T14:04:00Z,1,1,1,1,\"open\n".to_owned(),
        "yesterday,1,1,1,1,1\n".to_owned(),
        format!("{long},1,1,1,1,1\n"),
        row(7, "-1"),
        row(8, "13.6"),
    ];
    let mut bytes = (HEADER.to_owned() + &rows.concat()).into_bytes();
    bytes.extend_from_slice(b"2013-10-07T14:09:00Z,\xff\xfe,1,1,1,1\n");
    bytes.extend_from_slice(row(10, "13.7").as_bytes());
    fs::write(folder.path().join("a.csv"), bytes).unwrap();
    let mut feed: Feed<Bars> = Feed::open(folder.path(), plain()).await;
    let items = feed.read_all().await;
    let good = items.iter().filter(|item| matches!(item, Item::Event(_))).count();
    assert_eq!(good, 3);
    let bads = bads(&items);
    let expected = [
        ("open", "line 3 of a.csv: \"abc\" is not a decimal number"),
        ("open", "line 4 of a.csv: \"187.66123456789012345\" has 20 digits"),
        ("", "line 5 of a.csv: 5 cells where the header has 6"),
        ("", "line 6 of a.csv: a quoted cell does not end on its line"),
        ("time", "line 7 of a.csv: \"yesterday\" is not a time"),
        ("", "line 8 of a.csv: longer than 1048576 bytes"),
        ("open", "line 9 of a.csv: \"-1\" is negative"),
        ("", "line 11 of a.csv: not UTF-8"),
    ];
    assert_eq!(bads.len(), expected.len(), "{bads:?}");
    for ((raw, words), (field, reason)) in bads.iter().zip(expected) {
        assert!(words.contains(reason), "{words}");
        assert!(field.is_empty() || words.contains(&format!("field {field:?}")), "{words}");
        assert!(!raw.is_empty());
    }
    assert_eq!(bads[0].0, row(1, "abc").trim_end());
    assert!(feed.read_all().await.is_empty(), "nothing is reported twice");
}

#[tokio::test]
async fn a_file_may_grow_and_its_last_row_may_lack_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let append = |text: &str| {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append(HEADER);
    let mut feed: Feed<Bars> = Feed::open(folder.path(), plain()).await;
    assert_eq!(feed.read().await.items.len(), 0);
    let next = row(1, "13.5");
    append(&(row(0, "13.4") + &next[..25]));
    feed.clock.advance(POLL);
    assert_eq!(feed.read().await.items.len(), 1, "half a row is not read");
    append(&next[25..next.len() - 1]);
    feed.clock.advance(POLL);
    assert_eq!(feed.read().await.items.len(), 0, "it may still be written");
    feed.clock.advance(POLL);
    assert_eq!(bars(&feed.read().await.items)[0].close.to_string(), "13.5");
    append(&("\n".to_owned() + &row(2, "13.6")));
    feed.clock.advance(POLL);
    assert_eq!(bars(&feed.read().await.items)[0].close.to_string(), "13.6");
    fs::write(folder.path().join("0.csv"), HEADER.to_owned() + &row(0, "9")).unwrap();
    feed.clock.advance(POLL);
    assert_eq!(feed.read().await.items.len(), 1, "a new file is found, whatever its name");
}

#[tokio::test]
async fn a_rewritten_file_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, HEADER.to_owned() + &row(0, "13.4") + &row(1, "13.5")).unwrap();
    let mut feed: Feed<Bars> = Feed::open(folder.path(), plain()).await;
    let before = feed.read_all().await;
    fs::write(&path, HEADER.to_owned() + &row(0, "13.4") + &row(1, "13.9")).unwrap();
    let after = feed.read_all().await;
    let (before, after) = (bars(&before), bars(&after));
    assert_eq!(before[0].head.event_id, after[0].head.event_id, "unchanged: known to the runtime");
    assert_ne!(before[1].head.event_id, after[1].head.event_id, "restated: news");
}

#[tokio::test]
async fn a_header_that_names_too_little_is_reported_once_per_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "time,open,high,low,volume\n".to_owned() + &row(0, "1")).unwrap();
    let mut feed: Feed<Bars> = Feed::open(folder.path(), plain()).await;
    let items = feed.read_all().await;
    let bads = bads(&items);
    assert_eq!(bads.len(), 1);
    assert!(bads[0].1.contains("field \"close\": the header of a.csv cannot be used"), "{bads:?}");
    assert!(feed.read_all().await.is_empty());
    fs::write(&path, HEADER.to_owned() + &row(0, "1")).unwrap();
    assert_eq!(events(&feed.read_all().await).len(), 1, "once it is mended it is read");
}

#[tokio::test]
async fn local_times_that_do_not_exist_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = "time,open,high,low,close,volume\n\
                2013-03-10 02:30,1,1,1,1,1\n\
                2013-11-03 01:30,1,1,1,1,1\n\
                2013-11-03 03:30,1,1,1,1,1\n";
    fs::write(folder.path().join("a.csv"), text).unwrap();
    let settings = with(plain(), json!({ "time_format": "%Y-%m-%d %H:%M" }));
    let mut feed: Feed<Bars> = Feed::open(folder.path(), settings).await;
    let items = feed.read_all().await;
    assert_eq!(bads(&items).len(), 2);
    let Item::Event(Event::Bar(bar)) = &items[2] else { panic!("{items:?}") };
    assert_eq!(bar.head.event_time.to_string(), "2013-11-03T08:30:00Z");
}

#[tokio::test]
async fn wrong_settings_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (more, words) in [
        (json!({ "path": "../elsewhere" }), "leaves the root"),
        (json!({ "interval": "1x" }), "interval"),
        (json!({ "time_format": "iso" }), "time_format"),
        (json!({ "time_zone": "Mars/Base" }), "time_zone"),
        (json!({ "price_scale": 12 }), "power of ten"),
        (json!({ "delimiter": "ab" }), "delimiter"),
        (json!({ "glob": "[" }), "glob"),
        (json!({ "header": false }), "without a header"),
    ] {
        let clock = component::TestClock::starting_at(model::Timestamp(0));
        let connected = Feed::<Bars>::connect(folder.path(), with(plain(), more), &clock).await;
        let Err(Fault::Fatal(reason)) = connected else { panic!("{words}: accepted") };
        assert!(reason.contains(words), "{reason}");
    }
}
