//! A tiny vendor behind the kit: what clients meet when faults are on order.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use futures_util::{SinkExt as _, StreamExt as _};
use mockkit::{Clock, Kind, Kit, Line, Running, Speed, StreamSocket, Vendor, serve, time};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;

type Client = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>;
type Answer<'a> = (u16, &'a [u8]);

const WAIT: Duration = Duration::from_secs(10);

async fn start() -> Running {
    let vendor = Vendor {
        name: "acme",
        secrets: &["x-acme-secret", "secret"],
        fault_kinds: &["odd_status"],
        error_body: |_, status| ("application/json", format!("{{\"acme\":{status}}}")),
    };
    let clock = Clock::new(time::parse("2013-10-07T14:00:00Z").unwrap(), Speed::Frozen);
    let kit = Kit::new(vendor, clock);
    let router = Router::new()
        .route("/echo", post(|body: String| async move { body }))
        .route("/stream", get(stream))
        .with_state(kit.clone());
    serve(kit, "127.0.0.1:0".parse().unwrap(), router).await.unwrap()
}

/// Answers every message with a data frame.
async fn stream(State(kit): State<Kit>, upgrade: WebSocketUpgrade, request: Request) -> Response {
    let line = Line::of(request.extensions());
    upgrade.on_upgrade(move |socket| async move {
        let mut socket = StreamSocket::new(kit, "data", line, socket);
        while let Some(message) = socket.recv().await {
            socket.note(message.bytes());
            let refused = socket.take(&Kind::RefuseLogin).is_some();
            let answer = Message::text(if refused { "no" } else { "{\"yes\":true}" });
            if socket.data(answer).await.is_err() {
                return;
            }
        }
    })
}

/// Sends one request on a connection of its own; `None` if the connection breaks.
async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> Option<(u16, Vec<u8>)> {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\nx-acme-secret: hush\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let status = std::str::from_utf8(&answer[9..12]).ok()?.parse().ok()?;
    Some((status, answer[end + 4..].to_vec()))
}

async fn control(address: SocketAddr, method: &str, path: &str, body: Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (_, answer) = request(address, method, path, &body).await.unwrap();
    serde_json::from_slice(&answer).unwrap_or_default()
}

#[tokio::test]
async fn http_faults_do_what_they_say() {
    let running = start().await;
    let address = running.address();
    let cases: Vec<(Value, Option<Answer>)> = vec![
        (json!({"status": 429}), Some((429, b"{\"acme\":429}"))),
        (json!({"status": 503, "body": {"code": 1}}), Some((503, b"{\"code\":1}"))),
        (json!({"kind": "truncated"}), Some((200, b"hel"))),
        (json!({"kind": "invalid_utf8"}), Some((200, b"{\"text\":\"\xff\xfe\xc3\x28\"}"))),
        (json!({"kind": "reset_before"}), None),
        (json!({"kind": "reset_after"}), None),
        (json!({"delay_ms": 5}), Some((200, b"hello!"))),
    ];
    for (fault, expected) in cases {
        control(address, "POST", "/_mock/faults", fault.clone()).await;
        let answer = request(address, "POST", "/echo", "hello!").await;
        let answer = answer.as_ref().map(|(status, body)| (*status, body.as_slice()));
        assert_eq!(answer, expected, "{fault}");
        let after = request(address, "POST", "/echo", "hello!").await;
        assert_eq!(after, Some((200, b"hello!".to_vec())), "only the next one after {fault}");
    }
    control(address, "POST", "/_mock/faults", json!({"kind": "html"})).await;
    let (status, page) = request(address, "POST", "/echo", "").await.unwrap();
    assert!(status == 502 && page.starts_with(b"<html>"));
    control(address, "POST", "/_mock/faults", json!({"kind": "oversize"})).await;
    let (_, body) = request(address, "POST", "/echo", "").await.unwrap();
    assert_eq!(body.len(), 800 * 64 * 1024);
}

#[tokio::test]
async fn a_hung_request_does_not_hold_up_the_stop() {
    let running = start().await;
    let address = running.address();
    control(address, "POST", "/_mock/faults", json!({"kind": "hang"})).await;
    let hung = tokio::spawn(async move { request(address, "POST", "/echo", "hello!").await });
    let until_taken = async {
        while running.kit().faults().pending() != Vec::<Value>::new() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WAIT, until_taken).await.unwrap();
    tokio::time::timeout(WAIT, running.stop()).await.unwrap();
    assert_eq!(tokio::time::timeout(WAIT, hung).await.unwrap().unwrap(), None);
    assert!(TcpStream::connect(address).await.is_err(), "the port is free again");
}

#[tokio::test]
async fn control_routes_tell_and_refuse() {
    let running = start().await;
    let address = running.address();
    let refused = control(address, "POST", "/_mock/faults", json!({"staus": 429})).await;
    assert!(refused["error"].as_str().unwrap().contains("staus"), "{refused}");
    let clock = control(address, "POST", "/_mock/clock", json!({"advance_secs": 60.5})).await;
    assert_eq!(clock, json!({"now": "2013-10-07T14:01:00.5Z", "speed": 0}));
    control(address, "POST", "/_mock/clock", json!({"now": "2014-01-02", "speed": "max"})).await;
    let clock = control(address, "GET", "/_mock/clock", Value::Null).await;
    assert_eq!(clock, json!({"now": "2014-01-02T05:00:00Z", "speed": "max"}));

    request(address, "POST", "/echo?secret=1&b=2", "{\"secret\":\"x\"}").await;
    let requests = control(address, "GET", "/_mock/requests?since=0", Value::Null).await;
    let entry = &requests["requests"][0];
    assert_eq!(entry["query"], "secret=***&b=2");
    assert_eq!(entry["headers"]["x-acme-secret"], "***");
    assert_eq!(
        (entry["status"].as_u64(), entry["body"].as_str()),
        (Some(200), Some("{\"secret\":\"***\"}"))
    );
    control(address, "DELETE", "/_mock/requests", Value::Null).await;
    let requests = control(address, "GET", "/_mock/requests", Value::Null).await;
    assert_eq!(requests, json!({"requests": []}));
}

/// What a client sees next on a stream.
async fn look(client: &mut Client) -> &'static str {
    loop {
        match tokio::time::timeout(WAIT, client.next()).await.unwrap() {
            Some(Ok(tungstenite::Message::Text(text))) => {
                return match text.as_str() {
                    "{\"yes\":true}" => "right",
                    "{\"yes\"" => "truncated",
                    "no" => "refused",
                    _ => "garbage",
                };
            }
            Some(Ok(tungstenite::Message::Close(_))) => return "closed",
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return "broken",
        }
    }
}

#[tokio::test]
async fn stream_faults_do_what_they_say() {
    let running = start().await;
    let address = running.address();
    let url = format!("ws://{address}/stream");
    for (kind, expected) in [
        ("garbage", vec!["garbage", "right"]),
        ("truncated", vec!["truncated", "right"]),
        ("refuse_login", vec!["refused", "right"]),
        ("drop_frames", vec!["right"]),
        ("invalid_utf8", vec!["broken"]),
        ("disconnect", vec!["closed"]),
        ("reset", vec!["broken"]),
    ] {
        control(address, "POST", "/_mock/faults", json!({"kind": kind, "stream": "data"})).await;
        let (mut client, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
        // The second may find the connection gone already.
        client.send(tungstenite::Message::text("first")).await.unwrap();
        let _ = client.send(tungstenite::Message::text("second")).await;
        for outcome in expected {
            assert_eq!(look(&mut client).await, outcome, "{kind}");
        }
        let told = control(address, "GET", "/_mock/requests", Value::Null).await;
        let hit = told["requests"].as_array().unwrap().iter().rfind(|e| e["fault"].is_string());
        assert_eq!(hit.map(|entry| &entry["fault"]), Some(&json!(kind)));
    }
}

#[tokio::test]
async fn a_silent_stream_keeps_its_socket() {
    let running = start().await;
    let address = running.address();
    let rule = json!({"kind": "silence", "stream": "data", "skip": 1});
    control(address, "POST", "/_mock/faults", rule).await;
    let url = format!("ws://{address}/stream");
    let (mut client, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    client.send(tungstenite::Message::text("first")).await.unwrap();
    assert_eq!(look(&mut client).await, "right");
    client.send(tungstenite::Message::text("second")).await.unwrap();
    client.send(tungstenite::Message::Ping(vec![1].into())).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_millis(300), client.next()).await;
    assert!(heard.is_err(), "{heard:?}");
}
