use std::net::SocketAddr;

use mockkit::{Speed, WindowClock};
use serde::Deserialize;

/// How the mock is set up. The defaults are an hour after the open of 2013-10-08, in real time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Virtual time at start, RFC 3339 or a date in New York.
    pub start: String,
    /// Multiple of real time; 0 is frozen.
    pub speed: Speed,
    /// The only key that is good.
    pub key: String,
    /// Trades there are at the start; one more comes every second.
    pub trades: u64,
    /// Requests of a key in any minute.
    pub requests_per_minute: u32,
    /// Whether those minutes are of real or of virtual time.
    pub limits_clock: WindowClock,
    /// Decides what the trades say.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            start: "2013-10-08T14:30:00Z".into(),
            speed: Speed::Times(1.0),
            key: "test-key".into(),
            trades: 250,
            requests_per_minute: 600,
            limits_clock: WindowClock::Real,
            seed: 1,
        }
    }
}
