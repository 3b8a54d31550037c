//! What an answer means to whoever asked.

use std::time::Duration;

use component::{Fault, Result};
use model::Timestamp;

use crate::auth::Auth;
use crate::limits::wait;
use crate::request::Answer;

/// Characters of a body that are quoted, and bytes from which they are taken.
const EXCERPT_CHARS: usize = 200;
const LOOKED_AT_BYTES: usize = 4_096;
/// Pause where a vendor says "too many" without saying for how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);
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

/// A page. XML that is none is an answer of the vendor's own.
fn is_html(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let start = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT_BYTES)]);
    let start = start.to_ascii_lowercase();
    start.starts_with('<') && (!start.starts_with("<?xml") || start.contains("<html"))
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
            (403, "<?xml version=\"1.0\"?><!DOCTYPE html><html>blocked</html>", "retry"),
            (
                403,
                "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
                "unauthorized",
            ),
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
