//! Live market data against the mock: good days and bad ones.

#![allow(clippy::unwrap_used)]

mod common;

use alpaca::MarketData;
use common::Rig;
use component::{Fault, Source};
use model::{GapStatus, TradeStatus};
use serde_json::json;
use testkit::{Driver, bar, gap, quote, trade};

/// Frequent audits make every hole visible within seconds.
fn driver(rig: &Rig, audit_secs: u64) -> Driver<MarketData> {
    let symbols = ["BAC", "SPY"];
    let settings =
        json!({"trades": symbols, "quotes": symbols, "bars": symbols, "audit_secs": audit_secs});
    Driver::new(rig.system(), settings)
}

/// A mock whose day passes sixty times as fast.
async fn fast() -> Rig {
    Rig::with(json!({"speed": 60})).await
}

#[tokio::test]
async fn trades_quotes_and_bars_flow() {
    let rig = fast().await;
    let mut driver = driver(&rig, 0);
    driver.until(|d| d.of(trade).len() > 50 && d.of(quote).len() > 50 && d.of(bar).len() > 3).await;
    assert!(driver.bad.is_empty(), "{:?}", driver.bad);
    assert!(driver.of(gap).is_empty(), "a first start has missed nothing");
    let first = driver.of(trade)[0];
    assert_eq!(first.instrument.venue(), "US");
    assert_eq!(first.status, TradeStatus::Original);
    assert!(driver.of(bar).iter().all(|bar| bar.interval == "1m" && bar.is_final));
}

#[tokio::test]
async fn a_wrong_key_stops_with_the_name_of_its_setting() {
    let mut rig = Rig::start().await;
    rig.system["authentication"]["credentials"]["api_key"] = json!("PKWRONG");
    let fault = driver(&rig, 0).connect().await.unwrap_err();
    let Fault::Unauthorized { setting, reason } = fault else { panic!("{fault:?}") };
    assert_eq!(setting, "authentication.credentials.api_key");
    assert!(!reason.contains("PKWRONG"), "{reason}");

    let rig = Rig::start().await;
    rig.fault(json!({"kind": "refuse_login", "stream": "data"})).await;
    let fault = driver(&rig, 0).connect().await.unwrap_err();
    assert_eq!(fault.kind(), "unauthorized", "{fault}");
}

#[tokio::test]
async fn what_a_disconnect_missed_is_read_again_and_marked() {
    let rig = fast().await;
    let mut driver = driver(&rig, 0);
    driver.until(|d| d.of(trade).len() > 20).await;
    for kind in ["disconnect", "reset"] {
        let before = driver.of(gap).len();
        rig.fault(json!({"kind": kind, "stream": "data"})).await;
        // Two instruments, each gap opened and closed.
        driver.until(|d| d.of(gap).len() >= before + 4).await;
    }
    for opened in driver.of(gap).iter().filter(|gap| gap.status == GapStatus::Opened) {
        let closes = |gap: &&&model::Gap| gap.gap_id == opened.gap_id && gap.to_time.is_some();
        let gaps = driver.of(gap);
        let closed = gaps.iter().find(closes).expect("every gap is closed");
        assert_eq!(closed.status, GapStatus::Closed);
        assert_eq!(closed.from_time, opened.from_time);
    }
    assert_eq!(driver.faults.len(), 2, "{:?}", driver.faults);
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn a_kill_loses_nothing() {
    let rig = fast().await;
    let mut driver = driver(&rig, 0);
    driver.until(|d| d.of(trade).len() > 20).await;
    driver.kill();
    rig.clock(json!({"advance_secs": 120})).await;
    driver.until(|d| d.of(gap).len() >= 4).await;
    assert_nothing_is_missing(&rig, &driver).await;
}

/// Every print that the history has between the first and the last one seen was published.
async fn assert_nothing_is_missing(rig: &Rig, driver: &Driver<MarketData>) {
    let bac: Vec<_> = driver.of(trade).into_iter().filter(|trade| trade.symbol == "BAC").collect();
    let from = bac.iter().map(|trade| trade.head.event_time).min().unwrap();
    let to = bac.iter().map(|trade| trade.head.event_time).max().unwrap();
    let settings = json!({"symbols": ["BAC"], "start": from.date().to_string()});
    let mut history: Driver<alpaca::TradesHistory> = Driver::new(rig.system(), settings);
    history.until(|d| d.events.last().is_some_and(|last| last.head().event_time >= to)).await;
    let is_inside = |trade: &&&model::Trade| (from..=to).contains(&trade.head.event_time);
    let ids = |trades: Vec<&model::Trade>| {
        let mut ids: Vec<_> =
            trades.iter().filter(is_inside).map(|trade| trade.head.event_id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(bac), ids(history.of(trade)));
}

#[tokio::test]
async fn frames_dropped_in_silence_are_found_by_an_audit() {
    let rig = fast().await;
    let mut driver = driver(&rig, 1);
    driver.until(|d| d.of(trade).len() > 20).await;
    rig.fault(json!({"kind": "drop_frames", "next": 20, "stream": "data"})).await;
    driver.until(|d| !d.found.is_empty()).await;
    assert!(driver.faults.is_empty(), "{:?}", driver.faults);
    assert!(driver.repeated > 0, "an audit repeats what was not missed");
}

#[tokio::test]
async fn poison_does_not_stop_the_feed() {
    let rig = fast().await;
    let mut driver = driver(&rig, 0);
    driver.until(|d| d.of(trade).len() > 5).await;
    for kind in ["garbage", "truncated", "invalid_utf8", "oversize"] {
        let bad = driver.bad.len();
        rig.fault(json!({"kind": kind, "stream": "data"})).await;
        let trades = driver.of(trade).len();
        driver.until(|d| d.bad.len() > bad && d.of(trade).len() > trades + 5).await;
        assert!(driver.bad.iter().all(|(raw, _)| !raw.is_empty()));
    }
    assert!(driver.faults.is_empty(), "the session goes on: {:?}", driver.faults);
    driver.until(|d| d.of(gap).iter().any(|g| g.status == GapStatus::Closed)).await;
}

#[tokio::test]
async fn a_half_open_socket_is_noticed() {
    // The vendor, too, does not know yet that the first session is over.
    let rig = Rig::with(json!({"speed": 60, "streams": {"connections": 2}})).await;
    let mut driver = driver(&rig, 0);
    driver.until(|d| d.of(trade).len() > 5).await;
    rig.fault(json!({"kind": "silence", "stream": "data"})).await;
    driver.until(|d| !d.faults.is_empty()).await;
    assert_eq!(driver.faults[0].kind(), "disconnected");
    driver.until(|d| d.of(gap).len() >= 4).await;
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn a_repair_survives_a_vendor_in_trouble() {
    let rig = fast().await;
    let mut driver = driver(&rig, 0);
    driver.until(|d| d.of(trade).len() > 5).await;
    rig.fault(json!({"next": 2, "status": 502, "path": "/v2/stocks"})).await;
    rig.fault(json!({"kind": "html", "path": "/v2/stocks"})).await;
    rig.fault(json!({"kind": "garbage", "path": "/v2/stocks"})).await;
    rig.fault(json!({"kind": "oversize", "path": "/v2/stocks"})).await;
    rig.fault(json!({"kind": "disconnect", "stream": "data"})).await;
    driver.until(|d| d.of(gap).len() >= 4).await;
    assert_nothing_is_missing(&rig, &driver).await;
}

#[tokio::test]
async fn a_second_session_is_refused_and_tried_again_later() {
    let rig = Rig::start().await;
    let (mut first, mut second) = (driver(&rig, 0), driver(&rig, 0));
    first.connect().await.unwrap();
    let fault = second.connect().await.unwrap_err();
    assert_eq!(fault.kind(), "disconnected", "{fault}");
    first.kill();
    second.until(|d| !d.events.is_empty()).await;
}

#[test]
fn a_wildcard_cannot_be_repaired_and_is_refused() {
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fault = rt.block_on(async {
        let rig = Rig::start().await;
        let mut driver: Driver<MarketData> = Driver::new(rig.system(), json!({"trades": ["*"]}));
        driver.connect().await.unwrap_err()
    });
    assert!(fault.to_string().contains("\"*\""), "{fault}");
}

#[test]
fn a_dead_letter_is_read_again() {
    let raw = br#"{"T":"t","i":96921,"S":"AAPL","x":"D","p":126.55,"s":1,"t":"2021-02-22T15:51:44.208Z","c":["@","I"],"z":"C"}"#;
    let events = MarketData::redrive(raw).unwrap();
    assert_eq!(trade(&events[0]).unwrap().price.to_string(), "126.55");
    let long = String::from_utf8_lossy(raw).replace("126.55", "12345678901234567890");
    assert_eq!(MarketData::redrive(long.as_bytes()).unwrap_err().field, "p");
}
