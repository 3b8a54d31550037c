//! What is certain after asking a vendor to change something.

use component::{Fault, Result};

use crate::request::{Answer, NoAnswer};

/// What became of a request that changes something.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The vendor did it; the answer says more.
    Done(Answer),
    /// The vendor said no to this very request, in its own words.
    Refused(String),
    /// It may have been done or not: only asking again can tell.
    Unknown(String),
}

/// Anything less than the vendor's own yes or no is `Unknown`; `Err` is for what has certainly
/// changed nothing.
pub(crate) fn verdict(
    sent: Result<Answer, NoAnswer>,
    no: impl Fn(&Answer) -> Option<String>,
    setting: &str,
) -> Result<Verdict> {
    let answer = match sent {
        Ok(answer) => answer,
        Err(NoAnswer::NotSent(fault)) => return Err(fault),
        Err(NoAnswer::Lost(reason)) => return Ok(Verdict::Unknown(reason)),
    };
    Ok(match (answer.status, no(&answer)) {
        (200..=299, _) => Verdict::Done(answer),
        (401, Some(words)) => return Err(Fault::unauthorized(words, setting)),
        (400 | 402..=407 | 409..=424 | 426..=428, Some(words)) => Verdict::Refused(words),
        (status, _) => Verdict::Unknown(format!("answered {status}: {}", answer.excerpt())),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;
    use crate::auth::Auth;

    fn check(status: u16, words: Option<&str>) -> &'static str {
        let body = b"{}".as_slice().into();
        let answer = Answer::new(status, Default::default(), body, Arc::new(Auth::none()));
        match verdict(Ok(answer), |_| words.map(str::to_owned), "key") {
            Ok(Verdict::Done(_)) => "done",
            Ok(Verdict::Refused(_)) => "refused",
            Ok(Verdict::Unknown(_)) => "unknown",
            Err(fault) => fault.kind(),
        }
    }

    #[test]
    fn only_the_vendor_itself_can_refuse() {
        for (status, words, expected) in [
            (200, None, "done"),
            (204, Some("no"), "done"),
            (401, Some("not authorized"), "unauthorized"),
            (401, None, "unknown"),
            (403, Some("insufficient buying power"), "refused"),
            (403, None, "unknown"),
            (404, Some("order not found"), "refused"),
            (422, Some("invalid"), "refused"),
            (408, Some("timeout"), "unknown"),
            (429, Some("rate limit exceeded"), "unknown"),
            (500, Some("internal"), "unknown"),
            (302, Some("moved"), "unknown"),
        ] {
            assert_eq!(check(status, words), expected, "{status} {words:?}");
        }
    }

    #[test]
    fn what_never_left_has_changed_nothing() {
        let fault = Fault::retry("connection refused");
        let sent = Err(NoAnswer::NotSent(fault.clone()));
        assert_eq!(verdict(sent, |_| None, "key").unwrap_err(), fault);
        let sent = Err(NoAnswer::Lost("reset".to_owned()));
        assert!(matches!(verdict(sent, |_| None, "key"), Ok(Verdict::Unknown(_))));
    }
}
