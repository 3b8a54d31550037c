//! Our orders in the words of TWS.

use model::{ApprovedOrder, Decimal, OrderClass, OrderRequest, OrderType, Side, Text, TimeInForce};

use session::Values;

use crate::contract::Contract;
use crate::{map, wire};

/// Fields of an order that are ours alone to fill.
const OURS: [&str; 9] = [
    "account",
    "action",
    "ocaGroup",
    "orderId",
    "orderRef",
    "parentId",
    "totalQuantity",
    "transmit",
    "whatIf",
];
/// What an order must not have, should a modification not lose it.
const CANNOT_SAY_AGAIN: [&str; 2] = ["deltaNeutralOrderType", "hedgeType"];

/// The orders that a request is for, the first one first; its exits follow. `account` is where it
/// trades.
pub fn new_orders(order: &ApprovedOrder, account: &str) -> Result<Vec<Values>, String> {
    let request = &order.request;
    let entry = single(request, account)?;
    let exits = exits(request, &entry)?;
    if request.order_class == OrderClass::Oco {
        let mut group: Vec<Values> = exits;
        for (number, exit) in group.iter_mut().enumerate() {
            if number == 0 {
                exit.insert("orderRef", map::reference(&request.order_id));
            }
            exit.insert("ocaGroup", map::reference(&request.order_id));
            exit.insert("ocaType", "1".into());
        }
        return Ok(group);
    }
    let mut orders = vec![entry];
    orders.extend(exits);
    // TWS holds them back until the last one has come.
    let last = orders.len() - 1;
    for order in &mut orders[..last] {
        order.insert("transmit", "0".into());
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
        let field = wire::order_field(name).filter(|field| !OURS.contains(field));
        let is_list = name == "algoParams";
        match field {
            Some(field) => drop(order.insert(field, value.as_str().into())),
            None if is_list => drop(order.insert("algoParams", list(value)?)),
            None => return Err(format!("TWS has no option {name:?}")),
        }
    }
    order.extend(contract.0);
    let side = request.side.ok_or("the order has no side")?;
    order.insert("action", action(side).into());
    order.insert("account", account.into());
    order.insert("orderRef", map::reference(&request.order_id));
    match (request.quantity, request.notional) {
        (Some(quantity), _) => drop(order.insert("totalQuantity", text(quantity))),
        (None, Some(money)) => {
            order.insert("totalQuantity", "0".into());
            order.insert("cashQty", text(money));
        }
        (None, None) => return Err("the order has neither a quantity nor an amount".to_owned()),
    }
    priced(request, &mut order)?;
    if request.extended_hours {
        order.insert("outsideRth", "1".into());
    }
    Ok(order)
}

/// Type, prices and time in force. What the broker's own options say comes before ours.
fn priced(request: &OrderRequest, order: &mut Values) -> Result<(), String> {
    let is_at_close = request.time_in_force == Some(TimeInForce::Cls);
    let kind = request.order_type.ok_or("the order has no type")?;
    let word = match (kind, is_at_close) {
        (OrderType::Market, true) => "MOC",
        (OrderType::Limit, true) => "LOC",
        (_, true) => return Err(format!("TWS has no {kind} order at the close")),
        (OrderType::Market, false) => "MKT",
        (OrderType::Limit, false) => "LMT",
        (OrderType::Stop, false) => "STP",
        (OrderType::StopLimit, false) => "STP LMT",
        (OrderType::TrailingStop, false) => "TRAIL",
    };
    let time_in_force = match request.time_in_force.ok_or("the order has no time in force")? {
        TimeInForce::Day | TimeInForce::Cls => "DAY",
        TimeInForce::Gtc => "GTC",
        TimeInForce::Opg => "OPG",
        TimeInForce::Ioc => "IOC",
        TimeInForce::Fok => "FOK",
    };
    let mut put = |name: &'static str, value: Option<Text>| {
        if let Some(value) = value {
            order.entry(name).or_insert(value);
        }
    };
    put("orderType", Some(word.into()));
    put("tif", Some(time_in_force.into()));
    put("lmtPrice", request.limit_price.map(text));
    if kind == OrderType::TrailingStop {
        put("auxPrice", request.trail_amount.map(text));
        put("trailingPercent", request.trail_percent.map(text));
        put("trailStopPrice", request.stop_price.map(text));
    } else {
        put("auxPrice", request.stop_price.map(text));
    }
    Ok(())
}

/// The exits of an order: one that takes a profit, one that limits a loss.
fn exits(request: &OrderRequest, entry: &Values) -> Result<Vec<Values>, String> {
    let is_oco = request.order_class == OrderClass::Oco;
    let profit = request.take_profit_price.or(request.limit_price.filter(|_| is_oco));
    let loss = request.stop_loss_price;
    let wanted = match (request.order_class, profit.is_some(), loss.is_some()) {
        (OrderClass::Simple, false, false) => return Ok(Vec::new()),
        (OrderClass::Bracket | OrderClass::Oco, true, true) => true,
        (OrderClass::Oto, _, _) => profit.is_some() != loss.is_some(),
        (OrderClass::Mleg, _, _) => {
            return Err("orders with several legs are not offered".to_owned());
        }
        _ => false,
    };
    if !wanted {
        return Err(format!("the exits do not fit an order of class {}", request.order_class));
    }
    let side = request.side.ok_or("the order has no side")?;
    let opposite = if side == Side::Buy { Side::Sell } else { Side::Buy };
    let exit = |suffix: &str, kind: &str, prices: [(&'static str, Option<Decimal>); 2]| {
        let keep = |name: &str| !["lmtPrice", "auxPrice", "trailStopPrice", "tif"].contains(&name);
        let mut exit: Values =
            entry.iter().filter(|(name, _)| keep(name)).map(|(n, v)| (*n, v.clone())).collect();
        exit.insert("action", action(if is_oco { side } else { opposite }).into());
        exit.insert("orderType", kind.into());
        exit.insert("tif", entry.get("tif").filter(|_| is_oco).map_or("GTC".into(), Clone::clone));
        exit.insert("orderRef", format!("{}.{suffix}", map::reference(&request.order_id)).into());
        let prices = prices.into_iter().filter_map(|(name, price)| Some((name, text(price?))));
        exit.extend(prices);
        exit
    };
    let profit = profit.map(|_| exit("tp", "LMT", [("lmtPrice", profit), ("auxPrice", None)]));
    let limit = request.stop_loss_limit_price;
    let kind = if limit.is_some() { "STP LMT" } else { "STP" };
    let loss = loss.map(|_| exit("sl", kind, [("auxPrice", loss), ("lmtPrice", limit)]));
    Ok(profit.into_iter().chain(loss).collect())
}

/// An open order with what a request changes of it.
pub fn modified(open: &Values, request: &OrderRequest) -> Result<Values, String> {
    for name in CANNOT_SAY_AGAIN {
        if open.contains_key(name) {
            return Err(format!("the order has {name}, which a modification would lose"));
        }
    }
    if open.get("secType").is_some_and(|kind| kind == "BAG") {
        return Err("orders with several legs are not offered".to_owned());
    }
    let mut order = open.clone();
    order.extend(changes(open, request));
    order.insert("transmit", "1".into());
    Ok(order)
}

/// The fields that a request changes.
pub fn changes(open: &Values, request: &OrderRequest) -> Vec<(&'static str, Text)> {
    let is_trail = open.get("orderType").is_some_and(|kind| kind.starts_with("TRAIL"));
    let stop = if is_trail { "trailStopPrice" } else { "auxPrice" };
    let time_in_force = match request.time_in_force {
        Some(TimeInForce::Day) => Some("DAY"),
        Some(TimeInForce::Gtc) => Some("GTC"),
        // Others are part of what an order is, and TWS refuses to change them.
        _ => None,
    };
    let said = [
        ("totalQuantity", request.quantity.map(text)),
        ("lmtPrice", request.limit_price.map(text)),
        (stop, request.stop_price.map(text)),
        ("auxPrice", request.trail_amount.map(text)),
        ("trailingPercent", request.trail_percent.map(text)),
        ("tif", time_in_force.map(Text::from)),
    ];
    said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Whether an order says all this by now.
pub fn says(order: &Values, changes: &[(&'static str, Text)]) -> bool {
    changes.iter().all(|(name, wanted)| {
        let number = |text: &str| model::money(text).ok();
        match order.get(name) {
            Some(found) if number(wanted).is_some() => number(found) == number(wanted),
            Some(found) => found == wanted,
            None => false,
        }
    })
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

fn text(number: Decimal) -> Text {
    number.normalize().to_string().into()
}
