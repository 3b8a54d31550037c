//! Watches a topology: figures held against rules, health checks, and telling people.
//!
//! What is to be decided (which rule is broken, who is told what and when, whether a channel is
//! dead) is a fold over figures and time. All alerts meet on `ops.alerts`, whoever opened them, so
//! there is one place from which people are told.

mod error;

mod rule;
mod sample;
mod watch;

mod census;

mod bell;
mod channel;
mod outbox;
mod tell;
mod words;

mod health;
mod monitor;

pub use bell::{Bell, Cadence, Notice, is_meant};
pub use census::{BREAKS, ORDERS};
pub use channel::{Channel, Email, Hook, HookKind};
pub use error::Error;
pub use health::{Check, History, Login, Patient};
pub use monitor::{Monitor, Settings};
pub use rule::{Limit, Measure, Rule, usual};
pub use sample::{Labels, Sample, samples};
pub use tell::{Telling, trial};
pub use watch::Watch;

use std::net::IpAddr;

use url::{Host, Url};

/// Whether a URL leads to this machine, where nothing needs to be encrypted.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        // Of a scheme that is not the web's, an address is a name like any other.
        Some(Host::Domain(name)) => {
            let is_address = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
            is_address || name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
