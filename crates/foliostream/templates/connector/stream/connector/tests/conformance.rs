//! The shared suite, switched on for every component.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use testkit::Mock;

use {{name}}_mock::Running;

/// The mock, set up for one case.
struct Rig(Running);

impl Rig {
    fn system_with(&self, key: &str) -> Value {
        let urls = self.0.urls();
        json!({
            "connection": { "url": urls["rest"], "stream_url": urls["stream"] },
            "authentication": { "type": "api_key", "credentials": { "api_key": key } },
        })
    }
}

impl Mock for Rig {
    const STREAM: Option<&'static str> = Some("trades");
    const PATH: Option<&'static str> = Some("/v1/trades");
    /// Minutes of the mock's time that a case lasts.
    const ADVANCES: u32 = 3;

    async fn start() -> Self {
        let settings = serde_json::from_value(json!({ "speed": 0 })).unwrap();
        Self({{name}}_mock::serve(settings).await.unwrap())
    }

    /// Nothing happens while time stands still.
    async fn start_empty() -> Option<Self> {
        Some(Self::start().await)
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

mod trades {
    use super::*;

    testkit::source! {
        {{name}}::Trades,
        mock = Rig,
        settings = json!({ "symbols": ["BAC", "SPY"], "audit_secs": 0 })
    }
}
