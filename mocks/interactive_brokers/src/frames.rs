//! Length-prefixed frames.

use bytes::{Buf as _, BytesMut};

/// A longer frame is no frame: the vendor closes the connection.
pub const MAX_FRAME: usize = 0xFF_FFFF;
/// The first bytes of every connection.
pub const GREETING: &[u8] = b"API\0";
/// Version range and connect options.
const MAX_HELLO: usize = 4_096;

/// What a client has sent and nobody has read yet.
#[derive(Default)]
pub struct Incoming {
    bytes: BytesMut,
    greeted: bool,
}

/// The bytes are not what this protocol has at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    Greeting,
    Length(usize),
}

impl Incoming {
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// The next whole frame, if it has arrived; the greeting before the first is skipped.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let limit = if self.greeted { MAX_FRAME } else { MAX_HELLO };
        if !self.greeted {
            let seen = self.bytes.len().min(GREETING.len());
            if self.bytes[..seen] != GREETING[..seen] {
                return Err(Broken::Greeting);
            }
        }
        let start = if self.greeted { 0 } else { GREETING.len() };
        let Some(prefix) = self.bytes.get(start..start + 4) else { return Ok(None) };
        let length = prefix.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        if length > limit {
            return Err(Broken::Length(length));
        }
        if self.bytes.len() < start + 4 + length {
            return Ok(None);
        }
        self.greeted = true;
        self.bytes.advance(start + 4);
        Ok(Some(self.bytes.split_to(length).to_vec()))
    }
}

/// A body with its length in front.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_pieces_together() {
        let mut incoming = Incoming::default();
        let bytes = [GREETING, &frame(b"v157..178"), &frame(b"71\x002\x007\0")].concat();
        let mut frames = Vec::new();
        for byte in bytes {
            incoming.buffer().extend_from_slice(&[byte]);
            frames.extend(incoming.next_frame().unwrap_or_default());
        }
        assert_eq!(frames, [b"v157..178".to_vec(), b"71\x002\x007\0".to_vec()]);
    }

    #[test]
    fn refuses_what_is_no_frame() {
        let mut incoming = Incoming::default();
        incoming.buffer().extend_from_slice(b"GET / HTTP/1.1\r\n");
        assert_eq!(incoming.next_frame(), Err(Broken::Greeting));
        let mut incoming = Incoming::default();
        incoming.buffer().extend_from_slice(b"API\0\xff\xff\xff\xff");
        assert_eq!(incoming.next_frame(), Err(Broken::Length(0xFFFF_FFFF)));
    }
}
