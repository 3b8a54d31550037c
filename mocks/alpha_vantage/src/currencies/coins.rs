//! `CRYPTO_INTRADAY` and `DIGITAL_CURRENCY_*`.

use jiff::civil::Date;
use mockkit::time::{DAY, MINUTE};

use super::{COLUMNS, Pair, Row};
use super::{crypto, currency, date_text, group, intraday, meta, output_size, prices, week};
use crate::answer::{Answer, Table};
use crate::call::Call;
use crate::json::Json;
use crate::number::{float, universal};
use crate::refusal::Result;

/// Days that there are of the past.
const DAYS: i64 = 350;

pub fn crypto_intraday(call: &Call<'_>) -> Result<Answer> {
    let minutes = call.minutes()?;
    let (full, pair) = (call.is_full()?, coin_pair(call)?);
    let rows = intraday(&pair, call.now, minutes, full, |_| true);
    let interval = format!("{minutes}min");
    let refreshed = rows.first().map(|row| universal(row.start)).unwrap_or_default();
    let mut meta = coin_meta(format!("Crypto Intraday ({interval}) Time Series"), &pair, refreshed);
    meta.extend(super::meta([
        ("7. Interval", interval.clone()),
        ("8. Output Size", output_size(full)),
        ("9. Time Zone", "UTC".into()),
    ]));
    let mut table = Table::new(&COLUMNS);
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
    let days = (0..DAYS).map(|back| today - back * DAY).filter(|start| *start > 0);
    let day = |start: i64| Row { start, bar: pair.bar(start, (start + DAY).min(call.now)) };
    let rows = group(days.map(day).collect(), key);
    let information = format!("{name} Prices and Volumes for Digital Currency");
    let mut meta = coin_meta(information, &pair, universal(today));
    meta.push(("7. Time Zone".into(), "UTC".into()));
    let mut table = Table::new(&COLUMNS);
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
