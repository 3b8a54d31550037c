//! What a user writes about TWS or IB Gateway.

mod market;

pub use market::{BarsHistory, Instruments, MarketData, TicksHistory};

use component::{Number, Secret};
use schemars::JsonSchema;
use serde::Deserialize;

/// The connection to one TWS or IB Gateway.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Where it listens.
    #[serde(default)]
    pub connection: Connection,
    /// How its person logged in.
    #[serde(default)]
    pub authentication: Authentication,
}

/// Where TWS or IB Gateway listens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// Name or address of its machine.
    pub host: String,
    /// 7496 for TWS, 7497 for its paper account; 4001 and 4002 for IB Gateway.
    pub port: u16,
    /// Who we are to TWS. Orders belong to it; each other component adds a step.
    pub client_id: i32,
    /// What components add to the client id: market data one step, positions two, balances three,
    /// order updates four, bars of the past five, instruments six, repairs seven, trades and
    /// quotes of the past eight and nine.
    pub client_id_step: i32,
    /// Only this account, where the login has several.
    pub account: Option<String>,
    /// Time zone of times that name none, such as `America/New_York`; if not said, that of TWS.
    pub time_zone: Option<String>,
    /// Seconds of silence after which TWS is asked whether it is still there.
    #[schemars(range(min = 1))]
    pub idle_secs: u64,
    /// Seconds for which TWS may be away, or cut off from the broker, before a person is called.
    /// At night, when the broker resets its servers, nobody is.
    pub alert_after_secs: u64,
    /// Lets orders and accounts travel unencrypted to another machine.
    pub insecure: bool,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 7496,
            client_id: 1,
            client_id_step: 100,
            account: None,
            time_zone: None,
            idle_secs: 15,
            alert_after_secs: 180,
            insecure: false,
        }
    }
}

/// How TWS is logged in: by a person, in its own window. Nothing of this is ever sent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// The only way there is: `tws`.
    #[serde(rename = "type", default)]
    pub kind: AuthenticationKind,
    /// Kept for whoever logs in; not used.
    #[serde(default)]
    pub credentials: Credentials,
}

/// The ways of logging in.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationKind {
    /// TWS or IB Gateway holds the login.
    #[default]
    Tws,
}

/// Name and password of the login.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Credentials {
    /// Not used.
    pub username: Secret,
    /// Not used.
    pub password: Secret,
}

/// Settings of `interactive_brokers_positions` and `interactive_brokers_balances`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Refresh {
    /// How often everything is asked for again; TWS tells of changes by itself.
    pub refresh_secs: Number<60>,
}

/// Settings of `interactive_brokers_order_updates`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrderUpdates {
    /// How often TWS is asked for open orders and executions. It tells them by itself only to its
    /// master client.
    pub poll_secs: Number<2>,
    /// How long a fill waits for its commission; after that it is corrected when that comes.
    pub commission_secs: Number<10>,
}

/// Settings of `interactive_brokers_orders`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Orders {
    /// Longest order reference that TWS keeps whole. An order id that does not fit is refused.
    pub max_reference_chars: Number<40>,
}
