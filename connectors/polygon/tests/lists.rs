//! Everything that is asked for page by page, against the mock.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::Rig;
use component::Source;
use model::EventId;
use polygon::{BarsHistory, CorporateActions, Instruments, QuotesHistory, TradesHistory};
use serde_json::{Value, json};
use testkit::{Driver, bar, quote, trade};

/// The morning of the mock's day has passed.
async fn noon() -> Rig {
    let rig = Rig::with(json!({"speed": 0})).await;
    rig.clock(json!({"advance_secs": 3 * 3_600})).await;
    rig
}

fn driver<S: Source<System = polygon::System>>(rig: &Rig, settings: Value) -> Driver<S> {
    Driver::new(rig.system(), settings)
}

/// Reads to the first pause.
async fn whole<S: Source<System = polygon::System>>(rig: &Rig, settings: Value) -> Driver<S> {
    let mut driver = driver::<S>(rig, settings);
    driver.until(|d| d.pauses > 0).await;
    assert!(driver.bad.is_empty() && driver.faults.is_empty(), "{:?}", driver.faults);
    driver
}

fn ids<S: Source>(driver: &Driver<S>) -> BTreeSet<EventId> {
    driver.events.iter().map(|event| event.head().event_id).collect()
}

/// Has the first page lead to pages of a hundred records, on a host that is none.
async fn in_small_pages(rig: &Rig) {
    let next = "https://elsewhere.test/v3/trades/BAC?timestamp.gte=2013-10-07&order=asc&limit=100";
    let body = json!({"status": "DELAYED", "request_id": 1, "results": [], "next_url": next});
    rig.fault(json!({"status": 200, "path": "/v3/trades", "body": body})).await;
}

#[tokio::test]
async fn a_day_of_ticks_comes_in_pages_and_survives_kills() {
    let rig = noon().await;
    let settings = json!({"symbols": ["BAC"], "start": "2013-10-07", "end": "2013-10-07"});
    let all = whole::<TradesHistory>(&rig, settings.clone()).await;
    let times: Vec<_> = all.of(trade).iter().map(|trade| trade.head.event_time).collect();
    assert!(times.is_sorted() && times.len() > 1_000, "{}", times.len());
    in_small_pages(&rig).await;
    let mut killed = driver::<TradesHistory>(&rig, settings);
    for _ in 0..10 {
        killed.step().await;
        killed.step().await;
        killed.step().await;
        killed.kill();
    }
    killed.until(|d| d.pauses > 0).await;
    assert_eq!(ids(&killed), ids(&all));
    assert_eq!(killed.repeated, 0, "the next page is part of the cursor");
    let pages = rig.asked("/v3/trades/BAC").await.len();
    assert!(pages > times.len() / 100, "{pages} pages");
    let quotes = whole::<QuotesHistory>(&rig, json!({"symbols": ["IBM"], "start": "2013-10-07"}));
    assert!(quotes.await.of(quote).len() > 1_000);
}

#[tokio::test]
async fn history_goes_on_where_it_stopped() {
    let rig = Rig::with(json!({"speed": 0})).await;
    let settings = json!({"symbols": ["BAC"], "start": "2013-10-07", "timeframe": "1minute"});
    let mut driver = driver::<BarsHistory>(&rig, settings);
    driver.until(|d| d.pauses > 0).await;
    let before = driver.of(bar).len();
    rig.clock(json!({"advance_secs": 600})).await;
    driver.kill();
    driver.until(|d| d.of(bar).len() >= before + 10).await;
    let finals = driver.of(bar).iter().filter(|bar| bar.is_final).count();
    assert!(finals >= before + 9, "only the last one is running");
}

#[tokio::test]
async fn a_page_that_is_gone_is_no_end() {
    let rig = noon().await;
    let settings = json!({"symbols": ["BAC"], "start": "2013-10-07", "end": "2013-10-07"});
    let all = whole::<TradesHistory>(&rig, settings.clone()).await;
    in_small_pages(&rig).await;
    let mut driver = driver::<TradesHistory>(&rig, settings);
    driver.until(|d| d.events.len() > 1_000).await;
    let body = json!({"status": "ERROR", "request_id": "1", "error": "invalid cursor"});
    rig.fault(json!({"status": 400, "path": "/v3/trades", "body": body})).await;
    driver.until(|d| ids(d).len() == ids(&all).len() && d.pauses > 1).await;
    assert_eq!(ids(&driver), ids(&all));
    assert!(driver.faults.is_empty(), "{:?}", driver.faults);
}

#[tokio::test]
async fn a_refusal_of_the_plan_stops_and_says_so() {
    let rig = Rig::start().await;
    let mut driver = driver::<TradesHistory>(&rig, json!({"symbols": ["BAC"]}));
    driver.connect().await.unwrap();
    let body = json!({
        "status": "NOT_AUTHORIZED", "request_id": "1",
        "message": "Your plan doesn't include this data timeframe. Please upgrade your plan",
    });
    for status in [403, 200] {
        rig.fault(json!({"status": status, "path": "/v3/trades", "body": body})).await;
        let fault = driver.fault().await;
        assert_eq!(fault.kind(), "fatal", "{fault}");
        assert!(fault.to_string().contains("the plan of the key does not include this"), "{fault}");
    }
}

#[tokio::test]
async fn a_symbol_that_nobody_knows_stops_nothing() {
    let rig = Rig::start().await;
    let settings = json!({"symbols": ["NOSUCH", "IBM", "ALSO.NOT"]});
    let driver = whole::<Instruments>(&rig, settings.clone()).await;
    assert_eq!(driver.events.len(), 1);
    let driver = whole::<BarsHistory>(
        &rig,
        json!({"symbols": ["NOSUCH", "IBM"], "start": "2013-01-01", "end": "2013-02-01"}),
    );
    assert!(driver.await.of(bar).len() > 10);
    whole::<CorporateActions>(&rig, settings).await;
}

#[tokio::test]
async fn whole_markets_come_in_pages() {
    let rig = Rig::start().await;
    let all = whole::<Instruments>(&rig, json!({})).await;
    assert!(all.events.len() >= 4);
    let actions = whole::<CorporateActions>(&rig, json!({"lookback_days": 9_000})).await;
    assert!(!actions.events.is_empty());
}

#[tokio::test]
async fn the_free_plan_is_asked_five_times_a_minute() {
    let rig = Rig::start().await;
    let mut system: polygon::System = rig.system();
    system.connection.plan = serde_json::from_value(json!("free")).unwrap();
    let host = component::Host::test("free", "polygon_bars_history");
    let settings = serde_json::from_value(json!({"start": "2013-01-01"})).unwrap();
    let mut source = BarsHistory::connect(system, settings, host).await.unwrap();
    let mut cursor = <BarsHistory as Source>::Cursor::default();
    for _ in 0..4 {
        cursor = source.read(&cursor).await.unwrap().cursor;
    }
    let fifth = tokio::time::timeout(Duration::from_secs(20), source.read(&cursor)).await.unwrap();
    let fault = fifth.unwrap_err();
    assert_eq!(fault.kind(), "throttled", "{fault}");
    assert_eq!(rig.asked("/v").await.len(), 5);
}

#[tokio::test]
async fn settings_that_mean_nothing_are_refused() {
    let rig = Rig::start().await;
    for settings in [json!({"timeframe": "1Day"}), json!({"adjustment": "dividend"})] {
        let fault = driver::<BarsHistory>(&rig, settings).connect().await.unwrap_err();
        assert_eq!(fault.kind(), "fatal", "{fault}");
    }
}
