//! The mock, at a standstill.

use alpha_vantage_mock::Running;
use serde_json::{Value, json};
use testkit::Mock;

pub struct Rig(Running);

impl Rig {
    pub async fn serve() -> Self {
        let settings = serde_json::from_value(json!({ "speed": 0 })).unwrap();
        Self(alpha_vantage_mock::serve(settings).await.unwrap())
    }

    /// The system of a topology, with this key.
    pub fn system_with(&self, key: &str) -> Value {
        json!({
            "connection": { "base_url": self.0.urls()["query"] },
            "authentication": { "type": "api_key", "credentials": { "api_key": key } },
        })
    }
}

impl Mock for Rig {
    const PATH: Option<&'static str> = Some("/query");

    async fn start() -> Self {
        Self::serve().await
    }

    /// With `{}` for every answer, which is how Alpha Vantage says that there is nothing.
    async fn start_empty() -> Option<Self> {
        let rig = Self::serve().await;
        let nothing = json!({ "status": 200, "body": "{}", "next": 1_000 });
        rig.fault(nothing).await.unwrap();
        Some(rig)
    }

    fn system(&self) -> Value {
        self.system_with("test-key")
    }

    fn wrong_system(&self) -> Value {
        self.system_with("not-the-key")
    }

    fn control(&self) -> String {
        self.0.urls()["query"].trim_end_matches("/query").to_owned()
    }
}
