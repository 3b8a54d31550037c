//! When a person is called, and when not: a login that has ended, a broker that is out of reach,
//! a session that somebody else has taken over.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Rig, system_at};
use component::{Clock, Fault, Host, Source, TestClock, Throttling};
use interactive_brokers::{Balances, MarketData, Positions};
use serde_json::{Value, json};
use testkit::SOON;
use tokio::time::timeout;

/// Somebody who tries again and again, as the runtime does, at a time that the test moves.
struct Tries<S> {
    host: Host,
    clock: Arc<TestClock>,
    system: Value,
    settings: Value,
    source: Option<S>,
}

impl<S: Source> Tries<S> {
    fn at(clock: &Arc<TestClock>, system: &Value, settings: Value) -> Self {
        let time = Clock::test(clock.clone());
        let host = Host::new("interactive_brokers", S::NAME, time, Throttling::default());
        let mut system = system.clone();
        system["connection"]["alert_after_secs"] = json!(120);
        Self { host, clock: clock.clone(), system, settings, source: None }
    }

    async fn connect(&mut self) -> Result<(), Fault> {
        let system = serde_json::from_value(self.system.clone()).unwrap();
        let settings = serde_json::from_value(self.settings.clone()).unwrap();
        self.source = Some(S::connect(system, settings, self.host.clone()).await?);
        Ok(())
    }

    async fn refused(&mut self) -> &'static str {
        self.connect().await.err().unwrap().kind()
    }

    /// Reads until something is told.
    async fn hears(&mut self) {
        let source = self.source.as_mut().unwrap();
        let mut cursor = S::Cursor::default();
        let reading = async {
            loop {
                let batch = source.read(&cursor).await.unwrap();
                cursor = batch.cursor;
                if !batch.items.is_empty() {
                    break;
                }
            }
        };
        timeout(SOON, reading).await.unwrap();
    }

    /// Reads until a fault; where nothing comes, time passes.
    async fn fault(&mut self) -> Fault {
        let mut source = self.source.take().unwrap();
        let mut cursor = S::Cursor::default();
        let reading = async {
            loop {
                match timeout(Duration::from_millis(200), source.read(&cursor)).await {
                    Ok(Ok(batch)) => cursor = batch.cursor,
                    Ok(Err(fault)) => break fault,
                    Err(_) => self.clock.advance(Duration::from_secs(60)),
                }
            }
        };
        timeout(SOON, reading).await.unwrap()
    }
}

fn afternoon() -> Arc<TestClock> {
    TestClock::starting_at("2025-07-13T14:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn a_login_that_nobody_renews_calls_a_person_until_it_is_renewed() {
    let clock = afternoon();
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut one: Tries<Positions> = Tries::at(&clock, &system_at(port, 1), json!({}));
    let mut other: Tries<Balances> = Tries::at(&clock, &system_at(port, 1), json!({}));
    assert_eq!(one.refused().await, "retry");
    clock.advance(Duration::from_secs(119));
    assert_eq!(other.refused().await, "retry");
    clock.advance(Duration::from_secs(1));
    assert_eq!(other.refused().await, "needs_person", "they know together how long it has been");
    let said = one.connect().await.err().unwrap().to_string();
    assert!(said.contains("log it in"), "{said}");
    let rig = Rig::with(json!({"speed": 0, "listen": format!("127.0.0.1:{port}")})).await;
    one.connect().await.unwrap();
    drop(rig);
    one.source = None;
    assert_eq!(one.refused().await, "retry", "it was back for a while");
}

#[tokio::test]
async fn being_cut_off_for_long_calls_a_person_until_it_is_over() {
    let held = json!({"symbol": "BAC", "quantity": "100", "average_cost": "13.5"});
    let rig = Rig::with(json!({"speed": 60, "accounts": [{"positions": [held]}]})).await;
    let (clock, system): (_, interactive_brokers::System) = (afternoon(), rig.system());
    let system = system_at(system.connection.port, 1);
    let once = json!({"refresh_secs": 1_000_000});
    let mut positions: Tries<Positions> = Tries::at(&clock, &system, once);
    let quotes = json!({"trades": [], "quotes": ["BAC"], "bars": []});
    let mut data: Tries<MarketData> = Tries::at(&clock, &system, quotes);
    positions.connect().await.unwrap();
    positions.hears().await;
    data.connect().await.unwrap();
    data.hears().await;
    rig.fault(json!({"kind": "1100"})).await;
    let fault = positions.fault().await;
    assert_eq!(fault.kind(), "needs_person", "{fault}");
    assert!(fault.to_string().contains("Connectivity"), "{fault}");
    assert_eq!(data.fault().await.kind(), "needs_person");
    // Whoever connects meanwhile is told so too.
    data.connect().await.unwrap();
    assert_eq!(data.fault().await.kind(), "needs_person");
    rig.fault(json!({"kind": "1102"})).await;
    data.connect().await.unwrap();
    data.hears().await;
    positions.connect().await.unwrap();
    positions.hears().await;
}

#[tokio::test]
async fn a_session_that_somebody_else_took_over_calls_a_person() {
    let rig = Rig::with(json!({"speed": 0})).await;
    let system: interactive_brokers::System = rig.system();
    let system = system_at(system.connection.port, 1);
    let quotes = json!({"trades": [], "quotes": ["BAC"], "bars": []});
    let mut data: Tries<MarketData> = Tries::at(&afternoon(), &system, quotes);
    let words = "No market data during competing live session";
    let body = json!({"code": 10197, "text": words});
    let path = "MarketDataRequest";
    rig.fault(json!({"kind": "status", "status": 500, "path": path, "body": body})).await;
    data.connect().await.unwrap();
    let fault = data.fault().await;
    assert_eq!(fault.kind(), "needs_person", "{fault}");
    assert!(fault.to_string().contains(words), "{fault}");
}
