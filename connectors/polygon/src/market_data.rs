//! Live trades, quotes and bars. Polygon allows one connection for each cluster and key, so one
//! component carries all of them.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use component::{Bad, Batch, Fault, Feed, Host, Item, OrBad, Result, Source};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Http, Paged, Request};
use model::{Date, Event, InstrumentId, Text, Timestamp};
use serde_json::json;
use session::{
    ALL, Ask, Channels, Cursor, Found, Frame, Kind, Mark, Numbered, Opened, Session, Step,
};

use crate::api::{self, KEY, NOT_INCLUDED};
use crate::history;
use crate::map::{self, Asked};
use crate::settings::{self, Cluster, System};
use crate::wire;

/// Polygon gives a client ten seconds to log in; we give it as long to answer.
const LOGIN: Duration = Duration::from_secs(10);
/// A refusal does not name its topic: it is known once nothing more is confirmed.
const CONFIRMATIONS: Duration = Duration::from_secs(1);
/// Frames that may arrive before the session is ready.
const MAX_EARLY: usize = 10_000;

/// Trades, quotes and bars as they happen.
pub struct MarketData(Numbered<Stream>);

/// One cluster.
struct Stream {
    system: System,
    http: Http,
    follows: Vec<(Kind, Vec<String>)>,
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
        let every = Some(Duration::from_secs(settings.audit_secs)).filter(|every| !every.is_zero());
        let follows = follows(system.connection.cluster, settings)?;
        let stream = Stream { http: system.http(&host)?, system, follows };
        Ok(Self(Numbered::open(&host, stream, every).await?))
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        self.0.read(cursor).await
    }

    fn redrive(raw: &[u8]) -> Result<Vec<Event>, Bad> {
        let event = map::message(session::message(str::from_utf8(raw).or_bad("")?)?)?;
        Ok(event.into_iter().map(|(event, _)| event).collect())
    }
}

/// What is followed of each kind, spelled as the stream spells it.
fn follows(cluster: Cluster, settings: settings::MarketData) -> Result<Vec<(Kind, Vec<String>)>> {
    let settings::MarketData { trades, quotes, bars, second_bars, .. } = settings;
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

impl Channels for Stream {
    fn identity(symbol: &str) -> InstrumentId {
        map::identity(symbol)
    }

    fn day(time: Timestamp) -> Date {
        map::session_day(time)
    }

    fn is_closed(refusal: &Fault) -> bool {
        refusal.to_string().contains(NOT_INCLUDED)
    }

    fn follows(&self) -> &[(Kind, Vec<String>)] {
        &self.follows
    }

    async fn open(&mut self) -> Result<Opened> {
        let mut login =
            Login { session: Session::open(&self.system.stream()).await?, early: VecDeque::new() };
        login.expect("greeting", "connected").await?;
        let key = self.system.authentication.credentials.api_key.expose();
        login.session.send(json!({"action": "auth", "params": key}).to_string()).await?;
        login.expect("login", "auth_success").await?;
        let mut refused = Vec::new();
        for (kind, symbols) in &self.follows {
            let channel = channels(self.system.connection.cluster)[*kind as usize];
            let (left, reason) = login.subscribe(channel.unwrap_or_default(), symbols).await?;
            if !left.is_empty() && left.len() == symbols.len() && self.follows.len() == 1 {
                return Err(Fault::fatal(format!("polygon sends no {}: {reason}", kind.as_str())));
            }
            refused.extend(left.into_iter().map(|symbol| (*kind, symbol, reason.clone())));
        }
        let Login { session, early } = login;
        Ok(Opened {
            session: session.into(),
            early,
            vendor_now: api::vendor_now(&self.http).await?,
            refused,
        })
    }

    fn decode(
        &mut self,
        frame: &[u8],
        items: &mut Vec<Item>,
        marks: &mut Vec<Option<Mark>>,
    ) -> Result<()> {
        let said = map::frame(frame, items, marks);
        said.iter().find_map(refusal).map_or(Ok(()), Err)
    }

    fn ask(&self, ask: &Ask) -> BoxFuture<'static, Result<Found>> {
        let (kind, symbol, http) = (ask.kind, ask.symbol.clone(), self.http.clone());
        let (from, to, next) = (ask.from, ask.to, ask.next.clone());
        let has_snapshot = self.system.connection.cluster == Cluster::Stocks;
        async move {
            match symbol.as_str() {
                ALL if has_snapshot => symbols(&http, kind, from).await,
                ALL => Err(Fault::fatal("polygon tells of stocks alone which have changed")),
                _ => page(&http, kind, &symbol, (from, to), next).await,
            }
        }
        .boxed()
    }
}

/// The symbols that have changed since.
async fn symbols(http: &Http, kind: Kind, since: Timestamp) -> Result<Found> {
    let request = Request::get("/v2/snapshot/locale/us/markets/stocks/tickers");
    let answer = System::fetch(http, request).await?;
    let page = answer.as_ref().map(System::read).transpose()?.unwrap_or_default();
    let mut symbols: Vec<Text> = Vec::new();
    for row in page.rows {
        // What cannot be read, or does not say, has changed for all we know.
        let Ok(row) = http::decode::<wire::Snapshot<'_>>(row) else { continue };
        let quoted = || http::decode::<wire::Moment>(row.last_quote?).ok();
        let last = if kind == Kind::Quotes { quoted() } else { row.last_trade };
        if last.and_then(|last| last.t).is_none_or(|last| map::time(last) >= since) {
            symbols.push(row.ticker);
        }
    }
    Ok(Found::Symbols(symbols))
}

/// A page of a symbol's history.
async fn page(
    http: &Http,
    kind: Kind,
    symbol: &str,
    (from, to): (Timestamp, Timestamp),
    next: Option<String>,
) -> Result<Found> {
    let period = map::period(kind);
    let first = history::request(kind, symbol, period, from, to);
    let request = match &next {
        Some(next) => System::follow(first, next),
        None => first,
    };
    let answer = System::fetch(http, request).await?;
    let page = answer.as_ref().map(System::read).transpose()?.unwrap_or_default();
    let asked = Asked { kind, symbol, period, now: to };
    let record = |row: &serde_json::value::RawValue| match map::row(asked, row) {
        Ok((event, number)) => (Item::Event(event), number),
        Err(bad) => (Item::Bad { raw: row.get().as_bytes().to_vec(), bad }, 0),
    };
    Ok(Found::Records(page.rows.into_iter().map(record).collect(), page.next))
}

/// What Polygon says when it does not go on.
fn refusal(status: &wire::Status) -> Option<Fault> {
    let said = format!("polygon said {}: {}", status.status, status.said());
    match status.status.as_str() {
        "auth_failed" => Some(Fault::unauthorized(said, KEY)),
        "auth_timeout" => Some(Fault::disconnected(said)),
        // Two that take the connection from each other would do so for ever.
        "max_connections" => Some(Fault::fatal(format!("another client uses this key: {said}"))),
        _ => None,
    }
}

/// A session that is not ready.
struct Login {
    session: Session,
    /// Records that came meanwhile.
    early: VecDeque<Frame>,
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

impl Login {
    /// Waits for a status.
    async fn expect(&mut self, what: &str, wanted: &str) -> Result<()> {
        let judge = |frame: &Frame| {
            for status in statuses(frame, &mut self.early) {
                if status.status == wanted {
                    return Step::Done(());
                }
                match refusal(&status) {
                    // The other one may be our own last connection, which Polygon still counts.
                    Some(Fault::Fatal(reason)) => {
                        return Step::Refused(Fault::Disconnected(reason));
                    }
                    Some(fault) => return Step::Refused(fault),
                    None => {}
                }
            }
            Step::Skip
        };
        self.session.expect(LOGIN, what, judge).await
    }

    /// Subscribes to the symbols of a channel. Gives those that are refused, and the words.
    async fn subscribe(
        &mut self,
        channel: &str,
        symbols: &[String],
    ) -> Result<(Vec<Text>, String)> {
        let topics: Vec<String> = symbols.iter().map(|name| format!("{channel}.{name}")).collect();
        let request = json!({"action": "subscribe", "params": topics.join(",")});
        self.session.send(request.to_string()).await?;
        let mut left: BTreeSet<String> = topics.into_iter().collect();
        let (mut refusals, mut reason) = (0, String::new());
        while left.len() > refusals {
            let wait = if refusals > 0 { CONFIRMATIONS } else { LOGIN };
            let judge = |frame: &Frame| match statuses(frame, &mut self.early) {
                _ if self.early.len() > MAX_EARLY => {
                    Step::Refused(Fault::disconnected("too much came before the subscription"))
                }
                said if said.is_empty() => Step::Skip,
                said => Step::Done(said),
            };
            let said = match self.session.expect(wait, "confirmation", judge).await {
                Err(_) if refusals > 0 => break,
                said => said?,
            };
            for status in said {
                if let Some(topic) = status.said().strip_prefix("subscribed to: ") {
                    left.remove(topic);
                    left.remove(&topic.replace('-', "/"));
                } else if status.status == "error" {
                    (refusals, reason) = (refusals + 1, status.said().to_owned());
                } else if let Some(fault) = refusal(&status) {
                    return Err(fault);
                }
            }
        }
        // A ticker may hold dots.
        let symbol = |topic: String| Some(Text::from(topic.split_once('.')?.1));
        Ok((left.into_iter().filter_map(symbol).collect(), reason))
    }
}
