//! What an order must be before it is taken in.

use rust_decimal::Decimal;

use super::order::{Kind, Side, Terms, Tif, Trail};
use super::scene::{Phase, Scene};
use crate::instruments::{Index, Source};
use crate::numbers;
use crate::refusal::Refusal;
use crate::{times, wire};

type Result<T> = std::result::Result<T, Refusal>;

/// Reads an order's terms.
pub fn terms(order: &wire::Order, instrument: Index, scene: &Scene<'_>) -> Result<Terms> {
    let side = match order.action.as_deref() {
        Some("BUY" | "SLONG") => Side::Buy,
        Some("SELL" | "SSHORT") => Side::Sell,
        _ => return Err(Refusal::invalid("The order action is missing or incorrect.")),
    };
    let name = order.order_type.as_deref().unwrap_or_default();
    let kind = Kind::parse(name).ok_or_else(|| {
        Refusal::new(387, "Unsupported order type for this exchange and security type.")
    })?;
    let tif = Tif::parse(order.tif.as_deref().unwrap_or_default())
        .ok_or_else(|| Refusal::invalid("Invalid time in force."))?;
    let limit = price(order.lmt_price)?.filter(|_| kind != Kind::Market);
    let aux = price(order.aux_price)?;
    let terms = Terms {
        side,
        kind,
        tif,
        quantity: quantity(order, instrument, scene)?,
        limit: limit.filter(|price| kind.needs_limit() || !price.is_zero()),
        trigger: if kind.trails() { price(order.trail_stop_price)? } else { aux },
        trail: trail(order, kind, aux)?,
        limit_offset: limit_offset(order, kind)?,
        outside_hours: order.outside_rth.unwrap_or(false),
        starts: moment(&order.good_after_time)?,
        ends: moment(&order.good_till_date)?,
    };
    complete(&terms)?;
    fits_tif(&terms, scene)?;
    fits_tick(&terms, instrument, scene)?;
    tradable(instrument, scene)?;
    Ok(terms)
}

fn price(value: Option<f64>) -> Result<Option<Decimal>> {
    let Some(value) = value else { return Ok(None) };
    let out_of_range = || {
        Refusal::new(
            109,
            "Price is out of the range defined by the Percentage setting at order \
                              defaults frame. The order will not be transmitted.",
        )
    };
    numbers::decimal(value).map(Some).ok_or_else(out_of_range)
}

fn quantity(order: &wire::Order, instrument: Index, scene: &Scene<'_>) -> Result<Decimal> {
    let step = scene.instrument(instrument).size_step;
    let text = order.total_quantity.as_deref().unwrap_or("0");
    let quantity = numbers::quantity(text)
        .ok_or_else(|| Refusal::invalid("The order size is missing or incorrect."))?;
    if quantity.is_zero()
        && let Some(cash) = order.cash_qty.and_then(numbers::decimal)
    {
        let price = scene.price(instrument).filter(|price| !price.is_zero());
        let bought = price.map_or(Decimal::ZERO, |price| (cash / price / step).trunc() * step);
        if bought > Decimal::ZERO {
            return Ok(bought.normalize());
        }
    }
    if quantity <= Decimal::ZERO {
        return Err(Refusal::new(434, "The order size cannot be zero."));
    }
    if !(quantity % step).is_zero() {
        return Err(Refusal::new(
            10243,
            "Fractional-sized order cannot be placed via API. Please use desktop version of TWS to \
             place this order.",
        ));
    }
    Ok(quantity)
}

fn trail(order: &wire::Order, kind: Kind, aux: Option<Decimal>) -> Result<Option<Trail>> {
    if !kind.trails() {
        return Ok(None);
    }
    let percent = price(order.trailing_percent)?.filter(|percent| *percent > Decimal::ZERO);
    let amount = aux.filter(|amount| *amount > Decimal::ZERO);
    Ok(percent.map(Trail::Percent).or(amount.map(Trail::Amount)))
}

fn limit_offset(order: &wire::Order, kind: Kind) -> Result<Decimal> {
    if kind != Kind::TrailLimit {
        return Ok(Decimal::ZERO);
    }
    if let Some(offset) = price(order.lmt_price_offset)? {
        return Ok(offset.abs());
    }
    let (limit, stop) = (price(order.lmt_price)?, price(order.trail_stop_price)?);
    Ok(limit.zip(stop).map_or(Decimal::ZERO, |(limit, stop)| (limit - stop).abs()))
}

fn moment(text: &Option<String>) -> Result<Option<i64>> {
    let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
    let moment = times::parse(text);
    moment.map(Some).ok_or_else(|| Refusal::invalid(&format!("Invalid date or time: {text}.")))
}

fn complete(terms: &Terms) -> Result<()> {
    let positive = |price: Option<Decimal>| price.is_some_and(|price| price > Decimal::ZERO);
    let incomplete = (terms.kind.needs_limit() && terms.limit.is_none())
        || (terms.kind.needs_trigger() && !positive(terms.trigger))
        || (terms.kind.trails() && terms.trail.is_none())
        || (terms.tif == Tif::GoodTillDate && terms.ends.is_none());
    if incomplete {
        return Err(Refusal::new(107, "Cannot transmit incomplete order."));
    }
    Ok(())
}

fn fits_tif(terms: &Terms, scene: &Scene<'_>) -> Result<()> {
    if terms.kind.is_for_close() && terms.tif != Tif::Day {
        return Err(Refusal::new(
            113,
            "The Tif option should be set to DAY for MOC and LOC orders.",
        ));
    }
    let plain = matches!(terms.kind, Kind::Market | Kind::Limit);
    let at_once = matches!(terms.tif, Tif::ImmediateOrCancel | Tif::FillOrKill);
    let past = terms.ends.is_some_and(|ends| ends <= scene.now);
    if (terms.tif == Tif::AtOpen && !plain) || (at_once && terms.kind.waits()) || past {
        return Err(Refusal::new(111, "The TIF type and the order type are incompatible."));
    }
    Ok(())
}

fn fits_tick(terms: &Terms, instrument: Index, scene: &Scene<'_>) -> Result<()> {
    let tick = scene.instrument(instrument).min_tick;
    let prices = [terms.limit, terms.trigger.filter(|_| !terms.kind.trails())];
    if prices.into_iter().flatten().any(|price| !(price % tick).is_zero()) {
        return Err(Refusal::new(
            110,
            "The price does not conform to the minimum price variation for this contract.",
        ));
    }
    Ok(())
}

fn tradable(instrument: Index, scene: &Scene<'_>) -> Result<()> {
    let instrument = scene.instrument(instrument);
    let known = !matches!(instrument.source, Source::Nowhere) && instrument.sec_type != "IND";
    if known {
        return Ok(());
    }
    Err(Refusal::new(
        203,
        &format!(
            "The security {} is not available or allowed for this account.",
            instrument.local_symbol
        ),
    ))
}

/// Whether an order would work at this time of the day.
pub fn is_time(terms: &Terms, scene: &Scene<'_>) -> bool {
    match scene.phase {
        Phase::Core => true,
        Phase::Extended => terms.outside_hours,
        Phase::Closed => false,
    }
}
