//! Asking Polygon: connections, refusals, pages.

use std::time::Duration;

use component::{Clock, Fault, Host, OrBad, Result};
use http::{Answer, Auth, Http, Rate, Request};
use model::Timestamp;
use serde_json::value::RawValue;
use session::Options;
use url::Url;

use crate::settings::{Plan, System};
use crate::wire;

pub const KEY: &str = "authentication.credentials.api_key";
/// Published limits: of the free plan, and what is polite on the others.
const FREE: Rate = Rate::per_minute(5);
const PAID: Rate = Rate::per_second(100);
/// Polygon does not say how long to wait; twelve seconds free one place of the free plan.
const THROTTLED: Duration = Duration::from_secs(12);
/// How a refusal begins that no other key of the plan would change.
pub const NOT_INCLUDED: &str = "the plan of the key does not include this";
/// The whole market in one answer.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

impl System {
    /// The REST API.
    pub(crate) fn http(&self, host: &Host) -> Result<Http> {
        let auth = Auth::bearer(KEY, self.authentication.credentials.api_key.clone());
        let rate = if self.connection.plan == Plan::Free { FREE } else { PAID };
        Http::open(host, &self.connection.base_url, self.connection.insecure, auth, rate)
    }

    /// The stream.
    pub(crate) fn stream(&self) -> Options {
        let mut url = self.connection.stream_url.clone();
        if matches!(url.path(), "" | "/") {
            url.set_path(self.connection.cluster.as_str());
        }
        let mut options = Options::new(&url, self.connection.insecure);
        options.setting = KEY;
        options.idle = Duration::from_secs(self.connection.idle_secs.max(1));
        options
    }

    /// The key, for logging in to the stream.
    pub(crate) fn key(&self) -> &str {
        self.authentication.credentials.api_key.expose()
    }
}

/// Polygon's clock, read once.
#[derive(Clone, Debug)]
pub struct VendorClock {
    clock: Clock,
    ahead: i64,
}

impl VendorClock {
    /// Reads Polygon's clock, which also proves the key.
    pub async fn read(http: &Http, clock: &Clock) -> Result<Self> {
        let answer = http.fetch(&Request::get("/v1/marketstatus/now")).await.map_err(meaning)?;
        let text = answer.json::<wire::MarketStatus>()?.server_time;
        let vendor: Timestamp = text.parse().or_bad("serverTime").map_err(Fault::retry)?;
        Ok(Self { clock: clock.clone(), ahead: vendor.since(clock.now()) })
    }

    /// What it says now.
    pub fn now(&self) -> Timestamp {
        self.clock.now().plus_nanos(self.ahead)
    }
}

/// What Polygon means by a refusal, where that is more than the status says.
pub fn meaning(fault: Fault) -> Fault {
    let reason = match &fault {
        Fault::Fatal(reason) | Fault::Unauthorized { reason, .. } => reason.clone(),
        Fault::Throttled { wait, reason } if reason.contains("maximum requests per minute") => {
            return Fault::Throttled { wait: (*wait).max(THROTTLED), reason: reason.clone() };
        }
        _ => return fault,
    };
    let says = |words: &str| reason.contains(words);
    if says("answered 403") && says("NOT_AUTHORIZED") {
        return Fault::fatal(format!("{NOT_INCLUDED}: {reason}"));
    }
    if says("answered 413") || says("answered 499") {
        return Fault::Retry(reason);
    }
    if says("answered 400") && says("API Key") {
        return Fault::unauthorized(reason, KEY);
    }
    fault
}

/// One page of a list.
pub struct Page {
    answer: Option<Answer>,
    /// Path and query of the next page.
    pub next: Option<String>,
}

impl Page {
    /// Asks for a page. What Polygon does not find is an empty one.
    pub async fn fetch(http: &Http, request: Request) -> Result<Self> {
        let request = request.max_body_bytes(MAX_BODY_BYTES);
        let answer = match http.fetch(&request).await.map_err(meaning) {
            Ok(answer) => answer,
            Err(Fault::Fatal(reason)) if reason.contains("\"NOT_FOUND\"") => {
                return Ok(Self { answer: None, next: None });
            }
            Err(fault) => return Err(fault),
        };
        let next = match envelope(&answer)? {
            Some(envelope) => envelope.next_url.as_deref().map(path_and_query).transpose()?,
            None => None,
        };
        Ok(Self { answer: Some(answer), next })
    }

    /// What is on it.
    pub fn rows(&self) -> Result<Vec<&RawValue>> {
        let Some(answer) = &self.answer else { return Ok(Vec::new()) };
        match envelope(answer)? {
            Some(wire::Envelope {
                results: None, tickers: None, next_url: None, status, ..
            }) => {
                // Few answers are not lists: the market's state says no status.
                let whole = status.is_none().then(|| answer.json()).transpose()?;
                Ok(whole.into_iter().collect())
            }
            Some(envelope) => match envelope.results.or(envelope.tickers) {
                Some(list) if list.get().starts_with('[') => read(answer, list),
                Some(single) => Ok(vec![single]),
                None => Ok(Vec::new()),
            },
            None => answer.json(),
        }
    }
}

fn read<'a>(answer: &Answer, list: &'a RawValue) -> Result<Vec<&'a RawValue>> {
    serde_json::from_str(list.get())
        .map_err(|error| Fault::retry(format!("no list ({error}): {}", answer.excerpt())))
}

/// What is around the rows, unless the answer is a bare list; a refusal may hide in it.
fn envelope(answer: &Answer) -> Result<Option<wire::Envelope<'_>>> {
    if answer.body.trim_ascii_start().starts_with(b"[") {
        return Ok(None);
    }
    let envelope: wire::Envelope<'_> = answer.json()?;
    match envelope.status.as_deref() {
        None | Some("OK" | "DELAYED" | "success" | "NOT_FOUND") => Ok(Some(envelope)),
        Some("NOT_AUTHORIZED") => {
            Err(Fault::fatal(format!("{NOT_INCLUDED}: {}", answer.excerpt())))
        }
        Some(_) => Err(Fault::retry(format!("polygon is in trouble: {}", answer.excerpt()))),
    }
}

/// Only this part of `next_url` is used: the key travels to the configured host and no other.
fn path_and_query(next_url: &str) -> Result<String> {
    let url = Url::parse(next_url)
        .map_err(|error| Fault::retry(format!("next_url {next_url:?}: {error}")))?;
    Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
}

/// Asks for the page that another one announced.
pub fn follow(next: &str) -> Request {
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    // A key in the query would be somebody else's.
    let pairs = pairs.iter().filter(|(name, _)| name != "apiKey");
    pairs.fold(Request::get(path), |request, (name, value)| request.query(&[(name, value)]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What `http` makes of a status and a body.
    fn told(status: u16, body: &str) -> Fault {
        let reason = format!("GET /v3/trades answered {status}: {body}");
        match status {
            401 | 403 => Fault::unauthorized(reason, KEY),
            429 => Fault::Throttled { wait: Duration::from_secs(5), reason },
            _ => Fault::fatal(reason),
        }
    }

    #[test]
    fn refusals_mean_what_polygon_means() {
        let no_key = include_str!("../fixtures/error_401_no_key.json");
        let timeframe = include_str!("../fixtures/error_403_timeframe.json");
        let too_many = r#"{"error":"You've exceeded the maximum requests per minute"}"#;
        let bad = r#"{"status":"ERROR","error":"invalid timestamp"}"#;
        for (status, body, kind) in [
            (401, no_key, "unauthorized"),
            (400, no_key, "unauthorized"),
            (403, timeframe, "fatal"),
            (400, bad, "fatal"),
            (413, "", "retry"),
            (499, "", "retry"),
            (429, too_many, "throttled"),
        ] {
            assert_eq!(meaning(told(status, body)).kind(), kind, "{status} {body}");
        }
        let fault = meaning(told(403, timeframe));
        assert!(fault.to_string().starts_with(NOT_INCLUDED), "{fault}");
        let Fault::Throttled { wait, .. } = meaning(told(429, too_many)) else { panic!() };
        assert_eq!(wait, THROTTLED);
    }

    #[test]
    fn the_key_goes_to_the_configured_host_alone() {
        let next = "https://elsewhere.test/v3/trades/C:EUR-USD?cursor=YXA9MQ&apiKey=stolen";
        let next = path_and_query(next).unwrap();
        assert_eq!(next, "/v3/trades/C:EUR-USD?cursor=YXA9MQ&apiKey=stolen");
        let request = format!("{:?}", follow(&next));
        assert!(request.contains("YXA9MQ") && !request.contains("stolen"), "{request}");
        assert_eq!(path_and_query("nonsense").unwrap_err().kind(), "retry");
    }
}
