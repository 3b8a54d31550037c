//! What the demo remembers between runs, so that the next one goes on where this one stopped.
//!
//! The mock forgets when it stops. Its account is opened again with what our own books say, and
//! its market goes on from where it stood.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use model::{Event, Timestamp};
use runtime::Wiring;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::tables::latest;

/// The number of the demo's account at Alpaca's mock.
pub const ALPACA_ACCOUNT: &str = "PA0000000001";
/// The number of its account at the mock of TWS.
pub const TWS_ACCOUNT: &str = "DU0000001";
/// A minute after the open of the day that the built-in data holds.
const OPEN: &str = "2013-10-07T13:31:00Z";
/// Later than this the day has too little left for a demo: start it over.
const LATE: &str = "2013-10-07T19:30:00Z";

/// What is remembered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoState {
    /// Number of this run, from 1.
    pub run: u64,
    market_time: Timestamp,
}

impl DemoState {
    /// What the last run left in the data folder, for the next one.
    pub fn load(data: &Path) -> Result<Self> {
        let file = Self::file(data);
        let open: Timestamp = OPEN.parse()?;
        let mut state = match std::fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("reading {}; delete it to start over", file.display()))?,
            Err(_) => Self { run: 0, market_time: open },
        };
        state.run += 1;
        if state.market_time > LATE.parse()? {
            state.market_time = open;
        }
        // Written at once: a run that is killed must not have its order ids used again.
        state.save(data)?;
        Ok(state)
    }

    fn file(data: &Path) -> PathBuf {
        data.join("demo.json")
    }

    /// Leaves it for the next run.
    pub fn save(&self, data: &Path) -> Result<()> {
        let file = Self::file(data);
        let write = || {
            std::fs::create_dir_all(data)?;
            std::fs::write(&file, serde_json::to_string_pretty(self)?)
        };
        write().with_context(|| format!("writing {}", file.display()))
    }

    /// Notes where the market stands.
    pub fn market_stands_at(&mut self, nanos: i64) {
        self.market_time = Timestamp(nanos);
    }

    /// What every mock is told of the market.
    pub fn market(&self, speed: f64) -> Value {
        json!({ "start": self.market_time.to_string(), "speed": speed, "seed": self.run })
    }
}

/// Alpaca's account as our books have it.
pub fn alpaca_account(wiring: &Wiring) -> Result<Value> {
    account(wiring, "main", ALPACA_ACCOUNT, ["number", "average_price"])
}

/// The account at Interactive Brokers as our books have it.
pub fn tws_account(wiring: &Wiring) -> Result<Value> {
    account(wiring, "second", TWS_ACCOUNT, ["id", "average_cost"])
}

/// An account of a mock that holds what our books say of ours. Mocks name two of its fields in
/// their own way.
fn account(wiring: &Wiring, ours: &str, number: &str, fields: [&str; 2]) -> Result<Value> {
    let [id, average] = fields;
    let mut account = json!({ id: number });
    for event in latest(wiring, "portfolio.cash")?.into_values() {
        if let Event::PortfolioCash(cash) = event
            && cash.account == ours
        {
            account["cash"] = json!(cash.cash.to_string());
        }
    }
    let held = latest(wiring, "portfolio.positions")?.into_values();
    let positions = held.filter_map(|event| match event {
        Event::PortfolioPosition(position)
            if position.account == ours && !position.quantity.is_zero() =>
        {
            Some(json!({
                "symbol": position.instrument.symbol(),
                "quantity": position.quantity.to_string(),
                average: position.average_price.unwrap_or_default().to_string(),
            }))
        }
        _ => None,
    });
    account["positions"] = Value::Array(positions.collect());
    Ok(account)
}
