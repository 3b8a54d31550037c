//! What a component is given by whoever runs it.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::{Clock, Ledger};

/// How hard a system may be pressed. The keys are those of a system's `throttling`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Throttling {
    /// Requests in any second.
    pub max_requests_per_second: Option<u32>,
    /// Requests in any minute.
    pub max_requests_per_minute: Option<u32>,
    /// Requests in any day.
    pub max_requests_per_day: Option<u32>,
    /// Repetitions of a request that is safe to repeat.
    pub retry_attempts: Option<u32>,
    /// Pause before the first repetition, in seconds; later ones grow.
    pub retry_delay: Option<f64>,
}

impl Throttling {
    /// The pause before the first repetition.
    pub fn retry_pause(&self) -> Option<Duration> {
        self.retry_delay.and_then(|secs| Duration::try_from_secs_f64(secs).ok())
    }
}

/// What a component is given by whoever runs it.
#[derive(Clone, Debug)]
pub struct Host {
    /// Id of the system in the topology, for example `alpaca_paper`.
    pub system: Arc<str>,
    /// Name of the component, for example `alpaca_trades`.
    pub component: Arc<str>,
    /// The only clock.
    pub clock: Clock,
    /// Limits from the topology, tighter or looser than the vendor's published ones.
    pub throttling: Throttling,
    /// What outlives this process; nothing does where there is none.
    pub ledger: Option<Arc<dyn Ledger>>,
}

impl Host {
    /// A host for one component of a system.
    pub fn new(system: &str, component: &str, clock: Clock, throttling: Throttling) -> Self {
        Self { system: system.into(), component: component.into(), clock, throttling, ledger: None }
    }

    /// A host for tests.
    pub fn test(system: &str, component: &str) -> Self {
        Self::new(system, component, Clock::system(), Throttling::default())
    }

    /// `system.component`, as logs, metrics and checkpoints name it.
    pub fn instance(&self) -> String {
        format!("{}.{}", self.system, self.component)
    }
}
