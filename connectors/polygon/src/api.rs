//! Asking Polygon: connections, refusals, pages.

use std::time::Duration;

use component::{Fault, Host, OrBad, Result};
use http::{
    Answer, Auth, Http, KeyAuthentication, ListPage, Paged, Rate, Request, Row, VendorClock,
};
use model::{Date, Timestamp};
use session::Options;
use url::Url;

use crate::settings::{Plan, System};
use crate::wire;

pub const KEY: &str = KeyAuthentication::SETTING;
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

    /// The REST API.
    pub(crate) fn http(&self, host: &Host) -> Result<Http> {
        let auth = Auth::bearer(KEY, self.authentication.credentials.api_key.clone());
        let rate = if self.connection.plan == Plan::Free { FREE } else { PAID };
        let connection = &self.connection;
        let http = Http::open(host, &connection.base_url, connection.insecure, auth, rate)?;
        Ok(http.explained_by(meaning))
    }
}

/// What Polygon's clock says.
pub async fn vendor_now(http: &Http) -> Result<Timestamp> {
    let answer = http.fetch(&Request::get("/v1/marketstatus/now")).await?;
    let row = Row::of(answer.json()?);
    row.time(&["server_time"]).and_then(|time| time.or_bad("serverTime")).map_err(Fault::retry)
}

impl Paged for System {
    async fn connect(&self, host: &Host) -> Result<(Http, VendorClock)> {
        let http = self.http(host)?;
        let clock = VendorClock::new(&host.clock, vendor_now(&http).await?);
        Ok((http, clock))
    }

    /// What Polygon does not find is nothing.
    async fn fetch(http: &Http, request: Request) -> Result<Option<Answer>> {
        match http.fetch(&request.max_body_bytes(MAX_BODY_BYTES)).await {
            Err(Fault::Fatal(reason)) if reason.contains("\"NOT_FOUND\"") => Ok(None),
            answer => answer.map(Some),
        }
    }

    fn read(answer: &Answer) -> Result<ListPage<'_>> {
        if answer.body.trim_ascii_start().starts_with(b"[") {
            return Ok(ListPage { rows: answer.json()?, next: None });
        }
        let envelope: wire::Envelope<'_> = answer.json()?;
        let status = envelope.status.as_deref();
        if !matches!(status, None | Some("OK" | "DELAYED" | "success" | "NOT_FOUND")) {
            let trouble = format!("polygon is in trouble: {}", answer.excerpt());
            return Err(meaning(Fault::Retry(trouble)));
        }
        let next = envelope.next_url.as_deref().map(path_and_query).transpose()?;
        let rows = match envelope.results.or(envelope.tickers) {
            Some(rows) if rows.get().starts_with('[') => {
                serde_json::from_str(rows.get()).map_err(|error| {
                    Fault::retry(format!("no list ({error}): {}", answer.excerpt()))
                })?
            }
            Some(single) => vec![single],
            // The market's state is neither a list nor says a status.
            None if status.is_none() && next.is_none() => vec![answer.json()?],
            None => Vec::new(),
        };
        Ok(ListPage { rows, next })
    }

    fn follow(_: Request, next: &str) -> Request {
        Request::follow(next, Some("apiKey"))
    }

    fn is_gone(refusal: &str) -> bool {
        refusal.contains("answered 400") || refusal.contains("answered 404")
    }
}

/// Only this part of `next_url` is used: the key travels to the configured host and no other.
fn path_and_query(next_url: &str) -> Result<String> {
    let url = Url::parse(next_url)
        .map_err(|error| Fault::retry(format!("next_url {next_url:?}: {error}")))?;
    Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
}

/// The symbols that there is a list about each; the whole market, which is an empty one, where
/// there are none.
pub fn about(symbols: Vec<String>) -> Vec<String> {
    if symbols.is_empty() { vec![String::new()] } else { symbols }
}

/// The day so many days before a time.
pub fn days_before(time: Timestamp, days: u32) -> String {
    Date(time.date().0.saturating_sub_unsigned(days)).to_string()
}

/// What Polygon means by a refusal, where that is more than the status says.
fn meaning(fault: Fault) -> Fault {
    let (reason, wait) = match &fault {
        Fault::Fatal(reason) | Fault::Retry(reason) | Fault::Unauthorized { reason, .. } => {
            (reason.clone(), THROTTLED)
        }
        Fault::Throttled { wait, reason } => (reason.clone(), THROTTLED.max(*wait)),
        _ => return fault,
    };
    let says = |words: &str| reason.contains(words);
    if says("maximum requests per minute") {
        Fault::Throttled { wait, reason }
    } else if says("\"NOT_AUTHORIZED\"") && !says("answered 401") {
        Fault::fatal(format!("{NOT_INCLUDED}: {reason}"))
    } else if says("answered 413") || says("answered 499") {
        Fault::Retry(reason)
    } else if says("\"ERROR\"") && says("API Key") {
        Fault::unauthorized(reason, KEY)
    } else {
        fault
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What `http` makes of a status and a body.
    fn told(status: u16, body: &str) -> Fault {
        let reason = format!("GET /v3/trades answered {status}: {body}");
        match status {
            200 => Fault::Retry(format!("polygon is in trouble: {body}")),
            401 | 403 => Fault::unauthorized(reason, KEY),
            429 => Fault::Throttled { wait: Duration::from_secs(5), reason },
            _ => Fault::fatal(reason),
        }
    }

    #[test]
    fn refusals_mean_what_polygon_means() {
        let no_key = include_str!("../fixtures/error_401_no_key.json");
        let timeframe = include_str!("../fixtures/error_403_timeframe.json");
        let too_many =
            r#"{"status":"ERROR","error":"You've exceeded the maximum requests per minute"}"#;
        let bad = r#"{"status":"ERROR","error":"invalid timestamp"}"#;
        for (status, body, kind) in [
            (401, no_key, "unauthorized"),
            (400, no_key, "unauthorized"),
            (200, no_key, "unauthorized"),
            (403, timeframe, "fatal"),
            (200, timeframe, "fatal"),
            (400, bad, "fatal"),
            (200, bad, "retry"),
            (413, "", "retry"),
            (499, "", "retry"),
            (429, too_many, "throttled"),
            (200, too_many, "throttled"),
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
        let request = format!("{:?}", System::follow(Request::get(""), &next));
        assert!(request.contains("YXA9MQ") && !request.contains("stolen"), "{request}");
        assert_eq!(path_and_query("nonsense").unwrap_err().kind(), "retry");
    }
}
