//! What must not stand in a file: secrets in the clear, and plain text over the network.

use std::net::IpAddr;

use serde_json::Value;
use url::{Host, Url};

use crate::check::Place;
use crate::node::{Node, Scalar};
use crate::problem::Report;
use crate::words::{found, origin};

/// Keys under `credentials` that only name who logs in.
const PUBLIC_KEYS: [&str; 7] =
    ["account", "account_id", "client_id", "key_id", "user", "user_id", "username"];

/// Whether the value under this key must never be shown.
pub(crate) fn is_secret_key(key: &str) -> bool {
    const WORDS: [&str; 10] = [
        "access_key",
        "api_key",
        "apikey",
        "credentials",
        "passphrase",
        "password",
        "private_key",
        "secret",
        "secret_key",
        "token",
    ];
    let key = key.to_ascii_lowercase().replace(['.', '-'], "_");
    WORDS.iter().any(|word| key == *word || key.ends_with(&format!("_{word}")))
}

/// The checks that every string gets, whatever its schema says.
pub(crate) fn check_string(
    node: &Node,
    scalar: &Scalar,
    schema: &Value,
    place: &Place,
    is_secret: bool,
    report: &mut Report,
) {
    let is_url = schema.get("format").is_some_and(|format| format == "uri");
    if is_url || is_url_key(&place.key) {
        check_url(node, scalar, is_url, place, report);
    }
    let is_secret = is_secret || (place.is_hidden && !PUBLIC_KEYS.contains(&place.key.as_str()));
    let is_clear = scalar.variables.is_empty()
        && !scalar.text.is_empty()
        && !scalar.text.starts_with("secret://");
    if is_secret && is_clear {
        let message = "a secret is written in the clear; move it to a variable, ${NAME}, \
                       or to the sealed store, secret://name";
        report.warning(node.at, &place.path, message);
    }
}

fn is_url_key(key: &str) -> bool {
    key == "url" || key == "destination" || key.ends_with("_url")
}

fn check_url(node: &Node, scalar: &Scalar, must_be_url: bool, place: &Place, report: &mut Report) {
    let url = match Url::parse(&scalar.text) {
        Ok(url) => url,
        Err(_) if scalar.text.starts_with("secret://") => return,
        Err(error) if must_be_url => {
            let found = found(node, place.is_hidden);
            let message = format!("expected a URL, found {found}: {error}");
            return report.problem(node.at, &place.path, message);
        }
        Err(_) => return,
    };
    let is_shown = scalar.variables.is_empty() && !place.is_hidden;
    if matches!(url.scheme(), "http" | "ws") && !is_loopback(&url) && !place.is_insecure {
        let host = url.host_str().filter(|_| is_shown);
        let target = match host {
            Some(host) => format!("to {host:?}"),
            None => origin(scalar).map(|origin| format!("in {origin}")).unwrap_or_default(),
        };
        let scheme = url.scheme();
        let message = format!(
            "plain {scheme} {target} is refused; use {scheme}s, or set \"insecure: true\" beside it"
        );
        report.problem(node.at, &place.path, message.replace("  ", " "));
    }
    if url.password().is_some() && scalar.variables.is_empty() {
        let message = "a password stands in a URL in the clear; move it to a variable, ${NAME}";
        report.warning(node.at, &place.path, message);
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}
