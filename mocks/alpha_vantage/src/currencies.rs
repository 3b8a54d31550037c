//! `CURRENCY_EXCHANGE_RATE`, `FX_*`, `CRYPTO_INTRADAY` and `DIGITAL_CURRENCY_*`. All rates wander.

use jiff::civil::{Date, Weekday};
use mockkit::time::{DAY, HOUR, MINUTE};

use crate::answer::{Answer, Column, Table, column, same};
use crate::call::{COMPACT, Call};
use crate::json::Json;
use crate::number::{float, universal, universal_date};
use crate::refusal::Result;
use crate::wander::{Ohlc, Wander};

/// Rows of a full answer.
const FULL: usize = 5_000;
/// Days that the digital currencies have.
const CRYPTO_DAYS: i64 = 350;
/// One day in so many of a currency pair opens outside its range, as in the vendor's data.
const ODD_OPEN: u64 = 50;
/// Rates of pairs are refreshed this often.
const REFRESH: i64 = 5 * MINUTE;

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

// ---- one rate

pub fn exchange_rate(call: &Call<'_>) -> Result<Answer> {
    let pair = Pair { from: currency(call, "from_currency")?, to: currency(call, "to_currency")? };
    let rate = pair.at(call.now);
    // Nobody quotes one digital currency in another.
    let [bid, ask] = if pair.from.crypto && pair.to.crypto {
        ["-".to_owned(), "-".to_owned()]
    } else {
        [rate * 0.999_98, rate * 1.000_02].map(|price| float(price, 8))
    };
    let row = Json::texts([
        ("1. From_Currency Code", pair.from.code.to_owned()),
        ("2. From_Currency Name", pair.from.name.to_owned()),
        ("3. To_Currency Code", pair.to.code.to_owned()),
        ("4. To_Currency Name", pair.to.name.to_owned()),
        ("5. Exchange Rate", float(rate, 8)),
        ("6. Last Refreshed", universal(call.now)),
        ("7. Time Zone", "UTC".to_owned()),
        ("8. Bid Price", bid),
        ("9. Ask Price", ask),
    ]);
    Ok(Answer::Json(Json::object([("Realtime Currency Exchange Rate", row)])))
}

// ---- pairs of currencies

const TIME: Column = same("timestamp");
const FX: &[Column] = &[
    TIME,
    column("1. open", "open"),
    column("2. high", "high"),
    column("3. low", "low"),
    column("4. close", "close"),
];

pub fn fx_intraday(call: &Call<'_>) -> Result<Answer> {
    let minutes = call.minutes()?;
    let (full, pair) = (call.is_full()?, fx_pair(call)?);
    let rows = intraday(&pair, call.now, minutes, full, is_fx_open);
    let interval = format!("{minutes}min");
    let meta = meta([
        ("1. Information", format!("FX Intraday ({interval}) Time Series")),
        ("2. From Symbol", pair.from.code.to_owned()),
        ("3. To Symbol", pair.to.code.to_owned()),
        ("4. Last Refreshed", rows.first().map(|row| universal(row.start)).unwrap_or_default()),
        ("5. Interval", interval.clone()),
        ("6. Output Size", output_size(full)),
        ("7. Time Zone", "UTC".into()),
    ]);
    let table = fx_table(&rows, universal);
    Ok(Answer::Series { meta, key: format!("Time Series FX ({interval})"), table })
}

pub fn fx_daily(call: &Call<'_>) -> Result<Answer> {
    let (full, pair) = (call.is_full()?, fx_pair(call)?);
    let rows = fx_days(call, &pair, if full { FULL } else { COMPACT }, true);
    let meta = meta([
        ("1. Information", "Forex Daily Prices (open, high, low, close)".into()),
        ("2. From Symbol", pair.from.code.to_owned()),
        ("3. To Symbol", pair.to.code.to_owned()),
        ("4. Output Size", output_size(full)),
        ("5. Last Refreshed", refreshed(call)),
        ("6. Time Zone", "UTC".into()),
    ]);
    let table = fx_table(&rows, date_text);
    Ok(Answer::Series { meta, key: "Time Series FX (Daily)".into(), table })
}

pub fn fx_weekly(call: &Call<'_>) -> Result<Answer> {
    fx_periods(call, "Weekly", week)
}

pub fn fx_monthly(call: &Call<'_>) -> Result<Answer> {
    fx_periods(call, "Monthly", month)
}

fn fx_periods(call: &Call<'_>, name: &str, key: fn(Date) -> (i16, i8)) -> Result<Answer> {
    let pair = fx_pair(call)?;
    let rows = group(fx_days(call, &pair, FULL, false), key);
    let meta = meta([
        ("1. Information", format!("Forex {name} Prices (open, high, low, close)")),
        ("2. From Symbol", pair.from.code.to_owned()),
        ("3. To Symbol", pair.to.code.to_owned()),
        ("4. Last Refreshed", refreshed(call)),
        ("5. Time Zone", "UTC".into()),
    ]);
    let table = fx_table(&rows, date_text);
    Ok(Answer::Series { meta, key: format!("Time Series FX ({name})"), table })
}

fn fx_pair(call: &Call<'_>) -> Result<Pair> {
    let find = |name| money(call, call.required(name)?).ok_or_else(|| call.invalid());
    Ok(Pair { from: find("from_symbol")?, to: find("to_symbol")? })
}

/// Newest first. There are rows of Sundays, when the week opens in Wellington.
fn fx_days(call: &Call<'_>, pair: &Pair, most: usize, sundays: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut start = call.now - call.now.rem_euclid(DAY);
    while rows.len() < most && start > 0 {
        let weekday = universal_date(start).weekday();
        if weekday != Weekday::Saturday && (sundays || weekday != Weekday::Sunday) {
            let mut bar = pair.bar(start, (start + DAY).min(call.now));
            let luck = call.world.seed.branch(pair.from.code).branch(pair.to.code);
            if luck.below("odd open", (start / DAY).cast_unsigned(), ODD_OPEN) == 0 {
                bar.open = bar.low * 0.999_5;
            }
            rows.push(Row { start, bar });
        }
        start -= DAY;
    }
    rows
}

/// From Sunday 22:00 to Friday 21:00 UTC.
fn is_fx_open(time: i64) -> bool {
    let hour = time.rem_euclid(DAY) / HOUR;
    match universal_date(time).weekday() {
        Weekday::Saturday => false,
        Weekday::Sunday => hour >= 22,
        Weekday::Friday => hour < 21,
        _ => true,
    }
}

fn fx_table(rows: &[Row], stamp: fn(i64) -> String) -> Table {
    let mut table = Table::new(FX);
    for Row { start, bar } in rows {
        let [open, high, low, close] = prices(bar, 5);
        table.push([stamp(*start), open, high, low, close]);
    }
    table
}

// ---- digital currencies

const COINS: &[Column] = &[
    TIME,
    column("1. open", "open"),
    column("2. high", "high"),
    column("3. low", "low"),
    column("4. close", "close"),
    column("5. volume", "volume"),
];

pub fn crypto_intraday(call: &Call<'_>) -> Result<Answer> {
    let minutes = call.minutes()?;
    let (full, pair) = (call.is_full()?, coin_pair(call)?);
    let rows = intraday(&pair, call.now, minutes, full, |_| true);
    let interval = format!("{minutes}min");
    let refreshed = rows.first().map(|row| universal(row.start)).unwrap_or_default();
    let mut meta = coin_meta(format!("Crypto Intraday ({interval}) Time Series"), &pair, refreshed);
    meta.extend(self::meta([
        ("7. Interval", interval.clone()),
        ("8. Output Size", output_size(full)),
        ("9. Time Zone", "UTC".into()),
    ]));
    let mut table = Table::new(COINS);
    for Row { start, bar } in &rows {
        let mut cells = vec![Json::Text(universal(*start))];
        cells.extend(prices(bar, 5).map(Json::Text));
        // Here, and only here, the volume is a number.
        cells.push(Json::Number(float(volume(call, &pair, *start, minutes * MINUTE), 5)));
        table.rows.push(cells);
    }
    Ok(Answer::Series { meta, key: format!("Time Series Crypto ({interval})"), table })
}

pub fn digital_daily(call: &Call<'_>) -> Result<Answer> {
    digital(call, "Daily", |date| (date.year(), date.day_of_year().cast_unsigned().into()))
}

pub fn digital_weekly(call: &Call<'_>) -> Result<Answer> {
    digital(call, "Weekly", |date| (week(date).0, week(date).1.into()))
}

pub fn digital_monthly(call: &Call<'_>) -> Result<Answer> {
    digital(call, "Monthly", |date| (date.year(), date.month().into()))
}

fn digital(call: &Call<'_>, name: &str, key: fn(Date) -> (i16, i32)) -> Result<Answer> {
    let pair = coin_pair(call)?;
    let today = call.now - call.now.rem_euclid(DAY);
    let days = (0..CRYPTO_DAYS).map(|back| today - back * DAY).filter(|start| *start > 0);
    let day = |start: i64| Row { start, bar: pair.bar(start, (start + DAY).min(call.now)) };
    let rows = group(days.map(day).collect(), key);
    let information = format!("{name} Prices and Volumes for Digital Currency");
    let mut meta = coin_meta(information, &pair, universal(today));
    meta.push(("7. Time Zone".into(), "UTC".into()));
    let mut table = Table::new(COINS);
    for Row { start, bar } in &rows {
        let [open, high, low, close] = prices(bar, 8);
        let volume = float(volume(call, &pair, *start, DAY), 8);
        table.push([date_text(*start), open, high, low, close, volume]);
    }
    Ok(Answer::Series { meta, key: format!("Time Series (Digital Currency {name})"), table })
}

fn coin_pair(call: &Call<'_>) -> Result<Pair> {
    let from = crypto(call, call.required("symbol")?).ok_or_else(|| call.invalid())?;
    Ok(Pair { from, to: currency(call, "market")? })
}

fn coin_meta(information: String, pair: &Pair, refreshed: String) -> Vec<(String, String)> {
    meta([
        ("1. Information", information),
        ("2. Digital Currency Code", pair.from.code.to_owned()),
        ("3. Digital Currency Name", pair.from.name.to_owned()),
        ("4. Market Code", pair.to.code.to_owned()),
        ("5. Market Name", pair.to.name.to_owned()),
        ("6. Last Refreshed", refreshed),
    ])
}

fn volume(call: &Call<'_>, pair: &Pair, start: i64, length: i64) -> f64 {
    const STEPS: u64 = 1_000_000;
    let luck = call.world.seed.branch(pair.from.code);
    let share = luck.below("volume", start.cast_unsigned(), STEPS) as f64 / STEPS as f64;
    let day = 400_000_000.0 / pair.from.at(start);
    day * (0.5 + share) * (length as f64 / DAY as f64)
}

// ---- both

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

fn refreshed(call: &Call<'_>) -> String {
    universal(call.now - call.now.rem_euclid(REFRESH))
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
