//! The trading API's objects as JSON: decimals as strings, nothing as null.

use mockkit::time;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::assets::{Asset, AssetClass};
use crate::engine::{
    Activity, AssetIndex, Book, Class, FillActivity, NonTradeActivity, Order, Position, Scene,
    Update,
};
use crate::refusal::text;

/// Where an order is shown: the two spell some times differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Rest,
    Stream,
}

/// `legs` are shown as given, null if there are none.
pub fn order(order: &Order, legs: &[Order], assets: &[Asset], place: Place) -> Value {
    let asset = &assets[order.asset];
    let local = |time: i64| match place {
        Place::Rest => time::utc(time),
        Place::Stream => time::new_york(time),
    };
    let legs: Vec<Value> = legs.iter().map(|leg| self::order(leg, &[], assets, place)).collect();
    let class = if order.class == Class::Simple { "" } else { order.class.as_str() };
    let mut value = json!({
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": local(order.created_at),
        "updated_at": local(order.updated_at),
        "submitted_at": local(order.submitted_at),
        "filled_at": order.filled_at.map(time::utc),
        "expired_at": order.expired_at.map(time::utc),
        "expires_at": time::utc(order.expires_at),
        "canceled_at": order.canceled_at.map(time::utc),
        "failed_at": order.failed_at.map(time::utc),
        "replaced_at": order.replaced_at.map(time::utc),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": asset.id,
        "symbol": asset.symbol,
        "asset_class": asset.class.as_str(),
        "notional": order.notional.map(text),
        "qty": order.quantity.map(text),
        "filled_qty": text(order.filled_quantity),
        "filled_avg_price": order.average_price().map(text),
        "order_class": class,
        "order_type": order.kind.as_str(),
        "type": order.kind.as_str(),
        "side": order.side.as_str(),
        "position_intent": order.intent.as_str(),
        "time_in_force": order.time_in_force.as_str(),
        "limit_price": order.limit_price.map(text),
        "stop_price": order.stop_price.map(text),
        "status": order.status.as_str(),
        "extended_hours": order.extended_hours,
        "legs": if legs.is_empty() { Value::Null } else { Value::from(legs) },
        "trail_percent": order.trail_percent.map(text),
        "trail_price": order.trail_price.map(text),
        "hwm": order.high_water_mark.map(text),
        "subtag": null,
        "source": null,
    });
    if place == Place::Stream {
        value["cancel_requested_at"] = json!(order.cancel_requested_at.map(time::utc));
    }
    value
}

/// What the order stream says about an update.
pub fn update(update: &Update, assets: &[Asset]) -> Value {
    let mut value = json!({
        "event": update.event.as_str(),
        "execution_id": update.execution_id,
        "order": order(&update.order, &update.legs, assets, Place::Stream),
        "timestamp": time::utc(update.time),
    });
    if let Some(fill) = &update.fill {
        value["price"] = json!(text(fill.price));
        value["qty"] = json!(text(fill.quantity));
        value["position_qty"] = json!(text(fill.position_quantity));
    }
    value
}

pub fn asset(asset: &Asset) -> Value {
    let mut value = json!({
        "id": asset.id,
        "class": asset.class.as_str(),
        "exchange": asset.exchange,
        "symbol": asset.symbol,
        "name": asset.name,
        "status": "active",
        "tradable": asset.tradable,
        "marginable": asset.class == AssetClass::Equity,
        "maintenance_margin_requirement": if asset.class == AssetClass::Equity { 30 } else { 100 },
        "margin_requirement_long": if asset.class == AssetClass::Equity { "30" } else { "100" },
        "margin_requirement_short": if asset.class == AssetClass::Equity { "30" } else { "100" },
        "shortable": asset.shortable,
        "easy_to_borrow": asset.shortable,
        "fractionable": asset.fractionable,
        "attributes": [],
    });
    match asset.class {
        AssetClass::Equity => {
            value["attributes"] = json!(["fractional_eh_enabled", "has_options"]);
            let borrowing = if asset.shortable { "easy_to_borrow" } else { "not_shortable" };
            value["borrow_status"] = json!(borrowing);
            value["cusip"] = json!(asset.cusip);
        }
        AssetClass::Crypto => {
            value["min_order_size"] = json!("0.0001");
            value["min_trade_increment"] = json!("0.000000001");
            value["price_increment"] = json!("0.01");
        }
    }
    value
}

pub fn account(book: &Book, scene: &Scene<'_>) -> Value {
    let worth = book.valuation(scene);
    let today = time::new_york_date(scene.now);
    let mut value = json!({
        "id": book.terms.id,
        "account_number": book.terms.number,
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "balance_asof": mockkit::market::previous_session(today).date.to_string(),
        "created_at": time::utc(book.terms.created_at),
        "account_blocked": book.terms.blocked,
        "trading_blocked": false,
        "transfers_blocked": false,
        "trade_suspended_by_user": book.configuration.suspend_trade,
        "shorting_enabled": book.terms.shorting && !book.configuration.no_shorting,
        "pattern_day_trader": false,
        "daytrade_count": 0,
        "crypto_tier": 1,
        "options_approved_level": 2,
        "options_trading_level": book.configuration.max_options_trading_level.min(2),
        "multiplier": book.terms.multiplier.to_string(),
        "bod_dtbp": 0,
        "admin_configurations": {},
        "user_configurations": null,
    });
    let nothing = Decimal::ZERO;
    for (name, amount) in [
        ("cash", book.cash),
        ("equity", worth.equity),
        ("last_equity", book.last_equity),
        ("portfolio_value", worth.equity),
        ("buying_power", worth.buying_power),
        ("effective_buying_power", worth.buying_power),
        ("regt_buying_power", worth.regt_buying_power),
        ("daytrading_buying_power", worth.daytrading_buying_power),
        ("non_marginable_buying_power", worth.non_marginable_buying_power),
        ("options_buying_power", worth.options_buying_power),
        ("initial_margin", worth.initial_margin),
        ("maintenance_margin", worth.maintenance_margin),
        ("last_maintenance_margin", nothing),
        ("long_market_value", worth.long_market_value),
        ("short_market_value", worth.short_market_value),
        ("position_market_value", worth.long_market_value - worth.short_market_value),
        ("sma", worth.equity),
        ("accrued_fees", nothing),
        ("pending_transfer_in", nothing),
        ("pending_reg_taf_fees", nothing),
        ("intraday_adjustments", nothing),
    ] {
        value[name] = Value::from(text(amount));
    }
    value
}

pub fn configuration(book: &Book) -> Value {
    let configuration = &book.configuration;
    json!({
        "dtbp_check": configuration.dtbp_check,
        "fractional_trading": configuration.fractional_trading,
        "max_margin_multiplier": configuration.max_margin_multiplier,
        "max_options_trading_level": configuration.max_options_trading_level,
        "no_shorting": configuration.no_shorting,
        "pdt_check": configuration.pdt_check,
        "ptp_no_exception_entry": configuration.ptp_no_exception_entry,
        "disable_overnight_trading": configuration.disable_overnight_trading,
        "suspend_trade": configuration.suspend_trade,
        "trade_confirm_email": configuration.trade_confirm_email,
    })
}

pub fn position(book: &Book, index: AssetIndex, position: &Position, scene: &Scene<'_>) -> Value {
    let asset = &scene.assets[index];
    let average = position.average_price();
    let price = scene.price(index).unwrap_or(average);
    let close = scene.marks[index].previous_close.map_or(price, |close| close.decimal());
    let worth = position.quantity * price;
    let profit = worth - position.cost;
    // What was bought today has been held from its own price on, not from last night's.
    let opened_today = time::new_york_date(position.opened_at) == time::new_york_date(scene.now);
    let base = if opened_today { position.cost } else { position.quantity * close };
    let intraday = worth - base;
    let short = position.quantity.is_sign_negative();
    let values = json!({
        "avg_entry_price": text(average),
        "market_value": text(worth),
        "cost_basis": text(position.cost.round_dp(9)),
        "unrealized_pl": text(profit.round_dp(9)),
        "unrealized_plpc": text(ratio(profit, position.cost.abs())),
        "unrealized_intraday_pl": text(intraday.round_dp(9)),
        "unrealized_intraday_plpc": text(ratio(intraday, base.abs())),
        "current_price": text(price),
        "lastday_price": text(close),
        "change_today": text(ratio(price - close, close)),
    });
    let mut value = values.clone();
    value["asset_id"] = json!(asset.id);
    // Positions in crypto drop the slash that orders have.
    value["symbol"] = json!(asset.symbol.replace('/', ""));
    value["exchange"] = json!(asset.exchange);
    value["asset_class"] = json!(asset.class.as_str());
    value["asset_marginable"] = json!(asset.class == AssetClass::Equity);
    value["qty"] = json!(text(position.quantity));
    let available = book.available(index);
    value["qty_available"] = json!(text(if short { -available } else { available }));
    value["side"] = json!(if short { "short" } else { "long" });
    value["usd"] = values;
    value
}

fn ratio(part: Decimal, whole: Decimal) -> Decimal {
    if whole.is_zero() { Decimal::ZERO } else { (part / whole).round_dp(16) }
}

pub fn activity(activity: &Activity, account: Uuid, assets: &[Asset]) -> Value {
    let mut value = match activity {
        Activity::Fill(fill) => fill_activity(fill, assets),
        Activity::Other(other) => other_activity(other, assets),
    };
    value["id"] = json!(activity.id());
    value["activity_type"] = json!(activity.kind());
    value["account_id"] = json!(account);
    value
}

fn fill_activity(fill: &FillActivity, assets: &[Asset]) -> Value {
    json!({
        "cum_qty": text(fill.cumulative),
        "leaves_qty": text(fill.leaves),
        "price": text(fill.price),
        "qty": text(fill.quantity),
        "side": if fill.short { "sell_short" } else { fill.side.as_str() },
        "symbol": assets[fill.asset].symbol,
        "transaction_time": time::utc(fill.time),
        "order_id": fill.order_id,
        "order_status": fill.status.as_str(),
        "type": if fill.leaves.is_zero() { "fill" } else { "partial_fill" },
    })
}

/// Fields that mean nothing here are absent.
fn other_activity(other: &NonTradeActivity, assets: &[Asset]) -> Value {
    let mut value = json!({
        "date": time::new_york_date(other.time).to_string(),
        "net_amount": text(other.net_amount),
        "description": other.description,
        "status": "executed",
        "currency": "USD",
        "created_at": time::utc(other.time),
    });
    if let Some(asset) = other.asset {
        value["symbol"] = json!(assets[asset].symbol);
        value["cusip"] = json!(assets[asset].cusip);
    }
    for (name, number) in [
        ("qty", other.quantity),
        ("per_share_amount", other.per_share_amount),
        ("price", other.price),
    ] {
        if let Some(number) = number {
            value[name] = json!(text(number));
        }
    }
    value
}
