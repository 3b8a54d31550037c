use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use mockkit::Speed;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

/// How the mock is set up. The defaults are one paper account with a million dollars, a minute
/// after the open of 2013-10-07, running in real time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where clients connect; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where the control routes are; port 0 picks a free one.
    pub control: SocketAddr,
    /// Folder of market data in Lean's layout; the embedded slice if not said.
    pub data: Option<PathBuf>,
    /// Virtual time at start, RFC 3339 or a date in New York.
    pub start: String,
    /// Multiple of real time; 0 is frozen.
    pub speed: Speed,
    pub accounts: Vec<Account>,
    /// Decides execution ids, partial fills and all other chance.
    pub seed: u64,
    pub versions: Versions,
    pub limits: Limits,
    pub orders: Orders,
    pub market_data: MarketData,
    /// Refuses every order, as with the box "Read-Only API" ticked.
    pub read_only: bool,
    /// This client hears of the orders and executions of all others, as client 0 does.
    pub master_client_id: Option<i32>,
    /// How the zone of the program's login is called in the handshake.
    pub zone: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    pub id: String,
    pub cash: Amount,
    /// Buying power is so many times the available funds; 1 is a cash account.
    pub leverage: u8,
    pub positions: Vec<OpeningPosition>,
}

/// What an account holds at start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningPosition {
    pub symbol: String,
    /// Negative for shares owed.
    pub quantity: Amount,
    pub average_cost: Amount,
}

/// Versions of the protocol.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Versions {
    /// Speaks only this one: up to 178 text, from 213 to 226 protobuf.
    pub forced: Option<i32>,
    /// Clients that know nothing newer are sent away.
    pub oldest: i32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub messages_per_second: u32,
    /// Disconnects after so many messages over the rate.
    pub rate_strikes: u32,
    pub clients: usize,
    pub market_data_lines: usize,
    pub tick_by_tick: usize,
    pub depth: usize,
    pub account_summaries: usize,
    pub historical_open: usize,
    /// Requests for bars of half a minute or less in ten minutes.
    pub historical_small: usize,
    /// Active orders on one side of a contract in an account.
    pub active_orders: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Orders {
    /// How many fills in a hundred come in two parts although there was size enough.
    pub partial_fill_percent: u8,
    /// Tell `PendingSubmit` and `PendingCancel` too.
    pub announce_pending: bool,
    /// Refuse orders that the account cannot pay for.
    pub check_funds: bool,
    /// Virtual milliseconds from an execution to its commission report.
    pub commission_delay_ms: u32,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketData {
    /// Symbols without a subscription to live data: error 354, or delayed data where asked for.
    pub not_subscribed: Vec<String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            control: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            start: "2013-10-07T13:31:00Z".into(),
            speed: Speed::Times(1.0),
            accounts: vec![Account::default()],
            seed: 1,
            versions: Versions::default(),
            limits: Limits::default(),
            orders: Orders::default(),
            market_data: MarketData::default(),
            read_only: false,
            master_client_id: None,
            zone: "America/New_York".into(),
        }
    }
}

impl Default for Account {
    fn default() -> Account {
        Account {
            id: "DU1234567".into(),
            cash: Amount(1_000_000.into()),
            leverage: 4,
            positions: Vec::new(),
        }
    }
}

impl Default for Versions {
    fn default() -> Versions {
        Versions { forced: None, oldest: 151 }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            messages_per_second: 50,
            rate_strikes: 3,
            clients: 32,
            market_data_lines: 100,
            tick_by_tick: 5,
            depth: 3,
            account_summaries: 2,
            historical_open: 50,
            historical_small: 60,
            active_orders: 20,
        }
    }
}

impl Default for Orders {
    fn default() -> Orders {
        Orders {
            partial_fill_percent: 10,
            announce_pending: false,
            check_funds: true,
            commission_delay_ms: 0,
        }
    }
}

/// An amount in the settings, which may come from any format as a number or as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount(pub Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount, as a number or as text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
        text.parse().map(Amount).map_err(|_| E::custom(format!("{text:?} is no amount")))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Amount, E> {
        Ok(Amount(number.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Amount, E> {
        Ok(Amount(number.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Amount, E> {
        self.visit_str(&number.to_string())
    }
}
