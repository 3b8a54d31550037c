//! What makes an order wrong whoever sends it, in the vendor's words.

use mockkit::time;
use rust_decimal::Decimal;

use super::order::{Class, Kind, Side, TimeInForce};
use super::place::NewOrder;
use super::scene::Scene;
use crate::assets::{Asset, AssetClass};
use crate::refusal::{Refusal, Result};

/// Decimals of a fraction of a share.
const MAX_QUANTITY_SCALE: u32 = 9;
/// Shares or dollars in one order; far more than any account has, and safe to multiply.
const MAX_AMOUNT: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
const MAX_PRICE: Decimal = Decimal::from_parts(10_000_000, 0, 0, false, 0);

pub fn check_quantity(request: &NewOrder, asset: &Asset, fractional_trading: bool) -> Result<()> {
    let amount = match (request.quantity, request.notional) {
        (None, None) => return Err(Refusal::invalid("qty or notional is required")),
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("only one of qty or notional is accepted"));
        }
        (Some(quantity), None) => quantity,
        (None, Some(notional)) if notional > Decimal::ZERO && notional < Decimal::ONE => {
            let message = "cost basis must be >= minimal amount of order 1";
            return Err(Refusal::forbidden(message));
        }
        (None, Some(notional)) => notional,
    };
    if amount <= Decimal::ZERO {
        let name = if request.notional.is_some() { "notional" } else { "qty" };
        return Err(Refusal::invalid(format!("{name} must be > 0")));
    }
    check_size(amount)?;
    if amount.normalize().scale() > MAX_QUANTITY_SCALE {
        return Err(Refusal::invalid("qty must have no more than 9 decimal places"));
    }
    let fractional = request.notional.is_some() || !amount.fract().is_zero();
    if !fractional || asset.class == AssetClass::Crypto {
        return Ok(());
    }
    if !asset.fractionable || !fractional_trading {
        let message = format!("asset \"{}\" is not fractionable", asset.symbol);
        return Err(Refusal::forbidden(message));
    }
    if request.time_in_force != TimeInForce::Day {
        return Err(Refusal::unprocessable("fractional orders must be DAY orders"));
    }
    if request.kind == Kind::TrailingStop || request.class != Class::Simple {
        return Err(Refusal::unprocessable("fractional orders must be simple orders"));
    }
    Ok(())
}

/// Whether an amount can be reckoned with at all.
pub fn check_size(amount: Decimal) -> Result<()> {
    if amount > MAX_AMOUNT {
        return Err(Refusal::invalid(format!("qty must be <= {MAX_AMOUNT}")));
    }
    Ok(())
}

pub fn check_prices(request: &NewOrder, asset: &Asset) -> Result<()> {
    let (limit, stop) = (request.limit_price, request.stop_price);
    match request.kind {
        Kind::Market if limit.is_some() || stop.is_some() => {
            return Err(Refusal::invalid("market orders require no limit or stop price"));
        }
        Kind::Limit | Kind::StopLimit if limit.is_none() && request.class != Class::Oco => {
            let kind = if request.kind == Kind::Limit { "limit" } else { "stop limit" };
            return Err(Refusal::invalid(format!("{kind} orders require limit price")));
        }
        Kind::Stop | Kind::StopLimit if stop.is_none() => {
            return Err(Refusal::invalid("stop orders require stop price"));
        }
        Kind::TrailingStop if request.trail_price.is_some() == request.trail_percent.is_some() => {
            let message = "trailing stop orders must specify one of trail_price or trail_percent";
            return Err(Refusal::invalid(message));
        }
        _ => {}
    }
    let prices = [
        ("limit_price", limit),
        ("stop_price", stop),
        ("take_profit.limit_price", request.take_profit),
        ("stop_loss.stop_price", request.stop_loss.map(|loss| loss.stop_price)),
        ("stop_loss.limit_price", request.stop_loss.and_then(|loss| loss.limit_price)),
        ("trail_price", request.trail_price),
    ];
    for (name, price) in prices {
        if let Some(price) = price {
            check_price(name, price, asset)?;
        }
    }
    match request.trail_percent {
        Some(percent) if percent <= Decimal::ZERO || percent >= Decimal::ONE_HUNDRED => {
            Err(Refusal::invalid("trail_percent must be > 0 and < 100"))
        }
        _ => Ok(()),
    }
}

/// Two decimals from a dollar up, four below.
pub fn check_price(name: &str, price: Decimal, asset: &Asset) -> Result<()> {
    if price <= Decimal::ZERO {
        return Err(Refusal::invalid(format!("{name} must be > 0")));
    }
    if price > MAX_PRICE {
        return Err(Refusal::invalid(format!("{name} must be <= {MAX_PRICE}")));
    }
    let decimals = if price >= Decimal::ONE { 2 } else { 4 };
    if asset.class == AssetClass::Equity && price.normalize().scale() > decimals {
        return Err(Refusal::unprocessable(format!(
            "invalid {name} {}. sub-penny increment does not fulfill minimum pricing criteria",
            price.normalize()
        )));
    }
    Ok(())
}

pub fn check_time_in_force(request: &NewOrder, asset: &Asset, now: i64) -> Result<()> {
    use TimeInForce::{AtClose, AtOpen, Day, GoodTillCanceled, ImmediateOrCancel};
    let time_in_force = request.time_in_force;
    if request.extended_hours
        && (request.kind != Kind::Limit || !matches!(time_in_force, Day | GoodTillCanceled))
    {
        return Err(Refusal::unprocessable("extended hours order must be DAY or GTC limit orders"));
    }
    if asset.class == AssetClass::Crypto
        && !matches!(time_in_force, GoodTillCanceled | ImmediateOrCancel)
    {
        return Err(Refusal::unprocessable("invalid crypto time_in_force"));
    }
    if !matches!(time_in_force, AtOpen | AtClose) {
        return Ok(());
    }
    if !matches!(request.kind, Kind::Market | Kind::Limit) {
        return Err(Refusal::unprocessable("opg and cls orders must be market or limit orders"));
    }
    let clock = time::new_york_time(now);
    let minute = i32::from(clock.hour()) * 60 + i32::from(clock.minute());
    let evening = 19 * 60;
    let (name, last) =
        if time_in_force == AtOpen { ("opg", 9 * 60 + 28) } else { ("cls", 15 * 60 + 50) };
    if (last..evening).contains(&minute) {
        let message = format!("{name} orders are not accepted at this time");
        return Err(Refusal::unprocessable(message));
    }
    Ok(())
}

pub fn check_class(request: &NewOrder) -> Result<()> {
    let class = request.class.as_str();
    let (profit, loss) = (request.take_profit, request.stop_loss);
    let complaint = match (request.class, profit, loss) {
        (Class::Simple, ..) => return Ok(()),
        (Class::Bracket, Some(_), Some(_)) | (Class::Oco, Some(_), Some(_)) => None,
        (Class::Oto, Some(_), None) | (Class::Oto, None, Some(_)) => None,
        (Class::Oto, ..) => Some("require one of take_profit or stop_loss"),
        (_, None, _) => Some("require take_profit.limit_price"),
        (_, _, None) => Some("require stop_loss.stop_price"),
    };
    if let Some(complaint) = complaint {
        return Err(Refusal::unprocessable(format!("{class} orders {complaint}")));
    }
    if request.class == Class::Oco && request.kind != Kind::Limit {
        return Err(Refusal::unprocessable("oco orders must be limit orders"));
    }
    if !matches!(request.time_in_force, TimeInForce::Day | TimeInForce::GoodTillCanceled) {
        return Err(Refusal::unprocessable(format!("{class} orders must be DAY or GTC orders")));
    }
    let (Some(profit), Some(loss)) = (profit, loss) else { return Ok(()) };
    // The exits of a buy sell: profit above, loss below.
    let exits = if request.class == Class::Oco { request.side } else { request.side.opposite() };
    let (relation, sound) = match exits {
        Side::Sell => (">", profit > loss.stop_price),
        Side::Buy => ("<", profit < loss.stop_price),
    };
    if sound {
        return Ok(());
    }
    let message = format!("take_profit.limit_price must be {relation} stop_loss.stop_price");
    Err(Refusal::unprocessable(message))
}

/// A stop that the market has passed already would not be a stop.
pub fn check_stop_side(request: &NewOrder, scene: &Scene<'_>) -> Result<()> {
    let (Some(stop), Some(price)) = (request.stop_price, scene.price(request.asset)) else {
        return Ok(());
    };
    match request.side {
        Side::Buy if stop <= price => Err(Refusal::stop_price("greater", price, stop)),
        Side::Sell if stop >= price => Err(Refusal::stop_price("less", price, stop)),
        _ => Ok(()),
    }
}
