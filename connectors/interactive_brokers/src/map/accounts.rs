//! Positions, balances and instruments.

use std::collections::{BTreeMap, BTreeSet};

use component::{Bad, OrBad};
use model::{
    AssetClass, Balance, Decimal, EventId, Head, Instrument, InstrumentId, Position, Text,
    Timestamp, money, quantity,
};

use super::{Mapped, VENDOR, contents};
use crate::contract::Contract;
use crate::wire::Fields;

/// One position; its id is that of its contents.
pub fn position(fields: &Fields<'_>, now: Timestamp) -> Mapped<Position> {
    let contract = Contract::of(fields);
    let held = fields.number("position", quantity)?;
    let (account, currency) = (fields.text("account"), contract.currency.as_str());
    // The cost of one unit includes what it is a multiple of.
    let cost = fields.decimal("avgCost", money)?.filter(|_| !held.is_zero());
    let factor = contract.factor()?;
    let mut position = Position {
        symbol: contract.symbol(),
        quantity: held,
        average_price: cost.and_then(|cost| cost.checked_div(factor)).map(model::round),
        cost_basis: cost.and_then(|cost| cost.checked_mul(held)).map(model::round),
        ..nothing(contract.identity()?, account, currency, now)
    };
    if account.is_empty() || currency.is_empty() {
        return Err(Bad::new(if account.is_empty() { "account" } else { "currency" }, "missing"));
    }
    position.head = Head::new(contents("positions", &position), now);
    Ok(position)
}

/// What a position is remembered by.
pub fn position_key(position: &Position) -> Text {
    let Position { broker_account, instrument, currency, .. } = position;
    format!("{broker_account}|{currency}|{instrument}").into()
}

/// A position that is gone, or has nothing said of it yet.
pub fn nothing(
    instrument: InstrumentId,
    account: &str,
    currency: &str,
    now: Timestamp,
) -> Position {
    Position {
        head: Head { event_time: now, ..Head::default() },
        account: Text::default(),
        system: Text::default(),
        broker_account: account.into(),
        symbol: instrument.symbol().into(),
        instrument,
        quantity: Decimal::ZERO,
        average_price: None,
        last_price: None,
        market_value: None,
        cost_basis: None,
        unrealized_profit: None,
        currency: currency.into(),
    }
}

/// What TWS has told of its accounts: values by account, key and currency.
#[derive(Clone, Debug, Default)]
pub struct Summary(BTreeMap<(Text, Text, Text), Decimal>);

/// The keys that we report.
const KEYS: [&str; 7] = [
    "BuyingPower",
    "CashBalance",
    "InitMarginReq",
    "MaintMarginReq",
    "NetLiquidation",
    "TotalCashBalance",
    "TotalCashValue",
];

impl Summary {
    /// Takes a row in; true if it is one that matters.
    pub fn take(&mut self, fields: &Fields<'_>) -> Mapped<bool> {
        let key = fields.text("key");
        // Some versions of TWS mark the keys of single currencies.
        let key = key.strip_prefix("$LEDGER-").unwrap_or(key);
        let (account, currency) = (fields.text("account"), fields.text("currency"));
        // Rows in no currency are no amounts, and those in BASE add up what others say.
        if !KEYS.contains(&key) || matches!(currency, "" | "BASE") {
            return Ok(false);
        }
        let account = Some(account).filter(|account| !account.is_empty()).or_bad("account")?;
        let value =
            fields.number("value", money).map_err(|bad| Bad { field: key.into(), ..bad })?;
        self.0.insert((account.into(), key.into(), currency.into()), value);
        Ok(true)
    }

    /// One balance for each account and currency; its id is that of its contents.
    pub fn balances(&self, now: Timestamp) -> Vec<Balance> {
        let own = self.0.keys().filter(|(_, key, _)| key.ends_with("CashBalance"));
        let totals = self.0.keys().filter(|(_, key, _)| key == "TotalCashValue");
        let named: BTreeSet<_> = own.chain(totals).map(|(account, _, c)| (account, c)).collect();
        named.into_iter().filter_map(|(account, c)| self.balance(account, c, now)).collect()
    }

    fn balance(&self, account: &Text, currency: &Text, now: Timestamp) -> Option<Balance> {
        let value =
            |key: &str| self.0.get(&(account.clone(), Text::from(key), currency.clone())).copied();
        // The total of an account is in its own currency, and includes what the others are worth.
        let cash = ["TotalCashBalance", "CashBalance", "TotalCashValue"];
        let mut balance = Balance {
            head: Head::default(),
            account: Text::default(),
            system: Text::default(),
            broker_account: account.clone(),
            currency: currency.clone(),
            cash: cash.into_iter().find_map(value)?,
            equity: value("NetLiquidation"),
            buying_power: value("BuyingPower"),
            initial_margin: value("InitMarginReq"),
            maintenance_margin: value("MaintMarginReq"),
            pending_in: None,
            pending_out: None,
            is_blocked: false,
        };
        balance.head = Head::new(contents("balances", &balance), now);
        Some(balance)
    }
}

/// What TWS knows of a contract.
pub fn instrument(fields: &Fields<'_>, now: Timestamp) -> Mapped<Instrument> {
    let contract = Contract::of(fields);
    let minimum = fields.decimal("minSize", quantity)?;
    let mut found = listed(&contract, fields.text("longName"))?;
    found.price_increment = fields.decimal("minTick", money)?;
    found.quantity_increment = fields.decimal("sizeIncrement", quantity)?;
    found.is_fractionable = minimum.map(|minimum| minimum < Decimal::ONE);
    found.minimum_quantity = minimum;
    found.multiplier = fields.decimal("multiplier", quantity)?;
    found.head = Head::new(contents("instruments", &found), now);
    Ok(found)
}

fn listed(contract: &Contract, name: &str) -> Mapped<Instrument> {
    let filled = |text: &str| Some(Text::from(text)).filter(|text| !text.is_empty());
    let venue = filled(&contract.primary_exchange).or_else(|| filled(&contract.exchange));
    if contract.currency.is_empty() {
        return Err(Bad::new("currency", "missing"));
    }
    Ok(Instrument {
        head: Head::default(),
        instrument: contract.identity()?,
        symbol: contract.symbol(),
        name: filled(name),
        asset_class: asset_class(&contract.sec_type),
        venue,
        currency: contract.currency.clone(),
        broker_instrument_id: filled(&contract.con_id),
        is_active: true,
        is_tradable: !matches!(contract.sec_type.as_str(), "IND" | "NEWS" | "CONTFUT"),
        is_shortable: None,
        is_fractionable: None,
        price_increment: None,
        quantity_increment: None,
        minimum_quantity: None,
        multiplier: None,
    })
}

fn asset_class(sec_type: &str) -> AssetClass {
    match sec_type {
        "STK" => AssetClass::Equity,
        "OPT" | "FOP" => AssetClass::Option,
        "FUT" | "CONTFUT" => AssetClass::Future,
        "CASH" => AssetClass::Fx,
        "IND" => AssetClass::Index,
        "CRYPTO" => AssetClass::Crypto,
        "BOND" => AssetClass::Bond,
        _ => AssetClass::Other,
    }
}

/// The matches of a search. Issuers of bonds are among them, which are no instruments.
pub fn samples(fields: &Fields<'_>, version: i32, now: Timestamp) -> Mapped<Vec<Instrument>> {
    let mut rest = fields.text("samples").split('\0');
    let mut next = |name: &str| rest.next().or_bad(name);
    let count: usize = next("samples")?.parse().or_bad("samples")?;
    let mut found = Vec::new();
    for _ in 0..count {
        let [con_id, symbol, sec_type, primary_exchange, currency] =
            ["conId", "symbol", "secType", "primaryExchange", "currency"].map(&mut next);
        let contract = Contract {
            con_id: con_id?.into(),
            symbol: symbol?.into(),
            sec_type: sec_type?.into(),
            primary_exchange: primary_exchange?.into(),
            currency: currency?.into(),
            ..Contract::default()
        };
        let derivatives: usize = next("derivatives")?.parse().or_bad("derivatives")?;
        for _ in 0..derivatives {
            next("derivatives")?;
        }
        let (name, _) =
            if version >= 176 { (next("description")?, next("issuerId")?) } else { ("", "") };
        if contract.con_id == "-1" {
            continue;
        }
        let mut sample = listed(&contract, name)?;
        sample.head = Head::new(EventId::of(&[VENDOR, "samples", &contract.con_id, name]), now);
        found.push(sample);
    }
    Ok(found)
}
