//! The figures of a company by quarter, from which statements, earnings and overview are made.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use mockkit::Seed;

use super::{Company, ibm};

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
        let known = (company.symbol == "IBM").then(|| ibm::quarter(end)).flatten();
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
