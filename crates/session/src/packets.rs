//! Messages on a raw socket: four bytes of length, most significant first, then as many bytes.

use std::collections::VecDeque;
use std::io::{self, Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::frames::{Arrived, Frame};
use crate::turns::Turns;

/// Enough for a burst of a busy feed in one system call.
const READ_BYTES: usize = 64 * 1024;
/// What stands before a message.
const LENGTH_BYTES: usize = 4;
/// Messages that may wait for their turn: a few minutes of the slowest pace there is.
const MAX_WAITING: usize = 10_000;
/// Bytes that the other side does not take.
const MAX_OUTPUT_BYTES: usize = 1024 * 1024;

/// The messages of one connection.
pub(crate) struct Packets<S> {
    stream: S,
    input: BytesMut,
    output: BytesMut,
    max_message_bytes: usize,
    /// Messages that have to wait for their turn.
    waiting: VecDeque<Vec<u8>>,
    turns: Option<Turns>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Packets<S> {
    /// The messages on a stream, which begins with `greeting`.
    pub(crate) fn new(
        stream: S,
        greeting: &[u8],
        max_message_bytes: usize,
        turns: Option<Turns>,
    ) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            output: BytesMut::from(greeting),
            max_message_bytes,
            waiting: VecDeque::new(),
            turns,
        }
    }

    /// Puts a message in line.
    pub(crate) fn queue(&mut self, message: &[u8]) -> io::Result<()> {
        if self.waiting.len() >= MAX_WAITING || self.output.len() > MAX_OUTPUT_BYTES {
            return Err(Error::other("the other side takes nothing any more"));
        }
        self.waiting.push_back(message.to_vec());
        Ok(())
    }

    /// Sends a message out of turn.
    pub(crate) fn put(&mut self, message: &[u8]) {
        // A message of four gigabytes would not fit the limits of any server.
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        self.output.extend_from_slice(&length.to_be_bytes());
        self.output.extend_from_slice(message);
    }

    /// Lets go what may leave now; says when the next one may.
    pub(crate) fn release(&mut self) -> Option<Instant> {
        while let Some(message) = self.waiting.pop_front() {
            if let Some(Err(free)) = self.turns.as_ref().map(Turns::take) {
                self.waiting.push_front(message);
                return Some(free);
            }
            self.put(&message);
        }
        None
    }

    /// The next message; `None` at the end. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Arrived>> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(Some(Arrived::Message(frame)));
            }
            if std::future::poll_fn(|context| self.poll_read(context)).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Waits until everything that was let go has left.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| self.poll_write(context)).await
    }

    /// The message that is here, if it is here whole.
    fn take(&mut self) -> io::Result<Option<Frame>> {
        let Some(length) = self.input.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if length > self.max_message_bytes {
            // Whatever these bytes are, they are no length: there is no telling where the next
            // message begins.
            let limit = self.max_message_bytes;
            let reason = format!("a message of {length} bytes is announced, {limit} are the limit");
            return Err(Error::new(ErrorKind::InvalidData, reason));
        }
        if self.input.len() < LENGTH_BYTES + length {
            self.input.reserve(LENGTH_BYTES + length - self.input.len());
            return Ok(None);
        }
        self.input.advance(LENGTH_BYTES);
        Ok(Some(Frame::of(self.input.split_to(length).freeze())))
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
        // A side that does not take what we send does not stop the reading.
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
}
