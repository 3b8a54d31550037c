//! Instruments.

use component::OrBad;
use model::{AssetClass, Decimal, Head, Instrument, Text, Timestamp, money, quantity};
use session::Fields;

use super::{Mapped, contents};
use crate::contract::Contract;

/// What TWS knows of a contract.
pub fn instrument(fields: &Fields<'_>, now: Timestamp) -> Mapped<Instrument> {
    let contract = Contract::of(fields);
    let filled = |name: &str| fields.value(name).map(Text::from);
    let minimum = fields.decimal("minSize", quantity)?;
    let sec_type = contract.text("secType");
    let asset_class = match sec_type {
        "STK" => AssetClass::Equity,
        "OPT" | "FOP" => AssetClass::Option,
        "FUT" | "CONTFUT" => AssetClass::Future,
        "CASH" => AssetClass::Fx,
        "IND" => AssetClass::Index,
        "CRYPTO" => AssetClass::Crypto,
        "BOND" => AssetClass::Bond,
        _ => AssetClass::Other,
    };
    let mut found = Instrument {
        instrument: contract.identity()?,
        symbol: contract.symbol(),
        name: filled("longName"),
        venue: filled("primaryExchange").or_else(|| filled("exchange")),
        currency: filled("currency").or_bad("currency")?,
        broker_instrument_id: filled("conId"),
        is_active: true,
        is_tradable: !matches!(sec_type, "IND" | "NEWS" | "CONTFUT"),
        is_fractionable: minimum.map(|minimum| minimum < Decimal::ONE),
        price_increment: fields.decimal("minTick", money)?,
        quantity_increment: fields.decimal("sizeIncrement", quantity)?,
        minimum_quantity: minimum,
        multiplier: fields.decimal("multiplier", quantity)?,
        ..Instrument::blank(Head::default(), asset_class)
    };
    found.head = Head::new(contents("instruments", &found), now);
    Ok(found)
}
