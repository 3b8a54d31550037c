//! A plain client for the tests: requests on connections of their own, and WebSockets.

#![allow(clippy::unwrap_used, dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alpaca_mock::{Running, Settings, Speed};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Mock {
    pub running: Running,
    pub key: String,
    pub secret: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// Time stands still unless a test moves it, and fills come in one piece.
pub fn frozen() -> Settings {
    let mut settings = Settings { speed: Speed::Frozen, ..Settings::default() };
    settings.orders.partial_fill_percent = 0;
    settings.limits.trading_per_minute = 100_000;
    settings
}

pub async fn start(settings: Settings) -> Mock {
    let running = alpaca_mock::serve(settings).await.unwrap();
    Mock { running, key: "test-key".into(), secret: "test-secret".into() }
}

impl Mock {
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &Value::Null).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &body).await.unwrap()
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, &body).await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &Value::Null).await.unwrap()
    }

    pub async fn advance(&self, seconds: f64) {
        let answer = self.post("/_mock/clock", json!({ "advance_secs": seconds })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    pub async fn fault(&self, fault: Value) {
        let answer = self.post("/_mock/faults", fault).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    pub async fn ledger(&self) -> Value {
        self.get("/_mock/ledger").await.json()["accounts"][&self.key].take()
    }

    /// Nothing if the connection breaks before a whole answer.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let body = match body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            body => body.to_string(),
        };
        let mut connection = TcpStream::connect(self.running.address()).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\
             apca-api-key-id: {}\r\napca-api-secret-key: {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.key,
            self.secret,
            body.len()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes).await.ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Some(Answer { status, headers: headers.collect(), text: body.to_owned() })
    }

    pub async fn order(&self, order: Value) -> Value {
        let mut full = json!({ "side": "buy", "type": "market", "time_in_force": "day" });
        for (name, value) in order.as_object().unwrap() {
            full[name] = value.clone();
        }
        let answer = self.post("/v2/orders", full).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    pub async fn stream(&self, name: &str) -> Socket {
        self.open(name, false).await
    }

    pub async fn open(&self, name: &str, packed: bool) -> Socket {
        let mut request = self.running.urls()[name].as_str().into_client_request().unwrap();
        if packed {
            let kind = "application/msgpack".parse().unwrap();
            request.headers_mut().insert("content-type", kind);
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Socket { socket, packed }
    }

    /// A data stream, logged in.
    pub async fn data_stream(&self, packed: bool) -> Socket {
        let mut socket = self.open("stream", packed).await;
        assert_eq!(socket.next().await, json!([{"T": "success", "msg": "connected"}]));
        socket.say(json!({"action": "auth", "key": self.key, "secret": self.secret})).await;
        assert_eq!(socket.next().await, json!([{"T": "success", "msg": "authenticated"}]));
        socket
    }

    /// An order stream that listens.
    pub async fn order_stream(&self) -> Socket {
        let mut socket = self.stream("trading_stream").await;
        let data = json!({"key_id": self.key, "secret_key": self.secret});
        socket.say(json!({"action": "authenticate", "data": data})).await;
        assert_eq!(socket.next().await["data"]["status"], "authorized");
        let data = json!({"streams": ["trade_updates"]});
        socket.say(json!({"action": "listen", "data": data})).await;
        assert_eq!(socket.next().await["stream"], "listening");
        socket
    }
}

pub struct Socket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    packed: bool,
}

impl Socket {
    pub fn new(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Socket {
        Socket { socket, packed: false }
    }

    pub async fn say(&mut self, message: Value) {
        let message = if self.packed {
            Message::binary(rmp_serde::to_vec(&message).unwrap())
        } else {
            Message::text(message.to_string())
        };
        self.socket.send(message).await.unwrap();
    }

    pub async fn say_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next message as it came; nothing once the stream is over.
    pub async fn next_raw(&mut self) -> Option<Message> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match next.unwrap() {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | Some(Err(_)) | None => return None,
                Some(Ok(message)) => return Some(message),
            }
        }
    }

    /// The next message, decoded; MessagePack's timestamps are turned into text.
    pub async fn next(&mut self) -> Value {
        let message = self.next_raw().await.expect("the stream is over");
        let bytes = message.into_data();
        if self.packed { unpack(&bytes) } else { serde_json::from_slice(&bytes).unwrap() }
    }

    pub async fn closed(&mut self) -> bool {
        self.next_raw().await.is_none()
    }

    /// Updates of orders until one of this kind.
    pub async fn updates_until(&mut self, event: &str) -> Vec<Value> {
        let mut updates = Vec::new();
        loop {
            let mut message = self.next().await;
            assert_eq!(message["stream"], "trade_updates");
            let last = message["data"]["event"] == event;
            updates.push(message["data"].take());
            if last {
                return updates;
            }
        }
    }
}

pub fn unpack(bytes: &[u8]) -> Value {
    let mut rest = bytes;
    let value = rmpv::decode::read_value(&mut rest).unwrap();
    assert!(rest.is_empty(), "a frame is one value");
    to_json(value)
}

fn to_json(value: rmpv::Value) -> Value {
    match value {
        rmpv::Value::Ext(-1, bytes) => json!({ "timestamp": bytes }),
        rmpv::Value::Array(items) => items.into_iter().map(to_json).collect(),
        rmpv::Value::Map(pairs) => {
            let pair = |(key, value): (rmpv::Value, rmpv::Value)| {
                (key.as_str().unwrap().to_owned(), to_json(value))
            };
            Value::Object(pairs.into_iter().map(pair).collect())
        }
        other => serde_json::to_value(other).unwrap(),
    }
}

pub fn fixture(name: &str) -> Value {
    serde_json::from_str(&fixture_text(name)).unwrap()
}

pub fn fixture_text(name: &str) -> String {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value}")).keys().map(String::as_str).collect()
}

/// Every field of the vendor's sample must be there, with the same kind of value, and no field but
/// those that the reference names besides.
pub fn assert_shape(ours: &Value, sample: &Value, also: &[&str]) {
    let (have, want) = (keys(ours), keys(sample));
    let missing: Vec<_> = want.difference(&have).collect();
    assert!(missing.is_empty(), "missing {missing:?} in {ours}");
    let extra: Vec<_> = have.difference(&want).filter(|key| !also.contains(key)).collect();
    assert!(extra.is_empty(), "unheard of {extra:?} in {ours}");
    for key in want {
        let (ours, theirs) = (&ours[key], &sample[key]);
        if !ours.is_null() && !theirs.is_null() {
            assert_eq!(kind(ours), kind(theirs), "{key}: {ours} is not like {theirs}");
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
