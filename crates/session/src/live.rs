//! A live feed without holes.

use std::collections::VecDeque;
use std::time::Duration;

use component::{Audit, Batch, Clock, Fault, Host, Item, Result};
use futures_util::future::BoxFuture;
use model::{InstrumentId, Timestamp};

use crate::frames::Frame;
use crate::sessions::Sessions;
use crate::watch::{Cursor, Page, Stretch, Watch};

/// Frames that make one batch at most.
const MAX_BATCH_FRAMES: usize = 512;
/// Bytes of frames that wait for a repair at most; after that they are published before it ends.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;
/// How long a repair has the first word; a vendor may take minutes to give its history, and what
/// happens now must not wait for that.
const MAX_HELD: Duration = Duration::from_secs(5);

/// What a live feed needs to know of a vendor.
pub trait Subscription: Send + 'static {
    /// Adds everything that a frame holds. A fault ends the session.
    fn decode(&mut self, frame: &[u8], items: &mut Vec<Item>) -> Result<()>;

    /// Asks the vendor's history for a page of a stretch: the first one, or the one that the page
    /// before it announced.
    fn page(&self, stretch: Stretch, next: Option<String>) -> BoxFuture<'static, Result<Page>>;

    /// Waits for an end of the session that no frame tells of.
    fn lapse(&self) -> BoxFuture<'static, Fault> {
        Box::pin(std::future::pending())
    }

    /// What is subscribed to: a gap is marked for each.
    fn instruments(&self) -> Vec<InstrumentId>;
}

/// A session or several, and the vendor's history behind them.
pub struct Live<S> {
    session: Sessions,
    subscription: S,
    clock: Clock,
    watch: Watch,
    is_started: bool,
    reading: Option<BoxFuture<'static, Result<Page>>>,
    /// Frames that arrived and are not published yet.
    held: VecDeque<Frame>,
    held_bytes: usize,
    /// Until when frames wait for the repair under way.
    held_until: Option<Timestamp>,
    /// Why the session ended, once everything it brought is handed over.
    ended: Option<Fault>,
}

impl<S: Subscription> Live<S> {
    /// A feed that was subscribed to when the vendor's clock said `vendor_now`.
    pub fn new(
        host: &Host,
        session: impl Into<Sessions>,
        subscription: S,
        audit_every: Option<Duration>,
        vendor_now: Timestamp,
    ) -> Self {
        let instruments = subscription.instruments();
        let now = host.clock.now();
        Self {
            watch: Watch::new(host.instance(), instruments, audit_every, vendor_now, now),
            session: session.into(),
            subscription,
            clock: host.clock.clone(),
            is_started: false,
            reading: None,
            held: VecDeque::new(),
            held_bytes: 0,
            held_until: None,
            ended: None,
        }
    }

    /// The next records after `cursor`. Dropping the future loses nothing.
    pub async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        if let Some(fault) = self.ended.take() {
            return Err(fault);
        }
        if !self.is_started {
            self.is_started = true;
            let opened = self.watch.start(cursor);
            if !opened.is_empty() {
                return Ok(self.batch(opened));
            }
        }
        loop {
            let now = self.clock.now();
            if self.reading.is_none()
                && let Some((stretch, next)) = self.watch.next(now)
            {
                self.reading = Some(self.subscription.page(stretch, next));
            }
            let is_busy = self.reading.is_some();
            let patience = self.patience(now);
            let has_waited = async {
                match patience {
                    Some(left) => self.clock.sleep(left).await,
                    None => std::future::pending().await,
                }
            };
            // The page comes first: on a busy feed there is always another frame.
            let step = tokio::select! {
                biased;
                page = or_never(&mut self.reading) => Step::Page(page),
                frame = self.session.next_frame() => Step::Frame(frame),
                fault = self.subscription.lapse() => Step::Frame(Err(fault)),
                () = has_waited, if !self.held.is_empty() => Step::Late,
                () = self.clock.sleep(self.watch.idle(now)), if !is_busy => continue,
            };
            let batch = match step {
                Step::Page(page) => self.turned(page),
                Step::Frame(Ok(frame)) => self.arrived(frame),
                Step::Frame(Err(fault)) => self.lost(fault, Vec::new()),
                Step::Late => self.passed(),
            };
            if !batch.items.is_empty() || batch.audit.is_some() {
                return Ok(batch);
            }
        }
    }

    fn turned(&mut self, page: Result<Page>) -> Batch<Cursor> {
        self.reading = None;
        let now = self.clock.now();
        let (mut items, audited) = match page {
            Ok(page) => self.watch.turned(page, now),
            Err(fault) => (self.watch.failed(&fault, now), None),
        };
        if audited.is_none()
            && !self.watch.is_repairing()
            && let Err(fault) = self.release(&mut items)
        {
            return self.lost(fault, items);
        }
        let mut batch = self.batch(items);
        batch.audit = audited.map(|(from, to)| Audit { from, to });
        batch
    }

    /// How long frames still wait for a repair: not at all where there is none.
    fn patience(&mut self, now: Timestamp) -> Option<Duration> {
        if !self.watch.is_repairing() {
            self.held_until = None;
            return None;
        }
        let patience = i64::try_from(MAX_HELD.as_nanos()).unwrap_or(i64::MAX);
        let until = *self.held_until.get_or_insert(now.plus_nanos(patience));
        Some(Duration::from_nanos(until.since(now).max(0).unsigned_abs()))
    }

    /// Takes in what has arrived; during a repair it waits a while, so that records stay in order.
    fn arrived(&mut self, frame: Frame) -> Batch<Cursor> {
        self.hold(frame);
        let waits = self.patience(self.clock.now()).is_some_and(|left| !left.is_zero());
        if waits && self.held_bytes < MAX_HELD_BYTES {
            return self.batch(Vec::new());
        }
        self.passed()
    }

    /// Hands on what was held, and what else is there already.
    fn passed(&mut self) -> Batch<Cursor> {
        let mut items = Vec::new();
        let mut fault = None;
        while self.held.len() < MAX_BATCH_FRAMES && fault.is_none() {
            match self.session.ready_frame() {
                Ok(Some(frame)) => self.hold(frame),
                Ok(None) => break,
                Err(end) => fault = Some(end),
            }
        }
        let released = self.release(&mut items);
        match released.err().or(fault) {
            Some(fault) => self.lost(fault, items),
            None => self.batch(items),
        }
    }

    fn hold(&mut self, frame: Frame) {
        self.held_bytes += frame.len();
        self.held.push_back(frame);
    }

    /// Decodes everything that was held.
    fn release(&mut self, items: &mut Vec<Item>) -> Result<()> {
        let before = items.len();
        let mut result = Ok(());
        let mut is_doubtful = false;
        while let Some(frame) = self.held.pop_front() {
            self.held_bytes -= frame.len();
            let first = items.len();
            match frame.whole() {
                Ok(frame) => result = self.subscription.decode(frame, items),
                Err(bad) => items.push(Item::Bad { raw: frame.to_vec(), bad }),
            }
            // A part of a frame that is bad is one bad item; a whole one hides what it held.
            is_doubtful |= matches!(
                &items[first..],
                [Item::Bad { raw, .. }] if raw.len() == frame.len()
            );
            if result.is_err() {
                break;
            }
        }
        let now = self.clock.now();
        if is_doubtful {
            // The page that is being read belongs to a stretch that ends too early.
            self.reading = None;
            items.extend(self.watch.doubt(now));
        }
        self.watch.published(&items[before..], now);
        result
    }

    /// The last batch of a session: what it still brought, and that more may be missing.
    fn lost(&mut self, fault: Fault, mut items: Vec<Item>) -> Batch<Cursor> {
        // A second fault while the first is handed over adds nothing.
        let _ = self.release(&mut items);
        items.extend(self.watch.lost(&fault.to_string()));
        self.ended = Some(fault);
        self.batch(items)
    }

    fn batch(&self, items: Vec<Item>) -> Batch<Cursor> {
        Batch { items, ..Batch::up_to(self.watch.cursor()) }
    }
}

enum Step {
    Page(Result<Page>),
    Frame(Result<Frame>),
    Late,
}

async fn or_never(reading: &mut Option<BoxFuture<'static, Result<Page>>>) -> Result<Page> {
    match reading {
        Some(page) => page.await,
        None => std::future::pending().await,
    }
}
