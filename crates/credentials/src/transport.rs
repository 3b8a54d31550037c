//! What a flow sends and reads, without the sending.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use component::Secret;
use url::Url;

use crate::{Error, Result};

/// A future in a box, since a transport is chosen at run time.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one request of a flow and reads its answer, once. The only way out of this crate.
pub trait Transport: Send + Sync + fmt::Debug {
    /// The answer, whatever its status. `Err` where there is none.
    fn exchange(&self, exchange: Exchange) -> Pending<'_, Result<Reply>>;
}

/// One request of a flow.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where to.
    pub url: Url,
    /// Headers.
    pub headers: Vec<(&'static str, Secret)>,
    /// The body and its content type.
    pub body: Option<(&'static str, Secret)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its body; no longer than [`Reply::MAX_BYTES`].
    pub body: Secret,
    /// What it says about coming back.
    pub retry_after: Option<Duration>,
}

/// Characters of an answer that are worth quoting.
const EXCERPT: usize = 200;

impl Exchange {
    pub(crate) fn get(url: Url) -> Self {
        Self { method: "GET", url, headers: Vec::new(), body: None }
    }

    pub(crate) fn form(url: Url, pairs: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        let body = Some(("application/x-www-form-urlencoded", Secret::new(form.finish())));
        Self { method: "POST", url, headers: Vec::new(), body }
    }

    pub(crate) fn json(url: Url, body: &serde_json::Value) -> Self {
        let body = Some(("application/json", Secret::new(body.to_string())));
        Self { method: "POST", url, headers: Vec::new(), body }
    }
}

impl Reply {
    /// The longest body that a transport reads.
    pub const MAX_BYTES: usize = 64 << 10;

    /// The error for an answer that is neither yes nor no: a gateway's page, a server's failure.
    pub(crate) fn unclear(&self, asked: &str) -> Error {
        let status = self.status;
        if status == 429 || (status == 503 && self.retry_after.is_some()) {
            let wait = self.retry_after.unwrap_or(Duration::from_secs(30));
            return Error::Throttled { wait, reason: format!("{asked} was answered {status}") };
        }
        // Only words between tags: a body that looks like an answer may hold a token.
        let body = self.body.expose();
        let excerpt =
            if body.trim_start().starts_with('<') { page_text(body) } else { String::new() };
        let colon = if excerpt.is_empty() { "" } else { ": " };
        Error::Unreachable(format!("{asked} was answered {status}{colon}{excerpt}"))
    }
}

/// The words of a page.
pub(crate) fn page_text(page: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in page.chars().take(4 * EXCERPT) {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            _ if !is_tag => text.push(c),
            _ => {}
        }
    }
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().take(EXCERPT).collect()
}
