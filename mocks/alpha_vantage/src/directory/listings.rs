//! `LISTING_STATUS`.

use jiff::civil::{Date, date};

use crate::answer::{Answer, Column, Table, same};
use crate::call::Call;
use crate::companies::{self, Company};
use crate::refusal::Result;

/// Before this date there are no listings.
const FIRST_LISTING: Date = date(2010, 1, 1);

const LISTING: &[Column] = &[
    same("symbol"),
    same("name"),
    same("exchange"),
    same("assetType"),
    same("ipoDate"),
    same("delistingDate"),
    same("status"),
];

/// Listings beside the quoted ones: symbol, name, exchange, kind, first and last day.
const LISTED: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("A", "Agilent Technologies Inc", "NYSE", "Stock", "1999-11-18", "null"),
    ("AA", "Alcoa Corp", "NYSE", "Stock", "2016-11-01", "null"),
    ("AAA", "AAF First Priority CLO Bond ETF", "NYSE ARCA", "ETF", "2020-09-09", "null"),
    ("AAAU", "Goldman Sachs Physical Gold ETF", "NYSE ARCA", "ETF", "2018-08-15", "null"),
    ("AACG", "ATA Creativity Global", "NASDAQ", "Stock", "2008-01-29", "null"),
    ("BABA", "Alibaba Group Holding Ltd", "NYSE", "Stock", "2014-09-19", "null"),
    ("BRK-B", "Berkshire Hathaway Inc", "NYSE", "Stock", "1996-05-09", "null"),
    ("LEH", "Lehman Brothers Holdings Inc", "NYSE", "Stock", "1994-05-31", "2008-09-17"),
    ("-P-HIZ", "", "NYSE", "Stock", "2007-06-29", "2012-12-31"),
    ("MSFT", "Microsoft Corporation", "NASDAQ", "Stock", "1986-03-13", "null"),
    ("TWTR", "Twitter Inc", "NYSE", "Stock", "2013-11-07", "2022-10-28"),
    ("YHOO", "Yahoo! Inc", "NASDAQ", "Stock", "1996-04-12", "2017-06-19"),
];

pub fn listings(call: &Call<'_>) -> Result<Answer> {
    let active = call.choice("state", "active", &["active", "delisted"])? == "active";
    let day = call.date("date")?.unwrap_or_else(|| call.today());
    if day < FIRST_LISTING || day > call.today() {
        return Err(call.invalid());
    }
    let quoted = call.world.stocks.listings().iter().map(|listing| {
        let company = companies::find(&listing.symbol);
        let exchange = match listing.venue {
            'N' => "NYSE",
            'P' => "NYSE ARCA",
            'A' => "NYSE MKT",
            'Z' => "BATS",
            _ => "NASDAQ",
        };
        let kind = if company.is_some_and(Company::is_fund) { "ETF" } else { "Stock" };
        let name = company.map_or("", |company| company.name);
        let first = company.map_or("null", |company| company.listed);
        (listing.symbol.as_str(), name, exchange, kind, first, "null")
    });
    let mut rows: Vec<_> = quoted.chain(LISTED.iter().copied()).collect();
    rows.sort_by_key(|row| row.0);
    let day = day.to_string();
    let mut table = Table::new(LISTING);
    for (symbol, name, exchange, kind, first, last) in rows {
        // Dates of this shape compare as text, and `null` comes after all of them.
        if first != "null" && first > day.as_str() {
            continue;
        }
        if active != (last > day.as_str()) {
            continue;
        }
        let (last, status) = if active { ("null", "Active") } else { (last, "Delisted") };
        table.push([symbol, name, exchange, kind, first, last, status].map(str::to_owned));
    }
    Ok(Answer::Csv(table))
}
