//! Bars, trades and quotes of the past.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::time::Duration;

use component::{Batch, Fault, Feed, Host, Result, Source};
use model::{Adjustment, Date, Text, Timestamp};
use serde::{Deserialize, Serialize};
use session::Asked;

use crate::map::{About, Period};
use crate::past::{Pace, Past, Records, Request};
use crate::settings::{self, System};
use crate::time;
use crate::tws::Tws;

/// What the sources differ in.
pub trait Kind: Send + 'static {
    const NAME: &'static str;
    /// Steps from the client of the orders.
    const STEP: i32;
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

/// Reads the past symbol by symbol, from the first day on.
pub struct History<K> {
    tws: Tws,
    range: Range,
    symbols: Vec<(Text, Past)>,
    pace: Pace,
    /// What is under way, and for which symbol.
    asked: Option<(Asked, Request, Text)>,
    /// Symbols that have been read up to now since the last pause.
    read: BTreeSet<Text>,
    kind: PhantomData<K>,
}

/// Up to where the past of each symbol is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
        let parsed = range.symbols.iter().map(|text| {
            let about = About::parse(text).map_err(Fault::fatal)?;
            Ok((Text::from(text.as_str()), Past { about, records: range.records.clone() }))
        });
        let symbols = parsed.collect::<Result<_>>()?;
        let tws = Tws::connect(&system, &host, K::STEP).await?;
        let (pace, read, kind) = (Pace::default(), BTreeSet::new(), PhantomData);
        Ok(Self { tws, range, symbols, pace, asked: None, read, kind })
    }

    async fn read(&mut self, cursor: &Cursor) -> Result<Batch<Cursor>> {
        let mut batch = Batch::up_to(cursor.clone());
        let mut symbols = self.symbols.iter();
        let Some((symbol, past)) = symbols.find(|(symbol, _)| !self.read.contains(symbol)) else {
            self.read.clear();
            return Ok(batch.wait(Duration::from_secs(self.range.poll_secs.max(1))));
        };
        let now = self.tws.now();
        let last = self.range.end.map(|day| time::day_start(Date(day.0 + 1)));
        let end = last.map_or(now, |last| last.min(now));
        let known = cursor.0.get(symbol).copied();
        if known.is_some_and(|known| last.is_some_and(|last| known >= last)) {
            self.read.insert(symbol.clone());
            return Ok(batch);
        }
        let first = time::day_start(self.range.start).min(end);
        // What was asked for before a read was dropped is waited for again.
        let is_it = |(_, request, of): &(Asked, Request, Text)| {
            of == symbol && known.is_none_or(|known| request.from == known)
        };
        if !self.asked.as_ref().is_some_and(is_it) {
            let request = match known {
                Some(from) => past.request(from.min(end), end, now),
                None => past.head(now),
            };
            if let Err(wait) = self.pace.take(past, &request, self.tws.clock.now()) {
                return Ok(batch.wait(wait));
            }
            let asked = past.ask(&mut self.tws, &request)?;
            self.asked = Some((asked, request, symbol.clone()));
        }
        let Some((asked, request, _)) = &self.asked else { return Ok(batch) };
        let answer = past.answer(&mut self.tws, asked, request, &mut batch.items).await;
        let is_end = known.is_some() && request.to >= end;
        self.asked = None;
        let (covered, is_all) = match answer {
            // TWS does not know of everything where its past begins.
            Err(Fault::Fatal(_) | Fault::Retry(_)) if known.is_none() => (first, false),
            Ok((head, _)) if known.is_none() => (head.max(first), false),
            answer => answer?,
        };
        if is_end && is_all {
            self.read.insert(symbol.clone());
        }
        batch.cursor.0.insert(symbol.clone(), covered);
        Ok(batch)
    }
}

/// Bars of the past.
pub type BarsHistory = History<OfBars>;
/// Every trade of the past.
pub type TradesHistory = History<OfTrades>;
/// Every quote of the past.
pub type QuotesHistory = History<OfQuotes>;

pub struct OfBars;
pub struct OfTrades;
pub struct OfQuotes;

impl Kind for OfBars {
    const NAME: &'static str = "interactive_brokers_bars_history";
    const STEP: i32 = 5;
    const PUBLISHES: &'static [&'static str] = &["market.bars"];
    type Settings = settings::BarsHistory;

    fn range(settings: settings::BarsHistory) -> Result<Range> {
        let settings::BarsHistory { symbols, start, end, poll_secs, .. } = settings;
        let (bar_size, what) = (&settings.bar_size, &settings.what_to_show);
        let bad = || format!("TWS has no bars of {bar_size:?} that show {what:?}");
        let (period, what) = Period::parse(bar_size, what).ok_or_else(|| Fault::fatal(bad()))?;
        if period.adjustment == Adjustment::All && period.page.0 != "1 Y" {
            let reason = "TWS gives ADJUSTED_LAST up to now only: use bars of a day or longer";
            return Err(Fault::fatal(reason));
        }
        let records = Records::Bars(period, what, settings.regular_hours);
        Ok(Range { records, symbols, start, end, poll_secs })
    }
}

impl Kind for OfTrades {
    const NAME: &'static str = "interactive_brokers_trades_history";
    const STEP: i32 = 8;
    const PUBLISHES: &'static [&'static str] = &["market.trades"];
    type Settings = settings::TicksHistory;

    fn range(settings: settings::TicksHistory) -> Result<Range> {
        Ok(ticks(Records::Trades, settings))
    }
}

impl Kind for OfQuotes {
    const NAME: &'static str = "interactive_brokers_quotes_history";
    const STEP: i32 = 9;
    const PUBLISHES: &'static [&'static str] = &["market.quotes"];
    type Settings = settings::TicksHistory;

    fn range(settings: settings::TicksHistory) -> Result<Range> {
        Ok(ticks(Records::Quotes, settings))
    }
}

fn ticks(records: Records, settings: settings::TicksHistory) -> Range {
    let settings::TicksHistory { symbols, start, end, poll_secs } = settings;
    Range { records, symbols, start, end, poll_secs }
}
