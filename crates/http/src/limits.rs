//! What an answer says of the vendor's limits.

use std::time::Duration;

use model::Timestamp;

use crate::request::Answer;

/// A vendor that asks for more is asked again after this time; what is left until later than
/// this is no concern of the next requests.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// Smaller numbers are seconds to wait, larger ones seconds since 1970.
const FIRST_EPOCH_SECS: i64 = 1_000_000_000;
/// Still larger ones are milliseconds since 1970.
const FIRST_EPOCH_MILLIS: i64 = 1_000_000_000_000;
/// How vendors spell the prefix of the three headers.
const PREFIXES: [&str; 3] = ["x-ratelimit", "ratelimit", "x-rate-limit"];

/// Requests that are left, and how long none are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) requests: u64,
    pub(crate) wait: Duration,
}

/// How long the vendor wants to be left alone.
pub(crate) fn wait(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let after = |text: &str| after(text, now);
    let retry_after = answer.header("retry-after").and_then(after);
    let reset = || {
        let mut resets = PREFIXES.iter().map(|prefix| format!("{prefix}-reset"));
        resets.find_map(|name| answer.header(&name).and_then(after))
    };
    let policy = || left(answer, now).filter(|left| left.requests == 0).map(|left| left.wait);
    retry_after.or_else(reset).or_else(policy).map(|wait| wait.min(LONGEST_WAIT))
}

/// What the vendor says is left; of several limits the tightest.
pub(crate) fn left(answer: &Answer, now: Timestamp) -> Option<Left> {
    let three = PREFIXES.iter().find_map(|prefix| {
        let number = |what: &str| -> Option<u64> {
            answer.header(&format!("{prefix}-{what}"))?.trim().parse().ok()
        };
        let requests = number("remaining")?;
        // Some write zeros where there is no limit at all.
        if number("limit").is_some_and(|limit| limit == 0 || limit < requests) {
            return None;
        }
        let wait = after(answer.header(&format!("{prefix}-reset"))?, now)?;
        Some(Left { requests, wait })
    });
    let one = answer.header("ratelimit").and_then(policies);
    let told = [three, one].into_iter().flatten().min_by_key(|left| left.requests)?;
    (told.wait <= LONGEST_WAIT).then_some(told)
}

/// One header for all: `"default";r=50;t=30`, one for each limit, or as it was drafted before,
/// `limit=100, remaining=50, reset=30`.
fn policies(header: &str) -> Option<Left> {
    let read = |policy: &str, requests: &str, wait: &str| {
        let number = |name: &str| -> Option<u64> {
            let mut pairs = policy.split([';', ',']).filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(key, _)| *key == name).and_then(|(_, number)| number.trim().parse().ok())
        };
        let wait = Duration::from_secs(number(wait)?);
        Some(Left { requests: number(requests)?, wait })
    };
    let each = header.split(',').filter_map(|policy| read(policy, "r", "t"));
    each.min_by_key(|left| left.requests).or_else(|| read(header, "remaining", "reset"))
}

/// Seconds to wait, seconds or milliseconds since 1970, or an HTTP date.
fn after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let until = if let Ok(number) = text.parse::<i64>() {
        match number {
            0..FIRST_EPOCH_SECS => return Some(Duration::from_secs(number.unsigned_abs())),
            FIRST_EPOCH_MILLIS.. => Timestamp::from_millis(number),
            _ => Timestamp::from_secs(number),
        }
    } else if let Ok(secs) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(secs).ok();
    } else {
        let date = jiff::fmt::rfc2822::parse(text).ok()?;
        Timestamp::from_secs(date.timestamp().as_second())
    };
    let nanos = u64::try_from(until.since(now)).unwrap_or(0);
    // A reset that has just passed still needs a moment: clocks differ.
    Some(Duration::from_nanos(nanos).max(Duration::from_secs(1)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use reqwest::header::HeaderMap;

    use super::*;
    use crate::auth::Auth;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

    fn answer(headers: &[(&'static str, &str)]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Answer::new(429, map, Default::default(), Arc::new(Auth::none()))
    }

    #[test]
    fn the_vendor_says_when_to_return() {
        let check = |headers: &[(&'static str, &str)], expected: Option<u64>| {
            let wait = wait(&answer(headers), NOW).map(|wait| wait.as_secs());
            assert_eq!(wait, expected, "{headers:?}");
        };
        check(&[], None);
        check(&[("retry-after", "7")], Some(7));
        check(&[("retry-after", "Tue, 14 Nov 2023 22:13:30 GMT")], Some(10));
        check(&[("retry-after", "Tue, 14 Nov 2023 20:13:30 GMT")], Some(1));
        check(&[("retry-after", "0.5")], Some(0));
        check(&[("retry-after", "999999999")], Some(3_600));
        check(&[("retry-after", "-5")], Some(1));
        check(&[("retry-after", "soon")], None);
        check(&[("x-ratelimit-reset", "1700000030")], Some(30));
        check(&[("x-ratelimit-reset", "1700000030000")], Some(30));
        check(&[("x-ratelimit-reset", "1600000000")], Some(1));
        check(&[("ratelimit-reset", "12")], Some(12));
        check(&[("x-rate-limit-reset", "1700000030")], Some(30));
        check(&[("ratelimit", "\"default\";r=0;t=9")], Some(9));
        check(&[("ratelimit", "\"default\";r=3;t=9")], None);
    }

    #[test]
    fn the_vendor_says_what_is_left() {
        let check = |headers: &[(&'static str, &str)], expected: Option<(u64, u64)>| {
            let left = left(&answer(headers), NOW).map(|left| (left.requests, left.wait.as_secs()));
            assert_eq!(left, expected, "{headers:?}");
        };
        let of = |prefix: &str| -> [&'static str; 3] {
            match prefix {
                "x" => ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"],
                _ => ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
            }
        };
        let [limit, remaining, reset] = of("x");
        check(&[(limit, "200"), (remaining, "17"), (reset, "1700000030")], Some((17, 30)));
        check(&[(remaining, "17"), (reset, "30")], Some((17, 30)));
        check(&[(limit, "0"), (remaining, "0"), (reset, "30")], None);
        check(&[(limit, "5"), (remaining, "17"), (reset, "30")], None);
        check(&[(remaining, "17")], None);
        check(&[(remaining, "many"), (reset, "30")], None);
        check(&[(remaining, "0"), (reset, "86000")], None);
        let [_, remaining, reset] = of("");
        check(&[(remaining, "4"), (reset, "30")], Some((4, 30)));
        check(&[("ratelimit", "\"default\";r=50;t=30")], Some((50, 30)));
        check(&[("ratelimit", "\"minute\";r=50;t=30, \"hour\";r=20;t=300")], Some((20, 300)));
        check(&[("ratelimit", "limit=100, remaining=50, reset=30")], Some((50, 30)));
        check(&[("ratelimit", "nonsense")], None);
    }
}
