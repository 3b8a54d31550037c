//! What every request passes: keys, request rates, and the headers that tell about them.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mockkit::{Allowance, Verdict};

use crate::core::Shared;
use crate::refusal::Refusal;

/// Whose request it is: an index into the settings' accounts.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub usize);

/// Which of Alpaca's hosts would answer a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host {
    Trading,
    Data,
}

impl Host {
    fn of(path: &str) -> Host {
        let data = ["/v2/stocks", "/v1beta", "/v1/corporate-actions"];
        if data.iter().any(|prefix| path.starts_with(prefix)) { Host::Data } else { Host::Trading }
    }
}

pub async fn pass(State(core): State<Shared>, mut request: Request, next: Next) -> Response {
    // The newswire's stream shares its path with the newswire's history, and has its own login.
    if is_stream(request.headers()) {
        return next.run(request).await;
    }
    let host = Host::of(request.uri().path());
    let Some(account) = authenticate(&core, request.headers()) else {
        return refuse_key(&core, host);
    };
    let settings = &core.world.settings;
    let key = &settings.accounts[account].key;
    let (name, limit) = match host {
        Host::Trading => ("trading", settings.limits.trading_per_minute),
        Host::Data => ("data", settings.limits.data_per_minute),
    };
    let meter = core.world.kit.limits();
    let verdict = meter.count(&format!("{key} {name}"), Allowance::per_minute(limit));
    if !verdict.allowed {
        return with_limits(too_many(request.uri().path()), &verdict);
    }
    request.extensions_mut().insert(Caller(account));
    let response = next.run(request).await;
    with_limits(response, &verdict)
}

/// Whether a request wants to become a WebSocket.
pub fn is_stream(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
}

/// The account whose keys or token the headers carry.
pub fn authenticate(core: &Shared, headers: &HeaderMap) -> Option<usize> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(header::AUTHORIZATION.as_str()).and_then(|v| v.strip_prefix("Bearer "));
    if let Some(token) = bearer {
        return by_token(core, token);
    }
    by_keys(core, text("apca-api-key-id")?, text("apca-api-secret-key")?)
}

pub fn by_keys(core: &Shared, key: &str, secret: &str) -> Option<usize> {
    let accounts = &core.world.settings.accounts;
    accounts.iter().position(|account| account.key == key && account.secret == secret)
}

pub fn by_token(core: &Shared, token: &str) -> Option<usize> {
    let accounts = &core.world.settings.accounts;
    accounts.iter().position(|account| account.oauth_token.as_deref() == Some(token))
}

fn refuse_key(core: &Shared, host: Host) -> Response {
    match (host, core.world.settings.data_unauthorized_status) {
        (Host::Data, 403) => Refusal::plain(403, "forbidden.").into_response(),
        _ => Refusal::unauthorized().into_response(),
    }
}

/// Alpaca's own words for a status, for a fault that has none.
pub fn error_body(path: &str, status: u16) -> (&'static str, String) {
    const JSON: &str = "application/json";
    let (code, message) = match (Host::of(path), status) {
        (Host::Data, 429) => return ("text/plain", "too many requests.".into()),
        (Host::Data, 403) => return (JSON, r#"{"message":"forbidden."}"#.into()),
        (_, 401) => (40_110_000, "request is not authorized"),
        (_, 403) => (40_310_000, "forbidden."),
        (_, 404) => (40_410_000, "order not found"),
        (_, 422) => (42_210_000, "unprocessable"),
        (_, 429) => (42_910_000, "rate limit exceeded"),
        (_, 500..) => (50_010_000, "internal server error occurred"),
        _ => (u32::from(status) * 100_000, "request failed"),
    };
    (JSON, serde_json::json!({ "code": code, "message": message }).to_string())
}

fn too_many(path: &str) -> Response {
    let (content_type, body) = error_body(path, 429);
    let headers = [(header::CONTENT_TYPE, content_type)];
    (StatusCode::TOO_MANY_REQUESTS, headers, body).into_response()
}

fn with_limits(mut response: Response, verdict: &Verdict) -> Response {
    let headers = response.headers_mut();
    let mut put = |name: &'static str, value: i64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    put("x-ratelimit-limit", verdict.limit.into());
    put("x-ratelimit-remaining", verdict.remaining.into());
    put("x-ratelimit-reset", verdict.reset_secs);
    response
}

pub async fn no_such_path() -> Refusal {
    Refusal::plain(404, "endpoint not found")
}

pub async fn no_such_method() -> Refusal {
    Refusal::plain(405, "method not allowed")
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Refusal> {
        parts.extensions.get::<Caller>().copied().ok_or_else(Refusal::unauthorized)
    }
}
