//! What both kinds of stream have in common.

use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use mockkit::Incoming;
use serde_json::Value;

use crate::encode::msgpack;
use crate::hub::Encoding;

/// A client has no reason to say more at once: twenty thousand symbols fit.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// A client asks for MessagePack with the content type of its opening request.
pub fn encoding(headers: &HeaderMap) -> Encoding {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match content_type {
        Some(value) if value.contains("msgpack") => Encoding::MessagePack,
        _ => Encoding::Json,
    }
}

/// A client's message, whatever kind of frame it came in.
pub fn decode(message: &Incoming, encoding: Encoding) -> Option<Value> {
    let bytes = message.bytes();
    match (message, encoding) {
        (Incoming::Binary(_), Encoding::MessagePack) => rmp_serde::from_slice(bytes).ok(),
        _ => serde_json::from_slice(bytes).ok(),
    }
}

pub fn message_pack(value: &Value) -> Message {
    let mut bytes = Vec::new();
    msgpack::value(&mut bytes, value);
    Message::binary(bytes)
}

/// A frame that is JSON text. Our own encoder writes nothing but UTF-8; what would not be is sent
/// as bytes rather than not at all.
pub fn text(bytes: Vec<u8>) -> Message {
    let bytes = Bytes::from(bytes);
    match Utf8Bytes::try_from(bytes.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(bytes),
    }
}

pub fn seconds(secs: u64) -> Duration {
    Duration::from_secs(secs.max(1))
}
