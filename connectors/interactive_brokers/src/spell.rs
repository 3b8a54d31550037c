//! Our orders in the words of TWS.

use model::{ApprovedOrder, Decimal, OrderClass, OrderRequest, Side, Text, TimeInForce};
use session::Values;

use crate::contract::Contract;
use crate::{map, wire};

/// Fields of an order that are ours alone to fill.
const OURS: &str =
    "account action ocaGroup orderId orderRef parentId totalQuantity transmit whatIf";

/// The orders that a request is for, numbered from `first` on; its exits follow it. `account` is
/// where it trades.
pub fn new_orders(order: &ApprovedOrder, account: &str, first: i64) -> Result<Vec<Values>, String> {
    let request = &order.request;
    let entry = single(request, account)?;
    let mut orders = exits(request, &entry)?;
    let is_oco = request.order_class == OrderClass::Oco;
    let reference = map::reference(&request.order_id);
    if is_oco {
        orders[0].insert("orderRef", reference.clone());
    } else {
        orders.insert(0, entry);
    }
    let last = orders.len() - 1;
    for (index, order) in orders.iter_mut().enumerate() {
        let id = |id: i64| Text::from(id.to_string());
        order.insert("orderId", id(first + index as i64));
        if is_oco {
            order.extend([("ocaGroup", reference.clone()), ("ocaType", "1".into())]);
            continue;
        }
        if index > 0 {
            order.insert("parentId", id(first));
        }
        if index < last {
            // TWS holds them back until the last one has come.
            order.insert("transmit", "0".into());
        }
    }
    Ok(orders)
}

/// One order, with everything that a request says of it.
fn single(request: &OrderRequest, account: &str) -> Result<Values, String> {
    let instrument = request.instrument.as_ref().ok_or("the order has no instrument")?;
    let mut contract = Contract::parse(instrument.as_str()).map_err(|bad| bad.to_string())?;
    let mut order = Values::new();
    for (name, value) in &request.broker_options {
        if value.chars().any(char::is_control) {
            return Err(format!("{name:?} has control characters"));
        }
        if contract.set(name, value) {
            continue;
        }
        let is_free = |field: &&str| OURS.split(' ').all(|ours| ours != *field);
        match wire::order_field(name).filter(is_free) {
            _ if name == "algoParams" => drop(order.insert("algoParams", list(value)?)),
            Some(field) => drop(order.insert(field, value.clone())),
            None => return Err(format!("TWS has no option {name:?}")),
        }
    }
    order.extend(contract.0);
    let side = request.side.ok_or("the order has no side")?;
    if request.quantity.is_none() && request.notional.is_none() {
        return Err("the order has neither a quantity nor an amount".to_owned());
    }
    order.insert("action", action(side).into());
    order.insert("account", account.into());
    order.insert("orderRef", map::reference(&request.order_id));
    order.insert("totalQuantity", number(request.quantity.unwrap_or_default()));
    order.extend(request.notional.map(|money| ("cashQty", number(money))));
    order.extend(request.extended_hours.then(|| ("outsideRth", "1".into())));
    priced(request, &mut order)?;
    Ok(order)
}

/// Type, prices and time in force. What the broker's own options say comes before ours.
fn priced(request: &OrderRequest, order: &mut Values) -> Result<(), String> {
    let kind = request.order_type.ok_or("the order has no type")?;
    let time = request.time_in_force.ok_or("the order has no time in force")?;
    let none = || format!("TWS has no {kind} order at the close");
    let (word, time_in_force) = map::words(kind, time).ok_or_else(none)?;
    order.entry("orderType").or_insert(word.into());
    order.entry("tif").or_insert(time_in_force.into());
    for (name, value) in prices(word, request) {
        order.entry(name).or_insert(value);
    }
    Ok(())
}

/// The prices that a request names, in the fields that an order of this type has for them.
fn prices(word: &str, request: &OrderRequest) -> impl Iterator<Item = (&'static str, Text)> {
    let said = [
        ("lmtPrice", request.limit_price),
        (stop_of(word), request.stop_price),
        ("auxPrice", request.trail_amount),
        ("trailingPercent", request.trail_percent),
    ];
    said.into_iter().filter_map(|(name, price)| Some((name, number(price?))))
}

/// Where an order of this type has its stop.
pub fn stop_of(word: &str) -> &'static str {
    if word.starts_with("TRAIL") { "trailStopPrice" } else { "auxPrice" }
}

/// The exits of an order: one that takes a profit, one that limits a loss.
fn exits(request: &OrderRequest, entry: &Values) -> Result<Vec<Values>, String> {
    let is_oco = request.order_class == OrderClass::Oco;
    let profit = request.take_profit_price.or(request.limit_price.filter(|_| is_oco));
    let loss = request.stop_loss_price;
    let limit = request.stop_loss_limit_price;
    match (request.order_class, profit.is_some(), loss.is_some()) {
        (OrderClass::Simple, false, false) => return Ok(Vec::new()),
        (OrderClass::Bracket | OrderClass::Oco, true, true) => {}
        (OrderClass::Oto, true, false) | (OrderClass::Oto, false, true) => {}
        (OrderClass::Mleg, ..) => return Err("orders with several legs are not offered".into()),
        (class, ..) => return Err(format!("the exits do not fit an order of class {class}")),
    }
    let side = request.side.ok_or("the order has no side")?;
    let side = match side {
        side if is_oco => side,
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    };
    let exit = |suffix: &str, kind: &str, limit: Option<Decimal>, stop: Option<Decimal>| {
        let mut exit = entry.clone();
        exit.retain(|name, _| !["lmtPrice", "auxPrice", "trailStopPrice"].contains(name));
        exit.insert("action", action(side).into());
        exit.insert("orderType", kind.into());
        if !is_oco {
            exit.insert("tif", "GTC".into());
        }
        exit.insert("orderRef", format!("{}.{suffix}", map::reference(&request.order_id)).into());
        exit.extend(limit.map(|price| ("lmtPrice", number(price))));
        exit.extend(stop.map(|price| ("auxPrice", number(price))));
        exit
    };
    let profit = profit.map(|_| exit("tp", "LMT", profit, None));
    let kind = if limit.is_some() { "STP LMT" } else { "STP" };
    let loss = loss.map(|_| exit("sl", kind, limit, loss));
    Ok(profit.into_iter().chain(loss).collect())
}

/// An open order with what a request changes of it.
pub fn modified(open: &Values, request: &OrderRequest) -> Result<Values, String> {
    let is_plain = !open.contains_key("deltaNeutralOrderType");
    if !is_plain || open.get("secType").is_some_and(|kind| kind == "BAG") {
        return Err("a modification would lose a part of this order".to_owned());
    }
    let mut order = open.clone();
    order.extend(changes(open, request));
    order.insert("transmit", "1".into());
    Ok(order)
}

/// The fields that a request changes.
fn changes(open: &Values, request: &OrderRequest) -> Vec<(&'static str, Text)> {
    let word = open.get("orderType").map_or("", Text::as_str);
    let time_in_force = match request.time_in_force {
        Some(TimeInForce::Day) => Some("DAY"),
        Some(TimeInForce::Gtc) => Some("GTC"),
        // Others are part of what an order is, and TWS refuses to change them.
        _ => None,
    };
    let quantity = request.quantity.map(|quantity| ("totalQuantity", number(quantity)));
    let time_in_force = time_in_force.map(|word| ("tif", word.into()));
    quantity.into_iter().chain(prices(word, request)).chain(time_in_force).collect()
}

/// Whether an order says by now all that a request changes of it, if that is anything.
pub fn says(order: &Values, request: &OrderRequest) -> bool {
    let changes = changes(order, request);
    let is_said = |(name, wanted): &(&str, Text)| {
        let amount = |text: &str| model::money(text).ok();
        match order.get(name) {
            Some(found) if amount(wanted).is_some() => amount(found) == amount(wanted),
            found => found == Some(wanted),
        }
    };
    !changes.is_empty() && changes.iter().all(is_said)
}

/// `tag=value;tag=value` as a list.
fn list(value: &str) -> Result<Text, String> {
    let pairs: Option<Vec<_>> = value.split(';').map(|pair| pair.split_once('=')).collect();
    let pairs = pairs.ok_or_else(|| format!("{value:?} is not tag=value;tag=value"))?;
    let fields = pairs.iter().map(|(tag, value)| format!("\0{}\0{}", tag.trim(), value.trim()));
    Ok(format!("{}{}", pairs.len(), fields.collect::<String>()).into())
}

fn action(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

/// A number as TWS reads it.
pub fn number(number: Decimal) -> Text {
    number.normalize().to_string().into()
}
