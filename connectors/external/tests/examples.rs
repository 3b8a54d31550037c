//! The programs in `examples/external`, and what a program can do wrong.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use component::{Delivery, Fault, Host, Item, Outcome, Sink, Source};
use external::{Cursor, Orders, Records};
use model::{Event, EventId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testkit::events;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/external")
}

/// A source that is this program in Python, with these topics.
async fn source(program: &str, topics: Value) -> Result<Records, Fault> {
    let program = format!(
        "import json, sys\n\
         def say(**m): print(json.dumps(m), flush=True)\n\
         def hear(): return json.loads(sys.stdin.readline())\n{program}"
    );
    let system = json!({
        "connection": { "command": ["python3", "-c", program] },
        "authentication": { "credentials": { "token": "hunter22" } },
    });
    let host = Host::test("mine", "external_records");
    Records::connect(read(system), read(json!({ "topics": topics, "answer_secs": 1 })), host).await
}

/// One that says this when it is read.
async fn told(message: &str) -> Result<component::Batch<Cursor>, Fault> {
    let program = format!("hear(); say(ready={{}}); hear(); say({message})\nhear()");
    let mut source = source(&program, json!(["market.trades"])).await?;
    timeout(SOON, source.read(&Cursor::default())).await.unwrap()
}

#[tokio::test]
async fn the_example_source_goes_on_from_its_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spending.csv");
    let rows = fs::read_to_string(examples().join("spending.csv")).unwrap();
    let (first, rest) = rows.split_at(rows.match_indices('\n').nth(6).unwrap().0 + 1);
    fs::write(&file, first).unwrap();
    let system = json!({
        "connection": { "command": ["python3", "spending.py"], "folder": examples() },
    });
    let settings = json!({ "topics": ["alternative.records"], "settings": { "file": file } });
    let mut found = Vec::new();
    let mut cursor = Cursor::default();
    for text in [first, rest] {
        let host = Host::test("spending", "external_records");
        let (system, settings) = (read(system.clone()), read(settings.clone()));
        let mut source = Records::connect(system, settings, host).await.unwrap();
        let batch = source.read(&cursor).await.unwrap();
        assert_eq!(batch.items.len(), text.lines().count() - usize::from(found.is_empty()));
        found.extend(batch.items);
        cursor = batch.cursor;
        let idle = source.read(&cursor).await.unwrap();
        assert!(idle.items.is_empty() && idle.wait == Duration::from_secs(5));
        fs::write(&file, &rows).unwrap();
    }
    let Item::Event(Event::AlternativeRecord(record)) = &found[0] else { panic!("{found:?}") };
    assert_eq!(record.subject, "AAPL.US");
    let row = format!("AAPL,2013-10-07,{},{}", record.values["spent"], record.values["buyers"]);
    assert_eq!(rows.lines().nth(1).unwrap(), row);
}

#[tokio::test]
async fn the_example_sink_takes_an_order_once() {
    let folder = tempfile::tempdir().unwrap();
    let system = json!({
        "connection": { "command": ["python3", "desk.py"], "folder": examples() },
    });
    let settings = json!({ "settings": { "book": folder.path().join("book.jsonl") } });
    let delivery = |number| {
        let order = events::approved(number, "desk", "", "BAC");
        let (id, topic) = (order.order_id.clone(), "orders.approved".into());
        Delivery { id, topic, partition: 0, offset: 0, event: order.into() }
    };
    for _ in 0..2 {
        let host = Host::test("desk", "external_orders");
        let (system, settings) = (read(system.clone()), read(settings.clone()));
        let mut sink = Orders::connect(system, settings, host).await.unwrap();
        let outcomes = sink.write(&[delivery(1), delivery(2)]).await.unwrap();
        let taken = |id: &str| Outcome::Accepted { broker_order_id: Some(id.into()) };
        assert_eq!(outcomes, [taken("desk-1"), taken("desk-2")]);
        assert_eq!(sink.resolve(&delivery(2)).await.unwrap(), taken("desk-2"));
        assert_eq!(sink.resolve(&delivery(3)).await.unwrap(), Outcome::Absent);
    }
}

#[tokio::test]
async fn a_bad_event_is_a_dead_letter_and_the_others_are_records() {
    let good = json!({ "Trade": {
        "event_time": 1, "instrument": "BAC.US", "symbol": "BAC", "trade_id": "1",
        "price": "1.5", "quantity": "1", "status": "original",
    } });
    let mut bad = good.clone();
    bad["Trade"]["price"] = json!(1.5);
    let said = format!(
        "batch={{'items': [{{'event': {good}}}, {{'event': {bad}}}, {{'bad': {{'raw': 'x of \
         hunter22', 'reason': 'odd'}}}}], 'cursor': 3}}"
    );
    let batch = told(&said).await.unwrap();
    let [Item::Event(_), Item::Bad { raw, bad: why }, Item::Bad { raw: own, .. }] =
        &batch.items[..]
    else {
        panic!("{:?}", batch.items)
    };
    assert_eq!(why.field, "price");
    assert_eq!(serde_json::from_slice::<Value>(raw).unwrap(), bad);
    assert_eq!(own, b"x of ***");
}

#[tokio::test]
async fn a_line_that_slipped_out_is_a_dead_letter() {
    let program = "hear(); print('Welcome!'); say(ready={}); hear(); print('a hunter22', flush=True)\n\
         sys.stdout.buffer.write(b'\\xff\\n'); say(batch={'items': [], 'cursor': 1})\nhear()";
    let mut source = source(program, json!(["market.trades"])).await.unwrap();
    let batch = source.read(&Cursor::default()).await.unwrap();
    let raw = batch.items.iter().map(|item| match item {
        Item::Bad { raw, bad } => {
            assert!(bad.reason.starts_with("a line that is no part"), "{bad}");
            &raw[..]
        }
        Item::Event(event) => panic!("{event:?}"),
    });
    assert_eq!(raw.collect::<Vec<_>>(), [&b"Welcome!"[..], b"a ***", b"\xff"]);
    assert_ne!(batch.cursor, Cursor::default());
}

#[tokio::test]
async fn what_a_program_does_wrong_is_said() {
    for (message, kind, words) in [
        ("hello={}", "disconnected", "does not speak the protocol"),
        (
            "log={'message': 'x'}); print(*range(101), sep='\\n', flush=True); hear(",
            "disconnected",
            "does not speak the protocol",
        ),
        ("batch={'item': []}", "disconnected", "unknown field `item`"),
        ("outcomes=[]", "disconnected", "does not answer what it is asked"),
        ("log={'message': 'x'}); sys.exit(0", "disconnected", "code 0"),
        ("log={'message': 'x'}); sys.exit('no hunter22'", "disconnected", "code 1: no ***"),
        ("log={'message': 'x'}); hear(", "disconnected", "no answer in 1s"),
        (
            "batch={'items': [{'bad': {'raw': '', 'reason': ''}}] * 10001, 'cursor': 1}",
            "fatal",
            "10001 items",
        ),
        ("batch={'items': [], 'cursor': 'x' * 300000}", "fatal", "cursor of 300002 bytes"),
        ("fault={'kind': 'fatal', 'reason': 'hunter22 is over'}", "fatal", "*** is over"),
        ("fault={'kind': 'retry', 'reason': 'soon'}", "retry", "soon"),
        (
            "fault={'kind': 'unauthorized', 'reason': 'no'}",
            "unauthorized",
            "authentication.credentials",
        ),
    ] {
        let fault = told(message).await.unwrap_err();
        assert_eq!(fault.kind(), kind, "{message}: {fault}");
        assert!(fault.to_string().contains(words), "{message}: {fault}");
    }
}

#[tokio::test]
async fn a_source_names_topics_that_others_may_write() {
    let Err(fault) = source("hear()", json!(["ops.checkpoints"])).await else { panic!() };
    assert!(fault.to_string().starts_with("topics: only Foliostream itself"), "{fault}");
    let Err(fault) = source("hear()", json!([])).await else { panic!() };
    assert_eq!(fault.to_string(), "topics: name at least one");
    let unknown = serde_json::from_value::<external::Topic>(json!("market.trade"));
    assert!(unknown.unwrap_err().to_string().contains("unknown topic \"market.trade\""));
}

#[tokio::test]
async fn credentials_are_in_the_first_message_only() {
    let program = "first = hear()['hello']; say(ready={}); second = hear()\n\
         import os; seen = json.dumps([dict(os.environ), sys.argv[1:], second])\n\
         assert first['credentials'] == {'token': 'hunter22'}\n\
         assert 'hunter22' not in seen\n\
         say(batch={'items': [], 'cursor': 1, 'wait_ms': 1})\nhear()";
    let mut source = source(program, json!(["market.trades"])).await.unwrap();
    source.read(&Cursor::default()).await.unwrap();
}

#[tokio::test]
async fn a_dead_letter_is_read_again_as_the_topology_allows() {
    let event = json!({ "AlternativeRecord": {
        "event_id": "7", "event_time": 1, "dataset": "d", "subject": "s", "record_id": "r",
    } });
    let said = format!("batch={{'items': [{{'event': {event}}}], 'cursor': 1}}");
    let batch = told(&said).await.unwrap();
    let [Item::Bad { raw, bad }] = &batch.items[..] else { panic!("{:?}", batch.items) };
    assert!(bad.reason.contains("not one of market.trades"), "{bad}");
    let again = |topics: Value| {
        let host = Host::test("mine", "external_records");
        Records::redrive_with(read(json!({ "topics": topics })), &host, raw)
    };
    assert!(again(json!(["market.trades"])).unwrap_err().reason.contains("not one of"));
    assert!(again(json!([])).unwrap_err().reason.contains("name at least one"));
    let now = again(json!(["market.trades", "alternative.records"])).unwrap();
    let scope = ["external", "mine", "external_records", "AlternativeRecord", "7"];
    assert_eq!(now[0].head().event_id, EventId::of(&scope));
    assert!(Records::redrive(raw).unwrap_err().reason.contains("--topology"));
}

#[test]
fn only_the_topics_of_the_settings_are_its_own() {
    let settings = read(json!({ "topics": ["news.items"] }));
    assert_eq!(Records::publishes(&settings), ["news.items"]);
}
