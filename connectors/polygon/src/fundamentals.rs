//! Statements, ratios, short interest and free float.

use component::Result;
use http::{List, Listed, Lists, Request, Taken};
use model::Statement;

use crate::api::{about, days_before};
use crate::map;
use crate::settings::{self, Report, System};

/// What companies report.
pub type Fundamentals = Lists<Reports>;

pub struct Reports;

const FILED: &str = "filing_date.gte";

/// Where a report is, its filter for the first day, and what we call it.
fn form(report: Report) -> (&'static str, &'static str, &'static str, Statement) {
    use Statement::{BalanceSheet, CashFlow, IncomeStatement, Other, Ratios, Shares};
    match report {
        Report::IncomeStatements => {
            ("/stocks/financials/v1/income-statements", FILED, "income_statement", IncomeStatement)
        }
        Report::BalanceSheets => {
            ("/stocks/financials/v1/balance-sheets", FILED, "balance_sheet", BalanceSheet)
        }
        Report::CashFlowStatements => {
            ("/stocks/financials/v1/cash-flow-statements", FILED, "cash_flow_statement", CashFlow)
        }
        Report::Ratios => ("/stocks/financials/v1/ratios", "", "ratios", Ratios),
        Report::ShortInterest => {
            ("/stocks/v1/short-interest", "settlement_date.gte", "short_interest", Other)
        }
        Report::ShortVolume => ("/stocks/v1/short-volume", "date.gte", "short_volume", Other),
        Report::Float => ("/stocks/vX/float", "", "float", Shares),
        Report::Financials => ("/vX/reference/financials", FILED, "", Other),
    }
}

impl Listed for Reports {
    const NAME: &'static str = "polygon_fundamentals";
    const PUBLISHES: &'static [&'static str] = &["reference.fundamentals"];
    type System = System;
    type Settings = settings::Fundamentals;

    fn lists(_: &System, settings: settings::Fundamentals) -> Result<(Vec<List>, u64)> {
        let mut lists = Vec::new();
        for symbol in about(settings.symbols) {
            for report in &settings.reports {
                lists.push(list(*report, symbol.clone(), settings.lookback_days));
            }
        }
        Ok((lists, settings.poll_secs))
    }
}

fn list(report: Report, symbol: String, days: u32) -> List {
    let (path, since, name, statement) = form(report);
    let about = symbol.clone();
    let first = move |now| {
        let of_many = path.starts_with("/stocks/financials/").then_some(about.as_str());
        // The ratios' page names one filter, their client another.
        let of_one = (of_many.is_none() || report == Report::Ratios).then_some(about.as_str());
        let request = Request::get(path).maybe("tickers", of_many).maybe("ticker", of_one);
        let request = request.query(&[("limit", "100")]);
        match since {
            "" => request,
            since => request.query(&[(since, &days_before(now, days))]),
        }
    };
    match report {
        Report::Financials => {
            List::whole(first, Taken::many(move |row| map::financials(row, &symbol)))
        }
        _ => List::whole(first, Taken::one(move |row| map::report(row, name, statement, &symbol))),
    }
}
