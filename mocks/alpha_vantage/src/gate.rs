//! What every request passes: key, limits, plan.

use std::time::Duration;

use axum::http::HeaderMap;
use mockkit::{Allowance, Kind};

use crate::World;
use crate::call::Rights;
use crate::demo;
use crate::params::Params;
use crate::refusal::{Refusal, Result};
use crate::settings::{Account, Freshness, Plan};

/// Where the market place for interfaces puts its key.
const RAPID_KEY: &str = "x-rapidapi-key";
/// Serves the documented examples, and only them.
const DEMO_KEY: &str = "demo";

/// Faults that come as an answer with status 200.
pub const NOTE: &str = "note";
pub const BURST: &str = "burst";
pub const DAILY_LIMIT: &str = "daily_limit";
pub const PREMIUM: &str = "premium";
pub const DEMO: &str = "demo";
pub const INVALID_KEY: &str = "invalid_key";
pub const INVALID_CALL: &str = "invalid_call";
pub const EMPTY: &str = "empty";
pub const FAULTS: &[&str] =
    &[NOTE, BURST, DAILY_LIMIT, PREMIUM, DEMO, INVALID_KEY, INVALID_CALL, EMPTY];

const WINDOWS: [(&str, Duration); 3] = [
    ("per second", Duration::from_secs(1)),
    ("per minute", Duration::from_secs(60)),
    ("per day", Duration::from_secs(86_400)),
];

/// What the caller may do, once key and limits have let the request pass.
pub fn pass(world: &World, headers: &HeaderMap, params: &Params) -> Result<Rights> {
    let header = headers.get(RAPID_KEY).and_then(|value| value.to_str().ok());
    let key = params.get("apikey").or(header).ok_or(Refusal::InvalidKey)?;
    if key == DEMO_KEY && !world.settings.accounts.iter().any(|account| account.key == key) {
        fault(world, key, params)?;
        return if demo::is_example(params) { Ok(DEMO_RIGHTS) } else { Err(Refusal::Demo) };
    }
    let found = world.settings.accounts.iter().find(|account| account.key == key);
    let account = match found {
        Some(account) => account.clone(),
        None if world.settings.loose_keys => unlimited(key),
        None => return Err(Refusal::InvalidKey),
    };
    fault(world, key, params)?;
    count(world, &account)?;
    Ok(Rights { plan: account.plan, entitlement: account.entitlement })
}

const DEMO_RIGHTS: Rights = Rights { plan: Plan::Premium, entitlement: Freshness::Realtime };

fn unlimited(key: &str) -> Account {
    Account {
        key: key.to_owned(),
        plan: Plan::Free,
        entitlement: Freshness::EndOfDay,
        requests_per_second: Some(0),
        requests_per_minute: Some(0),
        requests_per_day: Some(0),
    }
}

/// Counts the request in every window, so that an auditor sees the rates of unlimited keys too.
fn count(world: &World, account: &Account) -> Result<()> {
    let limits = account.limits();
    let meter = world.kit.limits();
    let [_, _, per_day] = limits;
    for (index, (name, window)) in WINDOWS.into_iter().enumerate() {
        let limit = limits[index];
        let allowance = Allowance { requests: limit.unwrap_or(u32::MAX), window };
        if meter.count(&format!("{} {name}", account.key), allowance).allowed {
            continue;
        }
        let limit = limit.unwrap_or(u32::MAX);
        return Err(match index {
            0 => Refusal::Burst { per_second: limit, per_day: per_day.unwrap_or(25) },
            1 => Refusal::Note { per_minute: limit, per_day },
            _ => Refusal::Daily { key: account.key.clone(), per_day: limit },
        });
    }
    Ok(())
}

/// A fault that someone has asked for.
fn fault(world: &World, key: &str, params: &Params) -> Result<()> {
    let kinds: Vec<Kind> = FAULTS.iter().map(|name| Kind::Vendor((*name).to_owned())).collect();
    let Some(hit) = world.kit.faults().take_stream("query", &kinds) else { return Ok(()) };
    let word = |name: &str| params.get(name).unwrap_or_default();
    let whom = format!("function={}&symbol={}", word("function"), word("symbol"));
    world.kit.note_fault("query", whom, &hit);
    let Kind::Vendor(name) = hit.kind else { return Ok(()) };
    Err(match name.as_str() {
        NOTE => Refusal::Note { per_minute: 5, per_day: None },
        BURST => Refusal::Burst { per_second: 1, per_day: 25 },
        DAILY_LIMIT => Refusal::Daily { key: key.to_owned(), per_day: 25 },
        PREMIUM => Refusal::Premium,
        DEMO => Refusal::Demo,
        INVALID_KEY => Refusal::InvalidKey,
        INVALID_CALL => Refusal::InvalidCall(params.get("function").unwrap_or_default().to_owned()),
        _ => Refusal::Empty,
    })
}
