//! The load generator: at speed `max` a day is pushed through each stock stream as fast as its
//! client takes it, from the clock's time on, as soon as the client subscribes. Frames are written
//! straight from the day's events into one buffer each; nothing is done per message but writing
//! its bytes. A feed goes on where its last connection stopped, so that a client which reconnects
//! has a gap to repair, as in real life.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use mockkit::market::{Day, Item, Quote, Trade};
use mockkit::time::DAY;
use serde::Serialize;

use crate::core::Core;
use crate::encode::{Bar, BarKind};
use crate::hub::{Batch, Encoding, Point};
use crate::subscriptions::{BARS, QUOTES, TRADES};

/// How far each feed has come, and how much it has sent.
#[derive(Default)]
pub struct Replays {
    feeds: Mutex<BTreeMap<&'static str, Progress>>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    place: Option<Place>,
    sent: Sent,
    started: Option<Instant>,
}

/// A lap is one run through the day; each later one is a day later.
#[derive(Clone, Copy, Debug)]
struct Place {
    lap: u32,
    index: usize,
}

/// What `GET /_mock/replay` tells of a feed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sent {
    pub trades: u64,
    pub quotes: u64,
    pub bars: u64,
    pub frames: u64,
    pub bytes: u64,
    /// Laps finished.
    pub laps: u32,
    pub done: bool,
    /// From the first frame to the last.
    pub seconds: f64,
    pub messages_per_second: f64,
}

/// One connection's way through the day.
pub struct Runner {
    feed: &'static str,
    day: Arc<Day>,
    mask: Vec<u8>,
    symbols: Arc<[String]>,
    tapes: Vec<char>,
    loops: u32,
    full: usize,
    batch: Batch,
}

impl Replays {
    /// The next frame, or nothing when all laps are done.
    pub fn next_frame(&self, core: &Core, runner: &mut Runner) -> Option<Vec<u8>> {
        let mut feeds = self.feeds();
        let progress = feeds.entry(runner.feed).or_default();
        let place = progress.place.get_or_insert_with(|| runner.first_place(core));
        let started = *progress.started.get_or_insert_with(Instant::now);
        let reached = runner.fill(place, &mut progress.sent);
        progress.sent.done = runner.is_over(place);
        progress.sent.laps = place.lap;
        let frame = runner.batch.take()?;
        let sent = &mut progress.sent;
        sent.frames += 1;
        sent.bytes += frame.len() as u64;
        sent.seconds = started.elapsed().as_secs_f64();
        drop(feeds);
        if let Some(time) = reached {
            core.world.kit.clock().reach(time);
        }
        Some(frame)
    }

    pub fn report(&self) -> BTreeMap<&'static str, Sent> {
        let rated = |sent: &Sent| {
            let messages = sent.trades + sent.quotes + sent.bars;
            let seconds = sent.seconds.max(1e-9);
            Sent { messages_per_second: messages as f64 / seconds, ..sent.clone() }
        };
        self.feeds().iter().map(|(feed, progress)| (*feed, rated(&progress.sent))).collect()
    }

    /// Starts every feed anew, at the clock's time.
    pub fn restart(&self) {
        self.feeds().clear();
    }

    fn feeds(&self) -> MutexGuard<'_, BTreeMap<&'static str, Progress>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runner {
    /// `mask` says which listings are followed, and on which channels.
    pub fn new(
        core: &Core,
        feed: &'static str,
        encoding: Encoding,
        mask: Vec<u8>,
        symbols: Arc<[String]>,
    ) -> Runner {
        let settings = &core.world.settings.replay;
        let day = Arc::clone(core.state().tape.day());
        Runner {
            feed,
            day,
            mask,
            symbols,
            tapes: core.world.assets.iter().map(crate::assets::Asset::tape).collect(),
            loops: settings.loops,
            full: settings.batch,
            batch: Batch::new(encoding),
        }
    }

    fn first_place(&self, core: &Core) -> Place {
        let now = core.world.kit.clock().now();
        Place { lap: 0, index: self.day.events.partition_point(|event| event.time <= now) }
    }

    fn is_over(&self, place: &Place) -> bool {
        self.day.events.is_empty() || (self.loops > 0 && place.lap >= self.loops)
    }

    /// Fills the batch; the time of its last point, for the clock, in the first lap.
    fn fill(&mut self, place: &mut Place, sent: &mut Sent) -> Option<i64> {
        let mut reached = None;
        let day = Arc::clone(&self.day);
        let first_lap = place.lap;
        while self.batch.len() < self.full && !self.is_over(place) {
            let Some(event) = day.events.get(place.index) else {
                place.lap += 1;
                place.index = 0;
                // A lap in which nothing is followed would never end.
                if place.lap > first_lap + 1 {
                    break;
                }
                continue;
            };
            place.index += 1;
            let symbol = usize::from(event.symbol);
            let mask = self.mask.get(symbol).copied().unwrap_or(0);
            let shift = i64::from(place.lap) * DAY;
            if self.add(day.item(*event), symbol, mask, shift, sent) && place.lap == 0 {
                reached = Some(event.time);
            }
        }
        reached
    }

    fn add(
        &mut self,
        item: Item<'_>,
        symbol: usize,
        mask: u8,
        shift: i64,
        sent: &mut Sent,
    ) -> bool {
        let (name, tape) = (&self.symbols[symbol], self.tapes[symbol]);
        match item {
            Item::Trade(trade) if mask & TRADES != 0 => {
                let trade = Trade { time: trade.time + shift, ..*trade };
                self.batch.add(name, tape, Point::Item(Item::Trade(&trade)));
                sent.trades += 1;
            }
            Item::Quote(quote) if mask & QUOTES != 0 => {
                let quote = Quote { time: quote.time + shift, ..*quote };
                self.batch.add(name, tape, Point::Item(Item::Quote(&quote)));
                sent.quotes += 1;
            }
            Item::Bar(bar) if mask & BARS != 0 => {
                let bar = Bar { time: bar.time + shift, ..Bar::from(bar) };
                self.batch.add(name, tape, Point::Bar(BarKind::Minute, &bar));
                sent.bars += 1;
            }
            _ => return false,
        }
        true
    }
}
