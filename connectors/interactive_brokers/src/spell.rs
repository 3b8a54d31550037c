//! Our orders in the words of TWS.

use model::{ApprovedOrder, Decimal, OrderClass, OrderRequest, Terms, Text, TimeInForce};
use session::{Trades, Values};

use crate::contract::Contract;
use crate::map::{SIDES, TIMES, TYPES};
use crate::tws::Tws;
use crate::wire;

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
    let reference = Tws::reference(&request.order_id);
    if is_oco {
        orders[0].insert("orderRef", reference.clone());
    } else {
        orders.insert(0, entry);
    }
    let last = first + orders.len() as i64 - 1;
    for (id, order) in (first..).zip(&mut orders) {
        order.insert("orderId", id.to_string().into());
        if is_oco {
            order.extend([("ocaGroup", reference.clone()), ("ocaType", "1".into())]);
            continue;
        }
        // TWS holds them back until the last one has come.
        order.extend((id < last).then(|| ("transmit", "0".into())));
        order.extend((id > first).then(|| ("parentId", first.to_string().into())));
    }
    Ok(orders)
}

/// One order, with everything that a request says of it.
fn single(request: &OrderRequest, account: &str) -> Result<Values, String> {
    let Terms { instrument, side, order_type, time_in_force } = request.terms()?;
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
    order.extend(SIDES.word(side).map(|word| ("action", word.into())));
    order.insert("account", account.into());
    order.insert("orderRef", Tws::reference(&request.order_id));
    order.insert("totalQuantity", number(request.quantity.unwrap_or_default()));
    order.extend(request.notional.map(|money| ("cashQty", number(money))));
    order.extend(request.extended_hours.then(|| ("outsideRth", "1".into())));
    let none = || format!("TWS has no {order_type} order at the close");
    let at_close = Some(time_in_force).filter(|time| *time == TimeInForce::Cls);
    let word = TYPES.word((order_type, at_close)).ok_or_else(none)?;
    let words = [("orderType", Some(word)), ("tif", TIMES.word(time_in_force))];
    let words = words.into_iter().filter_map(|(name, word)| Some((name, word?.into())));
    // What the broker's own options say comes before ours.
    for (name, value) in words.chain(prices(word, request)) {
        order.entry(name).or_insert(value);
    }
    Ok(order)
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

/// The exits of an order: as its entry is, but for what makes them exits.
fn exits(request: &OrderRequest, entry: &Values) -> Result<Vec<Values>, String> {
    let spelled = request.exits()?.into_iter().map(|exit| {
        let suffix = if exit.is_profit { "tp" } else { "sl" };
        let reference = format!("{}.{suffix}", Tws::reference(&request.order_id));
        let is_oco = request.order_class == OrderClass::Oco;
        let mut order = entry.clone();
        order.retain(|name, _| !["lmtPrice", "auxPrice", "trailStopPrice"].contains(name));
        order.insert("orderRef", reference.into());
        order.extend(SIDES.word(exit.side).map(|word| ("action", word.into())));
        order.extend(TYPES.word((exit.order_type, None)).map(|word| ("orderType", word.into())));
        order.extend((!is_oco).then(|| ("tif", "GTC".into())));
        order.extend(exit.limit_price.map(|price| ("lmtPrice", number(price))));
        order.extend(exit.stop_price.map(|price| ("auxPrice", number(price))));
        order
    });
    Ok(spelled.collect())
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
    // Other times are part of what an order is, and TWS refuses to change them.
    let is_free = |time: &TimeInForce| matches!(time, TimeInForce::Day | TimeInForce::Gtc);
    let time_in_force = request.time_in_force.filter(is_free).and_then(|time| TIMES.word(time));
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

/// A number as TWS reads it.
pub fn number(number: Decimal) -> Text {
    number.normalize().to_string().into()
}
