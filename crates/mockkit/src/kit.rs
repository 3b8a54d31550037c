use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use crate::{Clock, Entry, Faults, Hit, Limits, Transcript, time};

/// Called after every change of the clock, before the change is answered, so that a test that
/// moves the time finds everything due to have happened.
pub type Tick = Box<dyn Fn() + Send + Sync>;

/// What differs between vendors in the parts that all mocks share.
pub struct Vendor {
    pub name: &'static str,
    /// Names, in lower case, whose values the transcript masks.
    pub secrets: &'static [&'static str],
    /// Kinds of fault that only this mock knows.
    pub fault_kinds: &'static [&'static str],
    /// Content type and body of the vendor's own answer for a status, for a request path.
    pub error_body: fn(path: &str, status: u16) -> (&'static str, String),
}

/// The shared parts of one running mock; clones are the same mock.
#[derive(Clone)]
pub struct Kit(Arc<Inner>);

struct Inner {
    vendor: Vendor,
    clock: Clock,
    faults: Faults,
    transcript: Transcript,
    limits: Limits,
    tick: OnceLock<Tick>,
    stop: watch::Sender<bool>,
}

impl Kit {
    pub fn new(vendor: Vendor, clock: Clock) -> Kit {
        Kit(Arc::new(Inner {
            faults: Faults::default(),
            transcript: Transcript::new(vendor.secrets),
            limits: Limits::new(clock.clone()),
            tick: OnceLock::new(),
            stop: watch::Sender::new(false),
            vendor,
            clock,
        }))
    }

    /// Has `tick` called after every change of the clock. The first caller wins.
    pub fn on_clock(&self, tick: Tick) {
        if self.0.tick.set(tick).is_err() {
            tracing::warn!("a second clock callback was ignored");
        }
    }

    pub fn vendor(&self) -> &Vendor {
        &self.0.vendor
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    pub fn transcript(&self) -> &Transcript {
        &self.0.transcript
    }

    /// Writes into the transcript that a fault has hit something that is no request, so that
    /// whoever asked for it sees when it happened. `whom` says whom it hit, as a query would.
    pub fn note_fault(&self, stream: &str, whom: String, hit: &Hit) {
        self.0.transcript.add(Entry {
            time: time::utc(self.0.clock.now()),
            stream: Some(stream.to_owned()),
            query: whom,
            fault: Some(hit.name().to_owned()),
            ..Entry::default()
        });
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Returns once the mock is told to stop.
    pub async fn stopped(&self) {
        // The sender lives as long as this kit.
        drop(self.0.stop.subscribe().wait_for(|stop| *stop).await);
    }

    pub fn is_stopped(&self) -> bool {
        *self.0.stop.borrow()
    }

    pub(crate) fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    pub(crate) fn tick(&self) {
        if let Some(tick) = self.0.tick.get() {
            tick();
        }
    }
}
