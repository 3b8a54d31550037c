//! What an account holds, and what that is worth.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Desk;
use super::scene::Scene;
use crate::instruments::Index;

pub struct Account {
    pub id: String,
    pub cash: Decimal,
    pub positions: BTreeMap<Index, Position>,
    /// Earned or lost today.
    pub realized: Decimal,
    /// Worth of the account when the day began.
    pub worth_before: Decimal,
    leverage: u8,
}

/// Signed quantity, and what it cost with commissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub quantity: Decimal,
    pub cost: Decimal,
}

/// The account in money.
#[derive(Clone, Copy, Debug, Default)]
pub struct Valuation {
    pub net: Decimal,
    pub cash: Decimal,
    /// Worth of stocks and currencies.
    pub stocks: Decimal,
    /// All positions without their signs.
    pub gross: Decimal,
    pub unrealized: Decimal,
    pub realized: Decimal,
    pub daily: Decimal,
    pub leverage: Decimal,
}

impl Account {
    pub fn new(id: String, cash: Decimal, leverage: u8) -> Account {
        let positions = BTreeMap::new();
        let (realized, worth_before) = (Decimal::ZERO, cash);
        Account { id, cash, positions, realized, worth_before, leverage: leverage.max(1) }
    }

    pub fn quantity(&self, instrument: Index) -> Decimal {
        self.positions.get(&instrument).map_or(Decimal::ZERO, |position| position.quantity)
    }

    pub fn leverage(&self) -> Decimal {
        self.leverage.into()
    }
}

impl Position {
    pub fn average(&self) -> Decimal {
        if self.quantity.is_zero() {
            return Decimal::ZERO;
        }
        (self.cost / self.quantity).round_dp(8).normalize()
    }

    /// Worth at a price of one whole contract.
    pub fn worth(&self, unit: Decimal) -> Decimal {
        self.quantity * unit
    }
}

impl Valuation {
    pub fn margin(&self) -> Decimal {
        self.gross / self.leverage
    }

    /// What is left for new positions.
    pub fn available(&self) -> Decimal {
        self.net - self.margin()
    }

    pub fn buying_power(&self) -> Decimal {
        (self.available() * self.leverage).max(Decimal::ZERO)
    }

    /// Part of the worth that is not tied up.
    pub fn cushion(&self) -> Decimal {
        if self.net.is_zero() { Decimal::ZERO } else { (self.available() / self.net).round_dp(6) }
    }
}

impl Desk {
    pub fn valuation(&self, account: usize, scene: &Scene<'_>) -> Valuation {
        let account = &self.accounts[account];
        let mut value = Valuation {
            cash: account.cash,
            net: account.cash,
            realized: account.realized,
            leverage: account.leverage(),
            ..Valuation::default()
        };
        for (instrument, position) in &account.positions {
            let known = scene.instrument(*instrument);
            let unit = scene.price(*instrument).map(|price| price * known.multiple());
            let worth = position.worth(unit.unwrap_or_else(|| position.average()));
            let gain = worth - position.cost;
            value.gross += worth.abs();
            value.unrealized += gain;
            if known.sec_type == "FUT" {
                value.net += gain;
            } else {
                value.stocks += worth;
                value.net += worth;
            }
        }
        value.daily = value.net - account.worth_before;
        value
    }

    /// Earned or lost today with one instrument.
    pub fn realized(&self, account: usize, instrument: Index) -> Decimal {
        let mine = self.executions.iter().filter(|execution| {
            (execution.account, execution.instrument) == (account, instrument)
                && execution.time >= self.day_began
        });
        mine.filter_map(|execution| execution.realized).sum()
    }

    /// Starts a new day: what the accounts are worth now is what they are measured against.
    pub fn start_day(&mut self, scene: &Scene<'_>) {
        self.day_began = scene.now;
        for account in 0..self.accounts.len() {
            let net = self.valuation(account, scene).net;
            self.accounts[account].worth_before = net;
            self.accounts[account].realized = Decimal::ZERO;
        }
    }
}
