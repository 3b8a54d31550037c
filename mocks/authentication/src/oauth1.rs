//! OAuth 1.0a: every signature is verified, nonces are kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mockkit::time::{self, SECOND};
use ring::hmac;

use crate::World;
use crate::state::{KEY, OAuth1, Request, SECRET};

/// A temporary token lives five minutes.
const REQUEST_SECS: i64 = 300;
/// How far a client's clock may be off.
const SKEW_SECS: i64 = 300;

/// `oauth_problem`, in the words of the OAuth Problem Reporting extension.
pub struct Problem(pub &'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (StatusCode::UNAUTHORIZED, format!("oauth_problem={}", self.0)).into_response()
    }
}

type Answer = Result<String, Problem>;
type Parameters = BTreeMap<String, String>;

pub async fn request_token(
    Shared(world): Shared<Arc<World>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let parameters = parameters(&headers)?;
    verify(&world, &method, &uri.to_string(), &headers, &parameters, "")?;
    if parameters.get("oauth_callback").map(String::as_str) != Some("oob") {
        return Err(Problem("callback_rejected,oauth_acceptable_callback=oob"));
    }
    let mut state = world.state();
    let (token, secret) = (state.opaque("T"), state.opaque("S"));
    let ends = world.now() + REQUEST_SECS * SECOND;
    state.requests.insert(token.clone(), Request { secret: secret.clone(), ends, verifier: None });
    Ok(pair(&token, &secret, "&oauth_callback_confirmed=true"))
}

pub async fn access_token(
    Shared(world): Shared<Arc<World>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let parameters = parameters(&headers)?;
    let token = parameters.get("oauth_token").cloned().unwrap_or_default();
    let known = world
        .state()
        .requests
        .get(&token)
        .map(|request| (request.secret.clone(), request.ends, request.verifier.clone()));
    let (secret, ends, verifier) = known.ok_or(Problem("token_rejected"))?;
    verify(&world, &method, &uri.to_string(), &headers, &parameters, &secret)?;
    if ends <= world.now() {
        return Err(Problem("token_expired"));
    }
    if verifier.is_none() || parameters.get("oauth_verifier") != verifier.as_ref() {
        return Err(Problem("verifier_invalid"));
    }
    let mut state = world.state();
    state.requests.remove(&token); // a code works once
    let (access, secret) = (state.opaque("T"), state.opaque("S"));
    let (granted, used) = (world.now(), world.now());
    let made = OAuth1 { secret: secret.clone(), granted, used, is_revoked: false };
    state.oauth1.insert(access.clone(), made);
    state.count("granted.oauth1");
    Ok(pair(&access, &secret, ""))
}

pub async fn renew(
    Shared(world): Shared<Arc<World>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let token = holder(&world, &method, &uri.to_string(), &headers)?;
    let mut state = world.state();
    state.count("granted.oauth1_renewal");
    if let Some(held) = state.oauth1.get_mut(&token) {
        held.used = world.now();
    }
    Ok("Access Token has been renewed".to_owned())
}

pub async fn revoke(
    Shared(world): Shared<Arc<World>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let token = holder(&world, &method, &uri.to_string(), &headers)?;
    let mut state = world.state();
    state.count("revoked");
    if let Some(held) = state.oauth1.get_mut(&token) {
        held.is_revoked = true;
    }
    Ok("Revoked Access Token".to_owned())
}

/// A call with an access token: not after midnight, not when it has fallen asleep.
pub fn call(world: &World, method: &Method, uri: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let token = holder(world, method, uri, headers)?;
    let now = world.now();
    let mut state = world.state();
    let held = state.oauth1.get_mut(&token).ok_or(Problem("token_rejected"))?;
    if now - held.used > world.settings.idle_secs * SECOND {
        return Err(Problem("token_rejected"));
    }
    held.used = now;
    Ok(())
}

/// The token of a request that is rightly signed with it and has not ended.
fn holder(
    world: &World,
    method: &Method,
    uri: &str,
    headers: &HeaderMap,
) -> Result<String, Problem> {
    let parameters = parameters(headers)?;
    let token = parameters.get("oauth_token").cloned().unwrap_or_default();
    let held = world
        .state()
        .oauth1
        .get(&token)
        .map(|held| (held.secret.clone(), held.granted, held.is_revoked));
    let (secret, granted, is_revoked) = held.ok_or(Problem("token_rejected"))?;
    verify(world, method, uri, headers, &parameters, &secret)?;
    if is_revoked {
        return Err(Problem("token_revoked"));
    }
    if time::new_york_date(granted) != time::new_york_date(world.now()) {
        return Err(Problem("token_expired"));
    }
    Ok(token)
}

fn pair(token: &str, secret: &str, rest: &str) -> String {
    format!("oauth_token={}&oauth_token_secret={}{rest}", encode(token), encode(secret))
}

fn parameters(headers: &HeaderMap) -> Result<Parameters, Problem> {
    let header = headers.get("authorization").and_then(|value| value.to_str().ok());
    let list = header.and_then(|value| value.strip_prefix("OAuth "));
    let list = list.ok_or(Problem("parameter_absent"))?;
    let pairs = list.split(',').filter_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        Some((decode(key), decode(value.trim_matches('"'))))
    });
    Ok(pairs.collect())
}

fn verify(
    world: &World,
    method: &Method,
    uri: &str,
    headers: &HeaderMap,
    parameters: &Parameters,
    token_secret: &str,
) -> Result<(), Problem> {
    let get = |key: &str| parameters.get(key).map_or("", String::as_str);
    if get("oauth_consumer_key") != KEY {
        return Err(Problem("consumer_key_unknown"));
    }
    let sent: i64 = get("oauth_timestamp").parse().map_err(|_| Problem("timestamp_refused"))?;
    if (sent - world.now() / SECOND).abs() > SKEW_SECS {
        return Err(Problem("timestamp_refused"));
    }
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let mut pairs: Vec<_> = parameters
        .iter()
        .filter(|(key, _)| *key != "oauth_signature" && *key != "realm")
        .map(|(key, value)| (encode(key), encode(value)))
        .collect();
    let query = url::form_urlencoded::parse(query.as_bytes());
    pairs.extend(query.map(|(key, value)| (encode(&key), encode(&value))));
    pairs.sort();
    let pairs: Vec<_> = pairs.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let bare = encode(&format!("http://{host}{path}"));
    let base = format!("{method}&{bare}&{}", encode(&pairs.join("&")));
    let key = format!("{}&{}", encode(SECRET), encode(token_secret));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let signature = STANDARD.decode(get("oauth_signature")).unwrap_or_default();
    hmac::verify(&key, base.as_bytes(), &signature).map_err(|_| Problem("signature_invalid"))?;
    let nonce = format!("{sent}.{}", get("oauth_nonce"));
    if !world.state().nonces.insert(nonce) {
        return Err(Problem("nonce_used"));
    }
    Ok(())
}

/// RFC 5849, 3.6.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decode(text: &str) -> String {
    // A form turns `+` into a blank, which this encoding does not know.
    let text = text.replace('+', "%2B");
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs.map(|(key, _)| key.into_owned()).next().unwrap_or_default()
}
