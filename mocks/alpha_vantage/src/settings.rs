use std::net::SocketAddr;
use std::path::PathBuf;

use mockkit::{Speed, WindowClock};
use serde::Deserialize;

/// How the mock is set up. The defaults are a premium key with every right and no limit, an hour
/// after the open of 2013-10-08, running in real time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder of market data in Lean's layout; the embedded slice if not said.
    pub data: Option<PathBuf>,
    /// Virtual time at start, RFC 3339 or a date in New York.
    pub start: String,
    /// Multiple of real time; 0 is frozen.
    pub speed: Speed,
    pub accounts: Vec<Account>,
    /// Decides exchange rates, crypto, news and all else that no file has.
    pub seed: u64,
    /// Whether the windows of the limits are of virtual or of real time.
    pub limits_clock: WindowClock,
    /// Takes any key that is not empty for one of a free plan without limits of its own.
    pub loose_keys: bool,
    /// How fresh equities are when a request names no entitlement.
    pub without_entitlement: Freshness,
    /// Appends what the data is to the key of a delayed quote, as has been reported.
    pub entitlement_suffix: bool,
    pub csv_line_end: LineEnd,
    /// Whether CSV ends with a line end.
    pub csv_last_line_end: bool,
}

/// A key and what it may do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    pub key: String,
    pub plan: Plan,
    /// The freshest equities it may ask for; `end_of_day` is no entitlement.
    pub entitlement: Freshness,
    /// 0 is no limit. If not said, 1 for the free plan and no limit for premium.
    pub requests_per_second: Option<u32>,
    /// 0 is no limit, and so is not saying.
    pub requests_per_minute: Option<u32>,
    /// 0 is no limit. If not said, 25 for the free plan and no limit for premium.
    pub requests_per_day: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    Free,
    #[default]
    Premium,
}

/// In the order of freshness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    EndOfDay,
    Delayed,
    Realtime,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineEnd {
    #[default]
    Lf,
    Crlf,
}

/// What the free plan allows.
const FREE_PER_SECOND: u32 = 1;
const FREE_PER_DAY: u32 = 25;

impl Account {
    /// Requests a second, a minute and a day; nothing is no limit.
    pub fn limits(&self) -> [Option<u32>; 3] {
        let free = |limit| (self.plan == Plan::Free).then_some(limit);
        let limits = [
            self.requests_per_second.or(free(FREE_PER_SECOND)),
            self.requests_per_minute,
            self.requests_per_day.or(free(FREE_PER_DAY)),
        ];
        limits.map(|limit| limit.filter(|limit| *limit > 0))
    }
}

impl LineEnd {
    pub fn as_str(self) -> &'static str {
        match self {
            LineEnd::Lf => "\n",
            LineEnd::Crlf => "\r\n",
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            start: "2013-10-08T14:30:00Z".into(),
            speed: Speed::Times(1.0),
            accounts: vec![Account::default()],
            seed: 1,
            limits_clock: WindowClock::Virtual,
            loose_keys: false,
            without_entitlement: Freshness::EndOfDay,
            entitlement_suffix: false,
            csv_line_end: LineEnd::Lf,
            csv_last_line_end: true,
        }
    }
}

impl Default for Account {
    fn default() -> Account {
        Account {
            key: "test-key".into(),
            plan: Plan::Premium,
            entitlement: Freshness::Realtime,
            requests_per_second: None,
            requests_per_minute: None,
            requests_per_day: None,
        }
    }
}
