//! Order requests from files: each asked for once, however often and under whatever name.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use common::{Feed, GOLDEN, bads, events};
use component::Item;
use files::Orders;
use model::{Event, EventId};
use serde_json::{Value, json};

fn csv() -> Value {
    json!({ "path": "" })
}

fn ids(items: &[Item]) -> Vec<EventId> {
    events(items).iter().map(|event| event.head().event_id).collect()
}

const HEADER: &str = "order_id,account,symbol,side,quantity,order_type,time_in_force\n";

fn row(id: &str) -> String {
    format!("{id},main,BAC,buy,100,market,day\n")
}

#[tokio::test]
async fn fixtures_become_what_they_must() {
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/orders"));
    for (name, format) in [("orders_csv", "csv"), ("orders_json", "json_lines")] {
        let settings = json!({ "path": "", "format": format });
        let mut feed: Feed<Orders> = Feed::open(fixtures, settings).await;
        let items = feed.read_all().await;
        let line = |event: &&Event| {
            let mut event = serde_json::to_value(event).unwrap();
            event["event_time"] = "when the file was written".into();
            format!("{event}\n")
        };
        GOLDEN.check_text(name, &events(&items).iter().map(line).collect::<String>());
    }
}

#[tokio::test]
async fn the_same_file_under_another_name_asks_for_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let text = HEADER.to_owned() + &row("a") + &row("b");
    fs::write(folder.path().join("monday.csv"), &text).unwrap();
    let mut feed: Feed<Orders> = Feed::open(folder.path(), csv()).await;
    let first = feed.read_all().await;
    fs::write(folder.path().join("copy of monday.csv"), &text).unwrap();
    let second = feed.read_all().await;
    assert_eq!(ids(&first), ids(&second), "the runtime drops ids it has published");
    let Event::OrderRequest(request) = events(&first)[0] else { panic!() };
    assert!(request.request_id.starts_with("file-"));
    assert_eq!(request.instrument.as_ref().unwrap().as_str(), "BAC.US");
    assert_ne!(ids(&first)[0], ids(&first)[1]);
}

#[tokio::test]
async fn a_file_that_grows_asks_for_its_new_rows_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.csv");
    fs::write(&path, HEADER.to_owned() + &row("a")).unwrap();
    let mut feed: Feed<Orders> = Feed::open(folder.path(), csv()).await;
    assert_eq!(feed.read_all().await.len(), 1);
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(row("b").as_bytes()).unwrap();
    let cursor = feed.cursor.clone();
    let mut resumed: Feed<Orders> = Feed::resume(folder.path(), csv(), cursor).await;
    let new = resumed.read_all().await;
    assert_eq!(events(&new).len(), 1);
    let mut anew: Feed<Orders> = Feed::open(folder.path(), csv()).await;
    assert_eq!(ids(&anew.read_all().await)[1], ids(&new)[0]);
}

#[tokio::test]
async fn a_file_that_was_changed_is_refused_and_nothing_is_asked_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.csv");
    fs::write(&path, HEADER.to_owned() + &row("a") + &row("b")).unwrap();
    let mut feed: Feed<Orders> = Feed::open(folder.path(), csv()).await;
    assert_eq!(feed.read_all().await.len(), 2);
    for text in [row("x") + &row("b"), row("a")] {
        fs::write(&path, HEADER.to_owned() + &text).unwrap();
        let mut feed: Feed<Orders> = Feed::resume(folder.path(), csv(), feed.cursor.clone()).await;
        let items = feed.read_all().await;
        let bads = bads(&items);
        assert_eq!((items.len(), bads.len()), (1, 1), "{items:?}");
        assert!(bads[0].1.contains("changed where it had been read already"), "{bads:?}");
        fs::write(&path, HEADER.to_owned() + &row("a") + &row("b") + &row("c")).unwrap();
        assert!(feed.read_all().await.is_empty(), "refused for good");
    }
}

#[tokio::test]
async fn rows_that_say_too_little_or_too_much_are_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        r#"{"order_id":"a","account":"main","limit_prcie":"1"}"#,
        r#"{"order_id":"a","account":"main","side":"long"}"#,
        r#"{"account":"main"}"#,
        r#"{"order_id":"a","account":"main","quantity":"1","quantity":"1000"}"#,
        r#"{"order_id":"a","account":"main","instrument":"BAC.US","symbol":"BAC"}"#,
        r#"{"order_id":"a","account":"main","expires_at":"tomorrow"}"#,
        r#"{"order_id":"a","account":"main","legs":"none"}"#,
        r#"{"order_id":"a","account":"main","extended_hours":"perhaps"}"#,
        r#"{"order_id":"good","account":"main"}"#,
        "not json",
    ];
    fs::write(folder.path().join("a.jsonl"), lines.join("\n")).unwrap();
    let settings = json!({ "path": "", "format": "json_lines" });
    let mut feed: Feed<Orders> = Feed::open(folder.path(), settings).await;
    let items = feed.read_all().await;
    let bads = bads(&items);
    let reasons = [
        "not a field of an order request",
        "\"long\" is none of buy, sell",
        "field \"order_id\": line 3 of a.jsonl: missing",
        "given twice",
        "not both",
        "\"tomorrow\" is not a time",
        "field \"legs\"",
        "neither true nor false",
        "not a JSON object",
    ];
    assert_eq!(bads.len(), reasons.len(), "{bads:?}");
    for ((_, words), reason) in bads.iter().zip(reasons) {
        assert!(words.contains(reason), "{words}");
    }
    assert_eq!(items.len(), 10);
}
