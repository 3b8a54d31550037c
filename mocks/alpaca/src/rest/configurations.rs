use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;

use super::query::body;
use crate::core::Shared;
use crate::engine::Configuration;
use crate::gate::Caller;
use crate::refusal::{Refusal, Result};
use crate::wire;

/// Fields to change; those that are missing or null stay.
#[derive(Deserialize)]
struct Change {
    dtbp_check: Option<String>,
    fractional_trading: Option<bool>,
    max_margin_multiplier: Option<String>,
    max_options_trading_level: Option<u8>,
    no_shorting: Option<bool>,
    pdt_check: Option<String>,
    ptp_no_exception_entry: Option<bool>,
    disable_overnight_trading: Option<bool>,
    suspend_trade: Option<bool>,
    trade_confirm_email: Option<String>,
}

pub async fn read(State(core): State<Shared>, Caller(account): Caller) -> Json<Value> {
    Json(wire::configuration(&core.state().books[account]))
}

pub async fn change(
    State(core): State<Shared>,
    Caller(account): Caller,
    bytes: Bytes,
) -> Result<Json<Value>> {
    let change: Change = body(&bytes)?;
    let mut state = core.state();
    let book = &mut state.books[account];
    book.configuration = apply(&book.configuration, change)?;
    Ok(Json(wire::configuration(book)))
}

fn apply(old: &Configuration, change: Change) -> Result<Configuration> {
    Ok(Configuration {
        dtbp_check: word(
            "dtbp_check",
            change.dtbp_check,
            &old.dtbp_check,
            &["both", "entry", "exit"],
        )?,
        pdt_check: word("pdt_check", change.pdt_check, &old.pdt_check, &["both", "entry", "exit"])?,
        max_margin_multiplier: word(
            "max_margin_multiplier",
            change.max_margin_multiplier,
            &old.max_margin_multiplier,
            &["1", "2", "4"],
        )?,
        trade_confirm_email: word(
            "trade_confirm_email",
            change.trade_confirm_email,
            &old.trade_confirm_email,
            &["all", "none"],
        )?,
        max_options_trading_level: match change.max_options_trading_level {
            Some(level) if level > 3 => {
                return Err(Refusal::invalid(format!("invalid max_options_trading_level {level}")));
            }
            level => level.unwrap_or(old.max_options_trading_level),
        },
        fractional_trading: change.fractional_trading.unwrap_or(old.fractional_trading),
        no_shorting: change.no_shorting.unwrap_or(old.no_shorting),
        ptp_no_exception_entry: change.ptp_no_exception_entry.unwrap_or(old.ptp_no_exception_entry),
        disable_overnight_trading: change
            .disable_overnight_trading
            .unwrap_or(old.disable_overnight_trading),
        suspend_trade: change.suspend_trade.unwrap_or(old.suspend_trade),
    })
}

fn word(name: &str, new: Option<String>, old: &str, known: &[&str]) -> Result<String> {
    match new {
        None => Ok(old.to_owned()),
        Some(word) if known.contains(&word.as_str()) => Ok(word),
        Some(word) => Err(Refusal::invalid(format!("invalid {name} {word:?}"))),
    }
}
