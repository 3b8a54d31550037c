//! A plain client for the tests: requests on connections of their own, and WebSockets.

#![allow(clippy::unwrap_used, dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use polygon_mock::{Running, Settings, Speed};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Mock {
    pub running: Running,
    pub key: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn results(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["results"].as_array().cloned().unwrap_or_default()
    }
}

/// Time stands still unless a test moves it.
pub fn frozen() -> Settings {
    Settings { speed: Speed::Frozen, ..Settings::default() }
}

pub async fn start(settings: Settings) -> Mock {
    let key = settings.keys[0].key.clone();
    Mock { running: polygon_mock::serve(settings).await.unwrap(), key }
}

impl Mock {
    pub async fn get(&self, path: &str) -> Answer {
        let header = format!("authorization: Bearer {}", self.key);
        self.send("GET", path, &[&header], "").await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let answer = self.send("POST", path, &[], &body.to_string()).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    pub async fn advance(&self, seconds: f64) {
        self.post("/_mock/clock", json!({ "advance_secs": seconds })).await;
    }

    pub async fn fault(&self, fault: Value) {
        self.post("/_mock/faults", fault).await;
    }

    /// Nothing if the connection breaks before a whole answer.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> Option<Answer> {
        let mut connection = TcpStream::connect(self.running.address()).await.unwrap();
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\
             content-length: {}\r\n\r\n{body}",
            self.running.address(),
            body.len()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes).await.ok()?;
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Some(Answer { status, headers: headers.collect(), body: bytes[end + 4..].to_vec() })
    }

    /// All rows of a list, page after page, and how many pages there were.
    pub async fn pages(&self, path: &str) -> (Vec<Value>, usize) {
        let origin = format!("http://{}", self.running.address());
        let (mut rows, mut count) = (Vec::new(), 0);
        let mut next = path.to_owned();
        loop {
            let answer = self.get(&next).await;
            rows.extend(answer.results());
            count += 1;
            assert!(count < 10_000, "endless pages of {path}");
            let body = answer.json();
            let Some(url) = body["next_url"].as_str() else { return (rows, count) };
            assert!(!url.contains("apiKey"), "{url}");
            next = url.strip_prefix(&origin).unwrap_or_else(|| panic!("{url}")).to_owned();
        }
    }

    /// A socket that has been greeted.
    pub async fn open(&self, cluster: &str) -> Socket {
        let url = format!("{}/{cluster}", self.running.urls()["stream"]);
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut socket = Socket { socket };
        assert_eq!(socket.next().await, status("connected", "Connected Successfully"));
        socket
    }

    /// A socket that is logged in.
    pub async fn stream(&self, cluster: &str) -> Socket {
        let mut socket = self.open(cluster).await;
        socket.say(json!({"action": "auth", "params": self.key})).await;
        assert_eq!(socket.next().await, status("auth_success", "authenticated"));
        socket
    }

    /// A socket that follows these topics.
    pub async fn follow(&self, cluster: &str, topics: &[&str]) -> Socket {
        let mut socket = self.stream(cluster).await;
        socket.say(json!({"action": "subscribe", "params": topics.join(",")})).await;
        for topic in topics {
            let message = format!("subscribed to: {topic}");
            assert_eq!(socket.next().await, status("success", &message));
        }
        socket
    }
}

pub fn status(word: &str, message: &str) -> Value {
    json!([{ "ev": "status", "status": word, "message": message }])
}

pub struct Socket {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
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

    /// The code of the goodbye, if there is one.
    pub async fn goodbye(&mut self) -> Option<u16> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match next.unwrap() {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub async fn next(&mut self) -> Value {
        let message = self.next_raw().await.expect("the stream is over");
        assert!(message.is_text(), "everything is text");
        serde_json::from_slice(&message.into_data()).unwrap()
    }

    /// Messages until there are so many.
    pub async fn take(&mut self, count: usize) -> Vec<Value> {
        let mut messages = Vec::new();
        while messages.len() < count {
            let Value::Array(frame) = self.next().await else { panic!("a frame is an array") };
            messages.extend(frame);
        }
        messages
    }

    /// Messages until one of this kind, included.
    pub async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let Value::Array(frame) = self.next().await else { panic!("a frame is an array") };
            let found = frame.iter().any(|message| message["ev"] == kind);
            messages.extend(frame);
            if found {
                return messages;
            }
        }
    }
}

pub fn of<'a>(messages: &'a [Value], kind: &str) -> Vec<&'a Value> {
    messages.iter().filter(|message| message["ev"] == kind).collect()
}

pub fn number(message: &Value, name: &str) -> i64 {
    message[name].as_i64().unwrap_or_else(|| panic!("no {name} in {message}"))
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

/// Every member of the vendor's sample must be there, with the same kind of value, and none but
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

/// All members that any of some objects has, with a value of each.
pub fn merged<'a>(rows: impl IntoIterator<Item = &'a Value>) -> Value {
    let mut all = serde_json::Map::new();
    for row in rows {
        for (name, value) in row.as_object().unwrap() {
            if all.get(name).is_none_or(Value::is_null) {
                all.insert(name.clone(), value.clone());
            }
        }
    }
    Value::Object(all)
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
