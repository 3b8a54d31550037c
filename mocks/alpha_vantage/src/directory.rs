//! What there is to ask for: `SYMBOL_SEARCH`, `LISTING_STATUS`, `MARKET_STATUS`.

use jiff::civil::{Date, Time, Weekday, date, time};
use jiff::tz::TimeZone;
use mockkit::time::{NEW_YORK, timestamp};

use crate::answer::{Answer, Column, Table, column, same};
use crate::call::Call;
use crate::companies::{self, Company};
use crate::number::float;
use crate::refusal::Result;

/// Matches of one search.
const MOST: usize = 10;
/// Before this date there are no listings.
const FIRST_LISTING: Date = date(2010, 1, 1);

// ---- search

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

// ---- listings

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

// ---- market status

struct Market {
    region: &'static str,
    exchanges: &'static str,
    zone: &'static str,
    open: Time,
    close: Time,
    /// Local times of the noon break.
    pause: Option<(Time, Time)>,
}

const fn market(
    (region, exchanges, zone): (&'static str, &'static str, &'static str),
    open: (i8, i8),
    close: (i8, i8),
    pause: Option<(Time, Time)>,
) -> Market {
    let (open, close) = (time(open.0, open.1, 0, 0), time(close.0, close.1, 0, 0));
    Market { region, exchanges, zone, open, close, pause }
}

const fn pause(from: (i8, i8), to: (i8, i8)) -> Option<(Time, Time)> {
    Some((time(from.0, from.1, 0, 0), time(to.0, to.1, 0, 0)))
}

const MARKETS: &[Market] = &[
    market(
        ("United States", "NASDAQ, NYSE, AMEX, BATS", "America/New_York"),
        (9, 30),
        (16, 15),
        None,
    ),
    market(("Canada", "Toronto, Toronto Ventures", "America/Toronto"), (9, 30), (16, 0), None),
    market(("United Kingdom", "London", "Europe/London"), (8, 0), (16, 30), None),
    market(
        ("Germany", "XETRA, Berlin, Frankfurt, Munich, Stuttgart", "Europe/Berlin"),
        (8, 0),
        (20, 0),
        None,
    ),
    market(("France", "Paris", "Europe/Paris"), (9, 0), (17, 30), None),
    market(("Spain", "Barcelona, Madrid", "Europe/Madrid"), (9, 0), (17, 30), None),
    market(("Portugal", "Lisbon", "Europe/Lisbon"), (8, 0), (16, 30), None),
    market(("Japan", "Tokyo", "Asia/Tokyo"), (9, 0), (15, 0), pause((11, 30), (12, 30))),
    market(("India", "NSE, BSE", "Asia/Kolkata"), (9, 15), (15, 30), None),
    market(
        ("Mainland China", "Shanghai, Shenzhen", "Asia/Shanghai"),
        (9, 30),
        (15, 0),
        pause((11, 30), (13, 0)),
    ),
    market(("Hong Kong", "Hong Kong", "Asia/Hong_Kong"), (9, 30), (16, 0), pause((12, 0), (13, 0))),
    market(("Brazil", "Sao Paolo", "America/Sao_Paulo"), (10, 0), (17, 30), None),
    market(("Mexico", "Mexico", "America/Mexico_City"), (8, 30), (15, 0), None),
    market(("South Africa", "Johannesburg", "Africa/Johannesburg"), (9, 0), (17, 0), None),
];

const FOREX_NOTES: &str = "The forex market is open 24 hours a day, EXCEPT between 16:00 EST on \
    Friday and 17:00 EST on Sunday";
const CRYPTO_NOTES: &str = "The cryptocurrency market is open 24 hours a day";

pub fn market_status(call: &Call<'_>) -> Result<Answer> {
    let columns = [
        "market_type",
        "region",
        "primary_exchanges",
        "local_open",
        "local_close",
        "current_status",
        "notes",
    ];
    let mut table = Table::new(&columns.map(same));
    let status = |open: bool| if open { "open" } else { "closed" }.to_owned();
    for market in MARKETS {
        let zone = TimeZone::get(market.zone).unwrap_or(TimeZone::UTC);
        table.push([
            "Equity".to_owned(),
            market.region.to_owned(),
            market.exchanges.to_owned(),
            short(market.open),
            short(market.close),
            status(market.is_open(&zone, call.now)),
            market.notes(),
        ]);
    }
    let around_the_clock =
        [("Forex", is_forex_open(call.now), FOREX_NOTES), ("Cryptocurrency", true, CRYPTO_NOTES)];
    for (kind, open, notes) in around_the_clock {
        let [kind, global, from, to, notes] =
            [kind, "Global", "00:00", "23:59", notes].map(str::to_owned);
        table.push([kind, global.clone(), global, from, to, status(open), notes]);
    }
    let head = vec![("endpoint", "Global Market Open & Close Status".to_owned())];
    Ok(Answer::Json(Answer::Rows { head, key: "markets", table }.json()))
}

impl Market {
    /// The vendor knows weekends and no holidays.
    fn is_open(&self, zone: &TimeZone, now: i64) -> bool {
        let local = zone.to_datetime(timestamp(now));
        let weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
        let paused = self.pause.is_some_and(|(from, to)| (from..to).contains(&local.time()));
        !weekend && !paused && (self.open..self.close).contains(&local.time())
    }

    fn notes(&self) -> String {
        let Some((from, to)) = self.pause else { return String::new() };
        format!("Noon trading break from {} to {} local time", short(from), short(to))
    }
}

fn is_forex_open(now: i64) -> bool {
    let local = NEW_YORK.to_datetime(timestamp(now));
    match local.weekday() {
        Weekday::Saturday => false,
        Weekday::Friday => local.hour() < 16,
        Weekday::Sunday => local.hour() >= 17,
        _ => true,
    }
}

fn short(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}
