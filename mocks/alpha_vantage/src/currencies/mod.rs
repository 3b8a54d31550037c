//! `CURRENCY_EXCHANGE_RATE`, `FX_*`, `CRYPTO_INTRADAY` and `DIGITAL_CURRENCY_*`. All rates wander.

pub mod coins;
pub mod pairs;
pub mod rate;

use jiff::civil::Date;
use mockkit::time::MINUTE;

use crate::answer::{Column, column, same};
use crate::call::{COMPACT, Call};
use crate::number::{float, universal_date};
use crate::refusal::Result;
use crate::wander::{Ohlc, Wander};

/// Rows of a full answer.
const FULL: usize = 5_000;

/// Code, name, dollars.
const MONEY: &[(&str, &str, f64)] = &[
    ("AUD", "Australian Dollar", 0.944),
    ("BRL", "Brazilian Real", 0.452),
    ("CAD", "Canadian Dollar", 0.970),
    ("CHF", "Swiss Franc", 1.105),
    ("CNY", "Chinese Yuan", 0.1633),
    ("CZK", "Czech Republic Koruna", 0.0531),
    ("DKK", "Danish Krone", 0.182),
    ("EUR", "Euro", 1.357),
    ("GBP", "British Pound Sterling", 1.608),
    ("HKD", "Hong Kong Dollar", 0.1289),
    ("HUF", "Hungarian Forint", 0.00459),
    ("ILS", "Israeli New Sheqel", 0.283),
    ("INR", "Indian Rupee", 0.0162),
    ("JPY", "Japanese Yen", 0.0103),
    ("KRW", "South Korean Won", 0.00093),
    ("MXN", "Mexican Peso", 0.0764),
    ("NOK", "Norwegian Krone", 0.167),
    ("NZD", "New Zealand Dollar", 0.832),
    ("PLN", "Polish Zloty", 0.323),
    ("RUB", "Russian Ruble", 0.031),
    ("SEK", "Swedish Krona", 0.155),
    ("SGD", "Singapore Dollar", 0.801),
    ("THB", "Thai Baht", 0.032),
    ("TRY", "Turkish Lira", 0.504),
    ("TWD", "New Taiwan Dollar", 0.034),
    ("USD", "United States Dollar", 1.0),
    ("ZAR", "South African Rand", 0.1),
];

const CRYPTO: &[(&str, &str, f64)] = &[
    ("ADA", "Cardano", 0.45),
    ("BNB", "Binance-Coin", 590.0),
    ("BTC", "Bitcoin", 62_000.0),
    ("DOGE", "DogeCoin", 0.12),
    ("ETH", "Ethereum", 3_100.0),
    ("LTC", "Litecoin", 82.0),
    ("SOL", "Solana", 145.0),
    ("XRP", "Ripples", 0.52),
];

/// Of pairs all but the last.
const COLUMNS: [Column; 6] = [
    same("timestamp"),
    column("1. open", "open"),
    column("2. high", "high"),
    column("3. low", "low"),
    column("4. close", "close"),
    column("5. volume", "volume"),
];

/// A currency, of either kind.
#[derive(Clone, Copy)]
struct Currency {
    code: &'static str,
    name: &'static str,
    crypto: bool,
    level: Wander,
}

/// What one currency costs in another.
struct Pair {
    from: Currency,
    to: Currency,
}

struct Row {
    /// Of a day its midnight.
    start: i64,
    bar: Ohlc,
}

impl Pair {
    fn at(&self, time: i64) -> f64 {
        self.from.at(time) / self.to.at(time)
    }

    fn bar(&self, from: i64, to: i64) -> Ohlc {
        Ohlc::of(|time| self.at(time), from, to)
    }
}

impl Currency {
    fn at(&self, time: i64) -> f64 {
        if self.code == "USD" { 1.0 } else { self.level.at(time) }
    }
}

fn currency(call: &Call<'_>, name: &str) -> Result<Currency> {
    let code = call.required(name)?;
    money(call, code).or_else(|| crypto(call, code)).ok_or_else(|| call.invalid())
}

fn money(call: &Call<'_>, code: &str) -> Option<Currency> {
    let (code, name, base) = MONEY.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code))?;
    let level = Wander::new(call.world.seed, code, *base, 0.5);
    Some(Currency { code, name, crypto: false, level })
}

fn crypto(call: &Call<'_>, code: &str) -> Option<Currency> {
    let (code, name, base) = CRYPTO.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code))?;
    let level = Wander::new(call.world.seed, code, *base, 3.0);
    Some(Currency { code, name, crypto: true, level })
}

/// Newest first: bars that are over, while the market is open.
fn intraday(pair: &Pair, now: i64, minutes: i64, full: bool, is_open: fn(i64) -> bool) -> Vec<Row> {
    let length = minutes * MINUTE;
    let most = if full { FULL } else { COMPACT };
    let mut start = now - now.rem_euclid(length) - length;
    let mut rows = Vec::new();
    while rows.len() < most && start > 0 {
        if is_open(start) {
            rows.push(Row { start, bar: pair.bar(start, start + length) });
        }
        start -= length;
    }
    rows
}

/// Days, newest first, to longer periods that are named after their last day.
fn group<K: PartialEq>(days: Vec<Row>, key: fn(Date) -> K) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for day in days {
        let of = |row: &Row| key(universal_date(row.start));
        match rows.last_mut().filter(|row| of(row) == of(&day)) {
            Some(row) => {
                let mut bar = day.bar;
                bar.join(&row.bar);
                row.bar = bar;
            }
            None => rows.push(day),
        }
    }
    rows
}

fn week(date: Date) -> (i16, i8) {
    let week = date.iso_week_date();
    (week.year(), week.week())
}

fn month(date: Date) -> (i16, i8) {
    (date.year(), date.month())
}

fn prices(bar: &Ohlc, digits: usize) -> [String; 4] {
    [bar.open, bar.high, bar.low, bar.close].map(|price| float(price, digits))
}

fn date_text(start: i64) -> String {
    universal_date(start).to_string()
}

fn output_size(full: bool) -> String {
    if full { "Full size".into() } else { "Compact".into() }
}

fn meta<const N: usize>(entries: [(&str, String); N]) -> Vec<(String, String)> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
