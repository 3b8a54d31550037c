//! Rates, prices and indicators of the economy: one value a period. All values wander.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use mockkit::market::session;
use mockkit::time::DAY;

use crate::answer::{Answer, Table, column, same};
use crate::call::Call;
use crate::number::float;
use crate::refusal::Result;
use crate::wander::Wander;

/// Where the series begin.
const FIRST: Date = date(1990, 1, 1);
const DAILY: &[&str] = &["monthly", "daily", "weekly"];
const MONTHLY: &[&str] = &["monthly"];
const COMMODITY: &[&str] = &["monthly", "quarterly", "annual"];

struct Indicator {
    function: &'static str,
    name: &'static str,
    unit: &'static str,
    /// The first is meant when none is named.
    intervals: &'static [&'static str],
    base: f64,
    swing: f64,
    digits: usize,
}

const fn indicator(
    (function, name, unit): (&'static str, &'static str, &'static str),
    intervals: &'static [&'static str],
    (base, swing, digits): (f64, f64, usize),
) -> Indicator {
    Indicator { function, name, unit, intervals, base, swing, digits }
}

const INDICATORS: &[Indicator] = &[
    indicator(("TREASURY_YIELD", "", "percent"), DAILY, (2.6, 2.5, 2)),
    indicator(
        ("FEDERAL_FUNDS_RATE", "Effective Federal Funds Rate", "percent"),
        DAILY,
        (1.9, 3.5, 2),
    ),
    indicator(
        ("CPI", "Consumer Price Index for all Urban Consumers", "index 1982-1984=100"),
        &["monthly", "semiannual"],
        (233.5, 0.3, 3),
    ),
    indicator(
        ("INFLATION", "Inflation - US Consumer Prices", "percent"),
        &["annual"],
        (2.3, 3.0, 10),
    ),
    indicator(
        ("REAL_GDP", "Real Gross Domestic Product", "billions of dollars"),
        &["annual", "quarterly"],
        (16_495.4, 0.3, 3),
    ),
    indicator(
        ("REAL_GDP_PER_CAPITA", "Real Gross Domestic Product per Capita", "chained 2012 dollars"),
        &["quarterly"],
        (52_200.0, 0.3, 1),
    ),
    indicator(
        ("RETAIL_SALES", "Advance Retail Sales: Retail Trade", "millions of dollars"),
        MONTHLY,
        (378_000.0, 0.6, 0),
    ),
    indicator(
        ("DURABLES", "Manufacturer New Orders: Durable Goods", "millions of dollars"),
        MONTHLY,
        (231_000.0, 0.8, 0),
    ),
    indicator(("UNEMPLOYMENT", "Unemployment Rate", "percent"), MONTHLY, (6.2, 2.5, 1)),
    indicator(
        ("NONFARM_PAYROLL", "Total Nonfarm Payroll", "thousands of persons"),
        MONTHLY,
        (136_800.0, 0.2, 0),
    ),
    indicator(("WTI", "Crude Oil Prices WTI", "dollars per barrel"), DAILY, (74.0, 2.5, 2)),
    indicator(("BRENT", "Crude Oil Prices Brent", "dollars per barrel"), DAILY, (78.0, 2.5, 2)),
    indicator(
        ("NATURAL_GAS", "Henry Hub Natural Gas Spot Price", "dollars per million BTU"),
        DAILY,
        (3.6, 3.0, 2),
    ),
    indicator(
        ("COPPER", "Global Price of Copper", "dollar per metric ton"),
        COMMODITY,
        (7_200.0, 1.5, 8),
    ),
    indicator(
        ("ALUMINUM", "Global Price of Aluminum", "dollar per metric ton"),
        COMMODITY,
        (1_900.0, 1.5, 8),
    ),
    indicator(
        ("WHEAT", "Global Price of Wheat", "dollar per metric ton"),
        COMMODITY,
        (240.0, 2.0, 8),
    ),
    indicator(
        ("CORN", "Global Price of Corn", "dollar per metric ton"),
        COMMODITY,
        (200.0, 2.0, 8),
    ),
    indicator(("COTTON", "Global Price of Cotton", "cents per pound"), COMMODITY, (88.0, 2.0, 8)),
    indicator(
        ("SUGAR", "Global Price of Sugar, No. 11, World", "cents per pound"),
        COMMODITY,
        (19.0, 2.0, 8),
    ),
    indicator(
        ("COFFEE", "Global Price of Coffee, Other Mild Arabicas", "cents per pound"),
        COMMODITY,
        (160.0, 2.0, 8),
    ),
    indicator(
        ("ALL_COMMODITIES", "Global Price Index of All Commodities", "index 2016 = 100"),
        COMMODITY,
        (140.0, 1.5, 8),
    ),
];

/// Maturity, its name, and how much above or below the ten-year yield it stands.
const MATURITIES: &[(&str, &str, f64)] = &[
    ("3month", "3-Month", 0.55),
    ("2year", "2-Year", 0.7),
    ("5year", "5-Year", 0.85),
    ("7year", "7-Year", 0.93),
    ("10year", "10-Year", 1.0),
    ("30year", "30-Year", 1.2),
];

pub fn value(call: &Call<'_>) -> Result<Answer> {
    let found = INDICATORS.iter().find(|known| known.function == call.function);
    let indicator = found.ok_or_else(|| call.invalid())?;
    let usual = indicator.intervals.first().copied().unwrap_or("monthly");
    let interval = call.choice("interval", usual, indicator.intervals)?;
    let (mut name, mut base) = (indicator.name.to_owned(), indicator.base);
    if indicator.function == "TREASURY_YIELD" {
        let asked = call.get("maturity").unwrap_or("10year");
        let maturity = MATURITIES.iter().find(|(known, ..)| *known == asked);
        let (_, words, part) = maturity.ok_or_else(|| call.invalid())?;
        name = format!("{words} Treasury Constant Maturity Rate");
        base *= part;
    }
    let level = Wander::new(call.world.seed, indicator.function, base, indicator.swing);
    let mut table = Table::new(&[column("date", "timestamp"), same("value")]);
    for day in periods(call.today(), interval) {
        let value = match interval {
            "daily" if session(day).is_none() => ".".to_owned(),
            _ => float(level.at(days(day) * DAY), indicator.digits),
        };
        table.push([day.to_string(), value]);
    }
    let head = vec![
        ("name", name),
        ("interval", interval.to_owned()),
        ("unit", indicator.unit.to_owned()),
    ];
    Ok(Answer::Rows { head, key: "data", table })
}

/// Dates that the values are of, newest first, as far as they have been published: what is counted
/// over a period is told once it is over.
pub fn periods(today: Date, interval: &str) -> Vec<Date> {
    let months: i8 = match interval {
        "daily" | "weekly" => return days_of(today, interval == "weekly"),
        "quarterly" => 3,
        "semiannual" => 6,
        "annual" => 12,
        _ => 1,
    };
    let begun = (today.month() - 1) / months * months + 1;
    let begun = date(today.year(), begun, 1);
    let step = i32::from(months).months();
    let mut dates = Vec::new();
    let mut next = begun.checked_sub(step);
    while let Ok(day) = next {
        if day < FIRST {
            break;
        }
        dates.push(day);
        next = day.checked_sub(step);
    }
    dates
}

/// Working days, holidays included, or Fridays; the last one is yesterday's.
fn days_of(today: Date, fridays: bool) -> Vec<Date> {
    let mut dates = Vec::new();
    let mut next = today.yesterday();
    while let Ok(day) = next {
        if day < FIRST {
            break;
        }
        let wanted = match day.weekday() {
            Weekday::Saturday | Weekday::Sunday => false,
            weekday => !fridays || weekday == Weekday::Friday,
        };
        if wanted {
            dates.push(day);
        }
        next = day.yesterday();
    }
    dates
}

/// Since the epoch.
pub fn days(day: Date) -> i64 {
    day.since(date(1970, 1, 1)).map_or(0, |span| i64::from(span.get_days()))
}

/// Names of the functions answered here.
pub fn names() -> impl Iterator<Item = &'static str> {
    INDICATORS.iter().map(|indicator| indicator.function)
}
