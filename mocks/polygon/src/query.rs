//! What a request asks for: its parameters, and those that a cursor carries.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::civil::Date;
use mockkit::time::{self, DAY};
use rust_decimal::Decimal;
use url::form_urlencoded::{Serializer, parse};

use crate::refusal::{Refusal, Result};

/// A cursor is a short query string.
const MAX_CURSOR: usize = 16 * 1024;

/// Where a page starts, and the present that all pages share.
const AFTER: &str = "ap";
const AS_OF: &str = "as";

/// Parameters that say who asks, and never travel in a cursor.
const PERSONAL: [&str; 2] = ["apiKey", "cursor"];

/// Parameters of a request, a cursor's among them.
#[derive(Clone, Debug, Default)]
pub struct Query(BTreeMap<String, String>);

/// Names that end in one of these compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Equal,
    AtLeast,
    Above,
    AtMost,
    Below,
    AnyOf,
    AllOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

impl Query {
    pub fn parse(text: &str) -> Result<Query> {
        let own: BTreeMap<String, String> = parse(text.as_bytes()).into_owned().collect();
        let Some(cursor) = own.get("cursor").filter(|cursor| !cursor.is_empty()) else {
            return Ok(Query(own));
        };
        let mut all = decode(cursor).ok_or_else(|| Refusal::invalid("invalid cursor"))?;
        all.extend(own);
        Ok(Query(all))
    }

    /// An empty parameter counts as not given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All parameters called `name`, alone or with a comparison.
    pub fn filters(&self, name: &str) -> impl Iterator<Item = (Op, &str)> {
        self.all().filter(|(_, value)| !value.is_empty()).filter_map(move |(known, value)| {
            let suffix = known.strip_prefix(name)?;
            Some((Op::parse(suffix)?, value))
        })
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => {
                Err(Refusal::invalid(format!("'{name}' must be a boolean, not {text:?}")))
            }
        }
    }

    pub fn number(&self, name: &str) -> Result<Option<Decimal>> {
        self.get(name).map(|text| decimal(name, text)).transpose()
    }

    pub fn limit(&self, usual: usize, most: usize) -> Result<usize> {
        self.count("limit", usual, most)
    }

    /// A whole number from 1 to `most`.
    pub fn count(&self, name: &str, usual: usize, most: usize) -> Result<usize> {
        let Some(text) = self.get(name) else { return Ok(usual) };
        match text.parse::<usize>() {
            Ok(count) if (1..=most).contains(&count) => Ok(count),
            _ => Err(Refusal::invalid(format!("'{name}' must be from 1 to {most}, not {text:?}"))),
        }
    }

    pub fn order(&self, name: &str, usual: Order) -> Result<Order> {
        match self.get(name) {
            None => Ok(usual),
            Some("asc") => Ok(Order::Ascending),
            Some("desc") => Ok(Order::Descending),
            Some(text) => {
                Err(Refusal::invalid(format!("'{name}' must be asc or desc, not {text:?}")))
            }
        }
    }

    /// One of some words.
    pub fn choice<'a>(&'a self, name: &str, words: &[&str]) -> Result<Option<&'a str>> {
        match self.get(name) {
            Some(text) if !words.contains(&text) => {
                let words = words.join(", ");
                Err(Refusal::invalid(format!("'{name}' must be one of {words}, not {text:?}")))
            }
            given => Ok(given),
        }
    }

    pub fn date(&self, name: &str) -> Result<Option<Date>> {
        self.get(name).map(|text| date(name, text)).transpose()
    }

    /// How many rows earlier pages had.
    pub fn after(&self) -> Result<usize> {
        let Some(text) = self.get(AFTER) else { return Ok(0) };
        text.parse().map_err(|_| Refusal::invalid("invalid cursor"))
    }

    /// The present of the first page, so that all pages add up to one whole.
    pub fn as_of(&self) -> Option<i64> {
        self.get(AS_OF)?.parse().ok()
    }

    /// A cursor for the page after so many rows.
    pub fn cursor(&self, after: usize, as_of: i64) -> String {
        let mut next = self.clone();
        next.0.insert(AFTER.into(), after.to_string());
        next.0.insert(AS_OF.into(), as_of.to_string());
        next.plain_cursor()
    }

    /// A cursor of the parameters as they are.
    pub fn plain_cursor(&self) -> String {
        let pairs = self.0.iter().filter(|(name, _)| !PERSONAL.contains(&name.as_str()));
        let text = Serializer::new(String::new()).extend_pairs(pairs).finish();
        URL_SAFE_NO_PAD.encode(text)
    }

    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.0.insert(name.to_owned(), value.to_string());
    }
}

fn decode(cursor: &str) -> Option<BTreeMap<String, String>> {
    if cursor.len() > MAX_CURSOR {
        return None;
    }
    let text = URL_SAFE_NO_PAD.decode(cursor.trim_end_matches('=')).ok()?;
    let text = String::from_utf8(text).ok()?;
    text.contains('=').then(|| parse(text.as_bytes()).into_owned().collect())
}

impl Op {
    fn parse(suffix: &str) -> Option<Op> {
        match suffix {
            "" => Some(Op::Equal),
            ".gte" => Some(Op::AtLeast),
            ".gt" => Some(Op::Above),
            ".lte" => Some(Op::AtMost),
            ".lt" => Some(Op::Below),
            ".any_of" => Some(Op::AnyOf),
            ".all_of" => Some(Op::AllOf),
            _ => None,
        }
    }

    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Op::Equal | Op::AnyOf | Op::AllOf => order.is_eq(),
            Op::AtLeast => order.is_ge(),
            Op::Above => order.is_gt(),
            Op::AtMost => order.is_le(),
            Op::Below => order.is_lt(),
        }
    }
}

pub fn decimal(name: &str, text: &str) -> Result<Decimal> {
    let parsed = text.parse().or_else(|_| Decimal::from_scientific(text));
    parsed.map_err(|_| Refusal::invalid(format!("'{name}' must be a number, not {text:?}")))
}

pub fn date(name: &str, text: &str) -> Result<Date> {
    let parsed = if text.len() == "2013-10-07".len() { text.parse().ok() } else { None };
    parsed.filter(in_range).ok_or_else(|| {
        Refusal::invalid(format!("'{name}' must be a date (YYYY-MM-DD), not {text:?}"))
    })
}

/// Dates whose nanoseconds can be counted, with room for a year's arithmetic.
fn in_range(date: &Date) -> bool {
    (1700..2260).contains(&date.year())
}

/// The times that one filter lets pass, both ends included. A date is all of its day in New York;
/// a number counts `unit`s since the epoch.
pub fn times(name: &str, op: Op, text: &str, unit: i64) -> Result<(i64, i64)> {
    let (first, last) = moment(name, text, unit)?;
    Ok(match op {
        Op::Equal | Op::AnyOf | Op::AllOf => (first, last),
        Op::AtLeast => (first, i64::MAX),
        Op::Above => (last.saturating_add(1), i64::MAX),
        Op::AtMost => (i64::MIN, last),
        Op::Below => (i64::MIN, first.saturating_sub(1)),
    })
}

/// First and last nanosecond of what a text names.
pub fn moment(name: &str, text: &str, unit: i64) -> Result<(i64, i64)> {
    if let Ok(number) = text.parse::<i64>() {
        let first = number.saturating_mul(unit);
        return Ok((first, first.saturating_add(unit - 1)));
    }
    if text.len() == "2013-10-07".len()
        && let Ok(day) = date(name, text)
    {
        return Ok(whole_day(day));
    }
    let parsed = time::parse(text).ok().filter(|ns| (-8_000 * DAY..100_000 * DAY).contains(ns));
    let ns = parsed.ok_or_else(|| {
        Refusal::invalid(format!("'{name}' must be a date or a timestamp, not {text:?}"))
    })?;
    Ok((ns, ns))
}

/// First and last nanosecond of a day in New York.
pub fn whole_day(day: Date) -> (i64, i64) {
    let next = day.tomorrow().unwrap_or(day);
    (time::new_york_midnight(day), time::new_york_midnight(next) - 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_carries_everything_but_the_key() {
        let query = Query::parse("limit=2&apiKey=secret&timestamp.lte=2022-05-10T14%3A11").unwrap();
        let cursor = query.cursor(4, 77);
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(&cursor).unwrap()).unwrap();
        assert_eq!(text, "ap=4&as=77&limit=2&timestamp.lte=2022-05-10T14%3A11");
        let next = Query::parse(&format!("cursor={cursor}&apiKey=k")).unwrap();
        assert_eq!((next.after().unwrap(), next.as_of()), (4, Some(77)));
        assert_eq!(next.get("timestamp.lte"), Some("2022-05-10T14:11"));
        assert_eq!(next.limit(10, 1000).unwrap(), 2);
        for bad in ["cursor=%ff", "cursor=!!", "cursor=AAAA", "cursor=YWI"] {
            assert_eq!(Query::parse(bad).unwrap_err().status, 400, "{bad}");
        }
    }

    #[test]
    fn reads_the_vendor_s_own_cursors() {
        let cursor = "YWN0aXZlPXRydWUmZGF0ZT0yMDIyLTA0LTI3JmxpbWl0PTImb3JkZXI9YXNjJnBhZ2VfbWFya2Vy\
                      PUFBJTdDZjEyMmJjYmY4YWQwNzRmZmJlMTZmNjkxOWQ0ZDc3NjZlMzA3MWNmNmU1Nzg3OGE0OGU1\
                      NjQ1YzQyM2U3NzJhOSZzb3J0PXRpY2tlcg";
        let query = Query::parse(&format!("cursor={cursor}")).unwrap();
        assert_eq!((query.get("sort"), query.get("date")), (Some("ticker"), Some("2022-04-27")));
    }

    #[test]
    fn names_what_is_wrong() {
        let query = Query::parse("limit=0&order=up&flag=maybe&n=1e&d=2013-13-07").unwrap();
        let check = |result: Result<()>, part: &str| {
            let body = result.unwrap_err().body("id").bytes();
            let body = String::from_utf8(body).unwrap();
            assert!(body.contains(part), "{body} should name {part}");
        };
        check(query.limit(10, 1000).map(drop), "'limit'");
        check(query.order("order", Order::Ascending).map(drop), "up");
        check(query.flag("flag").map(drop), "maybe");
        check(query.number("n").map(drop), "1e");
        check(query.date("d").map(drop), "2013-13-07");
        check(moment("timestamp", "yesterday", 1).map(drop), "yesterday");
        check(date("d", "9999-01-01").map(drop), "9999");
    }

    #[test]
    fn a_date_is_a_whole_day() {
        let day = time::parse("2013-10-07").unwrap();
        for (op, from, to) in [
            (Op::Equal, day, day + DAY - 1),
            (Op::AtLeast, day, i64::MAX),
            (Op::Above, day + DAY, i64::MAX),
            (Op::AtMost, i64::MIN, day + DAY - 1),
            (Op::Below, i64::MIN, day - 1),
        ] {
            assert_eq!(times("t", op, "2013-10-07", 1).unwrap(), (from, to));
        }
        assert_eq!(times("t", Op::Above, "1381150800", 1).unwrap().0, 1_381_150_801);
        assert_eq!(times("t", Op::AtMost, "5", 1_000_000).unwrap().1, 5_999_999);
        assert!(times("t", Op::Above, &i64::MAX.to_string(), 1_000_000).is_ok());
    }
}
