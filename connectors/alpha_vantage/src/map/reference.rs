//! Instruments, corporate actions, markets.

use std::collections::BTreeMap;

use component::{Bad, OrBad};
use http::Row;
use model::{
    AssetClass, CorporateAction, CorporateActionKind, Date, Decimal, Event, Head, Instrument,
    MarketState, MarketStatus, Text,
};

use super::{Frame, Mapped, at, date, identity, midnight};

/// A row of a search or of the list of everything.
pub fn instrument(row: &Row, _: &Frame<'_>) -> Mapped<Event> {
    let symbol = row.need(&["symbol"])?;
    let currency = match row.get(&["currency"]) {
        Some("GBX") => "GBP",            // pence, which we count in pounds
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
        is_active: match row.get(&["status"]) {
            None | Some("Active") => true,
            Some("Delisted") => false,
            Some(other) => return Err(Bad::new("status", format!("unknown status {other:?}"))),
        },
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

/// A dividend. The amount has no currency.
pub fn dividend(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let ex_date = date(row, &["ex_dividend_date"])?.or_bad("ex_dividend_date")?;
    let declared = row.get(&["declaration_date"]).map(Text::from);
    Ok(CorporateAction {
        ex_date: Some(ex_date),
        record_date: date(row, &["record_date"])?,
        payable_date: date(row, &["payment_date"])?,
        cash_rate: Some(row.number(&["amount"], model::money)?.or_bad("amount")?),
        terms: declared.into_iter().map(|day| ("declaration_date".into(), day)).collect(),
        ..action(frame, CorporateActionKind::CashDividend, "dividend", ex_date)
    }
    .into())
}

/// A split, or what was spun off, written as a split.
pub fn split(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let day = date(row, &["effective_date"])?.or_bad("effective_date")?;
    let factor = row.number(&["split_factor"], model::quantity)?.or_bad("split_factor")?;
    if factor <= Decimal::ZERO {
        return Err(Bad::new("split_factor", format!("{factor} is no ratio")));
    }
    let ratio = ratio(factor);
    let kind = match ratio {
        Some((new, old)) if new >= old => CorporateActionKind::ForwardSplit,
        Some(_) => CorporateActionKind::ReverseSplit,
        None => CorporateActionKind::SpinOff,
    };
    let (new_rate, old_rate) = ratio.unwrap_or((factor, Decimal::ONE));
    Ok(CorporateAction {
        effective_date: Some(day),
        new_rate: Some(new_rate),
        old_rate: Some(old_rate),
        terms: BTreeMap::from([("split_factor".into(), Text::from(factor.to_string()))]),
        ..action(frame, kind, "split", day)
    }
    .into())
}

/// New units for old ones. Splits are ratios of small numbers; another factor stands for a part
/// that was spun off. Factors have four decimals.
fn ratio(factor: Decimal) -> Option<(Decimal, Decimal)> {
    (1..=10).map(Decimal::from).find_map(|few| {
        let (new, old) = if factor >= Decimal::ONE {
            (few.checked_mul(factor)?.round(), few)
        } else {
            (few, few.checked_div(factor)?.round())
        };
        let is_near = (new.checked_div(old)? - factor).abs() < Decimal::new(1, 4);
        is_near.then_some((new, old))
    })
}

fn action(frame: &Frame<'_>, kind: CorporateActionKind, word: &str, day: Date) -> CorporateAction {
    CorporateAction {
        head: at(midnight(day)),
        instrument: identity(&frame.ask.symbol),
        symbol: frame.ask.symbol.clone(),
        action_id: Text::from(format!("{word}-{day}")),
        kind,
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
    Ok(MarketStatus {
        head: Head::default(),
        market: format!("{} {}", row.need(&["region"])?, row.need(&["market_type"])?).into(),
        day: "".into(),
        status: match row.need(&["current_status"])? {
            "open" => MarketState::Open,
            "closed" => MarketState::Closed,
            other => return Err(Bad::new("current_status", format!("unknown status {other:?}"))),
        },
        open_time: None,
        close_time: None,
        reason: row.get(&["notes"]).map(Into::into),
    }
    .into())
}
