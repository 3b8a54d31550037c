//! One line in the log for every exchange over a session, as `http` writes one for every request:
//! of what cannot hold a secret, so no query, no header and no message.

use std::time::Duration;

use component::Fault;
use tracing::info;
use url::Url;

/// The exchanges of one session.
#[derive(Debug)]
pub(crate) struct Exchanges {
    host: String,
    place: String,
    /// Bytes that were sent since the last line.
    sent: usize,
}

impl Exchanges {
    /// Those over a WebSocket.
    pub(crate) fn web(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default().to_owned();
        Self { host, place: url.path().to_owned(), sent: 0 }
    }

    /// Those over a raw socket.
    pub(crate) fn raw(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), place: format!(":{port}"), sent: 0 }
    }

    /// Something is sent, as a part of the next exchange.
    pub(crate) fn sends(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes);
    }

    /// An exchange is over.
    pub(crate) fn ended(&mut self, request: &str, status: &str, took: Duration, received: usize) {
        let sent = std::mem::take(&mut self.sent);
        info!(
            target: "session::request",
            host = self.host,
            place = self.place,
            request,
            status,
            milliseconds = took.as_millis() as u64,
            bytes_sent = sent,
            bytes_received = received,
        );
    }
}

/// What a line says of how an exchange went.
pub(crate) fn status<T>(result: &Result<T, Fault>, well: &'static str) -> &'static str {
    result.as_ref().map_or_else(Fault::kind, |_| well)
}
