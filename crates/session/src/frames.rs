//! WebSocket messages as bytes. A message that is too long or whose text is no text is handed on
//! like any other, so that it can be set aside; a library that wants to be right ends there.

use std::io::{self, Cursor, Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use component::Bad;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::protocol::frame::Frame as Outgoing;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tokio_util::io::{poll_read_buf, poll_write_buf};

/// Enough for a burst of a busy feed in one system call.
const READ_BYTES: usize = 128 * 1024;
/// Bytes that are kept of a message that is too long.
const KEPT_BYTES: usize = 512 * 1024;
/// Longest payload of a control frame (RFC 6455, 5.5).
const MAX_CONTROL_BYTES: u64 = 125;
/// Answers to pings that the other side does not take.
const MAX_OUTPUT_BYTES: usize = 1024 * 1024;

/// The bytes of one message, text or binary.
#[derive(Clone, Debug)]
pub struct Frame {
    bytes: Bytes,
    length: u64,
}

impl Frame {
    /// A whole message.
    pub(crate) fn of(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        Self { bytes, length }
    }

    /// The beginning of a message of this length that was too long.
    pub(crate) fn cut(kept: Bytes, length: u64) -> Self {
        Self { bytes: kept, length }
    }

    /// The message, unless it was so long that only its beginning was kept.
    pub fn whole(&self) -> Result<&[u8], Bad> {
        let kept = self.bytes.len();
        if self.length > kept as u64 {
            let length = self.length;
            let reason = format!("the message is too long: {length} bytes, {kept} of them kept");
            return Err(Bad::new("", reason));
        }
        Ok(&self.bytes)
    }
}

impl std::ops::Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Something that the other side sent.
#[derive(Debug)]
pub(crate) enum Arrived {
    /// A message.
    Message(Frame),
    /// A ping, which is answered already, or the answer to ours.
    SignOfLife,
    /// A farewell: its code, and its reason.
    Close(Option<(u16, String)>),
}

/// The frames of one connection, from the client's side.
pub(crate) struct Frames<S> {
    stream: S,
    input: BytesMut,
    output: BytesMut,
    max_message_bytes: usize,
    /// The message whose frames are arriving: what is kept of it, and its length so far.
    message: Option<(BytesMut, u64)>,
    /// A frame of a message that is too long: bytes still to come, and whether it is the last.
    passing: Option<(u64, bool)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// The frames on a stream, of which `early` has been read.
    pub(crate) fn new(stream: S, early: &[u8], max_message_bytes: usize) -> Self {
        let input = BytesMut::from(early);
        let output = BytesMut::new();
        Self { stream, input, output, max_message_bytes, message: None, passing: None }
    }

    /// The next thing that arrives; `None` at the end. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Arrived>> {
        loop {
            if let Some(arrived) = self.take()? {
                return Ok(Some(arrived));
            }
            if std::future::poll_fn(|context| self.poll_read(context)).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Sends a text.
    pub(crate) async fn send_text(&mut self, text: String) -> io::Result<()> {
        self.put(OpCode::Data(Data::Text), text.into())?;
        self.flush().await
    }

    /// Puts a binary message in line.
    pub(crate) fn queue(&mut self, message: &[u8]) -> io::Result<()> {
        self.put(OpCode::Data(Data::Binary), Bytes::copy_from_slice(message))
    }

    /// Asks whether anybody is there.
    pub(crate) async fn ping(&mut self) -> io::Result<()> {
        self.put(OpCode::Control(Control::Ping), Bytes::new())?;
        self.flush().await
    }

    /// Appends a frame to what is to be sent.
    fn put(&mut self, opcode: OpCode, payload: Bytes) -> io::Result<()> {
        if self.output.len() + payload.len() > MAX_OUTPUT_BYTES {
            return Err(Error::other("the other side takes nothing any more"));
        }
        let mask = Some(rand::random());
        let header = FrameHeader { opcode, mask, ..FrameHeader::default() };
        let mut frame = Vec::new();
        Outgoing::from_payload(header, payload).format(&mut frame).map_err(Error::other)?;
        self.output.extend_from_slice(&frame);
        Ok(())
    }

    /// Waits until everything in line has left.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| self.poll_write(context)).await
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.output.has_remaining() {
            let stream = Pin::new(&mut self.stream);
            if ready!(poll_write_buf(stream, context, &mut self.output))? == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // Pongs go out on the way; a side that does not take them does not stop the reading.
        if self.output.has_remaining()
            && let Poll::Ready(Err(error)) = self.poll_write(context)
        {
            return Poll::Ready(Err(error));
        }
        if self.input.capacity() - self.input.len() < READ_BYTES / 4 {
            self.input.reserve(READ_BYTES);
        }
        poll_read_buf(Pin::new(&mut self.stream), context, &mut self.input)
    }

    /// What the bytes that are here amount to.
    fn take(&mut self) -> io::Result<Option<Arrived>> {
        loop {
            if let Some((left, is_final)) = self.passing {
                match self.pass(left, is_final) {
                    Some(arrived) => return Ok(Some(arrived)),
                    None if self.passing.is_some() => return Ok(None),
                    None => {}
                }
            }
            let mut cursor = Cursor::new(&self.input);
            let Some((header, length)) = FrameHeader::parse(&mut cursor).map_err(Error::other)?
            else {
                return Ok(None);
            };
            let start = usize::try_from(cursor.position()).map_err(Error::other)?;
            check(&header, length, self.message.is_some())?;
            let before = self.message.as_ref().map_or(0, |(_, length)| *length);
            let is_data = matches!(header.opcode, OpCode::Data(_));
            if is_data && before.saturating_add(length) > self.max_message_bytes as u64 {
                self.input.advance(start);
                let (_, total) = self.message.get_or_insert_default();
                *total = total.saturating_add(length);
                self.passing = Some((length, header.is_final));
                continue;
            }
            // It fits: nothing that long is too long for this machine.
            let length = length as usize;
            if self.input.len() < start + length {
                self.input.reserve(start + length - self.input.len());
                return Ok(None);
            }
            self.input.advance(start);
            let payload = self.input.split_to(length);
            if let Some(arrived) = self.hear(&header, payload)? {
                return Ok(Some(arrived));
            }
        }
    }

    /// Lets what is here of a frame that is too long pass; gives the message after its last frame.
    fn pass(&mut self, left: u64, is_final: bool) -> Option<Arrived> {
        let here = left.min(self.input.len() as u64);
        let here_bytes = self.input.split_to(here as usize);
        let (kept, _) = self.message.get_or_insert_default();
        let room = KEPT_BYTES.saturating_sub(kept.len()).min(here_bytes.len());
        kept.extend_from_slice(&here_bytes[..room]);
        self.passing = (left > here).then_some((left - here, is_final));
        if self.passing.is_some() || !is_final {
            return None;
        }
        self.message.take().map(|(mut kept, length)| {
            kept.truncate(KEPT_BYTES);
            Arrived::Message(Frame { bytes: kept.freeze(), length })
        })
    }

    /// What a whole frame means, if it completes something.
    fn hear(&mut self, header: &FrameHeader, payload: BytesMut) -> io::Result<Option<Arrived>> {
        let arrived = match header.opcode {
            OpCode::Control(Control::Ping) => {
                self.put(OpCode::Control(Control::Pong), payload.freeze())?;
                Arrived::SignOfLife
            }
            OpCode::Control(Control::Close) => {
                let farewell = farewell(&payload);
                self.put(header.opcode, payload.freeze())?;
                Arrived::Close(farewell)
            }
            OpCode::Control(_) => Arrived::SignOfLife,
            OpCode::Data(_) if header.is_final && self.message.is_none() => {
                Arrived::Message(Frame::of(payload.freeze()))
            }
            OpCode::Data(_) => {
                let (mut message, length) = self.message.take().unwrap_or_default();
                message.extend_from_slice(&payload);
                let length = length + payload.len() as u64;
                if !header.is_final {
                    self.message = Some((message, length));
                    return Ok(None);
                }
                Arrived::Message(Frame { bytes: message.freeze(), length })
            }
        };
        Ok(Some(arrived))
    }
}

/// The rules of RFC 6455 for what a server may send.
fn check(header: &FrameHeader, length: u64, is_continued: bool) -> io::Result<()> {
    let reason = match header.opcode {
        _ if header.rsv1 || header.rsv2 || header.rsv3 => "uses an extension that nobody asked for",
        _ if header.mask.is_some() => "is masked",
        OpCode::Control(Control::Reserved(_)) | OpCode::Data(Data::Reserved(_)) => {
            "has an unknown opcode"
        }
        OpCode::Control(_) if length > MAX_CONTROL_BYTES => "is a control frame and too long",
        OpCode::Control(_) if !header.is_final => "is a control frame and not whole",
        OpCode::Data(Data::Continue) if !is_continued => "continues nothing",
        OpCode::Data(Data::Text | Data::Binary) if is_continued => "interrupts another message",
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::InvalidData, format!("a frame {reason}")))
}

fn farewell(payload: &[u8]) -> Option<(u16, String)> {
    let (code, reason) = payload.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned()))
}
