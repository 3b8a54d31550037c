//! Control routes that only this mock has: the auditor's ledger, the broker's own hand, bulletins.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::news_bulletin;
use crate::core::Shared;
use crate::engine::{BY_HAND, Desk};
use crate::state::{Bulletin, World};
use crate::{numbers, wire};

pub fn routes(core: Shared) -> Router {
    Router::new()
        .route("/_mock/ledger", get(ledger))
        .route("/_mock/clients", get(clients))
        .route("/_mock/orders", post(place_by_hand))
        .route("/_mock/corrections", post(correct))
        .route("/_mock/bulletins", post(bulletin))
        .route("/_mock/news", post(news))
        .with_state(core)
}

/// A control request that makes no sense, in words.
struct Refused(String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}

fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused(error.to_string()))
}

/// All that the broker knows, for an auditor who trusts nobody.
async fn ledger(State(core): State<Shared>) -> Json<Value> {
    let state = core.state();
    Json(audited(&core.world, &state.desk))
}

fn audited(world: &World, desk: &Desk) -> Value {
    let orders: Vec<Value> =
        desk.orders.iter().map(|order| order_row(world, desk, order)).collect();
    let fills: Vec<Value> =
        desk.executions.iter().map(|fill| fill_row(world, desk, fill)).collect();
    let attempts =
        |seen: &crate::engine::Attempts| json!({ "sent": seen.sent, "accepted": seen.accepted });
    let ids: Vec<Value> = desk
        .ids
        .iter()
        .map(|((client_id, order_id), seen)| {
            json!({
                "client_id": client_id,
                "order_id": order_id,
                "sent": seen.sent,
                "accepted": seen.accepted,
            })
        })
        .collect();
    let references: serde_json::Map<String, Value> =
        desk.references.iter().map(|(name, seen)| (name.clone(), attempts(seen))).collect();
    let accounts: serde_json::Map<String, Value> = desk
        .accounts
        .iter()
        .map(|account| {
            let positions: serde_json::Map<String, Value> = account
                .positions
                .iter()
                .map(|(index, held)| {
                    let known = &world.instruments[*index];
                    let row = json!({
                        "con_id": known.con_id,
                        "quantity": numbers::text(held.quantity),
                        "average_cost": numbers::text(held.average()),
                    });
                    (known.local_symbol.clone(), row)
                })
                .collect();
            let row = json!({ "cash": numbers::text(account.cash), "positions": positions });
            (account.id.clone(), row)
        })
        .collect();
    json!({
        "accounts": accounts,
        "orders": orders,
        "order_ids": ids,
        "order_refs": references,
        "fills": fills,
    })
}

fn order_row(world: &World, desk: &Desk, order: &crate::engine::Order) -> Value {
    let known = &world.instruments[order.instrument];
    let seen = desk.ids.get(&(order.client_id, order.order_id)).copied().unwrap_or_default();
    json!({
        "client_id": order.client_id,
        "order_id": order.order_id,
        "perm_id": order.perm_id,
        "order_ref": order.echo.order_ref,
        "account": desk.accounts[order.account].id,
        "symbol": known.symbol,
        "con_id": known.con_id,
        "action": order.echo.action,
        "order_type": order.echo.order_type,
        "tif": order.echo.tif,
        "quantity": numbers::text(order.terms.quantity),
        "filled": numbers::text(order.filled),
        "average_price": numbers::text(order.average_price()),
        "limit_price": order.terms.limit.map(numbers::text),
        "stop_price": order.terms.trigger.map(numbers::text),
        "status": order.status.as_str(),
        "sent": seen.sent,
        "accepted": seen.accepted,
        "modified": order.modified,
        "parent_id": order.echo.parent_id,
        "oca_group": order.echo.oca_group,
        "created": mockkit::time::utc(order.created),
        "done": order.done.map(mockkit::time::utc),
    })
}

fn fill_row(world: &World, desk: &Desk, fill: &crate::engine::Execution) -> Value {
    let order = &desk.orders[fill.order];
    json!({
        "execution_id": fill.id,
        "client_id": order.client_id,
        "order_id": order.order_id,
        "perm_id": order.perm_id,
        "order_ref": order.echo.order_ref,
        "account": desk.accounts[fill.account].id,
        "symbol": world.instruments[fill.instrument].symbol,
        "side": fill.side.executed(),
        "quantity": numbers::text(fill.quantity),
        "price": numbers::text(fill.price),
        "commission": numbers::text(fill.commission),
        "realized": fill.realized.map(numbers::text),
        "time": mockkit::time::utc(fill.time),
    })
}

/// Who is connected, and what each follows.
async fn clients(State(core): State<Shared>) -> Json<Value> {
    let state = core.state();
    let ids = |ids: Vec<&i32>| ids.into_iter().copied().collect::<Vec<i32>>();
    let rows: Vec<Value> = state
        .clients
        .iter()
        .map(|client| {
            json!({
                "client_id": client.client_id,
                "codec": client.codec.name(),
                "version": client.version,
                "market_data": ids(client.lines.keys().collect()),
                "tick_by_tick": ids(client.prints.keys().collect()),
                "depth": ids(client.depth.keys().collect()),
                "real_time_bars": ids(client.live_bars.keys().collect()),
                "historical": ids(client.growing.keys().collect()),
                "positions": client.positions,
            })
        })
        .collect();
    Json(json!({ "clients": rows }))
}

/// An order that a person places in the program itself, in the vendor's spelling.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ByHand {
    symbol: String,
    action: String,
    total_quantity: String,
    order_type: String,
    lmt_price: Option<f64>,
    aux_price: Option<f64>,
    tif: Option<String>,
    account: Option<String>,
    order_ref: Option<String>,
}

async fn place_by_hand(State(core): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let order: ByHand = decode(&body)?;
    let mut guard = core.state();
    let state = &mut *guard;
    let known = core.world.instruments.iter().find(|known| known.symbol == order.symbol);
    let known = known.ok_or_else(|| Refused(format!("no symbol {:?}", order.symbol)))?;
    let order_id = state.desk.next_id(BY_HAND);
    let request = wire::PlaceOrderRequest {
        order_id: Some(order_id),
        contract: Some(known.contract(known.routes())),
        order: Some(wire::Order {
            action: Some(order.action),
            total_quantity: Some(order.total_quantity),
            order_type: Some(order.order_type),
            lmt_price: order.lmt_price,
            aux_price: order.aux_price,
            tif: order.tif,
            account: order.account,
            order_ref: order.order_ref,
            transmit: Some(true),
            ..wire::Order::default()
        }),
        attached_orders: None,
    };
    let (desk, scene) = state.at_work(&core.world);
    desk.place(BY_HAND, &request, None, &scene);
    let Some(index) = desk.find(BY_HAND, order_id) else {
        let told = desk.take_told();
        let text = told.iter().find_map(|told| match &told.answer {
            wire::Answer::ErrorMessage(error) => error.error_msg.clone(),
            _ => None,
        });
        return Err(Refused(text.unwrap_or("the order was not taken".to_owned())));
    };
    if state.clients.iter().any(|client| client.client_id == 0 && client.binds) {
        state.desk.bind(0);
    }
    state.tell_orders(&core.world);
    let row = order_row(&core.world, &state.desk, &state.desk.orders[index]);
    Ok(Json(row))
}

/// A trade is put right: same execution, next number, another price.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Correction {
    execution_id: String,
    price: String,
}

async fn correct(State(core): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let correction: Correction = decode(&body)?;
    let price = numbers::quantity(&correction.price)
        .ok_or_else(|| Refused(format!("{:?} is no price", correction.price)))?;
    let mut guard = core.state();
    let state = &mut *guard;
    let (desk, scene) = state.at_work(&core.world);
    let number = desk
        .correct(&correction.execution_id, price, &scene)
        .ok_or_else(|| Refused(format!("no execution {:?}", correction.execution_id)))?;
    state.tell_orders(&core.world);
    Ok(Json(fill_row(&core.world, &state.desk, &state.desk.executions[number])))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBulletin {
    #[serde(default)]
    kind: Option<i32>,
    text: String,
    #[serde(default)]
    exchange: String,
}

async fn bulletin(State(core): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let new: NewBulletin = decode(&body)?;
    let mut state = core.state();
    let bulletin = Bulletin { kind: new.kind.unwrap_or(1), text: new.text, exchange: new.exchange };
    state.bulletins.push(bulletin.clone());
    let number = i32::try_from(state.bulletins.len()).unwrap_or(i32::MAX);
    state.tell_all(&news_bulletin(number, &bulletin), |client| client.bulletins);
    Ok(Json(json!({ "number": number })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    symbol: String,
    headline: String,
    code: Option<String>,
}

/// A headline, to whoever follows the instrument with news.
async fn news(State(core): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let story: Story = decode(&body)?;
    let state = core.state();
    let named = |known: &crate::instruments::Instrument| known.symbol == story.symbol;
    let index = core.world.instruments.iter().position(named);
    let index = index.ok_or_else(|| Refused(format!("no symbol {:?}", story.symbol)))?;
    let now = state.now();
    let code = story.code.unwrap_or("BRFG".to_owned());
    let mut told = 0;
    for client in &state.clients {
        for (id, line) in &client.lines {
            if line.instrument != index || !line.generic.contains(&292) {
                continue;
            }
            told += 1;
            client.send(wire::Answer::TickNews(wire::TickNews {
                req_id: Some(*id),
                timestamp: Some(now.div_euclid(1_000_000)),
                provider_code: Some(code.clone()),
                article_id: Some(format!("{code}${now:016x}")),
                headline: Some(story.headline.clone()),
                extra_data: Some("A:800015:L:en:K:n/a:C:0.98".to_owned()),
            }));
        }
    }
    Ok(Json(json!({ "told": told })))
}
