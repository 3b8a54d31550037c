//! Gold and silver: the price now, and one price a day. All prices wander.

use jiff::civil::{Date, date};
use mockkit::time::DAY;

use crate::answer::{Answer, Table, column, same};
use crate::call::Call;
use crate::economy::{days, periods};
use crate::json::Json;
use crate::number::{float, universal};
use crate::refusal::Result;
use crate::wander::Wander;

/// Where the history begins.
const FIRST: Date = date(2011, 6, 1);
const SWING: f64 = 1.2;
/// Digits of a price now; those of history are written alike.
const DIGITS: usize = 10;

struct Metal {
    /// What a caller may call it.
    names: [&'static str; 2],
    /// What the answer calls it.
    nominal: &'static str,
    /// Dollars an ounce in October 2013.
    base: f64,
}

const METALS: [Metal; 2] = [
    Metal { names: ["GOLD", "XAU"], nominal: "XAUUSD", base: 1_315.0 },
    Metal { names: ["SILVER", "XAG"], nominal: "XAGUSD", base: 21.9 },
];

/// `GOLD_SILVER_SPOT`.
pub fn spot(call: &Call<'_>) -> Result<Answer> {
    let metal = metal(call)?;
    Ok(Answer::Json(Json::texts([
        ("nominal", metal.nominal.to_owned()),
        ("timestamp", universal(call.now)),
        ("price", float(level(call, metal).at(call.now), DIGITS)),
    ])))
}

/// `GOLD_SILVER_HISTORY`: closing prices of all days, those without trading too.
pub fn history(call: &Call<'_>) -> Result<Answer> {
    let metal = metal(call)?;
    call.required("interval")?;
    let interval = call.choice("interval", "", &["daily", "weekly", "monthly"])?;
    let dates = match interval {
        "daily" => days_before(call.today()),
        _ => periods(call.today(), interval),
    };
    let level = level(call, metal);
    let mut table = Table::new(&[column("date", "timestamp"), same("price")]);
    for day in dates.into_iter().filter(|day| *day >= FIRST) {
        let close = days(day).saturating_add(1).saturating_mul(DAY).saturating_sub(1);
        table.push([day.to_string(), float(level.at(close.min(call.now)), DIGITS)]);
    }
    let head = vec![("nominal", metal.nominal.to_owned())];
    Ok(Answer::Rows { head, key: "data", table })
}

fn metal(call: &Call<'_>) -> Result<&'static Metal> {
    let name = call.required("symbol")?;
    METALS.iter().find(|metal| metal.names.contains(&name)).ok_or_else(|| call.invalid())
}

fn level(call: &Call<'_>, metal: &Metal) -> Wander {
    Wander::new(call.world.seed, metal.nominal, metal.base, SWING)
}

/// Newest first, until yesterday.
fn days_before(today: Date) -> Vec<Date> {
    let yesterday = std::iter::successors(today.yesterday().ok(), |day| day.yesterday().ok());
    yesterday.take_while(|day| *day >= FIRST).collect()
}
