//! What all components that use one key of one system share: budget, breaker and connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use component::{Clock, Fault, Host, Ledger, Pace, Rate, Result};
use model::{EventId, Timestamp};
use reqwest::redirect;
use tracing::warn;
use url::Url;

use crate::auth::Auth;
use crate::breaker::Breaker;
use crate::retry::Budget;
use crate::tls;

/// Longest time a request waits for its turn here; after that the caller is told to come back.
const MAX_WAIT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("foliostream/", env!("CARGO_PKG_VERSION"));

pub(crate) struct Shared {
    pub(crate) client: reqwest::Client,
    pace: Mutex<Pace>,
    breaker: Mutex<Breaker>,
    budget: Mutex<Budget>,
    /// Those who wait leave in the order they came; urgent ones have a queue of their own.
    ordinary: tokio::sync::Mutex<()>,
    urgent: tokio::sync::Mutex<()>,
    /// Where a next process finds what was spent of a limit that outlives this one.
    kept: Option<Kept>,
}

struct Kept {
    ledger: Arc<dyn Ledger>,
    name: String,
    /// Done once what earlier processes spent is known.
    is_known: tokio::sync::OnceCell<()>,
    /// One at a time, or an older count could overwrite a newer one.
    keeping: Mutex<()>,
}

impl Shared {
    /// What the users of this key on this host share; the first one decides its rate.
    pub(crate) fn of(host: &Host, base: &Url, auth: &Auth, rate: Rate) -> Result<Arc<Self>> {
        let origin = base.origin().ascii_serialization();
        let mut parts = vec![&*host.system, origin.as_str(), rate.class()];
        // No secret goes into a name that others can read, not even as a hash.
        let name = format!("requests.{}.{}", host.system, EventId::of(&parts));
        parts.extend(auth.secrets());
        host.share(&EventId::of(&parts).to_string(), || {
            let mut shared = Self::new(base, rate)?;
            let ledger = host.ledger.clone().filter(|_| shared.pace().is_long());
            shared.kept = ledger.map(|ledger| {
                let (is_known, keeping) = Default::default();
                Kept { ledger, name, is_known, keeping }
            });
            Ok(shared)
        })
    }

    fn new(base: &Url, rate: Rate) -> Result<Self> {
        // This is the door that clippy.toml sends everyone else to.
        #[allow(clippy::disallowed_methods)]
        let mut builder = reqwest::ClientBuilder::new()
            .tls_backend_preconfigured(tls::config()?)
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .gzip(true)
            // Following one could carry credentials elsewhere, or an order twice.
            .redirect(redirect::Policy::none());
        if is_loopback(base) {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| Fault::fatal(format!("could not set up the client: {error}")))?;
        Ok(Self {
            client,
            pace: Mutex::new(Pace::new(rate)),
            breaker: Mutex::default(),
            budget: Mutex::default(),
            ordinary: tokio::sync::Mutex::default(),
            urgent: tokio::sync::Mutex::default(),
            kept: None,
        })
    }

    /// Learns, once, what earlier processes spent of a daily limit.
    async fn go_on(&self, clock: &Clock) -> Result<()> {
        let Some(Kept { ledger, name, is_known, .. }) = &self.kept else { return Ok(()) };
        let learn = async || {
            let Some(spent) = ledger.load(name)? else { return Ok(()) };
            self.pace().go_on(&spent, clock.now()).map_err(|error| {
                Fault::fatal(format!("what was kept as {name} cannot be read ({error}): {spent}"))
            })
        };
        is_known.get_or_try_init(learn).await.copied()
    }

    /// Keeps what is spent. Who is killed right after it has counted a request too many, never
    /// one too few.
    fn keep(&self) -> Result<()> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let _alone = lock(&kept.keeping);
        let spent = self.pace().spent();
        kept.ledger.keep(&kept.name, &spent)
    }

    /// Nobody with this key asks again before then.
    pub(crate) fn hold(&self, until: Timestamp) {
        self.pace().hold(until);
        if let Err(fault) = self.keep() {
            warn!(%fault, "a next process will not know that the vendor asked to wait");
        }
    }

    pub(crate) fn pace(&self) -> MutexGuard<'_, Pace> {
        lock(&self.pace)
    }

    pub(crate) fn breaker(&self) -> MutexGuard<'_, Breaker> {
        lock(&self.breaker)
    }

    pub(crate) fn budget(&self) -> MutexGuard<'_, Budget> {
        lock(&self.budget)
    }

    /// Waits for a place under the limits; says how long that took.
    pub(crate) async fn turn(&self, clock: &Clock, is_urgent: bool) -> Result<Duration> {
        let came = clock.now();
        let queue = if is_urgent { &self.urgent } else { &self.ordinary };
        let _first_in_line = queue.lock().await;
        self.go_on(clock).await?;
        loop {
            let now = clock.now();
            let waited = Duration::from_nanos(now.since(came).max(0).unsigned_abs());
            let taken = self.pace().take(now, is_urgent);
            let Err(wait) = taken else {
                self.keep()?;
                return Ok(waited);
            };
            if waited + wait > MAX_WAIT {
                let reason = "the limit on requests is used up".to_owned();
                return Err(Fault::Throttled { wait, reason });
            }
            clock.sleep(wait).await;
        }
    }
}

/// Whether a URL stays on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is locked here can be left half changed by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
