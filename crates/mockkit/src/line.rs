//! The wire under a connection, within reach of the faults: it can be reset, or carry bytes that
//! no well-behaved server would send.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Pause after a failed accept, for example when file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A connection is polled by one task at a time, and changes hands when it becomes a WebSocket.
const MAX_WAKERS: usize = 8;

/// One connection, as handlers and faults see it.
#[derive(Default)]
pub struct Line {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    broken: bool,
    /// Bytes to write, as they are, at the next flush.
    raw: Vec<u8>,
    wakers: Vec<Waker>,
}

/// Where handlers find the line of their request.
#[derive(Clone)]
pub(crate) struct Peer(pub Arc<Line>);

pub(crate) struct Lines {
    listener: TcpListener,
    open: Arc<Mutex<Vec<Weak<Line>>>>,
}

pub(crate) struct Socket {
    stream: TcpStream,
    line: Arc<Line>,
}

impl Line {
    /// Breaks the connection with a reset: whatever was under way is lost.
    pub fn reset(&self) {
        let mut state = self.state();
        state.broken = true;
        state.wake();
    }

    pub fn is_broken(&self) -> bool {
        self.state().broken
    }

    /// Writes bytes past the protocol, at the next flush.
    pub fn inject(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.raw.extend_from_slice(bytes);
        state.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&mut self) {
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }
}

impl Lines {
    pub fn new(listener: TcpListener) -> Lines {
        Lines { listener, open: Arc::default() }
    }

    /// The lines in use, for breaking them all when the server stops.
    pub fn open(&self) -> Arc<Mutex<Vec<Weak<Line>>>> {
        Arc::clone(&self.open)
    }
}

pub(crate) fn break_all(open: &Mutex<Vec<Weak<Line>>>) {
    for line in open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        if let Some(line) = line.upgrade() {
            line.reset();
        }
    }
}

impl Listener for Lines {
    type Io = Socket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Socket, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "could not switch off the send delay");
                    }
                    let line = Arc::new(Line::default());
                    let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
                    open.retain(|line| line.strong_count() > 0);
                    open.push(Arc::downgrade(&line));
                    return (Socket { stream, line }, address);
                }
                Err(error) => {
                    tracing::debug!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Peer {
        Peer(Arc::clone(&stream.io().line))
    }
}

impl Socket {
    /// Fails when the line is broken, else remembers whom to wake when it breaks.
    fn check(&self, context: &Context<'_>) -> io::Result<()> {
        let mut state = self.line.state();
        if state.broken {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.truncate(MAX_WAKERS - 1);
            state.wakers.insert(0, context.waker().clone());
        }
        Ok(())
    }

    fn poll_raw(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.line.state();
        while !state.raw.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, &state.raw) {
                Poll::Ready(Ok(written)) => drop(state.raw.drain(..written)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.line.is_broken() {
            // With no time to linger the kernel sends a reset instead of a goodbye.
            if let Err(error) = self.stream.set_zero_linger() {
                tracing::debug!(%error, "could not reset a connection");
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        std::task::ready!(self.poll_raw(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
