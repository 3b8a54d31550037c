use std::net::SocketAddr;
use std::path::PathBuf;

use mockkit::{Speed, WindowClock};
use serde::Deserialize;

/// How the mock is set up. By default one key with every entitlement, a minute after the open of
/// 2013-10-07, running in real time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder of market data in Lean's layout; the embedded slice if not said.
    pub data: Option<PathBuf>,
    /// Virtual time at start, RFC 3339 or a date in New York. Its date is the day that the replay
    /// repeats.
    pub start: String,
    /// Multiple of real time; 0 is frozen, `max` makes the streams load generators.
    pub speed: Speed,
    pub keys: Vec<Key>,
    /// Decides made-up words and numbers.
    pub seed: u64,
    pub limits: RequestLimits,
    pub streams: Streams,
    pub replay: Replay,
    /// Packs answers when the client takes gzip.
    pub gzip: bool,
}

/// A key and what it is entitled to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Key {
    pub key: String,
    pub plan: Plan,
    /// Requests a minute; the plan's if not said.
    pub requests_per_minute: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Bars until the day before and reference data, two years back, five requests a minute.
    Basic,
    /// Bars and snapshots fifteen minutes late, five years back; no trades or quotes.
    Starter,
    /// Everything.
    #[default]
    Advanced,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestLimits {
    /// Whether minutes are real or virtual.
    pub clock: WindowClock,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Streams {
    /// How long a client may take to log in.
    pub login_secs: u64,
    pub ping_secs: u64,
    /// Connections of one key to one cluster.
    pub connections: usize,
    /// Refuse the newcomer beyond that, as one observer saw, instead of the oldest.
    pub refuse_newcomer: bool,
    /// A client that is behind for so long is disconnected; 0 is never. Not at speed `max`, where
    /// the tape waits for its readers.
    pub slow_secs: u64,
    /// The newer members of trades and bars too: `ds`, `pt`, `dv`, `dav`.
    pub decimal_sizes: bool,
}

/// What is replayed, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replay {
    /// Messages in one frame at most.
    pub batch: usize,
    /// How many sessions the first day is played for, each time on the next session's date with
    /// new ids and sequence numbers; 0 is endlessly. Dates beyond have what the data has of them.
    pub loops: u32,
    /// After so many trades, or quotes, of a symbol a sequence number is left out, as the vendor's
    /// do without anything being lost; 0 is never.
    pub sequence_holes: u32,
    /// Synthetic stocks LOAD0001, LOAD0002 … which trade and quote as the real ones do, to make
    /// any load.
    pub load_symbols: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            start: "2013-10-07T13:31:00Z".into(),
            speed: Speed::Times(1.0),
            keys: vec![Key::default()],
            seed: 1,
            limits: RequestLimits::default(),
            streams: Streams::default(),
            replay: Replay::default(),
            gzip: true,
        }
    }
}

impl Default for Key {
    fn default() -> Key {
        Key { key: "test-key".into(), plan: Plan::Advanced, requests_per_minute: None }
    }
}

impl Default for Streams {
    fn default() -> Streams {
        Streams {
            login_secs: 10,
            ping_secs: 30,
            connections: 1,
            refuse_newcomer: false,
            slow_secs: 10,
            decimal_sizes: true,
        }
    }
}

impl Default for Replay {
    fn default() -> Replay {
        Replay { batch: 200, loops: 1, sequence_holes: 0, load_symbols: 0 }
    }
}

impl Plan {
    /// Requests a minute, unless the key says otherwise.
    pub fn requests_per_minute(self) -> Option<u32> {
        match self {
            Plan::Basic => Some(5),
            Plan::Starter | Plan::Advanced => None,
        }
    }

    /// How late its data is, in nanoseconds.
    pub fn delay(self) -> i64 {
        match self {
            Plan::Starter => 15 * mockkit::time::MINUTE,
            Plan::Basic | Plan::Advanced => 0,
        }
    }

    /// Years of history.
    pub fn years(self) -> Option<i64> {
        match self {
            Plan::Basic => Some(2),
            Plan::Starter => Some(5),
            Plan::Advanced => None,
        }
    }

    /// Trades and quotes, not only bars.
    pub fn has_ticks(self) -> bool {
        self == Plan::Advanced
    }

    /// Anything of today.
    pub fn has_today(self) -> bool {
        self != Plan::Basic
    }

    /// The word for a success.
    pub fn status(self) -> &'static str {
        match self {
            Plan::Starter => "DELAYED",
            Plan::Basic | Plan::Advanced => "OK",
        }
    }
}
