//! Reports about companies and funds.

use component::OrBad;
use http::{Ask as _, Row};
use model::{Event, Fundamental, Period, Statement};

use super::{Frame, Mapped, at, date, identity, midnight};

/// What has a field of its own, and an id that looks like a number.
const FIELDS: [&str; 6] =
    ["fiscal_date_ending", "date", "reported_date", "reported_currency", "currency", "cik"];

/// What a function reports, if it is one of these.
pub fn statement(function: &str) -> Option<Statement> {
    Some(match function {
        "OVERVIEW" => Statement::Overview,
        "INCOME_STATEMENT" => Statement::IncomeStatement,
        "BALANCE_SHEET" => Statement::BalanceSheet,
        "CASH_FLOW" => Statement::CashFlow,
        "EARNINGS" => Statement::Earnings,
        "EARNINGS_ESTIMATES" => Statement::Estimates,
        "SHARES_OUTSTANDING" => Statement::Shares,
        "ETF_PROFILE" => Statement::Other,
        _ => return None,
    })
}

/// One report of one period. Every number by its name, and every text.
pub fn report(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let statement = statement(frame.ask.function()).or_bad("function")?;
    let period = match (row.list.as_str(), row.get(&["horizon"])) {
        (list, _) if list.starts_with("annual") => Period::Annual,
        (list, _) if list.starts_with("quarterly") => Period::Quarterly,
        (_, Some("fiscal year")) => Period::Annual,
        (_, Some("fiscal quarter")) => Period::Quarterly,
        _ => Period::Point,
    };
    let end = date(row, &["fiscal_date_ending", "date"])?;
    // The year in progress ends with the last quarter for now: the same record each time.
    let is_running = period == Period::Annual && is_running(row, frame);
    let which = match end {
        _ if is_running => ":running".to_owned(),
        None if row.list.is_empty() => String::new(),
        end => format!(":{}", end.or_bad("fiscal_date_ending")?),
    };
    let report_date = date(row, &["reported_date"])?;
    let (values, mut texts) = row.split(&FIELDS);
    texts.extend(row.get(&["cik"]).map(|cik| ("cik".into(), cik.into())));
    let word = frame.ask.function().to_lowercase();
    Ok(Fundamental {
        head: at(report_date.or(end).map(midnight).unwrap_or_default()),
        instrument: identity(&frame.ask.symbol),
        symbol: frame.ask.symbol.clone(),
        fundamental_id: format!("{}:{word}:{period}{which}", frame.ask.to.2).into(),
        statement,
        period,
        period_end: end.or(date(row, &["latest_quarter"])?),
        report_date,
        currency: row.get(&["reported_currency", "currency"]).map(Into::into),
        values,
        texts,
    }
    .into())
}

/// Whether it is the first of the annual rows, and ends in another month than the one before.
fn is_running(row: &Row, frame: &Frame<'_>) -> bool {
    let month = |row: &Row| row.get(&["fiscal_date_ending"])?.get(5..7).map(str::to_owned);
    let mut years = frame.table.rows.iter().filter(|other| other.list == row.list);
    match (years.next(), years.next()) {
        (Some(first), Some(second)) => first.raw == row.raw && month(first) != month(second),
        _ => false,
    }
}
