//! What librdkafka tells us besides records: log lines, errors, and requests for a fresh token.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel as Level;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use serde::Deserialize;

use crate::settings::Settings;

/// The context of one client; `state` is what its kind of client needs besides.
pub(crate) struct Context<S> {
    pub(crate) state: S,
    trouble: Mutex<Option<Trouble>>,
    lost_connections: AtomicU64,
    token: Option<TokenFile>,
}

/// The last thing that went wrong in the background.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub code: Code,
    pub reason: String,
}

/// Where a bearer token is kept.
pub(crate) struct TokenFile {
    path: PathBuf,
    principal: String,
}

impl<S> Context<S> {
    pub(crate) fn new(settings: &Settings, state: S) -> Self {
        let token = settings.security.as_ref().and_then(|security| {
            Some(TokenFile {
                path: security.token_path.clone()?,
                principal: security.username.clone().unwrap_or_default(),
            })
        });
        Context { state, trouble: Mutex::new(None), lost_connections: AtomicU64::new(0), token }
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        lock(&self.trouble).clone()
    }

    pub(crate) fn forget_trouble(&self) {
        *lock(&self.trouble) = None;
        self.lost_connections.store(0, Ordering::Relaxed);
    }

    /// How many working connections broke since [`Context::forget_trouble`], idle ones that a
    /// broker closed left out.
    pub(crate) fn lost_connections(&self) -> u64 {
        self.lost_connections.load(Ordering::Relaxed)
    }

    pub(crate) fn token(&self) -> Option<Result<OAuthToken, Box<dyn StdError>>> {
        self.token.as_ref().map(TokenFile::read)
    }
}

impl<S: Send + Sync> ClientContext for Context<S> {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: Level, facility: &str, message: &str) {
        // "FAIL" tells of one broker connection; it carries requests only in the state UP.
        if facility == "FAIL" && message.contains("in state UP") {
            self.lost_connections.fetch_add(1, Ordering::Relaxed);
        }
        // Why a transaction failed is told nowhere else once its records have been purged.
        if facility == "TXNERR" {
            *lock(&self.trouble) = Some(Trouble { code: Code::Fail, reason: message.to_owned() });
        }
        match level {
            // librdkafka reconnects by itself: nothing here is yet a reason to wake someone.
            Level::Emerg | Level::Alert | Level::Critical | Level::Error | Level::Warning => {
                tracing::warn!(facility, message, "kafka client in trouble");
            }
            Level::Notice | Level::Info => {
                tracing::debug!(facility, message, "kafka client reports");
            }
            Level::Debug => tracing::trace!(facility, message, "kafka client reports"),
        }
    }

    fn stats_raw(&self, _statistics: &[u8]) {}

    fn error(&self, error: KafkaError, reason: &str) {
        let Some(code) = error.rdkafka_error_code() else { return };
        if code == Code::PartitionEOF {
            return;
        }
        let mut trouble = lock(&self.trouble);
        // "All brokers are down" follows the line that says why; keep that one.
        if code == Code::AllBrokersDown && trouble.is_some() {
            return;
        }
        *trouble = Some(Trouble { code, reason: reason.to_owned() });
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn StdError>> {
        self.token().unwrap_or_else(|| Err("no `token_path` is set".into()))
    }
}

/// Readers and queries need nothing beyond the common part.
impl ConsumerContext for Context<()> {}

impl TokenFile {
    fn read(&self) -> Result<OAuthToken, Box<dyn StdError>> {
        let path = self.path.display();
        let token = std::fs::read_to_string(&self.path)
            .map_err(|error| format!("could not read the token file `{path}`: {error}"))?;
        let token = token.trim().to_owned();
        let claims = claims(&token).ok_or_else(|| {
            format!("the token file `{path}` holds no JWT with an expiry (`exp`)")
        })?;
        let principal_name = match (self.principal.as_str(), claims.sub) {
            ("", Some(subject)) => subject,
            (principal, _) => principal.to_owned(),
        };
        Ok(OAuthToken { token, principal_name, lifetime_ms: claims.exp.saturating_mul(1000) })
    }
}

/// The two claims that the client has to know; the broker checks the token itself.
#[derive(Deserialize)]
struct Claims {
    exp: i64,
    #[serde(default)]
    sub: Option<String>,
}

fn claims(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Nothing that panics while it holds one of our locks leaves a half-made value behind.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_owner_and_its_end() {
        // {"alg":"none"} . {"sub":"alice","exp":1700000000}
        let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6MTcwMDAwMDAwMH0.";
        let claims = claims(token).unwrap();
        assert_eq!((claims.sub.as_deref(), claims.exp), (Some("alice"), 1_700_000_000));
        for bad in ["", "abc", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(super::claims(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_working_connections_count_as_lost() {
        let context = Context::new(&Settings::plain("a"), ());
        let line = |facility: &str, text: &str| context.log(Level::Info, facility, text);
        line("FAIL", "a:1/1: Connect failed (after 0ms in state CONNECT)");
        line("CONFWARN", "in state UP");
        assert_eq!(context.lost_connections(), 0);
        line("FAIL", "a:1/1: Disconnected (after 9ms in state UP)");
        assert_eq!(context.lost_connections(), 1);
        context.forget_trouble();
        assert_eq!(context.lost_connections(), 0);
    }
}
