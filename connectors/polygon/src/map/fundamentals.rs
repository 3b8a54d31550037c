//! What companies report.

use std::collections::BTreeMap;

use component::{Bad, OrBad};
use http::{Row, decode};
use model::{
    Date, EventId, Fundamental, Head, InstrumentId, Period, Statement, Text, Timestamp, money,
};
use serde_json::value::RawValue;

use super::{Mapped, identity, midnight};

fn period(row: &Row) -> Mapped<Period> {
    match row.get(&["timeframe", "fiscal_period"]) {
        None => Ok(Period::Point),
        Some("annual" | "FY") => Ok(Period::Annual),
        Some("quarterly" | "Q1" | "Q2" | "Q3" | "Q4") => Ok(Period::Quarterly),
        Some("trailing_twelve_months" | "ttm" | "TTM") => Ok(Period::Trailing),
        Some(other) => Err(Bad::new("timeframe", format!("unknown period {other:?}"))),
    }
}

/// A company without a symbol is known by its number at the SEC.
fn company(row: &Row, asked: &str) -> Mapped<(InstrumentId, Text)> {
    let listed: Vec<Text> =
        row.parsed(&["tickers"], |text| serde_json::from_str(text))?.unwrap_or_default();
    let symbol = listed.first().map(Text::as_str).or(row.get(&["ticker"]));
    match symbol.or(Some(asked).filter(|asked| !asked.is_empty())) {
        Some(symbol) => Ok((identity(symbol), symbol.into())),
        None => {
            let cik = row.get(&["cik"]).or_bad("tickers")?;
            Ok((InstrumentId::listed(cik, "CIK"), cik.into()))
        }
    }
}

/// What the statements of one row have in common.
fn base(row: &Row, asked: &str, (name, statement): (&str, Statement)) -> Mapped<Fundamental> {
    let (instrument, symbol) = company(row, asked)?;
    let ends = ["period_end", "end_date", "settlement_date", "effective_date", "date"];
    let (period, period_end) = (period(row)?, row.parsed(&ends, str::parse::<Date>)?);
    let report_date = row.parsed(&["filing_date"], str::parse::<Date>)?;
    let end = period_end.map(|day| day.to_string()).unwrap_or_default();
    let time = report_date.or(period_end).map_or(Timestamp(0), midnight);
    Ok(Fundamental {
        head: Head::new(EventId::default(), time),
        instrument,
        symbol,
        fundamental_id: format!("polygon:{name}:{period}:{end}").into(),
        statement,
        period,
        period_end,
        report_date,
        currency: None,
        values: BTreeMap::new(),
        texts: BTreeMap::new(),
    })
}

/// A flat row of `/stocks/…`: every number and every text of it.
pub fn report(
    raw: &RawValue,
    name: &str,
    statement: Statement,
    asked: &str,
) -> Mapped<Fundamental> {
    let mut event = base(&Row::of(raw), asked, (name, statement))?;
    for (name, raw) in decode::<BTreeMap<Text, &RawValue>>(raw)? {
        match raw.get().as_bytes() {
            [b'-' | b'0'..=b'9', ..] => {
                event.values.insert(name.clone(), money(raw.get()).or_bad(&name)?);
            }
            [b'"', ..] => drop(event.texts.insert(name, decode(raw)?)),
            _ => {}
        }
    }
    Ok(identified(event))
}

/// The id of what a statement says: it is another one once it is restated. Addresses are no part
/// of it, for they name the host that was asked.
fn identified(mut event: Fundamental) -> Fundamental {
    let mut id = vec!["polygon", "fundamentals", event.instrument.as_str(), &event.fundamental_id];
    let texts = event.texts.iter().filter(|(name, _)| !name.ends_with("_url"));
    texts.for_each(|(name, text)| id.extend([name.as_str(), text.as_str()]));
    let values: Vec<(&str, String)> =
        event.values.iter().map(|(name, value)| (name.as_str(), value.to_string())).collect();
    values.iter().for_each(|(name, value)| id.extend([*name, value.as_str()]));
    event.head.event_id = EventId::of(&id);
    event
}

/// A row of `/vX/reference/financials`: a filing with all its statements.
pub fn financials(raw: &RawValue, asked: &str) -> Mapped<Vec<Fundamental>> {
    let row = Row::of(raw);
    row.need(&["financials"])?;
    let statements = row.inner("financials");
    let mut texts = BTreeMap::new();
    for (name, raw) in decode::<BTreeMap<Text, &RawValue>>(raw)? {
        if raw.get().starts_with('"') {
            texts.insert(name, decode(raw)?);
        }
    }
    let statement = |name: &String| {
        let statement = match name.as_str() {
            "balance_sheet" => Statement::BalanceSheet,
            "income_statement" => Statement::IncomeStatement,
            "cash_flow_statement" => Statement::CashFlow,
            _ => Statement::Other,
        };
        let mut event =
            Fundamental { texts: texts.clone(), ..base(&row, asked, (name, statement))? };
        let items = statements.inner(name);
        for item in items.cells.keys() {
            let parts = items.inner(item);
            let Some(value) = parts.get(&["value"]) else { continue };
            // Others are such as "USD / shares".
            let currency = parts.text("unit").filter(|unit| unit.len() == 3);
            event.currency = event.currency.or(currency);
            event.values.insert(item.into(), money(value).or_bad(item)?);
        }
        Ok(identified(event))
    };
    statements.cells.keys().map(statement).collect()
}
