//! What companies report.

use std::collections::BTreeMap;

use component::{Bad, OrBad};
use http::decode;
use model::{
    Date, EventId, Fundamental, Head, InstrumentId, Period, Statement, Text, Timestamp, money,
};
use serde_json::value::RawValue;

use super::{Mapped, identity, midnight};

type Fields<'a> = BTreeMap<Text, &'a RawValue>;

/// A text among the fields, if it is one.
fn text<'a>(fields: &Fields<'a>, names: &[&str]) -> Option<&'a str> {
    let raw = names.iter().find_map(|name| fields.get(*name))?.get();
    raw.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.is_empty())
}

fn date(fields: &Fields<'_>, names: &[&str]) -> Mapped<Option<Date>> {
    text(fields, names).map(|text| text.parse().or_bad(names[0])).transpose()
}

fn period(fields: &Fields<'_>) -> Mapped<Period> {
    match text(fields, &["timeframe", "fiscal_period"]) {
        None => Ok(Period::Point),
        Some("annual" | "FY") => Ok(Period::Annual),
        Some("quarterly" | "Q1" | "Q2" | "Q3" | "Q4") => Ok(Period::Quarterly),
        Some("trailing_twelve_months" | "ttm" | "TTM") => Ok(Period::Trailing),
        Some(other) => Err(Bad::new("timeframe", format!("unknown period {other:?}"))),
    }
}

/// A company without a symbol is known by its number at the SEC.
fn company(fields: &Fields<'_>, asked: &str) -> Mapped<(InstrumentId, Text)> {
    let listed: Vec<Text> = match fields.get("tickers") {
        Some(raw) => decode::<Option<Vec<Text>>>(raw)?.unwrap_or_default(),
        None => Vec::new(),
    };
    let symbol = listed.first().map(Text::as_str).or(text(fields, &["ticker"]));
    match symbol.or(Some(asked).filter(|asked| !asked.is_empty())) {
        Some(symbol) => Ok((identity(symbol), symbol.into())),
        None => {
            let cik = text(fields, &["cik"]).or_bad("tickers")?;
            Ok((InstrumentId::listed(cik, "CIK"), cik.into()))
        }
    }
}

/// What the statements of one row have in common.
fn base(
    fields: &Fields<'_>,
    asked: &str,
    (name, statement): (&str, Statement),
) -> Mapped<Fundamental> {
    let (instrument, symbol) = company(fields, asked)?;
    let names = ["period_end", "end_date", "settlement_date", "effective_date", "date"];
    let (period, period_end) = (period(fields)?, date(fields, &names)?);
    let report_date = date(fields, &["filing_date"])?;
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
    let fields: Fields<'_> = decode(raw)?;
    let mut event = base(&fields, asked, (name, statement))?;
    for (name, raw) in fields {
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
    let fields: Fields<'_> = decode(raw)?;
    let statements: BTreeMap<Text, BTreeMap<Text, Fields<'_>>> =
        decode(fields.get("financials").copied().or_bad("financials")?)?;
    let mut events = Vec::new();
    for (name, items) in statements {
        let statement = match name.as_str() {
            "balance_sheet" => Statement::BalanceSheet,
            "income_statement" => Statement::IncomeStatement,
            "cash_flow_statement" => Statement::CashFlow,
            _ => Statement::Other,
        };
        let mut event = base(&fields, asked, (&name, statement))?;
        for (item, parts) in items {
            let value = parts.get("value").filter(|value| value.get() != "null");
            let Some(value) = value else { continue };
            // Others are such as "USD / shares".
            let currency = text(&parts, &["unit"]).filter(|unit| unit.len() == 3);
            event.currency = event.currency.or(currency.map(Text::from));
            event.values.insert(item.clone(), money(value.get()).or_bad(&item)?);
        }
        for (name, raw) in &fields {
            if raw.get().starts_with('"') {
                event.texts.insert(name.clone(), decode(raw)?);
            }
        }
        events.push(identified(event));
    }
    Ok(events)
}
