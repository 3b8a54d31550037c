//! Bars, trades and quotes of the past.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::time::Duration;

use component::{Batch, Clock, Fault, Feed, Host, Item, Result, Source};
use http::{Http, Request};
use model::{Date, Event, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::VendorClock;
use crate::map::{self, Period, Records};
use crate::settings::{self, System};

/// Asks for a page of history, oldest first; both ends are included.
pub fn request(
    records: &Records,
    symbols: &str,
    feed: &str,
    (from, to): (Timestamp, Option<Timestamp>),
    token: &str,
) -> Request {
    let (path, period) = match records {
        Records::Trades => ("/v2/stocks/trades", None),
        Records::Quotes => ("/v2/stocks/quotes", None),
        Records::Bars(period) => ("/v2/stocks/bars", Some(period)),
    };
    Request::get(path)
        .query(&[("symbols", symbols), ("feed", feed), ("start", &from.to_string())])
        .query(&[("limit", "10000"), ("sort", "asc")])
        .maybe("end", to.map(|to| to.to_string()).as_deref())
        .maybe("timeframe", period.map(|period| period.timeframe.as_str()))
        .maybe("adjustment", period.map(|period| period.adjustment.as_str()))
        .maybe("page_token", Some(token))
}

/// What the three sources differ in.
pub trait Kind: Send + 'static {
    const NAME: &'static str;
    const PUBLISHES: &'static [&'static str];
    type Settings: component::Settings;

    fn range(settings: Self::Settings) -> Result<Range>;
}

/// What is to be read.
pub struct Range {
    records: Records,
    symbols: Vec<String>,
    start: Date,
    end: Option<Date>,
    poll_secs: u64,
}

/// Reads history symbol by symbol, from the first day on.
pub struct History<K> {
    http: Http,
    clock: Clock,
    vendor: VendorClock,
    feed: &'static str,
    range: Range,
    /// Symbols that have been read up to now since the last pause.
    read: BTreeSet<Text>,
    /// Token of the next page, and from where on. It only counts while that has not moved.
    next: Option<(Timestamp, String)>,
    kind: PhantomData<K>,
}

/// Time of the last record read of each symbol: page tokens expire, times do not. What has that
/// same time is read again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(BTreeMap<Text, Timestamp>);

impl<K: Kind> Source for History<K> {
    const NAME: &'static str = K::NAME;
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = K::PUBLISHES;
    type System = System;
    type Settings = K::Settings;
    type Cursor = Cursor;

    async fn connect(system: System, settings: K::Settings, host: Host) -> Result<Self> {
        let range = K::range(settings)?;
        Ok(Self {
            vendor: VendorClock::read(&system.trading(&host)?, &host.clock).await?,
            http: system.data(&host)?,
            clock: host.clock,
            feed: system.connection.feed.as_str(),
            range,
            read: BTreeSet::new(),
            next: None,
            kind: PhantomData,
        })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let unread = |symbol: &&String| !self.read.contains(symbol.as_str());
        let Some(symbol) = self.range.symbols.iter().find(unread).cloned() else {
            self.read.clear();
            let pause = Duration::from_secs(self.range.poll_secs.max(1));
            return Ok(Batch::up_to(cursor.clone()).wait(pause));
        };
        let symbol = Text::from(symbol);
        let from =
            cursor.0.get(&symbol).copied().unwrap_or_else(|| map::midnight(self.range.start));
        // The last day counts whole.
        let to = self.range.end.map(|day| map::midnight(Date(day.0 + 1)).plus_nanos(-1));
        let next = self.next.take().filter(|(of, _)| *of == from);
        let token = next.map_or(String::new(), |(_, token)| token);
        let records = &self.range.records;
        let request = request(records, &symbol, self.feed, (from, to), &token);
        let answer = self.http.fetch(&request).await?;
        let (mut items, token) = map::page(records, &answer.json()?);
        let now = self.vendor.now(&self.clock);
        let mut cursor = cursor.clone();
        for item in &mut items {
            let Item::Event(event) = item else { continue };
            if let Event::Bar(bar) = event {
                bar.is_final = bar.end_time <= now;
            }
            let last = cursor.0.entry(symbol.clone()).or_default();
            *last = event.head().event_time.max(*last);
        }
        match token {
            Some(token) => self.next = Some((from, token)),
            None => drop(self.read.insert(symbol)),
        }
        Ok(Batch { items, ..Batch::up_to(cursor) })
    }
}

/// Bars of any length and adjustment.
pub type BarsHistory = History<Bars>;
/// Every print.
pub type TradesHistory = History<Trades>;
/// Every quote.
pub type QuotesHistory = History<Quotes>;

pub struct Bars;
pub struct Trades;
pub struct Quotes;

impl Kind for Bars {
    const NAME: &'static str = "alpaca_bars_history";
    const PUBLISHES: &'static [&'static str] = &["market.bars"];
    type Settings = settings::BarsHistory;

    fn range(settings: Self::Settings) -> Result<Range> {
        let settings::BarsHistory { symbols, start, end, timeframe, adjustment, poll_secs } =
            settings;
        let period = Period::parse(&timeframe, adjustment).ok_or_else(|| {
            Fault::fatal(format!(
                "{timeframe:?} is not a length of bars such as \"5Min\" or \"1Day\""
            ))
        })?;
        Ok(Range { records: Records::Bars(period), symbols, start, end, poll_secs })
    }
}

impl Kind for Trades {
    const NAME: &'static str = "alpaca_trades_history";
    const PUBLISHES: &'static [&'static str] = &["market.trades"];
    type Settings = settings::TicksHistory;

    fn range(settings: Self::Settings) -> Result<Range> {
        let settings::TicksHistory { symbols, start, end, poll_secs } = settings;
        Ok(Range { records: Records::Trades, symbols, start, end, poll_secs })
    }
}

impl Kind for Quotes {
    const NAME: &'static str = "alpaca_quotes_history";
    const PUBLISHES: &'static [&'static str] = &["market.quotes"];
    type Settings = settings::TicksHistory;

    fn range(settings: Self::Settings) -> Result<Range> {
        let settings::TicksHistory { symbols, start, end, poll_secs } = settings;
        Ok(Range { records: Records::Quotes, symbols, start, end, poll_secs })
    }
}
