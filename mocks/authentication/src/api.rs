//! Calls that need a login.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mockkit::time::SECOND;
use ring::hmac;
use serde_json::{Value, json};

use crate::state::{KEY, SECRET};
use crate::{World, oauth1, oauth2};

pub async fn call(
    Shared(world): Shared<Arc<World>>,
    Path(kind): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let refused = match kind.as_str() {
        "oauth1" => oauth1::call(&world, &method, &uri.to_string(), &headers)
            .err()
            .map(|p| p.into_response()),
        "oauth2" => (!is_access(&world, &headers)).then(unauthorized),
        "session" => (!is_session(&world, &headers)).then(unauthorized),
        "basic" => (header(&headers, "authorization") != basic()).then(unauthorized),
        "key" => (!has_key(&uri, &headers, &body)).then(unauthorized),
        "jwt" => (!is_token(&world, &method, &uri, &headers)).then(unauthorized),
        "hmac" => (!is_signed(&method, &uri, &headers, &body)).then(unauthorized),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let word = if refused.is_some() { "turned_away" } else { "let_in" };
    world.state().count(&format!("{word}.{kind}"));
    refused.unwrap_or_else(|| Json(json!({ "ok": true })).into_response())
}

fn unauthorized() -> Response {
    let body = json!({ "errors": [{ "status": 401, "title": "Unauthorized" }] });
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn bearer(headers: &HeaderMap) -> &str {
    header(headers, "authorization").strip_prefix("Bearer ").unwrap_or_default()
}

fn is_access(world: &World, headers: &HeaderMap) -> bool {
    let state = world.state();
    state.access.get(bearer(headers)).is_some_and(|access| {
        let login = access.login.and_then(|login| state.logins.get(&login));
        access.ends > world.now() && login.is_none_or(|login| !login.is_dead)
    })
}

fn is_session(world: &World, headers: &HeaderMap) -> bool {
    let ends = world.state().sessions.get(header(headers, "x-session")).copied();
    ends.is_some_and(|ends| ends > world.now())
}

fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{KEY}:{SECRET}")))
}

/// In a header, in the query, or in the body.
fn has_key(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
    let query = uri.query().unwrap_or_default();
    let mut query = url::form_urlencoded::parse(query.as_bytes());
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    header(headers, "x-api-key") == KEY
        || query.any(|(key, value)| key == "apikey" && value == KEY)
        || body.get("apikey").and_then(Value::as_str) == Some(KEY)
}

/// A token of this moment, for this path and method, that was not used before.
fn is_token(world: &World, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let Some(claims) = oauth2::verified(bearer(headers)) else { return false };
    let text = |key: &str| claims.get(key).and_then(Value::as_str).unwrap_or_default();
    let ends = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
    let is_new = world.state().assertions.insert(text("jti").to_owned());
    let is_ours = text("iss") == KEY && text("method") == method.as_str();
    is_ours && text("path") == uri.path() && ends > world.now() / SECOND && is_new
}

/// HMAC-SHA256 over time, method, path with query, and body.
fn is_signed(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let message = format!("{}{method}{path}", header(headers, "x-time"));
    let tag = hmac::sign(&key, &[message.as_bytes(), body].concat());
    let tag = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    header(headers, "x-api-key") == KEY && header(headers, "x-signature") == tag
}
