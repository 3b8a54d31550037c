//! The ways to people: mail, Slack, any webhook.

mod email;
mod hook;

use std::time::Duration;

use component::Clock;

pub use email::Email;
pub use hook::{Hook, HookKind};

use crate::Error;
use crate::bell::Notice;

/// Longest wait for a channel to take a message.
const SEND_WAIT: Duration = Duration::from_secs(15);

/// A way to people.
#[derive(Debug)]
pub enum Channel {
    /// By mail.
    Email(Email),
    /// By a request to a URL.
    Hook(Hook),
}

impl Channel {
    /// What it is called in settings, metrics and messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Hook(hook) => hook.name(),
        }
    }

    /// Tells people, once.
    pub async fn send(&self, notice: &Notice, clock: &Clock) -> Result<(), Error> {
        let send = async {
            match self {
                Self::Email(email) => email.send(notice).await,
                Self::Hook(hook) => hook.send(notice).await,
            }
        };
        tokio::select! {
            sent = send => sent,
            () = clock.sleep(SEND_WAIT) => {
                let reason = format!("no answer within {} s", SEND_WAIT.as_secs());
                Err(Error::Refused { channel: self.name(), reason })
            }
        }
    }
}
