//! Dividends and splits worked back from the factors of the market data, and a few actions of the
//! other kinds, made up, so that every group has a member.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::ToSpan as _;
use jiff::civil::Date;
use mockkit::{Seed, time};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::page::{complain, json as answer_json};
use crate::assets::Asset;
use crate::core::Shared;
use crate::number::Number;
use crate::refusal::{Refusal, Result};
use crate::rest::{Params, query};
use crate::state::World;

const USUAL_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

#[derive(Deserialize)]
pub struct Query {
    symbols: Option<String>,
    cusips: Option<String>,
    types: Option<String>,
    region: Option<String>,
    start: Option<String>,
    end: Option<String>,
    ids: Option<String>,
    limit: Option<String>,
    page_token: Option<String>,
    sort: Option<String>,
}

/// One action, with a number that stays the same.
pub struct Action {
    pub number: u64,
    pub asset: usize,
    pub ex_date: Date,
    pub kind: Kind,
}

pub enum Kind {
    CashDividend {
        rate: Decimal,
    },
    ForwardSplit {
        new_rate: Decimal,
        old_rate: Decimal,
    },
    ReverseSplit {
        new_rate: Decimal,
        old_rate: Decimal,
    },
    /// Of the group named, with all its fields.
    Other {
        group: &'static str,
        fields: &'static Map<String, Value>,
    },
}

impl Action {
    pub fn declaration_date(&self) -> Date {
        self.ex_date.saturating_sub(14.days())
    }

    pub fn record_date(&self) -> Date {
        self.ex_date.saturating_add(2.days())
    }

    /// Splits are done at once, dividends are paid later.
    pub fn payable_date(&self) -> Date {
        match self.kind {
            Kind::CashDividend { .. } => self.ex_date.saturating_add(7.days()),
            _ => self.ex_date,
        }
    }

    fn process_date(&self) -> Date {
        self.payable_date()
    }

    fn id(&self) -> String {
        Seed::new(0).uuid("corporate action", self.number).to_string()
    }

    fn group(&self) -> &'static str {
        match &self.kind {
            Kind::CashDividend { .. } => "cash_dividends",
            Kind::ForwardSplit { .. } => "forward_splits",
            Kind::ReverseSplit { .. } => "reverse_splits",
            Kind::Other { group, .. } => group,
        }
    }

    /// The symbol and CUSIP it is found by.
    fn names(&self, asset: &Asset) -> Vec<String> {
        match &self.kind {
            Kind::Other { fields, .. } => {
                let named = fields
                    .iter()
                    .filter(|(name, _)| name.ends_with("symbol") || name.ends_with("cusip"));
                named.filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect()
            }
            _ => vec![asset.symbol.clone(), asset.cusip.to_owned()],
        }
    }
}

pub async fn answer(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Response> {
    page(&core, &query).map_err(complain)
}

fn page(core: &Shared, query: &Query) -> Result<Response> {
    let today = time::new_york_date(core.world.kit.clock().now());
    let start = query::date("start", query.start.as_deref())?.unwrap_or(today);
    let end = query::date("end", query.end.as_deref())?.unwrap_or(today.max(start));
    let limit = query::count("limit", query.limit.as_deref(), USUAL_LIMIT, MAX_LIMIT)?;
    let sort = query::word("sort", query.sort.as_deref(), "asc", &["asc", "desc"])?;
    let region = query::word("region", query.region.as_deref(), "us", &["us", "non_us", "all"])?;
    let (symbols, cusips) =
        (query::list(query.symbols.as_deref()), query::list(query.cusips.as_deref()));
    let (types, ids) = (query::list(query.types.as_deref()), query::list(query.ids.as_deref()));
    let group = |name: &str| {
        types.as_ref().is_none_or(|types| {
            types.iter().any(|wanted| name == *wanted || name.strip_suffix('s') == Some(wanted))
        })
    };
    let all = all(&core.world);
    let among = |list: &Option<Vec<&str>>, names: &[String]| {
        list.as_ref().is_none_or(|list| names.iter().any(|name| list.contains(&name.as_str())))
    };
    let mut found: Vec<&Action> = all
        .iter()
        .filter(|action| {
            let names = action.names(&core.world.assets[action.asset]);
            let dated = ids.is_some() || (start..=end).contains(&action.process_date());
            dated
                && region != "non_us"
                && group(action.group())
                && among(&symbols, &names)
                && among(&cusips, &names)
                && among(&ids, &[action.id()])
        })
        .collect();
    found.sort_by_key(|action| (action.process_date(), action.number));
    if sort == "desc" {
        found.reverse();
    }
    let first = match query.page_token.as_deref().filter(|token| !token.is_empty()) {
        None => 0,
        Some(given) => {
            let place = found.iter().position(|action| token(action) == given);
            place.ok_or_else(|| Refusal::plain(400, "invalid page_token"))? + 1
        }
    };
    let rest = found.get(first..).unwrap_or_default();
    let page = &rest[..limit.min(rest.len())];
    let next = page.last().filter(|_| page.len() < rest.len()).map(|action| token(action));
    Ok(answer_json(grouped(page, &core.world.assets, next).into_bytes()))
}

fn grouped(page: &[&Action], assets: &[Asset], next: Option<String>) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for action in page {
        let row = row(action, &assets[action.asset]);
        match groups.iter_mut().find(|(name, _)| *name == action.group()) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((action.group(), vec![row])),
        }
    }
    let group = |(name, rows): &(&str, Vec<String>)| format!("\"{name}\":[{}]", rows.join(","));
    let groups: Vec<String> = groups.iter().map(group).collect();
    let next = Value::from(next);
    format!("{{\"corporate_actions\":{{{}}},\"next_page_token\":{next}}}", groups.join(","))
}

/// As text, so that rates stay what they are.
fn row(action: &Action, asset: &Asset) -> String {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("id", action.id().into());
    put("process_date", action.process_date().to_string().into());
    if let Kind::Other { fields: more, .. } = &action.kind {
        for (name, value) in *more {
            put(name, value.clone());
        }
        return Value::Object(fields).to_string();
    }
    put("symbol", asset.symbol.as_str().into());
    put("ex_date", action.ex_date.to_string().into());
    put("record_date", action.record_date().to_string().into());
    put("payable_date", action.payable_date().to_string().into());
    let mut numbers = Vec::new();
    match &action.kind {
        Kind::CashDividend { rate } => {
            put("cusip", asset.cusip.into());
            put("special", false.into());
            put("foreign", false.into());
            numbers.push(("rate", *rate));
        }
        Kind::ForwardSplit { new_rate, old_rate } => {
            put("cusip", asset.cusip.into());
            put("due_bill_redemption_date", action.record_date().to_string().into());
            numbers.extend([("new_rate", *new_rate), ("old_rate", *old_rate)]);
        }
        Kind::ReverseSplit { new_rate, old_rate } => {
            put("old_cusip", asset.cusip.into());
            put("new_cusip", asset.cusip.into());
            numbers.extend([("new_rate", *new_rate), ("old_rate", *old_rate)]);
        }
        Kind::Other { .. } => {}
    }
    let mut text = Value::Object(fields).to_string();
    text.pop();
    for (name, number) in numbers {
        text.push_str(&format!(
            ",\"{name}\":{}",
            serde_json::to_string(&Number(number)).unwrap_or_default()
        ));
    }
    text.push('}');
    text
}

fn token(action: &Action) -> String {
    STANDARD.encode(format!("{}|{}|{}", action.asset, action.process_date(), action.id()))
}

/// Everything that has been declared by now.
pub fn all(world: &World) -> Vec<Action> {
    let today = time::new_york_date(world.kit.clock().now());
    let mut actions: Vec<Action> = Vec::new();
    for (asset, listing) in world.market.listings().iter().enumerate() {
        let dividends = listing.cash_dividends();
        let dividends = dividends.iter().map(|d| (d.ex_date, Kind::CashDividend { rate: d.rate }));
        let splits = listing.splits();
        let splits = splits.iter().map(|split| {
            let (new_rate, old_rate) = (split.new_rate, split.old_rate);
            let forward = new_rate >= old_rate;
            let kind = if forward {
                Kind::ForwardSplit { new_rate, old_rate }
            } else {
                Kind::ReverseSplit { new_rate, old_rate }
            };
            (split.ex_date, kind)
        });
        for (ex_date, kind) in dividends.chain(splits) {
            let number = u64::try_from(actions.len()).unwrap_or(0);
            actions.push(Action { number, asset, ex_date, kind });
        }
    }
    for (group, fields) in made_up() {
        let number = u64::try_from(actions.len()).unwrap_or(0);
        let date = fields.get("process_date").and_then(Value::as_str);
        let Some(ex_date) = date.and_then(|date| date.parse().ok()) else { continue };
        actions.push(Action { number, asset: 0, ex_date, kind: Kind::Other { group, fields } });
    }
    actions.retain(|action| action.declaration_date() <= today);
    actions
}

/// Companies that never were, by group.
static MADE_UP: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/corporate_actions.json"))
        .expect("the file is part of the crate and a test reads it")
});

fn made_up() -> impl Iterator<Item = (&'static str, &'static Map<String, Value>)> {
    let rows = |rows: &'static Value| rows.as_array().into_iter().flatten();
    MADE_UP.iter().flat_map(move |(group, all)| {
        rows(all).filter_map(|row| row.as_object()).map(|row| (group.as_str(), row))
    })
}
