//! `SYMBOL_SEARCH`.

use jiff::tz::TimeZone;
use mockkit::time::timestamp;

use crate::answer::{Answer, Column, Table, column};
use crate::call::Call;
use crate::companies::{self, Company};
use crate::number::float;
use crate::refusal::Result;

/// Matches of one search.
const MOST: usize = 10;

const SEARCH: &[Column] = &[
    column("1. symbol", "symbol"),
    column("2. name", "name"),
    column("3. type", "type"),
    column("4. region", "region"),
    column("5. marketOpen", "marketOpen"),
    column("6. marketClose", "marketClose"),
    column("7. timezone", "timezone"),
    column("8. currency", "currency"),
    column("9. matchScore", "matchScore"),
];

/// Instruments that can be found and not quoted: symbol, name, type, region.
const ELSEWHERE: &[(&str, &str, &str, &str)] = &[
    ("BA", "The Boeing Company", "Equity", "United States"),
    ("BA.LON", "BAE Systems plc", "Equity", "United Kingdom"),
    ("BA3.FRK", "Brooks Automation Inc", "Equity", "Frankfurt"),
    ("BAAPX", "BlackRock Aggressive GwthPrprdPtfInvstrA", "Mutual Fund", "United States"),
    ("BAB", "Invesco Taxable Municipal Bond ETF", "ETF", "United States"),
    ("BABA", "Alibaba Group Holding Limited", "Equity", "United States"),
    ("BABA34.SAO", "BABA34", "Equity", "Brazil/Sao Paolo"),
    ("BIDU", "Baidu Inc.", "Equity", "United States"),
    ("BRK-B", "Berkshire Hathaway Inc", "Equity", "United States"),
    ("BSVN", "Bank7 Corp.", "Equity", "United States"),
    ("6190.HKG", "Bank of Jiujiang Co. Ltd.", "Equity", "Hong Kong"),
    ("MSFT", "Microsoft Corporation", "Equity", "United States"),
    ("SHOP.TRT", "Shopify Inc", "Equity", "Toronto"),
    ("TCEHY", "Tencent Holdings Ltd", "Equity", "United States"),
    ("TSCO.LON", "Tesco PLC", "Equity", "United Kingdom"),
    ("600104.SHH", "SAIC Motor Corporation Ltd", "Equity", "Shanghai"),
    ("RELIANCE.BSE", "Reliance Industries Limited", "Equity", "India/Bombay"),
];

/// Region of a symbol, opening times, zone, currency.
const REGIONS: &[(&str, &str, &str, &str, &str)] = &[
    ("United States", "09:30", "16:00", "America/New_York", "USD"),
    ("United Kingdom", "08:00", "16:30", "Europe/London", "GBX"),
    ("Frankfurt", "08:00", "20:00", "Europe/Berlin", "EUR"),
    ("Brazil/Sao Paolo", "10:00", "17:30", "America/Sao_Paulo", "BRL"),
    ("Hong Kong", "09:30", "16:00", "Asia/Hong_Kong", "HKD"),
    ("Toronto", "09:30", "16:00", "America/Toronto", "CAD"),
    ("Shanghai", "09:30", "15:00", "Asia/Shanghai", "CNY"),
    ("India/Bombay", "09:15", "15:30", "Asia/Kolkata", "INR"),
];

pub fn search(call: &Call<'_>) -> Result<Answer> {
    let keywords = call.required("keywords")?.to_ascii_lowercase();
    let listed = call.world.stocks.listings().iter().map(|listing| {
        let company = companies::find(&listing.symbol);
        let kind = if company.is_some_and(Company::is_fund) { "ETF" } else { "Equity" };
        let name = company.map_or(listing.symbol.as_str(), |company| company.name);
        (listing.symbol.as_str(), name, kind, "United States")
    });
    let elsewhere = ELSEWHERE.iter().copied();
    let mut found: Vec<_> = listed
        .chain(elsewhere)
        .map(|row| (score(&keywords, row.0, row.1), row))
        .filter(|(score, _)| *score > 0.0)
        .collect();
    found.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.0.cmp(b.0)));
    let mut table = Table::new(SEARCH);
    for (score, (symbol, name, kind, region)) in found.into_iter().take(MOST) {
        let known = REGIONS.iter().find(|(known, ..)| *known == region);
        let Some((_, open, close, zone, currency)) = known else { continue };
        table.push([
            symbol.to_owned(),
            name.to_owned(),
            kind.to_owned(),
            region.to_owned(),
            (*open).to_owned(),
            (*close).to_owned(),
            offset(zone, call.now),
            (*currency).to_owned(),
            float(score, 4),
        ]);
    }
    Ok(Answer::Rows { head: Vec::new(), key: "bestMatches", table })
}

/// How much of both texts is the same beginning, for the better of symbol and name; nothing unless
/// the words begin one of them or stand in the name.
fn score(keywords: &str, symbol: &str, name: &str) -> f64 {
    let (symbol, name) = (symbol.to_ascii_lowercase(), name.to_ascii_lowercase());
    let ratio = |text: &str| {
        let (ours, theirs) = (keywords.chars().count() as f64, text.chars().count() as f64);
        2.0 * ours / (ours + theirs)
    };
    let by_symbol = if symbol.starts_with(keywords) { ratio(&symbol) } else { 0.0 };
    let by_name = if name.contains(keywords) { ratio(&name) } else { 0.0 };
    by_symbol.max(by_name)
}

/// `UTC-04`: what the zone is from UTC at this time.
fn offset(zone: &str, now: i64) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let seconds = zone.to_offset(timestamp(now)).seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    if minutes == 0 {
        format!("UTC{sign}{hours:02}")
    } else {
        format!("UTC{sign}{hours:02}:{minutes:02}")
    }
}
