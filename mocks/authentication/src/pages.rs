//! What a person sees in a browser.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use html_escape::encode_text;
use mockkit::time::SECOND;
use url::form_urlencoded::Serializer;

use crate::World;
use crate::state::{Code, KEY};

/// A code has to be redeemed within so long.
const CODE_SECS: i64 = 30;

type Words = Query<BTreeMap<String, String>>;

fn word<'w>(words: &'w BTreeMap<String, String>, key: &str) -> &'w str {
    words.get(key).map_or("", String::as_str)
}

fn page(title: &str, body: &str) -> Response {
    let title = encode_text(title);
    Html(format!("<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n{body}\n"))
        .into_response()
}

fn choice(path: &str, words: &[(&str, &str)]) -> String {
    let link = |decision: &str| {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(words).append_pair("decision", decision);
        let query = query.finish().replace('&', "&amp;");
        format!("<a href=\"{path}?{query}\">{decision}</a>")
    };
    format!("{} {}", link("allow"), link("deny"))
}

pub async fn authorize(Query(words): Words) -> Response {
    if word(&words, "client_id") != KEY || word(&words, "response_type") != "code" {
        return (StatusCode::BAD_REQUEST, "unknown application").into_response();
    }
    let keys = ["redirect_uri", "state", "code_challenge"];
    let kept: Vec<_> = keys.iter().map(|key| (*key, word(&words, key))).collect();
    page("Let test-key in?", &choice("/oauth2/decide", &kept))
}

pub async fn decide(Shared(world): Shared<Arc<World>>, Query(words): Words) -> Response {
    let redirect_uri = word(&words, "redirect_uri");
    let Ok(mut to) = url::Url::parse(redirect_uri) else {
        return (StatusCode::BAD_REQUEST, "redirect_uri is no URL").into_response();
    };
    if word(&words, "decision") == "allow" {
        let mut state = world.state();
        state.count("consents");
        let code = state.opaque("C");
        let challenge = words.get("code_challenge").filter(|text| !text.is_empty()).cloned();
        let ends = world.now() + CODE_SECS * SECOND;
        let kept = Code { redirect_uri: redirect_uri.to_owned(), challenge, ends };
        state.codes.insert(code.clone(), kept);
        to.query_pairs_mut().append_pair("code", &code);
    } else {
        to.query_pairs_mut().append_pair("error", "access_denied");
    }
    to.query_pairs_mut().append_pair("state", word(&words, "state"));
    Redirect::to(to.as_str()).into_response()
}

pub async fn device(Query(words): Words) -> Response {
    let user_code = word(&words, "user_code");
    page("Let a device in?", &choice("/device/decide", &[("user_code", user_code)]))
}

pub async fn decide_device(Shared(world): Shared<Arc<World>>, Query(words): Words) -> Response {
    let mut state = world.state();
    let user_code = word(&words, "user_code");
    let Some(device) = state.devices.values_mut().find(|device| device.user_code == user_code)
    else {
        return (StatusCode::NOT_FOUND, "no such code").into_response();
    };
    device.decision = Some(word(&words, "decision") == "allow");
    state.count("consents");
    page("Done", "You may close this page.")
}

/// Shows the code that the person carries back, as vendors without a callback do.
pub async fn authorize_oauth1(Shared(world): Shared<Arc<World>>, Query(words): Words) -> Response {
    let mut state = world.state();
    let verifier = format!("Y{:06}", state.number());
    let is_known = word(&words, "key") == KEY;
    let Some(request) = state.requests.get_mut(word(&words, "token")).filter(|_| is_known) else {
        return (StatusCode::BAD_REQUEST, "unknown token").into_response();
    };
    request.verifier = Some(verifier.clone());
    state.count("consents");
    page("Your code", &format!("<code>{}</code>", encode_text(&verifier)))
}
