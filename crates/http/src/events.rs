//! Server-sent events: one answer that never ends, and goes on where it broke off.

use std::collections::VecDeque;
use std::time::Duration;

use component::{Fault, Result, nanos};
use model::Timestamp;
use reqwest::Response;
use tokio::time::timeout;

use crate::client::Http;
use crate::request::{Answer, NoAnswer, Request};

/// Pause before a stream that ended is opened again, unless the vendor says another.
const PAUSE: Duration = Duration::from_secs(3);
/// A vendor that says less or more is not taken at its word.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Vendors send something, if only a comment, at least every half a minute.
const IDLE: Duration = Duration::from_secs(60);
/// Bytes of a refusal that are read.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// Something that a vendor told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerEvent {
    /// What to resume after, if the vendor has ever said; it is the cursor of the stream.
    pub id: Option<String>,
    /// What kind of event it is; `message` if not said.
    pub kind: String,
    /// Its contents, lines joined.
    pub data: String,
}

/// A stream of events. It opens itself again where it ended, after the last event that it gave.
pub struct Events {
    http: Http,
    request: Request,
    response: Option<Response>,
    parser: Parser,
    idle: Duration,
    /// When a stream that ended is opened again.
    due: Timestamp,
}

impl Http {
    /// Opens a stream of events, after the one with the id `after`.
    pub async fn events(&self, request: &Request, after: Option<&str>) -> Result<Events> {
        let mut events = Events {
            http: self.clone(),
            parser: Parser::new(after, request.max_body_bytes),
            request: request.clone(),
            response: None,
            idle: IDLE,
            due: Timestamp(0),
        };
        events.open().await?;
        Ok(events)
    }
}

impl Events {
    /// The same for a vendor that is never silent for so long.
    #[must_use]
    pub fn idle(self, idle: Duration) -> Self {
        Self { idle, ..self }
    }

    /// The next event. Dropping the future loses nothing.
    ///
    /// A stream that ends is opened again after the pause that the vendor asked for; a fault says
    /// why that did not succeed, and the next call tries once more.
    pub async fn next(&mut self) -> Result<ServerEvent> {
        loop {
            if let Some(event) = self.parser.events.pop_front() {
                return Ok(event);
            }
            let Some(response) = &mut self.response else {
                let now = self.http.clock.now();
                let wait = u64::try_from(self.due.since(now)).unwrap_or(0);
                self.http.clock.sleep(Duration::from_nanos(wait)).await;
                self.open().await?;
                continue;
            };
            if let Ok(Ok(Some(bytes))) = timeout(self.idle, response.chunk()).await {
                if let Err(fault) = self.parser.feed(&bytes) {
                    self.end();
                    return Err(fault);
                }
            } else {
                self.end();
            }
        }
    }

    /// What came of an unfinished event is told again when the stream goes on.
    fn end(&mut self) {
        self.response = None;
        self.parser.interrupted();
        self.due = self.http.clock.now().plus_nanos(nanos(self.parser.pause));
    }

    async fn open(&mut self) -> Result<()> {
        let mut request = self.request.clone();
        request.headers.push(("cache-control", "no-store".to_owned()));
        if let Some(id) = &self.parser.last_id {
            request.headers.push(("last-event-id", id.clone()));
        }
        let response = self.http.opened(&request).await?;
        self.response = Some(response);
        Ok(())
    }
}

impl Http {
    /// The head of a stream that is one.
    async fn opened(&self, request: &Request) -> Result<Response> {
        let (response, proof) = self.streamed(request).await?;
        let response = match response.status().as_u16() {
            // Who is not let in may knock again, once, with a renewed credential.
            401 if self.auth.renewed(proof.as_ref()).await => self.streamed(request).await?.0,
            _ => response,
        };
        let status = response.status().as_u16();
        let title = request.title();
        let kind = response.headers().get("content-type");
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        match status {
            204 => Err(Fault::fatal(format!("{title} is over: the vendor wants nobody back"))),
            200 if kind.starts_with("text/event-stream") => Ok(response),
            200 => Err(Fault::retry(format!("{title} is no stream of events but {kind:?}"))),
            _ => Err(self.refused(request, response).await),
        }
    }

    async fn streamed(&self, request: &Request) -> Result<(Response, Option<credentials::Proof>)> {
        let (signed, turn) = self.prepared(request, request.url(&self.base)?).await?;
        let proof = signed.proof.clone();
        let left = self.clock.now();
        let response = self.answered(request, signed, "text/event-stream").await;
        self.shared.pace().answered(turn.time, self.clock.now(), request.weight);
        let head = response.as_ref().map_err(NoAnswer::clone).map(|response| {
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Answer::new(status, headers, Default::default(), self.auth.clone())
        });
        self.record(request, &head, left);
        if let Ok(head) = &head {
            self.learn(head, turn.count);
        }
        Ok((response?, proof))
    }

    /// What an answer means that is no stream.
    async fn refused(&self, request: &Request, response: Response) -> Fault {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let request = request.clone().max_body_bytes(MAX_REFUSAL_BYTES);
        let body = self.body(&request, response).await.unwrap_or_default();
        let answer = Answer::new(status, headers, body, self.auth.clone());
        match self.classify(&answer, &request.title(), self.clock.now()) {
            Err(fault) => fault,
            Ok(()) => Fault::retry(format!("{} answered {status}", request.title())),
        }
    }
}

/// Makes events of bytes, wherever they are split (WHATWG, HTML, 9.2.6). No I/O.
struct Parser {
    events: VecDeque<ServerEvent>,
    last_id: Option<String>,
    pause: Duration,
    max_bytes: usize,
    line: Vec<u8>,
    is_after_cr: bool,
    is_begun: bool,
    kind: String,
    data: String,
    id: Option<String>,
}

impl Parser {
    fn new(last_id: Option<&str>, max_bytes: usize) -> Self {
        let last_id = last_id.map(str::to_owned);
        Self {
            events: VecDeque::new(),
            id: last_id.clone(),
            last_id,
            pause: PAUSE,
            max_bytes,
            line: Vec::new(),
            is_after_cr: false,
            is_begun: false,
            kind: String::new(),
            data: String::new(),
        }
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        for byte in bytes {
            let is_rest_of_end = std::mem::take(&mut self.is_after_cr) && *byte == b'\n';
            match byte {
                b'\n' if is_rest_of_end => {}
                b'\r' | b'\n' => {
                    self.is_after_cr = *byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.take(&line);
                }
                _ => self.line.push(*byte),
            }
            if self.line.len() + self.data.len() > self.max_bytes {
                let limit = self.max_bytes;
                let reason = format!("an event of a stream is longer than {limit} bytes");
                return Err(Fault::disconnected(reason));
            }
        }
        Ok(())
    }

    fn take(&mut self, line: &[u8]) {
        let line = match std::mem::replace(&mut self.is_begun, true) {
            true => line,
            false => line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line),
        };
        if line.is_empty() {
            return self.tell();
        }
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.kind = value.to_owned(),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                if let Ok(millis) = value.parse() {
                    let pause = Duration::from_millis(millis);
                    self.pause = pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
                }
            }
            _ => {} // a comment, or a field that nobody knows
        }
    }

    fn tell(&mut self) {
        self.last_id = self.id.clone().filter(|id| !id.is_empty());
        let (kind, mut data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        if data.pop().is_some() {
            let kind = if kind.is_empty() { "message".to_owned() } else { kind };
            self.events.push_back(ServerEvent { id: self.last_id.clone(), kind, data });
        }
    }

    fn interrupted(&mut self) {
        (self.is_after_cr, self.is_begun) = (false, false);
        self.line.clear();
        self.kind.clear();
        self.data.clear();
        self.id = self.last_id.clone();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn event(id: Option<&str>, kind: &str, data: &str) -> ServerEvent {
        ServerEvent { id: id.map(str::to_owned), kind: kind.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_are_found_wherever_the_bytes_are_split() {
        let text = "\u{feff}: hello\nretry: 2500\n\ndata: a\ndata:b\r\n\r\nid: 7\revent: trade\r\
                    data:  c\r\rid\ndata\n\nid: 9\n\nevent: x\n\ndata: d\nwhat: e\n\nid: 10\ndata: lost";
        let expected = [
            event(None, "message", "a\nb"),
            event(Some("7"), "trade", " c"),
            event(None, "message", ""),
            event(Some("9"), "message", "d"),
        ];
        for split in 0..=text.len() {
            let mut parser = Parser::new(None, 100);
            parser.feed(&text.as_bytes()[..split]).unwrap();
            parser.feed(&text.as_bytes()[split..]).unwrap();
            assert_eq!(Vec::from(std::mem::take(&mut parser.events)), expected, "split at {split}");
            assert_eq!(parser.pause, Duration::from_millis(2_500));
            assert_eq!(parser.last_id.as_deref(), Some("9"));
            parser.interrupted();
            parser.feed(b"data: e\n\n").unwrap();
            assert_eq!(Vec::from(parser.events), [event(Some("9"), "message", "e")]);
        }
    }

    #[test]
    fn an_event_without_an_end_is_cut_off_and_pauses_are_reasonable() {
        let mut parser = Parser::new(Some("3"), 100);
        assert_eq!(parser.last_id.as_deref(), Some("3"));
        for (text, millis) in [("0", 100), ("99999999", 60_000), ("1e3", 60_000), ("", 60_000)] {
            parser.feed(format!("retry: {text}\n").as_bytes()).unwrap();
            assert_eq!(parser.pause, Duration::from_millis(millis), "{text:?}");
        }
        let fault = (0..40).find_map(|_| parser.feed(b"data: xx\n").err()).unwrap();
        assert_eq!(fault.kind(), "disconnected");
    }
}
