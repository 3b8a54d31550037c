//! Every way of proving who we are, over a socket, against a mock that verifies it, on a clock
//! that the tests move.

#![allow(clippy::unwrap_used)]

mod flows;
mod ninety_days;
mod refusals;
mod told;

use std::sync::Arc;
use std::time::Duration;

use authentication_mock::{Running, Settings};
use component::{Clock, Fault, Host, Rate, Secret, TestClock, Throttling};
use credentials::{
    Authenticator, ClientProof, Consent, Grant, Life, Memory, Method, OAuth1, OAuth2, Polled,
    Store, consent,
};
use http::{Auth, Http, Tokens};
use model::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// The mock, and a clock that moves with its clock.
struct World {
    mock: Running,
    time: Arc<TestClock>,
    store: Arc<Memory>,
}

impl World {
    async fn new(settings: Settings) -> Self {
        let mock = authentication_mock::serve(settings).await.unwrap();
        let time = TestClock::starting_at(Timestamp(mock.kit().clock().now()));
        Self { mock, time, store: Arc::default() }
    }

    fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.mock.urls()["base"]).parse().unwrap()
    }

    fn advance(&self, by: Duration) {
        self.time.advance(by);
        self.mock.kit().clock().advance(i64::try_from(by.as_nanos()).unwrap());
    }

    fn now(&self) -> Timestamp {
        Clock::test(self.time.clone()).now()
    }

    /// A credential as a process that has just started would make it.
    fn credential(&self, name: &str, method: Method, life: Life) -> Authenticator {
        let clock = Clock::test(self.time.clone());
        let store: Arc<dyn Store> = self.store.clone();
        let transport = Arc::new(Tokens::new(false).unwrap());
        Authenticator::new(name, method, life, clock, transport, Some(store))
    }

    fn client(&self, credential: &Authenticator) -> Http {
        let clock = Clock::test(self.time.clone());
        let host = Host::new(credential.name(), "test", clock, Throttling::default());
        let auth = Auth::credential("authentication.credentials", credential.clone());
        Http::open(&host, &self.url("/api"), false, auth, Rate::per_second(10_000)).unwrap()
    }

    fn oauth2(&self, grant: Grant) -> OAuth2 {
        OAuth2 {
            token_url: self.url("/oauth2/token"),
            client_id: "test-key".to_owned(),
            proof: ClientProof::Basic(Secret::new("test-secret")),
            scope: Some("api".to_owned()),
            grant,
            revoke_url: Some(self.url("/oauth2/revoke")),
        }
    }

    fn code(&self) -> OAuth2 {
        self.oauth2(Grant::Code {
            authorize_url: self.url("/oauth2/authorize"),
            redirect_url: "https://127.0.0.1:8182/".to_owned(),
            pkce: true,
        })
    }

    fn oauth1(&self) -> OAuth1 {
        OAuth1 {
            consumer_key: "test-key".to_owned(),
            consumer_secret: Secret::new("test-secret"),
            request_token_url: self.url("/oauth1/request_token"),
            authorize_url: format!("{}?key={{key}}&token={{token}}", self.url("/oauth1/authorize")),
            access_token_url: self.url("/oauth1/access_token"),
            renew_url: Some(self.url("/oauth1/renew_access_token")),
            revoke_url: Some(self.url("/oauth1/revoke_access_token")),
            callback: "oob".to_owned(),
        }
    }

    /// How often something happened at the mock.
    async fn count(&self, what: &str) -> u64 {
        let answer = get(&self.url("/_mock/logins")).await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let counts: Value = serde_json::from_str(body).unwrap();
        counts.get(what).and_then(Value::as_u64).unwrap_or_default()
    }

    async fn fault(&self, rule: Value) {
        let rule = serde_json::from_value(rule).unwrap();
        self.mock.kit().faults().add(rule, &[]).unwrap();
    }
}

async fn call(http: &Http, path: &str) -> Result<(), Fault> {
    http.get::<Value>(path, &[("a", "b c"), ("d", "=&/")]).await.map(drop)
}

/// What a browser does with a page, without following where it is sent.
async fn get(url: &Url) -> String {
    let address = url.socket_addrs(|| None).unwrap()[0];
    let mut socket = TcpStream::connect(address).await.unwrap();
    let path = &url[url::Position::BeforePath..];
    let ask = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let after = text.split_once(start).unwrap_or_else(|| panic!("no {start:?} in {text}")).1;
    after.split_once(end).unwrap().0
}

/// The link of a page whose words are `decision`.
fn link(page: &str, decision: &str) -> String {
    let link = page.split("<a href=\"").find(|part| part.contains(&format!(">{decision}<")));
    link.unwrap().split_once('"').unwrap().0.replace("&amp;", "&")
}

/// What a person does with a login: opens the page, decides, and carries back what they are given.
async fn decide(consent: &Consent, decision: &str) -> String {
    let page = get(&consent.url).await;
    if page.contains("<code>") {
        return between(&page, "<code>", "</code>").to_owned();
    }
    let answer = get(&consent.url.join(&link(&page, decision)).unwrap()).await;
    match answer.contains("location: ") {
        true => between(&answer, "location: ", "\r\n").to_owned(),
        false => String::new(),
    }
}

async fn log_in(credential: &Authenticator) {
    let mut login = consent(credential).await.unwrap();
    if login.is_attested() {
        return credential.finish(&login, "").await.unwrap();
    }
    let given = decide(&login, "allow").await;
    if login.device().is_some() {
        assert_eq!(credential.poll(&mut login).await.unwrap(), Polled::Done);
    } else {
        credential.finish(&login, &given).await.unwrap();
    }
}
