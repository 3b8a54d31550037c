//! Who is connected, what each has asked to be told, and what waits for each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mockkit::market::{Quote, Trade};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::codec::Codec;
use crate::faults;
use crate::history::{BarSize, What};
use crate::instruments::Index;
use crate::wire::{Answer, ScannerSubscription};

/// Frames that may wait for a client before it counts as gone.
const QUEUE: usize = 1_000_000;

/// A connection that has said who it is.
pub struct Client {
    /// Counts connections.
    pub key: u64,
    pub client_id: i32,
    pub codec: Arc<Codec>,
    pub version: i32,
    /// What kind of market data it asked for: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen.
    pub data_type: i32,
    pub lines: BTreeMap<i32, Line>,
    pub prints: BTreeMap<i32, Prints>,
    pub depth: BTreeMap<i32, Depth>,
    pub live_bars: BTreeMap<i32, LiveBars>,
    pub growing: BTreeMap<i32, Growing>,
    pub portfolio: Option<usize>,
    pub positions: bool,
    /// By account, or all.
    pub positions_multi: BTreeMap<i32, Option<usize>>,
    pub values_multi: BTreeMap<i32, (usize, bool)>,
    pub summaries: BTreeMap<i32, Vec<String>>,
    pub gains: BTreeMap<i32, Gains>,
    pub scanners: BTreeMap<i32, ScannerSubscription>,
    pub bulletins: bool,
    /// Client 0 has asked for orders placed by hand.
    pub binds: bool,
    queue: UnboundedSender<Frame>,
    waiting: Arc<AtomicUsize>,
}

/// The body of a frame, and which kind of frame it is.
pub struct Frame {
    pub stream: &'static str,
    pub body: Vec<u8>,
}

/// The reading end of a client's queue.
pub struct Waiting {
    queue: UnboundedReceiver<Frame>,
    waiting: Arc<AtomicUsize>,
}

/// Quotes and last prices of one instrument.
pub struct Line {
    pub instrument: Index,
    pub kind: i32,
    pub generic: Vec<u16>,
    pub quote: Option<Quote>,
    pub trade: Option<Trade>,
    pub volume: u64,
}

/// Every tick of one instrument.
pub struct Prints {
    pub instrument: Index,
    pub kind: PrintKind,
    pub ignore_size: bool,
    pub quote: Option<Quote>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintKind {
    Last,
    AllLast,
    BidAsk,
    MidPoint,
}

pub struct Depth {
    pub instrument: Index,
    pub smart: bool,
    pub quote: Option<Quote>,
}

pub struct LiveBars {
    pub instrument: Index,
    pub what: What,
    /// Only in the exchange's own hours.
    pub regular: bool,
}

/// History that goes on.
pub struct Growing {
    pub instrument: Index,
    pub what: What,
    pub size: BarSize,
    pub regular: bool,
    pub format: i32,
}

/// Profit and loss of an account, or of one position in it.
pub struct Gains {
    pub account: usize,
    pub instrument: Option<Index>,
    pub told: Option<Answer>,
}

impl Client {
    pub fn new(key: u64, client_id: i32, codec: Arc<Codec>, version: i32) -> (Client, Waiting) {
        let (queue, receiver) = unbounded_channel();
        let waiting = Arc::default();
        let reader = Waiting { queue: receiver, waiting: Arc::clone(&waiting) };
        let client = Client {
            key,
            client_id,
            codec,
            version,
            data_type: 1,
            lines: BTreeMap::new(),
            prints: BTreeMap::new(),
            depth: BTreeMap::new(),
            live_bars: BTreeMap::new(),
            growing: BTreeMap::new(),
            portfolio: None,
            positions: false,
            positions_multi: BTreeMap::new(),
            values_multi: BTreeMap::new(),
            summaries: BTreeMap::new(),
            gains: BTreeMap::new(),
            scanners: BTreeMap::new(),
            bulletins: false,
            binds: false,
            queue,
            waiting,
        };
        (client, reader)
    }

    pub fn send(&self, answer: Answer) {
        let Some(body) = self.codec.encode(&answer) else { return };
        // A client that is gone is taken out when its connection ends.
        if self.queue.send(Frame { stream: faults::stream(&answer), body }).is_ok() {
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether more waits than anybody will ever read.
    pub fn is_lost(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > QUEUE
    }

    /// Instruments of whose every tick it is told.
    pub fn followed(&self) -> impl Iterator<Item = Index> + '_ {
        let lines = self.lines.values().map(|line| line.instrument);
        let prints = self.prints.values().map(|prints| prints.instrument);
        lines.chain(prints).chain(self.depth.values().map(|depth| depth.instrument))
    }

    /// Subscriptions that end when the program has lost its data.
    pub fn forget_market(&mut self) {
        self.lines.clear();
        self.prints.clear();
        self.depth.clear();
        self.live_bars.clear();
        self.growing.clear();
    }

    /// How often something may have to be told to it as time goes by, in seconds.
    pub fn beat_secs(&self) -> Option<i64> {
        if !self.gains.is_empty() {
            Some(1)
        } else if !self.live_bars.is_empty() || !self.growing.is_empty() {
            Some(5)
        } else if self.portfolio.is_some() || !self.summaries.is_empty() {
            Some(180)
        } else {
            None
        }
    }
}

impl Waiting {
    /// The next frame; nothing once the client has been taken out.
    pub async fn next(&mut self) -> Option<Frame> {
        let frame = self.queue.recv().await?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(frame)
    }

    /// A frame that waits already.
    pub fn ready(&mut self) -> Option<Frame> {
        let frame = self.queue.try_recv().ok()?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(frame)
    }
}

impl PrintKind {
    pub fn parse(text: &str) -> Option<PrintKind> {
        match text {
            "Last" => Some(PrintKind::Last),
            "AllLast" => Some(PrintKind::AllLast),
            "BidAsk" => Some(PrintKind::BidAsk),
            "MidPoint" => Some(PrintKind::MidPoint),
            _ => None,
        }
    }
}
