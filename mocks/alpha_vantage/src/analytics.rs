//! `ANALYTICS_FIXED_WINDOW` and `ANALYTICS_SLIDING_WINDOW`: statistics of daily, weekly or monthly
//! returns. Parameter names are in upper case, numbers are numbers, and what is wrong with a call
//! is told as `detail`.

use jiff::ToSpan as _;
use jiff::civil::Date;
use rust_decimal::prelude::ToPrimitive as _;

use crate::answer::Answer;
use crate::call::Call;
use crate::json::Json;
use crate::number::float;
use crate::params;
use crate::refusal::{Refusal, Result};
use crate::settings::Plan;
use crate::stocks::history::{Period, months, weeks};

/// What keys of the free plan and of premium plans may ask for at once.
const FREE_SYMBOLS: usize = 5;
const FREE_METRICS: usize = 1;
const SYMBOLS: usize = 50;
const METRICS: usize = 20;
const MIN_WINDOW: usize = 10;

/// Returns of one symbol, oldest first.
struct Returns {
    symbol: String,
    /// The date that each return leads to.
    dates: Vec<Date>,
    values: Vec<f64>,
    /// Adjusted prices, one more than returns.
    prices: Vec<f64>,
}

struct Asked {
    symbols: Vec<String>,
    from: Date,
    until: Date,
    interval: String,
    ohlc: String,
    metrics: Vec<String>,
}

pub fn fixed(call: &Call<'_>) -> Result<Answer> {
    let asked = asked(call)?;
    let all = returns(call, &asked)?;
    let metrics = asked.metrics.iter().map(|metric| {
        let name = name(metric);
        let value = match name {
            "CORRELATION" | "COVARIANCE" => matrix(&all, name),
            _ => Json::object(
                all.iter()
                    .map(|one| (one.symbol.clone(), statistic(metric, &one.values, &one.prices))),
            ),
        };
        (metric.clone(), value)
    });
    let payload = Json::object(metrics.collect::<Vec<_>>());
    Ok(answer(&asked, &all, None, payload))
}

pub fn sliding(call: &Call<'_>) -> Result<Answer> {
    let asked = asked(call)?;
    let window = call.get("WINDOW_SIZE").and_then(|text| text.parse::<usize>().ok());
    let window = window.filter(|window| *window >= MIN_WINDOW);
    let window =
        window.ok_or_else(|| detail("WINDOW_SIZE", "must be an integer of at least 10"))?;
    let all = returns(call, &asked)?;
    let metrics = asked.metrics.iter().map(|metric| {
        let running = all.iter().map(|one| {
            let ends = one.values.len().saturating_sub(window - 1);
            let rows = (0..ends).filter_map(|start| {
                let values = one.values.get(start..start + window)?;
                let prices = one.prices.get(start..start + window + 1)?;
                let date = one.dates.get(start + window - 1)?;
                Some((date.to_string(), statistic(metric, values, prices)))
            });
            (one.symbol.clone(), Json::object(rows.collect::<Vec<_>>()))
        });
        let running = Json::object(running.collect::<Vec<_>>());
        (metric.clone(), Json::object([(format!("RUNNING_{metric}"), running)]))
    });
    let payload = Json::object(metrics.collect::<Vec<_>>());
    Ok(answer(&asked, &all, Some(window), payload))
}

fn answer(asked: &Asked, all: &[Returns], window: Option<usize>, payload: Json) -> Answer {
    let first = all.iter().filter_map(|one| one.dates.first()).min();
    let last = all.iter().filter_map(|one| one.dates.last()).max();
    let text = |date: Option<&Date>, usual: Date| date.copied().unwrap_or(usual).to_string();
    let mut meta = vec![
        ("symbols", Json::Text(asked.symbols.join(","))),
        ("min_dt", Json::Text(text(first, asked.from))),
        ("max_dt", Json::Text(text(last, asked.until))),
        ("ohlc", Json::Text(asked.ohlc.clone())),
        ("interval", Json::Text(asked.interval.clone())),
    ];
    if let Some(window) = window {
        meta.push(("window_size", Json::Number(window.to_string())));
    }
    Answer::Json(Json::object([
        ("meta_data", Json::object(meta)),
        ("payload", Json::object([("RETURNS_CALCULATIONS", payload)])),
    ]))
}

fn asked(call: &Call<'_>) -> Result<Asked> {
    let required = |name| call.get(name).ok_or_else(|| detail(name, "field required"));
    let list = |text: &str| text.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>();
    let symbols = list(required("SYMBOLS")?);
    // Commas inside of brackets belong to a metric's own parameters.
    let metrics = split(required("CALCULATIONS")?);
    let free = call.rights.plan == Plan::Free;
    let (most_symbols, most_metrics) =
        if free { (FREE_SYMBOLS, FREE_METRICS) } else { (SYMBOLS, METRICS) };
    if symbols.len() > most_symbols || metrics.len() > most_metrics {
        return Err(Refusal::Premium);
    }
    if let Some(unknown) = metrics.iter().find(|metric| !METRIC_NAMES.contains(&name(metric))) {
        return Err(detail("CALCULATIONS", &format!("unknown calculation {unknown}")));
    }
    let interval = required("INTERVAL")?.to_ascii_uppercase();
    if !matches!(interval.as_str(), "DAILY" | "WEEKLY" | "MONTHLY") {
        return Err(detail("INTERVAL", "must be one of DAILY, WEEKLY, MONTHLY"));
    }
    let ohlc = call.get("OHLC").unwrap_or("close").to_ascii_lowercase();
    if !matches!(ohlc.as_str(), "open" | "high" | "low" | "close") {
        return Err(detail("OHLC", "must be one of open, high, low, close"));
    }
    let (from, until) = span(call)?;
    let capital = format!("{}{}", ohlc[..1].to_ascii_uppercase(), &ohlc[1..]);
    Ok(Asked { symbols, from, until, interval, ohlc: capital, metrics })
}

/// `RANGE` is a date, twice, or a length such as `2month`, `full`.
fn span(call: &Call<'_>) -> Result<(Date, Date)> {
    let wrong = || detail("RANGE", "is neither a date nor a length of time");
    let ranges: Vec<&str> = call.params.all("RANGE").collect();
    let today = call.today();
    match ranges.as_slice() {
        [] => Err(detail("RANGE", "field required")),
        ["full"] => Ok((Date::MIN, today)),
        [one] => {
            if let Some(from) = day(one) {
                return Ok((from, today));
            }
            let digits = one.bytes().take_while(u8::is_ascii_digit).count();
            let (count, unit) = one.split_at(digits);
            let count: i64 = count.parse().ok().filter(|n| *n < 10_000).ok_or_else(wrong)?;
            let span = match unit {
                "day" => count.days(),
                "week" => count.weeks(),
                "month" => count.months(),
                "year" => count.years(),
                "minute" | "hour" => return Err(detail("RANGE", "needs an intraday INTERVAL")),
                _ => return Err(wrong()),
            };
            Ok((today.checked_sub(span).map_err(|_| wrong())?, today))
        }
        [from, until, ..] => {
            Ok((day(from).ok_or_else(wrong)?, day(until).ok_or_else(wrong)?.min(today)))
        }
    }
}

/// A date, or a month, which stands for its first day.
fn day(text: &str) -> Option<Date> {
    params::date(text).or_else(|| params::month(text))
}

fn returns(call: &Call<'_>, asked: &Asked) -> Result<Vec<Returns>> {
    let horizon = call.horizon()?;
    let mut all = Vec::new();
    for symbol in &asked.symbols {
        let unknown = || detail("SYMBOLS", &format!("no data for {symbol}"));
        let index = call.world.stocks.find(symbol).ok_or_else(unknown)?;
        let days = call.world.stocks.history(index, horizon);
        let mut periods = match asked.interval.as_str() {
            "WEEKLY" => weeks(&days),
            "MONTHLY" => months(&days),
            _ => days,
        };
        periods.retain(|period| (asked.from..=asked.until).contains(&period.date));
        let prices: Vec<f64> = periods.iter().map(|period| price(period, &asked.ohlc)).collect();
        all.push(Returns {
            symbol: symbol.clone(),
            dates: periods.iter().skip(1).map(|period| period.date).collect(),
            values: prices.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect(),
            prices,
        });
    }
    Ok(all)
}

fn price(period: &Period, ohlc: &str) -> f64 {
    let prices = &period.prices;
    let chosen = match ohlc {
        "Open" => prices.open,
        "High" => prices.high,
        "Low" => prices.low,
        _ => prices.close,
    };
    let factor = period.adjusted_close.checked_div(prices.close).unwrap_or_default();
    chosen.checked_mul(factor).and_then(|price| price.to_f64()).unwrap_or_default()
}

const METRIC_NAMES: [&str; 12] = [
    "MIN",
    "MAX",
    "MEAN",
    "MEDIAN",
    "CUMULATIVE_RETURN",
    "VARIANCE",
    "STDDEV",
    "MAX_DRAWDOWN",
    "HISTOGRAM",
    "AUTOCORRELATION",
    "COVARIANCE",
    "CORRELATION",
];
/// Trading days of a year, for annualized values.
const YEAR: f64 = 252.0;
const BINS: usize = 10;

/// `STDDEV` of `STDDEV(annualized=True)`.
fn name(metric: &str) -> &str {
    metric.split('(').next().unwrap_or(metric)
}

fn statistic(metric: &str, values: &[f64], prices: &[f64]) -> Json {
    let annual = if metric.contains("annualized=True") { YEAR } else { 1.0 };
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (sorted.first().copied(), sorted.last().copied());
    match name(metric) {
        "MIN" => number(min.unwrap_or(f64::NAN)),
        "MAX" => number(max.unwrap_or(f64::NAN)),
        "MEAN" => number(mean(values)),
        "MEDIAN" => {
            let middle = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
            let half = sorted.len() / 2;
            let odd = sorted.len() % 2 == 1;
            number(if odd {
                middle(half)
            } else {
                (middle(half.wrapping_sub(1)) + middle(half)) / 2.0
            })
        }
        "CUMULATIVE_RETURN" => {
            let ends = prices.first().zip(prices.last());
            number(ends.map_or(f64::NAN, |(first, last)| last / first - 1.0))
        }
        "VARIANCE" => number(covariance(values, values) * annual),
        "STDDEV" => number((covariance(values, values) * annual).sqrt()),
        "MAX_DRAWDOWN" => number(drawdown(prices)),
        "HISTOGRAM" => histogram(&sorted),
        "AUTOCORRELATION" => {
            let later = values.get(1..).unwrap_or_default();
            let earlier = values.get(..values.len().saturating_sub(1)).unwrap_or_default();
            number(correlation(earlier, later))
        }
        _ => number(covariance(values, values)),
    }
}

fn histogram(sorted: &[f64]) -> Json {
    let (first, last) = (sorted.first().copied(), sorted.last().copied());
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    let width = (last - first) / BINS as f64;
    let edges: Vec<f64> = (0..=BINS).map(|edge| first + width * edge as f64).collect();
    let mut counts = [0_u32; BINS];
    for value in sorted {
        let place = if width == 0.0 { 0.0 } else { (value - first) / width };
        counts[(place as usize).min(BINS - 1)] += 1;
    }
    let counts = counts.iter().map(|count| Json::Number(count.to_string()));
    Json::object([
        ("bin_count", Json::List(counts.collect())),
        ("bin_edges", Json::List(edges.into_iter().map(number).collect())),
    ])
}

/// The lower triangle, in the order of its own index.
fn matrix(all: &[Returns], name: &str) -> Json {
    let of = if name == "CORRELATION" { correlation } else { covariance };
    let row = |index: usize| {
        let cells = all[..=index].iter().map(|other| number(of(&all[index].values, &other.values)));
        Json::List(cells.collect())
    };
    let symbols = all.iter().map(|one| Json::text(&one.symbol)).collect();
    let rows = (0..all.len()).map(row).collect();
    Json::object([
        ("index".to_owned(), Json::List(symbols)),
        (name.to_ascii_lowercase(), Json::List(rows)),
    ])
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Of a sample.
fn covariance(one: &[f64], other: &[f64]) -> f64 {
    let count = one.len().min(other.len());
    let (one, other) = (&one[one.len() - count..], &other[other.len() - count..]);
    let (a, b) = (mean(one), mean(other));
    let sum: f64 = one.iter().zip(other).map(|(x, y)| (x - a) * (y - b)).sum();
    sum / count.saturating_sub(1) as f64
}

fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let widths = (covariance(one, one) * covariance(other, other)).sqrt();
    covariance(one, other) / widths
}

fn drawdown(prices: &[f64]) -> f64 {
    let (mut peak, mut worst) = (f64::MIN, 0.0_f64);
    for price in prices {
        peak = peak.max(*price);
        worst = worst.min(price / peak - 1.0);
    }
    worst
}

/// Null where there is nothing to compute from.
fn number(value: f64) -> Json {
    if value.is_finite() { Json::Number(float(value, 12)) } else { Json::Null }
}

fn detail(field: &str, problem: &str) -> Refusal {
    Refusal::Detail(format!("{field}: {problem}"))
}

fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut depth = 0_usize;
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if letter == ',' && depth == 0 {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    words.iter().map(|word| word.trim().to_owned()).collect()
}
