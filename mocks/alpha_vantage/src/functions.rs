//! The functions by name.

use crate::World;
use crate::answer::Answer;
use crate::call::{Call, Rights};
use crate::companies::{
    calendar, earnings, events, funds, holders, news, overview, statements, transcripts,
};
use crate::currencies::{coins, pairs, rate};
use crate::directory::{listings, markets, search};
use crate::params::Params;
use crate::refusal::{Refusal, Result};
use crate::settings::Plan;
use crate::stocks::{movers, quotes, series};
use crate::{analytics, economy, indicators, indices, metals, options};

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
    ("SYMBOL_SEARCH", All, search::search),
    ("LISTING_STATUS", All, listings::listings),
    ("MARKET_STATUS", All, markets::market_status),
    ("INDEX_DATA", All, indices::data),
    ("INDEX_CATALOG", All, indices::catalog),
    ("OVERVIEW", All, overview::overview),
    ("ETF_PROFILE", All, funds::fund),
    ("COMPANY_LOGO", All, overview::logo),
    ("DIVIDENDS", All, events::dividends),
    ("SPLITS", All, events::splits),
    ("INCOME_STATEMENT", All, statements::income),
    ("BALANCE_SHEET", All, statements::balance_sheet),
    ("CASH_FLOW", All, statements::cash_flow),
    ("SHARES_OUTSTANDING", All, statements::shares_outstanding),
    ("EARNINGS", All, earnings::earnings),
    ("EARNINGS_ESTIMATES", All, earnings::estimates),
    ("EARNINGS_CALENDAR", All, calendar::earnings),
    ("IPO_CALENDAR", All, calendar::offerings),
    ("NEWS_SENTIMENT", All, news::news),
    ("EARNINGS_CALL_TRANSCRIPT", All, transcripts::transcript),
    ("INSIDER_TRANSACTIONS", All, holders::insiders),
    ("INSTITUTIONAL_HOLDINGS", All, holders::institutions),
    ("CURRENCY_EXCHANGE_RATE", All, rate::exchange_rate),
    ("FX_INTRADAY", All, pairs::fx_intraday),
    ("FX_DAILY", All, pairs::fx_daily),
    ("FX_WEEKLY", All, pairs::fx_weekly),
    ("FX_MONTHLY", All, pairs::fx_monthly),
    ("CRYPTO_INTRADAY", All, coins::crypto_intraday),
    ("DIGITAL_CURRENCY_DAILY", All, coins::digital_daily),
    ("DIGITAL_CURRENCY_WEEKLY", All, coins::digital_weekly),
    ("DIGITAL_CURRENCY_MONTHLY", All, coins::digital_monthly),
    ("GOLD_SILVER_SPOT", All, metals::spot),
    ("GOLD_SILVER_HISTORY", All, metals::history),
    ("ANALYTICS_FIXED_WINDOW", All, analytics::fixed),
    ("ANALYTICS_SLIDING_WINDOW", All, analytics::sliding),
    ("REALTIME_OPTIONS", All, options::realtime),
    ("REALTIME_OPTIONS_FMV", All, options::realtime),
    ("HISTORICAL_OPTIONS", All, options::historical),
];

fn find(name: &str) -> Option<(For, Run)> {
    let named = FUNCTIONS.iter().find(|(known, ..)| *known == name);
    if let Some((_, whom, run)) = named {
        return Some((*whom, *run));
    }
    if economy::names().any(|known| known == name) {
        return Some((All, economy::value));
    }
    indicators::names().any(|known| known == name).then_some((All, indicators::value))
}

/// The answer, and whether it goes out as CSV.
pub fn run(world: &World, params: &Params, rights: Rights) -> Result<(Answer, bool)> {
    let name = params.get("function").unwrap_or_default();
    let Some((whom, run)) = find(name) else {
        return Err(Refusal::UnknownFunction(name.to_owned()));
    };
    if whom == Premium && rights.plan != Plan::Premium {
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
