//! What an order would cost and what it would sell.

use model::{Decimal, InstrumentId, OrderClass, OrderRequest, OrderType, Side};

use crate::known::Known;
use crate::state::{OpenOrder, State};

/// Price of one unit: the order's own where it names one, else the last price.
pub(crate) fn unit_price(terms: &OrderRequest, last: Option<Decimal>) -> Option<Decimal> {
    let own = match terms.order_type? {
        OrderType::Limit | OrderType::StopLimit => terms.limit_price.or(terms.take_profit_price),
        OrderType::Stop => terms.stop_price,
        OrderType::Market | OrderType::TrailingStop => None,
    };
    own.map(|price| price.abs()).or(last)
}

/// Money of a quantity of the order; `None` when it cannot be told, or is too large to be told.
pub(crate) fn value(
    terms: &OrderRequest,
    quantity: Option<Decimal>,
    unit_price: Option<Decimal>,
) -> Option<Decimal> {
    terms.notional.or_else(|| quantity?.checked_mul(unit_price?))
}

/// Units of every instrument that the order trades; a quantity that is not named is unknown.
pub(crate) fn units(terms: &OrderRequest) -> Vec<(&InstrumentId, Side, Option<Decimal>)> {
    if terms.order_class == OrderClass::Mleg {
        let units = |ratio| terms.quantity.and_then(|quantity| quantity.checked_mul(ratio));
        let legs = terms.legs.iter();
        return legs.map(|leg| (&leg.instrument, leg.side, units(leg.ratio_quantity))).collect();
    }
    let single = terms.instrument.as_ref().zip(terms.side);
    single.map(|(instrument, side)| (instrument, side, terms.quantity)).into_iter().collect()
}

/// Money of all working orders but one, by what is still unfilled of them.
pub(crate) fn open_value(state: &State, known: &Known, but: &str) -> Option<Decimal> {
    let mut sum = Decimal::ZERO;
    for (order_id, order) in state.open.iter().filter(|(order_id, _)| *order_id != but) {
        sum = sum.checked_add(open_order_value(order_id, order, known)?)?;
    }
    Some(sum)
}

fn open_order_value(order_id: &str, order: &OpenOrder, known: &Known) -> Option<Decimal> {
    let rest = order.terms.quantity.map(|quantity| rest(quantity, known.filled(order_id)));
    value(&order.terms, rest, order.unit_price)
}

/// Units of an instrument that working orders, but for one, still sell.
pub(crate) fn open_sales(
    state: &State,
    known: &Known,
    but: &str,
    instrument: &InstrumentId,
) -> Option<Decimal> {
    let mut sum = Decimal::ZERO;
    for (order_id, order) in state.open.iter().filter(|(order_id, _)| *order_id != but) {
        let filled = known.filled(order_id);
        for (other, side, quantity) in units(&order.terms) {
            if other == instrument && side == Side::Sell {
                let quantity =
                    quantity.or_else(|| order.terms.notional?.checked_div(order.unit_price?));
                sum = sum.checked_add(rest(quantity?, filled))?;
            }
        }
    }
    Some(sum)
}

fn rest(quantity: Decimal, filled: Decimal) -> Decimal {
    quantity.checked_sub(filled).unwrap_or(quantity).max(Decimal::ZERO)
}
