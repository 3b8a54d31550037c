//! Settings of `book`.

use std::collections::BTreeMap;

use component::{Fault, Result};
use model::{Decimal, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

/// How the books are opened and how activities are read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What each account held before the first fill that we book. An account named here adopts
    /// nothing from the broker.
    pub opening: BTreeMap<String, Opening>,
    /// An account that is not named under `opening` adopts the broker's first figures: those that
    /// arrive within this many seconds of the first, before any fill. Zero adopts nothing.
    pub adopt_secs: u32,
    /// Kinds of activity, as the broker writes them, that repeat trades already seen as fills.
    pub trade_kinds: Vec<String>,
    /// Kinds of activity, as the broker writes them, whose quantity is delivered or taken even
    /// though they also move money. Without money, a quantity always is.
    pub unit_kinds: Vec<String>,
}

/// What an account held.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Opening {
    /// Cash for each currency, for example `USD: 100000`.
    pub cash: BTreeMap<String, Decimal>,
    /// Units for each instrument, for example `BAC.US: { quantity: 100, average_price: 13.95 }`.
    pub positions: BTreeMap<String, OpeningPosition>,
    /// Fills and activities that happened before this time are already in these figures, for
    /// example `2026-11-23T00:00:00Z`.
    pub from: Option<String>,
}

/// What was held of one instrument.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningPosition {
    /// Units held, negative when short.
    pub quantity: Decimal,
    /// What one unit cost on average; zero when it is not known.
    #[serde(default)]
    pub average_price: Decimal,
    /// ISO 4217 code of the price.
    #[serde(default = "usd")]
    pub currency: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            opening: BTreeMap::new(),
            adopt_secs: 60,
            trade_kinds: vec!["FILL".to_owned()],
            unit_kinds: Vec::new(),
        }
    }
}

impl Settings {
    /// The time from which an account's fills and activities are booked.
    pub(crate) fn from(&self, account: &str) -> Result<Option<Timestamp>> {
        let Some(text) = self.opening.get(account).and_then(|opening| opening.from.as_ref()) else {
            return Ok(None);
        };
        let time = text.parse().map_err(|error| {
            Fault::fatal(format!("cannot read the setting opening.{account}.from: {error}"))
        })?;
        Ok(Some(time))
    }
}

fn usd() -> String {
    "USD".to_owned()
}
