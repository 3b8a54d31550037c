//! Live trades, quotes and bars. Polygon allows one connection for each cluster and key, so one
//! component carries all of them.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use component::{Audit, Bad, Batch, Fault, Feed, Host, Item, OrBad, Result, Source};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use http::{Http, Request};
use model::{Event, Text};
use serde_json::json;
use session::{Frame, Session, Step};

use crate::api::{KEY, Page, VendorClock, follow};
use crate::history;
use crate::map::{self, Asked, Kind, Mark};
use crate::settings::{self, Cluster, System};
use crate::watch::{ALL, Ask, Cursor, Found, Watch};
use crate::wire;

/// Polygon gives a client ten seconds to log in; we give it as long to answer.
const LOGIN: Duration = Duration::from_secs(10);
/// A refusal does not name its topic: it is known once nothing more is confirmed.
const CONFIRMATIONS: Duration = Duration::from_secs(1);
/// Frames and records that make one batch at most.
const MAX_BATCH_FRAMES: usize = 512;
const MAX_BATCH_ITEMS: usize = 4_096;
/// Frames that may arrive before the session is ready.
const MAX_EARLY: usize = 10_000;
/// Pages of history that are asked for at once.
const MAX_ASKING: usize = 8;

/// Trades, quotes and bars as they happen.
pub struct MarketData {
    system: System,
    host: Host,
    http: Http,
    follows: Vec<(Kind, Vec<String>)>,
    session: Option<Session>,
    /// What arrived before the session was ready.
    early: VecDeque<Frame>,
    watch: Watch,
    asking: FuturesUnordered<BoxFuture<'static, (Ask, Result<Found>)>>,
    marks: Vec<Option<Mark>>,
    is_started: bool,
    /// What is to be published about topics that Polygon refuses.
    notes: Vec<Item>,
    /// Why the session ended, once everything it brought is handed over.
    ended: Option<Fault>,
}

/// The names of the channels of trades, quotes, second bars and minute bars.
fn channels(cluster: Cluster) -> [Option<&'static str>; 4] {
    match cluster {
        Cluster::Stocks | Cluster::Options => [Some("T"), Some("Q"), Some("A"), Some("AM")],
        Cluster::Forex => [None, Some("C"), Some("CAS"), Some("CA")],
        Cluster::Crypto => [Some("XT"), Some("XQ"), Some("XAS"), Some("XA")],
        Cluster::Indices => [None, None, Some("A"), Some("AM")],
    }
}

impl Source for MarketData {
    const NAME: &'static str = "polygon_market_data";
    const FEED: Feed = Feed::Live;
    const PUBLISHES: &'static [&'static str] = &["market.trades", "market.quotes", "market.bars"];
    type System = System;
    type Settings = settings::MarketData;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::MarketData, host: Host) -> Result<Self> {
        let follows = follows(&system, settings.clone())?;
        let http = system.http(&host)?;
        let every = Some(Duration::from_secs(settings.audit_secs)).filter(|every| !every.is_zero());
        let mut source = Self {
            watch: Watch::new(host.instance(), &follows, every),
            system,
            host,
            http,
            follows,
            session: None,
            early: VecDeque::new(),
            asking: FuturesUnordered::new(),
            marks: Vec::new(),
            is_started: false,
            notes: Vec::new(),
            ended: None,
        };
        source.open().await?;
        Ok(source)
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        if let Some(fault) = self.ended.take() {
            return Err(fault);
        }
        if !std::mem::replace(&mut self.is_started, true) {
            let opened = self.watch.resume(cursor);
            if !opened.is_empty() {
                return Ok(self.batch(opened));
            }
        }
        if self.session.is_none() {
            // The source stays: it knows what it has seen. The runtime waits before each attempt.
            self.open().await.map_err(again)?;
        }
        loop {
            let batch = self.step().await;
            if !batch.items.is_empty() || batch.audit.is_some() {
                return Ok(batch);
            }
        }
    }

    fn redrive(raw: &[u8]) -> Result<Vec<Event>, Bad> {
        let event = map::message(session::message(str::from_utf8(raw).or_bad("")?)?)?;
        Ok(event.into_iter().map(|(event, _)| event).collect())
    }
}

/// What is followed of each kind, spelled as the stream spells it.
fn follows(system: &System, settings: settings::MarketData) -> Result<Vec<(Kind, Vec<String>)>> {
    let settings::MarketData { trades, quotes, bars, second_bars, .. } = settings;
    let cluster = system.connection.cluster;
    let spelled = |symbol: String| match cluster {
        Cluster::Forex => symbol.trim_start_matches("C:").replace('-', "/"),
        Cluster::Crypto => symbol.trim_start_matches("X:").to_owned(),
        Cluster::Stocks | Cluster::Options | Cluster::Indices => symbol,
    };
    let mut follows = Vec::new();
    for (kind, symbols) in Kind::ALL.into_iter().zip([trades, quotes, second_bars, bars]) {
        let mut symbols: BTreeSet<String> = symbols.into_iter().map(spelled).collect();
        if symbols.contains(ALL) {
            symbols.retain(|symbol| symbol == ALL);
        }
        if let Some(odd) = symbols.iter().find(|symbol| symbol.is_empty() || symbol.contains(',')) {
            return Err(Fault::fatal(format!("{odd:?} is not a symbol")));
        }
        if !symbols.is_empty() && channels(cluster)[kind as usize].is_some() {
            follows.push((kind, symbols.into_iter().collect()));
        }
    }
    if follows.is_empty() {
        return Err(Fault::fatal("market_data has no symbols: name some trades, quotes or bars"));
    }
    Ok(follows)
}

impl MarketData {
    /// One attempt to open a session: log in, subscribe.
    async fn open(&mut self) -> Result<()> {
        let mut session = Session::open(&self.system.stream()).await?;
        let mut early = VecDeque::new();
        expect(&mut session, &mut early, "greeting", "connected").await?;
        let login = json!({"action": "auth", "params": self.system.key()});
        session.send(login.to_string()).await?;
        expect(&mut session, &mut early, "login", "auth_success").await?;
        let mut refused = Vec::new();
        for (kind, symbols) in &self.follows {
            let channel = channels(self.system.connection.cluster)[*kind as usize];
            let (topics, reason) =
                subscribe(&mut session, &mut early, channel.unwrap_or_default(), symbols).await?;
            if !topics.is_empty() && topics.len() == symbols.len() && self.follows.len() == 1 {
                return Err(Fault::fatal(format!("polygon sends no {}: {reason}", kind.as_str())));
            }
            refused.extend(topics.into_iter().map(|symbol| (*kind, symbol, reason.clone())));
        }
        // Read last: what is over by now has to be repaired, the rest comes by the stream.
        let clock = VendorClock::read(&self.http, &self.host.clock).await?;
        self.watch.connected(clock.now(), self.host.clock.now());
        for (kind, symbol, reason) in refused {
            self.notes.push(self.watch.refused(kind, &symbol, &reason));
        }
        (self.session, self.early) = (Some(session), early);
        Ok(())
    }

    /// Waits for the next thing to happen, and gives what follows from it.
    async fn step(&mut self) -> Batch<Cursor> {
        let now = self.host.clock.now();
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(self.watch.due(now));
        if !notes.is_empty() {
            return self.batch(notes);
        }
        while self.asking.len() < MAX_ASKING
            && let Some(ask) = self.watch.next(now)
        {
            let has_snapshot = self.system.connection.cluster == Cluster::Stocks;
            self.asking.push(answer(self.http.clone(), ask, has_snapshot).boxed());
        }
        if let Some(frame) = self.early.pop_front() {
            return self.arrived(frame);
        }
        let idle = self.watch.idle(now, self.asking.len() < MAX_ASKING);
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
            () = self.host.clock.sleep(idle) => self.batch(notes),
        }
    }

    fn answered(&mut self, ask: &Ask, found: Result<Found>) -> Batch<Cursor> {
        let now = self.host.clock.now();
        let (items, audited) = match found {
            Ok(found) => self.watch.found(ask, found, now),
            Err(fault) => (self.watch.failed(ask, &fault, now), None),
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
        let now = self.host.clock.now();
        let first = items.len();
        self.marks.clear();
        let said = match frame.whole() {
            Ok(bytes) => map::frame(bytes, items, &mut self.marks),
            Err(bad) => {
                items.push(Item::Bad { raw: frame.to_vec(), bad });
                Vec::new()
            }
        };
        for (item, mark) in items[first..].iter().zip(&self.marks) {
            let (Item::Event(event), Some(mark)) = (item, mark) else { continue };
            let symbol = match event {
                Event::Trade(trade) => &trade.symbol,
                Event::Quote(quote) => &quote.symbol,
                Event::Bar(bar) => &bar.symbol,
                _ => continue,
            };
            self.watch.seen(symbol, *mark, event.head().event_time, now);
        }
        // A part of a frame that is bad is one bad item; a whole one hides what it held.
        let is_whole = |raw: &Vec<u8>| raw.len() == frame.len();
        if matches!(&items[first..], [Item::Bad { raw, .. }] if is_whole(raw)) {
            items.extend(self.watch.doubt(now));
        }
        let mut faults = said.iter().filter_map(refusal);
        faults.next().map_or(Ok(()), Err)
    }

    /// The last batch of a session: what it still brought, and that more may be missing.
    fn lost(&mut self, fault: Fault, mut items: Vec<Item>) -> Batch<Cursor> {
        items.extend(self.watch.lost(&fault.to_string()));
        (self.session, self.early) = (None, VecDeque::new());
        self.ended = Some(again(fault));
        self.batch(items)
    }

    fn batch(&self, items: Vec<Item>) -> Batch<Cursor> {
        Batch { items, ..Batch::up_to(self.watch.cursor()) }
    }
}

/// The source outlives its sessions, for it knows what it has seen.
fn again(fault: Fault) -> Fault {
    match fault {
        Fault::Disconnected(reason) => Fault::Retry(reason),
        fault => fault,
    }
}

/// What Polygon says when it does not go on.
fn refusal(status: &wire::Status) -> Option<Fault> {
    let said = format!("polygon said {}: {}", status.status, status.message);
    match status.status.as_str() {
        "auth_failed" => Some(Fault::unauthorized(said, KEY)),
        "auth_timeout" => Some(Fault::disconnected(said)),
        // Two that take the connection from each other would do so for ever.
        "max_connections" => Some(Fault::fatal(format!("another client uses this key: {said}"))),
        _ => None,
    }
}

/// What a frame says about the session. Records in it are for later.
fn statuses(frame: &Frame, early: &mut VecDeque<Frame>) -> Vec<wire::Status> {
    let (mut items, mut marks) = (Vec::new(), Vec::new());
    let said = frame.whole().map_or(Vec::new(), |f| map::frame(f, &mut items, &mut marks));
    if said.is_empty() || !items.is_empty() {
        early.push_back(frame.clone());
    }
    said
}

/// Waits for a status.
async fn expect(
    session: &mut Session,
    early: &mut VecDeque<Frame>,
    what: &str,
    wanted: &str,
) -> Result<()> {
    let judge = |frame: &Frame| {
        for status in statuses(frame, early) {
            if status.status == wanted {
                return Step::Done(());
            }
            match refusal(&status) {
                // The other one may be our own last connection, which Polygon still counts.
                Some(Fault::Fatal(reason)) => return Step::Refused(Fault::Disconnected(reason)),
                Some(fault) => return Step::Refused(fault),
                None => {}
            }
        }
        Step::Skip
    };
    session.expect(LOGIN, what, judge).await
}

/// Subscribes to the symbols of a channel. Gives those that are refused, and the words.
async fn subscribe(
    session: &mut Session,
    early: &mut VecDeque<Frame>,
    channel: &str,
    symbols: &[String],
) -> Result<(Vec<String>, String)> {
    let topics: Vec<String> = symbols.iter().map(|symbol| format!("{channel}.{symbol}")).collect();
    let request = json!({"action": "subscribe", "params": topics.join(",")});
    session.send(request.to_string()).await?;
    let mut left: BTreeSet<String> = topics.into_iter().collect();
    let (mut refusals, mut reason) = (0, String::new());
    while left.len() > refusals {
        let wait = if refusals > 0 { CONFIRMATIONS } else { LOGIN };
        let judge = |frame: &Frame| match statuses(frame, early) {
            _ if early.len() > MAX_EARLY => {
                Step::Refused(Fault::disconnected("too much came before the subscription"))
            }
            said if said.is_empty() => Step::Skip,
            said => Step::Done(said),
        };
        let said = match session.expect(wait, "confirmation", judge).await {
            Err(_) if refusals > 0 => break,
            said => said?,
        };
        for status in said {
            if let Some(topic) = status.message.strip_prefix("subscribed to: ") {
                left.remove(topic);
                left.remove(&topic.replace('-', "/"));
            } else if status.status == "error" {
                (refusals, reason) = (refusals + 1, status.message.to_string());
            } else if let Some(fault) = refusal(&status) {
                return Err(fault);
            }
        }
    }
    // A ticker may hold dots.
    let symbol = |topic: String| Some(topic.split_once('.')?.1.to_owned());
    Ok((left.into_iter().filter_map(symbol).collect(), reason))
}

async fn answer(http: Http, ask: Ask, has_snapshot: bool) -> (Ask, Result<Found>) {
    let found = match ask.symbol.as_str() {
        ALL if has_snapshot => symbols(&http, &ask).await,
        ALL => Err(Fault::fatal("polygon tells of stocks alone which have changed")),
        _ => page(&http, &ask).await,
    };
    (ask, found)
}

/// The symbols that have changed since.
async fn symbols(http: &Http, ask: &Ask) -> Result<Found> {
    let request = Request::get("/v2/snapshot/locale/us/markets/stocks/tickers");
    let page = Page::fetch(http, request).await?;
    let mut symbols: Vec<Text> = Vec::new();
    for row in page.rows()? {
        // What cannot be read, or does not say, has changed for all we know.
        let Ok(row) = http::decode::<wire::Changed>(row) else { continue };
        let last = if ask.kind == Kind::Quotes { row.last_quote } else { row.last_trade };
        let last = last.and_then(|last| last.t).unwrap_or(i64::MAX);
        if map::time(last) >= ask.from {
            symbols.push(row.ticker);
        }
    }
    Ok(Found::Symbols(symbols))
}

/// A page of a symbol's history.
async fn page(http: &Http, ask: &Ask) -> Result<Found> {
    let (kind, period) = (ask.kind, ask.kind.period());
    let request = match &ask.next {
        Some(next) => follow(next),
        None => history::request(kind, &ask.symbol, period, ask.from, ask.to),
    };
    let page = Page::fetch(http, request).await?;
    let asked = Asked { kind, symbol: &ask.symbol, period, now: ask.to };
    let mut records = Vec::new();
    for row in page.rows()? {
        records.push(match map::row(asked, row) {
            Ok((event, number)) => (Item::Event(event), number),
            Err(bad) => (Item::Bad { raw: row.get().as_bytes().to_vec(), bad }, 0),
        });
    }
    Ok(Found::Records(records, page.next))
}
