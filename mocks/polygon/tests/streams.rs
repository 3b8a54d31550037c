//! The WebSocket clusters: what is said, in which order, and that history knows the same.

#![allow(clippy::unwrap_used)]

mod client;

use std::collections::{BTreeMap, BTreeSet};

use client::{Mock, Socket, frozen, number, of, start, status};
use polygon_mock::{Key, Plan, Replay, Settings, Speed};
use serde_json::{Value, json};

fn sequences(messages: &[Value], kind: &str, symbol: &str) -> Vec<i64> {
    let of = of(messages, kind).into_iter().filter(|message| message["sym"] == symbol);
    of.map(|message| number(message, "q")).collect()
}

fn rises_by_one(numbers: &[i64]) -> bool {
    numbers.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

#[tokio::test]
async fn logs_in_and_out_as_the_vendor_does() {
    let mut settings = frozen();
    settings.streams.login_secs = 1;
    let mock = start(settings).await;
    let mut socket = mock.open("stocks").await;
    socket.say(json!({"action": "subscribe", "params": "T.BAC"})).await;
    assert_eq!(socket.next().await, status("error", "not authorized"));
    socket.say(json!({"action": "auth", "params": "wrong"})).await;
    assert_eq!(socket.next().await, status("auth_failed", "authentication failed"));
    assert_eq!(socket.goodbye().await, Some(1008));

    let mut silent = mock.open("stocks").await;
    let late = status("auth_timeout", "No authentication request received.");
    assert_eq!(silent.next().await, late);
    assert!(silent.goodbye().await.is_some());

    mock.fault(json!({"kind": "refuse_login"})).await;
    let mut refused = mock.open("stocks").await;
    refused.say(json!({"action": "auth", "params": "test-key"})).await;
    assert_eq!(refused.next().await, status("auth_failed", "authentication failed"));
    let mut welcome = mock.stream("stocks").await;
    welcome.say(json!({"action": "auth", "params": "test-key"})).await;
    assert_eq!(welcome.next().await, status("auth_success", "authenticated"));

    let asked = mock.get("/_mock/requests").await;
    assert!(!asked.text().contains("test-key"), "keys are masked: {}", asked.text());
}

#[tokio::test]
async fn answers_each_topic_as_the_vendor_does() {
    let mock = start(frozen()).await;
    let mut socket = mock.stream("stocks").await;
    let said = "T.BAC,T.BAC,ZZ.BAC,T.BRK.B, Q.* ,nonsense,T.NOSUCH";
    socket.say(json!({"action": "subscribe", "params": said})).await;
    for topic in ["T.BAC", "T.BRK.B", "Q.*", "T.NOSUCH"] {
        let confirmed = status("success", &format!("subscribed to: {topic}"));
        assert_eq!(socket.next().await, confirmed);
    }
    socket.say(json!({"action": "unsubscribe", "params": "T.BRK.B,T.IBM,Q.*"})).await;
    for topic in ["T.BRK.B", "Q.*"] {
        let confirmed = status("success", &format!("unsubscribed to: {topic}"));
        assert_eq!(socket.next().await, confirmed);
    }
    socket.say(json!({"action": "dance"})).await;
    assert_eq!(socket.next().await[0]["status"], "error");
    mock.advance(30.0).await;
    let messages = socket.take(50).await;
    assert!(messages.iter().all(|message| message["ev"] == "T" && message["sym"] == "BAC"));

    let mut forex = mock.stream("forex").await;
    forex.say(json!({"action": "subscribe", "params": "C.EUR-USD,C.EUR/USD"})).await;
    assert_eq!(forex.next().await, status("success", "subscribed to: C.EUR/USD"));
    mock.advance(5.0).await;
    assert!(forex.take(3).await.iter().all(|quote| quote["p"] == "EUR/USD"));
}

#[tokio::test]
async fn a_plan_s_gaps_do_not_name_the_topic() {
    let keys = [("test-key", Plan::Starter), ("poor", Plan::Basic)];
    let keys = keys.map(|(key, plan)| Key { key: key.into(), plan, requests_per_minute: None });
    let mock = start(Settings { keys: keys.into(), ..frozen() }).await;
    let mut socket = mock.stream("stocks").await;
    socket.say(json!({"action": "subscribe", "params": "T.BAC,AM.BAC"})).await;
    assert_eq!(socket.next().await, status("error", "not authorized"));
    assert_eq!(socket.next().await, status("success", "subscribed to: AM.BAC"));
    // A quarter of an hour late.
    mock.advance(14.5 * 60.0).await;
    let due = 1_381_152_630_000;
    let first = socket.until("AM").await;
    assert!(first.iter().all(|bar| number(bar, "e") <= due), "{first:?}");
    mock.advance(30.0).await;
    while socket.until("AM").await.iter().all(|bar| number(bar, "e") <= due) {}
}

#[tokio::test]
async fn streams_and_history_tell_the_same() {
    let mock = start(frozen()).await;
    let topics = ["T.BAC", "Q.BAC", "A.BAC", "AM.BAC", "T.AAPL"];
    let mut socket = mock.follow("stocks", &topics).await;
    mock.advance(150.0).await;
    let mut messages = Vec::new();
    while of(&messages, "AM").len() < 2 {
        messages.extend(socket.take(1).await);
    }
    for symbol in ["BAC", "AAPL"] {
        let told = of(&messages, "T").into_iter().filter(|trade| trade["sym"] == symbol);
        let told: Vec<&Value> = told.collect();
        let numbers = sequences(&messages, "T", symbol);
        assert!(numbers.len() > 30 && rises_by_one(&numbers), "{symbol}");
        let from = number(told[0], "t") * 1_000_000;
        let path = format!("/v3/trades/{symbol}?timestamp.gte={from}&order=asc&limit=50000");
        let rows = mock.get(&path).await.results();
        let rows: BTreeMap<i64, &Value> =
            rows.iter().map(|row| (number(row, "sequence_number"), row)).collect();
        for trade in told {
            let row = rows[&number(trade, "q")];
            for (ours, theirs) in [
                ("p", "price"),
                ("s", "size"),
                ("i", "id"),
                ("x", "exchange"),
                ("z", "tape"),
                ("c", "conditions"),
            ] {
                assert_eq!(trade[ours], row[theirs], "{trade} and {row}");
            }
            for (ours, theirs) in
                [("t", "sip_timestamp"), ("pt", "participant_timestamp"), ("trft", "trf_timestamp")]
            {
                let theirs = row[theirs].as_i64().map(|ns| ns / 1_000_000);
                assert_eq!(trade[ours].as_i64(), theirs, "{trade} and {row}");
            }
        }
    }
    let numbers = sequences(&messages, "Q", "BAC");
    assert!(rises_by_one(&numbers) && numbers.len() > 50);
    let quotes = mock.get("/v3/quotes/BAC?order=asc&limit=50000").await.results();
    for quote in of(&messages, "Q") {
        let row = &quotes[usize::try_from(number(quote, "q") - 1).unwrap()];
        for (ours, theirs) in [
            ("bp", "bid_price"),
            ("bs", "bid_size"),
            ("bx", "bid_exchange"),
            ("ap", "ask_price"),
            ("as", "ask_size"),
            ("ax", "ask_exchange"),
            ("q", "sequence_number"),
            ("i", "indicators"),
        ] {
            assert_eq!(quote[ours], row[theirs], "{quote} and {row}");
        }
    }
    for (kind, timespan) in [("A", "second"), ("AM", "minute")] {
        let path =
            format!("/v2/aggs/ticker/BAC/range/1/{timespan}/2013-10-07/2013-10-07?limit=50000");
        let rows = mock.get(&path).await.results();
        let rows: BTreeMap<i64, &Value> = rows.iter().map(|row| (number(row, "t"), row)).collect();
        for bar in of(&messages, kind) {
            let row = rows[&number(bar, "s")];
            for name in ["o", "h", "l", "c", "vw"] {
                assert_eq!(bar[name], row[name], "{bar} and {row}");
            }
            assert_eq!(bar["v"].as_f64(), row["v"].as_f64(), "{bar} and {row}");
        }
    }
}

#[tokio::test]
async fn a_lost_frame_is_a_hole_that_history_fills() {
    let mock = start(frozen()).await;
    let mut socket = mock.follow("stocks", &["T.BAC"]).await;
    mock.advance(5.0).await;
    let mut messages = socket.take(1).await;
    mock.fault(json!({"kind": "drop_frames", "stream": "stocks", "next": 1})).await;
    while mock.get("/_mock/faults").await.json()["pending"] != json!([]) {
        mock.advance(1.0).await;
    }
    while rises_by_one(&sequences(&messages, "T", "BAC")) {
        mock.advance(5.0).await;
        messages.extend(socket.take(1).await);
    }
    let numbers = sequences(&messages, "T", "BAC");
    let hole = numbers.windows(2).find(|pair| pair[1] > pair[0] + 1).unwrap();
    let rows = mock.get("/v3/trades/BAC?order=asc&limit=50000").await.results();
    let known: BTreeSet<i64> = rows.iter().map(|row| number(row, "sequence_number")).collect();
    assert!((hole[0]..=hole[1]).all(|number| known.contains(&number)));
}

#[tokio::test]
async fn the_older_of_two_connections_has_to_go() {
    let mock = start(frozen()).await;
    let mut first = mock.follow("stocks", &["T.BAC"]).await;
    let mut other_cluster = mock.stream("crypto").await;
    let mut second = mock.stream("stocks").await;
    let told = first.next().await;
    assert_eq!(told[0]["status"], "max_connections");
    assert!(told[0]["message"].as_str().unwrap().starts_with("Maximum number of websocket"));
    assert_eq!(first.goodbye().await, Some(1008));
    second.say(json!({"action": "subscribe", "params": "T.BAC"})).await;
    assert_eq!(second.next().await[0]["status"], "success");
    other_cluster.say(json!({"action": "subscribe", "params": "XT.*"})).await;
    assert_eq!(other_cluster.next().await[0]["status"], "success");

    let mut settings = frozen();
    settings.streams.refuse_newcomer = true;
    let mock = start(settings).await;
    let _first = mock.stream("stocks").await;
    let mut second = mock.open("stocks").await;
    second.say(json!({"action": "auth", "params": "test-key"})).await;
    assert_eq!(second.next().await[0]["status"], "max_connections");
    assert_eq!(second.goodbye().await, Some(1008));
}

#[tokio::test]
async fn a_clock_set_back_tells_again() {
    let mock = start(frozen()).await;
    let mut socket = mock.follow("stocks", &["T.BAC"]).await;
    mock.advance(2.0).await;
    let first = socket.take(1).await;
    mock.post("/_mock/clock", json!({"now": "2013-10-07T13:31:00Z"})).await;
    mock.advance(2.0).await;
    let numbers = loop {
        let again = socket.take(1).await;
        if again.iter().any(|trade| trade["q"] == first[0]["q"]) {
            break again;
        }
    };
    assert!(!numbers.is_empty());
}

/// So that an evening in New York is not tomorrow.
const FIVE_HOURS: i64 = 5 * 3_600_000;

fn fast(replay: Replay) -> Settings {
    let start = "2013-10-07T20:30:00Z".to_owned();
    Settings { speed: Speed::Max, start, replay, ..Settings::default() }
}

/// All messages until the generator has nothing more to send.
async fn everything(mock: &Mock, socket: &mut Socket) -> Vec<Value> {
    let mut messages = Vec::new();
    loop {
        let report = mock.get("/_mock/replay").await.json();
        let sent = &report["clusters"]["stocks"];
        let total = sent["messages"].as_u64().unwrap_or(0);
        if sent["done"] == true && messages.len() as u64 >= total {
            return messages;
        }
        if (messages.len() as u64) < total {
            messages.extend(socket.take(1).await);
        }
        if messages.len().is_multiple_of(7) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn laps_have_new_numbers_that_history_knows() {
    let replay = Replay { batch: 500, loops: 3, ..Replay::default() };
    let mock = start(fast(replay)).await;
    let mut socket = mock.follow("stocks", &["T.AIG", "Q.AIG"]).await;
    let messages = everything(&mock, &mut socket).await;
    for (kind, path) in [("T", "trades"), ("Q", "quotes")] {
        let numbers = sequences(&messages, kind, "AIG");
        assert!(numbers.len() > 500 && rises_by_one(&numbers), "{kind}: {}", numbers.len());
        let times: Vec<i64> = of(&messages, kind).iter().map(|one| number(one, "t")).collect();
        assert!(times.is_sorted());
        let days: BTreeSet<i64> =
            times.iter().map(|time| (time - FIVE_HOURS) / 86_400_000).collect();
        assert_eq!(days.len(), 3, "three sessions");
        let (rows, pages) = mock.pages(&format!("/v3/{path}/AIG?order=asc&limit=400")).await;
        assert!(pages > 2);
        let known: BTreeMap<i64, i64> = rows
            .iter()
            .map(|row| (number(row, "sequence_number"), number(row, "sip_timestamp") / 1_000_000))
            .collect();
        assert_eq!(known.len(), rows.len(), "no number twice");
        for message in of(&messages, kind) {
            assert_eq!(known[&number(message, "q")], number(message, "t"), "{message}");
        }
    }
    let ids: BTreeSet<&str> =
        of(&messages, "T").iter().map(|trade| trade["i"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), of(&messages, "T").len(), "no id twice");
}

#[tokio::test]
async fn numbers_may_have_holes_without_a_loss() {
    let mut settings = frozen();
    settings.replay.sequence_holes = 10;
    let mock = start(settings).await;
    let mut socket = mock.follow("stocks", &["T.BAC"]).await;
    mock.advance(20.0).await;
    let told = socket.take(50).await;
    let told = sequences(&told, "T", "BAC");
    assert!(!rises_by_one(&told) && told.is_sorted());
    let rows = mock.get("/v3/trades/BAC?order=asc&limit=50000").await.results();
    let known: Vec<i64> = rows.iter().map(|row| number(row, "sequence_number")).collect();
    let from = known.iter().position(|number| *number == told[0]).unwrap();
    assert_eq!(known[from..from + told.len()], told);
}

#[tokio::test]
async fn load_symbols_trade_as_the_real_ones_do() {
    let replay = Replay { batch: 1_000, loops: 1, load_symbols: 50, ..Replay::default() };
    let mock = start(fast(replay)).await;
    let mut socket = mock.follow("stocks", &["T.*", "AM.*"]).await;
    let messages = everything(&mock, &mut socket).await;
    let symbols: BTreeSet<&str> =
        messages.iter().map(|message| message["sym"].as_str().unwrap()).collect();
    assert!(symbols.contains("LOAD0001") && symbols.contains("LOAD0050") && symbols.len() == 55);
    for symbol in ["LOAD0001", "LOAD0007", "LOAD0050"] {
        let numbers = sequences(&messages, "T", symbol);
        assert!(rises_by_one(&numbers) && !numbers.is_empty(), "{symbol}");
        let path = format!("/v3/trades/{symbol}?order=asc&limit=50000");
        let rows = mock.get(&path).await.results();
        let known: BTreeSet<i64> = rows.iter().map(|row| number(row, "sequence_number")).collect();
        assert!(numbers.iter().all(|number| known.contains(number)), "{symbol}");
    }
    let listed = mock.get("/v3/reference/tickers?search=load%20test&limit=1000").await.results();
    assert_eq!(listed.len(), 50);
    let bars = mock.get("/v2/aggs/ticker/LOAD0003/range/1/minute/2013-10-07/2013-10-07").await;
    assert!(!bars.results().is_empty());
    assert_eq!(
        mock.get("/v2/snapshot/locale/us/markets/stocks/tickers/LOAD0003").await.status,
        200
    );
}

#[tokio::test]
async fn messages_by_hand_reach_those_who_follow_them() {
    let mock = start(frozen()).await;
    let mut socket = mock.follow("stocks", &["T.BAC"]).await;
    let odd = json!({"ev": "T", "sym": "BAC", "x": 4, "i": 7, "p": 13.9, "s": 0, "ds": "0.0015"});
    let other = json!({"ev": "T", "sym": "IBM", "p": 1});
    mock.post("/_mock/points", json!({"messages": [other, odd]})).await;
    assert_eq!(socket.next().await, json!([odd]));
    let refused = mock.send("POST", "/_mock/points", &[], "{\"messages\":[{}]}").await.unwrap();
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_let_go() {
    let mut settings = frozen();
    settings.streams.slow_secs = 1;
    settings.replay.load_symbols = 2_000;
    let mock = start(settings).await;
    let mut socket = mock.follow("stocks", &["T.*", "Q.*"]).await;
    let joined = mock.get("/_mock/streams").await.json();
    assert_eq!(joined["clients"].as_array().unwrap().len(), 1);
    mock.advance(120.0).await;
    let deadline = std::time::Instant::now() + client::PATIENCE;
    loop {
        let clients = mock.get("/_mock/streams").await.json();
        if clients["clients"].as_array().unwrap().is_empty() {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "still there");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // What was on its way arrives, then the connection is over.
    while socket.next_raw().await.is_some() {}
}

#[tokio::test]
async fn faults_meet_the_streams() {
    let mock = start(frozen()).await;
    for (kind, survives) in [("garbage", true), ("disconnect", false), ("reset", false)] {
        let mut socket = mock.follow("stocks", &["T.BAC"]).await;
        mock.fault(json!({"kind": kind, "stream": "stocks"})).await;
        mock.advance(3.0).await;
        let message = socket.next_raw().await;
        assert_eq!(message.is_some(), survives, "{kind}");
        if let Some(message) = message {
            assert!(serde_json::from_slice::<Value>(&message.into_data()).is_err());
        }
    }
}
