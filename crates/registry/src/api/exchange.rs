//! Requests in and answers out: what all resources share.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// Kafka's own default for a record (`message.max.bytes`) is 1 MiB, which a schema must fit in.
pub(crate) const MAX_BODY_BYTES: usize = 2 << 20;

const TYPES: [&str; 3] = [
    "application/vnd.schemaregistry.v1+json",
    "application/vnd.schemaregistry+json",
    "application/json",
];

/// A success.
pub(crate) struct Answer(pub Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({ "error_code": self.code, "message": self.message });
        (status, Json(body)).into_response()
    }
}

/// Answers in the first of our content types that the client names.
pub(crate) async fn speak_as_asked(request: Request, next: Next) -> Response {
    let content_type = accepted(request.headers());
    let mut response = next.run(request).await;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn accepted(headers: &HeaderMap) -> &'static str {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let names = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    let known = names.filter_map(|name| TYPES.into_iter().find(|known| *known == name)).next();
    known.unwrap_or(TYPES[0])
}

/// A request's JSON, under whatever content type.
pub(crate) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| {
                match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(MAX_BODY_BYTES),
                    _ => Refusal::bad_request(rejection.body_text()),
                }
            })?;
        let parsed = serde_json::from_slice(&bytes);
        parsed.map(Body).map_err(|e| Refusal::bad_request(format!("unreadable request: {e}")))
    }
}

/// The part of an address after `?`. What we do not know is left alone, as Confluent does.
pub(crate) struct Parameters(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = query.map_err(|error| Refusal::bad_request(error.body_text()))?;
        Ok(Parameters(pairs.into_iter().collect()))
    }
}

impl Parameters {
    /// True if it says so; Python clients write `True`.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).eq_ignore_ascii_case("true")
    }

    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The part of a list that `offset` and `limit` ask for; a negative limit asks for the rest.
    pub fn page<T>(&self, all: impl IntoIterator<Item = T>) -> Result<Vec<T>, Refusal> {
        let offset = self.number("offset", 0)?.try_into().unwrap_or(0);
        let limit = self.number("limit", -1)?.try_into().unwrap_or(usize::MAX);
        Ok(all.into_iter().skip(offset).take(limit).collect())
    }

    fn number(&self, name: &str, default: i64) -> Result<i64, Refusal> {
        match self.text(name) {
            "" => Ok(default),
            text => text.parse().map_err(|_| {
                Refusal::bad_request(format!("the parameter {name} is {text:?}, no number"))
            }),
        }
    }
}

/// A version in an address; `None` is the latest.
pub(crate) fn version(text: &str) -> Result<Option<i32>, Refusal> {
    match text {
        "latest" | "-1" => Ok(None),
        _ => match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(Refusal::invalid_version(text)),
        },
    }
}

/// An id in an address.
pub(crate) fn id(text: &str) -> Result<i32, Refusal> {
    text.parse().map_err(|_| Refusal::bad_request(format!("{text:?} is not a schema id")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(version("latest").unwrap(), None);
        assert_eq!(version("-1").unwrap(), None);
        assert_eq!(version("7").unwrap(), Some(7));
        for wrong in ["0", "-2", "one", "", "99999999999", "1.0"] {
            assert_eq!(version(wrong).unwrap_err().code, 42202, "{wrong}");
        }
    }

    #[test]
    fn reads_parameters_as_python_writes_them() {
        let pairs = [("deleted", "True"), ("normalize", "False"), ("limit", "-1"), ("offset", "1")];
        let parameters =
            Parameters(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
        assert!(parameters.flag("deleted"));
        assert!(!parameters.flag("normalize"));
        assert!(!parameters.flag("absent"));
        assert_eq!(parameters.page([1, 2, 3]).unwrap(), [2, 3]);
    }

    #[test]
    fn chooses_a_content_type() {
        let check = |accept: &str, expected: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            assert_eq!(accepted(&headers), expected);
        };
        check("*/*", TYPES[0]);
        check("application/json", TYPES[2]);
        check("text/html, application/vnd.schemaregistry+json; q=0.9, application/json", TYPES[1]);
    }
}
