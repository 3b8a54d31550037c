//! Bars, trades and quotes of the past, symbol by symbol.

use std::marker::PhantomData;

use component::{Fault, Item, Result};
use http::Request;
use model::{Adjustment, Date, Timestamp};
use serde_json::value::RawValue;

use crate::list::{At, List, Lists, Mapped};
use crate::map::{self, Asked, Kind, Period, new_york_midnight};
use crate::settings;

/// Rows on a page: the runtime must be able to tell a page that it has seen before.
const PAGE: &str = "10000";
/// For bars Polygon counts the minutes or days that they are made of; as many as it takes.
const LONG_PAGE: &str = "50000";
/// Bars of up to so many minutes or seconds would be too many on such a page.
const SHORT_BARS: u32 = 3;

/// Asks for a page of history, oldest first; both ends are included.
pub fn request(
    kind: Kind,
    symbol: &str,
    period: &Period,
    from: Timestamp,
    to: Timestamp,
) -> Request {
    let name = map::path(symbol, kind.is_bars());
    let path = match kind {
        Kind::Trades => "/v3/trades",
        Kind::Quotes => "/v3/quotes",
        Kind::SecondBars | Kind::MinuteBars => {
            let is_short = matches!(period.timespan, "second" | "minute");
            let limit = if is_short && period.multiplier < SHORT_BARS { PAGE } else { LONG_PAGE };
            let is_adjusted = period.adjustment == Adjustment::Split;
            return Request::get("/v2/aggs/ticker")
                .segment(&name)
                .segment("range")
                .segment(&period.multiplier.to_string())
                .segment(period.timespan)
                .segment(&from.millis().to_string())
                .segment(&to.millis().to_string())
                .query(&[("adjusted", if is_adjusted { "true" } else { "false" })])
                .query(&[("sort", "asc"), ("limit", limit)]);
        }
    };
    Request::get(path)
        .segment(&name)
        .query(&[("timestamp.gte", &from.0.to_string()), ("timestamp.lte", &to.0.to_string())])
        .query(&[("order", "asc"), ("sort", "timestamp"), ("limit", PAGE)])
}

/// What is to be read.
pub struct Range {
    period: Period,
    symbols: Vec<String>,
    start: Option<Date>,
    end: Option<Date>,
    poll_secs: u64,
}

/// What the three sources differ in.
pub trait Records: Send + Sync + 'static {
    const NAME: &'static str;
    const PUBLISHES: &'static [&'static str];
    const KIND: Kind;
    /// How far back the very first start looks where settings do not say.
    const LOOKBACK_DAYS: i32;
    type Settings: component::Settings;

    fn range(settings: Self::Settings) -> Result<Range>;
}

/// One kind of record, from the first day on.
pub struct History<R> {
    range: Range,
    records: PhantomData<R>,
}

impl<R: Records> List for History<R> {
    const NAME: &'static str = R::NAME;
    const PUBLISHES: &'static [&'static str] = R::PUBLISHES;
    const GOES_ON: bool = true;
    type Settings = R::Settings;

    fn new(settings: R::Settings) -> Result<Self> {
        Ok(Self { range: R::range(settings)?, records: PhantomData })
    }

    fn request(&self, list: usize, reached: Option<Timestamp>, now: Timestamp) -> Option<Request> {
        let symbol = self.range.symbols.get(list)?;
        let start = self.range.start.unwrap_or(Date(now.date().0 - R::LOOKBACK_DAYS));
        let from = reached.unwrap_or_else(|| new_york_midnight(start));
        // The last day counts whole.
        let end = self.range.end.map(|day| new_york_midnight(Date(day.0 + 1)).plus_nanos(-1));
        let to = end.unwrap_or(now).max(from);
        Some(request(R::KIND, symbol, &self.range.period, from, to))
    }

    fn name(&self, list: usize) -> &str {
        self.range.symbols.get(list).map_or("", String::as_str)
    }

    fn map(&self, row: &RawValue, at: &mut At<'_>, items: &mut Vec<Item>) -> Mapped {
        let (symbol, period) = (self.name(at.list), &self.range.period);
        let (event, _) = map::row(Asked { kind: R::KIND, symbol, period, now: at.now }, row)?;
        items.push(Item::Event(event));
        Ok(())
    }

    fn poll_secs(&self) -> u64 {
        self.range.poll_secs
    }
}

/// Bars of any length, raw or adjusted for splits.
pub type BarsHistory = Lists<History<Bars>>;
/// Every print.
pub type TradesHistory = Lists<History<Trades>>;
/// Every quote.
pub type QuotesHistory = Lists<History<Quotes>>;

pub struct Bars;
pub struct Trades;
pub struct Quotes;

impl Records for Bars {
    const NAME: &'static str = "polygon_bars_history";
    const PUBLISHES: &'static [&'static str] = &["market.bars"];
    const KIND: Kind = Kind::MinuteBars;
    const LOOKBACK_DAYS: i32 = 30;
    type Settings = settings::BarsHistory;

    fn range(settings: Self::Settings) -> Result<Range> {
        let settings::BarsHistory { symbols, start, end, timeframe, adjustment, poll_secs } =
            settings;
        if !matches!(adjustment, Adjustment::Raw | Adjustment::Split) {
            let reason = "polygon adjusts for splits or not at all";
            return Err(Fault::fatal(format!("adjustment {adjustment}: {reason}")));
        }
        let period = Period::parse(&timeframe, adjustment).ok_or_else(|| {
            let reason = "is not a length of bars such as \"1day\" or \"15minute\"";
            Fault::fatal(format!("{timeframe:?} {reason}"))
        })?;
        Ok(Range { period, symbols, start, end, poll_secs })
    }
}

impl Records for Trades {
    const NAME: &'static str = "polygon_trades_history";
    const PUBLISHES: &'static [&'static str] = &["market.trades"];
    const KIND: Kind = Kind::Trades;
    const LOOKBACK_DAYS: i32 = 1;
    type Settings = settings::TicksHistory;

    fn range(settings: Self::Settings) -> Result<Range> {
        Ok(ticks(settings))
    }
}

impl Records for Quotes {
    const NAME: &'static str = "polygon_quotes_history";
    const PUBLISHES: &'static [&'static str] = &["market.quotes"];
    const KIND: Kind = Kind::Quotes;
    const LOOKBACK_DAYS: i32 = 1;
    type Settings = settings::TicksHistory;

    fn range(settings: Self::Settings) -> Result<Range> {
        Ok(ticks(settings))
    }
}

fn ticks(settings: settings::TicksHistory) -> Range {
    let settings::TicksHistory { symbols, start, end, poll_secs } = settings;
    Range { period: map::MINUTE.clone(), symbols, start, end, poll_secs }
}
