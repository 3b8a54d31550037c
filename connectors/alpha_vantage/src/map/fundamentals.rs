//! Reports about companies and funds.

use std::collections::BTreeMap;

use component::OrBad;
use model::{Date, Event, Fundamental, Head, Period, Statement, Text, Timestamp};

use super::{Frame, Mapped, identity, midnight};
use crate::wire::Row;

/// Digits that are no number.
const TEXTS: [&str; 3] = ["cik", "symbol", "name"];
/// What has a field of its own.
const FIELDS: [&str; 5] =
    ["fiscal_date_ending", "date", "reported_date", "reported_currency", "currency"];

/// One report of one period. Every number by its name, and every text.
pub fn report(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let (statement, word) = statement(frame);
    let date = |names: &[&str]| -> Mapped<Option<Date>> {
        row.get(names).map(str::parse).transpose().or_bad(names[0])
    };
    let period = match (row.list.as_str(), row.get(&["horizon"])) {
        (list, _) if list.starts_with("annual") => Period::Annual,
        (list, _) if list.starts_with("quarterly") => Period::Quarterly,
        (_, Some("fiscal year")) => Period::Annual,
        (_, Some("fiscal quarter")) => Period::Quarterly,
        _ => Period::Point,
    };
    let end = date(&["fiscal_date_ending", "date"])?;
    let is_running = is_running(row, frame, period);
    let mut fundamental_id = format!("{}:{word}:{period}", frame.system);
    match end {
        // The year in progress ends with the last quarter for now: the same record each time.
        _ if is_running => fundamental_id += ":running",
        Some(end) => fundamental_id += &format!(":{end}"),
        None if row.list.is_empty() => {}
        None => return Err(component::Bad::new("fiscal_date_ending", "missing")),
    }
    let report_date = date(&["reported_date"])?;
    let (mut values, mut texts) = (BTreeMap::new(), BTreeMap::new());
    for (name, text) in row.cells.iter().filter(|(name, _)| !FIELDS.contains(&name.as_str())) {
        match model::money(text) {
            Ok(value) if !TEXTS.contains(&name.as_str()) => {
                values.insert(Text::from(name), value.normalize());
            }
            _ => drop(texts.insert(Text::from(name), Text::from(text))),
        }
    }
    if is_running {
        texts.insert("period".into(), "in progress".into());
    }
    Ok(Fundamental {
        head: Head {
            event_time: report_date.or(end).map_or(Timestamp(0), midnight),
            ..Head::default()
        },
        instrument: identity(&frame.ask.symbol),
        symbol: frame.ask.symbol.clone(),
        fundamental_id: fundamental_id.into(),
        statement,
        period,
        period_end: end.or(date(&["latest_quarter"])?),
        report_date,
        currency: row.get(&["reported_currency", "currency"]).map(Into::into),
        values,
        texts,
    }
    .into())
}

/// Whether it is the first of the annual rows, and of a year that has not ended: it ends in
/// another month than the one before.
fn is_running(row: &Row, frame: &Frame<'_>, period: Period) -> bool {
    let month = |row: &Row| row.get(&["fiscal_date_ending"])?.get(5..7).map(str::to_owned);
    let mut years = frame.table.rows.iter().filter(|other| other.list == row.list);
    let (Some(first), Some(second)) = (years.next(), years.next()) else { return false };
    let is_first = first.raw == row.raw;
    period == Period::Annual && !row.list.is_empty() && is_first && month(first) != month(second)
}

fn statement(frame: &Frame<'_>) -> (Statement, &'static str) {
    match frame.ask.function() {
        "OVERVIEW" => (Statement::Overview, "overview"),
        "INCOME_STATEMENT" => (Statement::IncomeStatement, "income_statement"),
        "BALANCE_SHEET" => (Statement::BalanceSheet, "balance_sheet"),
        "CASH_FLOW" => (Statement::CashFlow, "cash_flow"),
        "EARNINGS" => (Statement::Earnings, "earnings"),
        "EARNINGS_ESTIMATES" => (Statement::Estimates, "estimates"),
        "SHARES_OUTSTANDING" => (Statement::Shares, "shares"),
        _ => (Statement::Other, "etf_profile"),
    }
}
