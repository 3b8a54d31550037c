//! `EARNINGS_CALENDAR` and `IPO_CALENDAR`, which come as CSV only.

use super::books;
use super::earnings::months_later;
use crate::answer::{Answer, Table, same};
use crate::call::Call;
use crate::number::float;
use crate::refusal::Result;

pub fn earnings(call: &Call<'_>) -> Result<Answer> {
    let horizon = call.choice("horizon", "3month", &["3month", "6month", "12month"])?;
    let months = horizon.trim_end_matches("month").parse().unwrap_or(3);
    let (today, until) = (call.today(), months_later(call.today(), months));
    let wanted = call.get("symbol").map(str::to_ascii_uppercase);
    let names = [
        "symbol",
        "name",
        "reportDate",
        "fiscalDateEnding",
        "estimate",
        "currency",
        "timeOfTheDay",
    ];
    let mut table = Table::new(&names.map(same));
    for listing in call.world.stocks.listings() {
        let company = super::of(&listing.symbol);
        let named = wanted.as_ref().is_none_or(|wanted| *wanted == listing.symbol);
        if company.is_fund() || !named {
            continue;
        }
        let quarters = books::quarters(call.world.seed, company);
        let due = quarters.iter().filter(|q| q.reported > today && q.reported <= until);
        for (index, quarter) in due.enumerate() {
            // Nobody estimates the farthest quarters.
            let estimate = if index < 2 { float(quarter.estimate, 2) } else { String::new() };
            let time = if quarter.pre_market { "pre-market" } else { "post-market" };
            table.push([
                listing.symbol.clone(),
                if company.name.is_empty() { listing.symbol.clone() } else { company.name.into() },
                quarter.reported.to_string(),
                quarter.end.to_string(),
                estimate,
                "USD".into(),
                time.into(),
            ]);
        }
    }
    Ok(Answer::Csv(table))
}

/// Offerings that never were: symbol, name, days from now, price range, exchange.
const OFFERINGS: &[(&str, &str, i64, [&str; 2], &str)] = &[
    ("FSTRM", "Foliostream Test Offering Inc", 3, ["0", "0"], "NASDAQ"),
    ("FSONE", "First Constructed Acquisition Corp", 9, ["10", "10"], "NYSE"),
    ("FSTWO", "Second Constructed Holding Ltd", 16, ["14", "16.5"], "NASDAQ"),
];

pub fn offerings(call: &Call<'_>) -> Result<Answer> {
    let names =
        ["symbol", "name", "ipoDate", "priceRangeLow", "priceRangeHigh", "currency", "exchange"];
    let mut table = Table::new(&names.map(same));
    for (symbol, name, days, [low, high], exchange) in OFFERINGS {
        let day = books::working_day(call.today(), *days).to_string();
        table.push([*symbol, *name, &day, *low, *high, "USD", *exchange].map(str::to_owned));
    }
    Ok(Answer::Csv(table))
}
