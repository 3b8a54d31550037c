//! `INSIDER_TRANSACTIONS` and `INSTITUTIONAL_HOLDINGS`, all of them made up.

use jiff::ToSpan as _;
use jiff::civil::Date;
use rust_decimal::prelude::ToPrimitive as _;

use super::asked;
use crate::answer::{Answer, Table, same};
use crate::call::Call;
use crate::number::float;
use crate::refusal::Result;

const INSIDERS: usize = 60;
const PEOPLE: [(&str, &str); 3] = [
    ("EXAMPLE, ANN", "Chief Executive Officer"),
    ("SAMPLE, BOB", "Director"),
    ("TEST, CARL", "SVP"),
];

pub fn insiders(call: &Call<'_>) -> Result<Answer> {
    let (index, _) = asked(call)?;
    let since = call.date("from")?.unwrap_or(Date::MIN);
    let stocks = &call.world.stocks;
    let symbol = &stocks.listing(index).symbol;
    let luck = call.world.seed.branch("insiders").branch(symbol);
    let price = stocks.last(index, call.now).and_then(|last| last.price.to_f64());
    let names = [
        "transaction_date",
        "ticker",
        "executive",
        "executive_title",
        "security_type",
        "acquisition_or_disposal",
        "shares",
        "share_price",
    ];
    let mut table = Table::new(&names.map(same));
    for number in 0..INSIDERS {
        let number = number as u64;
        let back = i64::try_from(number * 9 + luck.below("day", number, 9)).unwrap_or_default();
        let Ok(day) = call.today().checked_sub(back.days()) else { break };
        if day < since {
            break;
        }
        let (name, title) = PEOPLE[luck.below("who", number, PEOPLE.len() as u64) as usize];
        let acquired = luck.below("side", number, 2) == 0;
        table.push([
            day.to_string(),
            symbol.clone(),
            name.into(),
            title.into(),
            "Common Stock".into(),
            if acquired { "A" } else { "D" }.into(),
            format!("{}.0", 100 + luck.below("shares", number, 20_000)),
            if acquired { "0.0".into() } else { float(price.unwrap_or_default(), 2) },
        ]);
    }
    Ok(Answer::Json(Answer::Rows { head: Vec::new(), key: "data", table }.json()))
}

/// The shape is not documented.
pub fn institutions(call: &Call<'_>) -> Result<Answer> {
    let (index, company) = asked(call)?;
    let symbol = call.world.stocks.listing(index).symbol.clone();
    let mut table = Table::new(&["date", "holder", "shares", "percent"].map(same));
    for (holder, percent) in [("Constructed Index Fund", 8.1), ("Mock Pension Trust", 4.4)] {
        let shares = float(company.shares * percent * 1e4, 0);
        table.push([call.today().to_string(), holder.into(), shares, float(percent, 2)]);
    }
    let head = vec![("symbol", symbol)];
    Ok(Answer::Json(Answer::Rows { head, key: "data", table }.json()))
}
