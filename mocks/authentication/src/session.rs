//! A login with a name, a password and a second factor.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mockkit::time::SECOND;
use ring::hmac;
use serde_json::{Value, json};

use crate::World;
use crate::state::{PASSWORD, USER};

/// What the key that the person scanned decodes to.
const FACTOR_KEY: &[u8] = b"12345678901234567890";

pub async fn login(Shared(world): Shared<Arc<World>>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let step = world.now() / SECOND / 30;
    // A code may be a step old: it was read from a screen.
    let is_code = [step, step - 1].iter().any(|step| text("otp") == code(*step));
    let is_user = text("username") == USER && text("password") == PASSWORD;
    if !is_user || !is_code {
        world.state().count("refused.session");
        let words = if is_user { "one-time code refused" } else { "wrong name or password" };
        return (StatusCode::UNAUTHORIZED, Json(json!({ "message": words }))).into_response();
    }
    let mut state = world.state();
    let token = state.opaque("N");
    let secs = world.settings.session_secs;
    state.sessions.insert(token.clone(), world.now() + secs * SECOND);
    state.count("granted.session");
    Json(json!({ "session": { "token": token, "seconds": secs } })).into_response()
}

/// RFC 6238 with six digits.
fn code(step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, FACTOR_KEY);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes[19] & 15);
    let number = u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}
