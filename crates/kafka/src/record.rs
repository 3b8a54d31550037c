//! Records on their way out and on their way in.

use std::fmt;
use std::sync::Arc;

use rdkafka::message::{BorrowedMessage, Message as _};

use crate::native;

/// A record to send. Everything is borrowed and copied once, into the client's queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outgoing<'a> {
    pub topic: &'a str,
    /// Left to the key, or to chance without a key, if `None`.
    pub partition: Option<i32>,
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone: it deletes the key from a compacted topic.
    pub payload: Option<&'a [u8]>,
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Now, if `None`; zero means now as well.
    pub timestamp_ms: Option<i64>,
}

/// A record that was read. It owns its bytes, all in one allocation.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    /// Milliseconds since the epoch; -1 if the record has no time.
    pub timestamp_ms: i64,
    /// Key, payload, then every header as two lengths and two texts.
    buffer: Box<[u8]>,
    key: Option<u32>,
    payload: Option<u32>,
}

/// The headers of a message, in order.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl Message {
    /// A message made by hand, for tests and replays.
    pub fn new(
        topic: Arc<str>,
        partition: i32,
        offset: i64,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
        headers: &[(&str, &[u8])],
    ) -> Self {
        let mut buffer = body(key, payload);
        for (name, value) in headers {
            push_header(&mut buffer, name.as_bytes(), value);
        }
        Message {
            topic,
            partition,
            offset,
            timestamp_ms,
            buffer: buffer.into_boxed_slice(),
            key: key.map(length),
            payload: payload.map(length),
        }
    }

    /// Copies a message out of the client's queue; `topic` is its name, shared between messages.
    pub(crate) fn copy(message: &BorrowedMessage<'_>, topic: Arc<str>) -> Self {
        let (key, payload) = (message.key(), message.payload());
        let mut buffer = body(key, payload);
        native::each_header(message, |name, value| push_header(&mut buffer, name, value));
        Message {
            topic,
            partition: message.partition(),
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis().unwrap_or(-1),
            buffer: buffer.into_boxed_slice(),
            key: key.map(length),
            payload: payload.map(length),
        }
    }

    pub fn key(&self) -> Option<&[u8]> {
        let end = self.key? as usize;
        Some(&self.buffer[..end])
    }

    /// `None` is a tombstone.
    pub fn payload(&self) -> Option<&[u8]> {
        let start = self.key.unwrap_or(0) as usize;
        let end = start + self.payload? as usize;
        Some(&self.buffer[start..end])
    }

    /// Names that are not UTF-8 are skipped: nobody could ask for them.
    pub fn headers(&self) -> Headers<'_> {
        let start = self.key.unwrap_or(0) + self.payload.unwrap_or(0);
        Headers { rest: &self.buffer[start as usize..] }
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The same record, to be sent to `topic`; pass `headers` as collected from
    /// [`Message::headers`].
    pub fn outgoing<'a>(
        &'a self,
        topic: &'a str,
        headers: &'a [(&'a str, &'a [u8])],
    ) -> Outgoing<'a> {
        Outgoing {
            topic,
            partition: None,
            key: self.key(),
            payload: self.payload(),
            headers,
            timestamp_ms: (self.timestamp_ms >= 0).then_some(self.timestamp_ms),
        }
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let name = self.take()?;
            let value = self.take()?;
            if let Ok(name) = std::str::from_utf8(name) {
                return Some((name, value));
            }
        }
    }
}

impl<'a> Headers<'a> {
    fn take(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.rest = rest;
        Some(bytes)
    }
}

impl fmt::Debug for Message {
    /// Sizes instead of bytes: a log is no place for other people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("topic", &self.topic)
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .field("timestamp_ms", &self.timestamp_ms)
            .field("key_bytes", &self.key)
            .field("payload_bytes", &self.payload)
            .finish_non_exhaustive()
    }
}

fn body(key: Option<&[u8]>, payload: Option<&[u8]>) -> Vec<u8> {
    let (key, payload) = (key.unwrap_or_default(), payload.unwrap_or_default());
    let mut buffer = Vec::with_capacity(key.len() + payload.len());
    buffer.extend_from_slice(key);
    buffer.extend_from_slice(payload);
    buffer
}

fn push_header(buffer: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for bytes in [name, value] {
        buffer.extend_from_slice(&length(bytes).to_le_bytes());
        buffer.extend_from_slice(bytes);
    }
}

/// Kafka's own lengths are 32 bits, so nothing that came from it or can go to it is longer.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a record is shorter than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: Option<&[u8]>, payload: Option<&[u8]>, headers: &[(&str, &[u8])]) {
        let message = Message::new("t".into(), 3, 7, 9, key, payload, headers);
        assert_eq!(message.key(), key);
        assert_eq!(message.payload(), payload);
        assert_eq!(message.headers().collect::<Vec<_>>(), headers);
    }

    #[test]
    fn every_part_comes_back() {
        check(None, None, &[]);
        check(Some(b""), Some(b""), &[]);
        check(Some(b"key"), None, &[("a", b"1")]);
        check(None, Some(b"payload"), &[("a", b"1"), ("", b""), ("a", b"2")]);
        check(Some(b"key"), Some(b"payload"), &[("ce_id", b"\xff\x00")]);
    }

    #[test]
    fn headers_are_found_by_name() {
        let headers: [(&str, &[u8]); 3] = [("a", b"1"), ("b", b"2"), ("a", b"3")];
        let message = Message::new("t".into(), 0, 0, 0, None, None, &headers);
        assert_eq!(message.header("a"), Some(&b"1"[..]));
        assert_eq!(message.header("c"), None);
    }

    #[test]
    fn a_header_name_that_is_no_text_is_skipped() {
        let mut buffer = Vec::new();
        push_header(&mut buffer, b"\xff", b"1");
        push_header(&mut buffer, b"good", b"2");
        let headers = Headers { rest: &buffer };
        assert_eq!(headers.collect::<Vec<_>>(), [("good", &b"2"[..])]);
    }
}
