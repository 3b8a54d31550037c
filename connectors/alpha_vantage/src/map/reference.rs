//! Instruments, corporate actions, markets.

use std::collections::BTreeMap;

use component::{Bad, OrBad};
use model::{
    AssetClass, CorporateAction, CorporateActionKind, Date, Decimal, Event, Head, Instrument,
    MarketState, MarketStatus, Text,
};

use super::{Frame, Mapped, identity, midnight};
use crate::wire::Row;

/// Splits are ratios of small numbers; other factors stand for a part that was spun off.
const MAX_UNITS: i64 = 10;
/// Factors have four decimals.
const PRECISION: Decimal = Decimal::from_parts(6, 0, 0, false, 5);

/// A row of a search or of the list of everything.
pub fn instrument(row: &Row, _: &Frame<'_>) -> Mapped<Event> {
    let symbol = row.need(&["symbol"])?;
    let is_active = match row.get(&["status"]) {
        None | Some("Active") => true,
        Some("Delisted") => false,
        Some(other) => return Err(Bad::new("status", format!("unknown status {other:?}"))),
    };
    let currency = match row.get(&["currency"]) {
        Some("GBX") => "GBP",            // prices are in pence, ours in pounds
        other => other.unwrap_or("USD"), // the list is of US markets only
    };
    Ok(Instrument {
        head: Head::default(),
        instrument: identity(symbol),
        symbol: symbol.into(),
        name: row.get(&["name"]).map(Into::into),
        asset_class: match row.need(&["asset_type", "type"])? {
            "Stock" | "Equity" | "ETF" => AssetClass::Equity,
            _ => AssetClass::Other,
        },
        venue: row.get(&["exchange", "region"]).map(Into::into),
        currency: currency.into(),
        broker_instrument_id: None,
        is_active,
        is_tradable: false, // not here
        is_shortable: None,
        is_fractionable: None,
        price_increment: None,
        quantity_increment: None,
        minimum_quantity: None,
        multiplier: None,
    }
    .into())
}

fn date(row: &Row, names: &[&str]) -> Mapped<Option<Date>> {
    row.get(names).map(str::parse).transpose().or_bad(names.first().unwrap_or(&""))
}

/// A dividend. The amount has no currency.
pub fn dividend(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let ex_date = date(row, &["ex_dividend_date"])?.or_bad("ex_dividend_date")?;
    let mut action = action(frame, "dividend", ex_date);
    action.kind = CorporateActionKind::CashDividend;
    action.ex_date = Some(ex_date);
    action.record_date = date(row, &["record_date"])?;
    action.payable_date = date(row, &["payment_date"])?;
    action.cash_rate = Some(row.number(&["amount"], model::money)?.or_bad("amount")?);
    if let Some(declared) = date(row, &["declaration_date"])? {
        action.terms.insert("declaration_date".into(), Text::from(declared.to_string()));
    }
    Ok(action.into())
}

/// A split, or what was spun off, written as a split.
pub fn split(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let day = date(row, &["effective_date"])?.or_bad("effective_date")?;
    let factor = row.number(&["split_factor"], model::quantity)?.or_bad("split_factor")?;
    if factor <= Decimal::ZERO {
        return Err(Bad::new("split_factor", format!("{factor} is no ratio")));
    }
    let mut action = action(frame, "split", day);
    let (new, old) = ratio(factor).unwrap_or((factor, Decimal::ONE));
    action.kind = match ratio(factor) {
        Some((new, old)) if new >= old => CorporateActionKind::ForwardSplit,
        Some(_) => CorporateActionKind::ReverseSplit,
        None => CorporateActionKind::SpinOff,
    };
    action.effective_date = Some(day);
    (action.new_rate, action.old_rate) = (Some(new), Some(old));
    action.terms.insert("split_factor".into(), Text::from(factor.to_string()));
    Ok(action.into())
}

/// New units for old ones, if few of either make up the factor.
fn ratio(factor: Decimal) -> Option<(Decimal, Decimal)> {
    (1..=MAX_UNITS).map(Decimal::from).find_map(|few| {
        let many = if factor >= Decimal::ONE { few * factor } else { few.checked_div(factor)? };
        let (many, few) = (many.round(), few);
        let (new, old) = if factor >= Decimal::ONE { (many, few) } else { (few, many) };
        ((new.checked_div(old)? - factor).abs() <= PRECISION).then_some((new, old))
    })
}

fn action(frame: &Frame<'_>, word: &str, day: Date) -> CorporateAction {
    CorporateAction {
        head: Head { event_time: midnight(day), ..Head::default() },
        instrument: identity(&frame.ask.symbol),
        symbol: frame.ask.symbol.clone(),
        action_id: Text::from(format!("{word}-{day}")),
        kind: CorporateActionKind::Other,
        ex_date: None,
        record_date: None,
        payable_date: None,
        effective_date: None,
        process_date: None,
        cash_rate: None,
        currency: None,
        new_rate: None,
        old_rate: None,
        new_instrument: None,
        terms: BTreeMap::new(),
    }
}

/// Whether a market is open now. Its hours are local, in zones that are not named.
pub fn market(row: &Row, _: &Frame<'_>) -> Mapped<Event> {
    let status = match row.need(&["current_status"])? {
        "open" => MarketState::Open,
        "closed" => MarketState::Closed,
        other => return Err(Bad::new("current_status", format!("unknown status {other:?}"))),
    };
    let market = format!("{} {}", row.need(&["region"])?, row.need(&["market_type"])?);
    Ok(MarketStatus {
        head: Head::default(),
        market: market.into(),
        day: "".into(),
        status,
        open_time: None,
        close_time: None,
        reason: row.get(&["notes"]).map(Into::into),
    }
    .into())
}
