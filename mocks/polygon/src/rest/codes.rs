//! Lists of codes: venues, conditions, types of instrument.

use super::Ask;
use super::lists::{Field, List, page, slice};
use crate::json::{Json, map};
use crate::query::Order;
use crate::refusal::{Refusal, Result};

const EXCHANGES: &str = include_str!("../../data/exchanges.json");
const CONDITIONS: &str = include_str!("../../data/conditions.json");
const TYPES: &str = include_str!("../../data/ticker_types.json");

const CLASSES: [&str; 6] = ["stocks", "options", "crypto", "fx", "indices", "futures"];

pub fn exchanges(ask: &Ask) -> Result<Json> {
    whole(ask, EXCHANGES)
}

/// The newer lists, one for each class, whose ids are texts.
pub fn venues(ask: &Ask) -> Result<Json> {
    let class = match ask.argument(0) {
        "forex" => "fx",
        known @ ("crypto" | "futures" | "options" | "stocks") => known,
        _ => return Err(Refusal::no_data()),
    };
    let limit = ask.query.limit(100, 999)?;
    let mut rows = rows(EXCHANGES)?;
    rows.retain(|row| row.get("asset_class").and_then(Json::text) == Some(class));
    for row in &mut rows {
        let Json::Map(members) = row else { continue };
        members.retain(|(name, _)| name != "asset_class");
        for (name, value) in members {
            if let (true, Json::Integer(id)) = (name == "id", &*value) {
                *value = Json::Text(id.to_string());
            }
        }
    }
    slice(ask, rows, limit, false)
}

pub fn types(ask: &Ask) -> Result<Json> {
    whole(ask, TYPES)
}

/// All of a class and locale at once.
fn whole(ask: &Ask, text: &str) -> Result<Json> {
    let class = ask.query.choice("asset_class", &CLASSES)?;
    let locale = ask.query.choice("locale", &["us", "global"])?;
    let is = |row: &Json, name: &str, wanted: Option<&str>| {
        wanted.is_none_or(|wanted| row.get(name).and_then(Json::text) == Some(wanted))
    };
    let mut rows = rows(text)?;
    rows.retain(|row| is(row, "asset_class", class) && is(row, "locale", locale));
    let count = rows.len();
    Ok(map([("results", rows.into())])
        .with("status", ask.plan.status())
        .with("request_id", ask.request_id())
        .with("count", count))
}

pub fn conditions(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows: |ask| {
            let sip = ask.query.choice("sip", &["CTA", "UTP", "OPRA"])?;
            let mut rows = rows(CONDITIONS)?;
            rows.retain(|row| {
                sip.is_none_or(|sip| row.get("sip_mapping").is_some_and(|m| m.get(sip).is_some()))
            });
            Ok(rows)
        },
        fields: &[
            Field::text("asset_class").one_of(&CLASSES),
            Field::texts("data_type", "data_types"),
            Field::number("id"),
            Field::text("name"),
            Field::text("type"),
            Field::text("legacy"),
        ],
        sort: "asset_class",
        order: Order::Ascending,
        usual: 10,
        most: 1_000,
        counted: true,
    };
    page(ask, &LIST)
}

/// The rows of a document that the crate carries.
pub fn rows(text: &str) -> Result<Vec<Json>> {
    match Json::parse(text) {
        Ok(Json::List(rows)) => Ok(rows),
        // A test reads every document.
        _ => Err(Refusal::of_status(500)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_document_can_be_read() {
        for text in [EXCHANGES, CONDITIONS, TYPES] {
            assert!(!rows(text).unwrap().is_empty());
        }
    }
}
