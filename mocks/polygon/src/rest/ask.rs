use axum::http::header;
use axum::http::request::Parts;
use jiff::civil::Date;
use mockkit::time::{self, DAY};

use crate::core::Core;
use crate::instruments::{Class, Instrument};
use crate::json::{Json, map};
use crate::query::Query;
use crate::refusal::{Refusal, Result};
use crate::settings::Plan;

/// Whose request it is: an index into the settings' keys.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub usize);

/// A request that may be answered.
pub struct Ask<'a> {
    pub core: &'a Core,
    pub plan: Plan,
    pub query: Query,
    /// The latest moment that the answer may know of.
    pub now: i64,
    arguments: Vec<String>,
    path: &'a str,
    origin: String,
    request_id: &'a str,
}

impl Caller {
    /// The header wins over the parameter.
    pub fn of(core: &Core, parts: &Parts) -> Result<Caller> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let bearer = header.and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|text| {
            let (scheme, key) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
        });
        let query = parts.uri.query().unwrap_or_default();
        let named = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            (name == "apiKey" || name == "apikey").then(|| value.into_owned())
        };
        let parameter = || url::form_urlencoded::parse(query.as_bytes()).find_map(named);
        let key = bearer.or_else(parameter).filter(|key| !key.is_empty());
        let key = key.ok_or_else(Refusal::no_key)?;
        core.key(&key).map(Caller).ok_or_else(Refusal::unknown_key)
    }
}

impl<'a> Ask<'a> {
    pub fn new(
        core: &'a Core,
        caller: Caller,
        parts: &'a Parts,
        arguments: Vec<String>,
        request_id: &'a str,
    ) -> Result<Ask<'a>> {
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let plan = core.key_settings(caller.0).plan;
        let mut now = core.kit.clock().now().saturating_sub(plan.delay());
        if !plan.has_today() {
            now = time::new_york_midnight(time::new_york_date(now));
        }
        // All pages of one answer see the present of the first.
        let now = query.as_of().map_or(now, |as_of| now.min(as_of));
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let origin = format!("http://{}", host.unwrap_or("127.0.0.1"));
        Ok(Ask { core, plan, query, now, arguments, path: parts.uri.path(), origin, request_id })
    }

    /// What stands in the path's nth place.
    pub fn argument(&self, index: usize) -> &str {
        self.arguments.get(index).map_or("", String::as_str)
    }

    pub fn request_id(&self) -> &str {
        self.request_id
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The date in New York.
    pub fn today(&self) -> Date {
        time::new_york_date(self.now)
    }

    pub fn instrument(&self, symbol: &str) -> Option<&'a Instrument> {
        self.core.instruments.find(symbol)
    }

    /// An instrument of a class, or the vendor's words for there being none.
    pub fn known(&self, symbol: &str) -> Result<&'a Instrument> {
        self.instrument(symbol).ok_or_else(|| match Class::of(symbol) {
            Class::Options => Refusal::no_option(),
            _ => Refusal::no_ticker(),
        })
    }

    /// Refuses what a plan does not reach back to.
    pub fn check_history(&self, from: i64) -> Result<()> {
        match self.plan.years() {
            Some(years) if from < self.now - years * 366 * DAY => Err(Refusal::timeframe()),
            _ => Ok(()),
        }
    }

    /// Begins an answer.
    pub fn ok(&self) -> Json {
        map([("status", self.plan.status().into()), ("request_id", self.request_id.into())])
    }

    pub fn next_url(&self, after: usize) -> String {
        let cursor = self.query.cursor(after, self.now);
        self.url(self.path, &cursor)
    }

    /// A page on our own host, wherever the client thinks that is.
    pub fn url(&self, path: &str, cursor: &str) -> String {
        let foreign = self
            .core
            .kit
            .faults()
            .take_stream(crate::REST, &[mockkit::Kind::Vendor(crate::FOREIGN_NEXT_URL.into())]);
        let origin = if foreign.is_some() { "http://127.0.0.2:9" } else { &self.origin };
        format!("{origin}{path}?cursor={cursor}")
    }
}

/// The parts of a path, percent-encoding undone.
pub fn segments(path: &str) -> Vec<String> {
    path.trim_start_matches('/').split('/').map(decode).collect()
}

/// What stands in the places of a pattern, if the path fits it.
pub fn captures(pattern: &str, segments: &[String]) -> Option<Vec<String>> {
    let parts: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut captured = Vec::new();
    for (part, segment) in parts.into_iter().zip(segments) {
        match part {
            "{}" if segment.is_empty() => return None,
            "{}" => captured.push(segment.clone()),
            _ if part == segment => {}
            _ => return None,
        }
    }
    Some(captured)
}

fn decode(segment: &str) -> String {
    // A plus sign in a path is itself, unlike in a query.
    let segment = segment.replace('+', "%2B");
    let text = format!("={segment}").replace('&', "%26");
    let decoded = url::form_urlencoded::parse(text.as_bytes()).next();
    decoded.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_paths_apart() {
        let check = |pattern: &str, path: &str, expected: Option<&[&str]>| {
            let captured = captures(pattern, &segments(path));
            let expected = expected.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
            assert_eq!(captured, expected, "{path}");
        };
        check("/v3/trades/{}", "/v3/trades/BRK.B", Some(&["BRK.B"]));
        check("/v3/trades/{}", "/v3/trades/C%3AEUR%2DUSD", Some(&["C:EUR-USD"]));
        check("/v3/trades/{}", "/v3/trades/a+b&c=%zz", Some(&["a+b&c=%zz"]));
        check("/v3/trades/{}", "/v3/trades/", None);
        check("/v3/trades/{}", "/v3/trades/a/b", None);
        check("/v1/marketstatus/now", "/v1/marketstatus/now", Some(&[]));
    }
}
