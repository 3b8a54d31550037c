//! A session that knows when it is dead: over a WebSocket, or over a raw socket.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use component::{Fault, Result, Secret};
use futures_util::FutureExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::{MaybeTlsStream, client_async};
use url::{Host, Url};

use crate::exchange::{Exchanges, status};
use crate::frames::{Arrived, Frame, Frames};
use crate::opening::Opening;
use crate::packets::Packets;
use crate::proxy;
use crate::tls;
use crate::turns::Turns;

/// No vendor sends a larger message; of one that does only the beginning is kept.
const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(15);
/// Frames that may arrive while an answer is waited for.
const MAX_KEPT: usize = 10_000;

/// How a farewell begins, before its code.
pub(crate) const CLOSED: &str = "the stream was closed: ";

/// How to open a session.
#[derive(Clone, Debug)]
pub struct Options {
    /// `wss://…`; `ws://…` for this machine only, unless `insecure`.
    pub url: Url,
    /// Lets credentials travel unencrypted to other machines.
    pub insecure: bool,
    /// Headers of the opening request.
    pub headers: Vec<(&'static str, Secret)>,
    /// The setting to blame when the opening request is refused.
    pub setting: &'static str,
    /// After this long without a frame we ask whether anybody is there; after as long again
    /// without an answer the session is over.
    pub idle: Duration,
    /// Longest message that is accepted.
    pub max_message_bytes: usize,
}

impl Options {
    /// The usual ones.
    pub fn new(url: &Url, insecure: bool) -> Self {
        Self {
            url: url.clone(),
            insecure,
            headers: Vec::new(),
            setting: "authentication",
            idle: IDLE,
            max_message_bytes: MAX_MESSAGE_BYTES,
        }
    }
}

/// How to open a session over a raw socket, where every message has its length in front.
#[derive(Clone, Debug)]
pub struct RawOptions {
    /// Name or address of the machine.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Lets messages travel unencrypted to other machines.
    pub insecure: bool,
    /// Bytes that begin the stream, before the first message.
    pub greeting: &'static [u8],
    /// The message that asks whether anybody is there. Without one, silence ends a session.
    pub probe: Option<Vec<u8>>,
    /// After this long without a message we ask; after as long again the session is over.
    pub idle: Duration,
    /// Longest message that is accepted; a longer one ends the session.
    pub max_message_bytes: usize,
    /// The line that our messages wait in.
    pub turns: Option<Turns>,
}

impl RawOptions {
    /// The usual ones.
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            insecure: false,
            greeting: &[],
            probe: None,
            idle: IDLE,
            max_message_bytes: MAX_MESSAGE_BYTES,
            turns: None,
        }
    }
}

/// What a frame means while an answer is waited for.
#[derive(Debug)]
pub enum Step<T> {
    /// It is the answer.
    Done(T),
    /// It means nothing.
    Skip,
    /// It is data that came early; `next_frame` will give it.
    Keep,
    /// It is a refusal.
    Refused(Fault),
}

/// What a session speaks.
enum Line {
    Web(Box<Frames<MaybeTlsStream<TcpStream>>>),
    Raw(Box<Packets<TcpStream>>),
}

/// An open session.
pub struct Session {
    line: Line,
    probe: Option<Vec<u8>>,
    idle: Duration,
    heard: Instant,
    /// When we asked whether anybody is there, while nobody has answered.
    asked: Option<Instant>,
    kept: VecDeque<Frame>,
    exchanges: Exchanges,
}

impl Session {
    /// One attempt to open a session.
    pub async fn open(options: &Options) -> Result<Self> {
        let exchanges = Exchanges::web(&options.url);
        Self::opened(exchanges, options.idle, None, Box::pin(web(options))).await
    }

    /// One attempt to open a session over a raw socket.
    pub async fn open_raw(options: &RawOptions) -> Result<Self> {
        let exchanges = Exchanges::raw(&options.host, options.port);
        Self::opened(exchanges, options.idle, options.probe.clone(), Box::pin(raw(options))).await
    }

    async fn opened(
        mut exchanges: Exchanges,
        idle: Duration,
        probe: Option<Vec<u8>>,
        opening: impl Future<Output = Result<Line>>,
    ) -> Result<Self> {
        let started = Instant::now();
        let line = opening.await;
        exchanges.ended("connect", status(&line, "opened"), started.elapsed(), 0);
        let (heard, kept) = (Instant::now(), VecDeque::new());
        Ok(Self { line: line?, probe, idle, heard, asked: None, kept, exchanges })
    }

    /// Notes that an exchange is over.
    pub(crate) fn ended(&mut self, request: &str, status: &str, took: Duration, received: usize) {
        self.exchanges.ended(request, status, took, received);
    }

    /// Sends a text, or a message of a raw session.
    pub async fn send(&mut self, text: impl Into<String>) -> Result<()> {
        let text = text.into();
        let Line::Web(frames) = &mut self.line else {
            self.queue(text.as_bytes())?;
            return self.flush().await;
        };
        self.exchanges.sends(text.len());
        sent(timeout(SEND_TIMEOUT, frames.send_text(text)).await)
    }

    /// Puts a message in line: it leaves during the next reads, at the session's own pace. Nothing
    /// is waited for, so nothing can be interrupted in the middle.
    pub fn queue(&mut self, message: &[u8]) -> Result<()> {
        self.exchanges.sends(message.len());
        let queued = match &mut self.line {
            Line::Web(frames) => frames.queue(message),
            Line::Raw(packets) => packets.queue(message),
        };
        queued.map_err(|error| Fault::disconnected(format!("could not send: {error}")))
    }

    /// Waits until everything in line has left.
    pub async fn flush(&mut self) -> Result<()> {
        loop {
            let due = self.line.release();
            sent(timeout(SEND_TIMEOUT, self.line.flush()).await)?;
            match due {
                None => return Ok(()),
                Some(due) => sleep_until(due).await,
            }
        }
    }

    /// Time since anything was heard.
    pub fn silence(&self) -> Duration {
        self.heard.elapsed()
    }

    /// The next frame. Dropping the future loses nothing.
    pub async fn next_frame(&mut self) -> Result<Frame> {
        if let Some(frame) = self.kept.pop_front() {
            return Ok(frame);
        }
        loop {
            let deadline = self.asked.unwrap_or(self.heard) + self.idle;
            let due = self.line.release();
            tokio::select! {
                biased;
                arrived = self.line.next() => {
                    if let Some(frame) = self.hear(arrived)? {
                        return Ok(frame);
                    }
                }
                () = sleep_until(deadline) => self.ask().await?,
                () = sleep_until(due.unwrap_or(deadline)), if due.is_some() => {}
            }
        }
    }

    /// The next frame if it comes in time.
    pub async fn next_frame_within(&mut self, wait: Duration) -> Result<Option<Frame>> {
        match timeout(wait, self.next_frame()).await {
            Ok(frame) => frame.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// A frame that is there already.
    pub fn ready_frame(&mut self) -> Result<Option<Frame>> {
        if let Some(frame) = self.kept.pop_front() {
            return Ok(Some(frame));
        }
        self.line.release();
        while let Some(arrived) = self.line.next().now_or_never() {
            if let Some(frame) = self.hear(arrived)? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// Waits for the frame that answers what was sent.
    pub async fn expect<T>(
        &mut self,
        within: Duration,
        what: &str,
        mut judge: impl FnMut(&Frame) -> Step<T>,
    ) -> Result<T> {
        let started = Instant::now();
        let deadline = started + within;
        let mut kept = std::mem::take(&mut self.kept);
        let mut received = 0;
        let result = loop {
            let frame = tokio::select! {
                frame = self.next_frame() => frame,
                () = sleep_until(deadline) => {
                    break Err(Fault::disconnected(format!("no {what} within {within:?}")));
                }
            };
            match frame.map(|frame| (judge(&frame), frame)) {
                Ok((Step::Done(answer), frame)) => {
                    received = frame.len();
                    break Ok(answer);
                }
                Ok((Step::Refused(fault), frame)) => {
                    received = frame.len();
                    break Err(fault);
                }
                Ok((Step::Skip, _)) => {}
                Ok((Step::Keep, frame)) if kept.len() < MAX_KEPT => kept.push_back(frame),
                Ok((Step::Keep, _)) => {
                    break Err(Fault::disconnected(format!("no {what} among {MAX_KEPT} frames")));
                }
                Err(fault) => break Err(fault),
            }
        };
        self.kept = kept;
        self.ended(what, status(&result, "answered"), started.elapsed(), received);
        result
    }

    /// Takes note of a sign of life; gives the frame if it was one.
    fn hear(&mut self, arrived: io::Result<Option<Arrived>>) -> Result<Option<Frame>> {
        self.heard = Instant::now();
        self.asked = None;
        match arrived {
            Ok(Some(Arrived::Message(frame))) => Ok(Some(frame)),
            Ok(Some(Arrived::SignOfLife)) => Ok(None),
            Ok(Some(Arrived::Close(farewell))) => Err(closed(farewell)),
            Ok(None) => Err(Fault::disconnected("the stream ended")),
            Err(error) => Err(Fault::disconnected(format!("the stream broke: {error}"))),
        }
    }

    /// Asks whether anybody is there; a second time means that nobody is.
    async fn ask(&mut self) -> Result<()> {
        if self.asked.is_some() {
            let silence = self.heard.elapsed();
            let reason = format!("nothing was heard for {silence:?}, not even an answer to a ping");
            return Err(Fault::disconnected(reason));
        }
        self.asked = Some(Instant::now());
        match (&mut self.line, &self.probe) {
            (Line::Web(frames), _) => sent(timeout(SEND_TIMEOUT, frames.ping()).await),
            (Line::Raw(packets), Some(probe)) => {
                packets.put(probe);
                Ok(())
            }
            (Line::Raw(_), None) => Ok(()),
        }
    }
}

impl Line {
    async fn next(&mut self) -> io::Result<Option<Arrived>> {
        match self {
            Self::Web(frames) => frames.next().await,
            Self::Raw(packets) => packets.next().await,
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Web(frames) => frames.flush().await,
            Self::Raw(packets) => packets.flush().await,
        }
    }

    /// Lets go what may leave now; says when the next one may.
    fn release(&mut self) -> Option<Instant> {
        match self {
            Self::Web(_) => None,
            Self::Raw(packets) => packets.release(),
        }
    }
}

/// Opens a WebSocket.
async fn web(options: &Options) -> Result<Line> {
    let url = &options.url;
    let is_safe = match url.scheme() {
        "wss" => true,
        "ws" if options.insecure || is_loopback(url) => false,
        "ws" => {
            let reason = "plain ws would show the credentials to everyone on the way; \
                          use wss, or set connection.insecure";
            return Err(Fault::fatal(format!("will not use {url}: {reason}")));
        }
        scheme => return Err(Fault::fatal(format!("cannot speak {scheme:?} to {url}"))),
    };
    let request = request(options)?;
    let opening = async {
        let stream = connect(url, is_safe).await?;
        let (socket, _) = client_async(request, Opening::new(stream)).await?;
        Ok(socket.into_inner().into_parts())
    };
    let opened = timeout(CONNECT_TIMEOUT, opening).await;
    let opened = opened.map_err(|_| Fault::retry(format!("{url} did not open in time")))?;
    let (stream, early) = opened.map_err(|error| refused(options, error))?;
    Ok(Line::Web(Box::new(Frames::new(stream, &early, options.max_message_bytes))))
}

/// Opens a raw socket.
async fn raw(options: &RawOptions) -> Result<Line> {
    let RawOptions { host, port, .. } = options;
    if !options.insecure && !is_this_machine(host) {
        let reason = "a raw socket would show everything to everyone on the way; \
                      run it on this machine, or set connection.insecure";
        return Err(Fault::fatal(format!("will not use {host}:{port}: {reason}")));
    }
    let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), *port))).await;
    let stream = stream
        .map_err(|_| Fault::retry(format!("{host}:{port} did not open in time")))?
        .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
        .map_err(|error| Fault::retry(format!("could not open {host}:{port}: {error}")))?;
    let (longest, turns) = (options.max_message_bytes, options.turns.clone());
    Ok(Line::Raw(Box::new(Packets::new(stream, options.greeting, longest, turns))))
}

/// The opening request.
fn request(options: &Options) -> Result<Request> {
    let url = &options.url;
    let bad = |error: &dyn std::fmt::Display| Fault::fatal(format!("cannot use {url}: {error}"));
    let mut request = url.as_str().into_client_request().map_err(|error| bad(&error))?;
    for (name, value) in &options.headers {
        let mut value = HeaderValue::from_str(value.expose()).map_err(|error| bad(&error))?;
        value.set_sensitive(true);
        request.headers_mut().insert(HeaderName::from_static(name), value);
    }
    Ok(request)
}

async fn connect(url: &Url, is_safe: bool) -> io::Result<MaybeTlsStream<TcpStream>> {
    // An IPv6 address stands in brackets in a URL and nowhere else.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or_default();
    let stream = proxy::connect(is_safe, host, port).await?;
    stream.set_nodelay(true)?;
    if is_safe {
        return Ok(MaybeTlsStream::Rustls(tls::wrap(host, stream).await?));
    }
    Ok(MaybeTlsStream::Plain(stream))
}

fn sent<E>(result: std::result::Result<io::Result<()>, E>) -> Result<()> {
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Fault::disconnected(format!("could not send: {error}"))),
        Err(_) => Err(Fault::disconnected("the other side takes nothing any more")),
    }
}

fn closed(farewell: Option<(u16, String)>) -> Fault {
    match farewell {
        Some((code, reason)) => Fault::disconnected(format!("{CLOSED}{code} {reason:?}")),
        None => Fault::disconnected("the stream was closed without a reason"),
    }
}

/// What a session that did not open means.
fn refused(options: &Options, error: Error) -> Fault {
    let url = &options.url;
    let Error::Http(response) = error else {
        return Fault::retry(format!("could not open {url}: {error}"));
    };
    let status = response.status().as_u16();
    let reason = format!("{url} answered {status} instead of opening a stream");
    match status {
        401 | 403 => Fault::unauthorized(reason, options.setting),
        _ => Fault::Retry(reason),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
