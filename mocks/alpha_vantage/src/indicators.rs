//! Technical indicators. The common ones are computed from the adjusted bars; for the others
//! ([`Kind::Shape`]) only the form of the answer is right, the numbers are a moving average.

use mockkit::time;
use rust_decimal::prelude::ToPrimitive as _;

use crate::answer::{Answer, Table, column, same};
use crate::call::{Call, INTRADAY};
use crate::json::Json;
use crate::number::{eastern, float};
use crate::refusal::Result;
use crate::stocks::bars::{Intraday, Prices};
use crate::stocks::history::{Period, months, weeks};

/// No indicator looks back farther.
const MAX_PERIOD: usize = 5_000;

struct Indicator {
    name: &'static str,
    title: &'static str,
    keys: &'static [&'static str],
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sma,
    Ema,
    Wma,
    Dema,
    Tema,
    Trima,
    Momentum,
    Roc,
    Rocr,
    Rsi,
    Midpoint,
    Midprice,
    Macd,
    Bands,
    Willr,
    Cci,
    TrueRange,
    Atr,
    Natr,
    Obv,
    Ad,
    Bop,
    Vwap,
    Aroon,
    Shape,
}

/// Name, title, keys where they are not just the name, how it is computed.
const fn indicator(
    name: &'static str,
    title: &'static str,
    keys: &'static [&'static str],
    kind: Kind,
) -> Indicator {
    Indicator { name, title, keys, kind }
}

const INDICATORS: &[Indicator] = &[
    indicator("SMA", "Simple Moving Average (SMA)", &["SMA"], Kind::Sma),
    indicator("EMA", "Exponential Moving Average (EMA)", &["EMA"], Kind::Ema),
    indicator("WMA", "Weighted Moving Average (WMA)", &["WMA"], Kind::Wma),
    indicator("DEMA", "Double Exponential Moving Average (DEMA)", &["DEMA"], Kind::Dema),
    indicator("TEMA", "Triple Exponential Moving Average (TEMA)", &["TEMA"], Kind::Tema),
    indicator("TRIMA", "Triangular Moving Average (TRIMA)", &["TRIMA"], Kind::Trima),
    indicator("KAMA", "Kaufman Adaptive Moving Average (KAMA)", &["KAMA"], Kind::Shape),
    indicator("MAMA", "MESA Adaptive Moving Average (MAMA)", &["MAMA", "FAMA"], Kind::Shape),
    indicator("VWAP", "Volume Weighted Average Price (VWAP)", &["VWAP"], Kind::Vwap),
    indicator("T3", "Triple Exponential Moving Average (T3)", &["T3"], Kind::Shape),
    indicator(
        "MACD",
        "Moving Average Convergence/Divergence (MACD)",
        &["MACD", "MACD_Hist", "MACD_Signal"],
        Kind::Macd,
    ),
    indicator(
        "MACDEXT",
        "MACD with Controllable MA Type (MACDEXT)",
        &["MACD", "MACD_Hist", "MACD_Signal"],
        Kind::Macd,
    ),
    indicator("STOCH", "Stochastic (STOCH)", &["SlowK", "SlowD"], Kind::Shape),
    indicator("STOCHF", "Stochastic Fast (STOCHF)", &["FastK", "FastD"], Kind::Shape),
    indicator("RSI", "Relative Strength Index (RSI)", &["RSI"], Kind::Rsi),
    indicator(
        "STOCHRSI",
        "Stochastic Relative Strength Index (STOCHRSI)",
        &["FastK", "FastD"],
        Kind::Shape,
    ),
    indicator("WILLR", "Williams' %R (WILLR)", &["WILLR"], Kind::Willr),
    indicator("ADX", "Average Directional Movement Index (ADX)", &["ADX"], Kind::Shape),
    indicator("ADXR", "Average Directional Movement Index Rating (ADXR)", &["ADXR"], Kind::Shape),
    indicator("APO", "Absolute Price Oscillator (APO)", &["APO"], Kind::Shape),
    indicator("PPO", "Percentage Price Oscillator (PPO)", &["PPO"], Kind::Shape),
    indicator("MOM", "Momentum (MOM)", &["MOM"], Kind::Momentum),
    indicator("BOP", "Balance Of Power (BOP)", &["BOP"], Kind::Bop),
    indicator("CCI", "Commodity Channel Index (CCI)", &["CCI"], Kind::Cci),
    indicator("CMO", "Chande Momentum Oscillator (CMO)", &["CMO"], Kind::Shape),
    indicator("ROC", "Rate of change : ((price/prevPrice)-1)*100", &["ROC"], Kind::Roc),
    indicator("ROCR", "Rate of change ratio: (price/prevPrice)", &["ROCR"], Kind::Rocr),
    indicator("AROON", "Aroon (AROON)", &["Aroon Down", "Aroon Up"], Kind::Aroon),
    indicator("AROONOSC", "Aroon Oscillator (AROONOSC)", &["AROONOSC"], Kind::Shape),
    indicator("MFI", "Money Flow Index (MFI)", &["MFI"], Kind::Shape),
    indicator(
        "TRIX",
        "1-day Rate-Of-Change (ROC) of a Triple Smooth EMA (TRIX)",
        &["TRIX"],
        Kind::Shape,
    ),
    indicator("ULTOSC", "Ultimate Oscillator (ULTOSC)", &["ULTOSC"], Kind::Shape),
    indicator("DX", "Directional Movement Index (DX)", &["DX"], Kind::Shape),
    indicator("MINUS_DI", "Minus Directional Indicator (MINUS_DI)", &["MINUS_DI"], Kind::Shape),
    indicator("PLUS_DI", "Plus Directional Indicator (PLUS_DI)", &["PLUS_DI"], Kind::Shape),
    indicator("MINUS_DM", "Minus Directional Movement (MINUS_DM)", &["MINUS_DM"], Kind::Shape),
    indicator("PLUS_DM", "Plus Directional Movement (PLUS_DM)", &["PLUS_DM"], Kind::Shape),
    indicator(
        "BBANDS",
        "Bollinger Bands (BBANDS)",
        &["Real Upper Band", "Real Middle Band", "Real Lower Band"],
        Kind::Bands,
    ),
    indicator("MIDPOINT", "MidPoint over period (MIDPOINT)", &["MIDPOINT"], Kind::Midpoint),
    indicator("MIDPRICE", "Midpoint Price over period (MIDPRICE)", &["MIDPRICE"], Kind::Midprice),
    indicator("SAR", "Parabolic SAR (SAR)", &["SAR"], Kind::Shape),
    indicator("TRANGE", "True Range (TRANGE)", &["TRANGE"], Kind::TrueRange),
    indicator("ATR", "Average True Range (ATR)", &["ATR"], Kind::Atr),
    indicator("NATR", "Normalized Average True Range (NATR)", &["NATR"], Kind::Natr),
    indicator("AD", "Chaikin A/D Line", &["Chaikin A/D"], Kind::Ad),
    indicator("ADOSC", "Chaikin A/D Oscillator (ADOSC)", &["ADOSC"], Kind::Shape),
    indicator("OBV", "On Balance Volume (OBV)", &["OBV"], Kind::Obv),
    indicator(
        "HT_TRENDLINE",
        "Hilbert Transform - Instantaneous Trendline (HT_TRENDLINE)",
        &["HT_TRENDLINE"],
        Kind::Shape,
    ),
    indicator(
        "HT_SINE",
        "Hilbert Transform - SineWave (HT_SINE)",
        &["LEAD SINE", "SINE"],
        Kind::Shape,
    ),
    indicator(
        "HT_TRENDMODE",
        "Hilbert Transform - Trend vs Cycle Mode (HT_TRENDMODE)",
        &["TRENDMODE"],
        Kind::Shape,
    ),
    indicator(
        "HT_DCPERIOD",
        "Hilbert Transform - Dominant Cycle Period (HT_DCPERIOD)",
        &["DCPERIOD"],
        Kind::Shape,
    ),
    indicator(
        "HT_DCPHASE",
        "Hilbert Transform - Dominant Cycle Phase (HT_DCPHASE)",
        &["HT_DCPHASE"],
        Kind::Shape,
    ),
    indicator(
        "HT_PHASOR",
        "Hilbert Transform - Phasor Components (HT_PHASOR)",
        &["PHASE", "QUADRATURE"],
        Kind::Shape,
    ),
];

/// Names of the functions answered here.
pub fn names() -> impl Iterator<Item = &'static str> {
    INDICATORS.iter().map(|indicator| indicator.name)
}

/// A bar, in the floats that averages are made of.
struct Point {
    stamp: String,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

pub fn value(call: &Call<'_>) -> Result<Answer> {
    let found = INDICATORS.iter().find(|known| known.name == call.function);
    let indicator = found.ok_or_else(|| call.invalid())?;
    let symbol = call.required("symbol")?;
    let interval = call.required("interval")?;
    let series_type = call.choice("series_type", "close", &["close", "open", "high", "low"])?;
    let period = count(call, "time_period", 20)?;
    let points = points(call, interval)?;
    let Some(newest) = points.last() else { return Err(call.invalid()) };
    let chosen: Vec<f64> = points.iter().map(|point| point.by(series_type)).collect();
    let lines = match indicator.kind {
        Kind::Macd => {
            let periods = [("fastperiod", 12), ("slowperiod", 26), ("signalperiod", 9)];
            let [fast, slow, signal] = periods.map(|(name, usual)| count(call, name, usual));
            macd(&chosen, fast?, slow?, signal?)
        }
        kind => lines(kind, &points, &chosen, period),
    };
    let mut meta = vec![
        ("1: Symbol", symbol.to_owned()),
        ("2: Indicator", indicator.title.to_owned()),
        ("3: Last Refreshed", newest.stamp.clone()),
        ("4: Interval", interval.to_owned()),
    ];
    if call.get("time_period").is_some() {
        meta.push(("5: Time Period", period.to_string()));
    }
    if call.get("series_type").is_some() {
        meta.push(("6: Series Type", series_type.to_owned()));
    }
    meta.push(("7: Time Zone", "US/Eastern".to_owned()));
    let key = indicator.keys.first().filter(|_| indicator.name == "AD");
    let key = format!("Technical Analysis: {}", key.unwrap_or(&indicator.name));
    let mut table = Table::new(&[column("time", "time")]);
    table.columns.extend(indicator.keys.iter().copied().map(same));
    for (index, point) in points.iter().enumerate().rev() {
        // While there are too few bars for a value, there is no row.
        let values = (0..indicator.keys.len()).map(|key| {
            let line = lines.get(key).or(lines.first());
            line.and_then(|line| line.get(index).copied().flatten())
        });
        if let Some(values) = values.collect::<Option<Vec<f64>>>() {
            let mut row = vec![Json::Text(point.stamp.clone())];
            row.extend(values.into_iter().map(|value| Json::Text(float(value, 4))));
            table.rows.push(row);
        }
    }
    let meta = meta.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Answer::Series { meta, key, table })
}

fn count(call: &Call<'_>, name: &str, usual: usize) -> Result<usize> {
    let Some(text) = call.get(name) else { return Ok(usual) };
    let count = text.parse().ok().filter(|count| (1..=MAX_PERIOD).contains(count));
    count.ok_or_else(|| call.invalid())
}

/// Oldest first.
fn points(call: &Call<'_>, interval: &str) -> Result<Vec<Point>> {
    let (index, horizon) = (call.listing()?, call.horizon()?);
    let stocks = &call.world.stocks;
    if INTRADAY.contains(&interval) {
        let month = call.month()?;
        let newest = stocks.minutes(index, horizon).last().map_or(horizon, |bar| bar.time);
        let newest = time::new_york_date(newest);
        let wanted = Intraday {
            index,
            minutes: call.minutes()?,
            horizon,
            since: month.unwrap_or(jiff::civil::Date::MIN),
            until: month.map_or(newest, jiff::civil::Date::last_of_month),
            regular: false,
            adjusted: true,
        };
        let bars = stocks.intraday(&wanted);
        return Ok(bars
            .iter()
            .map(|bar| Point::new(eastern(bar.start), &bar.prices, 1.0))
            .collect());
    }
    let days = stocks.history(index, horizon);
    let periods = match interval {
        "daily" => days,
        "weekly" => weeks(&days),
        "monthly" => months(&days),
        _ => return Err(call.invalid()),
    };
    Ok(periods.iter().map(Point::of).collect())
}

impl Point {
    fn new(stamp: String, prices: &Prices, factor: f64) -> Point {
        let number = |price: rust_decimal::Decimal| price.to_f64().unwrap_or_default() * factor;
        Point {
            stamp,
            open: number(prices.open),
            high: number(prices.high),
            low: number(prices.low),
            close: number(prices.close),
            volume: prices.volume as f64,
        }
    }

    fn of(period: &Period) -> Point {
        let factor = period.adjusted_close.checked_div(period.prices.close);
        let factor = factor.and_then(|factor| factor.to_f64()).unwrap_or(1.0);
        Point::new(period.date.to_string(), &period.prices, factor)
    }

    fn by(&self, series_type: &str) -> f64 {
        match series_type {
            "open" => self.open,
            "high" => self.high,
            "low" => self.low,
            _ => self.close,
        }
    }

    fn typical(&self) -> f64 {
        (self.high + self.low + self.close) / 3.0
    }
}

type Line = Vec<Option<f64>>;

fn lines(kind: Kind, points: &[Point], chosen: &[f64], period: usize) -> Vec<Line> {
    let whole = |line: Vec<f64>| vec![line.into_iter().map(Some).collect()];
    match kind {
        Kind::Sma | Kind::Shape | Kind::Macd => vec![sma(chosen, period)],
        Kind::Ema => vec![ema(&known(chosen), period)],
        Kind::Wma => vec![windows(chosen, period, weighted)],
        Kind::Dema => {
            let one = ema(&known(chosen), period);
            let two = ema(&one, period);
            vec![combine(&one, &two, |one, two| 2.0 * one - two)]
        }
        Kind::Tema => {
            let one = ema(&known(chosen), period);
            let two = ema(&one, period);
            let three = ema(&two, period);
            let both = combine(&one, &two, |one, two| 3.0 * (one - two));
            vec![combine(&both, &three, |both, three| both + three)]
        }
        Kind::Trima => vec![windows(chosen, period, triangular)],
        Kind::Momentum => vec![windows(chosen, period + 1, |w| ends(w, |a, b| b - a))],
        Kind::Roc => vec![windows(chosen, period + 1, |w| ends(w, |a, b| (b / a - 1.0) * 100.0))],
        Kind::Rocr => vec![windows(chosen, period + 1, |w| ends(w, |a, b| b / a))],
        Kind::Rsi => vec![rsi(chosen, period)],
        Kind::Midpoint => vec![windows(chosen, period, |w| (most(w) + least(w)) / 2.0)],
        Kind::Midprice => vec![over(points, period, |w| {
            let (high, low) = range(w);
            (high + low) / 2.0
        })],
        Kind::Bands => bands(chosen, period),
        Kind::Willr => vec![over(points, period, |w| {
            let (high, low) = range(w);
            (high - w.last().map_or(0.0, |last| last.close)) / (high - low) * -100.0
        })],
        Kind::Cci => vec![over(points, period, channel)],
        Kind::TrueRange => whole(true_range(points)),
        Kind::Atr => vec![smoothed(&true_range(points), period)],
        Kind::Natr => {
            let line = smoothed(&true_range(points), period);
            let close = points.iter().map(|point| Some(point.close)).collect::<Line>();
            vec![combine(&line, &close, |range, close| range / close * 100.0)]
        }
        Kind::Obv => whole(running(points, |before, now| {
            now.volume
                * (now.close - before.map_or(now.close, |b| b.close)).total_cmp(&0.0) as i8 as f64
        })),
        Kind::Ad => whole(running(points, |_, now| {
            let width = now.high - now.low;
            let place = ((now.close - now.low) - (now.high - now.close)) / width;
            if width == 0.0 { 0.0 } else { place * now.volume }
        })),
        Kind::Bop => whole(points.iter().map(balance).collect()),
        Kind::Vwap => whole(vwap(points)),
        Kind::Aroon => {
            let since = |high: bool| over(points, period + 1, move |window| aroon(window, high));
            vec![since(false), since(true)]
        }
    }
}

fn known(values: &[f64]) -> Line {
    values.iter().copied().map(Some).collect()
}

/// A value for each window of so many numbers.
fn windows(values: &[f64], period: usize, of: impl Fn(&[f64]) -> f64) -> Line {
    let empty = period.saturating_sub(1).min(values.len());
    let mut line: Line = vec![None; empty];
    line.extend(values.windows(period.max(1)).map(|window| Some(of(window))));
    line
}

fn over(points: &[Point], period: usize, of: impl Fn(&[Point]) -> f64) -> Line {
    let empty = period.saturating_sub(1).min(points.len());
    let mut line: Line = (0..empty).map(|_| None).collect();
    line.extend(points.windows(period.max(1)).map(|window| Some(of(window))));
    line
}

fn sma(values: &[f64], period: usize) -> Line {
    windows(values, period, mean)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn weighted(window: &[f64]) -> f64 {
    let weights = (1..=window.len()).map(|weight| weight as f64);
    let sum: f64 = window.iter().zip(weights.clone()).map(|(value, weight)| value * weight).sum();
    sum / weights.sum::<f64>()
}

fn triangular(window: &[f64]) -> f64 {
    let weight = |index: usize| (index + 1).min(window.len() - index) as f64;
    let sum: f64 = window.iter().enumerate().map(|(index, value)| value * weight(index)).sum();
    sum / (0..window.len()).map(weight).sum::<f64>()
}

fn ends(window: &[f64], of: fn(f64, f64) -> f64) -> f64 {
    let (first, last) = (window.first(), window.last());
    first.zip(last).map_or(0.0, |(first, last)| of(*first, *last))
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::MIN, f64::max)
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::MAX, f64::min)
}

fn range(window: &[Point]) -> (f64, f64) {
    let high = window.iter().map(|point| point.high).fold(f64::MIN, f64::max);
    let low = window.iter().map(|point| point.low).fold(f64::MAX, f64::min);
    (high, low)
}

/// Begins with the mean of its first values.
fn ema(values: &Line, period: usize) -> Line {
    let factor = 2.0 / (period as f64 + 1.0);
    average(values, period, factor)
}

/// Wilder's average.
fn smoothed(values: &[f64], period: usize) -> Line {
    average(&known(values), period, 1.0 / period.max(1) as f64)
}

fn average(values: &Line, period: usize, factor: f64) -> Line {
    let mut first = Vec::new();
    let mut last: Option<f64> = None;
    let step = |value: &Option<f64>| {
        let value = (*value)?;
        last = match last {
            Some(last) => Some(last + (value - last) * factor),
            None => {
                first.push(value);
                (first.len() >= period).then(|| mean(&first))
            }
        };
        last
    };
    values.iter().map(step).collect()
}

fn combine(one: &Line, other: &Line, of: impl Fn(f64, f64) -> f64) -> Line {
    one.iter().zip(other).map(|(one, other)| Some(of((*one)?, (*other)?))).collect()
}

fn macd(values: &[f64], fast: usize, slow: usize, signal: usize) -> Vec<Line> {
    let (fast, slow) = (ema(&known(values), fast), ema(&known(values), slow));
    let line = combine(&fast, &slow, |fast, slow| fast - slow);
    let signal = ema(&line, signal);
    let histogram = combine(&line, &signal, |line, signal| line - signal);
    vec![line, histogram, signal]
}

fn rsi(values: &[f64], period: usize) -> Line {
    let changes: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let ups: Vec<f64> = changes.iter().map(|change| change.max(0.0)).collect();
    let downs: Vec<f64> = changes.iter().map(|change| (-change).max(0.0)).collect();
    let (up, down) = (smoothed(&ups, period), smoothed(&downs, period));
    let mut line: Line = vec![None; values.len().min(1)];
    line.extend(combine(&up, &down, |up, down| {
        if up + down == 0.0 { 50.0 } else { 100.0 * up / (up + down) }
    }));
    line
}

fn bands(values: &[f64], period: usize) -> Vec<Line> {
    let middle = sma(values, period);
    let width = windows(values, period, |window| {
        let middle = mean(window);
        let squares = window.iter().map(|value| (value - middle).powi(2)).sum::<f64>();
        2.0 * (squares / window.len().max(1) as f64).sqrt()
    });
    let upper = combine(&middle, &width, |middle, width| middle + width);
    let lower = combine(&middle, &width, |middle, width| middle - width);
    vec![upper, middle, lower]
}

fn channel(window: &[Point]) -> f64 {
    let typical: Vec<f64> = window.iter().map(Point::typical).collect();
    let middle = mean(&typical);
    let off = typical.iter().map(|price| (price - middle).abs()).sum::<f64>();
    let off = off / typical.len().max(1) as f64;
    if off == 0.0 { 0.0 } else { (typical.last().unwrap_or(&0.0) - middle) / (0.015 * off) }
}

fn true_range(points: &[Point]) -> Vec<f64> {
    let mut before: Option<f64> = None;
    let range = |point: &Point| {
        let close = before.replace(point.close).unwrap_or(point.close);
        point.high.max(close) - point.low.min(close)
    };
    points.iter().map(range).collect()
}

fn running(points: &[Point], of: impl Fn(Option<&Point>, &Point) -> f64) -> Vec<f64> {
    let mut sum = 0.0;
    let step = |(index, point): (usize, &Point)| {
        sum += of(index.checked_sub(1).and_then(|before| points.get(before)), point);
        sum
    };
    points.iter().enumerate().map(step).collect()
}

fn balance(point: &Point) -> f64 {
    let width = point.high - point.low;
    if width == 0.0 { 0.0 } else { (point.close - point.open) / width }
}

/// Starts anew each day.
fn vwap(points: &[Point]) -> Vec<f64> {
    let (mut day, mut value, mut volume) = (String::new(), 0.0, 0.0);
    let step = |point: &Point| {
        let date = point.stamp.get(..10).unwrap_or_default();
        if date != day {
            (day, value, volume) = (date.to_owned(), 0.0, 0.0);
        }
        value += point.typical() * point.volume;
        volume += point.volume;
        if volume == 0.0 { point.typical() } else { value / volume }
    };
    points.iter().map(step).collect()
}

/// How recent the window's highest or lowest price is, in percent.
fn aroon(window: &[Point], high: bool) -> f64 {
    let extreme = |one: &Point, other: &Point| {
        if high { one.high >= other.high } else { one.low <= other.low }
    };
    let mut at = 0;
    for (index, point) in window.iter().enumerate() {
        if extreme(point, &window[at]) {
            at = index;
        }
    }
    100.0 * at as f64 / window.len().saturating_sub(1).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_right() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(sma(&values, 3), [None, None, Some(2.0), Some(3.0), Some(4.0)]);
        assert_eq!(ema(&known(&values), 3), [None, None, Some(2.0), Some(3.0), Some(4.0)]);
        assert_eq!(windows(&values, 2, weighted)[1], Some(5.0 / 3.0));
        assert_eq!(rsi(&values, 2)[4], Some(100.0));
        assert_eq!(sma(&values, 9), [None; 5]);
        assert!(macd(&values, 2, 3, 2)[2][4].is_some());
        assert!(bands(&values, 5)[0][4] > bands(&values, 5)[2][4]);
    }
}
