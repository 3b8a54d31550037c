use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::Value;

use super::Params;
use super::query::{list as words, word};
use crate::assets::{Asset, find};
use crate::core::Shared;
use crate::refusal::{Refusal, Result};
use crate::wire;

#[derive(Deserialize)]
pub struct Query {
    status: Option<String>,
    asset_class: Option<String>,
    exchange: Option<String>,
    attributes: Option<String>,
}

pub async fn list(State(core): State<Shared>, Params(query): Params<Query>) -> Result<Json<Value>> {
    let statuses = ["active", "inactive", "all"];
    let status = word("status", query.status.as_deref(), "active", &statuses)?;
    let classes = ["", "us_equity", "us_option", "crypto", "crypto_perp", "ipo"];
    let class = word("asset_class", query.asset_class.as_deref(), "", &classes)?;
    let attributes = words(query.attributes.as_deref());
    let wanted = |asset: &&Asset| {
        // Everything that is replayed is active.
        status != "inactive"
            && (class.is_empty() || asset.class.as_str() == class)
            && query.exchange.as_deref().is_none_or(|exchange| asset.exchange == exchange)
    };
    let carries = |asset: &Value| {
        let has = |name: &str| {
            asset["attributes"]
                .as_array()
                .is_some_and(|all| all.iter().any(|attribute| attribute == name))
        };
        attributes.as_ref().is_none_or(|names| names.iter().any(|name| has(name)))
    };
    let assets = core.world.assets.iter().filter(wanted).map(wire::asset);
    Ok(Json(assets.filter(carries).collect()))
}

pub async fn one(State(core): State<Shared>, Path(asset): Path<String>) -> Result<Json<Value>> {
    let assets = &core.world.assets;
    match find(assets, &asset) {
        Some(index) => Ok(Json(wire::asset(&assets[index]))),
        None => Err(Refusal::not_found(format_args!("asset {asset}"))),
    }
}
