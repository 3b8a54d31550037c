//! What did not come by the stream is marked as a gap and read again from the history.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use component::{Fault, Host, Item, Source};
use model::{Event, GapStatus};
use serde_json::{Value, json};
use session::Cursor;
use testkit::Mock;
use tokio::time::timeout;

use {{name}}::Trades;

/// The suite's own driver of this mock.
struct Rig({{name}}_mock::Running);

impl Mock for Rig {
    const STREAM: Option<&'static str> = Some("trades");

    async fn start() -> Self {
        let settings = serde_json::from_value(json!({ "speed": 60 })).unwrap();
        Self({{name}}_mock::serve(settings).await.unwrap())
    }

    fn system(&self) -> Value {
        let urls = self.0.urls();
        json!({
            "connection": { "url": urls["rest"], "stream_url": urls["stream"] },
            "authentication": { "type": "api_key", "credentials": { "api_key": "test-key" } },
        })
    }

    fn wrong_system(&self) -> Value {
        Value::Null
    }

    fn control(&self) -> String {
        self.0.urls()["rest"].clone()
    }
}

/// What was read until now.
#[derive(Default)]
struct Seen {
    cursor: Cursor,
    trades: BTreeSet<u64>,
    gaps: Vec<GapStatus>,
    /// Trades that only an audit brought.
    audited: usize,
}

/// Reads, and connects again where the session ends, until it has seen enough.
async fn read(rig: &Rig, audit_secs: u64, seen: &mut Seen, is_enough: impl Fn(&Seen) -> bool) {
    let started = Instant::now();
    let mut source = None;
    while !is_enough(seen) {
        assert!(started.elapsed() < Duration::from_secs(30), "no end: {:?}", seen.gaps);
        let open = match source.take() {
            Some(open) => open,
            None => connect(rig, audit_secs).await,
        };
        source = turn(open, seen).await;
    }
}

async fn connect(rig: &Rig, audit_secs: u64) -> Trades {
    let symbols = ["BAC", "IBM", "SPY", "AIG"];
    let settings = json!({ "symbols": symbols, "audit_secs": audit_secs });
    let (system, settings) = (rig.system(), serde_json::from_value(settings).unwrap());
    let host = Host::test("test", "{{name}}_trades");
    Trades::connect(serde_json::from_value(system).unwrap(), settings, host).await.unwrap()
}

/// One read; nothing once the session is over.
async fn turn(mut source: Trades, seen: &mut Seen) -> Option<Trades> {
    let batch = match timeout(Duration::from_secs(1), source.read(&seen.cursor)).await {
        Err(_) => return Some(source),
        Ok(Err(Fault::Disconnected(_))) => return None,
        Ok(read) => read.unwrap(),
    };
    for item in batch.items {
        match item {
            Item::Event(Event::Trade(trade)) => {
                let is_new = seen.trades.insert(trade.trade_id.parse().unwrap());
                seen.audited += usize::from(is_new && batch.audit.is_some());
            }
            Item::Event(Event::Gap(gap)) => seen.gaps.push(gap.status),
            Item::Event(other) => panic!("{other:?}"),
            // A frame that broke off: what it held is read again.
            Item::Bad { .. } => {}
        }
    }
    seen.cursor = batch.cursor;
    Some(source)
}

/// Every trade from the first to the last.
fn assert_whole(seen: &Seen) {
    let (first, last) = (seen.trades.first().unwrap(), seen.trades.last().unwrap());
    let missing: Vec<u64> = (*first..*last).filter(|id| !seen.trades.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?} are missing from {first} to {last}");
}

#[tokio::test]
async fn what_a_disconnect_missed_is_repaired() {
    let rig = Rig::start().await;
    for kind in ["disconnect", "reset", "garbage"] {
        let mut seen = Seen::default();
        read(&rig, 0, &mut seen, |seen| seen.trades.len() > 20).await;
        rig.fault(json!({ "kind": "drop_frames", "next": 5 })).await.unwrap();
        rig.fault(json!({ "kind": kind })).await.unwrap();
        read(&rig, 0, &mut seen, |seen| seen.gaps.contains(&GapStatus::Closed)).await;
        assert_whole(&seen);
        let count = |status| seen.gaps.iter().filter(|found| **found == status).count();
        assert_eq!(count(GapStatus::Closed), 4, "one for each symbol: {:?}", seen.gaps);
        assert!(count(GapStatus::Opened) >= 4, "{:?}", seen.gaps);
    }
}

#[tokio::test]
async fn what_vanished_without_a_word_is_found_by_an_audit() {
    let rig = Rig::start().await;
    let mut seen = Seen::default();
    read(&rig, 1, &mut seen, |seen| seen.trades.len() > 20).await;
    rig.fault(json!({ "kind": "drop_frames", "next": 5 })).await.unwrap();
    // Each frame held a trade at least; audits that follow each other find them all.
    read(&rig, 1, &mut seen, |seen| seen.audited >= 5).await;
}
