use std::net::SocketAddr;
use std::path::PathBuf;

use mockkit::{Speed, WindowClock};
use serde::Deserialize;

use crate::number::Amount;

/// How the mock is set up. The defaults are a paper account with 100,000 dollars, a minute after
/// the open of 2013-10-07, running in real time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder of market data in Lean's layout; the embedded slice if not said.
    pub data: Option<PathBuf>,
    /// Virtual time at start, RFC 3339 or a date in New York.
    pub start: String,
    /// Multiple of real time; 0 is frozen, `max` makes the data stream a load generator.
    pub speed: Speed,
    pub accounts: Vec<Account>,
    /// Decides ids, partial fills and all other chance.
    pub seed: u64,
    pub limits: RequestLimits,
    pub orders: Orders,
    pub restrictions: Restrictions,
    pub streams: Streams,
    pub replay: Replay,
    /// What the data host answers to wrong keys: 401 as documented, 403 as seen in the field.
    pub data_unauthorized_status: u16,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    pub key: String,
    pub secret: String,
    /// Account number; made from the seed if not said.
    pub number: Option<String>,
    /// Also lets in as `Authorization: Bearer`.
    pub oauth_token: Option<String>,
    pub cash: Amount,
    /// 1 for a cash account, 2 or 4 for margin.
    pub multiplier: u8,
    pub shorting: bool,
    pub blocked: bool,
    pub positions: Vec<OpeningPosition>,
    /// Data feeds the account may use; others get error 409. All if empty.
    pub feeds: Vec<String>,
}

/// What an account holds at start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningPosition {
    pub symbol: String,
    /// Negative for shares owed.
    pub quantity: Amount,
    pub average_price: Amount,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestLimits {
    pub trading_per_minute: u32,
    pub data_per_minute: u32,
    /// Whether minutes are real or virtual.
    pub clock: WindowClock,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Orders {
    /// How many fills in a hundred come in two parts although there was size enough.
    pub partial_fill_percent: u8,
    /// Tell `pending_new`, `pending_cancel` and `pending_replace` on the stream too.
    pub announce_pending: bool,
}

/// Symbols of stocks that cannot be traded in every way.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Restrictions {
    pub not_fractionable: Vec<String>,
    pub not_shortable: Vec<String>,
    pub not_tradable: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Streams {
    /// Frames of JSON on the order stream: binary as on paper, or text.
    pub order_frames: Frames,
    /// How long a client of the data stream may take to log in.
    pub login_secs: u64,
    pub ping_secs: u64,
    /// Connections of one account to one feed.
    pub connections: usize,
    /// Symbols a connection may follow for trades and quotes together; 30 on the free plan.
    pub symbols: Option<usize>,
    /// In every tenth minute the bar lacks its last trade at first, and comes again half a minute
    /// later as an updated bar.
    pub late_trades: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Frames {
    Binary,
    Text,
}

/// The load generator, at speed `max`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replay {
    /// Data points in one frame.
    pub batch: usize,
    /// How often the day is repeated, each time a day later; 0 is endlessly.
    pub loops: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            start: "2013-10-07T13:31:00Z".into(),
            speed: Speed::Times(1.0),
            accounts: vec![Account::default()],
            seed: 1,
            limits: RequestLimits::default(),
            orders: Orders::default(),
            restrictions: Restrictions::default(),
            streams: Streams::default(),
            replay: Replay::default(),
            data_unauthorized_status: 401,
        }
    }
}

impl Default for Account {
    fn default() -> Account {
        Account {
            key: "test-key".into(),
            secret: "test-secret".into(),
            number: None,
            oauth_token: Some("test-token".into()),
            cash: Amount(100_000.into()),
            multiplier: 4,
            shorting: true,
            blocked: false,
            positions: Vec::new(),
            feeds: Vec::new(),
        }
    }
}

impl Default for RequestLimits {
    fn default() -> RequestLimits {
        RequestLimits { trading_per_minute: 200, data_per_minute: 10_000, clock: WindowClock::Real }
    }
}

impl Default for Orders {
    fn default() -> Orders {
        Orders { partial_fill_percent: 10, announce_pending: false }
    }
}

impl Default for Streams {
    fn default() -> Streams {
        Streams {
            order_frames: Frames::Binary,
            login_secs: 10,
            ping_secs: 20,
            connections: 1,
            symbols: None,
            late_trades: true,
        }
    }
}

impl Default for Replay {
    fn default() -> Replay {
        Replay { batch: 200, loops: 1 }
    }
}
