//! `EARNINGS_CALL_TRANSCRIPT`, of calls that never took place.

use jiff::civil::Date;

use super::{asked, books};
use crate::answer::{Answer, Table, same};
use crate::call::Call;
use crate::refusal::Result;

pub fn transcript(call: &Call<'_>) -> Result<Answer> {
    let (index, company) = asked(call)?;
    let quarter = call.required("quarter")?;
    let end = quarter_end(quarter).ok_or_else(|| call.invalid())?;
    let symbol = call.world.stocks.listing(index).symbol.clone();
    let said = [
        ("Operator", "Operator", "Welcome to a call that never took place.", "0.0"),
        ("Ann Example", "CEO", "We made up another good quarter.", "0.7"),
        ("Bob Sample", "CFO", "All figures are constructed.", "0.3"),
    ];
    let mut table = Table::new(&["speaker", "title", "content", "sentiment"].map(same));
    let reported = books::reported(call.world.seed, company, call.today());
    if reported.iter().any(|quarter| quarter.end == end) {
        said.iter().for_each(|(speaker, title, content, sentiment)| {
            table.push([*speaker, *title, *content, *sentiment].map(str::to_owned));
        });
    }
    let head = vec![("symbol", symbol), ("quarter", quarter.to_owned())];
    Ok(Answer::Json(Answer::Rows { head, key: "transcript", table }.json()))
}

/// `2024Q1`
fn quarter_end(text: &str) -> Option<Date> {
    let (year, quarter) = text.split_once('Q')?;
    let (year, quarter): (i16, i8) = (year.parse().ok()?, quarter.parse().ok()?);
    let known = (1990..=2100).contains(&year) && (1..=4).contains(&quarter);
    let first = known.then(|| Date::new(year, quarter * 3, 1).ok()).flatten()?;
    Some(first.last_of_month())
}
