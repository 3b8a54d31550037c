//! What all components that use one key of one system share: budget, breaker and connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use component::{Clock, Fault, Host, Ledger, Pace, Rate, Result, Throttling};
use model::{EventId, Timestamp};
use reqwest::redirect;
use tokio::sync::watch;
use tracing::warn;
use url::Url;

use crate::auth::Auth;
use crate::breaker::Breaker;
use crate::places::{Place, Places};
use crate::retry::Budget;
use crate::tls;

/// Longest time a request waits for its turn here; after that the caller is told to come back.
const MAX_WAIT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("foliostream/", env!("CARGO_PKG_VERSION"));

pub(crate) struct Shared {
    pub(crate) client: reqwest::Client,
    /// What the vendor publishes, what the topology says in its place, and what was set since.
    published: Rate,
    configured: Throttling,
    changes: watch::Receiver<Option<Throttling>>,
    places: Places,
    pace: Mutex<Pace>,
    breaker: Mutex<Breaker>,
    budget: Mutex<Budget>,
    /// Those who wait leave in the order they came; urgent ones have a queue of their own.
    ordinary: tokio::sync::Mutex<()>,
    urgent: tokio::sync::Mutex<()>,
    /// Where a next process finds what was spent of a limit that outlives this one.
    kept: Option<Kept>,
}

/// Leave to send one request.
pub(crate) struct Turn {
    /// How long it was waited for.
    pub(crate) waited: Duration,
    /// Places under the limits that were taken up to this one.
    pub(crate) count: u64,
    /// When the request may leave.
    pub(crate) time: Timestamp,
    _place: Place,
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
            let mut shared = Self::new(host, base, rate)?;
            let ledger = host.ledger.clone().filter(|_| shared.pace().is_long());
            shared.kept = ledger.map(|ledger| {
                let (is_known, keeping) = Default::default();
                Kept { ledger, name, is_known, keeping }
            });
            Ok(shared)
        })
    }

    fn new(host: &Host, base: &Url, published: Rate) -> Result<Self> {
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
        let (configured, changes) = (host.throttling.clone(), host.changed_throttling());
        Ok(Self {
            client,
            places: Places::new(published.most_at_once()),
            pace: Mutex::new(Pace::new(published.overridden_by(&configured))),
            published,
            configured,
            changes,
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

    /// What holds now of the limits that can be set.
    pub(crate) fn throttling(&self) -> Throttling {
        self.changes.borrow().clone().unwrap_or_else(|| self.configured.clone())
    }

    /// Keeps a share of everything for requests that must not wait behind others.
    pub(crate) fn reserve_for_urgent(&self) {
        self.pace().reserve_for_urgent();
        self.places.reserve_for_urgent();
    }

    /// Waits for leave to send a request that counts as so many.
    pub(crate) async fn turn(&self, clock: &Clock, weight: usize, is_urgent: bool) -> Result<Turn> {
        let came = clock.now();
        let place = tokio::select! {
            biased;
            place = self.places.take(is_urgent) => place,
            () = clock.sleep(MAX_WAIT) => {
                let reason = "too many requests are under way".to_owned();
                return Err(Fault::Throttled { wait: Duration::from_secs(1), reason });
            }
        };
        let queue = if is_urgent { &self.urgent } else { &self.ordinary };
        let _first_in_line = queue.lock().await;
        self.go_on(clock).await?;
        let mut changes = self.changes.clone();
        loop {
            changes.mark_unchanged();
            let now = clock.now();
            let waited = Duration::from_nanos(now.since(came).max(0).unsigned_abs());
            let wait = match self.place(now, weight, is_urgent) {
                Ok(count) => {
                    self.keep()?;
                    return Ok(Turn { waited, count, time: now, _place: place });
                }
                Err(wait) => wait,
            };
            if waited + wait > MAX_WAIT {
                let reason = "the limit on requests is used up".to_owned();
                return Err(Fault::Throttled { wait, reason });
            }
            tokio::select! {
                () = clock.sleep(wait) => {}
                Ok(()) = changes.changed() => {}
            }
        }
    }

    /// A place under the limits as they are now, or how long there is none.
    fn place(&self, now: Timestamp, weight: usize, is_urgent: bool) -> Result<u64, Duration> {
        let rate = self.published.overridden_by(&self.throttling());
        let mut pace = self.pace();
        pace.limit(rate);
        pace.take(now, weight, is_urgent).map(|()| pace.count())
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
