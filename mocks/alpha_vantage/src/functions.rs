//! The functions by name.

use crate::World;
use crate::answer::Answer;
use crate::call::{Call, Rights};
use crate::params::Params;
use crate::refusal::{Refusal, Result};
use crate::settings::Plan;
use crate::stocks::{movers, quotes, series};

type Run = fn(&Call<'_>) -> Result<Answer>;

/// Who may call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    All,
    Premium,
}

use For::{All, Premium};

const FUNCTIONS: &[(&str, For, Run)] = &[
    ("TIME_SERIES_INTRADAY", All, series::intraday),
    ("TIME_SERIES_DAILY", All, series::daily),
    ("TIME_SERIES_DAILY_ADJUSTED", Premium, series::daily_adjusted),
    ("TIME_SERIES_WEEKLY", All, series::weekly),
    ("TIME_SERIES_WEEKLY_ADJUSTED", All, series::weekly_adjusted),
    ("TIME_SERIES_MONTHLY", All, series::monthly),
    ("TIME_SERIES_MONTHLY_ADJUSTED", All, series::monthly_adjusted),
    ("GLOBAL_QUOTE", All, quotes::global),
    // These two answer a key without the right with invented rows, not with a refusal.
    ("REALTIME_BULK_QUOTES", All, quotes::bulk),
    ("REALTIME_BULK_BID_ASK_PRICES", All, quotes::bid_ask),
    ("TOP_GAINERS_LOSERS", All, movers::top),
];

/// The answer, and whether it goes out as CSV.
pub fn run(world: &World, params: &Params, rights: Rights) -> Result<(Answer, bool)> {
    let name = params.get("function").unwrap_or_default();
    let found = FUNCTIONS.iter().find(|(known, ..)| *known == name);
    let Some((_, whom, run)) = found else {
        return Err(Refusal::UnknownFunction(name.to_owned()));
    };
    if *whom == Premium && rights.plan != Plan::Premium {
        return Err(Refusal::Premium);
    }
    let now = world.kit.clock().now();
    let call = Call { world, params, function: name, rights, now };
    let answer = run(&call)?;
    // Only what has two forms asks which; elsewhere `datatype` is not even looked at.
    let csv = if answer.is_csv(false) == answer.is_csv(true) {
        answer.is_csv(false)
    } else {
        call.wants_csv()?
    };
    Ok((answer, csv))
}
