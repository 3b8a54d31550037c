//! What Alpha Vantage's answers are beside tables: refusals.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// A refusal, which comes with status 200 and as JSON whatever was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The key is wrong, missing, or good for the documentation's examples only.
    Key,
    /// Too many requests: come back after this time.
    Busy(Duration),
    /// The day's requests are used up.
    Spent,
    /// The key has no right to the function.
    Premium(String),
    /// This request will never be answered.
    Request(String),
}

#[derive(Deserialize)]
struct Refused {
    #[serde(rename = "Error Message")]
    error: Option<Value>,
    #[serde(rename = "Information")]
    information: Option<Value>,
    #[serde(rename = "Note")]
    note: Option<Value>,
    detail: Option<Value>,
    message: Option<Value>,
}

/// The refusal in an answer, if it is one.
pub fn refusal(body: &[u8]) -> Option<Refusal> {
    let refused: Refused = serde_json::from_slice(body).ok()?;
    let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    if let Some(words) = text(refused.error) {
        let is_key = words.contains("apikey");
        return Some(if is_key { Refusal::Key } else { Refusal::Request(words) });
    }
    if let Some(words) = text(refused.information) {
        return Some(information(words));
    }
    if text(refused.note).is_some() {
        return Some(Refusal::Busy(Duration::from_secs(60)));
    }
    let invented = text(refused.message).filter(|words| words.contains("ARTIFICIAL"));
    invented.map(Refusal::Premium).or(text(refused.detail).map(Refusal::Request))
}

/// The order matters: the notice of a burst names the limit of the day too, and all of them
/// advertise premium plans.
fn information(words: String) -> Refusal {
    let low = words.to_lowercase();
    let has = |any: &[&str]| any.iter().any(|part| low.contains(part));
    match () {
        () if has(&["per second"]) => Refusal::Busy(Duration::from_secs(2)),
        () if has(&["premium endpoint", "premium feature", "entitle"]) => Refusal::Premium(words),
        () if has(&["per day"]) => Refusal::Spent,
        () if has(&["minute", "frequency"]) => Refusal::Busy(Duration::from_secs(60)),
        () if has(&["demo", "claim"]) => Refusal::Key,
        () => Refusal::Request(words),
    }
}
