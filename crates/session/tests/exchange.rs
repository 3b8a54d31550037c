//! What the log says of exchanges, and what it does not.

#![allow(clippy::unwrap_used)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use session::{Options, RawOptions, Session, Step};
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

const WAIT: Duration = Duration::from_secs(10);

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The lines since the last call: what was asked, how that went, and the bytes either way.
    fn take(&self) -> Vec<(String, String, u64, u64)> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        for secret in ["a-secret", "PK-7", "who"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let lines = lines.filter(|line| line["target"] == "session::request");
        let read = |line: Value| {
            let said = |name: &str| line["fields"][name].clone();
            assert_eq!(said("host"), "127.0.0.1");
            assert!(said("milliseconds").is_u64(), "{line}");
            let (request, status) = (said("request"), said("status"));
            let bytes = |name: &str| said(name).as_u64().unwrap();
            let words = |value: Value| value.as_str().unwrap().to_owned();
            (words(request), words(status), bytes("bytes_sent"), bytes("bytes_received"))
        };
        lines.map(read).collect()
    }
}

fn line(request: &str, status: &str, sent: u64, received: u64) -> (String, String, u64, u64) {
    (request.to_owned(), status.to_owned(), sent, received)
}

#[tokio::test]
async fn every_exchange_is_a_line_without_what_was_said() {
    let log = Log::default();
    let (kept, builder) = (log.clone(), tracing_subscriber::fmt().json());
    let subscriber = builder.with_writer(move || kept.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("ws://who:PK-7@{address}/stream?token=a-secret");
    let options = Options::new(&Url::parse(&url).unwrap(), false);
    let accept = async { accept_async(listener.accept().await.unwrap().0).await.unwrap() };
    let (session, mut server) = tokio::join!(Session::open(&options), accept);
    let mut session = session.unwrap();
    assert_eq!(log.take(), [line("connect", "opened", 0, 0)]);

    session.send("login a-secret").await.unwrap();
    assert!(server.next().await.unwrap().unwrap().is_text());
    server.send(Message::text("welcome who")).await.unwrap();
    session.expect(WAIT, "login", |_| Step::Done(())).await.unwrap();
    let late = session.expect(Duration::from_millis(10), "subscription", |_| Step::Done(()));
    assert!(late.await.is_err());
    let expected = [line("login", "answered", 14, 11), line("subscription", "disconnected", 0, 0)];
    assert_eq!(log.take(), expected);

    drop((session, server, listener));
    let raw = RawOptions::new("127.0.0.1", address.port());
    assert!(Session::open_raw(&raw).await.is_err());
    assert_eq!(log.take(), [line("connect", "retry", 0, 0)]);
}
