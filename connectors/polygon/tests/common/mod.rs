//! How the mock of Polygon is reached.

#![allow(dead_code, clippy::unwrap_used)]

use polygon_mock::Running;
use serde_json::{Value, json};

pub struct Polygon;

pub type Rig = testkit::Rig<Polygon>;

impl testkit::Vendor for Polygon {
    type Running = Running;

    async fn serve(settings: Value) -> Running {
        polygon_mock::serve(serde_json::from_value(settings).unwrap()).await.unwrap()
    }

    fn control(mock: &Running) -> String {
        mock.urls()["rest"].clone()
    }

    fn system(mock: &Running) -> Value {
        json!({
            "connection": {
                "base_url": mock.urls()["rest"],
                "stream_url": mock.urls()["stream"],
                "idle_secs": 1,
            },
            "authentication": { "type": "api_key", "credentials": { "api_key": "test-key" } },
        })
    }
}
