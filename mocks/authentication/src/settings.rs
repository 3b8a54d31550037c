use std::net::{Ipv4Addr, SocketAddr};

use mockkit::Speed;
use serde::{Deserialize, Serialize};

/// How the mock behaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The time at the start.
    pub start: String,
    /// How fast time runs; 0 is not at all.
    pub speed: Speed,
    /// Life of an access token of OAuth 2.
    pub access_secs: i64,
    /// Life of a consent: refresh tokens end so long after the login.
    pub consent_secs: i64,
    /// Whether a refresh token works once only.
    pub rotates: bool,
    /// Life of a code for a device, and how often one may ask.
    pub device_secs: i64,
    pub device_interval_secs: i64,
    /// A token of OAuth 1.0a falls asleep when nobody used it for so long.
    pub idle_secs: i64,
    /// Life of a session.
    pub session_secs: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            start: "2026-03-02T14:00:00Z".to_owned(),
            speed: Speed::Frozen,
            access_secs: 1_800,
            consent_secs: 7 * 86_400,
            rotates: true,
            device_secs: 900,
            device_interval_secs: 5,
            idle_secs: 7_200,
            session_secs: 3_600,
        }
    }
}
