//! Settings of `approve`.

use std::collections::{BTreeMap, BTreeSet};

use component::{Fault, Result};
use model::{Decimal, InstrumentId};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::state::{MAX_OPEN, MAX_REMEMBERED, RECENT_SECS, REPLAY_WINDOW_SECS};

/// Most orders a minute that can be allowed: so many that every request which could be read a
/// second time is still remembered.
pub(crate) const MAX_ORDERS_PER_MINUTE: u32 = MAX_REMEMBERED as u32 / (REPLAY_WINDOW_SECS / 60);

/// Longest window in which an order is compared with those before it.
const MAX_DUPLICATE_WINDOW_SECS: u32 = RECENT_SECS as u32;

/// Most open orders that can be allowed for one account, which bounds its state.
const MAX_OPEN_ORDERS: u32 = MAX_OPEN as u32;

/// Where accounts trade and what they may do.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where each of our accounts trades.
    pub accounts: BTreeMap<String, Route>,
    /// Limits of every account.
    pub limits: Limits,
    /// Limits that differ for one account; what is left out is as in `limits`.
    pub account_limits: BTreeMap<String, Limits>,
}

/// Where an account trades.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Id of the system that connects to the broker.
    pub system: String,
    /// The account number at the broker.
    pub broker_account: String,
}

/// Limits on orders. What is left out has the default that is named.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most units of one order, of every leg. Default 10000.
    pub max_quantity: Option<Decimal>,
    /// Most money of one order. Default 1000000.
    pub max_notional: Option<Decimal>,
    /// Most orders placed or replaced in any 60 seconds. Default 60, at most 1000.
    pub max_orders_per_minute: Option<u32>,
    /// Most orders working at the same time. Default 500, at most 1000.
    pub max_open_orders: Option<u32>,
    /// Most money of all working orders together. No limit by default.
    pub max_open_notional: Option<Decimal>,
    /// How far a limit price may lie from the last price, in percent, on either side; the limit
    /// price of a stop-limit order, how far from its stop price. Default 10.
    pub collar_percent: Option<Decimal>,
    /// A last price that reached us longer ago than this says nothing any more. Default 60.
    pub max_price_age_secs: Option<u32>,
    /// Whether an order needs a last price even when it names its own. Market and trailing orders
    /// always need one. Default false.
    pub require_price: Option<bool>,
    /// Whether more may be sold than is held. Default true. False needs `book`.
    pub allow_short: Option<bool>,
    /// The only instruments that may be traded. All by default.
    pub allowed_instruments: Option<BTreeSet<String>>,
    /// Instruments that may not be traded. None by default.
    pub blocked_instruments: Option<BTreeSet<String>>,
    /// The same instrument, side, quantity and prices within this time are taken for a mistake;
    /// zero switches the check off. Default 2, at most 60.
    pub duplicate_window_secs: Option<u32>,
}

/// The limits of one account, complete.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) max_quantity: Decimal,
    pub(crate) max_notional: Decimal,
    pub(crate) max_orders_per_minute: u32,
    pub(crate) max_open_orders: u32,
    pub(crate) max_open_notional: Option<Decimal>,
    pub(crate) collar_percent: Decimal,
    pub(crate) max_price_age_secs: u32,
    pub(crate) require_price: bool,
    pub(crate) allow_short: bool,
    pub(crate) allowed_instruments: Option<BTreeSet<InstrumentId>>,
    pub(crate) blocked_instruments: BTreeSet<InstrumentId>,
    pub(crate) duplicate_window_secs: u32,
}

impl Settings {
    /// The limits of an account: its own, else everybody's, else the defaults.
    pub(crate) fn resolve(&self, account: &str) -> Result<Resolved> {
        let none = Limits::default();
        let own = self.account_limits.get(account).unwrap_or(&none);
        let all = &self.limits;
        let ids = |ids: &BTreeSet<String>| -> BTreeSet<InstrumentId> {
            ids.iter().map(|id| id.as_str().into()).collect()
        };
        let allowed = own.allowed_instruments.as_ref().or(all.allowed_instruments.as_ref());
        let blocked = own.blocked_instruments.as_ref().or(all.blocked_instruments.as_ref());
        let resolved = Resolved {
            max_quantity: own.max_quantity.or(all.max_quantity).unwrap_or(10_000.into()),
            max_notional: own.max_notional.or(all.max_notional).unwrap_or(1_000_000.into()),
            max_orders_per_minute: own
                .max_orders_per_minute
                .or(all.max_orders_per_minute)
                .unwrap_or(60),
            max_open_orders: own.max_open_orders.or(all.max_open_orders).unwrap_or(500),
            max_open_notional: own.max_open_notional.or(all.max_open_notional),
            collar_percent: own.collar_percent.or(all.collar_percent).unwrap_or(10.into()),
            max_price_age_secs: own.max_price_age_secs.or(all.max_price_age_secs).unwrap_or(60),
            require_price: own.require_price.or(all.require_price).unwrap_or(false),
            allow_short: own.allow_short.or(all.allow_short).unwrap_or(true),
            allowed_instruments: allowed.map(ids),
            blocked_instruments: blocked.map(ids).unwrap_or_default(),
            duplicate_window_secs: own
                .duplicate_window_secs
                .or(all.duplicate_window_secs)
                .unwrap_or(2),
        };
        resolved.check(account)?;
        Ok(resolved)
    }
}

impl Resolved {
    fn check(&self, account: &str) -> Result<()> {
        let counts = [
            ("max_orders_per_minute", self.max_orders_per_minute, MAX_ORDERS_PER_MINUTE),
            ("max_open_orders", self.max_open_orders, MAX_OPEN_ORDERS),
            ("duplicate_window_secs", self.duplicate_window_secs, MAX_DUPLICATE_WINDOW_SECS),
        ];
        for (name, value, most) in counts {
            if value > most {
                return Err(Fault::fatal(format!(
                    "the limit {name} of account {account:?} is {value}; it can be at most {most}"
                )));
            }
        }
        let amounts = [
            ("max_quantity", Some(self.max_quantity)),
            ("max_notional", Some(self.max_notional)),
            ("max_open_notional", self.max_open_notional),
            ("collar_percent", Some(self.collar_percent)),
        ];
        for (name, value) in amounts {
            if let Some(value) = value.filter(Decimal::is_sign_negative) {
                return Err(Fault::fatal(format!(
                    "the limit {name} of account {account:?} is {value}; it cannot be negative"
                )));
            }
        }
        Ok(())
    }
}
