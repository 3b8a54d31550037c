use axum::Json;
use axum::extract::{Path, State};
use mockkit::time;
use serde::Deserialize;
use serde_json::Value;

use super::Params;
use super::query::{count, date, list, moment, word};
use crate::core::Shared;
use crate::engine::Activity;
use crate::gate::Caller;
use crate::refusal::{Refusal, Result};
use crate::wire;

const MAX_PAGE: usize = 100;

#[derive(Deserialize)]
pub struct Query {
    activity_types: Option<String>,
    category: Option<String>,
    date: Option<String>,
    after: Option<String>,
    until: Option<String>,
    direction: Option<String>,
    page_size: Option<String>,
    page_token: Option<String>,
}

pub async fn all(
    State(core): State<Shared>,
    Caller(account): Caller,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    answer(&core, account, &query, None)
}

pub async fn of_kind(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(kind): Path<String>,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    if query.activity_types.is_some() {
        return Err(Refusal::invalid("activity_types is not allowed here"));
    }
    answer(&core, account, &query, Some(&kind))
}

fn answer(core: &Shared, account: usize, query: &Query, kind: Option<&str>) -> Result<Json<Value>> {
    let wanted = Filter::read(query, kind)?;
    let size = count("page_size", query.page_size.as_deref(), MAX_PAGE, MAX_PAGE)?;
    let direction = word("direction", query.direction.as_deref(), "desc", &["asc", "desc"])?;
    let state = core.state();
    let book = &state.books[account];
    let mut rows: Vec<&Activity> = book.activities.iter().filter(|row| wanted.takes(row)).collect();
    if direction == "desc" {
        rows.reverse();
    }
    // The token is the id of the last row of the page before.
    let start = match query.page_token.as_deref() {
        None | Some("") => 0,
        Some(token) => match rows.iter().position(|row| row.id() == token) {
            Some(last) => last + 1,
            None => return Err(Refusal::invalid("invalid page_token")),
        },
    };
    let page = rows.iter().skip(start).take(size);
    let page = page.map(|row| wire::activity(row, book.terms.id, &core.world.assets));
    Ok(Json(page.collect()))
}

struct Filter<'a> {
    kinds: Option<Vec<&'a str>>,
    date: Option<jiff::civil::Date>,
    after: Option<i64>,
    until: Option<i64>,
}

impl<'a> Filter<'a> {
    fn read(query: &'a Query, kind: Option<&'a str>) -> Result<Filter<'a>> {
        let categories = ["", "trade_activity", "non_trade_activity"];
        let category = word("category", query.category.as_deref(), "", &categories)?;
        let listed = list(query.activity_types.as_deref());
        if listed.is_some() && !category.is_empty() {
            return Err(Refusal::invalid("only one of category and activity_types is accepted"));
        }
        let kinds = match category {
            "trade_activity" => Some(vec!["FILL"]),
            "non_trade_activity" => Some(vec!["*"]),
            _ => kind.map(|kind| vec![kind]).or(listed),
        };
        let filter = Filter {
            kinds,
            date: date("date", query.date.as_deref())?,
            after: moment("after", query.after.as_deref())?,
            until: moment("until", query.until.as_deref())?,
        };
        if filter.date.is_some() && (filter.after.is_some() || filter.until.is_some()) {
            return Err(Refusal::invalid("date cannot be used with after or until"));
        }
        Ok(filter)
    }

    fn takes(&self, row: &Activity) -> bool {
        let (kind, at) = (row.kind(), row.time());
        let is = |wanted: &&str| match *wanted {
            "*" => kind != "FILL",
            "TRANS" => matches!(kind, "CSD" | "CSW"),
            wanted => wanted == kind,
        };
        self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(is))
            && self.date.is_none_or(|date| time::new_york_date(at) == date)
            && self.after.is_none_or(|after| at > after)
            && self.until.is_none_or(|until| at < until)
    }
}
