//! Requests for history, and pages of answers: sorted by symbol, then by time; a page may end in
//! the middle of a symbol.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mockkit::time;
use serde::Deserialize;

use crate::core::Shared;
use crate::refusal::{Refusal, Result};
use crate::rest::query;

const USUAL_LIMIT: usize = 1_000;
const MAX_LIMIT: usize = 10_000;
const MAX_SYMBOLS: usize = 5_000;
const FEEDS: [&str; 6] = ["iex", "sip", "otc", "boats", "delayed_sip", "overnight"];

/// What all requests for history may carry.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Query {
    pub symbols: Option<String>,
    pub start: Option<String>,
    pub end: Option<String>,
    pub limit: Option<String>,
    pub page_token: Option<String>,
    pub sort: Option<String>,
    pub feed: Option<String>,
    pub currency: Option<String>,
    pub timeframe: Option<String>,
    pub adjustment: Option<String>,
    pub asof: Option<String>,
}

/// The same, read.
pub struct Request {
    /// Listing and the symbol as it was asked for, sorted, without what is unknown.
    pub symbols: Vec<(usize, String)>,
    /// Both included.
    pub start: i64,
    pub end: i64,
    pub now: i64,
    pub descending: bool,
    /// The symbol in the path, if there is one.
    single: Option<String>,
    limit: usize,
    after: Option<Token>,
    currency: Option<String>,
}

/// The last point of the page before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    symbol: String,
    time: i64,
    /// Points of that very time already sent.
    sent: usize,
}

/// Something with a time that can be written as JSON.
pub trait Point {
    fn time(&self) -> i64;
    fn write(&self, out: &mut Vec<u8>);
}

impl Request {
    /// Reads the query of a request for several symbols, or for the one in its path.
    pub fn read(core: &Shared, query: &Query, path: Option<&str>) -> Result<Request> {
        read(core, query, path).map_err(complain)
    }

    /// Answers with the points that `points` finds for each symbol, oldest first.
    pub fn answer<P: Point>(
        &self,
        name: &str,
        mut points: impl FnMut(usize) -> Result<Vec<P>>,
    ) -> Result<Response> {
        let mut out = Vec::new();
        let single = self.single.is_some();
        match &self.single {
            // A symbol that is asked for may be anything; as a JSON value it is harmless.
            Some(symbol) => {
                let symbol = serde_json::Value::from(symbol.as_str());
                out.extend_from_slice(format!("{{\"symbol\":{symbol},\"{name}\":").as_bytes());
            }
            None => out.extend_from_slice(format!("{{\"{name}\":{{").as_bytes()),
        }
        let mut left = self.limit;
        let mut written = false;
        let mut last: Option<Token> = None;
        let mut more = false;
        for (listing, symbol) in &self.symbols {
            if self.after.as_ref().is_some_and(|after| *symbol < after.symbol) {
                continue;
            }
            let found = self.rest_of(symbol, points(*listing)?);
            if found.is_empty() {
                continue;
            }
            if left == 0 {
                more = true;
                break;
            }
            let page = &found[..left.min(found.len())];
            if !single {
                let comma = if written { "," } else { "" };
                out.extend_from_slice(format!("{comma}\"{symbol}\":").as_bytes());
            }
            write_array(&mut out, page);
            written = true;
            left -= page.len();
            last = page.last().map(|point| self.token(symbol, point.time(), page));
            if page.len() < found.len() {
                more = true;
                break;
            }
        }
        match (single, written) {
            (true, false) => out.extend_from_slice(b"[]"),
            (false, _) => out.push(b'}'),
            (true, true) => {}
        }
        let token = last.filter(|_| more).map(|token| token.text(name == "bars"));
        self.close(&mut out, token);
        Ok(json(out))
    }

    /// In the order asked for, without what earlier pages had.
    fn rest_of<P: Point>(&self, symbol: &str, mut points: Vec<P>) -> Vec<P> {
        if self.descending {
            points.reverse();
        }
        let Some(after) = self.after.as_ref().filter(|after| after.symbol == symbol) else {
            return points;
        };
        let mut skip = after.sent;
        points.retain(|point| {
            let at = point.time();
            let passed = if self.descending { at > after.time } else { at < after.time };
            if at == after.time && skip > 0 {
                skip -= 1;
                return false;
            }
            !passed
        });
        points
    }

    fn token<P: Point>(&self, symbol: &str, time: i64, page: &[P]) -> Token {
        let same = page.iter().rev().take_while(|point| point.time() == time).count();
        let before = match &self.after {
            Some(after) if after.symbol == symbol && after.time == time => after.sent,
            _ => 0,
        };
        Token { symbol: symbol.to_owned(), time, sent: before + same }
    }

    fn close(&self, out: &mut Vec<u8>, token: Option<String>) {
        out.extend_from_slice(b",\"next_page_token\":");
        match token {
            Some(token) => out.extend_from_slice(format!("\"{token}\"").as_bytes()),
            None => out.extend_from_slice(b"null"),
        }
        if let Some(currency) = &self.currency {
            out.extend_from_slice(format!(",\"currency\":\"{currency}\"").as_bytes());
        }
        out.push(b'}');
    }
}

fn read(core: &Shared, query: &Query, path: Option<&str>) -> Result<Request> {
    let now = core.world.kit.clock().now();
    let start = query::moment("start", query.start.as_deref())?;
    let end = end(query.end.as_deref())?;
    let sort = query::word("sort", query.sort.as_deref(), "asc", &["asc", "desc"])?;
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        return Err(before_start());
    }
    // Symbols are those of today whatever the day asked for; a dash asks for no mapping at all.
    query::date("asof", query.asof.as_deref().filter(|asof| *asof != "-"))?;
    let token = query.page_token.as_deref().filter(|token| !token.is_empty());
    check_feed(query.feed.as_deref())?;
    let currency = query.currency.clone().filter(|currency| !currency.is_empty());
    if let Some(currency) = currency.as_deref().filter(|currency| !is_currency(currency)) {
        return Err(query::invalid("currency", currency));
    }
    let symbols = match path {
        Some(symbol) => {
            let listing = core.world.market.index(symbol);
            listing.map(|listing| (listing, symbol.to_owned())).into_iter().collect()
        }
        None => symbols(core, query.symbols.as_deref())?,
    };
    Ok(Request {
        symbols,
        single: path.map(str::to_owned),
        // The current day if the request does not say.
        start: start.unwrap_or_else(|| time::new_york_midnight(time::new_york_date(now))),
        end: end.unwrap_or(now).min(now),
        now,
        descending: sort == "desc",
        limit: query::count("limit", query.limit.as_deref(), USUAL_LIMIT, MAX_LIMIT)?,
        after: token.map(|token| Token::read(token).ok_or_else(bad_token)).transpose()?,
        currency,
    })
}

/// A date as an end means that whole day.
fn end(text: Option<&str>) -> Result<Option<i64>> {
    let end = query::moment("end", text)?;
    let is_date = text.is_some_and(|text| text.len() == "2013-10-07".len());
    Ok(end.map(|end| if is_date { end.saturating_add(time::DAY - 1) } else { end }))
}

/// The listings asked for, sorted by symbol; unknown ones are dropped, but not what cannot be a
/// symbol of a stock at all.
pub fn symbols(core: &Shared, text: Option<&str>) -> Result<Vec<(usize, String)>> {
    let names = query::list(text).ok_or_else(|| Refusal::plain(400, "symbols is required"))?;
    if names.len() > MAX_SYMBOLS {
        return Err(Refusal::plain(400, "too many symbols"));
    }
    let unknown = |name: &&&str| core.world.market.index(name).is_none() && !is_symbol(name);
    if let Some(name) = names.iter().find(unknown) {
        return Err(Refusal::plain(400, &format!("invalid symbol: {name}")));
    }
    let mut found: Vec<(usize, String)> = names
        .iter()
        .filter_map(|name| core.world.market.index(name).map(|index| (index, (*name).to_owned())))
        .collect();
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found.dedup();
    Ok(found)
}

/// All feeds show the same data.
pub fn check_feed(feed: Option<&str>) -> Result<()> {
    query::word("feed", feed, "iex", &FEEDS).map(|_| ()).map_err(complain)
}

/// The data host answers 400 with a message alone.
pub fn complain(refusal: Refusal) -> Refusal {
    Refusal::plain(400, refusal.message())
}

pub fn before_start() -> Refusal {
    Refusal::plain(400, "end should not be before start")
}

/// Letters, with a class of shares or a preferred issue after a dot.
fn is_symbol(name: &str) -> bool {
    !name.is_empty()
        && name
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// Three letters, as of ISO 4217.
fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn bad_token() -> Refusal {
    Refusal::plain(400, "invalid page_token")
}

fn write_array<P: Point>(out: &mut Vec<u8>, points: &[P]) {
    for (place, point) in points.iter().enumerate() {
        out.push(if place == 0 { b'[' } else { b',' });
        point.write(out);
    }
    out.push(b']');
}

/// A body that is JSON already.
pub fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl Token {
    /// Bars have one point a time and say `M` for their series instead of a number.
    fn text(&self, bars: bool) -> String {
        let time = nine_digits(self.time);
        let plain = if bars {
            format!("{}|M|{time}", self.symbol)
        } else {
            format!("{}|{time}|{}", self.symbol, self.sent)
        };
        STANDARD.encode(plain)
    }

    fn read(text: &str) -> Option<Token> {
        let plain = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        let mut parts = plain.split('|');
        let (symbol, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        let (time, sent) = match time::parse(second) {
            Ok(time) => (time, third.parse().ok()?),
            Err(_) => (time::parse(third).ok()?, 1),
        };
        Some(Token { symbol: symbol.to_owned(), time, sent })
    }
}

fn nine_digits(at: i64) -> String {
    let text = time::utc(at);
    let text = text.trim_end_matches('Z');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}.{fraction:0<9}Z")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_round_trip() {
        let token = Token { symbol: "IBM".into(), time: 1_633_370_414_180_522_000, sent: 3 };
        assert_eq!(
            STANDARD.decode(token.text(false)).unwrap(),
            b"IBM|2021-10-04T18:00:14.180522000Z|3"
        );
        assert_eq!(Token::read(&token.text(false)), Some(token.clone()));
        assert_eq!(Token::read(&token.text(true)), Some(Token { sent: 1, ..token }));
        assert_eq!(Token::read("nonsense"), None);
    }
}
