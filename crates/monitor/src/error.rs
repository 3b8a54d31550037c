//! Why an alert did not get through, or cannot.

/// Why an alert did not get through, or cannot.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A channel is not set up as it must be.
    #[error("{setting}: {reason}")]
    Setting {
        /// The key in the topology.
        setting: &'static str,
        /// What is wrong with its value, without the value where it may be a secret.
        reason: String,
    },
    /// A message was not taken.
    #[error("{channel} did not take the alert: {reason}")]
    Refused {
        /// The channel.
        channel: &'static str,
        /// What it said.
        reason: String,
    },
}
