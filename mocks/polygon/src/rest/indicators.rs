//! Moving averages and what is made of them, over the closes of bars.

use mockkit::time::DAY;
use rust_decimal::Decimal;

use super::{Ask, aggregates};
use crate::bars::{Timespan, adjusted, base_bars, joined, window};
use crate::instruments::Instrument;
use crate::json::{Json, map};
use crate::query::{Order, times};
use crate::refusal::{Refusal, Result};
use crate::tape::Bar;

const USUAL: usize = 10;
const MOST: usize = 5_000;
/// Windows larger than this mean nothing.
const MAX_WINDOW: usize = 5_000;
const MILLISECOND: i64 = 1_000_000;

/// Digits kept on the way; prices have four.
const DIGITS: u32 = 12;

/// Far enough back for any average that is asked for.
const EARLIEST: i64 = -8_000 * DAY;

/// One value, or the three of MACD.
type Value = (i64, Vec<(&'static str, Decimal)>);

pub fn sma(ask: &Ask) -> Result<Json> {
    let length = ask.query.count("window", 50, MAX_WINDOW)?;
    answer(ask, |closes| plain(closes, simple(&values(closes), length)))
}

pub fn ema(ask: &Ask) -> Result<Json> {
    let length = ask.query.count("window", 50, MAX_WINDOW)?;
    answer(ask, |closes| plain(closes, exponential(&values(closes), length)))
}

pub fn rsi(ask: &Ask) -> Result<Json> {
    let length = ask.query.count("window", 14, MAX_WINDOW)?;
    answer(ask, |closes| plain(closes, strength(&values(closes), length)))
}

pub fn macd(ask: &Ask) -> Result<Json> {
    let short = ask.query.count("short_window", 12, MAX_WINDOW)?;
    let long = ask.query.count("long_window", 26, MAX_WINDOW)?;
    let signal = ask.query.count("signal_window", 9, MAX_WINDOW)?;
    if short >= long {
        return Err(Refusal::invalid("'short_window' must be less than 'long_window'"));
    }
    answer(ask, |closes| {
        let prices = values(closes);
        let (fast, slow) = (exponential(&prices, short), exponential(&prices, long));
        let line: Vec<Option<Decimal>> =
            fast.iter().zip(&slow).map(|(fast, slow)| Some((*fast)? - (*slow)?)).collect();
        let known: Vec<Decimal> = line.iter().copied().flatten().collect();
        let mut signals = vec![None; line.len() - known.len()];
        signals.extend(exponential(&known, signal));
        let rows = closes.iter().zip(line.iter().zip(&signals));
        let row = |(close, (line, signal)): (&Close, (&Option<Decimal>, &Option<Decimal>))| {
            let (line, signal) = ((*line)?, (*signal)?);
            let named = vec![("value", line), ("signal", signal), ("histogram", line - signal)];
            Some((close.time, named))
        };
        rows.filter_map(row).collect()
    })
}

struct Close {
    time: i64,
    price: Decimal,
}

fn values(closes: &[Close]) -> Vec<Decimal> {
    closes.iter().map(|close| close.price).collect()
}

fn plain(closes: &[Close], values: Vec<Option<Decimal>>) -> Vec<Value> {
    let rows = closes.iter().zip(values);
    rows.filter_map(|(close, value)| Some((close.time, vec![("value", value?)]))).collect()
}

fn answer(ask: &Ask, compute: impl Fn(&[Close]) -> Vec<Value>) -> Result<Json> {
    let limit = ask.query.limit(USUAL, MOST)?;
    let order = ask.query.order("order", Order::Descending)?;
    let expand = ask.query.flag("expand_underlying")?.unwrap_or(false);
    let adjust = ask.query.flag("adjusted")?.unwrap_or(true);
    let word = ask.query.get("timespan").unwrap_or("day");
    let timespan = Timespan::parse(word)
        .ok_or_else(|| Refusal::invalid(format!("'timespan' {word:?} is not supported")))?;
    let series = ask.query.choice("series_type", &["open", "high", "low", "close"])?;
    let (mut from, mut to) = (i64::MIN, i64::MAX);
    for (op, text) in ask.query.filters("timestamp") {
        let (first, last) = times("timestamp", op, text, MILLISECOND)?;
        (from, to) = (from.max(first), to.min(last));
    }
    let instrument = ask.instrument(ask.argument(0));
    let bars = instrument.map_or_else(Vec::new, |one| bars(ask, one, timespan, adjust));
    let close = |bar: &Bar| Close {
        time: bar.time,
        price: match series {
            Some("open") => bar.open,
            Some("high") => bar.high,
            Some("low") => bar.low,
            _ => bar.close,
        }
        .decimal(),
    };
    let closes: Vec<Close> = bars.iter().map(close).collect();
    let mut values = compute(&closes);
    values.retain(|(time, _)| (from..=to).contains(time));
    if order == Order::Descending {
        values.reverse();
    }
    let after = ask.query.after()?.min(values.len());
    let end = after.saturating_add(limit).min(values.len());
    let next = (end < values.len()).then(|| ask.next_url(end));
    let shown = &values[after..end];
    let underlying = underlying(ask, instrument, &bars, shown, expand);
    let rows: Vec<Json> = shown.iter().map(row).collect();
    let results = map([("underlying", underlying)]);
    let results = if rows.is_empty() { results } else { results.with("values", rows) };
    let answer = map([("results", results)])
        .with("status", ask.plan.status())
        .with("request_id", ask.request_id());
    Ok(answer.maybe("next_url", next))
}

fn row((time, named): &Value) -> Json {
    let row = map([("timestamp", (time / MILLISECOND).into())]);
    named.iter().fold(row, |row, (name, value)| row.with(name, value.round_dp(DIGITS)))
}

/// Where the bars behind the values are, and the bars themselves if asked for.
fn underlying(
    ask: &Ask,
    instrument: Option<&Instrument>,
    bars: &[Bar],
    shown: &[Value],
    expand: bool,
) -> Json {
    let times = || shown.iter().map(|(time, _)| *time);
    let first = times().min().unwrap_or(ask.now) / MILLISECOND;
    let last = times().max().unwrap_or(ask.now) / MILLISECOND;
    let (symbol, timespan) = (ask.argument(0), ask.query.get("timespan").unwrap_or("day"));
    let path = format!("/v2/aggs/ticker/{symbol}/range/1/{timespan}/{first}/{last}");
    let url = format!("{}{path}?limit={}&sort=desc", ask.origin(), shown.len().max(1));
    let within = |bar: &&Bar| (first..=last).contains(&(bar.time / MILLISECOND));
    let rows: Option<Vec<Json>> = expand
        .then(|| bars.iter().filter(within).map(|bar| aggregates::row(instrument, bar)).collect());
    map([("url", url.into())]).maybe("aggregates", rows)
}

fn bars(ask: &Ask, instrument: &Instrument, timespan: Timespan, adjust: bool) -> Vec<Bar> {
    let base = base_bars(ask.core, instrument, timespan.base(), (EARLIEST, ask.now), ask.now);
    let mut rows: Vec<Bar> = Vec::new();
    for bar in base {
        let bar = if adjust { adjusted(instrument, bar, ask.today()) } else { bar };
        let start = window(bar.time, timespan, 1);
        match rows.last_mut().filter(|last| last.time == start) {
            Some(last) => *last = joined(last, &bar),
            None => rows.push(Bar { time: start, ..bar }),
        }
    }
    rows
}

fn simple(values: &[Decimal], length: usize) -> Vec<Option<Decimal>> {
    let mut sum = Decimal::ZERO;
    let divisor = Decimal::from(length);
    let mut averages = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        sum += value;
        if index >= length {
            sum -= values[index - length];
        }
        averages.push((index + 1 >= length).then(|| (sum / divisor).round_dp(DIGITS)));
    }
    averages
}

/// Begins with the simple average of the first values.
fn exponential(values: &[Decimal], length: usize) -> Vec<Option<Decimal>> {
    let weight = Decimal::TWO / Decimal::from(length + 1);
    let simple = simple(values, length);
    let mut last: Option<Decimal> = None;
    let mut averages = Vec::with_capacity(values.len());
    for (value, simple) in values.iter().zip(simple) {
        last = match last {
            Some(last) => Some((last + (value - last) * weight).round_dp(DIGITS)),
            None => simple,
        };
        averages.push(last);
    }
    averages
}

/// Wilder's: gains against gains and losses, from 0 to 100.
fn strength(values: &[Decimal], length: usize) -> Vec<Option<Decimal>> {
    let divisor = Decimal::from(length);
    let (mut gain, mut loss) = (Decimal::ZERO, Decimal::ZERO);
    let mut indices = vec![None; values.len().min(1)];
    for (index, pair) in values.windows(2).enumerate() {
        let change = pair[1] - pair[0];
        let (up, down) = (change.max(Decimal::ZERO), (-change).max(Decimal::ZERO));
        if index < length {
            gain += up / divisor;
            loss += down / divisor;
        } else {
            gain = ((gain * (divisor - Decimal::ONE) + up) / divisor).round_dp(DIGITS);
            loss = ((loss * (divisor - Decimal::ONE) + down) / divisor).round_dp(DIGITS);
        }
        let both = gain + loss;
        let index_value = || match both.is_zero() {
            true => Decimal::from(50),
            false => (gain / both * Decimal::ONE_HUNDRED).round_dp(DIGITS),
        };
        indices.push((index + 1 >= length).then(index_value));
    }
    indices
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn decimals(values: &[i64]) -> Vec<Decimal> {
        values.iter().map(|value| Decimal::from(*value)).collect()
    }

    #[test]
    fn averages_by_hand() {
        let check = |values: Vec<Option<Decimal>>, expected: &[Option<&str>]| {
            let texts: Vec<Option<String>> = values
                .iter()
                .map(|value| value.map(|value| value.normalize().to_string()))
                .collect();
            let expected: Vec<_> = expected.iter().map(|text| text.map(str::to_owned)).collect();
            assert_eq!(texts, expected);
        };
        let values = decimals(&[1, 2, 6, 4]);
        check(simple(&values, 2), &[None, Some("1.5"), Some("4"), Some("5")]);
        check(exponential(&values, 3), &[None, None, Some("3"), Some("3.5")]);
        check(strength(&values, 2), &[None, None, Some("100"), Some("55.555555555556")]);
        check(strength(&decimals(&[5, 5, 5]), 1), &[None, Some("50"), Some("50")]);
        check(simple(&[], 3), &[]);
        check(strength(&[], 3), &[]);
    }
}
