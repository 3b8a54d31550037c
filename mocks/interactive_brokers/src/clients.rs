//! Who is connected, what each has asked to be told, and what waits for each.

use std::collections::BTreeMap;

use mockkit::market::{Quote, Trade};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::history::{BarSize, What};
use crate::instruments::Index;
use crate::wire::{Answer, ScannerSubscription};

/// Answers that may wait for a client before it counts as gone.
const QUEUE: usize = 500_000;

/// A connection that has said who it is.
pub struct Client {
    /// Counts connections.
    pub key: u64,
    pub client_id: i32,
    pub codec: &'static str,
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
    queue: UnboundedSender<Answer>,
    waiting: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

/// The reading end of a client's queue.
pub struct Waiting {
    queue: UnboundedReceiver<Answer>,
    waiting: std::sync::Arc<std::sync::atomic::AtomicUsize>,
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
    pub fn new(key: u64, client_id: i32, codec: &'static str, version: i32) -> (Client, Waiting) {
        let (queue, receiver) = unbounded_channel();
        let waiting = std::sync::Arc::default();
        let reader = Waiting { queue: receiver, waiting: std::sync::Arc::clone(&waiting) };
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
        use std::sync::atomic::Ordering;
        // A client that is gone is taken out when its connection ends.
        if self.queue.send(answer).is_ok() {
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether more waits than anybody will ever read.
    pub fn is_lost(&self) -> bool {
        self.waiting.load(std::sync::atomic::Ordering::Relaxed) > QUEUE
    }

    /// Subscriptions that end when the program has lost its data.
    pub fn forget_market(&mut self) {
        self.lines.clear();
        self.prints.clear();
        self.depth.clear();
        self.live_bars.clear();
        self.growing.clear();
    }

    /// Whether anything has to be told to it as time goes by.
    pub fn has_beat(&self) -> bool {
        !self.live_bars.is_empty()
            || !self.growing.is_empty()
            || !self.gains.is_empty()
            || !self.summaries.is_empty()
            || !self.scanners.is_empty()
            || self.portfolio.is_some()
    }
}

impl Waiting {
    /// The next answer; nothing once the client has been taken out.
    pub async fn next(&mut self) -> Option<Answer> {
        let answer = self.queue.recv().await?;
        self.waiting.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        Some(answer)
    }
}

impl Waiting {
    /// An answer that waits already.
    pub fn ready(&mut self) -> Option<Answer> {
        let answer = self.queue.try_recv().ok()?;
        self.waiting.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        Some(answer)
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
