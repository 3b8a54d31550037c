use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;

use super::Params;
use super::query::{count, flag, id, list, moment, word};
use crate::assets::find;
use crate::core::Shared;
use crate::engine::{AssetIndex, Book, Order, OrderIndex};
use crate::gate::Caller;
use crate::refusal::{Refusal, Result};
use crate::rest::get_order::shown;

const USUAL: usize = 50;
const MAX: usize = 500;

#[derive(Deserialize)]
pub struct Query {
    status: Option<String>,
    limit: Option<String>,
    after: Option<String>,
    until: Option<String>,
    direction: Option<String>,
    nested: Option<String>,
    symbols: Option<String>,
    side: Option<String>,
    asset_class: Option<String>,
    before_order_id: Option<String>,
    after_order_id: Option<String>,
}

pub async fn answer(
    State(core): State<Shared>,
    Caller(account): Caller,
    Params(query): Params<Query>,
) -> Result<Json<Value>> {
    let status = word("status", query.status.as_deref(), "open", &["open", "closed", "all"])?;
    let direction = word("direction", query.direction.as_deref(), "desc", &["asc", "desc"])?;
    let side = word("side", query.side.as_deref(), "", &["", "buy", "sell"])?;
    let limit = count("limit", query.limit.as_deref(), USUAL, MAX)?;
    let nested = flag("nested", query.nested.as_deref())?;
    let after = moment("after", query.after.as_deref())?;
    let until = moment("until", query.until.as_deref())?;
    let class = query.asset_class.as_deref().unwrap_or_default();
    let assets = &core.world.assets;
    let symbols: Option<Vec<Option<AssetIndex>>> = list(query.symbols.as_deref())
        .map(|symbols| symbols.iter().map(|symbol| find(assets, symbol)).collect());
    let state = core.state();
    let book = &state.books[account];
    let (from, to) = between(book, &query)?;

    let class_of = |order: &Order| assets[order.asset].class.as_str();
    let wanted = |order: &Order| {
        (status == "all" || order.status.is_open() == (status == "open"))
            && (side.is_empty() || order.side.as_str() == side)
            && (class.is_empty() || class.split(',').any(|class| class == class_of(order)))
            && after.is_none_or(|after| order.submitted_at > after)
            && until.is_none_or(|until| order.submitted_at < until)
            && symbols.as_ref().is_none_or(|symbols| symbols.contains(&Some(order.asset)))
            // Shown in its parent's place.
            && !(nested && order.parent.is_some())
    };
    let mut orders: Vec<OrderIndex> =
        (from..to).filter(|index| wanted(&book.orders[*index])).collect();
    if direction == "desc" {
        orders.reverse();
    }
    orders.truncate(limit);
    Ok(Json(orders.into_iter().map(|index| shown(book, index, nested, &core)).collect()))
}

/// Orders are kept in the order in which they came, so an order's place says what is older.
fn between(book: &Book, query: &Query) -> Result<(OrderIndex, OrderIndex)> {
    let place = |name: &str, text: &str| id(name, text).and_then(|id| book.order(id));
    match (query.after_order_id.as_deref(), query.before_order_id.as_deref()) {
        (None, None) => Ok((0, book.orders.len())),
        (Some(after), None) => Ok((place("after_order_id", after)? + 1, book.orders.len())),
        (None, Some(before)) => Ok((0, place("before_order_id", before)?)),
        (Some(_), Some(_)) => {
            Err(Refusal::invalid("only one of before_order_id and after_order_id is accepted"))
        }
    }
}
