//! One thing to ask Alpha Vantage for.

use component::Bad;
use http::Request;
use model::{Adjustment, Date, Event, Text, Timestamp};

use crate::map::{Frame, Mapped};
use crate::mark::Mark;
use crate::settings::{Connection, Datatype, Interval};
use crate::wire::Row;

/// Twenty years of days, or a month of minutes, with room to spare.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
/// Articles that one answer can hold; after a full one there may be more.
pub(crate) const MAX_ARTICLES: usize = 1_000;

/// What makes of a row an event. An event whose time is zero is one of when it is read.
pub type Map = fn(&Row, &Frame<'_>) -> Mapped<Event>;

/// How the rows of an answer relate to those of the answer before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Rows follow each other in time; only the newest two can still change.
    Series,
    /// The same, but an adjustment rewrites all of it, which the second newest row tells.
    Adjusted,
    /// Any row can change at any time.
    Table,
    /// A table with one row: the object itself.
    Flat,
}

/// One thing to ask for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The parameters, `function` first.
    pub query: Vec<(Text, String)>,
    /// What it is about: a symbol, or a pair such as `EUR/USD`.
    pub symbol: Text,
    /// Length of its bars.
    pub interval: Interval,
    /// How its answers follow each other.
    pub shape: Shape,
    /// What its rows mean.
    pub map: Map,
    /// Where pairs are traded; symbols say it themselves.
    pub venue: Option<&'static str>,
    /// Time zone of the answer where it does not say.
    pub zone: &'static str,
    /// Whether it is answered in CSV too.
    pub has_csv: bool,
    /// Whether an entitlement changes the answer.
    pub has_entitlement: bool,
    /// Seconds that the 100 rows of a compact answer cover at least; none where there is no choice.
    pub compact_secs: Option<i64>,
    /// First and last month to ask for, one by one.
    pub months: Option<(Date, Option<Date>)>,
    /// For news: the first day to ask for, if any.
    pub news: Option<Option<Date>>,
}

impl Ask {
    /// A function about a symbol.
    pub fn of(function: &str, symbol: &str, map: Map) -> Self {
        let mut query = vec![(Text::from("function"), function.to_owned())];
        if !symbol.is_empty() && !symbol.contains('/') {
            query.push(("symbol".into(), symbol.to_owned()));
        }
        Self {
            query,
            symbol: symbol.into(),
            interval: Interval::Daily,
            shape: Shape::Table,
            map,
            venue: None,
            zone: "America/New_York",
            has_csv: false,
            has_entitlement: false,
            compact_secs: None,
            months: None,
            news: None,
        }
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// The function that is asked.
    pub fn function(&self) -> &str {
        self.query.first().map_or("", |(_, function)| function)
    }

    /// All that makes it another request than any other.
    pub fn key(&self) -> Text {
        let words: Vec<String> = self.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        words.join("&").into()
    }

    /// What is wrong, and with what: a dead letter has to say what was asked.
    pub(crate) fn about(&self, bad: Bad) -> Bad {
        Bad { reason: format!("{} ({})", bad.reason, self.key()), ..bad }
    }

    /// What the prices of its bars are adjusted for.
    pub fn adjustment(&self) -> Adjustment {
        let is_adjusted = self.query.iter().any(|(k, v)| k == "adjusted" && v == "true");
        if is_adjusted { Adjustment::All } else { Adjustment::Raw }
    }

    /// The last month to ask for.
    pub(crate) fn last_month(&self, now: Timestamp) -> Date {
        let end = self.months.and_then(|(_, end)| end);
        first_of_month(end.map_or(now.date(), |end| end.min(now.date())))
    }

    /// The request that goes on from a mark.
    pub(crate) fn request(&self, mark: &Mark, to: &Connection, now: Timestamp) -> Request {
        let mut request = Request::get(to.base_url.path()).max_body_bytes(MAX_BODY_BYTES);
        for (name, value) in &self.query {
            request = request.query(&[(name, value)]);
        }
        if let Some(secs) = self.compact_secs {
            let is_near = now.since(mark.from) < secs.saturating_mul(1_000_000_000);
            let size = if is_near { "compact" } else { "full" };
            request = request.query(&[("outputsize", size)]);
        }
        if let Some((start, _)) = self.months {
            let month = mark.month.unwrap_or(start).to_string();
            let month = month.get(..7).unwrap_or(&month);
            request = request.query(&[("month", month), ("outputsize", "full")]);
        }
        if let Some(start) = self.news {
            let since = if mark.from.0 > 0 { Some(minute(mark.from)) } else { None };
            let since = since.or(start.map(|day| minute(crate::map::midnight(day))));
            let sort = if since.is_some() { "EARLIEST" } else { "LATEST" };
            request = request.query(&[("sort", sort), ("limit", &MAX_ARTICLES.to_string())]);
            request = request.maybe("time_from", since.as_deref());
        }
        let entitlement = to.entitlement.filter(|_| self.has_entitlement);
        let is_csv = self.has_csv && to.datatype == Datatype::Csv;
        request
            .maybe("entitlement", entitlement.map(|right| right.as_str()))
            .maybe("datatype", is_csv.then_some("csv"))
    }
}

/// `20260517T1101`.
fn minute(time: Timestamp) -> String {
    let text = time.to_string().replace(['-', ':'], "");
    text.get(..13).unwrap_or(&text).to_owned()
}

/// The first day of a day's month.
pub(crate) fn first_of_month(day: Date) -> Date {
    let text = day.to_string();
    let of_month: i32 = text.get(8..10).and_then(|day| day.parse().ok()).unwrap_or(1);
    Date(day.0 - of_month + 1)
}

/// The first day of the month after a day's.
pub(crate) fn next_month(day: Date) -> Date {
    first_of_month(Date(first_of_month(day).0 + 31))
}
