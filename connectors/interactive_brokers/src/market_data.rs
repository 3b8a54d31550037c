//! Live trades, quotes and five-second bars. What a disconnect missed is read again from the
//! history that TWS has, over a connection of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use component::{Bad, Batch, Fault, Feed, Host, Item, Result, Source};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use model::{InstrumentId, Text, Timestamp};
use session::{Archive, Changed, Cursor, Fields, Live, Opens, Page, Prints, Stretch, Subscription};
use tokio::sync::Mutex;
use tracing::warn;

use crate::map::{About, Period, Quoted};
use crate::past::{Past, Records, complete};
use crate::settings::{self, System};
use crate::tws::{Refusal, State, Tws};
use crate::wire;

/// A repair begins this much early, for what is told late.
const OVERLAP: i64 = 3_000_000_000;

/// Trades, quotes and five-second bars as they happen.
pub struct MarketData {
    live: Live<Followed>,
}

/// What is followed.
struct Followed {
    state: State,
    /// Streams by the request that began them.
    streams: BTreeMap<Text, Stream>,
    history: Arc<Mutex<History>>,
}

struct Stream {
    past: Past,
    quoted: Quoted,
    prints: Prints,
}

/// The connection that reads history, while there is one.
struct History {
    system: System,
    host: Host,
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
            (Records::Bars(Period::five_seconds(), "", false), &settings.bars),
        ];
        let mut wanted = Vec::new();
        for (records, list) in lists {
            for text in list {
                let about = About::parse(text).map_err(Fault::fatal)?;
                let records = match &records {
                    Records::Bars(period, ..) => {
                        Records::Bars(period.clone(), made_of(&about), false)
                    }
                    other => other.clone(),
                };
                wanted.push(Past { about, records });
            }
        }
        if wanted.is_empty() {
            let reason = "market_data has no symbols: name some trades, quotes or bars";
            return Err(Fault::fatal(reason));
        }
        let mut tws = Tws::open(&system, &host, 1).await?;
        if settings.delayed {
            // Live data where there is a subscription, else delayed data.
            tws.ask("reqMarketDataType", &[("type", "3")])?;
        }
        let mut streams = BTreeMap::new();
        for Past { about, records } in wanted {
            let past = Past { about: complete(&mut tws, about).await?, records };
            let id = tws.request_id();
            let (kind, said) = match past.records {
                Records::Bars(_, what, _) => ("reqRealTimeBars", ("whatToShow", what)),
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
        let vendor_now = tws.state.now();
        let history = History { system, host: host.clone(), tws: None };
        let history = Arc::new(Mutex::new(history));
        let followed = Followed { state: tws.state, streams, history };
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
                Some(about.timed_quote(prints, said)?.into())
            }
            ("tickByTick", "1" | "2") => {
                let said = text(["time", "price", "size", "venue", "conditions"]);
                Some(about.print(prints, said)?.into())
            }
            ("tickByTick", other) => {
                return Err(Bad::new("tickType", format!("nobody asked for {other:?}")));
            }
            ("tickPrice" | "tickSize" | "tickString", _) => {
                match (quoted.take(fields)?, &*records) {
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
        let now = self.state.now();
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

    fn lapse(&self) -> BoxFuture<'static, Fault> {
        self.state.lapse()
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

/// What the bars of an instrument are made of.
fn made_of(about: &About) -> &'static str {
    match about.contract.text("secType") {
        "CASH" | "CMDTY" | "CFD" => "MIDPOINT",
        "CRYPTO" => "AGGTRADES",
        _ => "TRADES",
    }
}

impl History {
    /// Reads a part of the past, and says from where to go on. After an error the next attempt
    /// connects again.
    async fn read(
        &mut self,
        past: &Past,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Vec<Item>, Option<Timestamp>)> {
        // What is on its way when this is read comes by the stream.
        let request = past.page(from, to, to);
        let mut tws = match self.tws.take() {
            Some(tws) => tws,
            // It stands beside all others.
            None => Tws::open(&self.system, &self.host, 7).await?,
        };
        let mut items = Vec::new();
        let asked = match past.ask(&mut tws, &request)? {
            Ok(asked) => asked,
            Err(wait) => {
                self.tws = Some(tws);
                let reason = "TWS gives so much history in so much time".to_owned();
                return Err(Fault::Throttled { wait, reason });
            }
        };
        let (covered, is_all) = past.answer(&mut tws, &asked, &request, &mut items).await?;
        self.tws = Some(tws);
        let next = if is_all { request.to } else { covered };
        Ok((items, Some(next).filter(|next| *next < to)))
    }
}
