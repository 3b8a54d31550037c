//! GraphQL: one path for everything, and refusals that look like successes.

use std::collections::HashMap;
use std::time::Duration;

use component::{Fault, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::client::Http;
use crate::request::{Answer, Method, Request};
use crate::verdict::{Verdict, verdict};

/// Pause where a vendor says "too many" without saying for how long.
const WAIT: Duration = Duration::from_secs(5);
/// Complaints that are quoted of an answer that is full of them.
const MAX_QUOTED: usize = 3;

/// A query, a mutation or a subscription.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    query: String,
    #[serde(rename = "operationName", skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    variables: Value,
}

impl Operation {
    /// A document with one operation.
    pub fn new(document: &str) -> Self {
        Self { query: document.to_owned(), name: None, variables: Value::Null }
    }

    /// The one with this name, of a document that has several.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// The same with these variables, an object.
    #[must_use]
    pub fn with(self, variables: Value) -> Self {
        Self { variables, ..self }
    }
}

/// Something that a vendor did not like.
#[derive(Debug, Deserialize)]
struct Complaint {
    message: String,
    #[serde(default)]
    extensions: Value,
}

impl Complaint {
    fn code(&self) -> &str {
        self.extensions.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// How long to stay away, as some vendors say it, in seconds.
    fn wait(&self) -> Option<Duration> {
        let wait = ["retryAfter", "retry_after"].iter().find_map(|name| self.extensions.get(name));
        Duration::try_from_secs_f64(wait?.as_f64()?).ok()
    }
}

/// What an answer says.
struct Reply<'a> {
    data: Option<&'a RawValue>,
    complaints: Vec<Complaint>,
}

impl<'a> Reply<'a> {
    fn read(answer: &'a Answer) -> Result<Self> {
        let mut fields: HashMap<&str, &RawValue> = answer.json()?;
        let complaints: Option<Vec<Complaint>> = match fields.remove("errors") {
            Some(errors) => serde_json::from_str(errors.get()).map_err(|error| {
                let found = answer.excerpt();
                Fault::retry(format!("could not read the errors ({error}): {found}"))
            })?,
            None => None,
        };
        let reply =
            Self { data: fields.remove("data"), complaints: complaints.unwrap_or_default() };
        if reply.data.is_none() && reply.complaints.is_empty() {
            let found = answer.excerpt();
            return Err(Fault::retry(format!("neither data nor errors: {found}")));
        }
        Ok(reply)
    }

    /// The vendor's own words.
    fn words(&self, answer: &Answer) -> String {
        let say = |complaint: &Complaint| match complaint.code() {
            "" => complaint.message.clone(),
            code => format!("{} ({code})", complaint.message),
        };
        let words: Vec<_> = self.complaints.iter().take(MAX_QUOTED).map(say).collect();
        answer.redact(&words.join("; "))
    }

    /// What the first complaint means that says more than that something is wrong.
    fn fault(&self, answer: &Answer, setting: &str) -> Fault {
        let reason = self.words(answer);
        let kind = |complaint: &Complaint| match complaint.code() {
            "UNAUTHENTICATED" | "UNAUTHORIZED" | "FORBIDDEN" | "ACCESS_DENIED" => {
                Some(Fault::unauthorized(&reason, setting))
            }
            "THROTTLED" | "RATE_LIMITED" | "RATE_LIMIT_EXCEEDED" | "TOO_MANY_REQUESTS" => {
                let wait = complaint.wait().unwrap_or(WAIT);
                Some(Fault::Throttled { wait, reason: reason.clone() })
            }
            "INTERNAL_SERVER_ERROR" | "SERVICE_UNAVAILABLE" | "TIMEOUT" => {
                Some(Fault::retry(&reason))
            }
            _ => None,
        };
        self.complaints.iter().find_map(kind).unwrap_or_else(|| Fault::fatal(&reason))
    }
}

impl Request {
    /// An operation. A query is [`Request::safe`] to repeat, a mutation is not.
    pub fn graphql(path: &str, operation: &Operation) -> Self {
        Self::new(Method::POST, path).json(operation)
    }
}

impl Http {
    /// Asks a question: the whole `data` of the answer. One that is answered in part is refused.
    pub async fn query<T: DeserializeOwned>(&self, path: &str, query: &Operation) -> Result<T> {
        self.ask(&Request::graphql(path, query).safe(), |answer| {
            let reply = Reply::read(answer)?;
            match reply.data {
                Some(data) if reply.complaints.is_empty() => serde_json::from_str(data.get())
                    .map_err(|error| {
                        let found = answer.excerpt();
                        Fault::retry(format!("could not read the data ({error}): {found}"))
                    }),
                _ => Err(reply.fault(answer, self.auth.setting)),
            }
        })
        .await
    }

    /// Changes something at the vendor, once, and says what is certain about it afterwards.
    ///
    /// An answer without any `data` was refused before it was begun (GraphQL, 7.1); one that has
    /// errors beside its data may have been carried out in part.
    pub async fn mutate(&self, path: &str, mutation: &Operation) -> Result<Verdict> {
        let setting = self.auth.setting;
        let sent = self.send(&Request::graphql(path, mutation)).await;
        let refusal = |answer: &Answer| {
            let reply = Reply::read(answer).ok()?;
            reply.data.is_none().then(|| reply.words(answer))
        };
        let verdict = verdict(sent, refusal, setting)?;
        let Verdict::Done(answer) = &verdict else { return Ok(verdict) };
        let reply = match Reply::read(answer) {
            Ok(reply) => reply,
            Err(fault) => return Ok(Verdict::Unknown(fault.to_string())),
        };
        if reply.complaints.is_empty() {
            return Ok(verdict);
        }
        if reply.data.is_some() {
            return Ok(Verdict::Unknown(reply.words(answer)));
        }
        match reply.fault(answer, setting) {
            Fault::Fatal(words) => Ok(Verdict::Refused(words)),
            Fault::Retry(words) => Ok(Verdict::Unknown(words)),
            fault => {
                self.hold(&fault);
                Err(fault)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::auth::Auth;

    #[test]
    fn an_operation_says_only_what_it_has() {
        let operation = Operation::new("{ a }");
        assert_eq!(serde_json::to_value(&operation).unwrap(), json!({"query": "{ a }"}));
        let operation = operation.named("A").with(json!({"b": 1}));
        let expected = json!({"query": "{ a }", "operationName": "A", "variables": {"b": 1}});
        assert_eq!(serde_json::to_value(&operation).unwrap(), expected);
    }

    #[test]
    fn complaints_mean_what_their_codes_say() {
        for (extensions, expected) in [
            (json!(null), "fatal"),
            (json!({"code": "GRAPHQL_VALIDATION_FAILED"}), "fatal"),
            (json!({"code": 7}), "fatal"),
            (json!({"code": "UNAUTHENTICATED"}), "unauthorized"),
            (json!({"code": "THROTTLED"}), "throttled"),
            (json!({"code": "INTERNAL_SERVER_ERROR"}), "retry"),
        ] {
            let body =
                json!({"errors": [{"message": "a"}, {"message": "b", "extensions": extensions}]});
            let body = body.to_string().into();
            let answer = Answer::new(200, Default::default(), body, Arc::new(Auth::none()));
            let fault = Reply::read(&answer).unwrap().fault(&answer, "key");
            assert_eq!(fault.kind(), expected, "{extensions}");
            assert!(fault.to_string().contains("a; b"), "{fault}");
        }
    }

    #[test]
    fn a_vendor_may_say_how_long_to_stay_away() {
        let body =
            r#"{"errors":[{"message":"x","extensions":{"code":"RATE_LIMITED","retryAfter":2.5}}]}"#;
        let answer = Answer::new(200, Default::default(), body.into(), Arc::new(Auth::none()));
        let fault = Reply::read(&answer).unwrap().fault(&answer, "key");
        let wait = Duration::from_millis(2_500);
        assert_eq!(fault, Fault::Throttled { wait, reason: "x (RATE_LIMITED)".to_owned() });
    }
}
