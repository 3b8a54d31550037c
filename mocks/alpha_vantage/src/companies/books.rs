//! The figures of a company by quarter, from which statements, earnings and overview are made.

use std::sync::LazyLock;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use mockkit::Seed;
use serde_json::Value;

use super::Company;

/// Quarters of made-up books.
const FIRST_YEAR: i16 = 2006;
const LAST_YEAR: i16 = 2030;
/// Growth of made-up revenue in a quarter.
const GROWTH: f64 = 1.007;
/// The quarter whose revenue is the company's usual one, counted from the first.
const USUAL: i32 = 31;

/// One quarter; money in whole dollars.
#[derive(Clone, Debug)]
pub struct Quarter {
    pub end: Date,
    /// When the company told of it.
    pub reported: Date,
    pub revenue: i64,
    pub cost: i64,
    pub selling: i64,
    pub research: i64,
    pub interest: i64,
    pub tax: i64,
    pub net: i64,
    pub depreciation: i64,
    pub eps: f64,
    pub estimate: f64,
    pub pre_market: bool,
}

impl Quarter {
    pub fn gross(&self) -> i64 {
        self.revenue - self.cost
    }

    pub fn operating(&self) -> i64 {
        self.gross() - self.selling - self.research
    }

    pub fn before_tax(&self) -> i64 {
        self.net + self.tax
    }

    pub fn ebit(&self) -> i64 {
        self.before_tax() + self.interest
    }

    pub fn ebitda(&self) -> i64 {
        self.ebit() + self.depreciation
    }
}

/// All quarters of a company, oldest first, those to come included.
pub fn quarters(seed: Seed, company: &Company) -> Vec<Quarter> {
    let luck = seed.branch(company.symbol);
    let mut quarters = Vec::new();
    let ends = (FIRST_YEAR..=LAST_YEAR)
        .flat_map(|year| [3, 6, 9, 12].map(|month| date(year, month, 1).last_of_month()));
    for (number, end) in (0_i32..).zip(ends) {
        let known = (company.symbol == "IBM").then(|| of_ibm(end)).flatten();
        quarters.push(known.unwrap_or_else(|| made_up(luck, company, number, end)));
    }
    quarters
}

/// Those that have been told of by a day, oldest first.
pub fn reported(seed: Seed, company: &Company, day: Date) -> Vec<Quarter> {
    let mut quarters = quarters(seed, company);
    quarters.retain(|quarter| quarter.reported <= day);
    quarters
}

fn made_up(luck: Seed, company: &Company, number: i32, end: Date) -> Quarter {
    let index = number.unsigned_abs().into();
    let share = |label: &str| luck.below(label, index, 1001) as f64 / 1000.0;
    let season = if end.month() == 12 { 1.15 } else { 0.95 };
    let revenue = company.revenue * GROWTH.powi(number - USUAL) * season;
    let revenue = revenue * (0.96 + 0.08 * share("revenue"));
    let net = revenue * company.net_margin * (0.8 + 0.4 * share("net"));
    let eps = cents(net / company.shares);
    let shift = i64::try_from(luck.below("reported", index, 8)).unwrap_or_default();
    let days = |part: f64| dollars(revenue * part);
    Quarter {
        end,
        reported: working_day(end, 20 + shift),
        revenue: dollars(revenue),
        cost: days(0.55),
        selling: days(0.17),
        research: days(0.06),
        interest: days(0.012),
        tax: dollars(net * 0.27),
        net: dollars(net),
        depreciation: days(0.07),
        eps,
        estimate: cents(eps * (0.94 + 0.1 * share("estimate"))),
        pre_market: luck.below("time", index, 2) == 0,
    }
}

/// Whole millions, in dollars.
fn dollars(millions: f64) -> i64 {
    (millions.round() as i64).saturating_mul(1_000_000)
}

fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// So many days later, or the Monday after.
pub fn working_day(from: Date, days: i64) -> Date {
    let day = from.checked_add(days.days()).unwrap_or(from);
    let more = match day.weekday() {
        Weekday::Saturday => 2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    day.checked_add(more.days()).unwrap_or(day)
}

// ---- what the fixtures say of IBM

pub static INCOME: LazyLock<Value> =
    LazyLock::new(|| parse(include_str!("../../fixtures/income_statement_ibm.json")));
pub static EARNINGS: LazyLock<Value> =
    LazyLock::new(|| parse(include_str!("../../fixtures/earnings_ibm.json")));

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The rows of a list in a fixture.
pub fn rows<'a>(fixture: &'a Value, list: &str) -> &'a [Value] {
    fixture[list].as_array().map_or(&[], Vec::as_slice)
}

fn of_ibm(end: Date) -> Option<Quarter> {
    let end_text = end.to_string();
    let at = |row: &&Value| row["fiscalDateEnding"] == end_text.as_str();
    let income = rows(&INCOME, "quarterlyReports").iter().find(at)?;
    let earnings = rows(&EARNINGS, "quarterlyEarnings").iter().find(at)?;
    let whole = |name: &str| income[name].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    let float = |name: &str| earnings[name].as_str().and_then(|text| text.parse::<f64>().ok());
    Some(Quarter {
        end,
        reported: earnings["reportedDate"].as_str()?.parse().ok()?,
        revenue: whole("totalRevenue"),
        cost: whole("costOfRevenue"),
        selling: whole("sellingGeneralAndAdministrative"),
        research: whole("researchAndDevelopment"),
        interest: whole("interestExpense"),
        tax: whole("incomeTaxExpense"),
        net: whole("netIncome"),
        depreciation: whole("depreciationAndAmortization"),
        eps: float("reportedEPS")?,
        estimate: float("estimatedEPS").unwrap_or_default(),
        pre_market: earnings["reportTime"] == "pre-market",
    })
}
