//! The shared suite, switched on for every component.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use testkit::Mock;

use {{name}}_mock::Running;

/// The mock, set up for one case.
struct Rig(Running);

impl Rig {
    async fn serve(settings: Value) -> Self {
        let settings = serde_json::from_value(settings).unwrap();
        Self({{name}}_mock::serve(settings).await.unwrap())
    }

    fn system_with(&self, key: &str) -> Value {
        json!({
            "connection": { "url": self.0.urls()["rest"] },
            "authentication": { "type": "api_key", "credentials": { "api_key": key } },
        })
    }
}

impl Mock for Rig {
    const PATH: Option<&'static str> = Some("/v1/records");

    async fn start() -> Self {
        Self::serve(json!({ "speed": 0 })).await
    }

    async fn start_empty() -> Option<Self> {
        Some(Self::serve(json!({ "speed": 0, "records": 0 })).await)
    }

    fn system(&self) -> Value {
        self.system_with("test-key")
    }

    fn wrong_system(&self) -> Value {
        self.system_with("not-the-key")
    }

    fn control(&self) -> String {
        self.0.urls()["rest"].clone()
    }
}

mod records {
    use super::*;

    testkit::source! {
        {{name}}::Records,
        mock = Rig,
        settings = json!({ "poll_secs": 1 })
    }
}
