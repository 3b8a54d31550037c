//! Several sockets that are read as one, and GraphQL subscriptions that share one.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use session::{Options, Session, Sessions, Subscriptions, Update, shards};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, handshake};
use tokio_tungstenite::{WebSocketStream, accept_async, accept_hdr_async};
use url::Url;

async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("ws://{}/stream", listener.local_addr().unwrap())).unwrap();
    (listener, url)
}

/// Says of each symbol it is asked for whatever there is to say, until it is told to leave.
async fn quote(listener: TcpListener) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut server = accept_async(socket).await.unwrap();
            while let Some(Ok(Message::Text(asked))) = server.next().await {
                if asked == "leave" {
                    return drop(server.close(None).await);
                }
                for symbol in asked.split(',') {
                    for number in 0..100 {
                        let quote = format!("{symbol} {number}");
                        server.send(Message::text(quote)).await.unwrap();
                    }
                }
            }
        });
    }
}

#[tokio::test]
async fn symbols_on_several_sockets_are_one_feed_until_one_of_them_ends() {
    let (listener, url) = listen().await;
    tokio::spawn(quote(listener));
    let symbols: Vec<_> = (0..7).map(|number| format!("S{number}")).collect();
    let mut all = Vec::new();
    for shard in shards(&symbols, 3) {
        let mut session = Session::open(&Options::new(&url, false)).await.unwrap();
        session.send(shard.join(",")).await.unwrap();
        all.push(session);
    }
    assert_eq!(all.len(), 3);
    let mut leaver = Session::open(&Options::new(&url, false)).await.unwrap();
    leaver.send("leave").await.unwrap();
    all.push(leaver);
    let mut sessions = Sessions::from(all);
    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    let mut fault = None;
    while told.values().sum::<u32>() < 700 {
        let frame = match sessions.ready_frame() {
            Ok(None) => sessions.next_frame().await.map(Some),
            ready => ready,
        };
        match frame {
            Ok(frame) => {
                let text = String::from_utf8(frame.unwrap().to_vec()).unwrap();
                let (symbol, number) = text.split_once(' ').unwrap();
                let next = told.entry(symbol.to_owned()).or_default();
                assert_eq!(number.parse::<u32>().unwrap(), *next, "in order");
                *next += 1;
            }
            Err(end) => fault = Some(end),
        }
    }
    assert_eq!(told.len(), 7);
    let fault = match fault {
        Some(fault) => fault,
        None => sessions.next_frame().await.unwrap_err(),
    };
    assert_eq!(fault.kind(), "disconnected");
}

#[tokio::test]
async fn a_busy_socket_does_not_silence_the_others() {
    let (listener, url) = listen().await;
    let mut servers = Vec::new();
    let mut all = Vec::new();
    for _ in 0..2 {
        let options = Options::new(&url, false);
        let accept = async { accept_async(listener.accept().await.unwrap().0).await.unwrap() };
        let (session, server) = tokio::join!(Session::open(&options), accept);
        all.push(session.unwrap());
        servers.push(server);
    }
    for _ in 0..1_000 {
        servers[0].send(Message::text("busy")).await.unwrap();
    }
    servers[1].send(Message::text("quiet")).await.unwrap();
    let mut sessions = Sessions::from(all);
    let mut before = 0;
    while &*sessions.next_frame().await.unwrap() != b"quiet" {
        before += 1;
    }
    assert!(before <= 500, "{before} frames came first");
}

type Server = WebSocketStream<TcpStream>;

async fn graphql(listener: &TcpListener) -> Server {
    let (socket, _) = listener.accept().await.unwrap();
    #[allow(clippy::result_large_err)]
    let check = |request: &handshake::server::Request,
                 mut response: handshake::server::Response| {
        let protocol = request.headers()["sec-websocket-protocol"].clone();
        assert_eq!(protocol, "graphql-transport-ws");
        response.headers_mut().insert("sec-websocket-protocol", protocol);
        Ok(response)
    };
    accept_hdr_async(socket, check).await.unwrap()
}

async fn hear(server: &mut Server) -> Value {
    let message = server.next().await.unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

async fn say(server: &mut Server, message: Value) {
    server.send(Message::text(message.to_string())).await.unwrap();
}

#[tokio::test]
async fn subscriptions_are_told_apart_and_end_by_themselves() {
    let (listener, url) = listen().await;
    let login = json!({"token": "PK-SECRET"});
    let serving = async {
        let mut server = graphql(&listener).await;
        let login = json!({"type": "connection_init", "payload": {"token": "PK-SECRET"}});
        assert_eq!(hear(&mut server).await, login);
        say(&mut server, json!({"type": "ping"})).await;
        say(&mut server, json!({"type": "connection_ack"})).await;
        server
    };
    let options = Options::new(&url, false);
    let (opened, mut server) = tokio::join!(Subscriptions::open(&options, Some(&login)), serving);
    let mut subscriptions = opened.unwrap();
    let trades = json!({"query": "subscription { trades }"});
    assert_eq!(subscriptions.subscribe(&trades).await.unwrap(), 1);
    assert_eq!(subscriptions.subscribe(&trades).await.unwrap(), 2);
    let asked = json!({"type": "subscribe", "id": "1", "payload": trades});
    assert_eq!(hear(&mut server).await, asked);
    hear(&mut server).await;

    say(&mut server, json!({"type": "ping", "payload": {"n": 1}})).await;
    for message in [
        json!({"type": "next", "id": "2", "payload": {"data": {"trades": "1.50"}}}),
        json!({"type": "error", "id": "1", "payload": [{"message": "no"}, {"message": "never"}]}),
        json!({"type": "next", "id": "x", "payload": {}}),
        json!({"type": "next", "id": "2"}),
        json!({"type": "strange", "id": "2"}),
        json!({"type": "complete", "id": "2"}),
    ] {
        say(&mut server, message).await;
    }
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(match subscriptions.next().await.unwrap() {
            Update::Next(number, payload) => format!("{number} {}", payload.get()),
            Update::Refused(number, reason) => format!("{number} refused: {reason}"),
            Update::Complete(number) => format!("{number} complete"),
            Update::Bad(_, bad) => format!("bad {}", bad.field),
        });
    }
    let expected = [
        r#"2 {"data":{"trades":"1.50"}}"#,
        "1 refused: no; never",
        "bad id",
        "bad payload",
        "bad type",
        "2 complete",
    ];
    assert_eq!(told, expected);
    assert_eq!(hear(&mut server).await, json!({"type": "pong", "payload": {"n": 1}}));
    subscriptions.unsubscribe(1).await.unwrap();
    assert_eq!(hear(&mut server).await, json!({"type": "complete", "id": "1"}));
}

#[tokio::test]
async fn who_is_not_let_in_is_told_which_setting_to_look_at() {
    for (code, kind) in [(4403, "unauthorized"), (4400, "fatal"), (4500, "disconnected")] {
        let (listener, url) = listen().await;
        let serving = async {
            let mut server = graphql(&listener).await;
            hear(&mut server).await;
            let farewell = CloseFrame { code: CloseCode::from(code), reason: "no".into() };
            server.close(Some(farewell)).await.unwrap();
            server
        };
        let options = Options { setting: "authentication.token", ..Options::new(&url, false) };
        let (opened, _server) = tokio::join!(Subscriptions::open(&options, None), serving);
        let fault = opened.err().unwrap();
        assert_eq!(fault.kind(), kind, "{fault}");
        assert!(kind != "unauthorized" || fault.to_string().contains("authentication.token"));
    }
    let (listener, url) = listen().await;
    let serving = async {
        let mut server = accept_async(listener.accept().await.unwrap().0).await;
        if let Ok(server) = &mut server {
            let _ = tokio::time::timeout(Duration::from_secs(1), server.next()).await;
        }
    };
    let options = Options::new(&url, false);
    let (opened, ()) = tokio::join!(Subscriptions::open(&options, None), serving);
    let fault = opened.err().unwrap();
    assert_eq!(fault.kind(), "retry", "a server that does not speak the protocol: {fault}");
}
