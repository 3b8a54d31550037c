//! Order updates as server-sent events, from the past on if asked.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use mockkit::time;
use serde::Deserialize;
use serde_json::Value;

use super::Params;
use super::query::moment;
use crate::core::Shared;
use crate::gate::Caller;
use crate::refusal::{Refusal, Result};
use crate::state::Logged;

/// A comment keeps the connection alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Characters of a ULID: ten of time, sixteen that are random elsewhere and a number here.
const ULID: usize = 26;
const ULID_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[derive(Deserialize)]
pub struct Query {
    since: Option<String>,
    since_id: Option<String>,
    until: Option<String>,
    until_id: Option<String>,
}

struct Follower {
    core: Shared,
    account: usize,
    /// The last update sent.
    number: u64,
    since: i64,
    until: i64,
    until_number: u64,
}

pub async fn answer(
    State(core): State<Shared>,
    Caller(account): Caller,
    Params(query): Params<Query>,
) -> Result<Response> {
    let since = moment("since", query.since.as_deref())?;
    let until = moment("until", query.until.as_deref())?;
    let id = |name: &str, text: Option<&str>| -> Result<Option<u64>> {
        let parse = |text| number(text).ok_or_else(|| super::query::invalid(name, text));
        text.map(parse).transpose()
    };
    let since_id = id("since_id", query.since_id.as_deref())?;
    let until_id = id("until_id", query.until_id.as_deref())?;
    if since.is_some() && since_id.is_some() {
        return Err(Refusal::invalid("only one of since and since_id is accepted"));
    }
    // Without a start only what is still to come is told.
    let last = core.state().logs[account].back().map_or(0, |logged| logged.number);
    let follower = Follower {
        number: since_id.unwrap_or(if since.is_some() { 0 } else { last }),
        since: since.unwrap_or(i64::MIN),
        until: until.unwrap_or(i64::MAX),
        until_number: until_id.unwrap_or(u64::MAX),
        core,
        account,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let piece = follower.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), follower))
    });
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, Body::from_stream(events)).into_response())
}

impl Follower {
    /// The next event as text; nothing after the last one that was asked for.
    async fn next(&mut self) -> Option<String> {
        let kit = self.core.world.kit.clone();
        let mut updates = self.core.world.updates.subscribe();
        loop {
            if let Some(logged) = self.find() {
                self.number = logged.number;
                return Some(block(&logged));
            }
            let over = self.until < kit.clock().now() || self.number >= self.until_number;
            if over || kit.is_stopped() {
                return None;
            }
            tokio::select! {
                // The sender lives as long as the mock.
                _ = updates.changed() => {}
                () = tokio::time::sleep(HEARTBEAT) => return Some(":heartbeat\n\n".into()),
                () = kit.stopped() => return None,
            }
        }
    }

    fn find(&self) -> Option<Logged> {
        let state = self.core.state();
        let log = &state.logs[self.account];
        let from = log.partition_point(|logged| logged.number <= self.number);
        let next = log.range(from..).find(|logged| logged.time >= self.since)?;
        let wanted = next.time <= self.until && next.number <= self.until_number;
        wanted.then(|| next.clone())
    }
}

fn block(logged: &Logged) -> String {
    let mut data = logged.data.clone();
    let id = ulid(logged.time, logged.number);
    data["event_id"] = Value::from(id.as_str());
    data["at"] = Value::from(time::utc(logged.time));
    format!("id: {id}\ndata: {data}\n\n")
}

/// Sorts by time, then by number.
fn ulid(at: i64, number: u64) -> String {
    let milliseconds = u128::try_from(at / 1_000_000).unwrap_or(0);
    let bits = milliseconds << 80 | u128::from(number);
    let digit = |place: usize| {
        let index = (bits >> (5 * (ULID - 1 - place))) & 31;
        char::from(ULID_ALPHABET[usize::try_from(index).unwrap_or(0)])
    };
    (0..ULID).map(digit).collect()
}

/// The number in a ULID of ours.
fn number(ulid: &str) -> Option<u64> {
    if ulid.len() != ULID {
        return None;
    }
    let mut bits = 0_u128;
    for byte in ulid.bytes() {
        let digit = ULID_ALPHABET.iter().position(|known| *known == byte.to_ascii_uppercase())?;
        bits = bits << 5 | u128::try_from(digit).ok()?;
    }
    u64::try_from(bits & ((1 << 80) - 1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ulids_sort_and_carry_their_number() {
        let first = ulid(1_381_153_860_000_000_000, 7);
        let second = ulid(1_381_153_860_000_000_000, 8);
        let later = ulid(1_381_153_861_000_000_000, 1);
        assert!(first < second && second < later);
        assert_eq!((first.len(), number(&first), number("nonsense")), (26, Some(7), None));
    }
}
