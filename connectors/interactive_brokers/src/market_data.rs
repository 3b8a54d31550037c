//! Live trades, quotes and five-second bars. What a disconnect missed is read again from the
//! history that TWS has, over a connection of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use component::{Bad, Batch, Clock, Fault, Feed, Host, Item, OrBad, Result, Source};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use model::{InstrumentId, Text, Timestamp};
use session::{Cursor, Fields, Live, Page, Prints, Stretch, Subscription};
use tokio::sync::Mutex;
use tracing::warn;

use crate::history::{self, MAX_TICKS, Pace, Request};
use crate::map::{self, About, Changed, Period, Quoted};
use crate::settings::{self, System};
use crate::tws::{Refusal, State, Tws};
use crate::{time, wire};

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

struct Stream {
    past: Past,
    quoted: Quoted,
    prints: Prints,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Records {
    Trades,
    Quotes,
    Bars,
}

/// What history has of a stream.
#[derive(Clone)]
struct Past {
    about: About,
    records: Records,
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
        let lists = [
            (Records::Trades, &settings.trades),
            (Records::Quotes, &settings.quotes),
            (Records::Bars, &settings.bars),
        ];
        let wanted = lists.into_iter().flat_map(|(records, list)| {
            list.iter().map(move |text| Ok(Past { about: About::parse(text)?, records }))
        });
        let wanted: Vec<Past> = wanted.collect::<Result<_, Bad>>().map_err(Fault::fatal)?;
        if wanted.is_empty() {
            let reason = "market_data has no symbols: name some trades, quotes or bars";
            return Err(Fault::fatal(reason));
        }
        let mut tws = Tws::connect(&system, &host, 1).await?;
        if settings.delayed {
            // Live data where there is a subscription, else delayed data.
            tws.ask("reqMarketDataType", &[("type", "3")])?;
        }
        let mut streams = BTreeMap::new();
        for past in wanted {
            let id = tws.request_id();
            let (kind, said) = match past.records {
                Records::Bars => ("reqRealTimeBars", ("whatToShow", past.what())),
                Records::Trades if settings.tick_by_tick => {
                    ("reqTickByTick", ("tickType", "AllLast"))
                }
                Records::Quotes if settings.tick_by_tick => {
                    ("reqTickByTick", ("tickType", "BidAsk"))
                }
                Records::Trades | Records::Quotes => ("reqMktData", ("genericTicks", "")),
            };
            tws.ask_about(kind, &past.about.contract, &[("rid", &id), said])?;
            let (quoted, prints) = (Quoted::default(), Prints::default());
            streams.insert(id.into(), Stream { past, quoted, prints });
        }
        let (vendor_now, clock) = (tws.now(), host.clock.clone());
        let history = History { system, host: host.clone(), pace: Pace::default(), tws: None };
        let ahead = vendor_now.since(clock.now());
        let history = Arc::new(Mutex::new(history));
        let followed = Followed { state: tws.state, clock, ahead, streams, history };
        Ok(Self { live: Live::new(&host, tws.session, followed, None, vendor_now) })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        self.live.read(cursor).await
    }
}

impl Stream {
    /// Adds what a message says.
    fn take(
        &mut self,
        fields: &Fields<'_>,
        now: Timestamp,
        items: &mut Vec<Item>,
    ) -> Result<(), Bad> {
        let Self { past: Past { about, records }, quoted, prints } = self;
        let text = |names: [&'static str; 5]| names.map(|name| fields.text(name));
        let event: Option<model::Event> = match (fields.kind, fields.text("tickType")) {
            ("realTimeBar", _) => {
                let start = Timestamp::from_secs(fields.int("time")?);
                let said = ["open", "high", "low", "close", "volume", "wap", "count"];
                let said = said.map(|name| fields.text(name));
                Some(about.bar(&Period::five_seconds(), start, said)?.into())
            }
            ("tickByTick", "3") => {
                let said = text(["time", "bid", "ask", "bidSize", "askSize"]);
                Some(about.timed_quote(said)?.into())
            }
            ("tickByTick", "1" | "2") => {
                let said = text(["time", "price", "size", "venue", "conditions"]);
                Some(about.print(prints, said)?.into())
            }
            ("tickByTick", other) => {
                return Err(Bad::new("tickType", format!("nobody asked for {other:?}")));
            }
            ("tickPrice" | "tickSize" | "tickString", _) => {
                match (quoted.take(fields)?, *records) {
                    (Changed::Quote, Records::Quotes) => quoted.quote(about, now).map(Into::into),
                    (Changed::Trade, Records::Trades) => {
                        quoted.trade(prints, about, now).transpose()?.map(Into::into)
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        items.extend(event.map(Item::Event));
        Ok(())
    }
}

impl Subscription for Followed {
    fn decode(&mut self, frame: &[u8], items: &mut Vec<Item>) -> Result<()> {
        if self.state.is_notice(frame)? {
            return match self.state.has_come_back {
                true => Err(Fault::disconnected("market data had stood still for a while")),
                false => Ok(()),
            };
        }
        let now = self.clock.now().plus_nanos(self.ahead);
        let taken = match wire::read(frame, self.state.version) {
            Ok(Some(fields)) if fields.kind == "error" => return self.refused(&fields),
            Ok(Some(fields)) => match self.streams.get_mut(fields.text("rid")) {
                Some(stream) => stream.take(&fields, now, items),
                None => Ok(()),
            },
            Ok(None) => Ok(()),
            Err(bad) => Err(bad),
        };
        if let Err(bad) = taken {
            items.push(Item::Bad { raw: frame.to_vec(), bad });
        }
        Ok(())
    }

    fn page(&self, stretch: Stretch, next: Option<String>) -> BoxFuture<'static, Result<Page>> {
        let first = stretch.from.plus_nanos(-OVERLAP);
        let numbers = next.as_deref().and_then(|next| next.split_once(' '));
        let parsed = numbers.and_then(|(index, from)| {
            Some((index.parse::<usize>().ok()?, Timestamp(from.parse().ok()?)))
        });
        let (index, from) = parsed.unwrap_or((0, first));
        let Some(past) = self.streams.values().nth(index).map(|stream| stream.past.clone()) else {
            return async { Ok(Page::default()) }.boxed();
        };
        let has_more = index + 1 < self.streams.len();
        let history = Arc::clone(&self.history);
        async move {
            let to = stretch.to.unwrap_or(stretch.now);
            let (items, next) = history.lock().await.read(&past, from, to).await?;
            let next = match next {
                Some(from) => Some(format!("{index} {}", from.0)),
                None => has_more.then(|| format!("{} {}", index + 1, first.0)),
            };
            Ok(Page { items, next })
        }
        .boxed()
    }

    fn instruments(&self) -> Vec<InstrumentId> {
        let all = self.streams.values().map(|stream| stream.past.about.instrument.clone());
        all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }
}

impl Followed {
    /// What an error with the id of a stream means. Some only say that data comes later, or from
    /// somewhere else.
    fn refused(&self, fields: &Fields<'_>) -> Result<()> {
        let refusal = Refusal::of(fields);
        let Some(stream) = self.streams.get(fields.text("id")) else { return Ok(()) };
        let instrument = &stream.past.about.instrument;
        if matches!(refusal.code, 300 | 317 | 366 | 10089 | 10090 | 10091 | 10167) {
            warn!(%instrument, words = refusal.words(), "market data");
            return Ok(());
        }
        Err(refusal.fault(instrument.as_str()))
    }
}

impl Past {
    /// What bars are made of.
    fn what(&self) -> &'static str {
        match self.about.contract.text("secType") {
            "CASH" | "CMDTY" | "CFD" => "MIDPOINT",
            "CRYPTO" => "AGGTRADES",
            _ => "TRADES",
        }
    }

    fn request(&self, from: Timestamp, to: Timestamp) -> Request {
        let contract = &self.about.contract;
        match self.records {
            Records::Trades => Request::ticks(contract, "TRADES", from),
            Records::Quotes => Request::ticks(contract, "BID_ASK", from),
            Records::Bars => {
                let period = Period::five_seconds();
                let end = from.plus_nanos(period.page.1 * 1_000_000_000);
                let end = if end >= to { String::new() } else { time::written(end) };
                Request::bars(contract, self.what(), &period, period.page.0, &end)
            }
        }
    }

    /// What an answer holds, and from where to ask on.
    fn tell(
        &self,
        fields: &Fields<'_>,
        state: &State,
        (from, to): (Timestamp, Timestamp),
    ) -> (Vec<Item>, Option<Timestamp>) {
        let mut items = Vec::new();
        if self.records == Records::Bars {
            let period = Period::five_seconds();
            for (raw, bar) in self.about.bars(fields, &period, &state.zone) {
                match bar {
                    Ok(bar) if bar.head.event_time < from || bar.end_time > to => {}
                    bar => map::push(&mut items, raw.as_bytes(), bar),
                }
            }
            let end = from.plus_nanos(period.page.1 * 1_000_000_000);
            return (items, Some(end).filter(|end| *end < to));
        }
        let rows = fields.rows("ticks", 6);
        let mut prints = Prints::default();
        for row in &rows {
            let raw = row.join("|");
            // Time and mask; then price, size, venue, conditions, or both prices and both sizes.
            let said = [row[0], row[2], row[3], row[4], row[5]];
            match self.records {
                Records::Trades => {
                    map::push(&mut items, raw.as_bytes(), self.about.print(&mut prints, said));
                }
                _ => map::push(&mut items, raw.as_bytes(), self.about.timed_quote(said)),
            }
        }
        let second = |row: Option<&Vec<&str>>| row.and_then(|row| row[0].parse::<i64>().ok());
        let (first, last) = (second(rows.first()), second(rows.last()));
        // The last second may not have come whole.
        let next = last.map(|last| Timestamp::from_secs(last + i64::from(first == Some(last))));
        (items, next.filter(|next| rows.len() >= MAX_TICKS && *next < to))
    }
}

impl History {
    /// Reads a part of the past. After an error the next attempt connects again.
    async fn read(
        &mut self,
        past: &Past,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Vec<Item>, Option<Timestamp>)> {
        let request = past.request(from, to);
        if let Err(wait) = self.pace.take(&request, self.host.clock.now()) {
            let reason = "TWS gives so much history in so much time".to_owned();
            return Err(Fault::Throttled { wait, reason });
        }
        let mut tws = match self.tws.take() {
            Some(tws) => tws,
            // It stands beside all others.
            None => Tws::connect(&self.system, &self.host, 7).await?,
        };
        let asked = history::ask(&mut tws, &request)?;
        let heard = asked.answer(&mut tws, Tws::request_of).await?;
        let fields = wire::read(&heard, tws.state.version).and_then(|fields| fields.or_bad(""));
        let fields = fields.map_err(Fault::disconnected)?;
        let told = past.tell(&fields, &tws.state, (from, to));
        self.tws = Some(tws);
        history::refusal(&fields, past.about.instrument.as_str()).map_or(Ok(told), Err)
    }
}
