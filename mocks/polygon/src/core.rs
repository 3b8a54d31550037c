//! The mock at work: what it knows, who is connected, and what was sent. All data is a function of
//! the clock, so there is no market state to keep.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use mockkit::market::Market;
use mockkit::{Kit, Seed};
use serde::Serialize;
use tokio::sync::{broadcast, mpsc};

use crate::instruments::Instruments;
use crate::settings::{Key, Settings};
use crate::stream::Cluster;
use crate::stream::clusters::Channel;
use crate::timeline::Timeline;

/// Messages by hand that may wait for a slow client.
const POINTS: usize = 1_024;

pub struct Core {
    pub kit: Kit,
    pub settings: Settings,
    pub market: Arc<Market>,
    pub timeline: Timeline,
    pub instruments: Instruments,
    pub seed: Seed,
    /// Messages that came from `POST /_mock/points`.
    pub points: broadcast::Sender<Point>,
    requests: AtomicU64,
    clients: Mutex<Vec<Client>>,
    next_client: AtomicU64,
    replays: Mutex<BTreeMap<&'static str, Progress>>,
}

pub type Shared = Arc<Core>;

/// One message for whoever follows it.
#[derive(Clone, Debug)]
pub struct Point {
    pub cluster: String,
    pub channel: String,
    pub symbol: String,
    pub text: Arc<str>,
}

/// A logged-in client of a stream.
pub struct Client {
    pub id: u64,
    pub key: usize,
    pub cluster: Cluster,
    pub topics: Vec<String>,
    /// Told when another takes the place.
    evict: mpsc::Sender<()>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Sent {
    pub trades: u64,
    pub quotes: u64,
    pub bars: u64,
    pub others: u64,
    pub frames: u64,
    pub bytes: u64,
    /// Laps before the current one.
    pub laps: u32,
    /// Time of the last message.
    #[serde(skip)]
    pub reached: i64,
}

struct Progress {
    sent: Sent,
    started: Instant,
    seconds: f64,
    done: bool,
}

/// What `GET /_mock/replay` tells of a cluster.
#[derive(Debug, Serialize)]
pub struct Report {
    #[serde(flatten)]
    sent: Sent,
    messages: u64,
    done: bool,
    /// From the first frame to the last.
    seconds: f64,
    messages_per_second: f64,
}

impl Core {
    pub fn new(
        kit: Kit,
        settings: Settings,
        market: Arc<Market>,
        timeline: Timeline,
        instruments: Instruments,
    ) -> Core {
        Core {
            seed: Seed::new(settings.seed),
            kit,
            settings,
            market,
            timeline,
            instruments,
            points: broadcast::Sender::new(POINTS),
            requests: AtomicU64::new(0),
            clients: Mutex::default(),
            next_client: AtomicU64::new(0),
            replays: Mutex::default(),
        }
    }

    /// Thirty-two hexadecimal digits, as the vendor's.
    pub fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        self.seed.uuid("request", number).simple().to_string()
    }

    pub fn key(&self, key: &str) -> Option<usize> {
        self.settings.keys.iter().position(|known| known.key == key)
    }

    pub fn key_settings(&self, key: usize) -> &Key {
        &self.settings.keys[key]
    }

    /// Takes a place on a cluster; whoever is oldest beyond the limit is told to go. Nothing if
    /// newcomers are refused and there is no place.
    pub fn join(&self, key: usize, cluster: Cluster) -> Option<(u64, mpsc::Receiver<()>)> {
        let streams = &self.settings.streams;
        let mut clients = self.clients();
        let same = |client: &&Client| client.key == key && client.cluster == cluster;
        let taken = clients.iter().filter(same).count();
        if taken >= streams.connections {
            if streams.refuse_newcomer {
                return None;
            }
            for oldest in clients.iter().filter(same).take(taken + 1 - streams.connections) {
                // A client that is on its way out already needs no second word.
                let _ = oldest.evict.try_send(());
            }
        }
        let (evict, evicted) = mpsc::channel(1);
        let id = self.next_client.fetch_add(1, Ordering::Relaxed);
        clients.push(Client { id, key, cluster, topics: Vec::new(), evict });
        Some((id, evicted))
    }

    pub fn leave(&self, id: u64) {
        self.clients().retain(|client| client.id != id);
    }

    pub fn note_topics(&self, id: u64, topics: Vec<String>) {
        if let Some(client) = self.clients().iter_mut().find(|client| client.id == id) {
            client.topics = topics;
        }
    }

    pub fn clients(&self) -> MutexGuard<'_, Vec<Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn note_sent(&self, cluster: Cluster, sent: &Sent) {
        let mut replays = self.replays();
        let progress = replays.entry(cluster.name()).or_insert_with(Progress::new);
        progress.sent.add(sent);
        progress.seconds = progress.started.elapsed().as_secs_f64();
    }

    pub fn note_done(&self, cluster: Cluster) {
        self.replays().entry(cluster.name()).or_insert_with(Progress::new).done = true;
    }

    pub fn report(&self) -> BTreeMap<&'static str, Report> {
        let report = |progress: &Progress| {
            let messages = progress.sent.messages();
            Report {
                sent: progress.sent,
                messages,
                done: progress.done,
                seconds: progress.seconds,
                messages_per_second: messages as f64 / progress.seconds.max(1e-9),
            }
        };
        self.replays().iter().map(|(cluster, progress)| (*cluster, report(progress))).collect()
    }

    pub fn forget_sent(&self) {
        self.replays().clear();
    }

    fn replays(&self) -> MutexGuard<'_, BTreeMap<&'static str, Progress>> {
        self.replays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn new() -> Progress {
        Progress { sent: Sent::default(), started: Instant::now(), seconds: 0.0, done: false }
    }
}

impl Sent {
    pub fn messages(&self) -> u64 {
        self.trades + self.quotes + self.bars + self.others
    }

    pub fn count(&mut self, channel: Channel) {
        match channel {
            Channel::Trade => self.trades += 1,
            Channel::Quote => self.quotes += 1,
            Channel::Second | Channel::Minute => self.bars += 1,
            _ => self.others += 1,
        }
    }

    fn add(&mut self, more: &Sent) {
        self.trades += more.trades;
        self.quotes += more.quotes;
        self.bars += more.bars;
        self.others += more.others;
        self.frames += more.frames;
        self.bytes += more.bytes;
        self.laps = self.laps.max(more.laps);
    }
}
