//! The opening request of a session. It must read no further than its answer ends, for what
//! follows are frames.

use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, ReadBuf};

/// How the head of an answer ends.
const END: &[u8] = b"\r\n\r\n";

/// A stream that gives nothing after the head of an answer.
pub(crate) struct Opening<S> {
    stream: BufReader<S>,
    /// Bytes of `END` that were just given.
    matched: usize,
}

impl<S: AsyncRead> Opening<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream), matched: 0 }
    }

    /// The stream, and what was read of it and not given.
    pub(crate) fn into_parts(self) -> (S, Vec<u8>) {
        let early = self.stream.buffer().to_vec();
        (self.stream.into_inner(), early)
    }
}

/// Bytes up to the end of the head, and how far `END` is matched after them.
fn head(bytes: &[u8], mut matched: usize) -> (usize, usize) {
    for (index, byte) in bytes.iter().enumerate() {
        matched = match *byte {
            byte if byte == END[matched] => matched + 1,
            b'\r' => 1,
            _ => 0,
        };
        if matched == END.len() {
            return (index + 1, matched);
        }
    }
    (bytes.len(), matched)
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        if this.matched == END.len() {
            return Poll::Ready(Ok(()));
        }
        let bytes = ready!(Pin::new(&mut this.stream).poll_fill_buf(context))?;
        let room = buffer.remaining().min(bytes.len());
        let (given, matched) = head(&bytes[..room], this.matched);
        buffer.put_slice(&bytes[..given]);
        this.matched = matched;
        Pin::new(&mut this.stream).consume(given);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn a_head_ends_at_its_empty_line_wherever_the_bytes_are_split() {
        let answer = b"HTTP/1.1 101 Switching\r\na: b\r\r\n\r\n\x81\x02hi";
        let end = answer.len() - 4;
        for split in 0..=end {
            let (given, matched) = head(&answer[..split], 0);
            assert_eq!(given, split);
            let (rest, matched) =
                if split == end { (0, matched) } else { head(&answer[split..], matched) };
            assert_eq!((split + rest, matched), (end, 4), "split at {split}");
        }
    }
}
