//! How the mock of Alpaca is reached.

#![allow(dead_code, clippy::unwrap_used)]

use alpaca_mock::Running;
use component::{Host, Secret};
use http::{Auth, Http, Rate};
use serde_json::{Value, json};

pub struct Alpaca;

pub type Rig = testkit::Rig<Alpaca>;

impl testkit::Vendor for Alpaca {
    type Running = Running;
    const SECRET: &'static str = "/authentication/credentials/api_secret";

    async fn serve(settings: Value) -> Running {
        alpaca_mock::serve(serde_json::from_value(settings).unwrap()).await.unwrap()
    }

    fn control(mock: &Running) -> String {
        mock.urls()["trading"].clone()
    }

    fn system(mock: &Running) -> Value {
        json!({
            "connection": {
                "trading_url": mock.urls()["trading"],
                "data_url": mock.urls()["data"],
                "stream_url": mock.urls()["stream"],
                "trading_stream_url": mock.urls()["trading_stream"],
                "idle_secs": 1,
            },
            "authentication": {
                "type": "api_key",
                "credentials": { "api_key": "test-key", "api_secret": "test-secret" },
            },
        })
    }
}

/// The holder of the account, at another desk.
pub fn holder(rig: &Rig) -> Http {
    let headers = vec![
        ("apca-api-key-id", Secret::new("test-key")),
        ("apca-api-secret-key", Secret::new("test-secret")),
    ];
    let url = rig.mock.urls()["trading"].parse().unwrap();
    let host = Host::test("holder", "holder");
    Http::open(&host, &url, false, Auth::headers("key", headers), Rate::UNLIMITED).unwrap()
}
