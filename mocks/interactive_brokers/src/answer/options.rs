//! Options, as far as they go here: what chains there are, and what a model makes of one.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use mockkit::time;

use super::{Ask, Result};
use crate::refusal::Refusal;
use crate::wire::*;
use crate::{numbers, times};

/// Expirations of a chain.
const MONTHS: i32 = 4;
/// Strikes on either side of the price.
const STRIKES: i32 = 10;
/// Steps when searching the volatility that gives a price.
const STEPS: u32 = 80;
/// Tick type of an answer to a calculation.
const CUSTOM: i32 = 53;

pub fn parameters(ask: &Ask<'_>, request: &SecDefOptParamsRequest) -> Result {
    let id = request.underlying_con_id.unwrap_or(0);
    let known = ask.world.instruments.iter().find(|known| known.con_id == id);
    let text = "Invalid contract id".to_owned();
    let known = known.filter(|known| matches!(known.sec_type, "STK" | "IND"));
    let known = known.ok_or_else(|| Refusal::invalid(&text))?;
    let price = known.mark(&ask.state.tape).price().map_or(100.0, numbers::double);
    let step = match price {
        ..=25.0 => 0.5,
        ..=200.0 => 1.0,
        ..=1_000.0 => 5.0,
        _ => 25.0,
    };
    let middle = (price / step).round();
    let around = -STRIKES..=STRIKES;
    let strikes = around.map(|offset| (middle + f64::from(offset)) * step);
    let strikes: Vec<f64> = strikes.filter(|strike| *strike > 0.0).collect();
    let today = time::new_york_date(ask.state.now());
    let expirations: Vec<String> =
        (0..MONTHS).filter_map(|month| third_friday(today, month)).map(times::day).collect();
    for exchange in ["SMART", "CBOE", "AMEX", "ISE", "PHLX"] {
        ask.tell(Answer::SecDefOptParameter(SecDefOptParameter {
            req_id: request.req_id,
            exchange: Some(exchange.to_owned()),
            underlying_con_id: Some(known.con_id),
            trading_class: Some(known.symbol.clone()),
            multiplier: Some("100".to_owned()),
            expirations: expirations.clone(),
            strikes: strikes.clone(),
        }));
    }
    let req_id = request.req_id;
    ask.tell(Answer::SecDefOptParameterEnd(SecDefOptParameterEnd { req_id }));
    Ok(())
}

fn third_friday(today: Date, month: i32) -> Option<Date> {
    let first = today.first_of_month().checked_add(month.months()).ok()?;
    let friday = first.nth_weekday_of_month(3, Weekday::Friday).ok()?;
    (friday >= today).then_some(friday)
}

/// An option as a calculation sees it.
struct Terms {
    call: bool,
    strike: f64,
    years: f64,
    under: f64,
}

fn terms(ask: &Ask<'_>, contract: &Option<Contract>, under: Option<f64>) -> Result<Terms> {
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
    let expiry = contract.last_trade_date_or_contract_month.as_deref().and_then(times::parse);
    let left = expiry.ok_or_else(none)? - ask.state.now();
    let known = ask.world.instruments.iter().find(|known| {
        Some(known.symbol.as_str()) == contract.symbol.as_deref() && known.sec_type == "STK"
    });
    let price = known.and_then(|known| known.mark(&ask.state.tape).price()).map(numbers::double);
    let under = under.filter(|price| *price > 0.0).or(price).ok_or_else(none)?;
    Ok(Terms { call, strike, years: left.max(0) as f64 / (365.0 * time::DAY as f64), under })
}

pub fn price(ask: &Ask<'_>, request: &CalculateOptionPriceRequest) -> Result {
    let terms = terms(ask, &request.contract, request.under_price)?;
    let volatility = request.volatility.unwrap_or(0.0).clamp(0.0001, 10.0);
    ask.tell(computed(request.req_id, &terms, volatility));
    Ok(())
}

pub fn implied_volatility(ask: &Ask<'_>, request: &CalculateImpliedVolatilityRequest) -> Result {
    let terms = terms(ask, &request.contract, request.under_price)?;
    let wanted = request.option_price.unwrap_or(0.0);
    let (mut low, mut high) = (0.0001, 10.0);
    for _ in 0..STEPS {
        let middle = (low + high) / 2.0;
        if model(&terms, middle).price > wanted { high = middle } else { low = middle }
    }
    ask.tell(computed(request.req_id, &terms, low));
    Ok(())
}

fn computed(req_id: Option<i32>, terms: &Terms, volatility: f64) -> Answer {
    let model = model(terms, volatility);
    Answer::TickOptionComputation(TickOptionComputation {
        req_id,
        tick_type: Some(CUSTOM),
        tick_attrib: Some(1),
        implied_vol: Some(volatility),
        delta: Some(model.delta),
        opt_price: Some(model.price),
        pv_dividend: Some(0.0),
        gamma: Some(model.gamma),
        vega: Some(model.vega),
        theta: Some(model.theta),
        und_price: Some(terms.under),
    })
}

struct Model {
    price: f64,
    delta: f64,
    gamma: f64,
    vega: f64,
    theta: f64,
}

/// Black and Scholes without interest or dividends; per day and per point of volatility.
fn model(terms: &Terms, volatility: f64) -> Model {
    let Terms { call, strike, years, under } = *terms;
    let spread = (volatility * years.sqrt()).max(1e-9);
    let near = (under / strike).ln() / spread + spread / 2.0;
    let far = near - spread;
    let (delta, hit) = (normal(near), normal(far));
    let density = (-near * near / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let value = under * delta - strike * hit;
    let theta = -under * density * volatility / (2.0 * years.sqrt().max(1e-9)) / 365.0;
    Model {
        price: if call { value } else { value - under + strike },
        delta: if call { delta } else { delta - 1.0 },
        gamma: density / (under * spread),
        vega: under * density * years.sqrt() / 100.0,
        theta,
    }
}

/// The normal distribution, by a rational approximation good to seven digits.
fn normal(x: f64) -> f64 {
    const TERMS: [f64; 5] =
        [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let scale = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let sum = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * scale);
    let tail = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum;
    if x >= 0.0 { 1.0 - tail } else { tail }
}
