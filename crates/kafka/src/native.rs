//! The two calls that the safe wrapper lacks.
#![allow(unsafe_code)] // Raw librdkafka calls; each says why it is sound.

use std::ffi::{CStr, CString};
use std::ptr;

use rdkafka::ClientContext;
use rdkafka::bindings as native;
use rdkafka::client::{Client, OAuthToken};
use rdkafka::error::IsError;
use rdkafka::message::BorrowedMessage;

/// Calls `each` with the name and value of every header.
///
/// The wrapper's own accessor panics when a name is not UTF-8, and a name is whatever another
/// producer wrote.
pub(crate) fn each_header(message: &BorrowedMessage<'_>, mut each: impl FnMut(&[u8], &[u8])) {
    let mut headers = ptr::null_mut();
    // SAFETY: the message is alive, and librdkafka keeps the headers it returns alive with it.
    let error = unsafe { native::rd_kafka_message_headers(message.ptr(), &mut headers) };
    if error.is_error() || headers.is_null() {
        return;
    }
    for index in 0.. {
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: `headers` is alive as above; an index past the end is answered with an error.
        let error = unsafe {
            native::rd_kafka_header_get_all(headers, index, &mut name, &mut value, &mut size)
        };
        if error.is_error() {
            return;
        }
        // SAFETY: a name is always a terminated string.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        let value = if value.is_null() || size == 0 {
            &[][..]
        } else {
            // SAFETY: librdkafka answered with this many readable bytes, alive with the message.
            unsafe { std::slice::from_raw_parts(value.cast::<u8>(), size) }
        };
        each(name, value);
    }
}

/// Gives a client its bearer token before it asks, which it can only do while it is polled.
pub(crate) fn set_token<C: ClientContext>(
    client: &Client<C>,
    token: OAuthToken,
) -> Result<(), String> {
    let has_nul = "the token or its owner contains a zero byte";
    let text = CString::new(token.token).map_err(|_| has_nul)?;
    let principal = CString::new(token.principal_name).map_err(|_| has_nul)?;
    let mut message = [0u8; 512];
    // SAFETY: all pointers are valid for the call, which copies what it keeps; no extensions are
    // passed, and the message buffer is as long as we say.
    let error = unsafe {
        native::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            text.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            message.as_mut_ptr().cast(),
            message.len(),
        )
    };
    if !error.is_error() {
        return Ok(());
    }
    let end = message.iter().position(|byte| *byte == 0).unwrap_or(message.len());
    Err(String::from_utf8_lossy(&message[..end]).into_owned())
}
