//! What can go wrong with a credential, and what that means to the runtime.

use std::time::Duration;

use component::Fault;

/// Result of something done with a credential.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with a credential. No message holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(String),
    /// Only a person can go on: the consent has ended, was withdrawn, or was never given.
    #[error("credential {name:?} needs a login: {reason}")]
    NeedsLogin {
        /// The credential.
        name: String,
        /// What was seen.
        reason: String,
    },
    /// The vendor refuses the application itself: a wrong key, a wrong secret, a wrong signature.
    #[error("the vendor refuses the application of credential {name:?}: {reason}")]
    Refused {
        /// The credential.
        name: String,
        /// What the vendor said.
        reason: String,
    },
    /// The vendor asked to come back later.
    #[error("{reason} (asked to wait {wait:?})")]
    Throttled {
        /// For how long.
        wait: Duration,
        /// What it said.
        reason: String,
    },
    /// Nobody answered, or not in words that anyone understands.
    #[error("{0}")]
    Unreachable(String),
    /// The store did not give or take a secret.
    #[error("{0}")]
    Store(String),
}

impl Error {
    /// What the runtime does about it. `setting` names where the credentials are written.
    pub fn fault(self, setting: &str) -> Fault {
        match self {
            Self::NeedsLogin { ref name, .. } => {
                let action = format!("run `foliostream credential login {name}`");
                Fault::needs_person(&self, &action)
            }
            Self::Refused { .. } => Fault::unauthorized(self, setting),
            Self::Throttled { wait, reason } => Fault::Throttled { wait, reason },
            Self::Unreachable(reason) => Fault::Retry(reason),
            Self::Setting(reason) | Self::Store(reason) => Fault::Fatal(reason),
        }
    }
}
