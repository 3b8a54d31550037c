//! Options, as far as they can be asked for: the chains, and what a model makes of one.

use std::collections::BTreeSet;

use super::{Ask, Result};
use crate::live::computation;
use crate::options::Terms;
use crate::refusal::Refusal;
use crate::wire::*;
use crate::{numbers, options, times};

/// Tick type of an answer to a calculation.
const CUSTOM: i32 = 53;

pub fn parameters(ask: &Ask<'_>, request: &SecDefOptParamsRequest) -> Result {
    let id = request.underlying_con_id.unwrap_or(0);
    let under = ask.world.instruments.iter().position(|known| known.con_id == id);
    let under = under.ok_or_else(|| Refusal::invalid("Invalid contract id"))?;
    let of = |known: &&crate::instruments::Instrument| {
        known.terms.is_some() && known.under == Some(under)
    };
    let chain: Vec<_> = ask.world.instruments.iter().filter(of).collect();
    let expirations: BTreeSet<String> =
        chain.iter().map(|known| known.last_trade.clone()).collect();
    let mut strikes: Vec<f64> =
        chain.iter().filter_map(|known| known.terms).map(|terms| terms.strike).collect();
    strikes.sort_by(f64::total_cmp);
    strikes.dedup();
    let exchanges = chain.first().map_or(&[][..], |known| known.exchanges);
    for exchange in exchanges {
        ask.tell(Answer::SecDefOptParameter(SecDefOptParameter {
            req_id: request.req_id,
            exchange: Some((*exchange).to_owned()),
            underlying_con_id: Some(id),
            trading_class: Some(ask.known(under).symbol.clone()),
            multiplier: Some("100".to_owned()),
            expirations: expirations.iter().cloned().collect(),
            strikes: strikes.clone(),
        }));
    }
    let req_id = request.req_id;
    ask.tell(Answer::SecDefOptParameterEnd(SecDefOptParameterEnd { req_id }));
    Ok(())
}

/// An option by its description, whether it is in a chain or not, and what its stock is worth.
fn terms(ask: &Ask<'_>, contract: &Option<Contract>, under: Option<f64>) -> Result<(Terms, f64)> {
    let contract = contract.clone().unwrap_or_default();
    let text = "No security definition has been found for the request".to_owned();
    let none = || Refusal::no_contract(text.clone());
    if contract.sec_type.as_deref() != Some("OPT") {
        return Err(none());
    }
    let call = match contract.right.as_deref() {
        Some("C" | "CALL") => true,
        Some("P" | "PUT") => false,
        _ => return Err(none()),
    };
    let strike = contract.strike.filter(|strike| *strike > 0.0).ok_or_else(none)?;
    let day = contract.last_trade_date_or_contract_month.as_deref().and_then(times::parse);
    let expires = options::end(mockkit::time::new_york_date(day.ok_or_else(none)?));
    let known = ask.world.instruments.iter().find(|known| {
        Some(known.symbol.as_str()) == contract.symbol.as_deref() && known.sec_type == "STK"
    });
    let price = known.and_then(|known| known.mark(&ask.state.tape).price()).map(numbers::double);
    let under = under.filter(|price| *price > 0.0).or(price).ok_or_else(none)?;
    Ok((Terms { call, strike, expires }, under))
}

pub fn price(ask: &Ask<'_>, request: &CalculateOptionPriceRequest) -> Result {
    let (terms, under) = terms(ask, &request.contract, request.under_price)?;
    let volatility = request.volatility.unwrap_or(0.0).clamp(0.0001, 10.0);
    let model = terms.model(under, volatility, ask.state.now());
    ask.tell(computation(request.req_id, CUSTOM, under, volatility, &model));
    Ok(())
}

pub fn implied_volatility(ask: &Ask<'_>, request: &CalculateImpliedVolatilityRequest) -> Result {
    let (terms, under) = terms(ask, &request.contract, request.under_price)?;
    let now = ask.state.now();
    let volatility = terms.implied(under, request.option_price.unwrap_or(0.0), now);
    let model = terms.model(under, volatility, now);
    ask.tell(computation(request.req_id, CUSTOM, under, volatility, &model));
    Ok(())
}
