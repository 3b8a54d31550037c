//! Pure functions from what a process says to what it means.

use std::time::Duration;

use component::{Bad, Fault, OrBad, Outcome, event_kind, read_event};
use model::{Event, EventId, Timestamp};
use serde_json::{Map, Value};

use crate::wire;

/// Who is blamed for a refused login unless the process says.
pub(crate) const CREDENTIALS: &str = "authentication.credentials";
/// How long a process that is throttled is left alone unless it says.
const THROTTLED: Duration = Duration::from_secs(5);
/// The longest that it may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// An event of one of the topics, from `{"Trade": {…}}`. Its id is scoped to the system: two
/// programs may both count from one.
pub(crate) fn event(raw: &str, topics: &[&str], scope: &[&str]) -> Result<Event, Bad> {
    let tagged: Map<String, Value> = serde_json::from_str(raw).or_bad("")?;
    let mut entries = tagged.into_iter();
    let (Some((name, fields)), None) = (entries.next(), entries.next()) else {
        return Err(Bad::new("", "an event is a mapping of its name to its fields"));
    };
    let kind = event_kind(&name).ok_or_else(|| Bad::new("", format!("no event is {name:?}")))?;
    if !topics.contains(&kind.topic) {
        let (topic, known) = (kind.topic, topics.join(", "));
        return Err(Bad::new("", format!("a {name} is for {topic}, not one of {known}")));
    }
    let Value::Object(mut fields) = fields else {
        return Err(Bad::new(&name, "expected a mapping of fields"));
    };
    let own_id = match fields.remove("event_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if !id.is_empty() => Some(id),
        Some(other) => return Err(Bad::new("event_id", format!("{other} is no id"))),
    };
    let mut event = read_event(kind, &fields)?;
    event.head_mut().event_id = match own_id {
        Some(id) => id.parse().unwrap_or_else(|_| of(scope, &[&name, &id])),
        None => of(scope, &[&name, &contents(&event)]),
    };
    Ok(event)
}

fn of(scope: &[&str], parts: &[&str]) -> EventId {
    EventId::of(&[&["external"], scope, parts].concat())
}

/// All that an event says, whenever it reached us.
fn contents(event: &Event) -> String {
    let mut event = event.clone();
    event.head_mut().received_time = Timestamp(0);
    serde_json::to_string(&event).unwrap_or_default()
}

/// What became of a delivery; `redact` hides secrets in what people will read.
pub(crate) fn outcome(outcome: wire::Outcome, redact: impl Fn(String) -> String) -> Outcome {
    match outcome {
        wire::Outcome::Accepted { broker_order_id } => {
            Outcome::Accepted { broker_order_id: broker_order_id.map(Into::into) }
        }
        wire::Outcome::Rejected { reason } => Outcome::Rejected { reason: redact(reason) },
        wire::Outcome::Unknown { reason } => Outcome::Unknown { reason: redact(reason) },
        wire::Outcome::Absent {} => Outcome::Absent,
    }
}

pub(crate) fn fault(fault: wire::Fault) -> Fault {
    let wire::Fault { kind, reason, wait_secs, setting } = fault;
    match kind {
        wire::FaultKind::Retry => Fault::Retry(reason),
        wire::FaultKind::Throttled => {
            let wait = wait_secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
            Fault::Throttled { wait: wait.unwrap_or(THROTTLED).min(LONGEST_WAIT), reason }
        }
        wire::FaultKind::Disconnected => Fault::Disconnected(reason),
        wire::FaultKind::Unauthorized => {
            let setting = setting.filter(|setting| !setting.is_empty());
            Fault::unauthorized(reason, setting.as_deref().unwrap_or(CREDENTIALS))
        }
        wire::FaultKind::Fatal => Fault::Fatal(reason),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NEWS: &str = r#"{"NewsItem":{"event_id":"7","event_time":1,"news_id":"7"}}"#;

    fn record(id: &str, more: &str) -> String {
        format!(
            r#"{{"AlternativeRecord":{{{id}"event_time":1,"dataset":"d","subject":"s",
            "record_id":"r","values":{{"a":"1.50"}}{more}}}}}"#
        )
    }

    fn id(raw: &str, system: &str) -> EventId {
        event(raw, &["alternative.records"], &[system]).unwrap().head().event_id
    }

    #[test]
    fn an_id_is_the_systems_own_and_without_one_the_contents_are() {
        let with = |text: &str| record(&format!("\"event_id\":{text:?},"), "");
        assert_eq!(id(&with("7"), "a"), id(&with("7"), "a"));
        assert_ne!(id(&with("7"), "a"), id(&with("7"), "b"));
        assert_ne!(id(&with("7"), "a"), id(&with("8"), "a"));
        let hex = "000102030405060708090a0b0c0d0e0f";
        assert_eq!(id(&with(hex), "a").to_string(), hex);
        let (plain, late) = (record("", ""), record("", ",\"received_time\":9"));
        assert_eq!(id(&plain, "a"), id(&late, "a"));
        assert_ne!(id(&plain, "a"), id(&record("", ",\"texts\":{\"b\":\"c\"}"), "a"));
    }

    #[test]
    fn what_is_no_event_of_the_topics_is_refused() {
        for (raw, reason) in [
            ("[]", "invalid type"),
            ("{}", "an event is a mapping"),
            (r#"{"Trade":{},"Quote":{}}"#, "an event is a mapping"),
            (r#"{"Trades":{}}"#, "no event is \"Trades\""),
            (r#"{"AlternativeRecord":[]}"#, "expected a mapping"),
            (NEWS, "a NewsItem is for news.items, not one of alternative.records"),
            (&record("\"event_id\":7,", ""), "7 is no id"),
            (&record("", ",\"nonsense\":1"), "no such field"),
        ] {
            let bad = event(raw, &["alternative.records"], &["a"]).unwrap_err();
            assert!(bad.reason.contains(reason), "{raw}: {bad}");
        }
    }

    #[test]
    fn faults_are_waited_for_as_long_as_they_say_within_reason() {
        for (wait_secs, expected) in [(None, 5), (Some(2.0), 2), (Some(1e12), 86_400)] {
            let kind = wire::FaultKind::Throttled;
            let told = wire::Fault { kind, reason: String::new(), wait_secs, setting: None };
            let Fault::Throttled { wait, .. } = fault(told) else { panic!("{wait_secs:?}") };
            assert_eq!(wait.as_secs(), expected);
        }
    }
}
