//! Numbers by date: what is sold short, what floats, and the economy. All made up, around what
//! they were in 2013.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use mockkit::market::sessions;
use rust_decimal::Decimal;

use super::Ask;
use super::companies::Company;
use super::lists::{Field, List, page};
use crate::bars::day_bar;
use crate::instruments::{Class, Instrument};
use crate::json::{Json, map};
use crate::query::Order;
use crate::refusal::Result;

/// Where series by day begin, at most so many days back.
const DAYS_BACK: i64 = 365;
/// Where series by month begin.
const FIRST_MONTH: Date = date(2010, 1, 1);

/// Published so many days after its date.
const SHORT_INTEREST_AFTER: i64 = 9;

const fn list(
    rows: fn(&Ask) -> Result<Vec<Json>>,
    fields: &'static [Field],
    sort: &'static str,
    (usual, most): (usize, usize),
) -> List {
    List { rows, fields, sort, order: Order::Ascending, usual, most, counted: false }
}

fn stocks<'a>(ask: &Ask<'a>) -> impl Iterator<Item = &'a Instrument> {
    ask.core.instruments.of(Class::Stocks)
}

/// Something between `low` and `high` that belongs to a label and a date.
fn chance(ask: &Ask, label: &str, date: Date, low: i64, high: i64) -> i64 {
    let seed = ask.core.seed.branch(label).branch(&date.to_string());
    let width = u64::try_from(high - low).unwrap_or(0);
    low + i64::try_from(seed.below("chance", 0, width)).unwrap_or(0)
}

pub fn short_interest(ask: &Ask) -> Result<Json> {
    const LIST: List = list(
        |ask| {
            let today = ask.today();
            let mut rows = Vec::new();
            for instrument in stocks(ask) {
                for day in settlements(today) {
                    rows.push(short_interest_row(ask, &instrument.symbol, day));
                }
            }
            Ok(rows)
        },
        &[
            Field::text("ticker"),
            Field::date("settlement_date"),
            Field::number("days_to_cover"),
            Field::number("avg_daily_volume"),
            Field::number("short_interest"),
        ],
        "ticker",
        (10, 50_000),
    );
    page(ask, &LIST)
}

/// The middle and the end of each month of the last year that has been published.
fn settlements(today: Date) -> Vec<Date> {
    let first = today.saturating_sub(DAYS_BACK.days()).first_of_month();
    let months = std::iter::successors(Some(first), |month| month.checked_add(1.month()).ok());
    let days = months
        .take_while(|month| *month <= today)
        .flat_map(|month| [month.saturating_add(14.days()), month.last_of_month()]);
    days.filter(|day| day.saturating_add(SHORT_INTEREST_AFTER.days()) <= today).collect()
}

fn short_interest_row(ask: &Ask, symbol: &str, day: Date) -> Json {
    let volume = chance(ask, symbol, day, 4_000_000, 9_000_000);
    let short = volume * chance(ask, "short", day, 10, 40) / 10;
    map([
        ("ticker", symbol.into()),
        ("settlement_date", day.to_string().into()),
        ("short_interest", short.into()),
        ("avg_daily_volume", volume.into()),
        ("days_to_cover", (Decimal::from(short) / Decimal::from(volume)).round_dp(2).into()),
    ])
}

pub fn short_volume(ask: &Ask) -> Result<Json> {
    const LIST: List = list(
        short_volume_rows,
        &[
            Field::text("ticker"),
            Field::date("date"),
            Field::number("short_volume_ratio"),
            Field::number("total_volume"),
        ],
        "ticker",
        (10, 50_000),
    );
    page(ask, &LIST)
}

fn short_volume_rows(ask: &Ask) -> Result<Vec<Json>> {
    let yesterday = ask.today().saturating_sub(1.day());
    let first = yesterday.saturating_sub(60.days());
    let mut rows = Vec::new();
    for instrument in stocks(ask).filter(|one| !one.is_load) {
        for session in sessions(first, yesterday) {
            let bar = day_bar(ask.core, instrument, session.date, ask.now);
            let Some(bar) = bar else { continue };
            let total = i64::try_from(bar.volume / 3).unwrap_or(0);
            let percent = chance(ask, &instrument.symbol, session.date, 30, 60);
            let short = total * percent / 100;
            let (exempt, carteret, nyse) = (short / 200, short / 10 * 7, short / 10);
            rows.push(map([
                ("ticker", instrument.symbol.as_str().into()),
                ("date", session.date.to_string().into()),
                ("total_volume", total.into()),
                ("short_volume", short.into()),
                ("short_volume_ratio", Decimal::from(percent).into()),
                ("exempt_volume", exempt.into()),
                ("non_exempt_volume", (short - exempt).into()),
                ("nasdaq_carteret_short_volume", carteret.into()),
                ("nasdaq_carteret_short_volume_exempt", exempt.into()),
                ("nasdaq_chicago_short_volume", (short - carteret - nyse).into()),
                ("nasdaq_chicago_short_volume_exempt", 0_i64.into()),
                ("nyse_short_volume", nyse.into()),
                ("nyse_short_volume_exempt", 0_i64.into()),
                ("adf_short_volume", 0_i64.into()),
                ("adf_short_volume_exempt", 0_i64.into()),
            ]));
        }
    }
    Ok(rows)
}

pub fn float(ask: &Ask) -> Result<Json> {
    const LIST: List = list(
        |ask| {
            let row = |instrument: &Instrument| {
                let shares = Company::of(ask, &instrument.symbol).shares();
                let percent = chance(ask, &instrument.symbol, FIRST_MONTH, 7_000, 9_990);
                map([
                    ("ticker", instrument.symbol.as_str().into()),
                    ("effective_date", ask.today().first_of_month().to_string().into()),
                    ("free_float", (shares / 10_000 * percent).into()),
                    ("free_float_percent", Decimal::new(percent, 2).into()),
                ])
            };
            Ok(stocks(ask).map(row).collect())
        },
        &[Field::text("ticker"), Field::number("free_float_percent")],
        "ticker",
        (100, 5_000),
    );
    page(ask, &LIST)
}

/// Hundredths of a percent, in order of length.
const YIELDS: [(&str, i64); 11] = [
    ("yield_1_month", 6),
    ("yield_3_month", 4),
    ("yield_6_month", 5),
    ("yield_1_year", 12),
    ("yield_2_year", 36),
    ("yield_3_year", 68),
    ("yield_5_year", 141),
    ("yield_7_year", 203),
    ("yield_10_year", 265),
    ("yield_20_year", 344),
    ("yield_30_year", 371),
];

pub fn treasury_yields(ask: &Ask) -> Result<Json> {
    const LIST: List = list(|ask| Ok(rates(ask, &YIELDS)), BY_DATE, "date", (100, 50_000));
    page(ask, &LIST)
}

/// What banks pay for money overnight and for three months, in hundredths of a percent.
const FUNDING: [(&str, i64); 3] = [
    ("effective_fed_funds_rate", 9),
    ("financial_commercial_paper_90d_rate", 14),
    ("nonfinancial_commercial_paper_90d_rate", 11),
];

/// Without the rates that have been told of only since 2016 and 2018.
pub fn funding(ask: &Ask) -> Result<Json> {
    const LIST: List = list(
        |ask| {
            let decided = |row: Json| {
                row.with("fed_funds_target_lower", 0_i64)
                    .with("fed_funds_target_upper", Decimal::new(25, 2))
                    .with("interest_on_reserve_balances", Decimal::new(25, 2))
            };
            Ok(rates(ask, &FUNDING).into_iter().map(decided).collect())
        },
        BY_DATE,
        "date",
        (100, 50_000),
    );
    page(ask, &LIST)
}

/// A row of rates for each session until yesterday.
fn rates(ask: &Ask, names: &[(&'static str, i64)]) -> Vec<Json> {
    let yesterday = ask.today().saturating_sub(1.day());
    let days = sessions(yesterday.saturating_sub((2 * DAYS_BACK).days()), yesterday);
    let row = |day: Date| {
        let row = map([("date", day.to_string().into())]);
        names.iter().fold(row, |row, (name, points)| {
            let moved = chance(ask, name, day, -2, 3);
            row.with(name, Decimal::new(points + moved, 2))
        })
    };
    days.iter().map(|session| row(session.date)).collect()
}

/// Months that have been published.
fn months(today: Date) -> impl Iterator<Item = (i64, Date)> {
    let months =
        std::iter::successors(Some(FIRST_MONTH), |month| month.checked_add(1.month()).ok());
    (0..).zip(months.take_while(move |month| month.saturating_add(45.days()) <= today))
}

const BY_DATE: &[Field] = &[Field::date("date")];

pub fn inflation(ask: &Ask) -> Result<Json> {
    const LIST: List = list(
        |ask| {
            let row = |(count, month): (i64, Date)| {
                let level = |start: i64, step: i64| Decimal::new(start + count * step, 3);
                map([
                    ("date", month.to_string().into()),
                    ("cpi", level(217_488, 370).into()),
                    ("cpi_core", level(220_633, 330).into()),
                    ("cpi_year_over_year", Decimal::new(12 + count % 9, 1).into()),
                    ("pce", level(92_137, 140).into()),
                    ("pce_core", level(92_984, 130).into()),
                    ("pce_spending", level(10_056_700, 31_000).into()),
                ])
            };
            Ok(months(ask.today()).map(row).collect())
        },
        BY_DATE,
        "date",
        (100, 50_000),
    );
    page(ask, &LIST)
}

pub fn expectations(ask: &Ask) -> Result<Json> {
    const NAMES: [(&str, i64); 7] = [
        ("market_5_year", 190),
        ("market_10_year", 221),
        ("forward_years_5_to_10", 252),
        ("model_1_year", 151),
        ("model_5_year", 163),
        ("model_10_year", 181),
        ("model_30_year", 220),
    ];
    const LIST: List = list(
        |ask| {
            let row = |(_, month): (i64, Date)| {
                let row = map([("date", month.to_string().into())]);
                NAMES.iter().fold(row, |row, (name, points)| {
                    row.with(name, Decimal::new(points + chance(ask, name, month, -9, 9), 2))
                })
            };
            Ok(months(ask.today()).map(row).collect())
        },
        BY_DATE,
        "date",
        (100, 50_000),
    );
    page(ask, &LIST)
}

pub fn labor(ask: &Ask) -> Result<Json> {
    const LIST: List = list(
        |ask| {
            let row = |(count, month): (i64, Date)| {
                map([
                    ("date", month.to_string().into()),
                    ("unemployment_rate", Decimal::new(98 - count / 2, 1).into()),
                    ("labor_force_participation_rate", Decimal::new(648 - count / 4, 1).into()),
                    ("avg_hourly_earnings", Decimal::new(2_240 + count * 4, 2).into()),
                    ("job_openings", Json::Integer(2_800 + count * 25)),
                ])
            };
            Ok(months(ask.today()).map(row).collect())
        },
        BY_DATE,
        "date",
        (100, 50_000),
    );
    page(ask, &LIST)
}
