//! One average-cost lot and the steps that change it.

use component::Bad;
use model::Decimal;
use serde::{Deserialize, Serialize};

use crate::exact;

/// What is held of an instrument, by average cost.
///
/// The cost is carried as the total and the average derived from it, so that opening and closing
/// in parts loses nothing: realized profit before commissions is always the money received and
/// paid, plus what the rest still costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(crate) struct Lot {
    /// Units, negative when short.
    pub(crate) quantity: Decimal,
    /// What they cost, signed as the quantity.
    pub(crate) cost: Decimal,
    /// Profit of what was closed, after all commissions.
    pub(crate) realized_profit: Decimal,
}

/// A lot as it is saved: quantity, cost, realized profit. There are thousands in a state.
type Saved = (Decimal, Decimal, Decimal);

impl From<Saved> for Lot {
    fn from((quantity, cost, realized_profit): Saved) -> Self {
        Self { quantity, cost, realized_profit }
    }
}

impl From<Lot> for Saved {
    fn from(lot: Lot) -> Self {
        (lot.quantity, lot.cost, lot.realized_profit)
    }
}

/// What changes a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// Units bought (positive) or sold at a price.
    Trade { quantity: Decimal, price: Decimal, commission: Decimal },
    /// Units delivered or taken without a price, as in a split: the total cost stays.
    Units(Decimal),
    /// Withdrawn; it stays in the list so that its id is still known.
    Nothing,
}

impl Change {
    /// The money it brings (positive) or costs.
    pub(crate) fn cash(&self) -> Result<Decimal, Bad> {
        match *self {
            Self::Trade { quantity, price, commission } => {
                exact::subtract("commission", exact::money(-quantity, price)?, commission)
            }
            Self::Units(_) | Self::Nothing => Ok(Decimal::ZERO),
        }
    }
}

impl Lot {
    /// The lot after a change.
    pub(crate) fn after(self, change: &Change) -> Result<Self, Bad> {
        match *change {
            Change::Trade { quantity, price, commission } => {
                let lot = self.trade(quantity, price)?;
                let realized_profit =
                    exact::subtract("commission", lot.realized_profit, commission)?;
                Ok(Self { realized_profit, ..lot })
            }
            Change::Units(units) => {
                let quantity = exact::add("quantity", self.quantity, units)?;
                // Nothing is left that could carry the cost: it went with the units.
                let cost = if quantity.is_zero() { Decimal::ZERO } else { self.cost };
                Ok(Self { quantity, cost, ..self })
            }
            Change::Nothing => Ok(self),
        }
    }

    /// Average cost of one unit.
    pub(crate) fn average_price(&self) -> Option<Decimal> {
        self.cost.checked_div(self.quantity).map(model::round)
    }

    fn trade(self, traded: Decimal, price: Decimal) -> Result<Self, Bad> {
        let value = exact::money(traded, price)?;
        let quantity = exact::add("quantity", self.quantity, traded)?;
        let is_opening = self.quantity.is_zero()
            || self.quantity.is_sign_negative() == traded.is_sign_negative();
        if is_opening {
            let cost = exact::add("price", self.cost, value)?;
            return Ok(Self { quantity, cost, ..self });
        }
        let closes_all = traded.abs() >= self.quantity.abs();
        let (closed_value, closed_cost) = if closes_all {
            (exact::money(-self.quantity, price)?, self.cost)
        } else {
            (value, exact::share(self.cost, traded.abs(), self.quantity.abs())?)
        };
        let profit = exact::subtract("price", -closed_value, closed_cost)?;
        Ok(Self {
            quantity,
            // Crossing zero: what is traded beyond the old quantity opens the other side.
            cost: exact::add(
                "price",
                exact::subtract("price", self.cost, closed_cost)?,
                exact::subtract("price", value, closed_value)?,
            )?,
            realized_profit: exact::add("price", self.realized_profit, profit)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Trades as `quantity@price` or `quantity@price/commission`, then the lot as
    /// `quantity cost realized`.
    fn check(trades: &str, expected: &str) {
        let mut lot = Lot::default();
        for trade in trades.split_whitespace() {
            let (quantity, rest) = trade.split_once('@').unwrap();
            let (price, commission) = rest.split_once('/').unwrap_or((rest, "0"));
            let change = Change::Trade {
                quantity: quantity.parse().unwrap(),
                price: price.parse().unwrap(),
                commission: commission.parse().unwrap(),
            };
            lot = lot.after(&change).unwrap();
        }
        let Lot { quantity, cost, realized_profit } = lot;
        let [quantity, cost, realized] = [quantity, cost, realized_profit].map(|d| d.normalize());
        assert_eq!(format!("{quantity} {cost} {realized}"), expected, "{trades}");
    }

    #[test]
    fn average_cost() {
        check("100@10 100@12", "200 2200 0");
        check("100@10 100@12 -50@13", "150 1650 100");
        check("100@10 -100@11", "0 0 100");
        check("-100@10 100@9", "0 0 100");
        check("-100@10 -50@13", "-150 -1650 0");
        check("100@10 -150@11", "-50 -550 100");
        check("-100@10 150@9", "50 450 100");
        check("100@10/1 -100@11/1", "0 0 98");
    }

    #[test]
    fn a_third_of_a_cost_leaves_no_dust() {
        check("3@10 1@11 -1@12 -1@12 -2@12", "0 0 7");
        check("0.3@0.00001234 -0.1@0.00001234 -0.2@0.00001234", "0 0 0");
    }

    #[test]
    fn a_split_keeps_the_cost() {
        let lot = Lot { quantity: 100.into(), cost: 1000.into(), ..Lot::default() };
        let split = lot.after(&Change::Units(100.into())).unwrap();
        assert_eq!((split.cost, split.average_price()), (1000.into(), Some(5.into())));
        let back = split.after(&Change::Units((-100).into())).unwrap();
        assert_eq!(back, lot, "a split and its inverse change nothing");
        let gone = lot.after(&Change::Units((-100).into())).unwrap();
        assert_eq!((gone.quantity, gone.cost), (0.into(), 0.into()));
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        let lot = Lot { quantity: Decimal::MAX, ..Lot::default() };
        let small = Change::Units("0.1".parse().unwrap());
        assert_eq!(lot.after(&small).unwrap_err().field, "quantity");
    }
}
