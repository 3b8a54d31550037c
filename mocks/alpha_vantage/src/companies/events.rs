//! `DIVIDENDS` and `SPLITS`. Those of IBM are the fixture's, those of others come from the factors
//! of the market data.

use std::sync::LazyLock;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::Value;

use super::books::working_day;
use super::ibm::rows;
use crate::answer::{Answer, Column, Table, same};
use crate::call::Call;
use crate::number::{fixed, plain};
use crate::refusal::Result;

/// Dividends are declared so long before their ex-date, recorded and paid so long after it.
const DECLARED: i64 = 12;
const RECORDED: i64 = 1;
const PAID: i64 = 30;
/// Of older dividends only the ex-date is known.
const DATES_KNOWN: Date = date(2000, 1, 1);

const DIVIDENDS: &[Column] = &[
    same("ex_dividend_date"),
    same("declaration_date"),
    same("record_date"),
    same("payment_date"),
    same("amount"),
];

static IBM_DIVIDENDS: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../fixtures/dividends_ibm.json");
    serde_json::from_str(text).unwrap_or_default()
});
const IBM_SPLITS: &str = include_str!("../../fixtures/splits_ibm.csv");

pub fn dividends(call: &Call<'_>) -> Result<Answer> {
    let index = call.company()?;
    let today = call.today();
    let mut table = Table::new(DIVIDENDS);
    let symbol = &call.world.stocks.listing(index).symbol;
    if symbol == "IBM" {
        for row in rows(&IBM_DIVIDENDS, "data") {
            let cells: [String; 5] = std::array::from_fn(|index| {
                row[DIVIDENDS[index].json].as_str().unwrap_or("None").to_owned()
            });
            if is_declared(cells[1].parse().or(cells[0].parse()).unwrap_or(Date::MAX), today) {
                table.push(cells);
            }
        }
    } else {
        for (ex_date, amount) in call.world.stocks.dividends(index).iter().rev() {
            let declared = ex_date.checked_sub(DECLARED.days()).unwrap_or(*ex_date);
            if !is_declared(declared, today) {
                continue;
            }
            let known = |day: Date| {
                if *ex_date < DATES_KNOWN { "None".to_owned() } else { day.to_string() }
            };
            table.push([
                ex_date.to_string(),
                known(working_day(declared, 0)),
                known(working_day(*ex_date, RECORDED)),
                known(working_day(*ex_date, PAID)),
                plain(*amount, 4),
            ]);
        }
    }
    Ok(Answer::Rows { head: vec![("symbol", symbol.clone())], key: "data", table })
}

fn is_declared(declared: Date, today: Date) -> bool {
    declared <= today
}

pub fn splits(call: &Call<'_>) -> Result<Answer> {
    let index = call.company()?;
    let today = call.today();
    let symbol = &call.world.stocks.listing(index).symbol;
    let mut table = Table::new(&[same("effective_date"), same("split_factor")]);
    if symbol == "IBM" {
        for (day, factor) in IBM_SPLITS.lines().skip(1).filter_map(|line| line.split_once(',')) {
            if day.parse().is_ok_and(|day: Date| day <= today) {
                table.push([day.to_owned(), factor.trim().to_owned()]);
            }
        }
    } else {
        for (day, ratio) in call.world.stocks.splits(index).iter().rev() {
            if *day <= today {
                table.push([day.to_string(), fixed(*ratio, 4)]);
            }
        }
    }
    Ok(Answer::Rows { head: vec![("symbol", symbol.clone())], key: "data", table })
}
