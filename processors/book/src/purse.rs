//! Cash of one currency.

use component::Bad;
use model::{Decimal, Head, PortfolioCash, Text};
use serde::{Deserialize, Serialize};

use crate::exact;

/// Cash of one currency: always the opening plus every movement, to the last digit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Purse {
    cash: Decimal,
    opening: Decimal,
    movement_count: i64,
    /// Whether the opening was set, by the settings or by the broker.
    pub(crate) is_opened: bool,
}

impl Purse {
    /// Sets the opening so that the cash is now this.
    pub(crate) fn adopt(&mut self, cash: Decimal) -> Result<(), Bad> {
        let moved = exact::subtract("cash", self.cash, self.opening)?;
        self.opening = exact::subtract("cash", cash, moved)?;
        self.cash = cash;
        self.is_opened = true;
        Ok(())
    }

    /// Books a movement.
    pub(crate) fn book(&mut self, amount: Decimal) -> Result<(), Bad> {
        self.cash = exact::add("cash", self.cash, amount)?;
        self.movement_count += 1;
        Ok(())
    }

    pub(crate) fn publish(&self, head: Head, account: &Text, currency: &Text) -> PortfolioCash {
        PortfolioCash {
            head,
            account: account.clone(),
            currency: currency.clone(),
            cash: self.cash,
            opening: self.opening,
            movement_count: self.movement_count,
        }
    }
}
