//! Symbols spread over several sockets that are read as one, for vendors that limit how many a
//! single one may carry.

use component::Result;
use futures_util::FutureExt as _;
use futures_util::future::select_all;

use crate::frames::Frame;
use crate::socket::Session;

/// Spreads symbols over as few sockets as carry them at `most` each, evenly and in their order.
pub fn shards<T>(symbols: &[T], most: usize) -> impl Iterator<Item = &[T]> {
    let count = symbols.len().div_ceil(most.max(1)).max(1);
    symbols.chunks(symbols.len().div_ceil(count).max(1))
}

/// Sessions with one vendor. The end of one ends all: a feed with half of its symbols is broken.
pub struct Sessions {
    all: Vec<Session>,
    /// Whose turn it is to be heard first: a busy one must not silence the others.
    first: usize,
}

impl From<Session> for Sessions {
    fn from(session: Session) -> Self {
        Self { all: vec![session], first: 0 }
    }
}

impl From<Vec<Session>> for Sessions {
    fn from(all: Vec<Session>) -> Self {
        Self { all, first: 0 }
    }
}

impl Sessions {
    /// The next frame of any of them. Dropping the future loses nothing. Without any session
    /// there is none, ever.
    pub async fn next_frame(&mut self) -> Result<Frame> {
        match self.all.as_mut_slice() {
            [] => std::future::pending().await,
            [only] => only.next_frame().await,
            all => {
                let (before, after) = all.split_at_mut(self.first);
                let turns = after.iter_mut().chain(before);
                let next = select_all(turns.map(|session| session.next_frame().boxed()));
                let (frame, _, _) = next.await;
                self.pass();
                frame
            }
        }
    }

    /// A frame that is there already.
    pub fn ready_frame(&mut self) -> Result<Option<Frame>> {
        for _ in 0..self.all.len() {
            let session = self.all.get_mut(self.first);
            let frame = session.map(Session::ready_frame).transpose()?.flatten();
            self.pass();
            if frame.is_some() {
                return Ok(frame);
            }
        }
        Ok(None)
    }

    fn pass(&mut self) {
        self.first = (self.first + 1) % self.all.len().max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::shards;

    #[test]
    fn symbols_are_spread_evenly_and_in_order() {
        let check = |count: usize, most: usize, expected: &[usize]| {
            let symbols: Vec<_> = (0..count).collect();
            let parts: Vec<_> = shards(&symbols, most).collect();
            let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
            assert_eq!(lengths, expected, "{count} symbols, {most} a socket");
            assert_eq!(parts.concat(), symbols);
        };
        check(0, 5, &[]);
        check(4, 5, &[4]);
        check(5, 5, &[5]);
        check(6, 5, &[3, 3]);
        check(11, 5, &[4, 4, 3]);
        check(3, 0, &[1, 1, 1]);
    }
}
