use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;

use super::query::body;
use crate::assets::find;
use crate::core::Shared;
use crate::engine::{Class, Intent, Kind, NewOrder, Side, StopLoss, TimeInForce};
use crate::gate::Caller;
use crate::number::Given;
use crate::refusal::{Refusal, Result};
use crate::rest::get_order::shown;
use crate::state::REJECT_ORDER;

/// The request as it may come; nulls are as good as nothing.
#[derive(Deserialize)]
struct Body {
    symbol: Option<String>,
    qty: Option<Given>,
    notional: Option<Given>,
    side: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    time_in_force: Option<String>,
    limit_price: Option<Given>,
    stop_price: Option<Given>,
    trail_price: Option<Given>,
    trail_percent: Option<Given>,
    extended_hours: Option<bool>,
    client_order_id: Option<String>,
    order_class: Option<String>,
    take_profit: Option<TakeProfit>,
    stop_loss: Option<Loss>,
    position_intent: Option<String>,
    legs: Option<Vec<Leg>>,
}

#[derive(Deserialize)]
struct Leg {
    symbol: Option<String>,
}

#[derive(Deserialize)]
struct TakeProfit {
    limit_price: Option<Given>,
}

#[derive(Deserialize)]
struct Loss {
    stop_price: Option<Given>,
    limit_price: Option<Given>,
}

pub async fn answer(
    State(core): State<Shared>,
    Caller(account): Caller,
    bytes: Bytes,
) -> Result<Json<Value>> {
    let request = read(&core, body(&bytes)?)?;
    let mut state = core.state();
    let (book, scene) = state.at_work(&core.world, account);
    let order = book.place(request, &scene)?;
    // What is answered is the order as it was taken in; what becomes of it is told by the stream.
    let answer = shown(book, order, true, &core);
    let rejected = state.fault(&core.world, REJECT_ORDER);
    let (book, scene) = state.at_work(&core.world, account);
    if rejected {
        book.reject(order, &scene);
    } else {
        book.activate(order, &scene);
    }
    state.publish_orders(&core.world, account);
    Ok(Json(answer))
}

fn read(core: &Shared, body: Body) -> Result<NewOrder> {
    let class = match body.order_class.as_deref() {
        None | Some("") => Class::Simple,
        Some("mleg") => return Err(not_options(core, &body.legs.unwrap_or_default())),
        word => read_word("order_class", word, Class::parse)?,
    };
    let symbol = body.symbol.filter(|symbol| !symbol.is_empty());
    let symbol = symbol.ok_or_else(|| Refusal::invalid("symbol is required"))?;
    let asset = find(&core.world.assets, &symbol).ok_or_else(|| no_such_asset(&symbol))?;
    let take_profit = body.take_profit.and_then(|profit| profit.limit_price);
    let stop_loss = body.stop_loss.and_then(|loss| {
        let limit_price = loss.limit_price.map(|Given(price)| price);
        loss.stop_price.map(|Given(stop_price)| StopLoss { stop_price, limit_price })
    });
    // Of two exits the taker of profit is the order itself.
    let limit_price =
        if class == Class::Oco { take_profit.or(body.limit_price) } else { body.limit_price };
    let value = |given: Option<Given>| given.map(|Given(value)| value);
    let intent = body.position_intent.as_deref();
    Ok(NewOrder {
        asset,
        quantity: value(body.qty),
        notional: value(body.notional),
        side: read_word("side", body.side.as_deref(), Side::parse)?,
        kind: read_word("type", body.kind.as_deref(), Kind::parse)?,
        time_in_force: read_word(
            "time_in_force",
            body.time_in_force.as_deref(),
            TimeInForce::parse,
        )?,
        limit_price: value(limit_price),
        stop_price: value(body.stop_price),
        trail_price: value(body.trail_price),
        trail_percent: value(body.trail_percent),
        extended_hours: body.extended_hours.unwrap_or(false),
        client_order_id: body.client_order_id.filter(|id| !id.is_empty()),
        class,
        take_profit: value(take_profit),
        stop_loss,
        intent: intent
            .map(|word| read_word("position_intent", Some(word), Intent::parse))
            .transpose()?,
    })
}

/// Why an order with several legs cannot be: there are no contracts that they could be about.
fn not_options(core: &Shared, legs: &[Leg]) -> Refusal {
    let symbols = legs.iter().filter_map(|leg| leg.symbol.as_deref());
    let unknown = symbols.into_iter().find(|symbol| find(&core.world.assets, symbol).is_none());
    match unknown {
        Some(symbol) => no_such_asset(symbol),
        None if legs.is_empty() => Refusal::unprocessable("mleg orders require legs"),
        None => Refusal::unprocessable("mleg orders are for options"),
    }
}

fn no_such_asset(symbol: &str) -> Refusal {
    Refusal::unprocessable(format!("invalid symbol: could not find asset {symbol:?}"))
}

pub fn read_word<T>(
    name: &str,
    word: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Err(Refusal::invalid(format!("{name} is required")));
    };
    parse(word).ok_or_else(|| Refusal::invalid(format!("invalid {name}: {word:?}")))
}
