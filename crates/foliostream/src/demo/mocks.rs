//! The vendors' places, taken by mocks that share one market.

use anyhow::{Context, Result};
use runtime::Wiring;
use serde_json::{Value, json};

use super::state::{self, DemoState};

/// The mocks of the demo, running.
pub struct Mocks {
    alpaca: alpaca_mock::Running,
    alpha_vantage: alpha_vantage_mock::Running,
    interactive_brokers: interactive_brokers_mock::Running,
    polygon: polygon_mock::Running,
}

impl Mocks {
    /// Starts them where the last run's market stood; accounts hold what our books say.
    pub async fn start(state: &DemoState, wiring: &Wiring, speed: f64) -> Result<Self> {
        let market = |more: Value| {
            let mut settings = state.market(speed);
            if let (Some(settings), Value::Object(more)) = (settings.as_object_mut(), more) {
                settings.extend(more);
            }
            settings
        };
        let alpaca = market(json!({ "accounts": [state::alpaca_account(wiring)?] }));
        let tws = market(json!({ "accounts": [state::tws_account(wiring)?] }));
        Ok(Self {
            alpaca: alpaca_mock::serve(settings(alpaca)?).await?,
            alpha_vantage: alpha_vantage_mock::serve(settings(market(json!({})))?).await?,
            interactive_brokers: interactive_brokers_mock::serve(settings(tws)?).await?,
            polygon: polygon_mock::serve(settings(market(json!({})))?).await?,
        })
    }

    /// Fills the variables of the demo's topology.
    pub fn variable(&self, name: &str) -> Option<String> {
        let tws = || self.interactive_brokers.urls().get("tws")?.rsplit(':').next();
        let urls = |vendor: &str| match vendor {
            "ALPACA" => Some(self.alpaca.urls()),
            "ALPHA_VANTAGE" => Some(self.alpha_vantage.urls()),
            "POLYGON" => Some(self.polygon.urls()),
            _ => None,
        };
        match name {
            "ALPACA_ACCOUNT" => Some(state::ALPACA_ACCOUNT.to_owned()),
            "TWS_ACCOUNT" => Some(state::TWS_ACCOUNT.to_owned()),
            "TWS_PORT" => tws().map(str::to_owned),
            other => {
                let name = other.strip_suffix("_URL")?;
                ["ALPACA", "ALPHA_VANTAGE", "POLYGON"].iter().find_map(|vendor| {
                    let url = name.strip_prefix(vendor)?.strip_prefix('_')?.to_lowercase();
                    urls(vendor)?.get(url.as_str()).cloned()
                })
            }
        }
    }

    /// Where each listens.
    pub fn urls(&self) -> Value {
        json!({
            "alpaca": self.alpaca.urls(),
            "alpha_vantage": self.alpha_vantage.urls(),
            "interactive_brokers": self.interactive_brokers.urls(),
            "polygon": self.polygon.urls(),
        })
    }

    /// The market's time.
    pub fn now(&self) -> i64 {
        self.alpaca.kit().clock().now()
    }

    pub async fn stop(self) {
        self.alpaca.stop().await;
        self.alpha_vantage.stop().await;
        self.interactive_brokers.stop().await;
        self.polygon.stop().await;
    }
}

fn settings<T: serde::de::DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).context("preparing a mock")
}
