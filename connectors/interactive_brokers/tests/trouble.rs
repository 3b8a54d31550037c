//! What can go wrong with a TWS: hostile messages, silence, nights, farms that are away.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Rig, system_at};
use component::{Fault, Item, Source};
use interactive_brokers::{Balances, Instruments, MarketData, Positions};
use model::GapStatus;
use serde_json::json;
use testkit::{Driver, SOON, gap, host_of, position, quote, trade};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that says what it is told to say, whatever it is asked.
struct Scripted {
    port: u16,
    listener: TcpListener,
}

fn packet(body: &str) -> Vec<u8> {
    raw_packet(body.replace('|', "\0").as_bytes())
}

fn raw_packet(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes()[..], body].concat()
}

impl Scripted {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { port: listener.local_addr().unwrap().port(), listener }
    }

    /// Takes a connection and greets it.
    async fn greet(&self, greeting: &str) -> TcpStream {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut opening = [0; 4 + 4 + 9];
        stream.read_exact(&mut opening).await.unwrap();
        stream.write_all(&packet(greeting)).await.unwrap();
        stream
    }

    async fn connected(&self) -> TcpStream {
        let mut stream = self.greet("178|20250415 19:38:30 British Summer Time|").await;
        for message in [
            "15|1|DU1,|",
            "4|2|-1|2104|Market data farm connection is OK:usfarm||",
            "9|1|5|",
            "49|1|1744742310|",
        ] {
            stream.write_all(&packet(message)).await.unwrap();
        }
        stream
    }

    async fn positions(&self) -> Result<Positions, Fault> {
        let system = serde_json::from_value(system_at(self.port, 1)).unwrap();
        let settings = serde_json::from_value(json!({})).unwrap();
        Positions::connect(system, settings, host_of(Positions::NAME)).await
    }
}

#[tokio::test]
async fn a_greeting_that_is_none_is_no_end_and_a_wrong_version_is_one() {
    for (greeting, kind, words) in [
        ("178|", "", ""),
        ("176|20250415 19:38:30 \u{fffd}\u{fffd}|", "", ""),
        ("163|20250415 19:38:30 EST|", "fatal", "163"),
        ("213|20250415 19:38:30 EST|", "fatal", "10.30"),
        ("4|2|-1|503|The TWS is out of date and must be upgraded.|", "fatal", "out of date"),
        ("HTTP/1.1 400 Bad Request", "retry", "no TWS"),
        ("", "retry", "no TWS"),
    ] {
        let server = Scripted::start().await;
        let serving = async {
            let mut stream = server.greet(greeting).await;
            for message in ["15|1|DU1|", "9|1|1|", "49|1|1744742310|"] {
                let _ = stream.write_all(&packet(message)).await;
            }
            stream
        };
        let (connected, _stream) = tokio::join!(server.positions(), serving);
        match connected {
            Ok(_) => assert_eq!(kind, "", "{greeting}"),
            Err(fault) => {
                assert_eq!(fault.kind(), kind, "{greeting}: {fault}");
                assert!(fault.to_string().contains(words), "{greeting}: {fault}");
            }
        }
    }
}

#[tokio::test]
async fn hostile_messages_are_set_aside_and_the_rest_is_told() {
    let server = Scripted::start().await;
    let (source, mut stream) = tokio::join!(server.positions(), server.connected());
    let mut source = source.unwrap();
    let good = "61|3|DU1|265598|AAPL|STK||0.0||||NASDAQ|USD|AAPL|NMS|";
    let good = good.replacen("||||NASDAQ", "|||NASDAQ", 1);
    let messages = [
        packet(&format!("{good}-110|201.8829709|")),
        packet(&format!("{good}1.7976931348623157E308|1|")),
        packet(&format!("{good}many|1|")),
        packet("61|3|DU1|265598|"),
        packet("61|3||1|SPY|STK|||||ARCA|USD|SPY|SPY|5|1|"),
        packet("61|3|DU1|1|BMW|STK||0.0|||IBIS|EUR|BMW|XETRA|3|80.5|surplus|more|"),
        packet("61|3|DU1|2|ES|FUT|20250919|0.0||50||USD|ESU5|ES|-1|315114.75|"),
        packet("61|3|DU1|3|EUR|CASH||0.0|||IDEALPRO|USD|EUR.USD|EUR.USD|0.5|1.1|"),
        packet("9999|whatever|"),
        packet("sixty-one|1|"),
        raw_packet(b"61\x00\xff\xfe\x00"),
        raw_packet(b""),
        packet("62|1|"),
    ];
    for message in messages.concat().chunks(7) {
        stream.write_all(message).await.unwrap();
    }
    let (mut told, mut bad) = (Vec::new(), 0);
    let mut cursor = http::Changes::default();
    let reading = async {
        while bad < 7 || told.len() < 4 {
            let batch = source.read(&cursor).await.unwrap();
            cursor = batch.cursor;
            for item in batch.items {
                match item {
                    Item::Event(event) => told.push(position(&event).unwrap().clone()),
                    Item::Bad { .. } => bad += 1,
                }
            }
        }
    };
    if tokio::time::timeout(SOON, reading).await.is_err() {
        panic!("{bad} bad, {told:#?}");
    }
    let found: Vec<_> = told
        .iter()
        .map(|p| {
            (p.instrument.to_string(), p.quantity.to_string(), p.average_price.unwrap().to_string())
        })
        .collect();
    let expected = [
        ("AAPL.US", "-110", "201.8829709"),
        ("BMW.XETR", "3", "80.5"),
        ("ESU5.FUT", "-1", "6302.295"),
        ("EUR/USD.FX", "0.5", "1.1"),
    ];
    assert_eq!(found, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    // A length that cannot be ends the connection.
    stream.write_all(&[0xff; 8]).await.unwrap();
    let ended = async {
        loop {
            if let Err(fault) = source.read(&cursor).await {
                break fault;
            }
        }
    };
    let fault = tokio::time::timeout(SOON, ended).await.unwrap();
    assert_eq!(fault.kind(), "disconnected", "{fault}");
}

#[tokio::test]
async fn the_login_is_never_sent_and_nobody_listening_is_no_end() {
    let server = Scripted::start().await;
    let (source, mut stream) = tokio::join!(server.positions(), server.connected());
    let mut sent = [0; 4096];
    let reading = async { stream.read(&mut sent).await.unwrap() };
    let length = tokio::time::timeout(SOON, reading).await.unwrap();
    let text = String::from_utf8_lossy(&sent[..length]);
    assert!(!text.contains("never-sent") && !text.contains("somebody"), "{text}");
    drop((source, stream, server));
    let nobody = Scripted::start().await;
    let system = serde_json::from_value(system_at(nobody.port, 1)).unwrap();
    drop(nobody);
    let settings = serde_json::from_value(json!({})).unwrap();
    let fault = Balances::connect(system, settings, host_of("x")).await.err().unwrap();
    assert_eq!(fault.kind(), "retry", "{fault}");
}

#[tokio::test]
async fn a_night_is_survived_with_a_gap_that_is_closed() {
    let rig = Rig::with(json!({"speed": 60})).await;
    let settings = json!({"trades": ["BAC"], "quotes": [], "bars": [], "tick_by_tick": true});
    let mut data: Driver<MarketData> = Driver::new(rig.system(), settings);
    data.until(|driver| driver.of(trade).len() > 5).await;
    rig.fault(json!({"kind": "nightly_reset", "delay_ms": 500})).await;
    let is = |driver: &Driver<MarketData>, status: GapStatus| {
        driver.of(gap).iter().any(|gap| gap.status == status)
    };
    data.until(|driver| is(driver, GapStatus::Opened)).await;
    data.until(|driver| is(driver, GapStatus::Closed)).await;
    assert!(data.bad.is_empty(), "{:?}", data.bad);
}

#[tokio::test]
async fn a_farm_that_comes_back_has_left_a_gap() {
    let rig = Rig::with(json!({"speed": 60})).await;
    let settings = json!({"trades": [], "quotes": ["BAC", "SPY"], "bars": []});
    let mut data: Driver<MarketData> = Driver::new(rig.system(), settings);
    data.until(|driver| driver.of(quote).len() > 3).await;
    for notice in ["2103", "2104"] {
        rig.fault(json!({"kind": notice})).await;
    }
    data.until(|driver| driver.of(gap).iter().any(|gap| gap.status == GapStatus::Closed)).await;
    let first = data.of(quote)[0];
    assert!(first.bid_price <= first.ask_price, "{first:?}");
}

#[tokio::test]
async fn a_symbol_that_nobody_knows_is_named() {
    let rig = Rig::with(json!({"speed": 0})).await;
    let settings = json!({"trades": [], "quotes": ["NOPE"], "bars": []});
    let mut source = MarketData::connect(
        rig.system(),
        serde_json::from_value(settings).unwrap(),
        host_of(MarketData::NAME),
    )
    .await
    .unwrap();
    let mut cursor = session::Cursor::default();
    let fault = loop {
        match tokio::time::timeout(SOON, source.read(&cursor)).await.unwrap() {
            Ok(batch) => cursor = batch.cursor,
            Err(fault) => break fault,
        }
    };
    assert!(matches!(&fault, Fault::Fatal(words) if words.contains("NOPE")), "{fault}");
    let mut instruments: Driver<Instruments> =
        Driver::new(rig.system(), json!({"symbols": ["NOPE", "BAC"]}));
    instruments.until(|driver| driver.events.len() == 1 && driver.bad.len() == 1).await;
    assert!(instruments.bad[0].1.to_string().contains("200"), "{:?}", instruments.bad);
}

#[tokio::test]
async fn split_and_surplus_messages_are_read_like_others() {
    let held = json!({"symbol": "BAC", "quantity": "100", "average_cost": "13.5"});
    let rig = Rig::with(json!({"speed": 0, "accounts": [{"positions": [held]}]})).await;
    for kind in ["split_write", "surplus_fields", "split_write"] {
        rig.fault(json!({"kind": kind, "stream": "account"})).await;
    }
    let mut positions: Driver<Positions> = Driver::new(rig.system(), json!({"refresh_secs": 1}));
    positions.until(|driver| driver.events.len() == 1).await;
    positions.briefly(Duration::from_millis(1_500)).await;
    assert_eq!(positions.events.len(), 1, "it has not changed");
    assert!(positions.bad.is_empty() && positions.faults.is_empty(), "{:?}", positions.faults);
}
