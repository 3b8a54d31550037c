//! What can go wrong, in the terms the runtime acts on.

use std::fmt::Display;
use std::time::Duration;

/// Result of one attempt.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// Why an attempt failed. The component says what kind it is, the runtime decides what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// 5xx, timeout, reset before any effect: back off, call again.
    #[error("{0}")]
    Retry(String),
    /// The vendor said when to return.
    #[error("{reason} (asked to wait {wait:?})")]
    Throttled {
        /// How long the vendor wants to be left alone.
        wait: Duration,
        /// What it said.
        reason: String,
    },
    /// The session is gone: connect again, resume from the cursor.
    #[error("{0}")]
    Disconnected(String),
    /// Credentials were refused.
    #[error("{reason}; check the setting {setting}")]
    Unauthorized {
        /// What the vendor said.
        reason: String,
        /// Which setting holds the credentials.
        setting: String,
    },
    /// The session is gone, or cannot be had, until a person acts: let them know, back off and
    /// connect again, for as long as it takes.
    #[error("{reason}; {action}")]
    NeedsPerson {
        /// What was seen.
        reason: String,
        /// What the person must do.
        action: String,
    },
    /// Nobody can fix this by waiting.
    #[error("{0}")]
    Fatal(String),
}

impl Fault {
    /// A fault that goes away by itself.
    pub fn retry(reason: impl Display) -> Self {
        Self::Retry(reason.to_string())
    }

    /// A session that ended.
    pub fn disconnected(reason: impl Display) -> Self {
        Self::Disconnected(reason.to_string())
    }

    /// A fault that lasts until a person does something, outside of this program.
    pub fn needs_person(reason: impl Display, action: &str) -> Self {
        Self::NeedsPerson { reason: reason.to_string(), action: action.to_owned() }
    }

    /// A fault that ends the component for good.
    pub fn fatal(reason: impl Display) -> Self {
        Self::Fatal(reason.to_string())
    }

    /// Refused credentials, with the setting that holds them.
    pub fn unauthorized(reason: impl Display, setting: &str) -> Self {
        Self::Unauthorized { reason: reason.to_string(), setting: setting.to_owned() }
    }

    /// A short word for metrics and health.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Retry(_) => "retry",
            Self::Throttled { .. } => "throttled",
            Self::Disconnected(_) => "disconnected",
            Self::Unauthorized { .. } => "unauthorized",
            Self::NeedsPerson { .. } => "needs_person",
            Self::Fatal(_) => "fatal",
        }
    }
}

/// What is wrong with one item. It becomes a dead letter and the stream goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", if field.is_empty() { String::new() } else { format!("field {field:?}: ") })]
pub struct Bad {
    /// The field at fault, as the vendor spells it; empty when it is the whole item.
    pub field: String,
    /// Why it is refused.
    pub reason: String,
}

impl Bad {
    /// A bad field with its reason.
    pub fn new(field: &str, reason: impl Display) -> Self {
        Self { field: field.to_owned(), reason: reason.to_string() }
    }
}

/// Names the field while an error becomes [`Bad`].
pub trait OrBad<T> {
    /// The value, or [`Bad`] about `field`.
    fn or_bad(self, field: &str) -> Result<T, Bad>;
}

impl<T, E: Display> OrBad<T> for std::result::Result<T, E> {
    fn or_bad(self, field: &str) -> Result<T, Bad> {
        self.map_err(|error| Bad::new(field, error))
    }
}

impl<T> OrBad<T> for Option<T> {
    fn or_bad(self, field: &str) -> Result<T, Bad> {
        self.ok_or_else(|| Bad::new(field, "missing"))
    }
}
