//! Lists that are filtered, sorted and paged alike: each endpoint says what its rows are and by
//! what they may be asked for.

use std::cmp::Ordering;

use mockkit::time;

use super::Ask;
use crate::json::{Json, map};
use crate::query::{self, Op, Order};
use crate::refusal::{Refusal, Result};

/// One endpoint.
pub struct List {
    /// All rows that are known by now, in no order.
    pub rows: fn(&Ask) -> Result<Vec<Json>>,
    pub fields: &'static [Field],
    /// Member to sort by, if the request does not say.
    pub sort: &'static str,
    pub order: Order,
    pub usual: usize,
    pub most: usize,
    /// Whether the answer says how many rows it has.
    pub counted: bool,
}

/// A parameter that rows may be filtered by, and the member that it looks at.
pub struct Field {
    parameter: &'static str,
    member: &'static str,
    kind: Kind,
    words: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Any of a list of texts.
    Texts,
    Date,
    /// RFC 3339, or a date.
    Time,
    Number,
}

impl Field {
    const fn new(parameter: &'static str, member: &'static str, kind: Kind) -> Field {
        Field { parameter, member, kind, words: &[] }
    }

    pub const fn text(name: &'static str) -> Field {
        Field::new(name, name, Kind::Text)
    }

    pub const fn texts(parameter: &'static str, member: &'static str) -> Field {
        Field::new(parameter, member, Kind::Texts)
    }

    pub const fn date(name: &'static str) -> Field {
        Field::new(name, name, Kind::Date)
    }

    pub const fn time(name: &'static str) -> Field {
        Field::new(name, name, Kind::Time)
    }

    pub const fn number(name: &'static str) -> Field {
        Field::new(name, name, Kind::Number)
    }

    pub const fn of(mut self, member: &'static str) -> Field {
        self.member = member;
        self
    }

    /// Nothing but these is understood.
    pub const fn one_of(mut self, words: &'static [&'static str]) -> Field {
        self.words = words;
        self
    }
}

/// The page of a list that a request asks for.
pub fn page(ask: &Ask, list: &List) -> Result<Json> {
    let limit = ask.query.limit(list.usual, list.most)?;
    let sorts = sorts(ask, list)?;
    let mut rows = (list.rows)(ask)?;
    for field in list.fields {
        for (op, text) in ask.query.filters(field.parameter) {
            let test = field.test(op, text)?;
            rows.retain(|row| test(row.get(field.member)));
        }
    }
    rows.sort_by(|a, b| compare(a, b, &sorts));
    slice(ask, rows, limit, list.counted)
}

/// One page out of rows that are in their order.
pub fn slice(ask: &Ask, mut rows: Vec<Json>, limit: usize, counted: bool) -> Result<Json> {
    let after = ask.query.after()?;
    if after > rows.len() {
        return Err(Refusal::invalid("invalid cursor"));
    }
    let end = after.saturating_add(limit).min(rows.len());
    let is_last = end == rows.len();
    rows.truncate(end);
    let rows: Vec<Json> = rows.drain(after..).collect();
    let count = rows.len();
    let answer = map([("results", Json::List(rows))])
        .with("status", ask.plan.status())
        .with("request_id", ask.request_id())
        .maybe("count", counted.then_some(count));
    Ok(answer.maybe("next_url", (!is_last).then(|| ask.next_url(end))))
}

/// A test of one member.
type Test = Box<dyn Fn(Option<&Json>) -> bool>;

impl Field {
    fn test(&self, op: Op, text: &str) -> Result<Test> {
        let items: Vec<String> = match op {
            Op::AnyOf | Op::AllOf => text.split(',').map(|item| item.trim().to_owned()).collect(),
            _ => vec![text.to_owned()],
        };
        if let Some(odd) =
            items.iter().find(|item| !self.words.is_empty() && !self.words.contains(&item.as_str()))
        {
            let (name, words) = (self.parameter, self.words.join(", "));
            let message = format!("'{name}' must be one of {words}, not {odd:?}");
            return Err(Refusal::invalid(message));
        }
        if self.kind == Kind::Texts {
            return Ok(among(op, items));
        }
        let mut tests = Vec::new();
        for item in items {
            tests.push(self.single(op, item)?);
        }
        Ok(Box::new(move |value| tests.iter().any(|test| test(value))))
    }

    fn single(&self, op: Op, text: String) -> Result<Test> {
        let name = self.parameter;
        Ok(match self.kind {
            Kind::Text | Kind::Texts => Box::new(move |value| {
                value.and_then(Json::text).is_some_and(|known| op.holds(known.cmp(&text)))
            }),
            Kind::Date => {
                let date = query::date(name, &text)?.to_string();
                Box::new(move |value| {
                    value.and_then(Json::text).is_some_and(|known| op.holds(known.cmp(&date)))
                })
            }
            Kind::Number => {
                let number = query::decimal(name, &text)?;
                Box::new(move |value| {
                    value.and_then(Json::number).is_some_and(|known| op.holds(known.cmp(&number)))
                })
            }
            Kind::Time => {
                let (from, to) = query::times(name, op, &text, 1)?;
                Box::new(move |value| {
                    let known = value.and_then(Json::text).and_then(|text| time::parse(text).ok());
                    known.is_some_and(|known| (from..=to).contains(&known))
                })
            }
        })
    }
}

/// A test of a list of texts.
fn among(op: Op, items: Vec<String>) -> Test {
    Box::new(move |value| {
        let Some(Json::List(known)) = value else { return false };
        let has = |item: &String| known.iter().any(|one| one.text() == Some(item));
        if op == Op::AllOf { items.iter().all(has) } else { items.iter().any(has) }
    })
}

/// Members to sort by: `sort=ticker` with `order=asc`, or `sort=ticker.asc,date.desc`.
fn sorts(ask: &Ask, list: &List) -> Result<Vec<(String, Order)>> {
    let given = ask.query.get("sort");
    let usual = if given.is_some() { Order::Ascending } else { list.order };
    let order = ask.query.order("order", usual)?;
    let mut sorts = Vec::new();
    for part in given.unwrap_or(list.sort).split(',') {
        let (name, order) = match part.trim().rsplit_once('.') {
            Some((name, "asc")) => (name, Order::Ascending),
            Some((name, "desc")) => (name, Order::Descending),
            // The client's own type for `sort` has nothing but directions.
            None if part.trim() == "asc" => (list.sort, Order::Ascending),
            None if part.trim() == "desc" => (list.sort, Order::Descending),
            _ => (part.trim(), order),
        };
        let field =
            list.fields.iter().find(|field| field.parameter == name || field.member == name);
        if field.is_none() && name != list.sort {
            return Err(Refusal::invalid(format!("cannot sort by {name:?}")));
        }
        let member = field.map_or(name, |field| field.member);
        sorts.push((member.to_owned(), order));
    }
    Ok(sorts)
}

fn compare(a: &Json, b: &Json, sorts: &[(String, Order)]) -> Ordering {
    for (member, order) in sorts {
        let ordering = Json::order(a.get(member), b.get(member));
        let ordering = if *order == Order::Descending { ordering.reverse() } else { ordering };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

/// A list of nothing, for products that the mock does not have.
pub fn empty(ask: &Ask) -> Result<Json> {
    ask.query.limit(100, 50_000)?;
    slice(ask, Vec::new(), 1, false)
}
