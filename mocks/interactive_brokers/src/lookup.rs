//! Which instruments a client means.

use crate::instruments::{Index, Instrument};
use crate::wire::Contract;

/// Every instrument that the description fits, and nothing that contradicts it.
pub fn find(instruments: &[Instrument], contract: &Contract) -> Vec<Index> {
    let fits = |(_, instrument): &(Index, &Instrument)| is_meant(instrument, contract);
    let found = instruments.iter().enumerate().filter(fits).map(|(index, _)| index);
    if contract.con_id.is_none_or(|id| id == 0) && !says_enough(contract) {
        return Vec::new();
    }
    found.collect()
}

/// The one instrument that is meant, or the vendor's words for why there is none.
pub fn one(instruments: &[Instrument], contract: &Contract) -> Result<Index, String> {
    match find(instruments, contract)[..] {
        [] => Err("No security definition has been found for the request".to_owned()),
        [index] => Ok(index),
        [..] => {
            let symbol = contract.symbol.as_deref().unwrap_or_default();
            Err(format!("The contract description specified for {symbol} is ambiguous."))
        }
    }
}

fn says_enough(contract: &Contract) -> bool {
    let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    given(&contract.symbol) || given(&contract.local_symbol) || given(&contract.sec_id)
}

fn is_meant(instrument: &Instrument, contract: &Contract) -> bool {
    if let Some(id) = contract.con_id.filter(|id| *id != 0) {
        return instrument.con_id == id && trades_on(instrument, &contract.exchange);
    }
    let agrees = |given: &Option<String>, known: &str| {
        given.as_deref().is_none_or(|given| given.is_empty() || given == known)
    };
    let month = contract.last_trade_date_or_contract_month.as_deref().unwrap_or_default();
    let isin = contract.sec_id_type.as_deref() == Some("ISIN");
    let kind = match contract.sec_type.as_deref() {
        Some("CONTFUT") => instrument.sec_type == "FUT",
        Some(kind) if !kind.is_empty() => instrument.sec_type == kind,
        // Nobody means one of a thousand options by a symbol alone.
        _ => instrument.terms.is_none() || contract.local_symbol.is_some(),
    };
    let terms = instrument.terms;
    let strike = contract.strike.filter(|strike| *strike != 0.0);
    let call = match contract.right.as_deref() {
        Some("C" | "CALL") => Some(true),
        Some("P" | "PUT") => Some(false),
        _ => None,
    };
    kind && agrees(&contract.symbol, &instrument.symbol)
        && agrees(&contract.currency, instrument.currency)
        && agrees(&contract.local_symbol, &instrument.local_symbol)
        && agrees(&contract.trading_class, &instrument.trading_class)
        && (instrument.primary.is_empty() || agrees_on_primary(instrument, contract))
        && instrument.last_trade.starts_with(month)
        && (!isin || agrees(&contract.sec_id, instrument.isin))
        && contract
            .multiplier
            .is_none_or(|given| given == 0.0 || given == instrument.multiplier.unwrap_or(1.0))
        && strike.is_none_or(|strike| terms.is_some_and(|terms| terms.strike == strike))
        && call.is_none_or(|call| terms.is_some_and(|terms| terms.call == call))
        && trades_on(instrument, &contract.exchange)
}

/// One venue has two names.
fn agrees_on_primary(instrument: &Instrument, contract: &Contract) -> bool {
    let given = contract.primary_exch.as_deref().unwrap_or_default();
    given.is_empty()
        || given == instrument.primary
        || (given == "ISLAND" && instrument.primary == "NASDAQ")
}

fn trades_on(instrument: &Instrument, exchange: &Option<String>) -> bool {
    match exchange.as_deref() {
        None | Some("") => true,
        Some("ISLAND") => instrument.exchanges.contains(&"NASDAQ"),
        Some("GLOBEX") => instrument.exchanges.contains(&"CME"),
        Some(exchange) => instrument.exchanges.contains(&exchange),
    }
}
