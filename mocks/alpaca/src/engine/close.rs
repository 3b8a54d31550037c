use rust_decimal::Decimal;

use super::order::{AssetIndex, Side};
use super::{Book, NewOrder};
use crate::refusal::{Refusal, Result};

/// How much of a position to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    Whole,
    Quantity(Decimal),
    Percentage(Decimal),
}

impl Book {
    /// The market order that closes a position, or part of it.
    pub fn closing_order(&self, asset: AssetIndex, portion: Portion) -> Result<NewOrder> {
        let held = self.quantity(asset);
        if held.is_zero() {
            return Err(Refusal::no_position());
        }
        let quantity = match portion {
            Portion::Whole => held.abs(),
            Portion::Quantity(quantity) => quantity,
            Portion::Percentage(percentage) => {
                (held.abs() * percentage / Decimal::ONE_HUNDRED).trunc_with_scale(9)
            }
        };
        let side = if held.is_sign_negative() { Side::Buy } else { Side::Sell };
        Ok(NewOrder::market(asset, side, quantity.normalize()))
    }
}
