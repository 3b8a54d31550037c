//! Messages of one line each, on a pair of pipes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::frames::Frame;

const READ_BYTES: usize = 64 * 1024;
/// Bytes that are kept of a line that is too long at most.
const KEPT_BYTES: usize = 64 * 1024;
/// Bytes that the other side does not take.
const MAX_OUTPUT_BYTES: usize = 64 * 1024 * 1024;

/// The lines that one process writes and reads.
pub(crate) struct Lines<R, W> {
    reader: R,
    writer: W,
    input: BytesMut,
    output: BytesMut,
    /// Bytes at the start of the input in which no line ends.
    searched: usize,
    max_line_bytes: usize,
    /// A line that is too long: what is kept of it, and its length so far.
    passing: Option<(Bytes, u64)>,
    /// Set once the other side takes nothing any more; what it still says is read to the end.
    is_deaf: bool,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Lines<R, W> {
    pub(crate) fn new(reader: R, writer: W, max_line_bytes: usize) -> Self {
        Self {
            reader,
            writer,
            input: BytesMut::new(),
            output: BytesMut::new(),
            searched: 0,
            max_line_bytes,
            passing: None,
            is_deaf: false,
        }
    }

    /// Puts a line in line. It leaves while the next one is waited for.
    pub(crate) fn queue(&mut self, line: &[u8]) -> io::Result<()> {
        if self.output.len() + line.len() > MAX_OUTPUT_BYTES {
            return Err(io::Error::other("the other side takes nothing any more"));
        }
        self.output.extend_from_slice(line);
        self.output.extend_from_slice(b"\n");
        Ok(())
    }

    /// The next line that says something; `None` at the end. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(line) = self.take() {
                return Ok(Some(line));
            }
            if std::future::poll_fn(|context| self.poll_read(context)).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Waits until everything in line has left.
    pub(crate) async fn flush(&mut self) {
        std::future::poll_fn(|context| self.poll_write(context)).await;
    }

    /// The line that is here, if it is here whole.
    fn take(&mut self) -> Option<Frame> {
        loop {
            let Some(at) = self.input[self.searched..].iter().position(|byte| *byte == b'\n')
            else {
                self.searched = self.input.len();
                if self.searched > self.max_line_bytes {
                    self.pass();
                }
                return None;
            };
            let line = self.input.split_to(self.searched + at).freeze();
            self.input.advance(1);
            self.searched = 0;
            if let Some((kept, length)) = self.passing.take() {
                return Some(Frame::cut(kept, length + line.len() as u64));
            }
            if line.len() > self.max_line_bytes {
                return Some(Frame::cut(line.slice(..self.kept()), line.len() as u64));
            }
            if !line.trim_ascii().is_empty() {
                return Some(Frame::of(line));
            }
        }
    }

    /// Bytes that are kept of a line that is too long.
    fn kept(&self) -> usize {
        KEPT_BYTES.min(self.max_line_bytes)
    }

    /// Lets go of the middle of a line that is too long.
    fn pass(&mut self) {
        let length = self.input.len() as u64;
        let (kept, passed) = self
            .passing
            .take()
            .unwrap_or_else(|| (Bytes::copy_from_slice(&self.input[..self.kept()]), 0));
        self.passing = Some((kept, passed + length));
        self.input.clear();
        self.searched = 0;
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.output.has_remaining() && !self.is_deaf {
            let written = poll_write_buf(Pin::new(&mut self.writer), context, &mut self.output);
            self.is_deaf = !matches!(ready!(written), Ok(1..));
        }
        if self.is_deaf {
            self.output.clear();
        }
        Poll::Ready(())
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // A side that does not take what we send does not stop the reading.
        let _ = self.poll_write(context);
        if self.input.capacity() - self.input.len() < READ_BYTES / 4 {
            self.input.reserve(READ_BYTES);
        }
        poll_read_buf(Pin::new(&mut self.reader), context, &mut self.input)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, empty, sink};

    use super::*;

    #[tokio::test]
    async fn lines_are_found_wherever_the_bytes_are_split() {
        let text = b"{\"a\":1}\n\n  \r\nb\nunfinished";
        for split in 0..text.len() {
            let (ours, mut theirs) = duplex(1024);
            let mut lines = Lines::new(ours, sink(), 100);
            theirs.write_all(&text[..split]).await.unwrap();
            let mut found = Vec::new();
            while let Some(Ok(Some(line))) = futures_util::FutureExt::now_or_never(lines.next()) {
                found.push(line.to_vec());
            }
            theirs.write_all(&text[split..]).await.unwrap();
            drop(theirs);
            while let Some(line) = lines.next().await.unwrap() {
                found.push(line.to_vec());
            }
            assert_eq!(found, [b"{\"a\":1}".to_vec(), b"b".to_vec()], "split at {split}");
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_cut_and_the_next_one_is_whole() {
        for length in [11, 200_000, 1_000_000] {
            let (ours, mut theirs) = duplex(64 * 1024);
            let text = [vec![b'x'; length], b"\nnext\n".to_vec()].concat();
            let writing = tokio::spawn(async move { theirs.write_all(&text).await });
            let mut lines = Lines::new(ours, sink(), 10);
            let bad = lines.next().await.unwrap().unwrap().whole().unwrap_err();
            assert!(bad.reason.contains(&length.to_string()), "{bad}");
            assert_eq!(&*lines.next().await.unwrap().unwrap(), b"next");
            writing.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn lines_leave_while_others_are_waited_for() {
        let (ours, mut theirs) = duplex(16);
        let mut lines = Lines::new(empty(), ours, 10);
        lines.queue(b"a line that does not fit at once").unwrap();
        let reading = tokio::spawn(async move {
            let mut text = String::new();
            theirs.read_to_string(&mut text).await.map(|_| text)
        });
        lines.flush().await;
        drop(lines);
        assert_eq!(reading.await.unwrap().unwrap(), "a line that does not fit at once\n");
        let mut lines = Lines::new(empty(), sink(), 10);
        let long = vec![b'x'; MAX_OUTPUT_BYTES];
        lines.queue(&long).unwrap();
        assert!(lines.queue(b"more").is_err());
    }
}
