use rust_decimal::Decimal;

use super::order::{Intent, Order};
use super::{Book, Scene};

/// Half of a position's worth is to be paid in cash.
const INITIAL_MARGIN: Decimal = Decimal::from_parts(5, 0, 0, false, 1);
/// What must stay.
const MAINTENANCE_MARGIN: Decimal = Decimal::from_parts(3, 0, 0, false, 1);

/// What an account is worth, in dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valuation {
    pub long_market_value: Decimal,
    /// Not positive.
    pub short_market_value: Decimal,
    pub equity: Decimal,
    pub initial_margin: Decimal,
    pub maintenance_margin: Decimal,
    pub buying_power: Decimal,
    pub regt_buying_power: Decimal,
    pub daytrading_buying_power: Decimal,
    pub non_marginable_buying_power: Decimal,
    pub options_buying_power: Decimal,
}

impl Book {
    pub fn valuation(&self, scene: &Scene<'_>) -> Valuation {
        let (mut long, mut short) = (Decimal::ZERO, Decimal::ZERO);
        for (asset, position) in &self.positions {
            let price = scene.price(*asset).unwrap_or_else(|| position.average_price());
            let worth = position.quantity * price;
            if worth.is_sign_negative() { short += worth } else { long += worth }
        }
        let equity = self.cash + long + short;
        let exposure = long - short;
        let initial_margin = exposure * INITIAL_MARGIN;
        let maintenance_margin = exposure * MAINTENANCE_MARGIN;
        let reserved = self.reserved();
        let floor = |power: Decimal| (power - reserved).max(Decimal::ZERO).normalize();
        let regt = floor((equity - initial_margin) * Decimal::TWO);
        let daytrading = floor((equity - maintenance_margin) * Decimal::from(4));
        let cash = floor(self.cash);
        let granted = self.configuration.max_margin_multiplier.parse().unwrap_or(4);
        let buying_power = match self.terms.multiplier.min(granted) {
            0 | 1 => cash,
            2 | 3 => regt,
            _ => daytrading,
        };
        Valuation {
            long_market_value: long,
            short_market_value: short,
            equity,
            initial_margin,
            maintenance_margin,
            buying_power,
            regt_buying_power: regt,
            daytrading_buying_power: daytrading,
            non_marginable_buying_power: cash,
            options_buying_power: floor(equity - initial_margin),
        }
    }

    /// Money spoken for by open orders.
    fn reserved(&self) -> Decimal {
        let opens = |order: &&Order| {
            matches!(order.intent, Intent::BuyToOpen | Intent::SellToOpen) && order.parent.is_none()
        };
        let open = self.open.values().flatten().map(|index| &self.orders[*index]);
        open.filter(opens).map(Order::reserved_money).sum()
    }
}
