//! Bars of a range.

use mockkit::time::DAY;
use rust_decimal::Decimal;

use super::Ask;
use crate::bars::{Timespan, adjusted, base_bars, joined, window};
use crate::instruments::{Class, Instrument};
use crate::json::{Json, map};
use crate::query::{Order, moment};
use crate::refusal::{Refusal, Result};
use crate::tape::Bar;

/// Rows of seconds, minutes or days that one answer is made of.
const USUAL: usize = 5_000;
const MOST: usize = 50_000;

const MILLISECOND: i64 = 1_000_000;

/// The farthest back and ahead that a range may reach.
const EARLIEST: i64 = -8_000 * DAY;
const LATEST: i64 = 90_000 * DAY;

pub fn range(ask: &Ask) -> Result<Json> {
    let symbol = ask.argument(0);
    let wanted = Range::read(ask)?;
    let order = ask.query.order("sort", Order::Ascending)?;
    let limit = ask.query.limit(USUAL, MOST)?;
    let adjust = ask.query.flag("adjusted")?.unwrap_or(true);
    ask.check_history(wanted.from)?;
    if !ask.plan.has_today() && wanted.from >= ask.now {
        return Err(Refusal::timeframe());
    }
    let begin = window(wanted.from, wanted.timespan, wanted.count);
    let instrument = ask.instrument(symbol);
    let base = instrument.map_or_else(Vec::new, |instrument| {
        let timespan = wanted.timespan.base();
        base_bars(ask.core, instrument, timespan, (begin, wanted.to), ask.now)
    });
    let adjusting = |bar: Bar| match instrument {
        Some(instrument) if adjust => adjusted(instrument, bar, ask.today()),
        _ => bar,
    };
    let mut base: Vec<Bar> = base.into_iter().map(adjusting).collect();
    let more = wanted.cut(&mut base, order, limit);
    let mut rows = wanted.join(&base);
    if order == Order::Descending {
        rows.reverse();
    }
    let shape = |bar: &Bar| row(instrument, bar);
    let results: Vec<Json> = rows.iter().map(shape).collect();
    let count = results.len();
    let answer = map([
        ("ticker", symbol.into()),
        ("queryCount", base.len().into()),
        ("resultsCount", count.into()),
        ("adjusted", adjust.into()),
    ]);
    // A range without data has no results at all.
    let answer = if count > 0 { answer.with("results", Json::List(results)) } else { answer };
    let answer = answer
        .with("status", ask.plan.status())
        .with("request_id", ask.request_id())
        .with("count", count);
    Ok(answer.maybe("next_url", more.map(|edge| wanted.next_url(ask, order, edge))))
}

/// A bar as the ranges show it.
pub fn row(instrument: Option<&Instrument>, bar: &Bar) -> Json {
    let has_volume = instrument.is_none_or(|one| one.class != Class::Indices);
    let row = if has_volume {
        map([("v", Json::Float(Decimal::from(bar.volume))), ("vw", bar.vwap.into())])
    } else {
        map([])
    };
    let row = row
        .with("o", bar.open)
        .with("c", bar.close)
        .with("h", bar.high)
        .with("l", bar.low)
        .with("t", bar.time / MILLISECOND);
    if has_volume { row.with("n", bar.trades) } else { row }
}

struct Range {
    count: i64,
    timespan: Timespan,
    from: i64,
    to: i64,
}

impl Range {
    fn read(ask: &Ask) -> Result<Range> {
        let count =
            ask.argument(1).parse::<i64>().ok().filter(|count| (1..=10_000).contains(count));
        let count = count.ok_or_else(|| {
            let given = ask.argument(1);
            Refusal::invalid(format!("'multiplier' must be a positive number, not {given:?}"))
        })?;
        let timespan = Timespan::parse(ask.argument(2)).ok_or_else(|| {
            let given = ask.argument(2);
            Refusal::invalid(format!("'timespan' {given:?} is not supported"))
        })?;
        let (from, _) = moment("from", ask.argument(3), MILLISECOND)?;
        let (_, to) = moment("to", ask.argument(4), MILLISECOND)?;
        if from > to {
            return Err(Refusal::invalid("'to' must not be before 'from'"));
        }
        let within = |ns: i64| ns.clamp(EARLIEST, LATEST);
        Ok(Range { count, timespan, from: within(from), to: within(to) })
    }

    fn start(&self, bar: &Bar) -> i64 {
        window(bar.time, self.timespan, self.count)
    }

    /// Keeps as many base rows as the limit lets, but no part of a window; the start of the first
    /// window that was left out.
    fn cut(&self, base: &mut Vec<Bar>, order: Order, limit: usize) -> Option<i64> {
        if base.len() <= limit {
            return None;
        }
        match order {
            Order::Ascending => {
                let edge = self.start(&base[limit]);
                let first = self.start(&base[0]);
                // A single window with more rows than the limit goes out whole.
                let edge = if edge == first { self.after(base, edge)? } else { edge };
                base.truncate(base.partition_point(|bar| self.start(bar) < edge));
                Some(edge)
            }
            Order::Descending => {
                let kept = self.start(&base[base.len() - limit]);
                let split = base.len() - limit;
                let is_whole = self.start(&base[split - 1]) < kept;
                let last = base.last().map_or(kept, |bar| self.start(bar));
                let keep = if is_whole || kept == last {
                    kept
                } else {
                    let next = base.iter().find(|bar| self.start(bar) > kept);
                    next.map_or(kept, |bar| self.start(bar))
                };
                let from = base.partition_point(|bar| self.start(bar) < keep);
                let edge = from.checked_sub(1).map(|index| self.start(&base[index]));
                base.drain(..from);
                edge.map(|_| keep)
            }
        }
    }

    /// Start of the window after this one.
    fn after(&self, base: &[Bar], edge: i64) -> Option<i64> {
        base.iter().map(|bar| self.start(bar)).find(|start| *start > edge)
    }

    fn join(&self, base: &[Bar]) -> Vec<Bar> {
        let mut rows: Vec<Bar> = Vec::new();
        for bar in base {
            let start = self.start(bar);
            match rows.last_mut().filter(|last| last.time == start) {
                Some(last) => *last = joined(last, bar),
                None => rows.push(Bar { time: start, ..*bar }),
            }
        }
        rows
    }

    /// The same path with its start, or going backwards its end, moved.
    fn next_url(&self, ask: &Ask, order: Order, edge: i64) -> String {
        let edge = edge / MILLISECOND;
        let (from, to) = match order {
            Order::Ascending => (edge.to_string(), ask.argument(4).to_owned()),
            Order::Descending => (ask.argument(3).to_owned(), (edge - 1).to_string()),
        };
        let (symbol, count, timespan) = (ask.argument(0), ask.argument(1), ask.argument(2));
        let path = format!("/v2/aggs/ticker/{symbol}/range/{count}/{timespan}/{from}/{to}");
        let mut query = ask.query.clone();
        query.set("limit", ask.query.get("limit").unwrap_or("5000"));
        query.set("sort", if order == Order::Ascending { "asc" } else { "desc" });
        query.set("as", ask.now);
        ask.url(&path, &query.plain_cursor())
    }
}
