//! The WebSockets: logins, subscriptions, data, errors, and the load generator.
#![allow(clippy::unwrap_used)]

mod client;

use alpaca_mock::{Frames, Replay, Settings, Speed};
use client::{assert_shape, fixture, fixture_text, frozen, keys, start, unpack};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn order_updates_tell_the_whole_story() {
    let mock = start(frozen()).await;
    let mut stream = mock.order_stream().await;
    let order = mock.order(json!({"symbol": "IBM", "qty": "1000"})).await;
    let updates = stream.updates_until("fill").await;
    let events: Vec<&str> = updates.iter().map(|u| u["event"].as_str().unwrap()).collect();
    assert_eq!((events[0], events[events.len() - 1]), ("new", "fill"));
    assert!(events[1..events.len() - 1].iter().all(|event| *event == "partial_fill"));
    let sample = fixture("trade-updates-fill.json");
    let last = updates.last().unwrap();
    assert_shape(last, &sample["data"], &[]);
    let named = ["expires_at", "position_intent", "source", "subtag"];
    assert_shape(&last["order"], &sample["data"]["order"], &named);
    assert_eq!((&last["order"]["id"], &last["position_qty"]), (&order["id"], &json!("1000")));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert!(text(&last["order"]["created_at"]).ends_with("-04:00"));
    assert!(text(&last["order"]["filled_at"]).ends_with('Z'));
    // What was told adds up to what is booked.
    let rows = mock.get("/v2/account/activities/FILL?direction=asc").await.json();
    let told = updates.iter().filter(|update| update["price"].is_string());
    let pairs = |row: &Value| (text(&row["price"]), text(&row["qty"]));
    assert_eq!(
        told.map(pairs).collect::<Vec<_>>(),
        rows.as_array().unwrap().iter().map(pairs).collect::<Vec<_>>()
    );

    let resting = json!({"symbol": "IBM", "qty": 1, "type": "limit", "limit_price": "100"});
    let resting = mock.order(resting).await;
    let path = format!("/v2/orders/{}", text(&resting["id"]));
    let replaced = mock.patch(&path, json!({"limit_price": "99"})).await.json();
    mock.delete(&format!("/v2/orders/{}", text(&replaced["id"]))).await;
    let updates = stream.updates_until("canceled").await;
    let events: Vec<&str> = updates.iter().map(|u| u["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["new", "replaced", "new", "canceled"]);
    assert_eq!(updates[1]["order"]["replaced_by"], replaced["id"]);
}

#[tokio::test]
async fn order_streams_let_in_whom_they_should() {
    let mock = start(frozen()).await;
    for (login, status) in [
        (
            json!({"action": "authenticate",
                   "data": {"key_id": "test-key", "secret_key": "test-secret"}}),
            "authorized",
        ),
        (json!({"action": "authenticate", "data": {"oauth_token": "test-token"}}), "authorized"),
        (json!({"action": "auth", "key": "test-key", "secret": "test-secret"}), "authorized"),
        (json!({"action": "auth", "key": "test-key", "secret": "wrong"}), "unauthorized"),
        (json!({"action": "authenticate", "data": {}}), "unauthorized"),
    ] {
        let mut stream = mock.stream("trading_stream").await;
        let listen = json!({"action": "listen", "data": {"streams": ["trade_updates"]}});
        stream.say(listen.clone()).await;
        let early = json!({"status": "unauthorized", "action": "listen"});
        let early = json!({"stream": "authorization", "data": early});
        assert_eq!(stream.next().await, early);
        stream.say(login.clone()).await;
        let raw = stream.next_raw().await.unwrap();
        assert!(raw.is_binary(), "paper sends its JSON in binary frames");
        let answer: Value = serde_json::from_slice(&raw.into_data()).unwrap();
        assert_eq!(
            answer,
            json!({"stream": "authorization",
                   "data": {"status": status, "action": "authenticate"}}),
            "{login}"
        );
        if status == "unauthorized" {
            assert!(stream.closed().await);
            continue;
        }
        stream
            .say(json!({"action": "listen", "data": {"streams": ["trade_updates", "weather"]}}))
            .await;
        assert_eq!(
            stream.next().await,
            json!({"stream": "listening", "data": {"streams": ["trade_updates"]}})
        );
        stream.say(json!({"action": "listen", "data": {"streams": []}})).await;
        assert_eq!(stream.next().await, json!({"stream": "listening", "data": {"streams": []}}));
    }
}

#[tokio::test]
async fn order_frames_can_be_text_or_message_pack() {
    let mut settings = frozen();
    settings.streams.order_frames = Frames::Text;
    let mock = start(settings).await;
    let login = json!({"action": "auth", "key": "test-key", "secret": "test-secret"});
    let mut stream = mock.stream("trading_stream").await;
    stream.say(login.clone()).await;
    assert!(stream.next_raw().await.unwrap().is_text());
    let mut packed = mock.open("trading_stream", true).await;
    packed.say(login).await;
    assert_eq!(packed.next().await["data"]["status"], "authorized");
}

#[tokio::test]
async fn order_updates_can_go_wrong() {
    let mock = start(frozen()).await;
    let mut stream = mock.order_stream().await;
    mock.fault(json!({"kind": "drop_frames", "stream": "orders"})).await;
    mock.fault(json!({"kind": "duplicate_update", "skip": 1})).await;
    mock.order(json!({"symbol": "BAC", "qty": 10})).await;
    let first = stream.updates_until("fill").await;
    assert_eq!(first.len(), 1, "the first update was dropped");
    assert_eq!(stream.updates_until("fill").await, first, "the second came twice");
    mock.fault(json!({"kind": "unknown_status", "stream": "orders"})).await;
    mock.order(json!({"symbol": "BAC", "qty": 10})).await;
    assert_eq!(stream.updates_until("new").await[0]["order"]["status"], "held_for_review");
    mock.fault(json!({"kind": "disconnect", "stream": "orders"})).await;
    mock.order(json!({"symbol": "BAC", "qty": 10})).await;
    stream.updates_until("fill").await;
    assert!(stream.closed().await);
    mock.fault(json!({"kind": "refuse_login", "stream": "orders"})).await;
    let mut stream = mock.stream("trading_stream").await;
    stream.say(json!({"action": "auth", "key": "test-key", "secret": "test-secret"})).await;
    assert_eq!(stream.next().await["data"]["status"], "unauthorized");
}

#[tokio::test]
async fn market_data_is_what_rest_says_it_was() {
    let mock = start(frozen()).await;
    let mut stream = mock.data_stream(false).await;
    let trades = ["BAC", "IBM"];
    let request =
        json!({"action": "subscribe", "trades": trades, "quotes": ["BAC"], "bars": ["*"]});
    stream.say(request).await;
    let list = stream.next().await;
    assert_eq!(list[0]["corrections"], json!(["BAC", "IBM"]));
    mock.advance(120.0).await;
    // News of a bar comes when its minute is over; the last one ends the wait.
    let mut points: Vec<Value> = Vec::new();
    let done = |points: &[Value]| {
        let bar = |point: &&Value| point["T"] == "b" && point["t"] == "2013-10-07T13:32:00Z";
        points.iter().filter(bar).count() == 4
    };
    while !done(&points) {
        points.extend(stream.next().await.as_array().unwrap().clone());
    }
    let of = |kind: &str, symbol: &str| -> Vec<Value> {
        let mine = points.iter().filter(|point| point["T"] == kind && point["S"] == symbol);
        mine.map(|point| {
            let mut point = point.clone();
            for name in ["T", "S"] {
                point.as_object_mut().unwrap().remove(name);
            }
            point
        })
        .collect()
    };
    let range = "start=2013-10-07T13:31:00.000000001Z&end=2013-10-07T13:33:00Z&limit=10000";
    for (kind, name, symbol) in
        [("t", "trades", "BAC"), ("t", "trades", "IBM"), ("q", "quotes", "BAC")]
    {
        let history = mock.get(&format!("/v2/stocks/{symbol}/{name}?{range}")).await.json();
        let streamed = of(kind, symbol);
        assert!(streamed.len() > 20, "{symbol} has {} {name}", streamed.len());
        assert_eq!(history[name].as_array().unwrap(), &streamed, "{name} of {symbol}");
    }
    let bars = "/v2/stocks/bars?symbols=AIG,BAC,IBM,SPY&timeframe=1Min\
                &start=2013-10-07T13:31:00Z&end=2013-10-07T13:32:00Z";
    let history = mock.get(bars).await.json();
    for symbol in ["AIG", "BAC", "IBM", "SPY"] {
        assert_eq!(history["bars"][symbol], Value::from(of("b", symbol)), "bars of {symbol}");
    }
    for (line, kind) in fixture_text("data-stream-messages.ndjson").lines().zip(["t", "q", "b"]) {
        let sample: Value = serde_json::from_str(line).unwrap();
        let ours = points.iter().find(|point| point["T"] == kind).unwrap();
        assert_shape(ours, &sample, &["n", "vw"]);
    }
}

#[tokio::test]
async fn options_have_a_stream_of_their_own() {
    let mock = start(frozen()).await;
    let mut stream = mock.open("option_stream", true).await;
    assert_eq!(stream.next().await, json!([{"T": "success", "msg": "connected"}]));
    stream.say(json!({"action": "auth", "key": mock.key, "secret": mock.secret})).await;
    assert_eq!(stream.next().await, json!([{"T": "success", "msg": "authenticated"}]));
    for (quotes, code) in [(json!(["*"]), 413), (json!("SPY131018C00170000"), 400)] {
        stream.say(json!({"action": "subscribe", "quotes": quotes})).await;
        assert_eq!(stream.next().await[0]["code"], code);
    }
    stream.say(json!({"action": "subscribe", "bars": ["*"]})).await;
    assert_eq!(stream.next().await[0]["code"], 410);
    let quotes = ["SPY131018C00170000"];
    stream.say(json!({"action": "subscribe", "trades": ["*"], "quotes": quotes})).await;
    let list = json!([{"T": "subscription", "trades": ["*"], "quotes": quotes}]);
    assert_eq!(stream.next().await, list);
}

#[tokio::test]
async fn bars_come_again_when_they_were_wrong() {
    let mock = start(frozen()).await;
    let mut stream = mock.data_stream(false).await;
    let symbols = ["BAC"];
    stream
        .say(json!({"action": "subscribe", "bars": symbols, "updatedBars": symbols,
                    "dailyBars": symbols}))
        .await;
    stream.next().await;
    mock.advance(600.0).await;
    let (mut bars, mut updated, mut daily) = (Vec::new(), Vec::new(), Vec::new());
    while updated.is_empty() {
        for point in stream.next().await.as_array().unwrap() {
            match point["T"].as_str().unwrap() {
                "b" => bars.push(point.clone()),
                "u" => updated.push(point.clone()),
                _ => daily.push(point.clone()),
            }
        }
    }
    let wrong = bars.iter().find(|bar| bar["t"] == updated[0]["t"]).unwrap();
    assert!(wrong["v"].as_u64() < updated[0]["v"].as_u64());
    assert_eq!(daily[0]["t"], "2013-10-07T04:00:00Z");
    let volumes: Vec<u64> = daily.iter().map(|bar| bar["v"].as_u64().unwrap()).collect();
    assert!(volumes.is_sorted() && volumes.len() == bars.len());
}

#[tokio::test]
async fn rare_messages_can_be_had_on_demand() {
    let mock = start(frozen()).await;
    let mut stream = mock.data_stream(false).await;
    stream.say(json!({"action": "subscribe", "trades": ["BAC"], "statuses": ["*"]})).await;
    stream.next().await;
    let halt: Value =
        serde_json::from_str(fixture_text("data-stream-messages.ndjson").lines().last().unwrap())
            .unwrap();
    let cancel = json!({"T": "x", "S": "BAC", "i": 7, "x": "N", "p": 13.9, "s": 100, "a": "C",
                        "t": "2013-10-07T13:31:00Z", "z": "A"});
    let other = json!({"T": "c", "S": "IBM", "oi": 1});
    let answer = mock.post("/_mock/points", json!([halt, cancel, other])).await.json();
    assert_eq!(answer, json!({"delivered": 2}));
    assert_eq!(stream.next().await, json!([halt, cancel]));
    assert_eq!(mock.post("/_mock/points", json!([{"T": "?", "S": "BAC"}])).await.status, 400);
}

#[tokio::test]
async fn data_streams_refuse_with_their_codes() {
    let mut settings = frozen();
    settings.streams.symbols = Some(3);
    settings.streams.login_secs = 1;
    settings.accounts[0].feeds = vec!["iex".into(), "news".into()];
    let mock = start(settings).await;
    let known: Vec<Value> = fixture_text("data-stream-control-messages.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let error = |code: u16| {
        let found = known.iter().find(|message| message[0]["code"] == code);
        found.cloned().unwrap_or_else(|| {
            json!([{"T": "error", "code": code, "msg": "invalid subscribe action for this feed"}])
        })
    };
    let mut stream = mock.stream("stream").await;
    stream.next().await;
    stream.say_raw(Message::text("{nonsense")).await;
    assert_eq!(stream.next().await, error(400));
    stream.say(json!({"action": "subscribe", "trades": ["BAC"]})).await;
    assert_eq!(stream.next().await, error(401));
    stream.say(json!({"action": "auth", "key": "test-key", "secret": "wrong"})).await;
    assert_eq!(stream.next().await, error(402));
    assert!(stream.closed().await);

    let mut silent = mock.stream("stream").await;
    silent.next().await;
    assert_eq!(silent.next().await, error(404));

    let mut stream = mock.data_stream(false).await;
    for (request, code) in [
        (json!({"action": "auth", "key": "test-key", "secret": "test-secret"}), 403),
        (json!({"action": "subscribe", "trades": "BAC"}), 400),
        (json!({"action": "dance"}), 400),
        (json!({"action": "subscribe", "trades": ["A", "B"], "quotes": ["A", "B"]}), 405),
        (json!({"action": "subscribe", "orderbooks": ["BTC/USD"]}), 410),
    ] {
        stream.say(request).await;
        assert_eq!(stream.next().await, error(code));
    }
    let mut second = mock.stream("stream").await;
    second.next().await;
    second.say(json!({"action": "auth", "key": "test-key", "secret": "test-secret"})).await;
    assert_eq!(second.next().await, error(406));
    let mut crypto = mock.stream("crypto_stream").await;
    crypto.next().await;
    crypto.say(json!({"action": "auth", "key": "test-key", "secret": "test-secret"})).await;
    assert_eq!(crypto.next().await, error(409));
}

#[tokio::test]
async fn news_is_told_to_those_who_follow_it() {
    let mock = start(frozen()).await;
    let mut stream = mock.stream("news_stream").await;
    stream.next().await;
    stream.say(json!({"action": "auth", "key": "test-key", "secret": "test-secret"})).await;
    stream.next().await;
    stream.say(json!({"action": "subscribe", "news": ["IBM"]})).await;
    assert_eq!(stream.next().await, json!([{"T": "subscription", "news": ["IBM"]}]));
    mock.advance(1800.0).await;
    let item = stream.next().await[0].take();
    assert_shape(&item, &fixture("news-stream-message.json"), &[]);
    assert!(item["symbols"].as_array().unwrap().contains(&json!("IBM")));
    let id = &item["id"];
    let history = mock.get("/v1beta1/news?symbols=IBM&include_content=true&limit=50").await.json();
    let mut same = history["news"].as_array().unwrap().iter().filter(|item| item["id"] == *id);
    assert_eq!(same.next().unwrap()["content"], item["content"]);
}

#[tokio::test]
async fn message_pack_has_the_layout_of_the_sample() {
    let mock = start(frozen()).await;
    let mut stream = mock.data_stream(true).await;
    stream
        .say(json!({"action": "subscribe", "trades": ["BAC"], "quotes": ["BAC"], "bars": ["BAC"]}))
        .await;
    stream.next().await;
    mock.advance(60.0).await;
    let samples: Vec<Value> = fixture_text("data-stream-msgpack.hex.txt")
        .lines()
        .map(|line| {
            let byte = |place: usize| u8::from_str_radix(&line[place..place + 2], 16).unwrap();
            unpack(&(0..line.len()).step_by(2).map(byte).collect::<Vec<_>>())
        })
        .collect();
    let samples: Vec<&Value> = samples.iter().flat_map(|frame| frame.as_array().unwrap()).collect();
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 3 {
        for point in stream.next().await.as_array().unwrap() {
            let sample = samples.iter().find(|sample| sample["T"] == point["T"]).unwrap();
            assert_eq!(keys(point), keys(sample));
            assert!(point["t"]["timestamp"].is_array());
            seen.insert(point["T"].to_string());
        }
    }
}

#[tokio::test]
async fn the_load_generator_sends_every_message_once() {
    let start_time = "2013-10-07T08:00:00Z".to_owned();
    let replay = Replay { batch: 50, loops: 2 };
    let settings = Settings { speed: Speed::Max, start: start_time, replay, ..frozen() };
    let mock = start(settings).await;
    let mut stream = mock.data_stream(false).await;
    stream.say(json!({"action": "subscribe", "trades": ["AIG"], "quotes": ["AIG"]})).await;
    stream.next().await;
    let (mut trades, mut quotes) = (Vec::new(), 0_u64);
    let mut batches = Vec::new();
    loop {
        let sent = &mock.get("/_mock/replay").await.json()["feeds"]["iex"];
        let all = sent["trades"].as_u64().unwrap() + sent["quotes"].as_u64().unwrap();
        if sent["done"] == true && all == trades.len() as u64 + quotes {
            break;
        }
        let frame = stream.next().await;
        batches.push(frame.as_array().unwrap().len());
        for point in frame.as_array().unwrap() {
            match point["T"].as_str().unwrap() {
                "t" => trades.push((point["t"].to_string(), point["i"].as_u64().unwrap())),
                _ => quotes += 1,
            }
        }
    }
    let (first, second) = trades.split_at(trades.len() / 2);
    assert!(first[0].0.contains("2013-10-07") && second[0].0.contains("2013-10-08"));
    let ids = |trades: &[(String, u64)]| trades.iter().map(|(_, id)| *id).collect::<Vec<_>>();
    assert_eq!(ids(first), ids(second));
    assert_eq!(ids(first), (1..=first.len() as u64).collect::<Vec<_>>());
    assert!(batches[..batches.len() - 1].iter().all(|length| *length == 50));
}

#[tokio::test]
async fn the_test_feed_has_its_one_symbol() {
    let mock = start(frozen()).await;
    let url = mock.running.urls()["stream"].replace("/v2/iex", "/v2/test");
    let (socket, _) = tokio_tungstenite::connect_async(url.as_str()).await.unwrap();
    let mut stream = client::Socket::new(socket);
    stream.next().await;
    stream.say(json!({"action": "auth", "key": "test-key", "secret": "test-secret"})).await;
    stream.next().await;
    stream.say(json!({"action": "subscribe", "trades": ["*"]})).await;
    stream.next().await;
    mock.advance(10.0).await;
    assert_eq!(stream.next().await[0]["S"], "FAKEPACA");
}
