//! One thing to ask Alpha Vantage for.

use component::{Fault, Result};
use http::{Answer, Mark, Reading, Request, Row, Rows, Shape, Table};
use model::{Adjustment, Date, Event, Text, Timestamp};

use crate::map::{Frame, Mapped, midnight};
use crate::settings::{Connection, Datatype, Entitlement};
use crate::wire::{self, Refusal};

/// Twenty years of days, or a month of minutes, with room to spare.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
/// Articles that one answer can hold.
const MAX_ARTICLES: usize = 1_000;

/// Functions about US prices: their times are those of New York, an entitlement changes them.
const PRICES: [&str; 3] = ["TIME_SERIES", "GLOBAL_QUOTE", "REALTIME_BULK"];
/// Functions whose rows follow each other in time.
const SERIES: [&str; 5] = ["TIME_SERIES", "FX_", "CRYPTO_", "DIGITAL_CURRENCY_", "NEWS_"];
/// Functions that also answer in CSV.
const CSV: [&str; 9] = [
    "TIME_",
    "GLOBAL_",
    "REALTIME_",
    "FX_",
    "CRYPTO_",
    "DIGITAL_",
    "DIVIDENDS",
    "SPLITS",
    "SYMBOL_",
];

/// What makes of a row an event.
pub type Map = fn(&Row, &Frame<'_>) -> Mapped<Event>;

/// Length of a bar: in Alpha Vantage's words, in ours, and in minutes if it is made of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval(pub &'static str, pub &'static str, pub i64);

#[allow(missing_docs)]
impl Interval {
    pub const DAILY: Self = Self("daily", "1d", 0);
    pub const WEEKLY: Self = Self("weekly", "1w", 0);
    pub const MONTHLY: Self = Self("monthly", "1mo", 0);
    const OF_MINUTES: [Self; 5] = [
        Self("1min", "1m", 1),
        Self("5min", "5m", 5),
        Self("15min", "15m", 15),
        Self("30min", "30m", 30),
        Self("60min", "1h", 60),
    ];

    pub fn named(word: &str) -> Result<Self> {
        let all = [Self::DAILY, Self::WEEKLY, Self::MONTHLY].into_iter().chain(Self::OF_MINUTES);
        let mut named = all.filter(|interval| interval.0 == word);
        let words = "is not a length of bars such as \"5min\" or \"daily\"";
        named.next().ok_or_else(|| Fault::fatal(format!("{word:?} {words}")))
    }

    /// Seconds that the hundred rows of a compact answer cover at least.
    pub fn compact_secs(self) -> i64 {
        if self.2 > 0 { 100 * 60 * self.2 } else { 90 * 86_400 }
    }
}

/// One thing to ask for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The parameters, `function` first.
    pub query: Vec<(Text, String)>,
    /// What it is about: a symbol, or a pair such as `EUR/USD`.
    pub symbol: Text,
    /// What its rows mean.
    pub map: Map,
    /// How its answers follow each other.
    pub shape: Shape,
    /// Length of its bars.
    pub interval: Interval,
    /// Where pairs are traded; symbols say it themselves.
    pub venue: Option<&'static str>,
    /// Time zone of the answer where it does not say.
    pub zone: &'static str,
    /// Seconds that a compact answer covers, where there is a choice.
    pub compact_secs: Option<i64>,
    /// First and last month to ask for, one by one.
    pub months: Option<(Date, Option<Date>)>,
    /// For news: the first day to ask for, if any.
    pub news: Option<Option<Date>>,
    /// Path and parameters that the connection adds, and our id of it.
    pub to: (Text, Vec<(&'static str, &'static str)>, Text),
}

impl Ask {
    /// A function about a symbol.
    pub fn of(function: &str, symbol: &str, map: Map) -> Self {
        let mut query = vec![(Text::from("function"), function.to_owned())];
        if !symbol.is_empty() && !symbol.contains('/') {
            query.push(("symbol".into(), symbol.to_owned()));
        }
        let shape = match begins(function, &SERIES) {
            true if function.ends_with("_ADJUSTED") => Shape::Adjusted,
            true => Shape::Series,
            false => Shape::Table,
        };
        Self {
            query,
            symbol: symbol.into(),
            map,
            shape,
            interval: Interval::DAILY,
            venue: None,
            zone: if begins(function, &PRICES) { "America/New_York" } else { "UTC" },
            compact_secs: None,
            months: None,
            news: None,
            to: Default::default(),
        }
    }

    /// The same with one more parameter, if there is something to say.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        let value = value.to_string();
        if !value.is_empty() {
            self.query.push((name.into(), value));
        }
        self
    }

    /// The same with bars of this length, of which a compact answer has the last hundred.
    #[must_use]
    pub fn bars(self, interval: Interval, is_compact: bool) -> Self {
        let function = &self.query[0].1;
        let is_daily = begins(function, &["TIME_SERIES_DAILY", "FX_DAILY"]);
        let covers = if is_compact { i64::MAX } else { interval.compact_secs() };
        let has_choice = self.months.is_none() && (is_daily || interval.2 > 0);
        Self { interval, compact_secs: has_choice.then_some(covers), ..self }
    }

    /// The same over a connection.
    #[must_use]
    pub(crate) fn over(mut self, connection: &Connection, system: &str) -> Self {
        let mut more = Vec::new();
        let function = &self.query[0].1;
        if begins(function, &CSV) && connection.datatype == Datatype::Csv {
            more.push(("datatype", "csv"));
        }
        if begins(function, &PRICES) {
            more.extend(connection.entitlement.map(|right| match right {
                Entitlement::Delayed => ("entitlement", "delayed"),
                Entitlement::Realtime => ("entitlement", "realtime"),
            }));
        }
        self.to = (connection.base_url.path().into(), more, system.into());
        self
    }

    /// What the prices of its bars are adjusted for.
    pub fn adjustment(&self) -> Adjustment {
        let is_adjusted = self.query.iter().any(|(k, v)| k == "adjusted" && v == "true");
        if is_adjusted { Adjustment::All } else { Adjustment::Raw }
    }

    /// From when on news is asked for.
    fn since(&self, mark: &Mark) -> Option<Timestamp> {
        let start = self.news.flatten().map(midnight);
        if mark.from.0 > 0 { Some(mark.from) } else { start }
    }

    /// The rows of an answer, or why it is none.
    pub fn rows(&self, body: &[u8], now: Timestamp) -> Result<Rows, String> {
        let is_flat = matches!(http::Ask::function(self), "OVERVIEW" | "ETF_PROFILE");
        let table = if is_flat { Table::read_flat(body)? } else { Table::read(body)? };
        let frame = Frame { ask: self, table: &table, now };
        let found = table.rows.iter().map(|row| (row.raw.clone(), (self.map)(row, &frame)));
        let is_partial = self.compact_secs.is_some();
        Ok(Rows { found: found.collect(), shape: self.shape, is_partial, is_full: false })
    }
}

impl http::Ask for Ask {
    fn key(&self) -> Text {
        let words: Vec<String> = self.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        words.join("&").into()
    }

    fn function(&self) -> &str {
        &self.query[0].1
    }

    fn months(&self) -> Option<(Date, Option<Date>)> {
        self.months
    }

    fn request(&self, mark: &Mark, now: Timestamp) -> Request {
        let mut request = Request::get(&self.to.0).query(&self.to.1);
        for (name, value) in &self.query {
            request = request.query(&[(name, value)]);
        }
        if let Some(secs) = self.compact_secs {
            let is_near = now.since(mark.from) < secs.saturating_mul(1_000_000_000);
            request = request.query(&[("outputsize", if is_near { "compact" } else { "full" })]);
        }
        if let Some((start, _)) = self.months {
            let month = mark.month.unwrap_or(start).to_string();
            request = request
                .query(&[("month", month.get(..7).unwrap_or_default()), ("outputsize", "full")]);
        }
        if self.news.is_some() {
            // 20260517T1101, and from there on.
            let since = self.since(mark).map(|time| time.to_string().replace(['-', ':'], ""));
            let sort = if since.is_some() { "EARLIEST" } else { "LATEST" };
            request = request.query(&[("sort", sort), ("limit", &MAX_ARTICLES.to_string())]);
            request = request.maybe("time_from", since.as_deref().and_then(|time| time.get(..13)));
        }
        request.max_body_bytes(MAX_BODY_BYTES)
    }

    fn read(&self, mark: &Mark, answer: &Answer, now: Timestamp) -> Result<Reading> {
        match wire::refusal(&answer.body) {
            Some(Refusal::Premium(reason)) => Ok(Reading::Refused { reason, is_function: true }),
            Some(Refusal::Request(reason)) => Ok(Reading::Refused { reason, is_function: false }),
            _ => {
                let mut rows = self.rows(&answer.body, now).map_err(|why| {
                    Fault::retry(format!("could not read the answer ({why}): {}", answer.excerpt()))
                })?;
                rows.is_full = self.since(mark).is_some() && rows.found.len() >= MAX_ARTICLES;
                Ok(Reading::Rows(rows))
            }
        }
    }
}

fn begins(function: &str, any: &[&str]) -> bool {
    any.iter().any(|start| function.starts_with(start))
}
