use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::{Error, Result};

/// What a client wrote in place of a secret.
const HIDDEN: &str = "***";

/// Answers as a vendor once did: from what a client wrote down of it, one exchange a line.
///
/// A request is answered with the first recorded answer to it that was not given yet; once all
/// were, with the last one again, as a poll of something that no longer changes.
#[derive(Debug)]
pub struct Replay(Mutex<Vec<Exchange>>);

#[derive(Debug, Deserialize)]
struct Exchange {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    #[serde(default)]
    sent: Option<String>,
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    #[serde(skip)]
    is_given: bool,
}

impl Replay {
    /// Reads a recording.
    pub fn read(path: &Path) -> Result<Replay> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Recording { path: path.to_owned(), source })?;
        let exchange = |(number, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|error| Error::Data {
                file: path.display().to_string(),
                line: number + 1,
                reason: error.to_string(),
            })
        };
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        Ok(Replay(Mutex::new(lines.map(exchange).collect::<Result<_>>()?)))
    }

    /// Serves it, for [`serve`](crate::serve) or any other server.
    pub fn router(self) -> Router {
        Router::new().fallback(answer).with_state(Arc::new(self))
    }

    fn give(&self, asked: &Asked<'_>) -> Option<Response> {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let alike = |exchange: &Exchange| exchange.answers(asked);
        let fresh = exchanges.iter().position(|exchange| !exchange.is_given && alike(exchange));
        let index = fresh.or_else(|| exchanges.iter().rposition(alike))?;
        exchanges[index].is_given = true;
        Some(exchanges[index].response())
    }
}

struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a [(String, String)],
    body: &'a [u8],
}

impl Exchange {
    fn answers(&self, asked: &Asked<'_>) -> bool {
        let mut recorded = self.query.iter();
        let is_asked = |(name, value): &(String, String)| {
            asked.query.iter().any(|(n, v)| n == name && (v == value || value == HIDDEN))
        };
        self.method == asked.method
            && self.path == asked.path
            && self.query.len() == asked.query.len()
            && recorded.all(is_asked)
            && self.sent.as_deref().is_none_or(|sent| is_alike(sent, asked.body))
    }

    fn response(&self) -> Response {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                headers.insert(name, value);
            }
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::NOT_IMPLEMENTED);
        (status, headers, self.body.clone()).into_response()
    }
}

/// Whether a body says what was recorded, but for what was hidden then. It may say more: a key.
fn is_alike(recorded: &str, sent: &[u8]) -> bool {
    fn alike(recorded: &Value, sent: &Value) -> bool {
        match (recorded, sent) {
            (Value::String(text), _) if text == HIDDEN => true,
            (Value::Object(one), Value::Object(other)) => {
                one.iter().all(|(k, v)| other.get(k).is_some_and(|sent| alike(v, sent)))
            }
            (Value::Array(one), Value::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(v, sent)| alike(v, sent))
            }
            _ => recorded == sent,
        }
    }
    match (serde_json::from_str(recorded), serde_json::from_slice(sent)) {
        (Ok(recorded), Ok(sent)) => alike(&recorded, &sent),
        _ => recorded.as_bytes() == sent,
    }
}

async fn answer(
    State(replay): State<Arc<Replay>>,
    method: Method,
    uri: Uri,
    Query(query): Query<Vec<(String, String)>>,
    body: Bytes,
) -> Response {
    let path = uri.path();
    let asked = Asked { method: method.as_str(), path, query: &query, body: &body };
    replay.give(&asked).unwrap_or_else(|| {
        let reason = format!("not in the recording: {method} {uri}");
        (StatusCode::NOT_IMPLEMENTED, reason).into_response()
    })
}
