//! The client: everything that happens between asking and having an answer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use component::{Bad, Clock, Fault, Host, Rate, Result, nanos};
use credentials::Proof;
use metrics::{counter, gauge, histogram};
use model::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tracing::{Instrument, debug, info, info_span, warn};
use url::Url;

use crate::auth::{Auth, Signed};
use crate::breaker::{Breaker, Level};
use crate::classify::{classify, is_failure};
use crate::limits::left;
use crate::recording::Recording;
use crate::request::{Answer, Method, NoAnswer, Request};
use crate::retry::Retries;
use crate::shared::{Shared, Turn, is_loopback};
use crate::table::Row;
use crate::verdict::{Verdict, verdict};

/// More pages than this are an endless loop.
const MAX_PAGES: usize = 1_000;

/// Finds the refusal in an answer that looks like a success.
pub type Judge = fn(&Answer, Timestamp) -> Result<()>;

/// Says what a vendor means by a refusal, where that is more than the status says.
pub type Meaning = fn(Fault) -> Fault;

/// A client for one host of one system. Copies, and other clients with the same key, share one
/// budget of requests.
#[derive(Clone)]
pub struct Http {
    pub(crate) base: Url,
    pub(crate) auth: Arc<Auth>,
    pub(crate) clock: Clock,
    system: Arc<str>,
    is_urgent: bool,
    judge: Judge,
    meaning: Meaning,
    pub(crate) shared: Arc<Shared>,
    recording: Option<Arc<Recording>>,
}

impl Http {
    /// A client for what lies below `base`. Nothing is sent yet.
    ///
    /// Plain `http` is for this machine only, unless `insecure` says otherwise.
    pub fn open(host: &Host, base: &Url, insecure: bool, auth: Auth, rate: Rate) -> Result<Self> {
        match base.scheme() {
            "https" => {}
            "http" if insecure || is_loopback(base) => {}
            "http" => {
                let reason = "plain http would show the credentials to everyone on the way; \
                              use https, or set connection.insecure";
                return Err(Fault::fatal(format!("will not use {base}: {reason}")));
            }
            scheme => return Err(Fault::fatal(format!("cannot speak {scheme:?} to {base}"))),
        }
        let shared = Shared::of(host, base, &auth, rate)?;
        Ok(Self {
            base: base.clone(),
            auth: Arc::new(auth),
            clock: host.clock.clone(),
            system: host.system.clone(),
            is_urgent: false,
            judge: |_, _| Ok(()),
            meaning: |fault| fault,
            shared,
            recording: Recording::asked_for(host)?,
        })
    }

    /// The same for a vendor that refuses with status 200: `judge` sees every answer that looks
    /// like a success. What it calls throttled holds everyone who uses this key.
    #[must_use]
    pub fn judged_by(self, judge: Judge) -> Self {
        Self { judge, ..self }
    }

    /// The same for a vendor whose refusals mean something else than their status.
    #[must_use]
    pub fn explained_by(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }

    /// The same, which writes down every request and its answer, without secrets, in a folder: one
    /// file for each system, as `mockkit::Replay` reads it. `FOLIOSTREAM_RECORD` does so for all.
    pub fn recorded(self, host: &Host, folder: &Path) -> Result<Self> {
        Ok(Self { recording: Some(Recording::of(host, folder)?), ..self })
    }

    /// The same, for requests that must not wait behind others. A share of the limits is kept
    /// for them from now on.
    #[must_use]
    pub fn urgent(mut self) -> Self {
        self.is_urgent = true;
        self.shared.reserve_for_urgent();
        self
    }

    /// Asks for a JSON document.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        self.ask(&Request::get(path).query(query), |answer| answer.json()).await
    }

    /// Posts a JSON document. Never repeated: what gets lost on the way is reported as `Retry`.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.ask(&Request::new(Method::POST, path).json(body), |answer| answer.json()).await
    }

    /// Patches with a JSON document. Never repeated.
    pub async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.ask(&Request::new(Method::PATCH, path).json(body), |answer| answer.json()).await
    }

    /// Deletes. Never repeated.
    pub async fn delete(&self, path: &str) -> Result<()> {
        self.ask(&Request::new(Method::DELETE, path), |_| Ok(())).await
    }

    /// The successful answer to a request, for reading it without a copy.
    pub async fn fetch(&self, request: &Request) -> Result<Answer> {
        self.ask(request, |answer| Ok(answer.clone())).await
    }

    /// All pages of a list. `next` says how to ask for the page after one, if there is one.
    pub async fn pages(
        &self,
        first: Request,
        next: impl Fn(&Answer) -> Result<Option<Request>>,
    ) -> Result<Vec<Answer>> {
        let mut pages = Vec::new();
        let mut request = Some(first);
        while let Some(current) = request {
            if pages.len() == MAX_PAGES {
                let title = current.title();
                return Err(Fault::retry(format!("{title} has no end after {MAX_PAGES} pages")));
            }
            let answer = self.fetch(&current).await?;
            request = next(&answer)?;
            pages.push(answer);
        }
        Ok(pages)
    }

    /// All rows of a list of pages. `next` asks for the page after one that is full, by its last
    /// row.
    pub async fn rows(
        &self,
        first: Request,
        full: usize,
        next: impl Fn(&Row) -> Result<Request, Bad>,
    ) -> Result<Vec<Row>> {
        let page = |answer: &Answer| -> Result<Vec<Row>> {
            Ok(answer.json::<Vec<&RawValue>>()?.into_iter().map(Row::of).collect())
        };
        let after = |answer: &Answer| {
            let rows = page(answer)?;
            let last = rows.last().filter(|_| rows.len() >= full);
            last.map(&next).transpose().map_err(Fault::retry)
        };
        let mut rows = Vec::new();
        for answer in self.pages(first, after).await? {
            rows.extend(page(&answer)?);
        }
        Ok(rows)
    }

    /// Changes something at the vendor, once, and says what is certain about it afterwards. `no`
    /// finds the vendor's own words in an answer that refuses; a gateway's page has none.
    ///
    /// `Err` is for what has certainly changed nothing.
    pub async fn change(
        &self,
        request: &Request,
        no: impl Fn(&Answer) -> Option<String>,
    ) -> Result<Verdict> {
        let sent = self.send(request).await;
        verdict(sent, no, self.auth.setting)
    }

    /// Sends until there is an answer that `read` understands; repeats only what is safe.
    pub(crate) async fn ask<T>(
        &self,
        request: &Request,
        read: impl Fn(&Answer) -> Result<T>,
    ) -> Result<T> {
        let mut made = 0;
        self.shared.budget().earn();
        loop {
            let span = info_span!("ask", attempt = made + 1);
            let fault = match self.attempt(request, &read).instrument(span).await {
                Ok(value) => return Ok(value),
                Err(fault) => fault,
            };
            let retries = Retries::new(&self.shared.throttling());
            let pause = retries.pause(made, &fault, rand::random());
            let Some(pause) = pause.filter(|_| request.is_safe) else { return Err(fault) };
            if !self.shared.budget().spend() {
                return Err(fault);
            }
            debug!(system = %self.system, request = request.title(), %fault, "asking again");
            counter!("http_retries_total", "system" => self.system.to_string()).increment(1);
            self.clock.sleep(pause).await;
            made += 1;
        }
    }

    async fn attempt<T>(
        &self,
        request: &Request,
        read: impl Fn(&Answer) -> Result<T>,
    ) -> Result<T> {
        let answer = self.send(request).await?;
        let now = self.clock.now();
        self.classify(&answer, &request.title(), now)?;
        let value = (self.judge)(&answer, now).and_then(|()| read(&answer));
        value.inspect_err(|fault| self.hold(fault))
    }

    /// What an answer that looks like a success calls too many holds everyone with this key.
    pub(crate) fn hold(&self, fault: &Fault) {
        if let Fault::Throttled { wait, .. } = fault {
            self.shared.hold(self.clock.now().plus_nanos(nanos(*wait)));
        }
    }

    pub(crate) fn classify(&self, answer: &Answer, title: &str, now: Timestamp) -> Result<()> {
        classify(answer, title, self.auth.setting, now).map_err(self.meaning)
    }

    /// One attempt, for those who must see the exact answer or know whether anything was sent.
    pub async fn send(&self, request: &Request) -> Result<Answer, NoAnswer> {
        let url = request.url(&self.base).map_err(NoAnswer::NotSent)?;
        // An exchange has many steps: kept on the heap, it does not swell whoever waits for it.
        let (result, proof) = Box::pin(self.sent(request, url.clone())).await;
        let is_refused = result.as_ref().is_ok_and(|answer| answer.status == 401);
        // Who is not let in has changed nothing, so even an order may knock again, once.
        if is_refused && self.auth.renewed(proof.as_ref()).await {
            return Box::pin(self.sent(request, url)).await.0;
        }
        result
    }

    async fn sent(&self, request: &Request, url: Url) -> (Result<Answer, NoAnswer>, Option<Proof>) {
        let (signed, turn) = match self.prepared(request, url).await {
            Ok(prepared) => prepared,
            Err(fault) => return (Err(NoAnswer::NotSent(fault)), None),
        };
        let proof = signed.proof.clone();
        let left = self.clock.now();
        let asked = self.recording.as_deref().map(|recording| (recording, signed.url.clone()));
        let result = self.exchange(request, signed).await;
        self.shared.pace().answered(turn.time, self.clock.now(), request.weight);
        self.record(request, &result, left);
        if let Ok(answer) = &result {
            self.learn(answer, turn.count);
            if let Some((recording, url)) = asked {
                recording.add(request, &url, answer, self.clock.now());
            }
        }
        (result, proof)
    }

    /// Waits for its turn, and is signed as late as can be: signatures and tokens grow old.
    pub(crate) async fn prepared(&self, request: &Request, url: Url) -> Result<(Signed, Turn)> {
        self.pass_breaker(request)?;
        let turn = self.shared.turn(&self.clock, request.weight, self.is_urgent).await?;
        if !turn.waited.is_zero() {
            histogram!("http_throttle_wait_seconds", "system" => self.system.to_string())
                .record(turn.waited.as_secs_f64());
        }
        let (method, body) = (request.method.as_str(), request.body.as_ref());
        Ok((self.auth.signed(method, url, body).await?, turn))
    }

    fn pass_breaker(&self, request: &Request) -> Result<()> {
        let now = self.clock.now();
        self.with_breaker(|breaker| breaker.allow(now)).map_err(|wait| {
            let reason = format!("{} was not sent: too many failures before it", request.title());
            Fault::Throttled { wait, reason }
        })
    }

    /// Uses the breaker; what that changes is an event and a figure.
    fn with_breaker<T>(&self, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let (value, before, after) = {
            let mut breaker = self.shared.breaker();
            let before = breaker.level();
            let value = act(&mut breaker);
            (value, before, breaker.level())
        };
        let system = self.system.to_string();
        let host = self.base.host_str().unwrap_or_default().to_owned();
        gauge!("http_breaker_level", "system" => system.clone(), "host" => host.clone())
            .set(f64::from(after as u8));
        if before == after {
            return value;
        }
        let labels = [("system", system), ("host", host), ("to", after.name().to_owned())];
        counter!("http_breaker_changes_total", &labels).increment(1);
        let [(_, system), (_, host), _] = labels;
        let (from, to) = (before.name(), after.name());
        match (before, after) {
            (Level::Closed, _) => warn!(system, host, from, to, "leaving a failing host alone"),
            (_, Level::Closed) => info!(system, host, from, to, "a host that failed answers again"),
            _ => debug!(system, host, from, to, "trying a failing host again"),
        }
        value
    }

    /// What an answer says of the limits holds for everyone with this key.
    pub(crate) fn learn(&self, answer: &Answer, count: u64) {
        let now = self.clock.now();
        if let Some(left) = left(answer, now) {
            let until = now.plus_nanos(nanos(left.wait));
            self.shared.pace().told(left.requests, until, count);
        }
        if answer.status == 429
            && let Err(Fault::Throttled { wait, .. }) = self.classify(answer, "", now)
        {
            // Everyone waits, or the next one would be refused as well.
            self.shared.hold(now.plus_nanos(nanos(wait)));
        }
    }

    /// Tells the breaker, the metrics and the log what came of a request.
    pub(crate) fn record(
        &self,
        request: &Request,
        result: &Result<Answer, NoAnswer>,
        left: Timestamp,
    ) {
        let now = self.clock.now();
        self.with_breaker(|breaker| match result {
            Ok(answer) if !is_failure(answer) => breaker.succeeded(),
            _ => breaker.failed(now),
        });
        let system = self.system.to_string();
        let host = self.base.host_str().unwrap_or_default().to_owned();
        let status = match result {
            Ok(answer) => answer.status.to_string(),
            Err(NoAnswer::NotSent(_)) => "not_sent".to_owned(),
            Err(NoAnswer::Lost(_)) => "lost".to_owned(),
        };
        let took = Duration::from_nanos(now.since(left).max(0).unsigned_abs());
        let sent = request.body.as_ref().map_or(0, Bytes::len);
        let received = result.as_ref().map_or(0, |answer| answer.body.len());
        // One line for every request, of what cannot hold a secret: no query, no header, no body.
        info!(
            target: "http::request",
            system,
            host,
            request = request.title(),
            status,
            milliseconds = took.as_millis() as u64,
            bytes_sent = sent,
            bytes_received = received,
        );
        let method = request.method.to_string();
        let labels = [("system", system.clone()), ("method", method), ("status", status)];
        counter!("http_requests_total", &labels).increment(1);
        histogram!("http_request_seconds", "system" => system).record(took.as_secs_f64());
    }
}
