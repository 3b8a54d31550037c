//! Writes down what a vendor was asked and what it answered, where somebody asked for that.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use component::{Fault, Host, Result};
use model::Timestamp;
use serde::Serialize;
use tracing::warn;
use url::Url;

use crate::request::{Answer, Request};

/// Names the folder that recordings go to.
const FOLDER: &str = "FOLIOSTREAM_RECORD";
/// A recording is for tests; one that grows larger is somebody's oversight.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// What is written in place of what proves who we are.
const HIDDEN: &str = "***";
/// Headers that change what a client does. No other is written: some hold sessions.
const HEADERS: [&str; 12] = [
    "content-type",
    "link",
    "ratelimit",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// The exchanges with one system, one line of JSON each, as `mockkit::Replay` reads them.
pub(crate) struct Recording(Mutex<Option<Open>>);

struct Open {
    file: File,
    bytes: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    time: i64,
    method: &'a str,
    path: &'a str,
    query: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<String>,
    status: u16,
    headers: BTreeMap<&'a str, String>,
    body: String,
}

impl Recording {
    /// The recording of a system, if `FOLIOSTREAM_RECORD` names a folder.
    pub(crate) fn asked_for(host: &Host) -> Result<Option<Arc<Self>>> {
        let Some(folder) = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()) else {
            return Ok(None);
        };
        Self::of(host, Path::new(&folder)).map(Some)
    }

    /// The recording of a system in a folder.
    pub(crate) fn of(host: &Host, folder: &Path) -> Result<Arc<Self>> {
        let path = folder.join(format!("{}.jsonl", host.system));
        let failed = |error| Fault::fatal(format!("could not record in {path:?}: {error}"));
        host.share(&path.to_string_lossy(), || {
            std::fs::create_dir_all(folder).map_err(failed)?;
            let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
            let bytes = file.metadata().map_err(failed)?.len();
            Ok(Self(Mutex::new(Some(Open { file, bytes }))))
        })
    }

    /// Adds an exchange, without anything that proves who we are. What cannot be written ends the
    /// recording and nothing else.
    pub(crate) fn add(&self, request: &Request, url: &Url, answer: &Answer, now: Timestamp) {
        let shown = |name: &str, value: &str| match request.asks(name, value) {
            true => answer.redact(value),
            false => HIDDEN.to_owned(),
        };
        let pairs = url.query_pairs();
        let sent = request.body.as_ref().map(|body| String::from_utf8_lossy(body));
        let line = Line {
            time: now.0,
            method: request.method.as_str(),
            path: &answer.redact(url.path()),
            query: pairs.map(|(name, value)| (name.to_string(), shown(&name, &value))).collect(),
            sent: sent.map(|body| answer.redact(&body)),
            status: answer.status,
            headers: answer
                .headers()
                .filter(|(name, _)| HEADERS.contains(name))
                .map(|(name, value)| (name, answer.redact(value)))
                .collect(),
            body: String::from_utf8_lossy(&answer.redacted()).into_owned(),
        };
        let Ok(mut line) = serde_json::to_vec(&line) else { return }; // texts and numbers alone
        line.push(b'\n');
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Open { file, bytes }) = &mut *open {
            *bytes += line.len() as u64;
            let written =
                if *bytes > MAX_BYTES { Ok(false) } else { file.write_all(&line).map(|()| true) };
            match written {
                Ok(true) => return,
                Ok(false) => warn!(max_bytes = MAX_BYTES, "a recording is full and ends here"),
                Err(error) => warn!(%error, "a recording ends here"),
            }
            *open = None;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use component::Secret;
    use reqwest::header::HeaderMap;
    use serde_json::{Value, json};

    use super::*;
    use crate::auth::Auth;
    use crate::request::Method;

    #[test]
    fn an_exchange_is_written_down_without_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::test("acme recorded", "acme_test");
        let auth = Arc::new(Auth::bearer("token", Secret::new("PK-SECRET")));
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        headers.insert("set-cookie", "session=1".parse().unwrap());
        let body = r#"{"you": "PK-SECRET"}"#.into();
        let answer = Answer::new(429, headers, body, auth);
        let request = Request::new(Method::POST, "/v2/orders")
            .segment("7")
            .query(&[("symbol", "A&B"), ("key", "PK-SECRET")])
            .json(&json!({"token": "PK-SECRET"}));
        let mut url = request.url(&Url::parse("https://acme.test/api").unwrap()).unwrap();
        url.query_pairs_mut().append_pair("signature", "0a1b");
        for _ in 0..2 {
            let recording = Recording::of(&host, folder.path()).unwrap();
            recording.add(&request, &url, &answer, Timestamp(5));
        }
        let text = std::fs::read_to_string(folder.path().join("acme recorded.jsonl")).unwrap();
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let expected = json!({
            "time": 5, "method": "POST", "path": "/api/v2/orders/7",
            "query": [["symbol", "A&B"], ["key", "***"], ["signature", "***"]],
            "sent": r#"{"token":"***"}"#,
            "status": 429, "headers": {"retry-after": "7"}, "body": r#"{"you": "***"}"#,
        });
        assert_eq!(lines, [expected.clone(), expected]);
    }
}
