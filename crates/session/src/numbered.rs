//! A live feed of records that have numbers, over as many sessions as it takes.
//!
//! Numbers say which records are missing, symbol by symbol, so that only those are read again. Live
//! records are not held back meanwhile: repaired ones come between the opening and the closing of
//! their gap.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use component::{Audit, Batch, Clock, Fault, Host, Item, Result};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use model::{Date, Event, InstrumentId, Text, Timestamp};

use crate::frames::Frame;
use crate::holes::{Kind, Mark};
use crate::repairs::{Ask, Found, Meaning, Repairs};
use crate::sessions::Sessions;
use crate::watch::Cursor;

/// Frames and records that make one batch at most.
const MAX_BATCH_FRAMES: usize = 512;
const MAX_BATCH_ITEMS: usize = 4_096;
/// Pages of history that are asked for at once.
const MAX_ASKING: usize = 8;

/// What a feed of numbered records needs to know of a vendor.
pub trait Channels: Send + 'static {
    /// Our identity of a symbol, or of [`crate::ALL`].
    fn identity(symbol: &str) -> InstrumentId;

    /// The day whose numbers a record of this time belongs to: they begin anew each day.
    fn day(time: Timestamp) -> Date;

    /// Whether a refusal means that nobody gets this kind of record with this key.
    fn is_closed(refusal: &Fault) -> bool;

    /// The symbols that are followed of each kind; [`crate::ALL`] for all.
    fn follows(&self) -> &[(Kind, Vec<String>)];

    /// One attempt to open a session: logs in and subscribes.
    fn open(&mut self) -> impl Future<Output = Result<Opened>> + Send;

    /// Adds everything that a frame holds, and the mark of each item that is not bad. A fault
    /// ends the session.
    fn decode(
        &mut self,
        frame: &[u8],
        items: &mut Vec<Item>,
        marks: &mut Vec<Option<Mark>>,
    ) -> Result<()>;

    /// Asks the vendor's history.
    fn ask(&self, ask: &Ask) -> BoxFuture<'static, Result<Found>>;
}

/// A session that is subscribed.
pub struct Opened {
    /// The session, or several.
    pub session: Sessions,
    /// Records that arrived before it was ready.
    pub early: VecDeque<Frame>,
    /// The vendor's clock: what is over by now has to be repaired, the rest comes by the stream.
    pub vendor_now: Timestamp,
    /// Symbols that the vendor does not send, and its words.
    pub refused: Vec<(Kind, Text, String)>,
}

/// A feed of numbered records. It outlives its sessions, for it knows what it has seen.
pub struct Numbered<C> {
    channels: C,
    clock: Clock,
    session: Option<Sessions>,
    early: VecDeque<Frame>,
    repairs: Repairs,
    asking: FuturesUnordered<BoxFuture<'static, (Ask, Result<Found>)>>,
    marks: Vec<Option<Mark>>,
    is_started: bool,
    /// What is to be published about symbols that are refused.
    notes: Vec<Item>,
    /// Why the session ended, once everything it brought is handed over.
    ended: Option<Fault>,
}

impl<C: Channels> Numbered<C> {
    /// Opens the first session.
    pub async fn open(host: &Host, channels: C, audit_every: Option<Duration>) -> Result<Self> {
        let meaning = Meaning { identity: C::identity, day: C::day, is_closed: C::is_closed };
        let repairs = Repairs::new(host.instance(), meaning, channels.follows(), audit_every);
        let mut feed = Self {
            channels,
            clock: host.clock.clone(),
            session: None,
            early: VecDeque::new(),
            repairs,
            asking: FuturesUnordered::new(),
            marks: Vec::new(),
            is_started: false,
            notes: Vec::new(),
            ended: None,
        };
        feed.connect().await?;
        Ok(feed)
    }

    async fn connect(&mut self) -> Result<()> {
        let opened = self.channels.open().await?;
        self.repairs.connected(opened.vendor_now, self.clock.now());
        for (kind, symbol, reason) in opened.refused {
            self.notes.push(self.repairs.refused(kind, &symbol, &reason));
        }
        (self.session, self.early) = (Some(opened.session), opened.early);
        Ok(())
    }

    /// The next records after `cursor`. Dropping the future loses nothing.
    pub async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        if let Some(fault) = self.ended.take() {
            return Err(fault);
        }
        if !std::mem::replace(&mut self.is_started, true) {
            let opened = self.repairs.resume(cursor);
            if !opened.is_empty() {
                return Ok(self.batch(opened));
            }
        }
        if self.session.is_none() {
            // The runtime waits before each attempt.
            self.connect().await.map_err(again)?;
        }
        loop {
            let batch = self.step().await;
            if !batch.items.is_empty() || batch.audit.is_some() {
                return Ok(batch);
            }
        }
    }

    /// Waits for the next thing to happen, and gives what follows from it.
    async fn step(&mut self) -> Batch<Cursor> {
        let now = self.clock.now();
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(self.repairs.due(now));
        if !notes.is_empty() {
            return self.batch(notes);
        }
        while self.asking.len() < MAX_ASKING
            && let Some(ask) = self.repairs.next(now)
        {
            let found = self.channels.ask(&ask);
            self.asking.push(Box::pin(async move { (ask, found.await) }));
        }
        if let Some(frame) = self.early.pop_front() {
            return self.arrived(frame);
        }
        let idle = self.repairs.idle(now, self.asking.len() < MAX_ASKING);
        let Some(session) = &mut self.session else { return self.batch(notes) };
        tokio::select! {
            biased;
            Some((ask, found)) = self.asking.next(), if !self.asking.is_empty() => {
                self.answered(&ask, found)
            }
            frame = session.next_frame() => match frame {
                Ok(frame) => self.arrived(frame),
                Err(fault) => self.lost(fault, notes),
            },
            () = self.clock.sleep(idle) => self.batch(notes),
        }
    }

    fn answered(&mut self, ask: &Ask, found: Result<Found>) -> Batch<Cursor> {
        let now = self.clock.now();
        let (items, audited) = match found {
            Ok(found) => self.repairs.found(ask, found, now),
            Err(fault) => (self.repairs.failed(ask, &fault, now), None),
        };
        let mut batch = self.batch(items);
        batch.audit = audited.map(|(from, to)| Audit { from, to });
        batch
    }

    /// Takes in what has arrived.
    fn arrived(&mut self, frame: Frame) -> Batch<Cursor> {
        let mut items = Vec::new();
        let mut fault = self.decode(&frame, &mut items).err();
        let mut frames = 1;
        while fault.is_none() && frames < MAX_BATCH_FRAMES && items.len() < MAX_BATCH_ITEMS {
            let next = match (self.early.pop_front(), &mut self.session) {
                (Some(frame), _) => Ok(Some(frame)),
                (None, Some(session)) => session.ready_frame(),
                (None, None) => Ok(None),
            };
            match next {
                Ok(Some(frame)) => fault = self.decode(&frame, &mut items).err(),
                Ok(None) => break,
                Err(end) => fault = Some(end),
            }
            frames += 1;
        }
        match fault {
            Some(fault) => self.lost(fault, items),
            None => self.batch(items),
        }
    }

    /// Adds everything that a frame holds. A fault ends the session.
    fn decode(&mut self, frame: &Frame, items: &mut Vec<Item>) -> Result<()> {
        let now = self.clock.now();
        let first = items.len();
        self.marks.clear();
        let result = match frame.whole() {
            Ok(bytes) => self.channels.decode(bytes, items, &mut self.marks),
            Err(bad) => {
                items.push(Item::Bad { raw: frame.to_vec(), bad });
                Ok(())
            }
        };
        for (item, mark) in items[first..].iter().zip(&self.marks) {
            if let (Item::Event(event), Some(mark)) = (item, mark)
                && let Some(symbol) = symbol(event)
            {
                self.repairs.seen(symbol, *mark, event.head().event_time, now);
            }
        }
        // A part of a frame that is bad is one bad item; a whole one hides what it held.
        let is_whole = |raw: &Vec<u8>| raw.len() == frame.len();
        if matches!(&items[first..], [Item::Bad { raw, .. }] if is_whole(raw)) {
            items.extend(self.repairs.doubt(now));
        }
        result
    }

    /// The last batch of a session: what it still brought, and that more may be missing.
    fn lost(&mut self, fault: Fault, mut items: Vec<Item>) -> Batch<Cursor> {
        items.extend(self.repairs.lost(&fault.to_string()));
        (self.session, self.early) = (None, VecDeque::new());
        self.ended = Some(again(fault));
        self.batch(items)
    }

    fn batch(&self, items: Vec<Item>) -> Batch<Cursor> {
        Batch { items, ..Batch::up_to(self.repairs.cursor()) }
    }
}

/// The vendor's name of what a record is about.
fn symbol(event: &Event) -> Option<&Text> {
    match event {
        Event::Trade(trade) => Some(&trade.symbol),
        Event::Quote(quote) => Some(&quote.symbol),
        Event::Bar(bar) => Some(&bar.symbol),
        _ => None,
    }
}

/// The feed outlives its sessions: it is not made anew.
fn again(fault: Fault) -> Fault {
    match fault {
        Fault::Disconnected(reason) => Fault::Retry(reason),
        fault => fault,
    }
}
