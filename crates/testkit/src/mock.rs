//! What the suite needs of a mock.

use std::future::Future;
use std::time::Duration;

use model::ApprovedOrder;
use serde_json::{Value, json};

use crate::control;

/// A mock of a vendor, started for one case; it stops when it is dropped.
pub trait Mock: Sized {
    /// Name of the stream that the source under test reads; none if it asks over HTTP. The
    /// faults of a stream are for streams alone.
    const STREAM: Option<&'static str> = None;
    /// Part of the path of the requests that faults should hit; all if not said.
    const PATH: Option<&'static str> = None;
    /// How often the mock's clock is moved on before a feed counts as read to its end.
    const ADVANCES: u32 = 0;
    /// By how much each time.
    const ADVANCE: Duration = Duration::from_secs(60);

    /// Starts it, always in the same state.
    fn start() -> impl Future<Output = Self>;

    /// Starts it with nothing to read. Without such a state the case `empty_page` fails.
    fn start_empty() -> impl Future<Output = Option<Self>> {
        async { None }
    }

    /// The vendor's `connection` and `authentication`, as a topology has them.
    fn system(&self) -> Value;

    /// The same with credentials that the vendor refuses.
    fn wrong_system(&self) -> Value;

    /// `http://127.0.0.1:PORT`, where the control routes are.
    fn control(&self) -> String;

    /// Asks one of the control routes.
    fn ask(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> impl Future<Output = Result<Value, String>> {
        async move { control::ask(&self.control(), method, path, body).await }
    }

    /// Has something go wrong: a rule as `POST /_mock/faults` takes it, with the path or the
    /// stream filled in.
    fn fault(&self, rule: Value) -> impl Future<Output = Result<(), String>> {
        async move {
            let mut rule = rule;
            match (Self::STREAM, Self::PATH) {
                (Some(stream), _) if rule.get("kind").is_some_and(is_for_streams) => {
                    rule["stream"] = json!(stream);
                }
                (_, Some(path)) => rule["path"] = json!(path),
                _ => {}
            }
            self.ask("POST", "/_mock/faults", &rule).await.map(drop)
        }
    }

    /// Faults that have not happened yet.
    fn pending(&self) -> impl Future<Output = Result<Vec<Value>, String>> {
        async move {
            let answer = self.ask("GET", "/_mock/faults", &Value::Null).await?;
            let rules = answer["pending"].as_array();
            rules.cloned().ok_or_else(|| format!("no list of faults: {answer}"))
        }
    }

    /// Lets time pass for the vendor.
    fn advance(&self, by: Duration) -> impl Future<Output = Result<(), String>> {
        async move {
            let change = json!({ "advance_secs": by.as_secs_f64() });
            self.ask("POST", "/_mock/clock", &change).await.map(drop)
        }
    }
}

/// Kinds of fault that a stream has too; everything else is for its requests.
fn is_for_streams(kind: &Value) -> bool {
    const KINDS: [&str; 8] = [
        "garbage",
        "truncated",
        "invalid_utf8",
        "oversize",
        "disconnect",
        "reset",
        "silence",
        "drop_frames",
    ];
    kind.as_str().is_some_and(|kind| KINDS.contains(&kind))
}

/// A mock that takes orders.
pub trait Broker: Mock {
    /// Order number `number`: one that the vendor takes and, when told to, cancels.
    fn order(&self, number: u64) -> ApprovedOrder;

    /// One that the vendor refuses, for a reason of its own.
    fn refused_order(&self, number: u64) -> ApprovedOrder;

    /// How many orders the vendor holds for this one, by its own books.
    fn taken(&self, order: &ApprovedOrder) -> impl Future<Output = Result<usize, String>>;
}
