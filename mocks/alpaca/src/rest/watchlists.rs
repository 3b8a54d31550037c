use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use mockkit::{Seed, time};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Params;
use super::query::{body, id};
use crate::assets::find;
use crate::core::Shared;
use crate::gate::Caller;
use crate::refusal::{Refusal, Result};
use crate::watchlists::Watchlist;
use crate::wire;

const MAX_LISTS: usize = 200;
const MAX_NAME: usize = 64;

#[derive(Deserialize)]
struct Body {
    name: Option<String>,
    symbols: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Addition {
    symbol: Option<String>,
}

#[derive(Deserialize)]
pub struct Name {
    name: Option<String>,
}

pub async fn list(State(core): State<Shared>, Caller(account): Caller) -> Json<Value> {
    let state = core.state();
    let brief = |list: &Watchlist| {
        let mut value = shown(&core, state.books[account].terms.id, list);
        if let Some(fields) = value.as_object_mut() {
            fields.remove("assets");
        }
        value
    };
    Json(state.watchlists[account].iter().map(brief).collect())
}

pub async fn create(
    State(core): State<Shared>,
    Caller(account): Caller,
    bytes: Bytes,
) -> Result<Json<Value>> {
    let Body { name, symbols } = body(&bytes)?;
    let name = name.filter(|name| !name.is_empty() && name.chars().count() <= MAX_NAME);
    let name = name.ok_or_else(|| Refusal::invalid("watchlist name must be 1 to 64 characters"))?;
    let assets = assets(&core, symbols.unwrap_or_default())?;
    let mut state = core.state();
    let now = core.world.kit.clock().now();
    let owner = state.books[account].terms.id;
    let lists = &mut state.watchlists[account];
    if lists.len() >= MAX_LISTS || lists.iter().any(|list| list.name == name) {
        return Err(Refusal::invalid("watchlist name must be unique"));
    }
    let seed = Seed::new(core.world.settings.seed).branch(&name);
    let id = seed.uuid("watchlist", u64::try_from(account).unwrap_or(0));
    let list = Watchlist { id, name, created_at: now, updated_at: now, assets };
    let answer = shown(&core, owner, &list);
    lists.push(list);
    Ok(Json(answer))
}

pub async fn one(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(list): Path<String>,
) -> Result<Json<Value>> {
    change(&core, account, &list, |_| Ok(()))
}

pub async fn by_name(
    State(core): State<Shared>,
    Caller(account): Caller,
    Params(query): Params<Name>,
) -> Result<Json<Value>> {
    let state = core.state();
    let found =
        state.watchlists[account].iter().find(|list| Some(&list.name) == query.name.as_ref());
    let list = found.ok_or_else(|| Refusal::not_found("watchlist"))?;
    Ok(Json(shown(&core, state.books[account].terms.id, list)))
}

pub async fn replace(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(list): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>> {
    let Body { name, symbols } = body(&bytes)?;
    let assets = symbols.map(|symbols| assets(&core, symbols)).transpose()?;
    change(&core, account, &list, |list| {
        list.name = name.unwrap_or_else(|| list.name.clone());
        list.assets = assets.unwrap_or_else(|| list.assets.clone());
        Ok(())
    })
}

pub async fn add(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(list): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>> {
    let Addition { symbol } = body(&bytes)?;
    let added = assets(&core, vec![symbol.unwrap_or_default()])?;
    change(&core, account, &list, |list| {
        if list.assets.iter().any(|asset| added.contains(asset)) {
            return Err(Refusal::invalid("duplicate symbol"));
        }
        list.assets.extend(added);
        Ok(())
    })
}

pub async fn remove_asset(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path((list, asset)): Path<(String, String)>,
) -> Result<Json<Value>> {
    let asset = assets(&core, vec![asset])?;
    change(&core, account, &list, |list| {
        list.assets.retain(|held| !asset.contains(held));
        Ok(())
    })
}

pub async fn remove(
    State(core): State<Shared>,
    Caller(account): Caller,
    Path(list): Path<String>,
) -> Result<StatusCode> {
    let list = id("watchlist_id", &list)?;
    let mut state = core.state();
    let lists = &mut state.watchlists[account];
    let before = lists.len();
    lists.retain(|held| held.id != list);
    if lists.len() == before {
        return Err(Refusal::not_found("watchlist"));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn change(
    core: &Shared,
    account: usize,
    list: &str,
    change: impl FnOnce(&mut Watchlist) -> Result<()>,
) -> Result<Json<Value>> {
    let list = id("watchlist_id", list)?;
    let mut state = core.state();
    let owner = state.books[account].terms.id;
    let found = state.watchlists[account].iter_mut().find(|held| held.id == list);
    let found = found.ok_or_else(|| Refusal::not_found("watchlist"))?;
    change(found)?;
    found.updated_at = core.world.kit.clock().now();
    Ok(Json(shown(core, owner, found)))
}

fn shown(core: &Shared, owner: Uuid, list: &Watchlist) -> Value {
    let assets: Vec<Value> =
        list.assets.iter().map(|asset| wire::asset(&core.world.assets[*asset])).collect();
    json!({
        "id": list.id,
        "account_id": owner,
        "name": list.name,
        "created_at": time::utc(list.created_at),
        "updated_at": time::utc(list.updated_at),
        "assets": assets,
    })
}

fn assets(core: &Shared, symbols: Vec<String>) -> Result<Vec<usize>> {
    let index = |symbol: String| {
        find(&core.world.assets, &symbol)
            .ok_or_else(|| Refusal::not_found(format_args!("asset {symbol}")))
    };
    symbols.into_iter().map(index).collect()
}
