//! Reading what a request carries, refusing in Alpaca's words.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use jiff::civil::Date;
use mockkit::time;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::number;
use crate::refusal::{Refusal, Result};

/// The query of a request.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params<T>> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|Query(query)| Params(query)).map_err(|error| Refusal::invalid(error.body_text()))
    }
}

/// The body of a request.
pub fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|_| Refusal::malformed_body())
}

pub fn moment(name: &str, text: Option<&str>) -> Result<Option<i64>> {
    let parse = |text| time::parse(text).map_err(|_| invalid(name, text));
    text.filter(|text| !text.is_empty()).map(parse).transpose()
}

pub fn date(name: &str, text: Option<&str>) -> Result<Option<Date>> {
    let parse = |text: &str| match text.parse::<Date>() {
        Ok(date) => Ok(date),
        Err(_) => time::parse(text).map(time::new_york_date).map_err(|_| invalid(name, text)),
    };
    text.filter(|text| !text.is_empty()).map(parse).transpose()
}

pub fn decimal(name: &str, text: Option<&str>) -> Result<Option<Decimal>> {
    let parse = |text: &str| number::parse(text).ok_or_else(|| invalid(name, text));
    text.map(parse).transpose()
}

/// A whole number up to `most`; `usual` if the request has none.
pub fn count(name: &str, text: Option<&str>, usual: usize, most: usize) -> Result<usize> {
    let Some(text) = text else { return Ok(usual) };
    match text.parse::<usize>() {
        Ok(count) if (1..=most).contains(&count) => Ok(count),
        _ => Err(invalid(name, text)),
    }
}

/// Python spells it with a capital letter.
pub fn flag(name: &str, text: Option<&str>) -> Result<bool> {
    match text {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") || text == "1" => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") || text == "0" => Ok(false),
        Some(text) => Err(invalid(name, text)),
    }
}

/// One of the words that may stand there.
pub fn word<'a>(
    name: &str,
    text: Option<&'a str>,
    usual: &'a str,
    known: &[&str],
) -> Result<&'a str> {
    let text = text.unwrap_or(usual);
    if known.contains(&text) { Ok(text) } else { Err(invalid(name, text)) }
}

/// With or without hyphens.
pub fn id(name: &str, text: &str) -> Result<Uuid> {
    Uuid::try_parse(text).map_err(|_| invalid(name, text))
}

/// A comma-separated list; none if empty.
pub fn list(text: Option<&str>) -> Option<Vec<&str>> {
    let text = text.filter(|text| !text.is_empty())?;
    Some(text.split(',').map(str::trim).collect())
}

pub fn invalid(name: &str, text: &str) -> Refusal {
    Refusal::invalid(format!("invalid {name}: {text:?}"))
}
