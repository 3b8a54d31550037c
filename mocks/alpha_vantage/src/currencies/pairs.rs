//! `FX_*`: one national currency in another.

use jiff::civil::{Date, Weekday};
use mockkit::time::{DAY, HOUR, MINUTE};

use super::{COLUMNS, FULL, Pair, Row};
use super::{date_text, group, intraday, meta, money, month, output_size, prices, week};
use crate::answer::{Answer, Table};
use crate::call::{COMPACT, Call};
use crate::number::{universal, universal_date};
use crate::refusal::Result;

/// One day in so many of a currency pair opens outside its range, as in the vendor's data.
const ODD_OPEN: u64 = 50;
/// Rates of pairs are refreshed this often.
const REFRESH: i64 = 5 * MINUTE;

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
    let mut table = Table::new(&COLUMNS[..5]);
    for Row { start, bar } in rows {
        let [open, high, low, close] = prices(bar, 5);
        table.push([stamp(*start), open, high, low, close]);
    }
    table
}

fn refreshed(call: &Call<'_>) -> String {
    universal(call.now - call.now.rem_euclid(REFRESH))
}
