//! What an answer means to whoever asked.

use std::time::Duration;

use component::{Fault, Result};
use model::Timestamp;

use crate::auth::Auth;
use crate::request::Answer;

/// Characters of a body that are quoted, and bytes from which they are taken.
const EXCERPT_CHARS: usize = 200;
const LOOKED_AT_BYTES: usize = 4_096;
/// Pause where a vendor says "too many" without saying for how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);
/// A vendor that asks for more is asked again after this time.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// Smaller numbers are seconds to wait, larger ones seconds since 1970.
const FIRST_EPOCH_SECS: i64 = 1_000_000_000;

/// Success, or the fault that the status stands for.
pub(crate) fn classify(answer: &Answer, title: &str, setting: &str, now: Timestamp) -> Result<()> {
    if answer.is_success() {
        return Ok(());
    }
    let status = answer.status;
    let reason = format!("{title} answered {status}: {}", answer.excerpt());
    Err(match status {
        429 => Fault::Throttled { wait: wait(answer, now).unwrap_or(DEFAULT_WAIT), reason },
        503 => match wait(answer, now) {
            Some(wait) => Fault::Throttled { wait, reason },
            None => Fault::Retry(reason),
        },
        // A gateway in the way shows a page; the vendor itself would answer in its own format.
        401 | 403 if !is_html(&answer.body) => Fault::unauthorized(reason, setting),
        300..=399 | 401 | 403 | 407 | 408 | 425 | 500.. => Fault::Retry(reason),
        _ => Fault::Fatal(reason),
    })
}

/// Whether the answer says that the host is in trouble, rather than the request.
pub(crate) fn is_failure(answer: &Answer) -> bool {
    answer.status >= 500 || answer.status == 408
}

/// How long the vendor wants to be left alone.
fn wait(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let retry_after = answer.header("retry-after").and_then(|text| after(text, now));
    let reset = || answer.header("x-ratelimit-reset").and_then(|text| after(text, now));
    retry_after.or_else(reset).map(|wait| wait.min(LONGEST_WAIT))
}

/// Seconds to wait, seconds since 1970 or an HTTP date.
fn after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let until = if let Ok(secs) = text.parse::<i64>() {
        if (0..FIRST_EPOCH_SECS).contains(&secs) {
            return Some(Duration::from_secs(secs.unsigned_abs()));
        }
        Timestamp::from_secs(secs)
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

fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// Enough of a body to recognise it, on one line and without secrets.
pub(crate) fn excerpt(body: &[u8], auth: &Auth) -> String {
    if body.is_empty() {
        return "an empty body".to_owned();
    }
    // Hidden before the text is cut: half a secret is still a secret.
    let text = auth.redact(&String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT_BYTES)]));
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.retain(|c| !c.is_control());
    match line.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use component::Secret;
    use reqwest::header::HeaderMap;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

    fn check(status: u16, headers: &[(&'static str, &str)], body: &str) -> Result<()> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let answer = Answer::new(status, map, body.to_owned().into(), Arc::new(Auth::none()));
        classify(&answer, "GET /x", "the.key", NOW)
    }

    #[test]
    fn statuses_become_faults() {
        assert_eq!(check(200, &[], ""), Ok(()));
        assert_eq!(check(204, &[], ""), Ok(()));
        for (status, body, kind) in [
            (302, "", "retry"),
            (400, "{}", "fatal"),
            (401, "{}", "unauthorized"),
            (403, r#"{"message":"forbidden."}"#, "unauthorized"),
            (403, "<html>blocked</html>", "retry"),
            (404, "{}", "fatal"),
            (408, "", "retry"),
            (429, "", "throttled"),
            (500, "", "retry"),
            (502, "<html>Bad Gateway</html>", "retry"),
            (599, "", "retry"),
        ] {
            assert_eq!(check(status, &[], body).unwrap_err().kind(), kind, "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_names_the_setting_and_quotes_the_vendor() {
        let fault = check(401, &[], "{\"message\":\n\"request is not authorized.\"}").unwrap_err();
        assert_eq!(
            fault.to_string(),
            "GET /x answered 401: {\"message\": \"request is not authorized.\"}; \
             check the setting the.key"
        );
    }

    fn waits(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
        match check(status, headers, "slow down").unwrap_err() {
            Fault::Throttled { wait, .. } => Some(wait.as_secs()),
            _ => None,
        }
    }

    #[test]
    fn the_vendor_says_when_to_return() {
        assert_eq!(waits(429, &[]), Some(5));
        assert_eq!(waits(429, &[("retry-after", "7")]), Some(7));
        assert_eq!(waits(429, &[("retry-after", "Tue, 14 Nov 2023 22:13:30 GMT")]), Some(10));
        assert_eq!(waits(429, &[("x-ratelimit-reset", "1700000030")]), Some(30));
        assert_eq!(waits(429, &[("x-ratelimit-reset", "1600000000")]), Some(1));
        assert_eq!(waits(429, &[("retry-after", "999999999")]), Some(3_600));
        assert_eq!(waits(429, &[("retry-after", "soon")]), Some(5));
        assert_eq!(waits(503, &[("retry-after", "2")]), Some(2));
        assert_eq!(waits(503, &[]), None);
    }

    #[test]
    fn excerpts_are_short_printable_and_hold_no_secret() {
        let auth = Auth::bearer("token", Secret::new("s3cr3t-t0ken"));
        assert_eq!(excerpt(b"", &auth), "an empty body");
        assert_eq!(excerpt(b"a\n\tb\x1b[31m", &auth), "a b[31m");
        assert_eq!(excerpt(&[0xff; 5_000], &auth).chars().count(), EXCERPT_CHARS + 1);
        for before in 0..300 {
            let body = format!("{}s3cr3t-t0ken", "x".repeat(before));
            assert!(!excerpt(body.as_bytes(), &auth).contains("s3cr"), "{before}");
        }
    }
}
