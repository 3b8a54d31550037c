//! Whether the terms of an order are complete and fit together.

use model::{Decimal, InstrumentId, OrderClass, OrderRequest, OrderType, Side};

/// Longest order id; brokers take at least as much.
const MAX_ORDER_ID: usize = 64;

/// Legs of one order; no broker takes more.
const MAX_LEGS: usize = 8;

/// Options that only one broker knows; the longest list among them has about ten.
const MAX_OPTIONS: usize = 32;

/// Longest name of an instrument; options have about twenty letters.
const MAX_INSTRUMENT: usize = 64;

/// What is wrong, in words.
type Problem = String;

/// Whether an order id is one that every broker can carry unchanged.
pub(crate) fn is_order_id(id: &str) -> bool {
    (1..=MAX_ORDER_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The terms of an order as they would be sent.
pub(crate) fn check(terms: &OrderRequest) -> Result<(), Problem> {
    check_numbers(terms)?;
    check_size(terms)?;
    if terms.time_in_force.is_none() {
        return Err("time_in_force is missing".into());
    }
    if terms.broker_options.len() > MAX_OPTIONS {
        return Err(format!(
            "{} broker options, at most {MAX_OPTIONS}",
            terms.broker_options.len()
        ));
    }
    match terms.order_class {
        OrderClass::Mleg => check_legs(terms)?,
        OrderClass::Simple | OrderClass::Bracket | OrderClass::Oco | OrderClass::Oto => {
            let instrument = terms.instrument.as_ref().ok_or("instrument is missing")?;
            check_name(instrument)?;
            if terms.side.is_none() {
                return Err("side is missing".into());
            }
            refuse("legs", !terms.legs.is_empty(), "without order_class mleg")?;
        }
    }
    check_prices(terms)?;
    check_exits(terms)
}

/// A replacement must ask for something, and only for what can be replaced.
pub(crate) fn check_replacement(
    request: &OrderRequest,
    order: &OrderRequest,
) -> Result<(), Problem> {
    let changes_nothing = request.quantity.is_none()
        && request.limit_price.is_none()
        && request.stop_price.is_none()
        && request.trail_amount.is_none()
        && request.trail_percent.is_none()
        && request.time_in_force.is_none();
    if changes_nothing {
        return Err("the replacement changes nothing".into());
    }
    let differs = |name: &str, differs: bool| refuse(name, differs, "cannot be replaced");
    differs("instrument", request.instrument.is_some() && request.instrument != order.instrument)?;
    differs("side", request.side.is_some() && request.side != order.side)?;
    differs("order_type", request.order_type.is_some() && request.order_type != order.order_type)?;
    differs("notional", request.notional.is_some() && request.notional != order.notional)?;
    differs("legs", !request.legs.is_empty() && request.legs != order.legs)
}

/// The terms of an order after a replacement.
pub(crate) fn replaced(order: &OrderRequest, request: &OrderRequest) -> OrderRequest {
    let mut terms = order.clone();
    terms.quantity = request.quantity.or(order.quantity);
    terms.limit_price = request.limit_price.or(order.limit_price);
    terms.stop_price = request.stop_price.or(order.stop_price);
    terms.time_in_force = request.time_in_force.or(order.time_in_force);
    if request.trail_amount.is_some() || request.trail_percent.is_some() {
        terms.trail_amount = request.trail_amount;
        terms.trail_percent = request.trail_percent;
    }
    terms
}

fn refuse(name: &str, is_wrong: bool, why: &str) -> Result<(), Problem> {
    if is_wrong { Err(format!("{name} {why}")) } else { Ok(()) }
}

fn need(name: &str, value: Option<Decimal>, what: &str) -> Result<Decimal, Problem> {
    value.ok_or_else(|| format!("{name} is missing for {what}"))
}

fn check_name(instrument: &InstrumentId) -> Result<(), Problem> {
    let length = instrument.as_str().len();
    if (1..=MAX_INSTRUMENT).contains(&length) {
        return Ok(());
    }
    Err(format!("instrument has {length} characters, needs 1 to {MAX_INSTRUMENT}"))
}

fn check_numbers(terms: &OrderRequest) -> Result<(), Problem> {
    // The price of a spread may be a credit.
    let is_spread = terms.order_class == OrderClass::Mleg;
    let numbers = [
        ("quantity", terms.quantity),
        ("notional", terms.notional),
        ("limit_price", terms.limit_price.filter(|_| !is_spread)),
        ("stop_price", terms.stop_price),
        ("trail_amount", terms.trail_amount),
        ("trail_percent", terms.trail_percent),
        ("take_profit_price", terms.take_profit_price),
        ("stop_loss_price", terms.stop_loss_price),
        ("stop_loss_limit_price", terms.stop_loss_limit_price),
    ];
    for (name, number) in numbers {
        if let Some(number) = number.filter(|number| *number <= Decimal::ZERO) {
            return Err(format!("{name} is {number}, which is not above zero"));
        }
    }
    match terms.trail_percent {
        Some(percent) if percent >= Decimal::ONE_HUNDRED => {
            Err(format!("trail_percent is {percent}, which is not below 100"))
        }
        _ => Ok(()),
    }
}

fn check_size(terms: &OrderRequest) -> Result<(), Problem> {
    match (terms.quantity, terms.notional) {
        (None, None) => Err("quantity or notional is missing".into()),
        (Some(_), Some(_)) => Err("quantity and notional exclude each other".into()),
        _ => Ok(()),
    }
}

fn check_prices(terms: &OrderRequest) -> Result<(), Problem> {
    let order_type = terms.order_type.ok_or("order_type is missing")?;
    let what = format!("a {order_type} order");
    let (limit, stop, trail) = match order_type {
        OrderType::Market => (false, false, false),
        OrderType::Limit => (true, false, false),
        OrderType::Stop => (false, true, false),
        OrderType::StopLimit => (true, true, false),
        OrderType::TrailingStop => (false, false, true),
    };
    let is_pair = terms.order_class == OrderClass::Oco; // its prices are those of its exits
    if limit && !is_pair {
        need("limit_price", terms.limit_price, &what)?;
    }
    if stop {
        need("stop_price", terms.stop_price, &what)?;
    }
    let does_not_fit = format!("does not fit {what}");
    refuse("limit_price", !limit && terms.limit_price.is_some(), &does_not_fit)?;
    refuse("stop_price", !stop && terms.stop_price.is_some(), &does_not_fit)?;
    refuse("trail_amount", !trail && terms.trail_amount.is_some(), &does_not_fit)?;
    refuse("trail_percent", !trail && terms.trail_percent.is_some(), &does_not_fit)?;
    if trail && terms.trail_amount.is_some() == terms.trail_percent.is_some() {
        return Err(format!("{what} needs either trail_amount or trail_percent"));
    }
    Ok(())
}

fn check_exits(terms: &OrderRequest) -> Result<(), Problem> {
    let (profit, loss) = (terms.take_profit_price, terms.stop_loss_price);
    let class = terms.order_class;
    let what = format!("order_class {class}");
    if terms.stop_loss_limit_price.is_some() {
        need("stop_loss_price", loss, "stop_loss_limit_price")?;
    }
    match class {
        OrderClass::Simple | OrderClass::Mleg => {
            refuse("take_profit_price", profit.is_some(), &format!("does not fit {what}"))?;
            return refuse("stop_loss_price", loss.is_some(), &format!("does not fit {what}"));
        }
        OrderClass::Oto if profit.is_some() == loss.is_some() => {
            return Err(format!("{what} needs either take_profit_price or stop_loss_price"));
        }
        OrderClass::Oto => {}
        OrderClass::Bracket | OrderClass::Oco => {
            need("take_profit_price", profit, &what)?;
            need("stop_loss_price", loss, &what)?;
        }
    }
    if class == OrderClass::Oco && terms.order_type != Some(OrderType::Limit) {
        return Err(format!("{what} needs order_type limit"));
    }
    // A bracket's exits sell what its entry buys; an oco consists of the exits alone.
    let sells_out = (terms.side == Some(Side::Buy)) != (class == OrderClass::Oco);
    let entry = terms.limit_price.filter(|_| class != OrderClass::Oco);
    let ladder: Vec<Decimal> = [loss, entry, profit].into_iter().flatten().collect();
    let is_in_order =
        ladder.windows(2).all(|pair| if sells_out { pair[0] < pair[1] } else { pair[0] > pair[1] });
    if is_in_order {
        return Ok(());
    }
    let (above, below) = if sells_out {
        ("take_profit_price", "stop_loss_price")
    } else {
        ("stop_loss_price", "take_profit_price")
    };
    Err(format!("{above} must lie above the entry and {below} below it"))
}

fn check_legs(terms: &OrderRequest) -> Result<(), Problem> {
    let count = terms.legs.len();
    if !(2..=MAX_LEGS).contains(&count) {
        return Err(format!("order_class mleg has {count} legs, it needs 2 to {MAX_LEGS}"));
    }
    if terms.quantity.is_none() {
        return Err("quantity is missing for order_class mleg".into());
    }
    refuse("instrument", terms.instrument.is_some(), "belongs to the legs of order_class mleg")?;
    refuse("side", terms.side.is_some(), "belongs to the legs of order_class mleg")?;
    if !matches!(terms.order_type, Some(OrderType::Market | OrderType::Limit)) {
        return Err("order_class mleg needs order_type market or limit".into());
    }
    for leg in &terms.legs {
        if leg.ratio_quantity <= Decimal::ZERO {
            return Err(format!("ratio_quantity of {} is not above zero", leg.instrument));
        }
        check_name(&leg.instrument)?;
    }
    Ok(())
}
