//! Live market data against the mock: good days and bad ones.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::Rig;
use component::{Fault, Source};
use model::{EventId, Gap, GapStatus, Timestamp};
use polygon::MarketData;
use serde_json::{Value, json};
use testkit::{Driver, bar, gap, quote, trade};

fn driver(rig: &Rig) -> Driver<MarketData> {
    let symbols = ["BAC", "SPY"];
    with(rig, json!({"trades": symbols, "quotes": symbols, "bars": symbols, "audit_secs": 0}))
}

fn with(rig: &Rig, settings: Value) -> Driver<MarketData> {
    Driver::new(rig.system(), settings)
}

/// A mock whose day passes sixty times as fast.
async fn fast() -> Rig {
    Rig::with(json!({"speed": 60})).await
}

async fn stream(rig: &Rig, fault: Value) {
    let mut fault = fault;
    fault["stream"] = json!("stocks");
    rig.fault(fault).await;
}

#[tokio::test]
async fn trades_quotes_and_bars_flow() {
    let rig = fast().await;
    let symbols = ["BAC", "SPY"];
    let mut driver = with(
        &rig,
        json!({"trades": symbols, "quotes": symbols, "bars": symbols, "second_bars": symbols}),
    );
    driver
        .until(|d| d.of(trade).len() > 50 && d.of(quote).len() > 50 && d.of(bar).len() > 30)
        .await;
    assert!(driver.bad.is_empty(), "{:?}", driver.bad);
    assert!(driver.of(gap).is_empty(), "a first start has missed nothing");
    assert!(driver.of(trade).iter().all(|trade| trade.instrument.venue() == "US"));
    let lengths: BTreeSet<&str> = driver.of(bar).iter().map(|bar| bar.interval.as_str()).collect();
    assert!(lengths.contains("1s"), "{lengths:?}");
}

#[tokio::test]
async fn a_wrong_key_stops_with_the_name_of_its_setting() {
    let mut rig = Rig::start().await;
    rig.system["authentication"]["credentials"]["api_key"] = json!("PKWRONG");
    let fault = driver(&rig).connect().await.unwrap_err();
    let Fault::Unauthorized { setting, reason } = fault else { panic!("{fault:?}") };
    assert_eq!(setting, "authentication.credentials.api_key");
    assert!(!reason.contains("PKWRONG"), "{reason}");

    let rig = Rig::start().await;
    stream(&rig, json!({"kind": "refuse_login"})).await;
    let fault = driver(&rig).connect().await.unwrap_err();
    assert_eq!(fault.kind(), "unauthorized", "{fault}");
}

#[tokio::test]
async fn frames_dropped_in_silence_are_holes_that_are_repaired() {
    let rig = fast().await;
    let mut driver = driver(&rig);
    driver.until(|d| d.of(trade).len() > 60 && d.of(quote).len() > 60).await;
    stream(&rig, json!({"kind": "drop_frames", "next": 20})).await;
    driver.until(|d| closed(d).iter().any(|gap| gap.recovered > Some(0))).await;
    driver.until(is_settled).await;
    assert!(driver.faults.is_empty(), "{:?}", driver.faults);
    let gaps = driver.of(gap);
    let opened: Vec<_> = gaps.iter().filter(|gap| gap.status == GapStatus::Opened).collect();
    assert!(opened.iter().all(|gap| gap.to_time.is_some_and(|to| to >= gap.from_time)));
    assert!(opened.iter().all(|gap| gap.reason.contains("nothing came between the numbers")));
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn what_a_disconnect_missed_is_read_again_and_marked() {
    let rig = fast().await;
    let mut driver = driver(&rig);
    driver.until(|d| d.of(trade).len() > 20).await;
    for kind in ["disconnect", "reset"] {
        let before = driver.of(gap).len();
        stream(&rig, json!({"kind": kind})).await;
        driver.until(|d| d.of(gap).len() > before && is_settled(d)).await;
    }
    assert_eq!(driver.faults.len(), 2, "{:?}", driver.faults);
    assert!(closed(&driver).iter().any(|gap| gap.recovered > Some(0)));
    assert_eq!(driver.repeated, 0, "what it has seen it does not repeat");
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn a_kill_loses_nothing() {
    let rig = fast().await;
    let mut driver = driver(&rig);
    driver.until(|d| d.of(trade).len() > 20).await;
    driver.kill();
    rig.clock(json!({"advance_secs": 120})).await;
    driver.until(|d| d.of(gap).len() >= 6 && is_settled(d)).await;
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn all_symbols_are_repaired_as_they_are_learned() {
    let rig = fast().await;
    let mut driver =
        with(&rig, json!({"trades": ["*"], "quotes": [], "bars": ["*"], "audit_secs": 0}));
    driver.until(|d| d.of(trade).len() > 50).await;
    stream(&rig, json!({"kind": "reset"})).await;
    driver.until(|d| !d.of(gap).is_empty() && is_settled(d)).await;
    assert_nothing_is_missing(&rig, &driver).await;
    driver.kill();
    rig.clock(json!({"advance_secs": 60})).await;
    let is_all = |gap: &&&Gap| gap.instrument.as_str() == "*.US";
    driver.until(|d| d.of(gap).iter().filter(is_all).count() >= 8 && is_settled(d)).await;
    let more = driver.of(trade).len();
    driver.until(|d| d.of(trade).len() > more + 20).await;
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn poison_does_not_stop_the_feed() {
    let rig = fast().await;
    let mut driver = driver(&rig);
    driver.until(|d| d.of(trade).len() > 5).await;
    for kind in ["garbage", "truncated", "invalid_utf8", "oversize"] {
        let (bad, faults) = (driver.bad.len(), driver.faults.len());
        stream(&rig, json!({"kind": kind})).await;
        let trades = driver.of(trade).len();
        let noticed = |d: &Driver<MarketData>| d.bad.len() > bad || d.faults.len() > faults;
        driver.until(|d| noticed(d) && d.of(trade).len() > trades + 5).await;
        assert!(driver.bad.iter().all(|(raw, _)| !raw.is_empty()), "{kind}");
    }
    driver.until(is_settled).await;
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn a_half_open_socket_is_noticed() {
    let rig = fast().await;
    let mut driver = driver(&rig);
    driver.until(|d| d.of(trade).len() > 5).await;
    stream(&rig, json!({"kind": "silence"})).await;
    driver.until(|d| !d.faults.is_empty()).await;
    driver.until(|d| !d.of(gap).is_empty() && is_settled(d)).await;
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn a_repair_survives_a_vendor_in_trouble() {
    let rig = fast().await;
    let mut driver = driver(&rig);
    driver.until(|d| d.of(trade).len() > 5).await;
    rig.fault(json!({"next": 2, "status": 502, "path": "/v3/trades"})).await;
    rig.fault(json!({"kind": "html", "path": "/v3/trades"})).await;
    rig.fault(json!({"kind": "garbage", "path": "/v3/quotes"})).await;
    rig.fault(json!({"kind": "oversize", "path": "/v3/quotes"})).await;
    stream(&rig, json!({"kind": "disconnect"})).await;
    driver.until(|d| !d.of(gap).is_empty() && is_settled(d)).await;
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn what_the_plan_does_not_include_is_an_unrecoverable_gap() {
    let rig = fast().await;
    let mut driver = driver(&rig);
    driver.until(|d| d.of(trade).len() > 5).await;
    let body = json!({
        "status": "NOT_AUTHORIZED", "request_id": "1",
        "message": "You are not entitled to this data. Please upgrade your plan",
    });
    rig.fault(json!({"next": 50, "status": 403, "path": "/v3/quotes", "body": body})).await;
    stream(&rig, json!({"kind": "disconnect"})).await;
    driver.until(|d| !d.of(gap).is_empty() && is_settled(d)).await;
    let status = |kind: &str| -> BTreeSet<&str> {
        let ended = ended(&driver);
        let of_kind = ended.iter().filter(|gap| gap.reason.starts_with(kind));
        of_kind.map(|gap| gap.status.as_str()).collect()
    };
    assert_eq!(status("quotes"), BTreeSet::from(["unrecoverable"]));
    assert_eq!(status("trades"), BTreeSet::from(["closed"]));
    assert!(ended(&driver).iter().all(|gap| gap.to_time.is_some()));
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn two_that_share_a_key_do_not_fight_for_ever() {
    let rig = fast().await;
    let (mut first, mut second) = (driver(&rig), driver(&rig));
    first.until(|d| d.of(trade).len() > 5).await;
    second.until(|d| d.of(trade).len() > 5).await;
    let fault = first.fault().await;
    assert_eq!(fault.kind(), "fatal", "{fault}");
    assert!(fault.to_string().contains("another client uses this key"), "{fault}");
    let more = second.of(trade).len();
    second.until(|d| d.of(trade).len() > more + 5).await;
}

#[tokio::test]
async fn nothing_to_follow_is_refused() {
    let rig = Rig::start().await;
    for settings in [
        json!({"trades": [], "quotes": [], "bars": []}),
        json!({"trades": [""]}),
        json!({"trades": ["A,Q.B"]}),
    ] {
        let fault = with(&rig, settings.clone()).connect().await.unwrap_err();
        assert_eq!(fault.kind(), "fatal", "{settings}: {fault}");
    }
}

#[test]
fn a_dead_letter_is_read_again() {
    let raw = br#"{"ev":"T","sym":"MSFT","x":4,"i":"12345","z":3,"p":114.125,"s":100,"c":[0,12],"t":1536036818784,"q":3681328}"#;
    let events = MarketData::redrive(raw).unwrap();
    assert_eq!(trade(&events[0]).unwrap().price.to_string(), "114.125");
    let long = String::from_utf8_lossy(raw).replace("114.125", "12345678901234567890");
    assert_eq!(MarketData::redrive(long.as_bytes()).unwrap_err().field, "p");
}

fn closed(driver: &Driver<MarketData>) -> Vec<&Gap> {
    let gaps = driver.of(gap).into_iter();
    gaps.filter(|gap| gap.status == GapStatus::Closed).collect()
}

fn ended(driver: &Driver<MarketData>) -> Vec<&Gap> {
    let gaps = driver.of(gap).into_iter();
    gaps.filter(|gap| gap.status != GapStatus::Opened).collect()
}

/// Whether nothing is missing any more, as far as the source knows.
fn is_settled(driver: &Driver<MarketData>) -> bool {
    let cursor = &driver.cursor;
    cursor.holes.is_empty() && cursor.missing_since.is_none() && open(driver).is_empty()
}

/// Ids of gaps that have not ended.
fn open(driver: &Driver<MarketData>) -> BTreeSet<&str> {
    let gaps = driver.of(gap).into_iter();
    let mut open: BTreeSet<&str> = gaps.map(|gap| gap.gap_id.as_str()).collect();
    for gap in ended(driver) {
        open.remove(gap.gap_id.as_str());
    }
    open
}

/// Every print that the history has between the first and the last one seen was published.
async fn assert_nothing_is_missing(rig: &Rig, driver: &Driver<MarketData>) {
    let seen: Vec<_> = driver.of(trade).into_iter().filter(|trade| trade.symbol == "BAC").collect();
    let from = seen.iter().map(|trade| trade.head.event_time).min().unwrap();
    let to = seen.iter().map(|trade| trade.head.event_time).max().unwrap();
    let settings = json!({"symbols": ["BAC"], "start": from.date().to_string()});
    let mut history: Driver<polygon::TradesHistory> = Driver::new(rig.system(), settings);
    history.until(|d| d.events.last().is_some_and(|last| last.head().event_time > to)).await;
    // Times differ by what the stream leaves out of them.
    let (from, to) = (Timestamp(from.0 + 1_000_000), Timestamp(to.0 - 1_000_000));
    let ids = |trades: Vec<&model::Trade>| -> BTreeSet<EventId> {
        let inside = trades.into_iter().filter(|t| (from..=to).contains(&t.head.event_time));
        inside.map(|trade| trade.head.event_id).collect()
    };
    let (past, seen) = (ids(history.of(trade)), seen.iter().map(|t| t.head.event_id).collect());
    let missing: Vec<_> = past.difference(&seen).collect();
    assert!(missing.is_empty(), "{} of {} are missing", missing.len(), past.len());
}

#[tokio::test]
async fn mishap_after_mishap_loses_nothing() {
    let rig = Rig::with(json!({"speed": 20})).await;
    let mut driver = driver(&rig);
    driver.until(|d| d.of(trade).len() > 20).await;
    let kinds = ["disconnect", "garbage", "reset", "drop_frames", "truncated", "oversize"];
    for (number, kind) in kinds.into_iter().chain(kinds).enumerate() {
        let before = driver.events.len();
        stream(&rig, json!({"kind": kind, "next": if kind == "drop_frames" { 5 } else { 1 }}))
            .await;
        // Some find the last repair unfinished.
        driver.until(|d| d.events.len() > before + 40 * (number % 3)).await;
        if number % 5 == 2 {
            driver.kill();
        }
    }
    driver.until(|d| d.cursor.holes.is_empty() && !d.of(gap).is_empty()).await;
    let later = driver.cursor.at;
    driver.until(|d| d.cursor.at.since(later) > 60_000_000_000 && is_settled(d)).await;
    assert_nothing_is_missing(&rig, &driver).await;
}
