//! What a vendor grants, and how it is kept.

use component::{Secret, nanos};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

use crate::{Error, Result};

/// What a vendor granted.
#[derive(Clone, Debug, PartialEq)]
pub struct Tokens {
    /// Goes with every request.
    pub access: Secret,
    /// Signs with it, where requests are signed.
    pub secret: Option<Secret>,
    /// Renews it without a person.
    pub refresh: Option<Secret>,
    /// When `access` ends; never, if the vendor does not say.
    pub expires: Option<Timestamp>,
    /// When the vendor granted `access`.
    pub renewed: Timestamp,
    /// When a person consented; a consent that ends ends this long after.
    pub granted: Timestamp,
}

/// The same, as the sealed store holds it.
#[derive(Serialize, Deserialize)]
struct Kept {
    access: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    renewed: i64,
    granted: i64,
}

impl Tokens {
    /// For the store, and nothing else.
    pub fn seal(&self) -> Result<Secret> {
        let text = |secret: &Secret| secret.expose().to_owned();
        let kept = Kept {
            access: text(&self.access),
            secret: self.secret.as_ref().map(text),
            refresh: self.refresh.as_ref().map(text),
            expires: self.expires.map(|time| time.0),
            renewed: self.renewed.0,
            granted: self.granted.0,
        };
        let kept = serde_json::to_string(&kept);
        kept.map(Secret::new).map_err(|error| Error::Store(format!("cannot keep tokens: {error}")))
    }

    /// What [`Tokens::seal`] made.
    pub fn unseal(kept: &Secret) -> Result<Self> {
        // Serde's own message could quote a token.
        let kept: Kept = serde_json::from_str(kept.expose())
            .map_err(|_| Error::Store("what is kept of the tokens cannot be read".to_owned()))?;
        Ok(Self {
            access: Secret::new(kept.access),
            secret: kept.secret.map(Secret::new),
            refresh: kept.refresh.map(Secret::new),
            expires: kept.expires.map(Timestamp),
            renewed: Timestamp(kept.renewed),
            granted: Timestamp(kept.granted),
        })
    }

    /// Whether the token is good for a request that takes `margin`.
    pub(crate) fn lives(&self, now: Timestamp, margin: Duration) -> bool {
        self.expires.is_none_or(|end| now.plus_nanos(nanos(margin)) < end)
    }
}

/// Lifetimes above this are taken for a mistake.
const MAX_LIFE_SECS: i64 = 366 * 86_400;

/// Seconds as vendors write them: a number, or its text.
pub(crate) fn seconds(value: &Value) -> Option<i64> {
    let secs = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (0..=MAX_LIFE_SECS).contains(&secs).then_some(secs)
}

pub(crate) fn after(now: Timestamp, secs: i64) -> Timestamp {
    now.plus_nanos(secs.saturating_mul(1_000_000_000))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_kept_is_what_was_granted() {
        let tokens = Tokens {
            access: Secret::new("a"),
            secret: None,
            refresh: Some(Secret::new("r")),
            expires: Some(Timestamp(5)),
            renewed: Timestamp(4),
            granted: Timestamp(3),
        };
        assert_eq!(Tokens::unseal(&tokens.seal().unwrap()).unwrap(), tokens);
        let error = Tokens::unseal(&Secret::new("{\"access\":\"hunter2\"")).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn seconds_are_numbers_or_texts() {
        for (json, secs) in [
            ("1800", Some(1800)),
            ("\"600\"", Some(600)),
            ("0", Some(0)),
            ("-1", None),
            ("1e99", None),
            ("\"soon\"", None),
            ("null", None),
        ] {
            assert_eq!(seconds(&serde_json::from_str(json).unwrap()), secs, "{json}");
        }
    }
}
