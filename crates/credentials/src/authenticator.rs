//! A credential at work: it proves each request and renews what proves it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use component::{Clock, Note, Secret, Witness, nanos};
use metrics::gauge;
use model::Timestamp;
use tracing::{debug, error, info, warn};

use crate::life::Life;
use crate::method::{Asked, Method, Proof};
use crate::store::Store;
use crate::token::Tokens;
use crate::transport::{Exchange, Reply, Transport};
use crate::watch::{Notice, Watch, appeal};
use crate::{Error, Result};

/// A token is renewed when a tenth of its life is left, at most so long before its end.
const AHEAD_MAX: Duration = Duration::from_secs(120);
/// With less left than this a request could arrive after the end.
const GRACE: Duration = Duration::from_secs(5);
/// A token that falls asleep is woken so long before.
const WAKE_AHEAD: Duration = Duration::from_secs(600);
/// After a renewal that failed nobody asks the vendor again for so long.
const PAUSE: Duration = Duration::from_secs(30);
/// How often a credential looks at itself when nobody uses it.
const LOOK: Duration = Duration::from_secs(30);

/// A credential at work. Copies are the same one.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    name: String,
    method: Method,
    life: Life,
    clock: Clock,
    transport: Arc<dyn Transport>,
    store: Option<Arc<dyn Store>>,
    known: Mutex<Known>,
    /// Held by whoever renews.
    renewing: Arc<tokio::sync::Mutex<()>>,
    witness: OnceLock<Arc<dyn Witness>>,
}

#[derive(Default)]
struct Known {
    tokens: Option<Arc<Tokens>>,
    generation: u64,
    /// The vendor refused these tokens.
    is_refused: bool,
    used: Option<Timestamp>,
    /// The last renewal failed, and until when that stands.
    failed: Option<(Timestamp, Error)>,
}

/// How a credential stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// When what proves a request ends, if nobody renews it.
    pub token_ends: Option<Timestamp>,
    /// When a person has to have logged in again.
    pub person_by: Option<Timestamp>,
    /// When a person logged in.
    pub granted: Option<Timestamp>,
    /// Why it does not work.
    pub problem: Option<Error>,
}

enum Look {
    Good(Arc<Tokens>, u64),
    Aging(Arc<Tokens>, u64),
    Useless,
}

impl Authenticator {
    /// A credential. Nothing is sent yet, and nothing read from the store, where its tokens are
    /// under `NAME.tokens`.
    pub fn new(
        name: &str,
        method: Method,
        life: Life,
        clock: Clock,
        transport: Arc<dyn Transport>,
        store: Option<Arc<dyn Store>>,
    ) -> Self {
        let (known, renewing, witness) = Default::default();
        let name = name.to_owned();
        Self(Arc::new(Inner {
            name,
            method,
            life,
            clock,
            transport,
            store,
            known,
            renewing,
            witness,
        }))
    }

    /// Who is told of renewals, refusals and logins, and of what a person must do. The first one
    /// that is named stays; says whether it is this one.
    pub fn tell_to(&self, witness: &Arc<dyn Witness>) -> bool {
        self.0.witness.set(Arc::clone(witness)).is_ok()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How it proves who we are.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// What this request needs. Waits for tokens where there are none that will do.
    pub async fn prove(&self, asked: Asked<'_>) -> Result<Proof> {
        let inner = &self.0;
        if !inner.method.has_tokens() {
            return inner.method.prove(&asked, None, inner.clock.now());
        }
        let (tokens, generation) = self.tokens(true).await?;
        let mut proof = inner.method.prove(&asked, Some(&tokens), inner.clock.now())?;
        proof.generation = generation;
        Ok(proof)
    }

    /// The vendor refused a request with this proof: renews it, unless that has happened since.
    /// `Err` where another attempt would be refused too.
    pub async fn refused(&self, proof: &Proof) -> Result<()> {
        let inner = &self.0;
        if !inner.method.has_tokens() {
            let (name, reason) = (inner.name.clone(), "the vendor refused it".to_owned());
            return Err(Error::Refused { name, reason });
        }
        let is_current = {
            let mut known = inner.known();
            let is_current = known.generation == proof.generation;
            known.is_refused |= is_current;
            is_current
        };
        debug!(credential = inner.name, is_current, "the vendor refused a token");
        if is_current {
            inner.note("credential.refused", "the vendor refused a token");
        }
        self.renewed().await.map(drop)
    }

    /// Renews now, whatever there is.
    pub async fn refresh(&self) -> Result<()> {
        // What the store holds is what is renewed, rather than an answer to the wish for something
        // new.
        drop(self.standing().await);
        self.0.known().is_refused = true;
        self.0.known().failed = None;
        self.renewed().await.map(drop)
    }

    /// How it stands. Reads the store, sends nothing.
    pub async fn standing(&self) -> Standing {
        let inner = &self.0;
        if inner.known().tokens.is_none() {
            match inner.load().await {
                Ok(Some(tokens)) => inner.keep(Arc::new(tokens)),
                Ok(None) => {}
                Err(problem) => return Standing { problem: Some(problem), ..Standing::default() },
            }
        }
        let known = inner.known();
        let tokens = known.tokens.as_deref();
        let problem = known.failed.as_ref().map(|(_, problem)| problem.clone());
        let is_missing = tokens.is_none() && inner.method.needs_person();
        Standing {
            token_ends: tokens.and_then(|tokens| tokens.expires),
            person_by: tokens.and_then(|tokens| inner.life.span.ends(tokens.granted)),
            granted: tokens.map(|tokens| tokens.granted),
            problem: problem.or_else(|| is_missing.then(|| inner.never())),
        }
    }

    /// Gives the tokens back and forgets them.
    pub async fn revoke(&self) -> Result<()> {
        let inner = &self.0;
        let _alone = inner.renewing.lock().await;
        let held = inner.known().tokens.as_deref().cloned();
        let tokens = match held {
            Some(tokens) => Some(tokens),
            None => inner.load().await?,
        };
        if let Some(tokens) = tokens
            && let Some(exchange) = inner.method.revoke(&tokens, inner.clock.now())
        {
            let reply = inner.send(exchange?).await?;
            // RFC 7009, 2.2: a token that the vendor does not know is as good as given back.
            if !matches!(reply.status, 200..300 | 400 | 401) {
                return Err(reply.unclear("the revocation"));
            }
        }
        inner.forget().await?;
        *inner.known() = Known::default();
        info!(credential = inner.name, "tokens were given back");
        inner.note("credential.revoked", "tokens were given back");
        Ok(())
    }

    /// Takes what a person's login was answered with.
    pub(crate) async fn accept(&self, tokens: Tokens) -> Result<()> {
        let inner = &self.0;
        let _alone = inner.renewing.lock().await;
        inner.save(&tokens).await?;
        inner.keep(Arc::new(tokens));
        info!(credential = inner.name, "a person logged in");
        inner.note("credential.login", "a person logged in");
        Ok(())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) async fn send(&self, exchange: Exchange) -> Result<Reply> {
        self.0.send(exchange).await
    }

    /// Renews ahead and counts down to the next login for as long as anyone holds the credential.
    pub fn tend(&self) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            let mut watch = Watch::default();
            let mut is_first = true;
            while let Some(credential) = inner.upgrade().map(Self) {
                match credential.look(&mut watch).await {
                    Some(notice) => credential.tell(&notice),
                    // An earlier run may have asked for what was done since.
                    None if is_first => credential.appeal(&Notice::Over),
                    None => {}
                }
                is_first = false;
                let clock = credential.0.clock.clone();
                drop(credential);
                clock.sleep(LOOK).await;
            }
        });
    }

    /// One look of [`Authenticator::tend`]: renews what is due, and says what a person must know.
    pub async fn look(&self, watch: &mut Watch) -> Option<Notice> {
        let inner = &self.0;
        if inner.method.has_tokens() {
            // What fails here is in the standing.
            drop(self.tokens(false).await);
        }
        let standing = self.standing().await;
        let now = inner.clock.now();
        let ends =
            if inner.method.needs_person() { standing.person_by } else { standing.token_ends };
        if let Some(ends) = ends {
            let left = ends.since(now).max(0) as f64 / 1e9;
            gauge!("credential_expiry_seconds", "credential" => inner.name.clone()).set(left);
        }
        watch.look(&standing, now)
    }

    fn tell(&self, notice: &Notice) {
        let credential = self.0.name.as_str();
        self.appeal(notice);
        match notice {
            Notice::Soon { left } => warn!(credential, ?left, "a person has to log in again soon"),
            Notice::Needed { reason } => error!(credential, reason, "a person has to log in"),
            Notice::Over => info!(credential, "nobody has to log in any more"),
        }
    }

    fn appeal(&self, notice: &Notice) {
        if let Some(witness) = self.0.witness.get() {
            witness.appeal(appeal(&self.0.name, notice, self.0.clock.now()));
        }
    }

    async fn tokens(&self, is_use: bool) -> Result<(Arc<Tokens>, u64)> {
        match self.0.look(self.0.clock.now(), is_use) {
            Look::Good(tokens, generation) => Ok((tokens, generation)),
            Look::Aging(tokens, generation) => {
                self.renew_behind();
                Ok((tokens, generation))
            }
            Look::Useless => self.renewed().await,
        }
    }

    /// Renews while requests go on with what there is.
    fn renew_behind(&self) {
        let Ok(alone) = Arc::clone(&self.0.renewing).try_lock_owned() else { return };
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            let _alone = alone;
            // A failure is kept, and counts once the tokens have ended.
            drop(inner.renew().await);
        });
    }

    /// Tokens that will do: those of whoever renewed meanwhile, or new ones.
    ///
    /// A task of its own renews: a caller that is dropped while the vendor answers would lose a
    /// refresh token that can be had only once.
    async fn renewed(&self) -> Result<(Arc<Tokens>, u64)> {
        let inner = Arc::clone(&self.0);
        let renewal = tokio::spawn(async move {
            let _alone = inner.renewing.lock().await;
            match inner.look(inner.clock.now(), false) {
                Look::Good(tokens, generation) | Look::Aging(tokens, generation) => {
                    Ok((tokens, generation))
                }
                Look::Useless => inner.renew().await,
            }
        });
        let ended = |error| Error::Unreachable(format!("the renewal was broken off: {error}"));
        renewal.await.map_err(ended)?
    }
}

impl Inner {
    fn look(&self, now: Timestamp, is_use: bool) -> Look {
        let mut known = self.known();
        let Some(tokens) = known.tokens.clone() else { return Look::Useless };
        let generation = known.generation;
        if known.is_refused || !tokens.lives(now, GRACE) || self.has_ended(&tokens, now) {
            return Look::Useless;
        }
        let last = known.used.map_or(tokens.renewed, |used| used.max(tokens.renewed));
        if self
            .life
            .idle
            .is_some_and(|idle| now.since(last) > nanos(idle.saturating_sub(WAKE_AHEAD)))
        {
            return Look::Useless;
        }
        if is_use {
            known.used = Some(now);
        }
        let ahead = tokens.expires.map(|end| end.since(tokens.renewed).max(0).unsigned_abs() / 10);
        let ahead = ahead.map_or(Duration::ZERO, Duration::from_nanos).min(AHEAD_MAX);
        match tokens.lives(now, ahead) {
            true => Look::Good(tokens, generation),
            false => Look::Aging(tokens, generation),
        }
    }

    fn has_ended(&self, tokens: &Tokens, now: Timestamp) -> bool {
        self.life.span.ends(tokens.granted).is_some_and(|end| now >= end)
    }

    /// One renewal. Whoever calls holds `renewing`.
    async fn renew(&self) -> Result<(Arc<Tokens>, u64)> {
        let now = self.clock.now();
        let failed = self.known().failed.clone();
        if let Some((until, error)) = failed
            && now < until
        {
            // Another process may have renewed, or a person logged in, all the same.
            return self.adopt(now).await?.ok_or(error);
        }
        let result = self.obtain(now).await;
        if let Err(error) = &result {
            let wait = if let Error::Throttled { wait, .. } = error { *wait } else { PAUSE };
            self.known().failed = Some((now.plus_nanos(nanos(wait)), error.clone()));
            if matches!(error, Error::NeedsLogin { .. } | Error::Refused { .. }) {
                self.note("credential.refused", &error.to_string());
            }
            debug!(credential = self.name, %error, "a renewal failed");
        }
        result
    }

    async fn obtain(&self, now: Timestamp) -> Result<(Arc<Tokens>, u64)> {
        if let Some(adopted) = self.adopt(now).await? {
            return Ok(adopted);
        }
        let before = self.known().tokens.clone();
        let live = before.as_deref().filter(|tokens| !self.has_ended(tokens, now));
        let begin = self.method.begin(now);
        let renewal = live.and_then(|tokens| self.method.renew(tokens, now));
        let tokens = match (renewal, begin) {
            (Some(exchange), begin) => {
                let reply = self.send(exchange?).await?;
                match (self.method.granted(&self.name, &reply, live, now), begin) {
                    // What cannot be renewed can perhaps be begun again.
                    (Err(Error::NeedsLogin { .. } | Error::Refused { .. }), Some(exchange)) => {
                        let reply = self.send(exchange?).await?;
                        self.method.granted(&self.name, &reply, None, now)?
                    }
                    (granted, _) => granted?,
                }
            }
            (None, Some(exchange)) => {
                let reply = self.send(exchange?).await?;
                self.method.granted(&self.name, &reply, None, now)?
            }
            (None, None) => return Err(self.ended(before.as_deref(), now)),
        };
        if self.method.needs_person()
            && let Err(error) = self.save(&tokens).await
        {
            // The vendor may have spent the old ones: going on is better than losing both.
            error!(credential = self.name, %error, "renewed tokens are not saved");
        }
        let tokens = Arc::new(tokens);
        self.keep(Arc::clone(&tokens));
        let what = if before.is_some() { "tokens were renewed" } else { "tokens were granted" };
        self.note("credential.renewed", what);
        let generation = self.known().generation;
        Ok((tokens, generation))
    }

    fn note(&self, action: &'static str, what: &str) {
        let Some(witness) = self.witness.get() else { return };
        let details = BTreeMap::from([("what".to_owned(), what.to_owned())]);
        let (actor, subject) = (self.name.clone(), self.name.clone());
        witness.note(Note { actor, action, subject, details });
    }

    /// What the store holds, where that is newer than what we know.
    async fn adopt(&self, now: Timestamp) -> Result<Option<(Arc<Tokens>, u64)>> {
        if !self.method.needs_person() {
            return Ok(None);
        }
        let Some(stored) = self.load().await? else { return Ok(None) };
        let is_newer =
            self.known().tokens.as_ref().is_none_or(|known| known.renewed < stored.renewed);
        if !is_newer {
            return Ok(None);
        }
        self.note("credential.adopted", "tokens of another process were taken from the store");
        self.keep(Arc::new(stored));
        Ok(match self.look(now, false) {
            Look::Good(tokens, generation) | Look::Aging(tokens, generation) => {
                Some((tokens, generation))
            }
            Look::Useless => None,
        })
    }

    fn ended(&self, before: Option<&Tokens>, now: Timestamp) -> Error {
        let Some(before) = before else { return self.never() };
        let reason = match self.life.span.ends(before.granted) {
            Some(end) if now >= end => format!("the last one ended at {}", moment(end)),
            _ => "the vendor refused the last one, and it cannot be renewed".to_owned(),
        };
        Error::NeedsLogin { name: self.name.clone(), reason }
    }

    fn never(&self) -> Error {
        let reason = "nobody has logged in yet".to_owned();
        Error::NeedsLogin { name: self.name.clone(), reason }
    }

    fn keep(&self, tokens: Arc<Tokens>) {
        let mut known = self.known();
        known.generation += 1;
        known.tokens = Some(tokens);
        known.is_refused = false;
        known.failed = None;
    }

    async fn send(&self, exchange: Exchange) -> Result<Reply> {
        self.transport.exchange(exchange).await
    }

    fn entry(&self) -> String {
        format!("{}.tokens", self.name)
    }

    async fn load(&self) -> Result<Option<Tokens>> {
        let entry = self.entry();
        let kept = self.stored(move |store| store.get(&entry)).await?;
        kept.flatten().map(|kept| Tokens::unseal(&kept)).transpose()
    }

    async fn save(&self, tokens: &Tokens) -> Result<()> {
        let (entry, sealed) = (self.entry(), tokens.seal()?);
        self.stored(move |store| store.set(&entry, &sealed)).await.map(drop)
    }

    async fn forget(&self) -> Result<()> {
        let entry = self.entry();
        self.stored(move |store| store.remove(&entry)).await.map(drop)
    }

    /// Opening a sealed file takes a second of one core, so it does not hold up anyone else.
    async fn stored<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store) -> Result<T> + Send + 'static,
    ) -> Result<Option<T>> {
        let Some(store) = self.store.clone() else { return Ok(None) };
        let done = tokio::task::spawn_blocking(move || work(&*store)).await;
        let done = done.map_err(|error| Error::Store(format!("the store broke off: {error}")))?;
        done.map(Some)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing that is locked here can be left half changed by a panic.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A time as people read it.
pub(crate) fn moment(time: Timestamp) -> String {
    let mut text = Vec::new();
    time.write_rfc3339(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authenticator({})", self.0.name)
    }
}

impl Authenticator {
    /// A secret that no message may show: those of its settings, and the tokens of the moment.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let tokens = self.0.known().tokens.clone();
        let tokens = tokens.iter().flat_map(|tokens| {
            [Some(&tokens.access), tokens.secret.as_ref(), tokens.refresh.as_ref()]
        });
        for secret in self.0.method.secrets().into_iter().chain(tokens.flatten()) {
            text = hide(text, secret);
        }
        text
    }
}

/// Shorter values are not worth hiding: they would blank out half of an excerpt.
const MIN_SECRET_LEN: usize = 4;

fn hide(text: String, secret: &Secret) -> String {
    match secret.expose() {
        value if value.len() >= MIN_SECRET_LEN => text.replace(value, "***"),
        _ => text,
    }
}
