//! Control routes that only this mock has: the auditor's ledger, the load generator's counts, and
//! the broker's hand in an account's history.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::assets::find;
use crate::core::Shared;
use crate::engine::{Activity, Book, NonTradeActivity};
use crate::number::Given;
use crate::refusal::text;
use crate::wire::{self, Place};

pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/_mock/ledger", get(ledger))
        .route("/_mock/replay", get(replay).post(change_replay))
        .route("/_mock/streams", get(streams))
        .route("/_mock/activities", post(add_activity))
        .route("/_mock/points", post(add_points))
}

/// A control request that makes no sense, in words.
struct Refused(String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}

/// All that the broker knows, account by account, for an auditor who trusts nobody.
async fn ledger(State(core): State<Shared>) -> Json<Value> {
    let state = core.state();
    let accounts = core.world.settings.accounts.iter().zip(&state.books);
    let accounts: Map<String, Value> =
        accounts.map(|(account, book)| (account.key.clone(), audited(&core, book))).collect();
    Json(json!({ "accounts": accounts }))
}

fn audited(core: &Shared, book: &Book) -> Value {
    let assets = &core.world.assets;
    let orders: Vec<Value> =
        book.orders.iter().map(|order| wire::order(order, &[], assets, Place::Rest)).collect();
    let attempts: Map<String, Value> = book
        .client_order_ids
        .iter()
        .map(|(id, seen)| (id.clone(), json!({ "sent": seen.sent, "accepted": seen.accepted })))
        .collect();
    let fills: Vec<Value> = book
        .activities
        .iter()
        .filter(|activity| matches!(activity, Activity::Fill(_)))
        .map(|activity| wire::activity(activity, book.terms.id, assets))
        .collect();
    let positions: Map<String, Value> = book
        .positions
        .iter()
        .map(|(asset, held)| {
            let held = json!({ "qty": text(held.quantity), "cost_basis": text(held.cost) });
            (assets[*asset].symbol.clone(), held)
        })
        .collect();
    json!({
        "orders": orders,
        "client_order_ids": attempts,
        "fills": fills,
        "positions": positions,
        "cash": text(book.cash),
    })
}

/// Who listens to what.
async fn streams(State(core): State<Shared>) -> Json<Value> {
    let state = core.state();
    let key = |account: usize| &core.world.settings.accounts[account].key;
    let orders = state.hub.orders.iter();
    let orders: Vec<Value> = orders
        .map(|client| json!({ "account": key(client.account), "listens": client.listens }))
        .collect();
    let data = state.hub.data.iter();
    let data: Vec<Value> = data
        .map(|client| {
            let (feed, subscriptions) = (client.feed.name(), client.subscriptions.message());
            json!({ "account": key(client.account), "feed": feed, "subscriptions": subscriptions })
        })
        .collect();
    Json(json!({ "orders": orders, "data": data }))
}

async fn replay(State(core): State<Shared>) -> Json<Value> {
    Json(json!({ "feeds": core.replays.report() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplayChange {
    restart: bool,
}

async fn change_replay(State(core): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let change: ReplayChange = decode(&body)?;
    if change.restart {
        core.replays.restart();
    }
    Ok(Json(json!({ "feeds": core.replays.report() })))
}

/// A dividend, transfer, split, fee: `qty` is what the position changes by for kinds that move
/// shares (`SPLIT`, `JNLS`, `ACATS`, `SPIN`, `MA`), and only told for the others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewActivity {
    /// The account's key; the first account if not said.
    account: Option<String>,
    activity_type: String,
    net_amount: Option<Given>,
    symbol: Option<String>,
    qty: Option<Given>,
    price: Option<Given>,
    per_share_amount: Option<Given>,
    description: Option<String>,
}

/// Safe to multiply with any other such number.
const MAX_NUMBER: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

const MOVES_SHARES: [&str; 5] = ["SPLIT", "JNLS", "ACATS", "SPIN", "MA"];

async fn add_activity(State(core): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let new: NewActivity = decode(&body)?;
    let accounts = &core.world.settings.accounts;
    let account = match &new.account {
        None => 0,
        Some(key) => accounts
            .iter()
            .position(|account| account.key == *key)
            .ok_or_else(|| Refused(format!("no account has the key {key:?}")))?,
    };
    let asset = match &new.symbol {
        None => None,
        Some(symbol) => {
            let found = find(&core.world.assets, symbol);
            Some(found.ok_or_else(|| Refused(format!("no asset is called {symbol:?}")))?)
        }
    };
    if new.activity_type == "FILL" {
        return Err(Refused("fills come from orders".into()));
    }
    let value = |given: Option<Given>| given.map(|Given(value)| value);
    let moves = MOVES_SHARES.contains(&new.activity_type.as_str());
    let shares = value(new.qty).filter(|_| moves).unwrap_or(Decimal::ZERO);
    let activity = NonTradeActivity {
        id: Uuid::nil(),
        time: 0,
        kind: new.activity_type,
        description: new.description.unwrap_or_default(),
        net_amount: value(new.net_amount).unwrap_or(Decimal::ZERO),
        asset,
        quantity: value(new.qty),
        per_share_amount: value(new.per_share_amount),
        price: value(new.price),
    };
    let numbers = [new.net_amount, new.qty, new.price, new.per_share_amount];
    if numbers.into_iter().flatten().any(|Given(number)| number.abs() > MAX_NUMBER) {
        return Err(Refused(format!("a number is beyond {MAX_NUMBER}")));
    }
    let mut state = core.state();
    let now = core.world.kit.clock().now();
    let book = &mut state.books[account];
    book.book_activity(activity, shares, now);
    let booked = book.activities.last();
    Ok(Json(
        booked.map_or(Value::Null, |row| wire::activity(row, book.terms.id, &core.world.assets)),
    ))
}

/// Messages for the data streams that the replayed days do not have, such as
/// `{"T":"x","S":"BAC","i":1,"x":"N","p":13.9,"s":100,"a":"C","z":"A","t":"2013-10-07T13:31:00Z"}`:
/// halts, cancellations, corrections. Everyone who follows their channel gets them as they are.
async fn add_points(State(core): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let points: Vec<Value> = decode(&body)?;
    let mut delivered = 0;
    let mut state = core.state();
    for point in &points {
        let kind = point["T"].as_str().unwrap_or_default();
        let symbol = point["S"].as_str();
        let symbol = symbol.ok_or_else(|| Refused(format!("{point} has no \"S\"")))?;
        let channel = channel(kind).ok_or_else(|| Refused(format!("unknown \"T\": {kind:?}")))?;
        delivered += state.hub.publish_value(channel, symbol, point);
    }
    state.hub.flush();
    Ok(Json(json!({ "delivered": delivered })))
}

fn channel(kind: &str) -> Option<&'static str> {
    match kind {
        "t" => Some("trades"),
        "q" => Some("quotes"),
        "b" => Some("bars"),
        "u" => Some("updatedBars"),
        "d" => Some("dailyBars"),
        "s" => Some("statuses"),
        "l" => Some("lulds"),
        "i" => Some("imbalances"),
        "c" => Some("corrections"),
        "x" => Some("cancelErrors"),
        "o" => Some("orderbooks"),
        _ => None,
    }
}

fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused(error.to_string()))
}
