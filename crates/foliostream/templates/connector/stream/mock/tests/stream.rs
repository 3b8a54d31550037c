//! The mock as its documentation has it, asked over plain sockets.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use {{name}}_mock::{Running, Settings};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

const SOON: Duration = Duration::from_secs(5);

async fn start(settings: Value) -> Running {
    let settings: Settings = serde_json::from_value(settings).unwrap();
    {{name}}_mock::serve(settings).await.unwrap()
}

async fn open(mock: &Running) -> Socket {
    connect_async(&mock.urls()["stream"]).await.unwrap().0
}

/// The next message; nothing at the end.
async fn hear(socket: &mut Socket) -> Option<Value> {
    loop {
        match timeout(SOON, socket.next()).await.unwrap()?.ok()? {
            Message::Text(text) => return serde_json::from_str(&text).ok(),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

async fn ask(socket: &mut Socket, message: Value) -> Value {
    socket.send(Message::text(message.to_string())).await.unwrap();
    hear(socket).await.unwrap()
}

async fn login(socket: &mut Socket, key: &str) -> Value {
    ask(socket, json!({ "action": "login", "key": key })).await
}

fn get(mock: &Running, path: &str, key: &str) -> (u16, Value) {
    let mut connection = TcpStream::connect(&mock.urls()["rest"]["http://".len()..]).unwrap();
    write!(connection, "GET {path} HTTP/1.0\r\nx-api-key: {key}\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

fn ids(trades: &Value) -> Vec<u64> {
    let trades = trades["trades"].as_array().unwrap();
    trades.iter().map(|trade| trade["id"].as_u64().unwrap()).collect()
}

fn advance(mock: &Running, secs: i64) {
    mock.kit().clock().advance(secs * 1_000_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn trades_come_as_they_happen_and_are_remembered() {
    let mock = start(json!({ "speed": 0, "trades": 2 })).await;
    let mut socket = open(&mock).await;
    assert_eq!(login(&mut socket, "test-key").await, json!({ "type": "welcome" }));
    let symbols = json!(["BAC", "IBM"]);
    let said = ask(&mut socket, json!({ "action": "subscribe", "symbols": symbols })).await;
    assert_eq!(said, json!({ "type": "subscribed", "symbols": symbols }));
    advance(&mock, 8);
    let frame = hear(&mut socket).await.unwrap();
    assert_eq!((&frame["type"], ids(&frame)), (&json!("trades"), vec![4, 5, 8, 9]));
    assert_eq!(frame["trades"][0]["time"], "2013-10-08T14:30:02Z");
    let history = "/v1/trades?symbols=BAC,IBM&from=2013-10-08T14:30:02Z&limit=3";
    let (_, page) = get(&mock, history, "test-key");
    assert_eq!((ids(&page), &page["next"]), (vec![4, 5, 8], &json!(8)));
    assert_eq!(page["trades"][0], frame["trades"][0]);
    let (_, page) = get(&mock, &format!("{history}&after=8&to=2030-01-01T00:00:00Z"), "test-key");
    assert_eq!((ids(&page), &page["next"]), (vec![9], &Value::Null));
    let (_, clock) = get(&mock, "/v1/time", "test-key");
    assert_eq!(clock["time"], "2013-10-08T14:30:08Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused() {
    let mock = start(json!({ "speed": 0 })).await;
    let mut socket = open(&mock).await;
    assert_eq!(login(&mut socket, "another").await["code"], 401);
    assert_eq!(hear(&mut socket).await, None);
    for wrong in [
        json!({ "action": "subscribe", "symbols": ["NOPE"] }),
        json!({ "action": "subscribe", "symbols": [] }),
        json!({ "action": "login" }),
    ] {
        let mut socket = open(&mock).await;
        login(&mut socket, "test-key").await;
        assert_eq!(ask(&mut socket, wrong.clone()).await["code"], 400, "{wrong}");
    }
    let from = "from=2013-10-08T14:30:00Z";
    for (path, key, status) in [
        ("/v1/time".to_owned(), "another", 401),
        (format!("/v1/trades?symbols=BAC&{from}"), "another", 401),
        (format!("/v1/trades?symbols=NOPE&{from}"), "test-key", 400),
        (format!("/v1/trades?symbols=BAC&{from}&limit=501"), "test-key", 400),
        (format!("/v1/trades?symbols=BAC&{from}&before=1"), "test-key", 400),
        ("/v1/trades?symbols=BAC&from=noon".to_owned(), "test-key", 400),
        (format!("/v1/trades?symbols=BAC&{from}"), "test-key", 200),
    ] {
        let (found, body) = get(&mock, &path, key);
        assert_eq!(found, status, "{path} as {key}: {body}");
    }
}
