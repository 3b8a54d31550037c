//! Statements, ratios, short interest and free float.

use component::{Item, Result};
use http::Request;
use model::{Statement, Timestamp};
use serde_json::value::RawValue;

use crate::list::{At, List, Lists, Mapped, about, days_before};
use crate::map;
use crate::settings::{self, Report};

/// What companies report.
pub type Fundamentals = Lists<Reports>;

pub struct Reports(settings::Fundamentals);

/// How a report is asked for.
struct Form {
    path: &'static str,
    /// The filter for a symbol, and the one for the first day, if it has one.
    symbol: &'static str,
    since: &'static str,
    name: &'static str,
    statement: Statement,
}

fn form(report: Report) -> Form {
    let (path, symbol, since, name, statement) = match report {
        Report::IncomeStatements => (
            "/stocks/financials/v1/income-statements",
            "tickers",
            "filing_date.gte",
            "income_statement",
            Statement::IncomeStatement,
        ),
        Report::BalanceSheets => (
            "/stocks/financials/v1/balance-sheets",
            "tickers",
            "filing_date.gte",
            "balance_sheet",
            Statement::BalanceSheet,
        ),
        Report::CashFlowStatements => (
            "/stocks/financials/v1/cash-flow-statements",
            "tickers",
            "filing_date.gte",
            "cash_flow_statement",
            Statement::CashFlow,
        ),
        Report::Ratios => {
            ("/stocks/financials/v1/ratios", "tickers", "", "ratios", Statement::Ratios)
        }
        Report::ShortInterest => (
            "/stocks/v1/short-interest",
            "ticker",
            "settlement_date.gte",
            "short_interest",
            Statement::Other,
        ),
        Report::ShortVolume => {
            ("/stocks/v1/short-volume", "ticker", "date.gte", "short_volume", Statement::Other)
        }
        Report::Float => ("/stocks/vX/float", "ticker", "", "float", Statement::Shares),
        Report::Financials => {
            ("/vX/reference/financials", "ticker", "filing_date.gte", "", Statement::Other)
        }
    };
    Form { path, symbol, since, name, statement }
}

impl Reports {
    /// The report and the symbol that a list is about.
    fn list(&self, list: usize) -> Option<(Report, &str)> {
        let count = self.0.reports.len().max(1);
        let report = self.0.reports.get(list % count)?;
        Some((*report, about(&self.0.symbols, list / count)?))
    }
}

impl List for Reports {
    const NAME: &'static str = "polygon_fundamentals";
    const PUBLISHES: &'static [&'static str] = &["reference.fundamentals"];
    type Settings = settings::Fundamentals;

    fn new(settings: Self::Settings) -> Result<Self> {
        Ok(Self(settings))
    }

    fn request(&self, list: usize, _: Option<Timestamp>, now: Timestamp) -> Option<Request> {
        let (report, symbol) = self.list(list)?;
        let Form { path, symbol: filter, since, .. } = form(report);
        let request = Request::get(path).maybe(filter, Some(symbol)).query(&[("limit", "100")]);
        // The ratios' page names one filter, their client another.
        let alias = Some(symbol).filter(|_| report == Report::Ratios);
        let from = days_before(now, self.0.lookback_days);
        let from = Some(from.as_str()).filter(|_| !since.is_empty());
        Some(request.maybe("ticker", alias).maybe(since, from))
    }

    fn map(&self, row: &RawValue, at: &mut At<'_>, items: &mut Vec<Item>) -> Mapped {
        let Some((report, symbol)) = self.list(at.list) else { return Ok(()) };
        let Form { name, statement, .. } = form(report);
        let events = match report {
            Report::Financials => map::financials(row, symbol)?,
            _ => vec![map::report(row, name, statement, symbol)?],
        };
        items.extend(events.into_iter().map(|event| Item::Event(event.into())));
        Ok(())
    }

    fn poll_secs(&self) -> u64 {
        self.0.poll_secs
    }
}
