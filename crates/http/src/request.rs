//! What is asked and what is answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use component::{Fault, Result};
pub use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::auth::Auth;
use crate::classify::excerpt;

/// Largest body that is read where the caller does not say.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// Longest wait for a whole answer where the caller does not say.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for its first byte, and from one piece of it to the next.
const FIRST_BYTE: Duration = Duration::from_secs(20);
const BETWEEN_BYTES: Duration = Duration::from_secs(10);
/// Deepest nesting of JSON that is read where the caller does not say.
const MAX_DEPTH: usize = 128;
/// No vendor counts one request as more than this.
const MAX_WEIGHT: usize = 10_000;

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) method: Method,
    path: String,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    pub(crate) body: Option<Bytes>,
    pub(crate) is_safe: bool,
    pub(crate) max_body_bytes: usize,
    pub(crate) max_depth: usize,
    pub(crate) timeout: Duration,
    pub(crate) first_byte: Duration,
    pub(crate) between_bytes: Duration,
    pub(crate) weight: usize,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content_type: &'static str,
    broken: Option<String>,
}

impl Request {
    /// A request for a path below the base URL.
    pub fn new(method: Method, path: &str) -> Self {
        Self {
            is_safe: method == Method::GET,
            method,
            path: path.to_owned(),
            segments: Vec::new(),
            query: Vec::new(),
            body: None,
            max_body_bytes: MAX_BODY_BYTES,
            max_depth: MAX_DEPTH,
            timeout: TIMEOUT,
            first_byte: FIRST_BYTE,
            between_bytes: BETWEEN_BYTES,
            weight: 1,
            headers: Vec::new(),
            content_type: "application/json",
            broken: None,
        }
    }

    /// A `GET`.
    pub fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    /// Appends one segment to the path, encoded. An id that would change which resource is meant
    /// (empty, `.` or `..`) makes the request impossible to send.
    #[must_use]
    pub fn segment(mut self, segment: &str) -> Self {
        if matches!(segment, "" | "." | "..") {
            self.broken = Some(format!("{segment:?} cannot name anything below {}", self.path));
        }
        self.segments.push(segment.to_owned());
        self
    }

    /// A `GET` for a page that another one announced, as [`next_page`] gives it. A parameter called
    /// `secret` is left out: a key in it would be somebody else's, or ours for the second time.
    pub fn follow(next: &str, secret: Option<&str>) -> Self {
        let (path, query) = next.split_once('?').unwrap_or((next, ""));
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let pairs = pairs.filter(|(name, _)| Some(&**name) != secret);
        pairs.fold(Self::get(path), |request, (name, value)| request.query(&[(&*name, &*value)]))
    }

    /// Appends to the query.
    #[must_use]
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.query.extend(pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        self
    }

    /// Appends to the query unless there is nothing to say.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.query(&[(name, value)]),
            None => self,
        }
    }

    /// Sends a body as JSON.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = Some(bytes.into()),
            Err(error) => self.broken = Some(format!("could not write the body: {error}")),
        }
        self
    }

    /// Sends a body as it is.
    #[must_use]
    pub fn bytes(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        (self.content_type, self.body) = (content_type, Some(body.into()));
        self
    }

    /// Sends a header beside those that prove who we are.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Sends a body as JSON without what it does not say: nulls, and what holds nothing else.
    #[must_use]
    pub fn said(self, body: Value) -> Self {
        self.json(&said(body))
    }

    /// Says that sending it twice does no harm.
    #[must_use]
    pub fn safe(mut self) -> Self {
        self.is_safe = true;
        self
    }

    /// Reads at most this much of a body.
    #[must_use]
    pub fn max_body_bytes(mut self, limit: usize) -> Self {
        self.max_body_bytes = limit;
        self
    }

    /// Reads JSON that is nested at most this deep.
    #[must_use]
    pub fn max_depth(mut self, limit: usize) -> Self {
        self.max_depth = limit;
        self
    }

    /// Waits at most this long for the whole answer; a vendor that may take longer than usual may
    /// also take that long before it says anything.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        (self.timeout, self.first_byte) = (timeout, timeout);
        self
    }

    /// Waits at most this long for the first byte of the answer, and from one piece of it to the
    /// next.
    #[must_use]
    pub fn phases(mut self, first_byte: Duration, between_bytes: Duration) -> Self {
        (self.first_byte, self.between_bytes) = (first_byte, between_bytes);
        self
    }

    /// Counts as so many under the vendor's limits.
    #[must_use]
    pub fn weight(mut self, weight: usize) -> Self {
        self.weight = weight.min(MAX_WEIGHT);
        self
    }

    /// The URL to ask, below `base`.
    pub(crate) fn url(&self, base: &Url) -> Result<Url> {
        if let Some(reason) = &self.broken {
            return Err(Fault::fatal(reason));
        }
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), self.path));
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(&self.segments);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    /// `GET /v2/orders`, without anything that could be long or private.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether the caller asked for this, rather than whatever proves who we are.
    pub(crate) fn asks(&self, name: &str, value: &str) -> bool {
        self.query.iter().any(|(asked, with)| asked == name && with == value)
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as it came, decompressed.
    pub body: Bytes,
    headers: HeaderMap,
    auth: Arc<Auth>,
}

impl Answer {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: Bytes, auth: Arc<Auth>) -> Self {
        Self { status, body, headers, auth }
    }

    /// Whether the status says success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// All headers that are readable.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.headers.iter();
        pairs.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// A header, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The URL of the next page in the header `Link` (RFC 8288), such as
    /// `<https://…>; rel="next", <https://…>; rel="last"`.
    pub fn next_link(&self) -> Option<&str> {
        linked(self.header("link")?)
    }

    /// Enough of the body to recognise it, on one line and without secrets.
    pub fn excerpt(&self) -> String {
        excerpt(&self.body, &self.auth)
    }

    /// The whole body without secrets, for whoever sets it aside.
    pub fn redacted(&self) -> Vec<u8> {
        self.auth.redact(&String::from_utf8_lossy(&self.body)).into_bytes()
    }

    pub(crate) fn redact(&self, text: &str) -> String {
        self.auth.redact(text)
    }

    /// The body as JSON. A body that is none, such as a gateway's page, may pass by itself.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let found = self.excerpt();
            Fault::retry(format!("could not read the answer ({error}): {found}"))
        })
    }
}

fn said(value: Value) -> Value {
    let is_said = |value: &Value| match value {
        Value::Null => false,
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, said(value)));
            Value::Object(fields.filter(|(_, value)| is_said(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(said).collect()),
        scalar => scalar,
    }
}

/// The target of the link to what comes next.
fn linked(header: &str) -> Option<&str> {
    let mut links = header.split('<').skip(1).filter_map(|link| link.split_once('>'));
    let is_next = |parameters: &str| {
        parameters.split([';', ',']).any(|parameter| {
            let value = parameter.trim().strip_prefix("rel=");
            value.is_some_and(|value| value.trim_matches('"').split(' ').any(|rel| rel == "next"))
        })
    };
    links.find(|(_, parameters)| is_next(parameters)).map(|(url, _)| url)
}

/// Path and query of the URL of a next page, below `base`. The host that it names is not asked:
/// credentials travel to the configured one and no other.
pub fn next_page(next: &str, base: &Url) -> Result<String> {
    let wrong = |why: &str| Fault::retry(format!("the next page {next:?} {why}"));
    let url = base.join(next).map_err(|error| wrong(&format!("is no URL: {error}")))?;
    let above = base.path().trim_end_matches('/');
    let path = url.path().strip_prefix(above).ok_or_else(|| wrong("is not below the base"))?;
    Ok(format!("{path}?{}", url.query().unwrap_or_default()))
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Not a byte of the request has left: asking again can do no harm.
    NotSent(Fault),
    /// Something may have left, and what became of it is unknown.
    Lost(String),
}

impl From<NoAnswer> for Fault {
    /// For requests that may be repeated, being lost is only a delay.
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::NotSent(fault) => fault,
            NoAnswer::Lost(reason) => Self::Retry(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn check(base: &str, request: Request, expected: &str) {
        let base = Url::parse(base).unwrap();
        assert_eq!(request.url(&base).unwrap().as_str(), expected);
    }

    #[test]
    fn urls_are_built_below_the_base_and_encoded() {
        check("https://a.test", Request::get("/v2/account"), "https://a.test/v2/account");
        check("https://a.test/v2/", Request::get("/account"), "https://a.test/v2/account");
        let orders = Request::get("/v2/orders:by_client_order_id");
        check(
            "https://a.test",
            orders.query(&[("client_order_id", "fs.a b")]),
            "https://a.test/v2/orders:by_client_order_id?client_order_id=fs.a+b",
        );
        let page =
            Request::get("/x").maybe("token", Some("t")).maybe("a", None).maybe("b", Some(""));
        check("https://a.test", page, "https://a.test/x?token=t");
        check(
            "https://a.test",
            Request::get("/v2/positions").segment("BTC/USD?x#y"),
            "https://a.test/v2/positions/BTC%2FUSD%3Fx%23y",
        );
    }

    #[test]
    fn what_is_not_said_is_not_sent() {
        let body = serde_json::json!({"a": 1, "b": null, "c": {"d": null}, "e": [{"f": null}],
            "g": "", "h": false, "i": []});
        let sent = serde_json::json!({"a": 1, "e": [{}], "g": "", "h": false});
        assert_eq!(said(body), sent);
    }

    #[test]
    fn an_empty_id_never_becomes_a_request_about_everything() {
        let base = Url::parse("https://a.test").unwrap();
        for id in ["", ".", ".."] {
            let request = Request::new(Method::DELETE, "/v2/orders").segment(id);
            assert!(matches!(request.url(&base), Err(Fault::Fatal(_))), "{id:?}");
        }
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        let next = "<https://a.test/x?page=3>; rel=\"next\"";
        for header in [
            next.to_owned(),
            format!("<https://a.test/x?page=1>; rel=\"prev\", {next}"),
            format!("{next}, <https://a.test/x?page=9>; rel=last"),
            next.replace("\"next\"", "\"next nofollow\""),
        ] {
            assert_eq!(linked(&header), Some("https://a.test/x?page=3"), "{header}");
        }
        assert_eq!(linked("<https://a.test/x?page=1>; rel=\"prev\""), None);
        assert_eq!(linked("nonsense"), None);
    }

    #[test]
    fn a_next_page_stays_below_the_base_and_on_its_host() {
        let base = Url::parse("https://a.test/api/v1").unwrap();
        for (next, expected) in [
            ("https://a.test/api/v1/x?page=3", Some("/x?page=3")),
            ("https://evil.test/api/v1/x?page=3", Some("/x?page=3")),
            ("/api/v1/x", Some("/x?")),
            ("https://a.test/other/x", None),
            ("https://", None),
        ] {
            assert_eq!(next_page(next, &base).ok().as_deref(), expected, "{next}");
        }
    }
}
