//! Bars, trades and quotes of the past.

use std::marker::PhantomData;

use component::{Fault, Result};
use http::{List, Listed, Lists, Request};
use model::{Date, Event, Timestamp};

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

/// What is to be read.
pub struct Range {
    records: Records,
    symbols: Vec<String>,
    start: Date,
    end: Option<Date>,
    poll_secs: u64,
}

/// What the three sources differ in.
pub trait Kind: Send + Sync + 'static {
    const NAME: &'static str;
    const PUBLISHES: &'static [&'static str];
    type Settings: component::Settings;

    fn range(settings: Self::Settings) -> Result<Range>;
}

/// One kind of record, symbol by symbol, from the first day on.
pub struct History<K>(PhantomData<K>);

impl<K: Kind> Listed for History<K> {
    const NAME: &'static str = K::NAME;
    const PUBLISHES: &'static [&'static str] = K::PUBLISHES;
    type System = System;
    type Settings = K::Settings;

    fn lists(system: &System, settings: K::Settings) -> Result<(Vec<List>, u64)> {
        let Range { records, symbols, start, end, poll_secs } = K::range(settings)?;
        let (start, feed) = (map::midnight(start), system.connection.feed.as_str());
        // The last day counts whole.
        let end = end.map(|day| map::midnight(Date(day.0 + 1)).plus_nanos(-1));
        let list = |symbol: String| {
            let (of, asked) = (records.clone(), (records.clone(), symbol.clone()));
            let first = move |from: Option<Timestamp>, _| {
                request(&asked.0, &asked.1, feed, (from.unwrap_or(start), end), "")
            };
            List::growing(&symbol.clone(), first, move |row, taken| {
                let mut event = map::past(&of, &symbol, row)?;
                if let Event::Bar(bar) = &mut event {
                    bar.is_final = bar.end_time <= taken.now;
                }
                taken.push(event)
            })
        };
        Ok((symbols.into_iter().map(list).collect(), poll_secs))
    }
}

/// Bars of any length and adjustment.
pub type BarsHistory = Lists<History<Bars>>;
/// Every print.
pub type TradesHistory = Lists<History<Trades>>;
/// Every quote.
pub type QuotesHistory = Lists<History<Quotes>>;

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
            let reason = "is not a length of bars such as \"5Min\" or \"1Day\"";
            Fault::fatal(format!("{timeframe:?} {reason}"))
        })?;
        Ok(Range { records: Records::Bars(period), symbols, start, end, poll_secs: poll_secs.0 })
    }
}

impl Kind for Trades {
    const NAME: &'static str = "alpaca_trades_history";
    const PUBLISHES: &'static [&'static str] = &["market.trades"];
    type Settings = settings::TicksHistory;

    fn range(settings: Self::Settings) -> Result<Range> {
        Ok(ticks(Records::Trades, settings))
    }
}

impl Kind for Quotes {
    const NAME: &'static str = "alpaca_quotes_history";
    const PUBLISHES: &'static [&'static str] = &["market.quotes"];
    type Settings = settings::TicksHistory;

    fn range(settings: Self::Settings) -> Result<Range> {
        Ok(ticks(Records::Quotes, settings))
    }
}

fn ticks(records: Records, settings: settings::TicksHistory) -> Range {
    let settings::TicksHistory { symbols, start, end, poll_secs } = settings;
    Range { records, symbols, start, end, poll_secs: poll_secs.0 }
}
