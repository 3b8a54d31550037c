//! Whether the market is open, and when it will not be.

use jiff::ToSpan as _;
use jiff::civil::Date;
use mockkit::market::{Session, session};
use mockkit::time;

use super::Ask;
use crate::bars::is_weekend;
use crate::json::{Json, map};
use crate::refusal::Result;

/// How far ahead holidays are told.
const AHEAD_DAYS: i64 = 365;

const INDEX_GROUPS: [&str; 10] = [
    "s_and_p",
    "societe_generale",
    "cgi",
    "msci",
    "ftse_russell",
    "mstar",
    "mstarc",
    "cccy",
    "nasdaq",
    "dow_jones",
];

/// What the exchanges do at a moment.
pub struct Phase {
    pub word: &'static str,
    pub is_early: bool,
    pub is_late: bool,
}

pub fn phase(now: i64) -> Phase {
    let of = |word, is_early, is_late| Phase { word, is_early, is_late };
    let Some(session) = session(time::new_york_date(now)) else {
        return of("closed", false, false);
    };
    if session.contains(now) {
        of("open", false, false)
    } else if (session.first()..session.open).contains(&now) {
        of("extended-hours", true, false)
    } else if (session.close..session.last()).contains(&now) {
        of("extended-hours", false, true)
    } else {
        of("closed", false, false)
    }
}

pub fn now(ask: &Ask) -> Result<Json> {
    let now = ask.core.kit.clock().now();
    let phase = phase(now);
    let word = || Json::from(phase.word);
    let always = || Json::from("open");
    let groups = INDEX_GROUPS.iter().map(|group| ((*group).into(), word())).collect();
    // Whole seconds, with the offset of New York.
    let server_time = time::new_york(now / time::SECOND * time::SECOND);
    Ok(map([
        ("market", word()),
        ("earlyHours", phase.is_early.into()),
        ("afterHours", phase.is_late.into()),
        ("serverTime", server_time.into()),
        ("exchanges", map([("nyse", word()), ("nasdaq", word()), ("otc", word())])),
        ("currencies", map([("fx", always()), ("crypto", always())])),
        ("indicesGroups", Json::Map(groups)),
    ]))
}

/// A bare list, without an envelope.
pub fn upcoming(ask: &Ask) -> Result<Json> {
    let today = time::new_york_date(ask.core.kit.clock().now());
    let mut rows = Vec::new();
    for ahead in 0..AHEAD_DAYS {
        let date = today.saturating_add(ahead.days());
        if is_weekend(date) {
            continue;
        }
        let session = session(date);
        if session.is_some_and(|session| !session.early_close) {
            continue;
        }
        for venue in ["NYSE", "NASDAQ"] {
            rows.push(holiday(date, session, venue));
        }
    }
    Ok(Json::List(rows))
}

fn holiday(date: Date, session: Option<Session>, venue: &str) -> Json {
    let row = map([
        ("exchange", venue.into()),
        ("name", name(date).into()),
        ("date", date.to_string().into()),
    ]);
    let Some(session) = session else { return row.with("status", "closed") };
    let clock = |ns: i64| time::utc(ns).replace('Z', ".000Z");
    row.with("status", "early-close")
        .with("open", clock(session.open))
        .with("close", clock(session.close))
}

fn name(date: Date) -> &'static str {
    match (date.month(), date.day()) {
        (1, 1..=3) | (12, 31) => "New Years Day",
        (1, _) => "Martin Luther King, Jr. Day",
        (2, _) => "Washington's Birthday",
        (3 | 4, _) => "Good Friday",
        (5, _) => "Memorial Day",
        (6, _) => "Juneteenth",
        (7, _) => "Independence Day",
        (9, _) => "Labor Day",
        (11, _) => "Thanksgiving",
        _ => "Christmas",
    }
}
