//! Positions and balances.

use std::collections::{BTreeMap, BTreeSet};

use component::OrBad;
use model::{Balance, Decimal, Head, InstrumentId, Position, Text, Timestamp, money, quantity};
use session::Fields;

use super::{Mapped, contents};
use crate::contract::Contract;

/// One position; its id is that of its contents.
pub fn position(fields: &Fields<'_>, now: Timestamp) -> Mapped<Position> {
    let contract = Contract::of(fields);
    let held = fields.number("position", quantity)?;
    // The cost of one unit includes what it is a multiple of.
    let cost = fields.decimal("avgCost", money)?.filter(|_| !held.is_zero());
    let factor = contract.factor()?;
    let account = fields.value("account").or_bad("account")?;
    let currency = fields.value("currency").or_bad("currency")?;
    let mut position = Position {
        symbol: contract.symbol(),
        quantity: held,
        average_price: cost.and_then(|cost| cost.checked_div(factor)).map(model::round),
        cost_basis: cost.and_then(|cost| cost.checked_mul(held)).map(model::round),
        ..nothing(contract.identity()?, account, currency, now)
    };
    let place = (account, &position.instrument, currency);
    let said = (place, held.normalize(), position.average_price);
    position.head.event_id = contents("positions", &said);
    Ok(position)
}

/// A position that is gone, or has nothing said of it yet.
pub fn nothing(
    instrument: InstrumentId,
    account: &str,
    currency: &str,
    now: Timestamp,
) -> Position {
    Position {
        broker_account: account.into(),
        symbol: instrument.symbol().into(),
        instrument,
        currency: currency.into(),
        ..Position::blank(Head { event_time: now, ..Head::default() })
    }
}

/// What TWS has told of its accounts: values by account, key and currency.
#[derive(Clone, Debug, Default)]
pub struct Summary(BTreeMap<(Text, Text, Text), Decimal>);

/// Cash, best known first. The total of an account includes what other currencies are worth.
const CASH: [&str; 3] = ["TotalCashBalance", "CashBalance", "TotalCashValue"];
const OTHERS: [&str; 4] = ["NetLiquidation", "BuyingPower", "InitMarginReq", "MaintMarginReq"];

impl Summary {
    /// Takes a row in.
    pub fn take(&mut self, fields: &Fields<'_>) -> Mapped<()> {
        let key = fields.text("key");
        // Some versions of TWS mark the keys of single currencies.
        let key = key.strip_prefix("$LEDGER-").unwrap_or(key);
        let currency = fields.text("currency");
        // Rows in no currency are no amounts, and those in BASE add up what others say.
        let is_known = CASH.contains(&key) || OTHERS.contains(&key);
        if is_known && !matches!(currency, "" | "BASE") {
            let account = fields.value("account").or_bad("account")?;
            let value = money(fields.text("value")).or_bad(key)?;
            self.0.insert((account.into(), key.into(), currency.into()), value);
        }
        Ok(())
    }

    /// One balance for each account and currency; its id is that of its contents.
    pub fn balances(&self, now: Timestamp) -> Vec<Balance> {
        let cash = self.0.keys().filter(|(_, key, _)| CASH.contains(&key.as_str()));
        let named: BTreeSet<_> = cash.map(|(account, _, currency)| (account, currency)).collect();
        named.into_iter().filter_map(|(account, c)| self.balance(account, c, now)).collect()
    }

    fn balance(&self, account: &Text, currency: &Text, now: Timestamp) -> Option<Balance> {
        let value =
            |key: &str| self.0.get(&(account.clone(), key.into(), currency.clone())).copied();
        let [equity, buying_power, initial_margin, maintenance_margin] = OTHERS.map(value);
        let mut balance = Balance {
            broker_account: account.clone(),
            currency: currency.clone(),
            cash: CASH.into_iter().find_map(value)?,
            equity,
            buying_power,
            initial_margin,
            maintenance_margin,
            ..Balance::blank(Head::default())
        };
        balance.head = Head::new(contents("balances", &balance), now);
        Some(balance)
    }
}
