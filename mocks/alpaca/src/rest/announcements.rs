//! The older list of corporate actions.

use axum::Json;
use axum::extract::{Path, State};
use jiff::civil::Date;
use mockkit::Seed;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Params;
use super::query::{date, id, list as words, word};
use crate::assets::Asset;
use crate::core::Shared;
use crate::data::corporate_actions::{Action, Kind, all};
use crate::refusal::{Refusal, Result};

const MAX_DAYS: i32 = 90;

#[derive(Deserialize)]
pub struct Query {
    ca_types: Option<String>,
    since: Option<String>,
    until: Option<String>,
    symbol: Option<String>,
    cusip: Option<String>,
    date_type: Option<String>,
}

pub async fn list(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Json<Value>> {
    let kinds = words(query.ca_types.as_deref());
    let kinds = kinds.ok_or_else(|| Refusal::invalid("ca_types is required"))?;
    let (Some(since), Some(until)) =
        (date("since", query.since.as_deref())?, date("until", query.until.as_deref())?)
    else {
        return Err(Refusal::invalid("since and until are required"));
    };
    if days_between(since, until) > MAX_DAYS {
        return Err(Refusal::invalid("since and until must be within 90 days"));
    }
    let dates = ["declaration_date", "ex_date", "record_date", "payable_date"];
    let by = word("date_type", query.date_type.as_deref(), "ex_date", &dates)?;
    let rows = announcements(&core);
    let wanted = |row: &&Value| {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let kind = text("ca_type");
        let in_range = text(by).parse::<Date>().is_ok_and(|day| since <= day && day <= until);
        in_range
            && kinds.iter().any(|wanted| wanted.eq_ignore_ascii_case(kind))
            && query.symbol.as_deref().is_none_or(|symbol| symbol == text("initiating_symbol"))
            && query.cusip.as_deref().is_none_or(|c| c == text("initiating_original_cusip"))
    };
    Ok(Json(rows.iter().filter(wanted).cloned().collect()))
}

pub async fn one(State(core): State<Shared>, Path(row): Path<String>) -> Result<Json<Value>> {
    let wanted = id("announcement id", &row)?.to_string();
    let mut rows = announcements(&core).into_iter();
    let found = rows.find(|row| row["id"] == wanted.as_str());
    found.map(Json).ok_or_else(|| Refusal::not_found("announcement"))
}

fn announcements(core: &Shared) -> Vec<Value> {
    all(&core.world).iter().filter_map(|action| announcement(&core.world.assets, action)).collect()
}

/// Numbers are strings here.
fn announcement(assets: &[Asset], action: &Action) -> Option<Value> {
    let asset = &assets[action.asset];
    let (kind, sub_kind, cash, old_rate, new_rate) = match &action.kind {
        Kind::CashDividend { rate } => {
            ("dividend", "cash", rate.to_string(), "1".into(), "1".into())
        }
        Kind::ForwardSplit { new_rate, old_rate } | Kind::ReverseSplit { new_rate, old_rate } => {
            ("split", "stock_split", "0".into(), old_rate.to_string(), new_rate.to_string())
        }
        Kind::Other { .. } => return None,
    };
    let day = |date: Date| date.to_string();
    Some(json!({
        "id": Seed::new(0).uuid("announcement", action.number),
        "corporate_action_id": format!("{}_{}", asset.cusip, action.number),
        "ca_type": kind,
        "ca_sub_type": sub_kind,
        "initiating_symbol": asset.symbol,
        "initiating_original_cusip": asset.cusip,
        "target_symbol": asset.symbol,
        "target_original_cusip": asset.cusip,
        "declaration_date": day(action.declaration_date()),
        "ex_date": day(action.ex_date),
        "expiration_date": null,
        "record_date": day(action.record_date()),
        "payable_date": day(action.payable_date()),
        "cash": cash,
        "old_rate": old_rate,
        "new_rate": new_rate,
    }))
}

fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}
