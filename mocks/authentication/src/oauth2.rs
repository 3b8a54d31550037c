//! OAuth 2: the token endpoint, devices, revocation.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mockkit::time::SECOND;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use ring::{digest, hmac};
use serde_json::{Value, json};

use crate::World;
use crate::state::{Access, Device, KEY, Login, PASSWORD, SECRET, USER};

/// The public half of the key of RFC 7515, A.2, which the application has registered.
const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

type Form = BTreeMap<String, String>;

/// A no, as RFC 6749, 5.2, words it.
struct No(StatusCode, &'static str, &'static str);

const INVALID_CLIENT: No = No(StatusCode::UNAUTHORIZED, "invalid_client", "Unauthorized");

fn no(error: &'static str, words: &'static str) -> No {
    No(StatusCode::BAD_REQUEST, error, words)
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let Self(status, error, words) = self;
        (status, Json(json!({ "error": error, "error_description": words }))).into_response()
    }
}

fn form(body: &[u8]) -> Form {
    url::form_urlencoded::parse(body).into_owned().collect()
}

fn word<'f>(form: &'f Form, key: &str) -> &'f str {
    form.get(key).map_or("", String::as_str)
}

pub async fn token(Shared(world): Shared<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = form(&body);
    let answered = prove(&world, &headers, &form).and_then(|()| grant(&world, &form));
    let grant = word(&form, "grant_type");
    match answered {
        Ok(answer) => {
            world.state().count(&format!("granted.{}", short(grant)));
            Json(answer).into_response()
        }
        Err(no) => {
            world.state().count(&format!("refused.{}.{}", short(grant), no.1));
            no.into_response()
        }
    }
}

/// `urn:ietf:params:oauth:grant-type:device_code` is a device code.
fn short(grant: &str) -> &str {
    grant.rsplit(':').next().unwrap_or(grant)
}

/// The application proves itself: in the header, in the form, or with an assertion.
fn prove(world: &World, headers: &HeaderMap, form: &Form) -> Result<(), No> {
    let basic = headers.get("authorization").and_then(|value| value.to_str().ok());
    if let Some(basic) = basic.and_then(|value| value.strip_prefix("Basic ")) {
        let both = STANDARD.decode(basic).ok().and_then(|both| String::from_utf8(both).ok());
        let is_right = both.as_deref() == Some(&format!("{KEY}:{SECRET}"));
        return if is_right { Ok(()) } else { Err(INVALID_CLIENT) };
    }
    if form.contains_key("client_assertion") {
        return assertion(world, word(form, "client_assertion")).ok_or(INVALID_CLIENT);
    }
    let is_right = word(form, "client_id") == KEY && word(form, "client_secret") == SECRET;
    if is_right { Ok(()) } else { Err(INVALID_CLIENT) }
}

/// Verifies a signed token of the application: RFC 7523, 3. Each is good once.
fn assertion(world: &World, token: &str) -> Option<()> {
    let claims = verified(token)?;
    let now = world.now() / SECOND;
    let number = |key: &str| claims.get(key).and_then(Value::as_i64);
    let text = |key: &str| claims.get(key).and_then(Value::as_str);
    let is_ours = text("iss") == Some(KEY) && text("sub") == Some(KEY) && text("aud").is_some();
    let is_now = number("exp")? > now && number("nbf").is_none_or(|from| from <= now + 5);
    let is_new = world.state().assertions.insert(text("jti")?.to_owned());
    (is_ours && is_now && is_new).then_some(())
}

/// The claims of a token whose signature is good.
pub fn verified(token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    let signature = decode(signature)?;
    match header.get("alg")?.as_str()? {
        "HS256" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
            hmac::verify(&key, signed.as_bytes(), &signature).ok()?;
        }
        "RS256" => {
            let key = RsaPublicKeyComponents { n: decode(MODULUS)?, e: vec![1, 0, 1] };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).ok()?;
        }
        _ => return None,
    }
    serde_json::from_slice(&decode(claims)?).ok()
}

fn grant(world: &World, form: &Form) -> Result<Value, No> {
    match short(word(form, "grant_type")) {
        "client_credentials" => Ok(granted(world, None, None)),
        "password" => {
            let is_right = word(form, "username") == USER && word(form, "password") == PASSWORD;
            is_right
                .then(|| begun(world))
                .ok_or(no("invalid_grant", "Invalid username or password."))
        }
        "authorization_code" => redeem(world, form),
        "refresh_token" => renew(world, word(form, "refresh_token")),
        "device_code" => poll(world, word(form, "device_code")),
        _ => Err(no("unsupported_grant_type", "grant_type")),
    }
}

fn redeem(world: &World, form: &Form) -> Result<Value, No> {
    let refused = || no("invalid_grant", "The code is wrong, spent or has ended.");
    let code = world.state().codes.remove(word(form, "code")).ok_or_else(refused)?;
    if code.ends <= world.now() || code.redirect_uri != word(form, "redirect_uri") {
        return Err(refused());
    }
    if let Some(challenge) = code.challenge {
        let hash = digest::digest(&digest::SHA256, word(form, "code_verifier").as_bytes());
        if URL_SAFE_NO_PAD.encode(hash) != challenge {
            return Err(no("invalid_grant", "The verifier does not fit the challenge."));
        }
    }
    Ok(begun(world))
}

/// A new login with its first tokens.
fn begun(world: &World) -> Value {
    let login = {
        let mut state = world.state();
        let login = state.number();
        state.logins.insert(login, Login { at: world.now(), is_dead: false });
        login
    };
    let refresh = world.state().opaque("R");
    world.state().refresh.insert(refresh.clone(), (login, false));
    granted(world, Some(login), Some(refresh))
}

fn granted(world: &World, login: Option<u64>, refresh: Option<String>) -> Value {
    let mut state = world.state();
    let access = state.opaque("A");
    let secs = world.settings.access_secs;
    state.access.insert(access.clone(), Access { ends: world.now() + secs * SECOND, login });
    let mut answer = json!({
        "access_token": access, "token_type": "Bearer", "expires_in": secs, "scope": "api",
    });
    if let Some(refresh) = refresh {
        answer["refresh_token"] = json!(refresh);
    }
    answer
}

fn renew(world: &World, token: &str) -> Result<Value, No> {
    let dead = || no("invalid_grant", "The refresh token is wrong, spent or has ended.");
    let mut state = world.state();
    let (login, is_spent) = *state.refresh.get(token).ok_or_else(dead)?;
    let end = state
        .logins
        .get(&login)
        .filter(|login| !login.is_dead)
        .map(|login| login.at + world.settings.consent_secs * SECOND);
    if is_spent {
        // Somebody has a copy: RFC 9700, 4.14.2.
        if let Some(login) = state.logins.get_mut(&login) {
            login.is_dead = true;
        }
        return Err(dead());
    }
    if end.is_none_or(|end| end <= world.now()) {
        return Err(dead());
    }
    let next = if world.settings.rotates {
        state.refresh.insert(token.to_owned(), (login, true));
        let next = state.opaque("R");
        state.refresh.insert(next.clone(), (login, false));
        Some(next)
    } else {
        None
    };
    drop(state);
    Ok(granted(world, Some(login), next))
}

pub async fn device(
    Shared(world): Shared<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(no) = prove(&world, &headers, &form(&body)) {
        return no.into_response();
    }
    let mut state = world.state();
    let code = state.opaque("D");
    let user_code = format!("WDJB-{:04}", state.number());
    let (secs, interval) = (world.settings.device_secs, world.settings.device_interval_secs);
    let ends = world.now() + secs * SECOND;
    let (asked, decision) = (None, None);
    let device = Device { user_code: user_code.clone(), ends, interval, asked, decision };
    state.devices.insert(code.clone(), device);
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    Json(json!({
        "device_code": code, "user_code": user_code, "expires_in": secs, "interval": interval,
        "verification_uri": format!("http://{host}/device"),
        "verification_uri_complete": format!("http://{host}/device?user_code={user_code}"),
    }))
    .into_response()
}

/// RFC 8628, 3.5.
fn poll(world: &World, code: &str) -> Result<Value, No> {
    let now = world.now();
    let mut state = world.state();
    let device = state.devices.get_mut(code);
    let device = device.ok_or(no("invalid_grant", "There is no such device code."))?;
    if device.ends <= now {
        return Err(no("expired_token", "The device code has ended."));
    }
    let is_early = device.asked.is_some_and(|asked| now < asked + device.interval * SECOND);
    device.asked = Some(now);
    match device.decision {
        _ if is_early => {
            device.interval += 5;
            Err(no("slow_down", "Ask less often."))
        }
        None => Err(no("authorization_pending", "The person has not decided.")),
        Some(false) => Err(no("access_denied", "The person said no.")),
        Some(true) => {
            state.devices.remove(code);
            drop(state);
            Ok(begun(world))
        }
    }
}

/// RFC 7009: an unknown token is as good as revoked.
pub async fn revoke(
    Shared(world): Shared<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = form(&body);
    if let Err(no) = prove(&world, &headers, &form) {
        return no.into_response();
    }
    let token = word(&form, "token");
    let mut state = world.state();
    let login = state.refresh.get(token).map(|(login, _)| *login);
    let login = login.or_else(|| state.access.get(token).and_then(|access| access.login));
    if let Some(login) = login.and_then(|login| state.logins.get_mut(&login)) {
        login.is_dead = true;
    }
    state.access.remove(token);
    state.count("revoked");
    StatusCode::OK.into_response()
}
