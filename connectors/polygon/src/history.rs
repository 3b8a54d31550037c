//! Bars, trades and quotes of the past, symbol by symbol.

use component::{Fault, Result};
use http::{List, Listed, Lists, Request};
use model::{Adjustment, Date, Timestamp};
use session::Kind;

use crate::map::{self, Asked, MINUTE, Period, new_york_midnight};
use crate::settings::{self, System, TicksHistory};

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
    if kind.is_bars() {
        let is_short = matches!(period.timespan, "second" | "minute");
        let limit = if is_short && period.multiplier < SHORT_BARS { PAGE } else { LONG_PAGE };
        let is_adjusted = period.adjustment == Adjustment::Split;
        let (count, from, to) = (period.multiplier, from.millis(), to.millis());
        let parts: [&str; 5] =
            [&name, "range", &count.to_string(), period.timespan, &from.to_string()];
        let request = parts.iter().fold(Request::get("/v2/aggs/ticker"), |r, p| r.segment(p));
        return request
            .segment(&to.to_string())
            .query(&[("adjusted", if is_adjusted { "true" } else { "false" })])
            .query(&[("sort", "asc"), ("limit", limit)]);
    }
    Request::get(if kind == Kind::Trades { "/v3/trades" } else { "/v3/quotes" })
        .segment(&name)
        .query(&[("timestamp.gte", &from.0.to_string()), ("timestamp.lte", &to.0.to_string())])
        .query(&[("order", "asc"), ("sort", "timestamp"), ("limit", PAGE)])
}

/// A list of one kind of record, from the first day on; from so many days ago, if none is said.
fn history(
    symbol: String,
    kind: Kind,
    period: Period,
    (start, end, lookback_days): (Option<Date>, Option<Date>, i32),
) -> List {
    let (name, of_rows) = (symbol.clone(), period.clone());
    // The last day counts whole.
    let end = end.map(|day| new_york_midnight(Date(day.0 + 1)).plus_nanos(-1));
    let first = move |reached: Option<Timestamp>, now: Timestamp| {
        let start = start.unwrap_or(Date(now.date().0 - lookback_days));
        let from = reached.unwrap_or_else(|| new_york_midnight(start));
        request(kind, &name, &period, from, end.unwrap_or(now).max(from))
    };
    List::growing(&symbol.clone(), first, move |row, taken| {
        let asked = Asked { kind, symbol: &symbol, period: &of_rows, now: taken.now };
        taken.push(map::row(asked, row)?.0)
    })
}

/// Bars of any length, raw or adjusted for splits.
pub type BarsHistory = Lists<Bars>;
/// Every print.
pub type TradesHistory = Lists<Trades>;
/// Every quote.
pub type QuotesHistory = Lists<Quotes>;

pub struct Bars;
pub struct Trades;
pub struct Quotes;

impl Listed for Bars {
    const NAME: &'static str = "polygon_bars_history";
    const PUBLISHES: &'static [&'static str] = &["market.bars"];
    type System = System;
    type Settings = settings::BarsHistory;

    fn lists(_: &System, settings: settings::BarsHistory) -> Result<(Vec<List>, u64)> {
        let settings::BarsHistory { symbols, timeframe, adjustment, .. } = settings;
        if !matches!(adjustment, Adjustment::Raw | Adjustment::Split) {
            let reason = "polygon adjusts for splits or not at all";
            return Err(Fault::fatal(format!("adjustment {adjustment}: {reason}")));
        }
        let period = Period::parse(&timeframe, adjustment).ok_or_else(|| {
            let reason = "is not a length of bars such as \"1day\" or \"15minute\"";
            Fault::fatal(format!("{timeframe:?} {reason}"))
        })?;
        let days = (settings.start, settings.end, 30);
        let bars = |symbol| history(symbol, Kind::MinuteBars, period.clone(), days);
        Ok((symbols.into_iter().map(bars).collect(), settings.poll_secs))
    }
}

impl Listed for Trades {
    const NAME: &'static str = "polygon_trades_history";
    const PUBLISHES: &'static [&'static str] = &["market.trades"];
    type System = System;
    type Settings = TicksHistory;

    fn lists(_: &System, settings: TicksHistory) -> Result<(Vec<List>, u64)> {
        Ok(ticks(settings, Kind::Trades))
    }
}

impl Listed for Quotes {
    const NAME: &'static str = "polygon_quotes_history";
    const PUBLISHES: &'static [&'static str] = &["market.quotes"];
    type System = System;
    type Settings = TicksHistory;

    fn lists(_: &System, settings: TicksHistory) -> Result<(Vec<List>, u64)> {
        Ok(ticks(settings, Kind::Quotes))
    }
}

fn ticks(settings: TicksHistory, kind: Kind) -> (Vec<List>, u64) {
    let days = (settings.start, settings.end, 1);
    let ticks = |symbol| history(symbol, kind, MINUTE.clone(), days);
    (settings.symbols.into_iter().map(ticks).collect(), settings.poll_secs)
}
