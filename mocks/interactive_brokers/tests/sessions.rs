//! Connections: how they begin, what they may do, and how they end.

#![allow(clippy::unwrap_used)]

mod client;

use client::{Ended, IBM, TextClient, Ticket, control, fault, ledger, quiet};
use interactive_brokers_mock::{Account, Settings, serve};
use mockkit::time::{MINUTE, SECOND};
use serde_json::json;

#[tokio::test]
async fn agrees_on_a_version_or_says_why_not() {
    let mock = serve(quiet()).await.unwrap();
    let check = async |range: &str| match TextClient::greet(&mock, range).await {
        Ok(client) => client.version,
        Err(refused) => refused[3].clone(),
    };
    assert_eq!(check("v157..178").await, "178");
    assert_eq!(check("v100..173").await, "173");
    assert_eq!(check("v213..226").await, "226");
    assert_eq!(check("v100..225 +PACEAPI").await, "225");
    assert_eq!(check("v179..212").await, "503");
    assert_eq!(check("v1..42").await, "503");
    assert_eq!(check("hello").await, "503");
    mock.stop().await;

    let mut settings = quiet();
    settings.versions.forced = Some(178);
    let mock = serve(settings).await.unwrap();
    assert_eq!(TextClient::greet(&mock, "v100..226").await.unwrap().version, "178");
    assert!(TextClient::greet(&mock, "v213..226").await.is_err());
}

#[tokio::test]
async fn says_who_it_is_and_lets_nobody_in_twice() {
    let mut settings = quiet();
    settings.accounts =
        vec![Account::default(), Account { id: "DU7654321".into(), ..Account::default() }];
    let mock = serve(settings).await.unwrap();
    let mut early = TextClient::greet(&mock, "v157..178").await.unwrap();
    early.send("49|1").await;
    early.error(504).await;
    early.send("71|2|7|").await;
    let frames = early.until(|f| f[0] == "4" && f[3] == "2158").await;
    assert_eq!(frames[0], ["15", "1", "DU1234567,DU7654321"]);
    assert_eq!(frames[1], ["9", "1", "1"]);
    assert_eq!(frames.len(), 5);

    let mut second = TextClient::greet(&mock, "v157..178").await.unwrap();
    second.send("71|2|7|").await;
    assert_eq!(second.error(326).await.0, "-1");
    assert_eq!(second.end().await, Ended::Closed);
    assert!(early.is_alive().await);
    drop(early);
    // The id is free again once the first is gone.
    let mut third = loop {
        let mut client = TextClient::greet(&mock, "v157..178").await.unwrap();
        client.send("71|2|7|").await;
        if client.read().await.unwrap()[0] == "15" {
            break client;
        }
    };
    third.place(1, &Ticket::default()).await;
    assert_eq!(third.error(435).await.0, "1");
    third.place(1, &Ticket { account: "DU7654321", ..Ticket::default() }).await;
    third.statuses(1, "Filled").await;
    let ledger = ledger(&mock).await;
    assert_eq!(ledger["accounts"]["DU7654321"]["positions"]["IBM"]["quantity"], "100");
    assert_eq!(ledger["accounts"]["DU1234567"]["positions"], json!({}));
}

#[tokio::test]
async fn answers_what_it_cannot_read_with_the_vendors_errors() {
    let mock = serve(quiet()).await.unwrap();
    let mut client = TextClient::connect(&mock, 1).await;
    client.send("777|1").await;
    assert_eq!(client.error(505).await, ("-1".into(), "Unknown message id".into()));
    client.send("62|1|x|All|NetLiquidation").await;
    client.error(320).await;
    client.send("2|2|5").await;
    assert_eq!(client.error(300).await.0, "5");
    client.send(&format!("1|11|9|{IBM}|0|99999|0|0|")).await;
    assert_eq!(client.error(321).await.0, "9");
    client.send("1|11|9|0|NOSUCH|STK||0.0|||SMART||USD|||0||0|0|").await;
    assert_eq!(client.error(200).await.0, "9");
    for id in [1, 2] {
        client.send(&format!("62|1|{id}|All|NetLiquidation")).await;
    }
    client.send("62|1|3|All|NetLiquidation").await;
    assert_eq!(client.error(322).await.0, "3");
    client.send("15|1|1").await;
    client.error(327).await;
    client.send(&format!("20|4|{IBM}|0||1 secs|1 D|1|TRADES|1|0|")).await;
    assert_eq!(client.error(162).await.0, "4");
    assert!(client.is_alive().await);
    let requests = control(&mock, "GET", "/_mock/requests", "").await;
    let names: Vec<&str> = requests["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["path"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"StartApiRequest") && names.contains(&"unreadable"), "{names:?}");
}

#[tokio::test]
async fn counts_lines_of_market_data() {
    let mut settings = quiet();
    settings.limits.market_data_lines = 2;
    settings.limits.tick_by_tick = 1;
    settings.limits.depth = 1;
    settings.market_data.not_subscribed = vec!["SPY".into()];
    let mock = serve(settings).await.unwrap();
    let mut client = TextClient::connect(&mock, 1).await;
    for id in [1, 2, 3] {
        client.send(&format!("1|11|{id}|{IBM}|0||0|0|")).await;
    }
    assert_eq!(client.error(101).await.0, "3");
    client.send(&format!("1|11|2|{IBM}|0||0|0|")).await;
    assert_eq!(client.error(102).await.0, "2");
    client.send("2|2|2").await;
    let spy = "756733|SPY|STK||0.0|||SMART||USD|||";
    client.send(&format!("1|11|4|{spy}0||0|0|")).await;
    assert_eq!(client.error(354).await.0, "4");
    client.send("59|1|3").await;
    client.send(&format!("1|11|4|{spy}0||0|0|")).await;
    assert_eq!(client.error(10167).await.0, "4");
    let frames = client.until(|f| f[0] == "1" && f[3] == "67").await;
    assert!(frames.iter().any(|f| f[..] == ["58", "1", "4", "3"]), "{frames:?}");
    for id in [5, 6] {
        client.send(&format!("97|{id}|{IBM}|BidAsk|0|0")).await;
    }
    assert_eq!(client.error(10190).await.0, "6");
    for id in [7, 8] {
        client.send(&format!("10|5|{id}|{IBM}|5|0|")).await;
    }
    assert_eq!(client.error(309).await.0, "8");
}

#[tokio::test]
async fn lets_a_second_of_messages_pass_and_no_more() {
    let mock = serve(quiet()).await.unwrap();
    let mut client = TextClient::connect(&mock, 1).await;
    let burst = |count: usize| {
        let body = b"49\x001\x00";
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[..], body].concat().repeat(count)
    };
    client.raw(&burst(50)).await;
    for _ in 0..50 {
        assert_eq!(client.read().await.unwrap()[0], "49");
    }
    client.raw(&burst(60)).await;
    let (id, text) = client.error(100).await;
    assert_eq!(id, "-1");
    assert!(text.starts_with("Max rate of messages per second has been exceeded:max=50 rec=51"));
    assert!(matches!(client.end().await, Ended::Closed | Ended::Reset));
    let limits = control(&mock, "GET", "/_mock/limits", "").await;
    assert!(limits["keys"]["client 1"]["total"].as_u64().unwrap() >= 53, "{limits}");
}

#[tokio::test]
async fn waits_for_a_client_that_asks_for_it() {
    let mock = serve(quiet()).await.unwrap();
    let mut client = TextClient::greet(&mock, "v157..178 +PACEAPI").await.unwrap();
    client.send("71|2|1|").await;
    for _ in 0..60 {
        client.send("49|1").await;
    }
    let mut answers = 0;
    while answers < 60 {
        let frame = client.read().await.unwrap();
        assert_ne!((frame[0].as_str(), frame.get(3).map(String::as_str)), ("4", Some("100")));
        answers += usize::from(frame[0] == "49");
    }
}

#[tokio::test]
async fn breaks_in_every_way() {
    let mock = serve(quiet()).await.unwrap();
    for (kind, ended) in [("disconnect", Ended::Closed), ("reset", Ended::Reset)] {
        let mut client = TextClient::connect(&mock, 1).await;
        fault(&mock, json!({ "kind": kind, "stream": "tws" }));
        assert_eq!(client.end().await, ended, "{kind}");
    }
    let mut client = TextClient::connect(&mock, 2).await;
    fault(&mock, json!({ "kind": "truncated", "stream": "answers" }));
    client.send("49|1").await;
    assert_eq!(client.end().await, Ended::Closed);

    let mut client = TextClient::connect(&mock, 3).await;
    for kind in ["garbage", "invalid_utf8", "oversize"] {
        fault(&mock, json!({ "kind": kind, "stream": "answers" }));
        client.send("49|1").await;
        let body = client.read_raw().await.unwrap();
        assert!(!body.starts_with(b"49"), "{kind}");
    }
    fault(&mock, json!({ "kind": "drop_frames", "stream": "answers", "next": 2 }));
    for id in 1..=3 {
        client.send(&format!("91|{}", if id == 3 { 26 } else { 239 })).await;
    }
    assert_eq!(client.read().await.unwrap()[1], "26", "two answers are lost");
    fault(&mock, json!({ "kind": "split_write", "stream": "answers" }));
    fault(&mock, json!({ "kind": "surplus_fields", "stream": "answers" }));
    assert!(client.is_alive().await);
    client.send("49|1").await;
    assert_eq!(client.read().await.unwrap().len(), 5, "two fields too many");
    fault(&mock, json!({ "kind": "hang", "path": "MarketRule" }));
    client.send("91|26").await;
    fault(&mock, json!({ "kind": "nightly_reset", "delay_ms": 200 }));
    // A reset, if the request had not been read yet.
    client.end().await;

    fault(&mock, json!({ "kind": "refuse_login" }));
    let mut client = loop {
        // Closed at first: a connection ends before it begins.
        match tokio::time::timeout(client::WAIT, try_greet(&mock)).await.unwrap() {
            Some(client) => break client,
            None => tokio::task::yield_now().await,
        }
    };
    client.send("71|2|4|").await;
    client.error(326).await;
    assert_eq!(client.end().await, Ended::Closed);
    assert!(TextClient::connect(&mock, 4).await.is_alive().await);
}

/// A client, once the mock takes connections again.
async fn try_greet(mock: &interactive_brokers_mock::Running) -> Option<TextClient> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(mock.address()).await.unwrap();
    let hello = b"API\0\0\0\0\x09v157..178";
    stream.write_all(hello).await.ok()?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).await.ok()?;
    drop(stream);
    TextClient::greet(mock, "v157..178").await.ok()
}

#[tokio::test]
async fn a_silent_connection_says_nothing_at_all() {
    let mock = serve(quiet()).await.unwrap();
    let mut client = TextClient::connect(&mock, 1).await;
    fault(&mock, json!({ "kind": "silence" }));
    let wait = std::time::Duration::from_millis(300);
    client.send("49|1").await;
    assert!(tokio::time::timeout(wait, client.read()).await.is_err());
    assert!(TextClient::connect(&mock, 2).await.is_alive().await);
}

#[tokio::test]
async fn cuts_data_off_while_the_broker_is_lost() {
    let mock = serve(quiet()).await.unwrap();
    let clock = mock.kit().clock().clone();
    let mut client = TextClient::connect(&mock, 1).await;
    client.send(&format!("1|11|1|{IBM}|0||0|0|")).await;
    client.until(|f| f[0] == "45").await;
    fault(&mock, json!({ "kind": "1100" }));
    client.error(1100).await;
    clock.advance(MINUTE);
    client.send("49|1").await;
    assert_eq!(client.read().await.unwrap()[0], "49", "no ticks while cut off");
    fault(&mock, json!({ "kind": "1101" }));
    client.error(1101).await;
    clock.advance(MINUTE);
    client.send("49|1").await;
    assert_eq!(client.read().await.unwrap()[0], "49", "the subscription is gone");
    client.send(&format!("1|11|1|{IBM}|0||0|0|")).await;
    client.until(|f| f[0] == "45").await;
    for (kind, code) in [("2103", 2103), ("2105", 2105), ("2110", 2110), ("1102", 1102)] {
        fault(&mock, json!({ "kind": kind }));
        client.error(code).await;
    }
    clock.advance(MINUTE);
    client.until(|f| f[0] == "2").await;
}

#[tokio::test]
async fn an_answer_may_be_lost_before_or_after() {
    let mock = serve(quiet()).await.unwrap();
    let mut client = TextClient::connect(&mock, 1).await;
    let order = Ticket { reference: "before", ..Ticket::limit("150") };
    fault(&mock, json!({ "kind": "reset_before", "path": "PlaceOrder" }));
    client.place(1, &order).await;
    assert_eq!(client.end().await, Ended::Reset);
    let mut client = TextClient::connect(&mock, 1).await;
    let order = Ticket { reference: "after", ..Ticket::limit("150") };
    fault(&mock, json!({ "kind": "reset_after", "path": "PlaceOrder" }));
    client.place(1, &order).await;
    assert_eq!(client.end().await, Ended::Reset);
    let ledger = ledger(&mock).await;
    assert_eq!(ledger["order_refs"], json!({ "after": { "sent": 1, "accepted": 1 } }));

    let mut client = TextClient::greet(&mock, "v157..178").await.unwrap();
    client.send("71|2|1|").await;
    let frames = client.until(|f| f[0] == "9").await;
    assert_eq!(frames.last().unwrap()[2], "2", "the id was used");
    client.send("5|1").await;
    let frames = client.until(|f| f[0] == "53").await;
    let open = frames.iter().find(|f| f[0] == "5").unwrap();
    assert_eq!(open[23], "after");
    fault(
        &mock,
        json!({ "kind": "status", "status": 321, "path": "MarketRule", "body": "not now" }),
    );
    client.send("91|26").await;
    assert_eq!(client.error(321).await.1, "not now");
}

#[tokio::test]
async fn runs_on_a_clock_of_its_own() {
    let mock = serve(Settings { start: "2013-10-07T14:00:00Z".into(), ..quiet() }).await.unwrap();
    let mut client = TextClient::connect(&mock, 1).await;
    client.send("49|1").await;
    assert_eq!(client.read().await.unwrap()[2], "1381154400");
    control(&mock, "POST", "/_mock/clock", r#"{"advance_secs":3600}"#).await;
    client.send("49|1").await;
    assert_eq!(client.read().await.unwrap()[2], (1_381_154_400 + 3_600).to_string());
    mock.kit().clock().advance(-SECOND);
    assert!(client.is_alive().await);
}
