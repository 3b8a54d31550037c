//! How the mock of TWS is reached.

#![allow(dead_code, clippy::unwrap_used)]

use interactive_brokers_mock::Running;
use serde_json::{Value, json};

pub struct Tws;

pub type Rig = testkit::Rig<Tws>;

impl testkit::Vendor for Tws {
    type Running = Running;

    async fn serve(settings: Value) -> Running {
        interactive_brokers_mock::serve(serde_json::from_value(settings).unwrap()).await.unwrap()
    }

    fn control(mock: &Running) -> String {
        mock.urls()["control"].clone()
    }

    fn system(mock: &Running) -> Value {
        system_at(mock.address().port(), 1)
    }
}

/// The connection to whatever listens on a port of this machine.
pub fn system_at(port: u16, client_id: i32) -> Value {
    json!({
        "connection": { "host": "127.0.0.1", "port": port, "client_id": client_id, "idle_secs": 1 },
        "authentication": {
            "type": "tws",
            "credentials": { "username": "somebody", "password": "never-sent" },
        },
    })
}
