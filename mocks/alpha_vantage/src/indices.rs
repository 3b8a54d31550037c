//! `INDEX_DATA` and `INDEX_CATALOG`. The levels wander; the keys of the answers are not documented
//! and follow what users of the service read.

use jiff::civil::{Date, date};
use mockkit::market::sessions;

use crate::answer::{Answer, Table, column, same};
use crate::call::Call;
use crate::number::float;
use crate::refusal::Result;
use crate::wander::{Ohlc, Wander};

const FIRST: Date = date(2000, 1, 3);

/// Symbol, name, level, swing.
const INDICES: &[(&str, &str, f64, f64)] = &[
    ("COMP", "NASDAQ Composite Index", 3_770.0, 1.2),
    ("DJI", "Dow Jones Industrial Average", 14_936.0, 0.9),
    ("DJT", "Dow Jones Transportation Average", 6_600.0, 1.2),
    ("DJU", "Dow Jones Utility Average", 487.0, 0.9),
    ("MID", "S&P MidCap 400 Index", 1_240.0, 1.1),
    ("NDX", "NASDAQ 100 Index", 3_190.0, 1.3),
    ("NYA", "NYSE Composite Index", 9_600.0, 1.0),
    ("OEX", "S&P 100 Index", 745.0, 0.9),
    ("RUT", "Russell 2000 Index", 1_070.0, 1.4),
    ("SML", "S&P SmallCap 600 Index", 612.0, 1.3),
    ("SPX", "S&P 500 Index", 1_676.0, 1.0),
    ("VIX", "CBOE Volatility Index", 18.0, 3.5),
];

pub fn catalog(_: &Call<'_>) -> Result<Answer> {
    let mut table = Table::new(&[same("symbol"), same("name")]);
    for (symbol, name, ..) in INDICES {
        table.push([(*symbol).to_owned(), (*name).to_owned()]);
    }
    Ok(Answer::Rows { head: Vec::new(), key: "data", table })
}

pub fn data(call: &Call<'_>) -> Result<Answer> {
    let symbol = call.required("symbol")?;
    let found = INDICES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(symbol));
    let (symbol, name, base, swing) = found.ok_or_else(|| call.invalid())?;
    call.required("interval")?;
    let interval = call.choice("interval", "", &["daily", "weekly", "monthly"])?;
    let level = Wander::new(call.world.seed, symbol, *base, *swing);
    let mut bars: Vec<(Date, Ohlc)> = Vec::new();
    for session in sessions(FIRST, call.today()) {
        if session.close > call.now {
            break;
        }
        let day = Ohlc::of(|time| level.at(time), session.open, session.close);
        match bars.last_mut().filter(|(last, _)| is_same(interval, *last, session.date)) {
            Some((last, bar)) => {
                *last = session.date;
                bar.join(&day);
            }
            None => bars.push((session.date, day)),
        }
    }
    let columns = ["open", "high", "low", "close"].map(same);
    let mut table = Table::new(&[column("date", "timestamp")]);
    table.columns.extend(columns);
    for (day, bar) in bars.iter().rev() {
        let [open, high, low, close] =
            [bar.open, bar.high, bar.low, bar.close].map(|level| float(level, 4));
        table.push([day.to_string(), open, high, low, close]);
    }
    let head = vec![
        ("symbol", (*symbol).to_owned()),
        ("name", (*name).to_owned()),
        ("interval", interval.to_owned()),
    ];
    Ok(Answer::Rows { head, key: "data", table })
}

fn is_same(interval: &str, one: Date, other: Date) -> bool {
    match interval {
        "weekly" => {
            let (one, other) = (one.iso_week_date(), other.iso_week_date());
            (one.year(), one.week()) == (other.year(), other.week())
        }
        "monthly" => (one.year(), one.month()) == (other.year(), other.month()),
        _ => false,
    }
}
