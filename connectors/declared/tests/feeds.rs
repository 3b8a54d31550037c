//! Ways of paging, of going on, of logging in, and of being refused.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Rig, drain, events};
use component::{Host, Item, Source};
use declared::{Cursor, Records, RecordsSettings, System};
use model::Event;
use serde_json::{Value, json};

fn rows(count: usize) -> Vec<Value> {
    (1..=count).map(|n| json!({ "n": n, "name": format!("row {n}"), "price": 0.1 })).collect()
}

fn feed(more: Value) -> Value {
    let mut feed = json!({ "path": "/rows", "items": "data.rows", "poll_secs": 1 });
    feed.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    feed
}

#[tokio::test]
async fn every_way_of_paging_reads_all_of_it_once() {
    for (paging, last) in [
        (json!({ "page": { "parameter": "page", "size": 10 } }), "page=3"),
        (json!({ "page": { "parameter": "page" } }), "page=4"),
        (
            json!({ "offset": { "parameter": "offset", "size": 10, "size_parameter": "limit" } }),
            "limit=10&offset=20",
        ),
        (json!({ "cursor": { "field": "next", "parameter": "token" } }), "token=20"),
        (json!({ "next_url": { "field": "next_url" } }), "token=20&key=theirs"),
        (json!("link"), "token=20&key=theirs"),
    ] {
        let rig = Rig::start(rows(25)).await;
        let mut source = rig.source(feed(json!({ "paging": paging }))).await.unwrap();
        let mut cursor = Cursor::default();
        let found = events(drain(&mut source, &mut cursor).await);
        assert_eq!(found.len(), 25, "{paging}");
        assert_eq!(rig.asked().last().unwrap(), last, "{paging}");
    }
}

#[tokio::test]
async fn a_record_without_a_mapping_holds_everything_digit_for_digit() {
    let row = r#"{"n": 7, "code": "007", "price": 0.1000, "of": {"a": true}, "no": null}"#;
    let rig = Rig::start(vec![serde_json::from_str(row).unwrap()]).await;
    let mut source = rig.source(feed(json!({ "id": ["n"] }))).await.unwrap();
    let found = events(drain(&mut source, &mut Cursor::default()).await);
    let [Event::AlternativeRecord(record)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&*record.dataset, &*record.subject, &*record.record_id), ("rows", "rows", "7"));
    let values: Vec<_> = record.values.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(values, ["n=7", "price=0.1"]);
    let texts: Vec<_> = record.texts.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(texts, ["code=007", "of.a=true"]);
    assert!(record.head.event_time.0 > 0);
}

#[tokio::test]
async fn only_what_is_new_or_has_changed_is_published_again() {
    let rig = Rig::start(rows(3)).await;
    let mut source = rig.source(feed(json!({ "id": ["n"] }))).await.unwrap();
    let mut cursor = Cursor::default();
    let mut ids = Vec::new();
    for (price, expected) in [(0.1, 3), (0.1, 0), (0.2, 1), (0.1, 1), (0.1, 0)] {
        rig.vendor.lock().unwrap().rows[1]["price"] = json!(price);
        let found = events(wait_and_drain(&mut source, &mut cursor).await);
        assert_eq!(found.len(), expected, "{price}");
        ids.extend(found.iter().map(|event| event.head().event_id));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "a price that comes back is another fact than its first time");
}

/// As [`drain`], after the pause that the source asked for.
async fn wait_and_drain(source: &mut declared::Records, cursor: &mut Cursor) -> Vec<Item> {
    let batch = source.read(cursor).await.unwrap();
    if !batch.wait.is_zero() && batch.items.is_empty() {
        tokio::time::sleep(batch.wait).await;
        return drain(source, cursor).await;
    }
    *cursor = batch.cursor;
    batch.items
}

#[tokio::test]
async fn what_grows_is_resumed_after() {
    let rig = Rig::start(rows(12)).await;
    let cursor = json!({ "field": "n", "parameter": "since", "format": "number", "start": 3 });
    let paging = json!({ "cursor": { "field": "next", "parameter": "token" } });
    let feed = feed(json!({ "cursor": cursor, "paging": paging }));
    let mut source = rig.source(feed).await.unwrap();
    let mut cursor = Cursor::default();
    assert_eq!(drain(&mut source, &mut cursor).await.len(), 10);
    rig.vendor.lock().unwrap().rows.extend(rows(14).split_off(12));
    assert_eq!(wait_and_drain(&mut source, &mut cursor).await.len(), 2);
    assert_eq!(rig.asked(), ["since=3", "since=12"], "and the one that was there is known");
}

#[tokio::test]
async fn a_bad_item_is_a_dead_letter_once_and_the_others_are_records() {
    let mut all = rows(3);
    all[1]["price"] = json!("dear");
    let rig = Rig::start(all).await;
    let fields = json!({ "values.price": "price", "texts.name": "name" });
    let mut source = rig.source(feed(json!({ "fields": fields }))).await.unwrap();
    let mut cursor = Cursor::default();
    let found = drain(&mut source, &mut cursor).await;
    let [Item::Event(_), Item::Bad { raw, bad }, Item::Event(_)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(bad.field, "price");
    assert!(bad.reason.contains("\"dear\"") && bad.reason.contains("feed rows"), "{bad}");
    assert!(String::from_utf8_lossy(raw).contains("row 2"));
    assert!(wait_and_drain(&mut source, &mut cursor).await.is_empty());
}

#[tokio::test]
async fn credentials_go_where_they_are_said_to_go() {
    for (authentication, query, header) in [
        (json!({}), "", None),
        (
            json!({ "type": "api_key", "query": "key", "credentials": { "api_key": "k-1" } }),
            "key=k-1",
            None,
        ),
        (
            json!({ "type": "api_key", "header": "X-Key", "credentials": { "api_key": "k-1" } }),
            "",
            Some(("x-key", "k-1")),
        ),
        (
            json!({ "type": "bearer", "credentials": { "token": "t-1" } }),
            "",
            Some(("authorization", "Bearer t-1")),
        ),
        (
            json!({ "type": "basic", "credentials": { "username": "a", "password": "b" } }),
            "",
            Some(("authorization", "Basic YTpi")),
        ),
    ] {
        let rig = Rig::start(rows(1)).await;
        let mut source = rig.source_with(feed(json!({})), authentication).await.unwrap();
        drain(&mut source, &mut Cursor::default()).await;
        assert_eq!(rig.asked(), [query]);
        if let Some((name, value)) = header {
            assert_eq!(rig.vendor.lock().unwrap().headers[0][name], value);
        }
    }
}

#[tokio::test]
async fn a_key_is_not_sent_twice_where_the_next_page_has_one() {
    let rig = Rig::start(rows(25)).await;
    let auth = json!({ "type": "api_key", "query": "key", "credentials": { "api_key": "k-1" } });
    let mut source = rig.source_with(feed(json!({ "paging": "link" })), auth).await.unwrap();
    drain(&mut source, &mut Cursor::default()).await;
    assert_eq!(rig.asked(), ["key=k-1", "token=10&key=k-1", "token=20&key=k-1"]);
}

#[test]
fn credentials_that_are_incomplete_are_named() {
    for (authentication, words) in [
        (json!({ "type": "bearer" }), "missing field `credentials`"),
        (json!({ "type": "basic", "credentials": { "username": "a" } }), "`password`"),
        (json!({ "type": "api_key", "credentials": { "api_key": "k" } }), "one of header, query"),
        (
            json!({ "type": "api_key", "header": "a b", "credentials": { "api_key": "k" } }),
            "\"a b\"",
        ),
        (json!({ "header": "x-key" }), "\"type\""),
    ] {
        let system = json!({
            "connection": { "base_url": "http://127.0.0.1:1" },
            "authentication": authentication,
        });
        let error = serde_json::from_value::<System>(system).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn answers_that_are_none_are_faults() {
    let refusals = json!([
        { "field": "error", "contains": "KEY", "fault": "unauthorized" },
        { "field": "error", "contains": "slow", "fault": "throttled", "wait_secs": 7 },
        { "field": "error", "fault": "fatal" },
    ]);
    for (status, body, kind) in [
        (200, json!({ "error": "your key is wrong" }), "unauthorized"),
        (200, json!({ "error": "slow down" }), "throttled"),
        (200, json!({ "error": "no such thing" }), "fatal"),
        (200, json!({ "data": 7 }), "retry"),
        (200, json!({ "data": { "rows": 7 } }), "retry"),
        (200, json!([]), "retry"),
        (401, json!({}), "unauthorized"),
        (404, json!({}), "fatal"),
        (500, json!({}), "retry"),
    ] {
        let rig = Rig::start(rows(1)).await;
        let mut source = rig.source(feed(json!({ "refusals": refusals }))).await.unwrap();
        rig.vendor.lock().unwrap().instead = Some((status, body.clone()));
        let fault = source.read(&Cursor::default()).await.unwrap_err();
        assert_eq!(fault.kind(), kind, "{body}: {fault}");
    }
    let rig = Rig::start(rows(1)).await;
    let mut source = rig.source(feed(json!({ "may_be_missing": true }))).await.unwrap();
    rig.vendor.lock().unwrap().instead = Some((200, json!({})));
    assert!(source.read(&Cursor::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_page_that_is_gone_begins_the_list_again_once() {
    let rig = Rig::start(rows(25)).await;
    let mut source = rig.source(feed(json!({ "paging": "link", "id": ["n"] }))).await.unwrap();
    let first = source.read(&Cursor::default()).await.unwrap();
    rig.vendor.lock().unwrap().instead = Some((400, json!({})));
    let again = source.read(&first.cursor).await.unwrap();
    rig.vendor.lock().unwrap().instead = None;
    let mut cursor = again.cursor;
    assert_eq!(drain(&mut source, &mut cursor).await.len(), 15);
}

#[tokio::test]
async fn a_dead_letter_is_read_again_once_the_declaration_knows_it() {
    let rig = Rig::start(vec![json!({ "n": 1, "side": "G" })]).await;
    let side = |words: Value| {
        feed(json!({ "id": ["n"], "fields": { "texts.side": { "from": "side", "words": words } } }))
    };
    let mut source = rig.source(side(json!({ "B": "buy" }))).await.unwrap();
    let items = drain(&mut source, &mut Cursor::default()).await;
    let [Item::Bad { raw, .. }] = &items[..] else { panic!("{items:?}") };
    let host = Host::test("mine", "declared_records");
    let again = |feeds: Value| {
        let settings = serde_json::from_value(json!({ "feeds": feeds })).unwrap();
        Records::redrive_with(settings, &host, raw)
    };
    let known = side(json!({ "B": "buy", "G": "gift" }));
    let events = again(json!({ "rows": known })).unwrap();
    let [Event::AlternativeRecord(record)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&*record.record_id, &*record.texts["side"]), ("1", "gift"));
    let bad = again(json!({ "rows": side(json!({ "B": "buy" })) })).unwrap_err();
    assert_eq!(bad.field, "side");
    let bad = again(json!({ "rows": known, "others": known })).unwrap_err();
    assert!(bad.reason.contains("2 feeds"), "{bad}");
    assert!(Records::redrive(raw).unwrap_err().reason.contains("--topology"));
}

#[test]
fn only_the_topics_of_its_feeds_are_its_own() {
    let price = json!({ "path": "/r", "event": "NewsItem", "id": ["n"], "fields": {
        "headline": "h", "event_time": "t",
    } });
    let settings = json!({ "feeds": { "news": price, "rows": { "path": "/r" } } });
    let settings: RecordsSettings = serde_json::from_value(settings).unwrap();
    assert_eq!(Records::publishes(&settings), ["news.items", "alternative.records"]);
}

#[test]
fn mistakes_name_their_setting() {
    for (feed, words) in [
        (json!({ "path": "rows" }), "feeds.rows.path: \"rows\" is no path"),
        (json!({ "path": "/rows?a=1" }), "parameters go into query"),
        (json!({ "path": "/r", "event": "Trad" }), "no item becomes a \"Trad\""),
        (json!({ "path": "/r", "event": "Trade" }), "feeds.rows.fields.event_time: missing"),
        (
            json!({ "path": "/r", "fields": { "prise": "p" } }),
            "fields.prise: AlternativeRecord has",
        ),
        (json!({ "path": "/r", "fields": { "values": "p" } }), "give its entries, as values.NAME"),
        (json!({ "path": "/r", "fields": { "dataset.x": "p" } }), "dataset has no entries"),
        (json!({ "path": "/r", "fields": { "source": "p" } }), "no such field"),
        (
            json!({ "path": "/r", "fields": { "event_time": { "from": "t", "format": "iso" } } }),
            "fields.event_time: \"iso\" is none of rfc3339",
        ),
        (
            json!({ "path": "/r", "fields": { "event_time": { "from": "t", "zone": "Mars" } } }),
            "a zone goes with a pattern",
        ),
        (
            json!({ "path": "/r", "fields": {
                "event_time": { "from": "t", "format": "%F", "zone": "Mars" },
            } }),
            "\"Mars\" is no time zone",
        ),
        (
            json!({ "path": "/r", "fields": { "texts.a": { "from": "t", "zone": "UTC" } } }),
            "only a time or a day",
        ),
        (json!({ "path": "/r", "fields": { "texts.a": {} } }), "give one of from, constant"),
        (
            json!({ "path": "/r", "fields": { "values.a": { "constant": "many" } } }),
            "\"many\" is not a decimal number",
        ),
        (json!({ "path": "/r", "fields": { "instrument": { "symbol": "s" } } }), "needs a venue"),
        (
            json!({ "path": "/r", "cursor": { "field": "a", "parameter": "b", "format": "c" } }),
            "feeds.rows.cursor: format: \"c\" is none of",
        ),
        (
            json!({ "path": "/r", "paging": { "page": { "parameter": "p", "size": 0 } } }),
            "feeds.rows.paging: size",
        ),
        (json!({ "path": "/r", "pagin": "link" }), "unknown field `pagin`"),
    ] {
        let settings = json!({ "feeds": { "rows": feed } });
        let refused = serde_json::from_value::<RecordsSettings>(settings).unwrap_err().to_string();
        assert!(refused.contains(words), "{words}: {refused}");
    }
    assert!(serde_json::from_value::<RecordsSettings>(json!({ "feeds": {} })).is_err());
}
