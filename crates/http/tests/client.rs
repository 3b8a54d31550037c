//! The client against servers that behave and servers that do not.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use component::{Clock, Fault, Host, Secret, TestClock, Throttling};
use http::{Auth, Http, Method, NoAnswer, Rate, Request};
use model::Timestamp;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

const SETTING: &str = "authentication.credentials.api_key";

#[derive(Clone, Default)]
struct Counts(Arc<AtomicU32>);

impl Counts {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

#[derive(Deserialize, Debug, PartialEq)]
struct Account {
    id: String,
}

async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// A server that reads a request, sends these bytes and closes.
async fn serve_raw(answer: Vec<u8>) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 65_536];
                let _ = socket.read(&mut buffer).await;
                let _ = socket.write_all(&answer).await;
            });
        }
    });
    url
}

fn quick() -> Host {
    let throttling = Throttling { retry_delay: Some(0.001), ..Throttling::default() };
    Host::new("acme", "acme_test", Clock::system(), throttling)
}

fn key() -> Auth {
    Auth::headers(SETTING, vec![("x-acme-key", Secret::new("PK-SECRET"))])
}

fn open(url: &Url) -> Http {
    Http::open(&quick(), url, false, key(), Rate::UNLIMITED).unwrap()
}

#[tokio::test]
async fn signs_asks_and_reads_compressed_json() {
    async fn account(
        headers: HeaderMap,
        query: Query<Vec<(String, String)>>,
    ) -> (HeaderMap, Vec<u8>) {
        assert_eq!(headers["x-acme-key"], "PK-SECRET");
        let id = query.0[0].1.clone();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        write!(gzip, "{{\"id\":\"{id}\"}}").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("content-encoding", "gzip".parse().unwrap());
        (headers, gzip.finish().unwrap())
    }
    let url = serve(Router::new().route("/v2/account", get(account))).await;
    let account: Account = open(&url).get("/v2/account", &[("id", "a&b")]).await.unwrap();
    assert_eq!(account, Account { id: "a&b".to_owned() });
}

async fn fail_twice(State(counts): State<Counts>) -> (StatusCode, &'static str) {
    match counts.next() {
        0 => (StatusCode::BAD_GATEWAY, "<html>bad gateway</html>"),
        1 => (StatusCode::OK, "<html>please wait</html>"),
        _ => (StatusCode::OK, r#"{"id":"7"}"#),
    }
}

#[tokio::test]
async fn repeats_reads_but_never_writes() {
    let counts = Counts::default();
    let router = Router::new().route("/x", get(fail_twice).post(fail_twice));
    let url = serve(router.with_state(counts.clone())).await;
    let http = open(&url);
    let fault = http.post::<Account>("/x", &serde_json::json!({})).await.unwrap_err();
    assert_eq!((fault.kind(), counts.0.load(Ordering::SeqCst)), ("retry", 1));
    assert!(fault.to_string().contains("bad gateway"), "{fault}");
    let account: Account = http.get("/x", &[]).await.unwrap();
    assert_eq!((account.id.as_str(), counts.0.load(Ordering::SeqCst)), ("7", 3));
}

#[tokio::test]
async fn a_refused_key_names_its_setting_and_stays_hidden() {
    async fn refuse() -> (StatusCode, &'static str) {
        (StatusCode::UNAUTHORIZED, r#"{"message":"PK-SECRET is not a key"}"#)
    }
    let url = serve(Router::new().route("/x", get(refuse))).await;
    let fault = open(&url).get::<Account>("/x", &[]).await.unwrap_err();
    let Fault::Unauthorized { reason, setting } = fault else { panic!("{fault:?}") };
    assert_eq!(setting, SETTING);
    assert_eq!(reason, r#"GET /x answered 401: {"message":"*** is not a key"}"#);
}

#[tokio::test]
async fn knows_what_was_never_sent_from_what_was_lost() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = Url::parse(&format!("http://{port}")).unwrap();
    let order = Request::new(Method::POST, "/orders").json(&serde_json::json!({"qty": "1"}));
    let refused = open(&nobody).send(&order).await.unwrap_err();
    assert!(matches!(refused, NoAnswer::NotSent(Fault::Retry(_))), "{refused:?}");

    let broken = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\"";
    for answer in [&b""[..], broken, b"garbage"] {
        let url = serve_raw(answer.to_vec()).await;
        let lost = open(&url).send(&order).await.unwrap_err();
        assert!(matches!(lost, NoAnswer::Lost(_)), "{lost:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for() {
    async fn hang(_: Bytes) {
        std::future::pending::<()>().await;
    }
    let url = serve(Router::new().route("/orders", post(hang))).await;
    let order = Request::new(Method::POST, "/orders").timeout(Duration::from_millis(100));
    let lost = open(&url).send(&order).await.unwrap_err();
    assert!(matches!(lost, NoAnswer::Lost(_)), "{lost:?}");
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    async fn flood() -> Vec<u8> {
        vec![b' '; 1_000_000]
    }
    let url = serve(Router::new().route("/x", get(flood))).await;
    let request = Request::get("/x").max_body_bytes(10_000);
    let lost = open(&url).send(&request).await.unwrap_err();
    assert!(matches!(&lost, NoAnswer::Lost(reason) if reason.contains("10000")), "{lost:?}");
}

#[tokio::test]
async fn a_host_that_fails_is_left_alone() {
    async fn fail() -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }
    let url = serve(Router::new().route("/x", get(fail))).await;
    let http = open(&url);
    for _ in 0..5 {
        assert_eq!(http.send(&Request::get("/x")).await.unwrap().status, 500);
    }
    let refused = http.send(&Request::get("/x")).await.unwrap_err();
    assert!(matches!(refused, NoAnswer::NotSent(Fault::Throttled { .. })), "{refused:?}");
}

async fn count(State(counts): State<Counts>) -> String {
    counts.next().to_string()
}

/// Polls until a number of requests has arrived.
async fn arrived(counts: &Counts, number: u32) {
    let arrive = async {
        while counts.0.load(Ordering::SeqCst) < number {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), arrive).await.unwrap();
}

#[tokio::test]
async fn components_with_one_key_share_one_budget() {
    let counts = Counts::default();
    let url = serve(Router::new().route("/x", get(count)).with_state(counts.clone())).await;
    let driver = TestClock::starting_at(Timestamp::from_secs(1_000));
    let host = Host::new("acme", "a", Clock::test(driver.clone()), Throttling::default());
    let rate = Rate::per_minute(2);
    let first = Http::open(&host, &url, false, key(), rate).unwrap();
    let second = Http::open(&host, &url, false, key(), rate).unwrap();
    for http in [&first, &second] {
        http.get::<u32>("/x", &[]).await.unwrap();
    }
    let fault = first.get::<u32>("/x", &[]).await.unwrap_err();
    assert_eq!(fault.kind(), "throttled");
    driver.advance(Duration::from_secs(50));
    let waiting = tokio::spawn(async move { second.get::<u32>("/x", &[]).await });
    tokio::task::yield_now().await;
    assert_eq!(counts.0.load(Ordering::SeqCst), 2);
    driver.advance(Duration::from_secs(11));
    arrived(&counts, 3).await;
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn too_many_requests_stop_everyone_with_the_key() {
    async fn busy(State(counts): State<Counts>) -> (StatusCode, HeaderMap) {
        counts.next();
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "60".parse().unwrap());
        (StatusCode::TOO_MANY_REQUESTS, headers)
    }
    let counts = Counts::default();
    let url = serve(Router::new().route("/x", get(busy)).with_state(counts.clone())).await;
    let (first, second) = (open(&url), open(&url));
    for http in [first, second] {
        let fault = http.get::<u32>("/x", &[]).await.unwrap_err();
        let Fault::Throttled { wait, .. } = fault else { panic!("{fault:?}") };
        assert!(wait > Duration::from_secs(55), "{wait:?}");
    }
    assert_eq!(counts.0.load(Ordering::SeqCst), 1);
}

#[test]
fn plain_http_stays_on_this_machine() {
    let open = |url: &str, insecure| {
        Http::open(&quick(), &Url::parse(url).unwrap(), insecure, key(), Rate::UNLIMITED)
    };
    for url in ["http://localhost:1", "http://127.0.0.1", "http://[::1]:9", "https://a.test"] {
        assert!(open(url, false).is_ok(), "{url}");
    }
    for url in ["http://a.test", "http://10.0.0.1", "ftp://a.test"] {
        assert!(open(url, false).is_err(), "{url}");
    }
    assert!(open("http://a.test", true).is_ok());
}

/// A vendor that refuses with status 200 and repeats the key.
async fn refuse_politely(State(counts): State<Counts>) -> &'static str {
    match counts.next() {
        0 => r#"{"note":"key PK-SECRET may ask again in 100 s"}"#,
        _ => r#"{"id":"7"}"#,
    }
}

fn polite(answer: &http::Answer, _: Timestamp) -> component::Result<()> {
    match answer.body.starts_with(b"{\"note\"") {
        true => Err(Fault::Throttled { wait: Duration::from_secs(100), reason: answer.excerpt() }),
        false => Ok(()),
    }
}

/// Keeps texts in memory, beyond the clients of a test.
#[derive(Debug, Default)]
struct Memory(std::sync::Mutex<std::collections::BTreeMap<String, String>>);

impl component::Ledger for Memory {
    fn load(&self, name: &str) -> component::Result<Option<String>> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    fn keep(&self, name: &str, text: &str) -> component::Result<()> {
        self.0.lock().unwrap().insert(name.to_owned(), text.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn a_refusal_with_status_200_holds_everyone_even_after_a_restart() {
    let counts = Counts::default();
    let router = Router::new().route("/x", get(refuse_politely)).with_state(counts.clone());
    let url = serve(router).await;
    let clock = TestClock::starting_at(Timestamp::from_secs(1_000_000));
    let ledger = Arc::new(Memory::default());
    let throttling = Throttling { max_requests_per_day: Some(3), ..Throttling::default() };
    let open = || {
        let mut host = Host::new("acme", "t", Clock::test(clock.clone()), throttling.clone());
        host.ledger = Some(ledger.clone());
        Http::open(&host, &url, false, key(), Rate::UNLIMITED).unwrap().judged_by(polite)
    };
    let wait = |fault: Fault| match fault {
        Fault::Throttled { wait, .. } => wait.as_secs(),
        fault => panic!("{fault}"),
    };
    let fault = open().get::<Account>("/x", &[]).await.unwrap_err();
    assert!(!fault.to_string().contains("SECRET"), "{fault}");
    assert_eq!(wait(fault), 100);
    clock.advance(Duration::from_secs(40));
    assert_eq!(wait(open().get::<Account>("/x", &[]).await.unwrap_err()), 60);
    assert_eq!(counts.0.load(Ordering::SeqCst), 1, "nothing is sent while the vendor waits");
    for _ in 0..2 {
        clock.advance(Duration::from_secs(60));
        open().get::<Account>("/x", &[]).await.unwrap();
    }
    let left = wait(open().get::<Account>("/x", &[]).await.unwrap_err());
    assert!(left > 86_000, "the fourth request of the day must wait {left} s");
    assert_eq!(counts.0.load(Ordering::SeqCst), 3);
    let kept = format!("{:?}", ledger.0.lock().unwrap());
    assert!(kept.contains("requests.acme.") && !kept.contains("SECRET"), "{kept}");
}

#[tokio::test]
async fn each_phase_of_an_answer_has_its_own_time() {
    // An answer that begins and does not go on, one that never begins, one that takes too long.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = vec![0; 65_536];
                let read = socket.read(&mut buffer).await.unwrap_or(0);
                let asked = String::from_utf8_lossy(&buffer[..read]).into_owned();
                if asked.starts_with("GET /never") {
                    std::future::pending::<()>().await;
                }
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n ";
                let _ = socket.write_all(head).await;
                while asked.starts_with("GET /drips") && socket.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                std::future::pending::<()>().await;
            });
        }
    });
    let http = open(&url);
    let (short, long) = (Duration::from_millis(150), Duration::from_secs(60));
    for (path, request, expected) in [
        ("/never", Request::get("/never").phases(short, long), "no answer to GET /never"),
        ("/stops", Request::get("/stops").phases(long, short), "nothing more of the answer"),
        ("/drips", Request::get("/drips").timeout(short * 2).phases(long, long), "whole answer"),
    ] {
        let lost = http.send(&request).await.unwrap_err();
        let is_expected = matches!(&lost, NoAnswer::Lost(reason) if reason.contains(expected));
        assert!(is_expected, "{path}: {lost:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_nested_too_deep_is_not_read() {
    async fn nest() -> String {
        format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200))
    }
    let url = serve(Router::new().route("/x", get(nest))).await;
    let lost = open(&url).send(&Request::get("/x")).await.unwrap_err();
    assert!(matches!(&lost, NoAnswer::Lost(why) if why.contains("128 levels")), "{lost:?}");
    let request = Request::get("/x").max_depth(201);
    assert_eq!(open(&url).send(&request).await.unwrap().status, 200);
}

/// How many are under way, and the most that were.
#[derive(Clone, Default)]
struct UnderWay(Arc<(AtomicU32, AtomicU32)>);

#[tokio::test]
async fn no_more_requests_are_under_way_than_the_vendor_takes() {
    async fn linger(State(UnderWay(counts)): State<UnderWay>) -> &'static str {
        let now = counts.0.fetch_add(1, Ordering::SeqCst) + 1;
        counts.1.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(5)).await;
        counts.0.fetch_sub(1, Ordering::SeqCst);
        "1"
    }
    let counts = UnderWay::default();
    let url = serve(Router::new().route("/x", get(linger)).with_state(counts.clone())).await;
    let http = Http::open(&quick(), &url, false, key(), Rate::at_once(3)).unwrap();
    let ask = |_| {
        let http = http.clone();
        tokio::spawn(async move { http.get::<u32>("/x", &[]).await.unwrap() })
    };
    for asked in (0..30).map(ask).collect::<Vec<_>>() {
        asked.await.unwrap();
    }
    assert_eq!(counts.0.1.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_the_vendor_says_is_left_is_all_that_is_sent() {
    async fn tell(State(counts): State<Counts>) -> ([(&'static str, String); 2], String) {
        let asked = counts.next();
        let left = 3_u32.saturating_sub(asked + 1).to_string();
        let headers = [("x-ratelimit-remaining", left), ("x-ratelimit-reset", "60".to_owned())];
        (headers, asked.to_string())
    }
    let counts = Counts::default();
    let url = serve(Router::new().route("/x", get(tell)).with_state(counts.clone())).await;
    let (first, second) = (open(&url), open(&url));
    for http in [&first, &second, &first] {
        http.get::<u32>("/x", &[]).await.unwrap();
    }
    let fault = second.get::<u32>("/x", &[]).await.unwrap_err();
    assert!(matches!(fault, Fault::Throttled { wait, .. } if wait.as_secs() > 50), "{fault:?}");
    assert_eq!(counts.0.load(Ordering::SeqCst), 3, "the fourth is not even tried");
}

#[tokio::test]
async fn what_was_recorded_is_answered_again() {
    async fn order(
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, [(&'static str, &'static str); 1], String) {
        assert_eq!(headers["x-acme-key"], "PK-SECRET");
        let body = String::from_utf8_lossy(&body).into_owned();
        (StatusCode::UNPROCESSABLE_ENTITY, [("retry-after", "7")], body)
    }
    let counts = Counts::default();
    let router = Router::new()
        .route("/v2/x", get(count))
        .route("/v2/orders/{id}", post(order))
        .with_state(counts.clone());
    let mut url = serve(router).await;
    url.set_path("/v2");
    let folder = tempfile::tempdir().unwrap();
    let host = Host::test("recorded", "acme_test");
    let order = |key: &str| {
        let body = serde_json::json!({"quantity": "1", "key": key});
        Request::new(Method::POST, "/orders").segment("A/B").json(&body)
    };
    let query = Auth::query(SETTING, "key", Secret::new("PK-SECRET-2"));
    let first = Http::open(&host, &url, false, key(), Rate::UNLIMITED).unwrap();
    let first = first.recorded(&host, folder.path()).unwrap();
    let second = Http::open(&host, &url, false, query, Rate::UNLIMITED).unwrap();
    let second = second.recorded(&host, folder.path()).unwrap();
    for page in ["1", "2"] {
        first.get::<u32>("/x", &[("page", page)]).await.unwrap();
    }
    first.get::<u32>("/x", &[("page", "1")]).await.unwrap();
    second.get::<u32>("/x", &[]).await.unwrap();
    assert_eq!(first.send(&order("PK-SECRET")).await.unwrap().status, 422);

    let file = folder.path().join("recorded.jsonl");
    assert!(!std::fs::read_to_string(&file).unwrap().contains("SECRET"));
    let mut url = serve(mockkit::Replay::read(&file).unwrap().router()).await;
    url.set_path("/v2");
    let again = Http::open(&host, &url, false, key(), Rate::UNLIMITED).unwrap();
    let pages = [("2", 1), ("1", 0), ("1", 2), ("1", 2)];
    for (page, expected) in pages {
        assert_eq!(again.get::<u32>("/x", &[("page", page)]).await.unwrap(), expected);
    }
    let refused = again.send(&order("another key")).await.unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (422, Some("7")));
    let query = Auth::query(SETTING, "key", Secret::new("another"));
    let other = Http::open(&host, &url, false, query, Rate::UNLIMITED).unwrap();
    assert_eq!(other.get::<u32>("/x", &[]).await.unwrap(), 3);
    let unknown = again.send(&Request::get("/x").query(&[("page", "3")])).await.unwrap();
    assert_eq!(unknown.status, 501);
}

/// Set for the process that a test starts.
const PROXIED: &str = "HTTP_TEST_PROXIED";

#[tokio::test]
async fn a_proxy_of_the_environment_is_used_for_others_than_this_machine() {
    if std::env::var_os(PROXIED).is_some() {
        for (host, expected) in [("vendor.test", "\"through\""), ("direct.invalid", "")] {
            let url = Url::parse(&format!("http://{host}")).unwrap();
            let http = Http::open(&quick(), &url, true, key(), Rate::UNLIMITED).unwrap();
            let answer = http.send(&Request::get("/x")).await;
            assert_eq!(answer.map(|a| a.body).unwrap_or_default(), expected, "{host}");
        }
        return;
    }
    async fn relay(uri: axum::http::Uri) -> &'static str {
        assert_eq!(uri.host(), Some("vendor.test"));
        "\"through\""
    }
    let proxy = serve(Router::new().route("/x", get(relay))).await;
    // Only a process of its own has an environment of its own.
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "a_proxy_of_the_environment_is_used_for_others_than_this_machine"]);
    child.env(PROXIED, "1").env("HTTP_PROXY", proxy.as_str()).env("NO_PROXY", ".invalid");
    child.env_remove("http_proxy").env_remove("no_proxy");
    let output = child.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
