//! `INCOME_STATEMENT`, `BALANCE_SHEET`, `CASH_FLOW`, `SHARES_OUTSTANDING`.

use jiff::civil::Date;
use serde_json::Value;

use super::asked;
use super::books::{self, Quarter};
use super::ibm::{self, INCOME};
use crate::answer::{Answer, Table, same};
use crate::call::Call;
use crate::json::Json;
use crate::refusal::{Refusal, Result};

/// Years and quarters in one answer.
const YEARS: usize = 20;
const QUARTERS: usize = 81;

type Fields = Vec<(&'static str, Option<i64>)>;

/// The first two fields of every report.
const HEAD: [&str; 2] = ["fiscalDateEnding", "reportedCurrency"];

pub fn income(call: &Call<'_>) -> Result<Answer> {
    let (_, company) = asked(call)?;
    if company.symbol != "IBM" {
        return statement(call, income_fields);
    }
    let quarters = books::reported(call.world.seed, company, call.today());
    let newest = quarters.last().map(|quarter| quarter.end.to_string());
    let newest = newest.ok_or(Refusal::Empty)?;
    let reports = |list: &str, most: usize| {
        let rows = ibm::rows(&INCOME, list).iter();
        let known = rows.filter(|row| row["fiscalDateEnding"].as_str() <= Some(newest.as_str()));
        Json::List(known.take(most).map(ibm_income).collect())
    };
    Ok(reports_of(
        call.required("symbol")?,
        reports("annualReports", YEARS),
        reports("quarterlyReports", QUARTERS),
    ))
}

pub fn balance_sheet(call: &Call<'_>) -> Result<Answer> {
    statement(call, balance_fields)
}

pub fn cash_flow(call: &Call<'_>) -> Result<Answer> {
    statement(call, cash_fields)
}

/// Reports of the quarters that are known, and of the years that are complete.
fn statement(call: &Call<'_>, fields: fn(&[Quarter], f64) -> Fields) -> Result<Answer> {
    let (_, company) = asked(call)?;
    let quarters = books::reported(call.world.seed, company, call.today());
    if quarters.is_empty() {
        return Err(Refusal::Empty);
    }
    let report = |quarters: &[Quarter]| {
        let end = quarters.last().map_or(Date::MIN, |quarter| quarter.end);
        let head = [(HEAD[0], end.to_string()), (HEAD[1], "USD".to_owned())];
        let values = fields(quarters, company.shares).into_iter().map(|(name, value)| {
            (name, value.map_or_else(|| "None".to_owned(), |value| value.to_string()))
        });
        Json::texts(head.into_iter().chain(values))
    };
    let quarterly = quarters.chunks(1).rev().take(QUARTERS).map(report).collect();
    let years = quarters.windows(4).filter(|year| year[3].end.month() == company.year_end);
    let annual = years.rev().take(YEARS).map(report).collect();
    Ok(reports_of(call.required("symbol")?, Json::List(annual), Json::List(quarterly)))
}

fn reports_of(symbol: &str, annual: Json, quarterly: Json) -> Answer {
    Answer::Json(Json::object([
        ("symbol", Json::text(symbol.to_ascii_uppercase())),
        ("annualReports", annual),
        ("quarterlyReports", quarterly),
    ]))
}

fn ibm_income(row: &Value) -> Json {
    let names = HEAD.into_iter().chain(income_fields(&[], 0.0).into_iter().map(|(name, _)| name));
    Json::object(names.map(|name| (name, Json::text(row[name].as_str().unwrap_or("None")))))
}

fn sum(quarters: &[Quarter], of: fn(&Quarter) -> i64) -> Option<i64> {
    Some(quarters.iter().map(of).sum())
}

fn income_fields(quarters: &[Quarter], _: f64) -> Fields {
    let sum = |of| sum(quarters, of);
    let expenses = |quarter: &Quarter| quarter.selling + quarter.research;
    vec![
        ("grossProfit", sum(Quarter::gross)),
        ("totalRevenue", sum(|quarter| quarter.revenue)),
        ("costOfRevenue", sum(|quarter| quarter.cost)),
        ("costofGoodsAndServicesSold", sum(|quarter| quarter.cost)),
        ("operatingIncome", sum(Quarter::operating)),
        ("sellingGeneralAndAdministrative", sum(|quarter| quarter.selling)),
        ("researchAndDevelopment", sum(|quarter| quarter.research)),
        ("operatingExpenses", sum(expenses)),
        ("investmentIncomeNet", None),
        ("netInterestIncome", sum(|quarter| -quarter.interest)),
        ("interestIncome", Some(0)),
        ("interestExpense", sum(|quarter| quarter.interest)),
        ("nonInterestIncome", None),
        ("otherNonOperatingIncome", None),
        ("depreciation", None),
        ("depreciationAndAmortization", sum(|quarter| quarter.depreciation)),
        ("incomeBeforeTax", sum(Quarter::before_tax)),
        ("incomeTaxExpense", sum(|quarter| quarter.tax)),
        ("interestAndDebtExpense", None),
        ("netIncomeFromContinuingOperations", sum(|quarter| quarter.net)),
        ("comprehensiveIncomeNetOfTax", None),
        ("ebit", sum(Quarter::ebit)),
        ("ebitda", sum(Quarter::ebitda)),
        ("netIncome", sum(|quarter| quarter.net)),
    ]
}

/// As of the end of the last quarter; both sides come to the same total.
fn balance_fields(quarters: &[Quarter], shares: f64) -> Fields {
    let revenue = quarters.last().map_or(0, |quarter| quarter.revenue);
    let part = |percent: i64| revenue / 100 * percent;
    let value = |percent| Some(part(percent));
    vec![
        ("totalAssets", value(700)),
        ("totalCurrentAssets", value(220)),
        ("cashAndCashEquivalentsAtCarryingValue", value(70)),
        ("cashAndShortTermInvestments", value(90)),
        ("inventory", value(15)),
        ("currentNetReceivables", value(85)),
        ("totalNonCurrentAssets", value(480)),
        ("propertyPlantEquipment", value(90)),
        ("accumulatedDepreciationAmortizationPPE", None),
        ("intangibleAssets", value(250)),
        ("intangibleAssetsExcludingGoodwill", value(60)),
        ("goodwill", value(190)),
        ("investments", None),
        ("longTermInvestments", value(40)),
        ("shortTermInvestments", value(20)),
        ("otherCurrentAssets", value(30)),
        ("otherNonCurrentAssets", None),
        ("totalLiabilities", value(500)),
        ("totalCurrentLiabilities", value(200)),
        ("currentAccountsPayable", value(50)),
        ("deferredRevenue", value(60)),
        ("currentDebt", None),
        ("shortTermDebt", value(40)),
        ("totalNonCurrentLiabilities", value(300)),
        ("capitalLeaseObligations", value(15)),
        ("longTermDebt", value(210)),
        ("currentLongTermDebt", value(25)),
        ("longTermDebtNoncurrent", None),
        ("shortLongTermDebtTotal", value(250)),
        ("otherCurrentLiabilities", value(50)),
        ("otherNonCurrentLiabilities", value(75)),
        ("totalShareholderEquity", value(200)),
        ("treasuryStock", None),
        ("retainedEarnings", value(150)),
        ("commonStock", value(50)),
        ("commonStockSharesOutstanding", Some(whole(shares))),
    ]
}

fn cash_fields(quarters: &[Quarter], _: f64) -> Fields {
    let sum = |of| sum(quarters, of);
    vec![
        ("operatingCashflow", sum(|quarter| quarter.net + quarter.depreciation)),
        ("paymentsForOperatingActivities", None),
        ("proceedsFromOperatingActivities", None),
        ("changeInOperatingLiabilities", None),
        ("changeInOperatingAssets", None),
        ("depreciationDepletionAndAmortization", sum(|quarter| quarter.depreciation)),
        ("capitalExpenditures", sum(|quarter| quarter.revenue / 20)),
        ("changeInReceivables", None),
        ("changeInInventory", None),
        ("profitLoss", sum(|quarter| quarter.net)),
        ("cashflowFromInvestment", sum(|quarter| -(quarter.revenue / 20))),
        ("cashflowFromFinancing", sum(|quarter| -(quarter.net / 10 * 6))),
        ("proceedsFromRepaymentsOfShortTermDebt", None),
        ("paymentsForRepurchaseOfCommonStock", sum(|quarter| quarter.net / 10 * 2)),
        ("paymentsForRepurchaseOfEquity", sum(|quarter| quarter.net / 10 * 2)),
        ("paymentsForRepurchaseOfPreferredStock", None),
        ("dividendPayout", sum(|quarter| quarter.net / 10 * 4)),
        ("dividendPayoutCommonStock", sum(|quarter| quarter.net / 10 * 4)),
        ("dividendPayoutPreferredStock", None),
        ("proceedsFromIssuanceOfCommonStock", None),
        ("proceedsFromIssuanceOfLongTermDebtAndCapitalSecuritiesNet", None),
        ("proceedsFromIssuanceOfPreferredStock", None),
        ("proceedsFromRepurchaseOfEquity", sum(|quarter| -(quarter.net / 10 * 2))),
        ("proceedsFromSaleOfTreasuryStock", None),
        (
            "changeInCashAndCashEquivalents",
            sum(|q| q.net + q.depreciation - q.revenue / 20 - q.net / 10 * 6),
        ),
        ("changeInExchangeRate", None),
        ("netIncome", sum(|quarter| quarter.net)),
    ]
}

/// Millions of shares to shares.
fn whole(millions: f64) -> i64 {
    (millions * 1_000_000.0).round() as i64
}

pub fn shares_outstanding(call: &Call<'_>) -> Result<Answer> {
    let (_, company) = asked(call)?;
    let names = ["date", "shares_outstanding_diluted", "shares_outstanding_basic"];
    let mut table = Table::new(&names.map(same));
    for quarter in books::reported(call.world.seed, company, call.today()).iter().rev() {
        let basic = whole(company.shares);
        let diluted = basic.saturating_add(basic / 80);
        table.push([quarter.end.to_string(), diluted.to_string(), basic.to_string()]);
    }
    let head = vec![("symbol", call.required("symbol")?.to_ascii_uppercase())];
    Ok(Answer::Rows { head, key: "data", table })
}
