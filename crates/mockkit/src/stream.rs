use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt as _;

use crate::faults::{FRAME_KINDS, Hit};
use crate::line::Peer;
use crate::{Entry, Kind, Kit, Line, time};

/// A silent stream is given up after this long.
const SILENCE: Duration = Duration::from_secs(600);
/// How long a client may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// An oversize frame.
const OVERSIZE: usize = 50 * 1024 * 1024;

/// The WebSocket of one client, with the transcript of what it says and the faults it meets.
pub struct StreamSocket {
    kit: Kit,
    name: String,
    line: Arc<Line>,
    socket: WebSocket,
    silent: bool,
}

/// What a client sent.
#[derive(Clone, Debug)]
pub enum Incoming {
    Text(String),
    Binary(Bytes),
}

/// The client is gone.
#[derive(Clone, Copy, Debug)]
pub struct Gone;

impl Incoming {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Incoming::Text(text) => text.as_bytes(),
            Incoming::Binary(bytes) => bytes,
        }
    }
}

impl Line {
    /// The line of the request that a handler is working on.
    pub fn of(parts: &axum::http::Extensions) -> Arc<Line> {
        let peer = parts.get::<ConnectInfo<Peer>>();
        peer.map(|ConnectInfo(peer)| Arc::clone(&peer.0)).unwrap_or_default()
    }
}

impl StreamSocket {
    /// `name` is what `"stream"` in a fault refers to.
    pub fn new(kit: Kit, name: &str, line: Arc<Line>, socket: WebSocket) -> StreamSocket {
        StreamSocket { kit, name: name.to_owned(), line, socket, silent: false }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next message, or nothing once the client is gone or the mock stops. May be dropped and
    /// called again without losing anything.
    pub async fn recv(&mut self) -> Option<Incoming> {
        if self.silent {
            tokio::select! {
                () = tokio::time::sleep(SILENCE) => {}
                () = self.kit.stopped() => {}
            }
            return None;
        }
        loop {
            let message = tokio::select! {
                message = self.socket.recv() => message?.ok()?,
                () = self.kit.stopped() => return None,
            };
            match message {
                Message::Text(text) => return Some(Incoming::Text(text.to_string())),
                Message::Binary(bytes) => return Some(Incoming::Binary(bytes)),
                Message::Close(_) => {
                    // The answer to a goodbye waits to be written; without it the client takes
                    // its own goodbye for a broken connection.
                    let _ = tokio::time::timeout(GOODBYE, self.socket.flush()).await;
                    return None;
                }
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    }

    /// Writes a client's message, as JSON text, into the transcript.
    pub fn note(&self, message: &[u8]) {
        let transcript = self.kit.transcript();
        transcript.add(Entry {
            time: time::utc(self.kit.clock().now()),
            stream: Some(self.name.clone()),
            body: transcript.body(message, "application/json"),
            ..Entry::default()
        });
    }

    /// Takes a fault of this kind that waits for this stream.
    pub fn take(&self, kind: &Kind) -> Option<Hit> {
        self.take_any(std::slice::from_ref(kind))
    }

    fn take_any(&self, kinds: &[Kind]) -> Option<Hit> {
        let hit = self.kit.faults().take_stream(&self.name, kinds)?;
        self.kit.note_fault(&self.name, String::new(), &hit);
        Some(hit)
    }

    /// Sends an answer or a ping: faults of data frames do not touch it.
    pub async fn control(&mut self, message: Message) -> Result<(), Gone> {
        if self.silent {
            return Ok(());
        }
        tokio::select! {
            sent = self.socket.send(message) => sent.map_err(|_| Gone),
            () = self.kit.stopped() => Err(Gone),
        }
    }

    /// Sends a data frame, unless a fault has other plans.
    pub async fn data(&mut self, message: Message) -> Result<(), Gone> {
        if self.silent {
            return Ok(());
        }
        match self.take_any(&FRAME_KINDS) {
            None => self.control(message).await,
            Some(hit) => self.misbehave(message, hit).await,
        }
    }

    async fn misbehave(&mut self, message: Message, hit: Hit) -> Result<(), Gone> {
        if hit.fault.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(hit.fault.delay_ms)).await;
        }
        match hit.kind {
            Kind::DropFrames => Ok(()),
            Kind::Silence => {
                self.silent = true;
                Ok(())
            }
            Kind::Disconnect => {
                self.close(1000, "").await;
                Err(Gone)
            }
            Kind::Reset => {
                self.line.reset();
                Err(Gone)
            }
            Kind::Garbage => self.control(like(&message, b"}{ not what you asked for")).await,
            Kind::Truncated => {
                let bytes = message_bytes(&message);
                let mut end = bytes.len() / 2;
                while std::str::from_utf8(&bytes[..end]).is_err() && end > 0 {
                    end -= 1;
                }
                self.control(like(&message, &bytes[..end])).await
            }
            Kind::InvalidUtf8 => self.raw(b"\x81\x0b{\"T\":\"\xff\xfe\xc3\"}").await,
            Kind::Oversize => self.control(like(&message, &vec![b'x'; OVERSIZE])).await,
            _ => self.control(message).await,
        }
    }

    /// Sends bytes that are not even a proper frame.
    async fn raw(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        self.socket.flush().await.map_err(|_| Gone)?;
        self.line.inject(bytes);
        self.socket.flush().await.map_err(|_| Gone)
    }

    /// Says goodbye with a code and waits for the client to do the same, not for long.
    pub async fn close(&mut self, code: u16, reason: &str) {
        if self.silent {
            return;
        }
        let frame = CloseFrame { code, reason: reason.into() };
        if self.control(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        let goodbye = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        tokio::select! {
            () = goodbye => {}
            () = tokio::time::sleep(GOODBYE) => {}
            () = self.kit.stopped() => {}
        }
    }
}

fn message_bytes(message: &Message) -> &[u8] {
    match message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes,
        Message::Close(_) => &[],
    }
}

/// A message of the same kind with other contents.
fn like(message: &Message, bytes: &[u8]) -> Message {
    match (message, std::str::from_utf8(bytes)) {
        (Message::Text(_), Ok(text)) => Message::text(text),
        _ => Message::binary(bytes.to_vec()),
    }
}
