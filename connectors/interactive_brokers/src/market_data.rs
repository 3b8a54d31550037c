//! Live trades, quotes and five-second bars. What a disconnect missed is read again from the
//! history that TWS has, over a connection of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use component::{Bad, Batch, Clock, Fault, Feed, Host, Item, Result, Source};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use model::{InstrumentId, Text, Timestamp};
use session::{Cursor, Fields, Live, Page, Prints, Stretch, Subscription};
use tokio::sync::Mutex;
use tracing::warn;

use crate::contract::Contract;
use crate::history::{self, MAX_TICKS, Pace, Request};
use crate::map::{self, Changed, Period, Quoted};
use crate::settings::{self, System};
use crate::tws::{Refusal, State, Tws};
use crate::{time, wire};

const STEP: i32 = 1;
/// The connection that reads history stands beside all others.
const HISTORY_STEP: i32 = 7;
/// A repair begins this much early, for what is told late.
const OVERLAP: i64 = 3_000_000_000;

/// Trades, quotes and five-second bars as they happen.
pub struct MarketData {
    live: Live<Followed>,
}

/// What is followed.
struct Followed {
    state: State,
    clock: Clock,
    ahead: i64,
    /// Streams by the request that began them.
    streams: BTreeMap<Text, Stream>,
    history: Arc<Mutex<History>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Records {
    Trades,
    Quotes,
    Bars,
}

struct Stream {
    contract: Contract,
    instrument: InstrumentId,
    symbol: Text,
    records: Vec<Records>,
    quoted: Quoted,
    prints: Prints,
}

/// The connection that reads history, while there is one.
struct History {
    system: System,
    host: Host,
    pace: Pace,
    tws: Option<Tws>,
}

impl Source for MarketData {
    const NAME: &'static str = "interactive_brokers_market_data";
    const FEED: Feed = Feed::Live;
    const PUBLISHES: &'static [&'static str] = &["market.trades", "market.quotes", "market.bars"];
    type System = System;
    type Settings = settings::MarketData;
    type Cursor = Cursor;

    async fn connect(system: System, settings: settings::MarketData, host: Host) -> Result<Self> {
        let wanted = streams(&settings)?;
        let mut tws = Tws::connect(&system, &host, STEP).await?;
        let mut streams = BTreeMap::new();
        if settings.delayed {
            // Live data where there is a subscription, else delayed data.
            tws.ask("reqMarketDataType", &[("type", "3")])?;
        }
        for stream in wanted {
            let id = tws.request_id();
            stream.subscribe(&mut tws, &id, settings.tick_by_tick)?;
            streams.insert(Text::from(id), stream);
        }
        let vendor_now = tws.now();
        let (pace, clock) = (Pace::default(), host.clock.clone());
        let history = History { system, host: host.clone(), pace, tws: None };
        let followed = Followed {
            ahead: vendor_now.since(clock.now()),
            state: tws.state,
            clock,
            streams,
            history: Arc::new(Mutex::new(history)),
        };
        Ok(Self { live: Live::new(&host, tws.session, followed, None, vendor_now) })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        self.live.read(cursor).await
    }
}

/// The streams that the settings ask for: one for both trades and quotes of a symbol, unless TWS
/// is to send each of them.
fn streams(settings: &settings::MarketData) -> Result<Vec<Stream>> {
    let mut streams: Vec<Stream> = Vec::new();
    let lists = [
        (Records::Trades, &settings.trades),
        (Records::Quotes, &settings.quotes),
        (Records::Bars, &settings.bars),
    ];
    for (records, symbols) in lists {
        for text in symbols {
            let contract = Contract::parse(text).map_err(Fault::fatal)?;
            let shared = streams.iter_mut().find(|other| {
                let is_apart = settings.tick_by_tick
                    || records == Records::Bars
                    || other.records.contains(&Records::Bars);
                other.contract == contract && !is_apart
            });
            match shared {
                Some(stream) if stream.records.contains(&records) => {}
                Some(stream) => stream.records.push(records),
                None => streams.push(Stream {
                    instrument: contract.identity().map_err(Fault::fatal)?,
                    symbol: contract.symbol(),
                    records: vec![records],
                    quoted: Quoted::default(),
                    prints: Prints::default(),
                    contract,
                }),
            }
        }
    }
    if streams.is_empty() {
        return Err(Fault::fatal("market_data has no symbols: name some trades, quotes or bars"));
    }
    Ok(streams)
}

impl Stream {
    fn subscribe(&self, tws: &mut Tws, id: &str, tick_by_tick: bool) -> Result<()> {
        let (kind, said) = match self.records[0] {
            Records::Bars => ("reqRealTimeBars", ("whatToShow", self.what())),
            Records::Trades if tick_by_tick => ("reqTickByTick", ("tickType", "AllLast")),
            Records::Quotes if tick_by_tick => ("reqTickByTick", ("tickType", "BidAsk")),
            Records::Trades | Records::Quotes => ("reqMktData", ("", "")),
        };
        tws.ask_about(kind, &self.contract, &[("rid", id), said])
    }

    fn pairs(&self) -> impl Iterator<Item = (&Self, Records)> {
        self.records.iter().map(move |records| (self, *records))
    }

    /// What bars are made of.
    fn what(&self) -> &'static str {
        match self.contract.text("secType") {
            "CASH" | "CMDTY" | "CFD" => "MIDPOINT",
            "CRYPTO" => "AGGTRADES",
            _ => "TRADES",
        }
    }

    /// Adds what a message says.
    fn take(
        &mut self,
        fields: &Fields<'_>,
        now: Timestamp,
        items: &mut Vec<Item>,
    ) -> Result<(), Bad> {
        let Self { instrument, symbol, records, quoted, prints, .. } = self;
        let text = |names: [&'static str; 5]| names.map(|name| fields.text(name));
        let mut push = |event: model::Event| items.push(Item::Event(event));
        match (fields.kind, fields.text("tickType")) {
            ("realTimeBar", _) => {
                let start = Timestamp::from_secs(fields.int("time")?);
                let said = ["open", "high", "low", "close", "volume", "wap", "count"];
                let said = said.map(|name| fields.text(name));
                let period = Period::five_seconds();
                push(map::bar(instrument, symbol, &period, start, said)?.into());
            }
            ("tickByTick", "3") => {
                let said = text(["time", "bid", "ask", "bidSize", "askSize"]);
                push(map::timed_quote(instrument, symbol, said)?.into());
            }
            ("tickByTick", "1" | "2") => {
                let said = text(["time", "price", "size", "venue", "conditions"]);
                push(map::print(prints, instrument, symbol, said)?.into());
            }
            ("tickByTick", other) => {
                return Err(Bad::new("tickType", format!("nobody asked for {other:?}")));
            }
            ("tickPrice" | "tickSize" | "tickString", _) => match quoted.take(fields)? {
                Changed::Quote if records.contains(&Records::Quotes) => {
                    let quote = quoted.quote(instrument, symbol, now);
                    quote.into_iter().for_each(|quote| push(quote.into()));
                }
                Changed::Trade if records.contains(&Records::Trades) => {
                    if let Some(trade) = quoted.trade(prints, instrument, symbol, now) {
                        push(trade?.into());
                    }
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }
}

impl Followed {
    fn take(&mut self, frame: &[u8], items: &mut Vec<Item>) -> Result<Result<(), Bad>> {
        let fields = match wire::read(frame, self.state.version) {
            Ok(Some(fields)) => fields,
            Ok(None) => return Ok(Ok(())),
            Err(bad) => return Ok(Err(bad)),
        };
        if fields.kind == "error" {
            return refused(&Refusal::of(&fields), &self.streams).map(Ok);
        }
        let now = self.clock.now().plus_nanos(self.ahead);
        let stream = self.streams.get_mut(fields.text("rid"));
        Ok(stream.map_or(Ok(()), |stream| stream.take(&fields, now, items)))
    }
}

/// What an error with the id of a stream means. Some only say that data comes later, or from
/// somewhere else.
fn refused(refusal: &Refusal<'_>, streams: &BTreeMap<Text, Stream>) -> Result<()> {
    let Some(stream) = streams.get(refusal.id.to_string().as_str()) else { return Ok(()) };
    let symbol = &stream.symbol;
    match refusal.code {
        300 | 317 | 366 | 10089 | 10090 | 10091 | 10167 => {
            warn!(%symbol, words = refusal.words(), "market data");
            Ok(())
        }
        _ => Err(match refusal.fault() {
            Fault::Fatal(reason) => Fault::Fatal(format!("{symbol}: {reason}")),
            other => other,
        }),
    }
}

impl Subscription for Followed {
    fn decode(&mut self, frame: &[u8], items: &mut Vec<Item>) -> Result<()> {
        if self.state.is_notice(frame)? {
            if !self.state.has_come_back {
                return Ok(());
            }
            return Err(Fault::disconnected("market data had stood still for a while"));
        }
        if let Err(bad) = self.take(frame, items)? {
            items.push(Item::Bad { raw: frame.to_vec(), bad });
        }
        Ok(())
    }

    fn page(&self, stretch: Stretch, next: Option<String>) -> BoxFuture<'static, Result<Page>> {
        let wanted: Vec<_> = self.streams.values().flat_map(Stream::pairs).collect();
        let numbers = next.as_deref().and_then(|next| next.split_once(' '));
        let parsed =
            numbers.and_then(|(index, from)| Some((index.parse().ok()?, from.parse().ok()?)));
        let (index, from) = parsed.unwrap_or((0usize, stretch.from.plus_nanos(-OVERLAP).0));
        let Some((stream, records)) = wanted.get(index) else {
            return async { Ok(Page::default()) }.boxed();
        };
        let past = Past {
            contract: stream.contract.clone(),
            instrument: stream.instrument.clone(),
            symbol: stream.symbol.clone(),
            records: *records,
            what: stream.what(),
            from: Timestamp(from),
            to: stretch.to.unwrap_or(stretch.now),
        };
        let first = stretch.from.plus_nanos(-OVERLAP).0;
        let has_more = index + 1 < wanted.len();
        let history = Arc::clone(&self.history);
        async move {
            let mut history = history.lock().await;
            let (items, next) = history.read(&past).await?;
            let next = match next {
                Some(from) => Some(format!("{index} {}", from.0)),
                None => has_more.then(|| format!("{} {first}", index + 1)),
            };
            Ok(Page { items, next })
        }
        .boxed()
    }

    fn instruments(&self) -> Vec<InstrumentId> {
        let mut all: Vec<_> = self.streams.values().map(|s| s.instrument.clone()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// A stretch of one stream's past.
struct Past {
    contract: Contract,
    instrument: InstrumentId,
    symbol: Text,
    records: Records,
    what: &'static str,
    from: Timestamp,
    to: Timestamp,
}

impl Past {
    fn request(&self) -> Request {
        match self.records {
            Records::Trades => Request::ticks(&self.contract, "TRADES", self.from),
            Records::Quotes => Request::ticks(&self.contract, "BID_ASK", self.from),
            Records::Bars => {
                let period = Period::five_seconds();
                let (span, seconds) = period.page;
                let end = self.from.plus_nanos(seconds * 1_000_000_000);
                let end = if end >= self.to { String::new() } else { time::written(end) };
                Request::bars(&self.contract, self.what, &period, span, &end)
            }
        }
    }

    /// What an answer holds, and from where to ask on.
    fn tell(&self, fields: &Fields<'_>, state: &State) -> (Vec<Item>, Option<Timestamp>) {
        let (instrument, symbol) = (&self.instrument, &self.symbol);
        let mut items = Vec::new();
        if self.records == Records::Bars {
            let period = Period::five_seconds();
            let bars = map::history_bars(fields, instrument, symbol, &period, &state.zone);
            for (raw, bar) in bars {
                match bar {
                    Ok(bar) if bar.head.event_time < self.from || bar.end_time > self.to => {}
                    bar => map::push(&mut items, raw.as_bytes(), bar),
                }
            }
            let end = self.from.plus_nanos(period.page.1 * 1_000_000_000);
            return (items, (end < self.to).then_some(end));
        }
        let rows = fields.rows("ticks", 6);
        let mut prints = Prints::default();
        for row in &rows {
            let raw = row.join("|");
            // Time and mask; then price, size, venue, conditions, or both prices and both sizes.
            let said = [row[0], row[2], row[3], row[4], row[5]];
            if self.records == Records::Trades {
                let trade = map::print(&mut prints, instrument, symbol, said);
                map::push(&mut items, raw.as_bytes(), trade);
            } else {
                let quote = map::timed_quote(instrument, symbol, said);
                map::push(&mut items, raw.as_bytes(), quote);
            }
        }
        let second = |row: Option<&Vec<&str>>| row.and_then(|row| row[0].parse::<i64>().ok());
        let (first, last) = (second(rows.first()), second(rows.last()));
        let next = last.filter(|_| rows.len() >= MAX_TICKS).map(|last| {
            // The last second may not have come whole.
            Timestamp::from_secs(if first == Some(last) { last + 1 } else { last })
        });
        (items, next.filter(|next| *next < self.to))
    }
}

impl History {
    /// Reads a part of the past. After an error the next attempt connects again.
    async fn read(&mut self, past: &Past) -> Result<(Vec<Item>, Option<Timestamp>)> {
        let request = past.request();
        if let Err(wait) = self.pace.take(&request, self.host.clock.now()) {
            let reason = "TWS gives so much history in so much time".to_owned();
            return Err(Fault::Throttled { wait, reason });
        }
        let mut tws = match self.tws.take() {
            Some(tws) => tws,
            None => Tws::connect(&self.system, &self.host, HISTORY_STEP).await?,
        };
        let asked = history::ask(&mut tws, &request)?;
        let heard = history::answer(&mut tws, &asked).await?;
        let fields = wire::read(&heard, tws.state.version).map_err(Fault::disconnected)?;
        let Some(fields) = fields else { return Ok((Vec::new(), None)) };
        let refusal = history::refusal(&fields);
        let told = past.tell(&fields, &tws.state);
        self.tws = Some(tws);
        refusal.map_or(Ok(told), Err)
    }
}
