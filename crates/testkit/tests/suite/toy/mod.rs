//! A toy vendor, and a source, a sink and a processor that can be broken on request.

mod client;
mod fold;
mod sink;
mod source;
mod vendor;

pub use fold::{Sum, story};
pub use sink::Orders;
pub use source::Items;
pub use vendor::{Desk, Rig};

use component::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// In which way a toy is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Twin {
    None,
    CallsAnyAnswerAccepted,
    CallsLossRejected,
    CallsRepeatsRejected,
    CallsTroubleRejected,
    ChangesOnRefusal,
    DoubtsRejections,
    FindsEverything,
    ForgetsToSave,
    GivesUpWhenCutOff,
    HurriesWhenThrottled,
    IgnoresCancels,
    LingersAtTheEnd,
    MakesNewIds,
    MovesBeforeItReads,
    PanicsAtGarbage,
    PanicsBeyondTheEnd,
    PublishesElsewhere,
    ReadsOnePage,
    RefusesAnItem,
    RefusesEverything,
    RefusesNothing,
    Remembers,
    ReusesIds,
    SavesOddly,
    SavesTooFar,
    SendsTwice,
    SharesOneState,
    ShowsItsKey,
    SkipsOnServerError,
    Spins,
    StopsAtTheFirst,
    TakesFromTheVendor,
    TakesRefusalForTrouble,
    TicksInSilence,
    WaitsForEver,
}

impl Twin {
    pub fn settings(self) -> Value {
        serde_json::json!({ "twin": self })
    }

    /// A refused login, as this twin tells it.
    fn refused(self, key: &str) -> Fault {
        match self {
            Twin::TakesRefusalForTrouble => Fault::retry("401"),
            Twin::ShowsItsKey => Fault::unauthorized(format!("{key} was refused"), "api_key"),
            _ => Fault::unauthorized("the key was refused", "authentication.credentials.api_key"),
        }
    }
}

/// Settings of every toy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub twin: Twin,
}

/// The connection to the toy vendor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct System {
    pub connection: Connection,
    pub authentication: Authentication,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Connection {
    pub address: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Authentication {
    pub credentials: Credentials,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Credentials {
    pub api_key: String,
}

/// A number that differs each time in this process.
fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// Keeps whoever ends a connection waiting.
struct Linger(bool);

impl Drop for Linger {
    fn drop(&mut self) {
        if self.0 {
            std::thread::sleep(std::time::Duration::from_millis(1_200));
        }
    }
}
