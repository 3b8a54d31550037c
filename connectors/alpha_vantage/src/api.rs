//! Connections to Alpha Vantage, and what its refusals mean.

use std::time::Duration;

use component::{Fault, Host, Result, Secret};
use http::{Answer, Auth, Http, KeyAuthentication, Rate};
use jiff::tz::TimeZone;
use model::Timestamp;

use crate::settings::System;
use crate::wire::{self, Refusal};

const KEY: &str = KeyAuthentication::SETTING;
/// A free key: one request a second and 25 a day.
const FREE: Rate = Rate::per_second(1).and(Rate::per_day(25));
/// The smallest premium plan, in requests a minute; premium plans have no daily limit.
const PREMIUM: u32 = 75;

/// The one endpoint.
pub(crate) fn open(system: &System, host: &Host) -> Result<Http> {
    let key = system.authentication.credentials.api_key.clone();
    if key.expose().trim().is_empty() {
        return Err(Fault::unauthorized("there is no key", KEY));
    }
    let auth = match &system.connection.rapidapi_host {
        Some(name) => {
            let name = Secret::new(name);
            Auth::headers(KEY, vec![("x-rapidapi-key", key), ("x-rapidapi-host", name)])
        }
        None => Auth::query(KEY, "apikey", key),
    };
    let is_premium = host.throttling.max_requests_per_minute.is_some_and(|n| n >= PREMIUM);
    let rate = if is_premium { Rate::UNLIMITED } else { FREE };
    let mut base = system.connection.base_url.clone();
    base.set_path("");
    Ok(Http::open(host, &base, system.connection.insecure, auth, rate)?.judged_by(judge))
}

/// The refusals that are about the key rather than the request.
fn judge(answer: &Answer, now: Timestamp) -> Result<()> {
    let wait = match wire::refusal(&answer.body) {
        None | Some(Refusal::Premium(_) | Refusal::Request(_)) => return Ok(()),
        Some(Refusal::Key) => return Err(Fault::unauthorized(answer.excerpt(), KEY)),
        Some(Refusal::Busy(wait)) => wait,
        Some(Refusal::Spent) => next_day(now),
    };
    Err(Fault::Throttled { wait, reason: answer.excerpt() })
}

/// Until the next midnight, in New York or in UTC: nobody knows which of them starts a new day.
fn next_day(now: Timestamp) -> Duration {
    let until = |zone: TimeZone| {
        let now = jiff::Timestamp::from_nanosecond(i128::from(now.0)).ok()?.to_zoned(zone);
        let midnight = now.tomorrow().ok()?.start_of_day().ok()?;
        Duration::try_from(now.duration_until(&midnight)).ok()
    };
    let zones = [TimeZone::UTC].into_iter().chain(TimeZone::get("America/New_York"));
    let first = zones.filter_map(until).min().unwrap_or(Duration::from_secs(3_600));
    first + Duration::from_secs(60) // clocks differ
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_day_ends_at_the_next_midnight_there_may_be() {
        for (now, hours) in [
            ("2026-05-17T17:00:00Z", 7), // midnight in UTC
            ("2026-05-18T01:00:00Z", 3), // midnight in New York
            ("2026-01-18T04:00:00Z", 1), // which is an hour later in winter
        ] {
            let wait = next_day(now.parse().unwrap());
            assert_eq!(wait, Duration::from_secs(hours * 3_600 + 60), "{now}");
        }
    }
}
