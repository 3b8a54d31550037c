//! Streams of server-sent events, and GraphQL, with servers that behave and servers that do not.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use component::{Clock, Fault, Host, Secret, Throttling};
use http::{Auth, Http, Operation, Rate, Request, ServerEvent, Verdict};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

fn open(url: &Url, system: &str) -> Http {
    let throttling = Throttling { retry_delay: Some(0.001), ..Throttling::default() };
    let host = Host::new(system, "acme_test", Clock::system(), throttling);
    let auth = Auth::bearer("authentication.token", Secret::new("PK-SECRET"));
    Http::open(&host, url, false, auth, Rate::UNLIMITED).unwrap()
}

/// A server that answers each connection with the next of these texts and closes it; gives what
/// it was asked.
async fn serve(answers: &'static [&'static str]) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 65_536];
            let read = socket.read(&mut buffer).await.unwrap();
            seen.lock().unwrap().push(String::from_utf8_lossy(&buffer[..read]).to_lowercase());
            for part in answer.split('|') {
                socket.write_all(part.as_bytes()).await.unwrap();
                socket.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    (url, asked)
}

fn event(id: Option<&str>, data: &str) -> ServerEvent {
    ServerEvent { id: id.map(str::to_owned), kind: "message".to_owned(), data: data.to_owned() }
}

const FIRST: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n\
                     retry: 100\n\nid: 1\nda|ta: a\n|\nid: 2\ndata: b\n\nid: 3\ndata: lost";
const SECOND: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
                      id: 3\ndata: c\n\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy";
const OVER: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_stream_goes_on_after_the_last_event_that_was_whole() {
    let (url, asked) = serve(&[FIRST, BUSY, SECOND, OVER]).await;
    let http = open(&url, "a stream");
    let mut events = http.events(&Request::get("/events"), Some("0")).await.unwrap();
    assert_eq!(events.next().await.unwrap(), event(Some("1"), "a"));
    assert_eq!(events.next().await.unwrap(), event(Some("2"), "b"));
    let fault = events.next().await.unwrap_err();
    assert_eq!(fault, Fault::retry("GET /events answered 503: busy"));
    assert_eq!(events.next().await.unwrap(), event(Some("3"), "c"));
    let fault = events.next().await.unwrap_err();
    assert!(matches!(&fault, Fault::Fatal(reason) if reason.contains("is over")), "{fault}");
    let asked = asked.lock().unwrap();
    for (asked, id) in asked.iter().zip([0, 2, 2, 3]) {
        assert!(asked.contains(&format!("last-event-id: {id}\r\n")), "{asked}");
        assert!(asked.contains("accept: text/event-stream\r\n"), "{asked}");
    }
}

#[tokio::test]
async fn what_is_no_stream_is_refused() {
    const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi";
    const NO: &str = "HTTP/1.1 401 No\r\ncontent-length: 12\r\n\r\nno PK-SECRET";
    let (url, _) = serve(&[PAGE, NO]).await;
    let http = open(&url, "no stream");
    for expected in ["retry", "unauthorized"] {
        let fault = http.events(&Request::get("/events"), None).await.err().unwrap();
        assert_eq!(fault.kind(), expected);
        assert!(!fault.to_string().contains("PK-SECRET"), "{fault}");
    }
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_opened_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        let mut sockets = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 65_536];
            let _ = socket.read(&mut buffer).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
                          retry: 100\nid: 1\ndata: a\n\n";
            socket.write_all(answer.as_bytes()).await.unwrap();
            sockets.push(socket);
        }
    });
    let http = open(&url, "a silent stream");
    let events = http.events(&Request::get("/events"), None).await.unwrap();
    let mut events = events.idle(Duration::from_millis(200));
    for _ in 0..2 {
        assert_eq!(events.next().await.unwrap(), event(Some("1"), "a"));
    }
}

#[derive(Clone, Default)]
struct Graph {
    asked: Arc<AtomicU32>,
    bodies: Arc<Mutex<Vec<Value>>>,
}

async fn graph(State(graph): State<Graph>, body: axum::body::Bytes) -> (StatusCode, String) {
    graph.asked.fetch_add(1, Ordering::SeqCst);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let complaint = |code: &str| json!({"errors": [{"message": "no, PK-SECRET", "extensions": {"code": code}}]});
    let document = body["query"].as_str().unwrap().to_owned();
    graph.bodies.lock().unwrap().push(body);
    let answer = match document.as_str() {
        "{ price }" => json!({"data": {"price": "1.50"}, "extensions": {"cost": 1}}),
        "{ half }" => json!({"data": {"a": 1, "b": null}, "errors": [{"message": "b is gone"}]}),
        "mutation { buy }" => json!({"data": {"buy": "7"}}),
        "mutation { bad }" => complaint("BAD_USER_INPUT"),
        "mutation { torn }" => json!({"data": null, "errors": [{"message": "broke"}]}),
        "{ later }" => complaint("THROTTLED"),
        "{ broken }" => complaint("INTERNAL_SERVER_ERROR"),
        "mutation { html }" => return (StatusCode::OK, "<html>wait</html>".to_owned()),
        "mutation { unknown }" => return (StatusCode::BAD_REQUEST, complaint("X").to_string()),
        _ => return (StatusCode::BAD_GATEWAY, "<html>gateway</html>".to_owned()),
    };
    (StatusCode::OK, answer.to_string())
}

async fn graphql(system: &str) -> (Http, Graph) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let world = Graph::default();
    let router = Router::new().route("/graphql", post(graph)).with_state(world.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (open(&url, system), world)
}

#[tokio::test]
async fn queries_are_answered_whole_repeated_and_held() {
    let (http, world) = graphql("queries").await;
    let query = Operation::new("{ price }").with(json!({"symbol": "IBM"}));
    let data: Value = http.query("/graphql", &query).await.unwrap();
    assert_eq!(data, json!({"price": "1.50"}));
    let sent = json!({"query": "{ price }", "variables": {"symbol": "IBM"}});
    assert_eq!(world.bodies.lock().unwrap()[0], sent);

    let query = async |document: &str| {
        let before = world.asked.load(Ordering::SeqCst);
        let fault = http.query::<Value>("/graphql", &Operation::new(document)).await.unwrap_err();
        assert!(!fault.to_string().contains("SECRET"), "{fault}");
        (fault.kind(), world.asked.load(Ordering::SeqCst) - before)
    };
    assert_eq!(query("{ half }").await, ("fatal", 1));
    assert_eq!(query("{ broken }").await, ("retry", 3));
    assert_eq!(query("{ later }").await, ("throttled", 1));
    // Five seconds are within what a request waits for its turn, so ask for what is held.
    let held = Operation::new("{ price }");
    let held = http.query::<Value>("/graphql", &held);
    assert!(tokio::time::timeout(Duration::from_millis(100), held).await.is_err());
}

#[tokio::test]
async fn a_mutation_is_made_once_and_only_the_vendor_can_refuse_it() {
    let (http, world) = graphql("mutations").await;
    for (document, expected) in [
        ("mutation { buy }", "done"),
        ("mutation { bad }", "refused"),
        ("mutation { unknown }", "refused"),
        ("mutation { torn }", "unknown"),
        ("mutation { html }", "unknown"),
        ("mutation { gateway }", "unknown"),
    ] {
        let verdict = http.mutate("/graphql", &Operation::new(document)).await.unwrap();
        let (found, words) = match verdict {
            Verdict::Done(answer) => ("done", answer.excerpt()),
            Verdict::Refused(words) => ("refused", words),
            Verdict::Unknown(words) => ("unknown", words),
        };
        assert_eq!(found, expected, "{document}: {words}");
        assert!(!words.contains("SECRET"), "{words}");
    }
    assert_eq!(world.asked.load(Ordering::SeqCst), 6);
}
