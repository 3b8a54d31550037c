//! Dividends, splits, mergers and all other corporate actions.

use std::collections::BTreeMap;

use component::{Bad, Result};
use http::{List, Listed, Lists, Request, Row, Taken, decode};
use model::{Date, Timestamp};
use serde_json::value::RawValue;

use crate::map;
use crate::settings::{self, System};

/// Days before the last poll that are read again: actions may change on the day they are
/// processed.
const OVERLAP_DAYS: u64 = 3;

/// Corporate actions by the day that Alpaca processes them.
pub type CorporateActions = Lists<Actions>;

pub struct Actions;

impl Listed for Actions {
    const NAME: &'static str = "alpaca_corporate_actions";
    const PUBLISHES: &'static [&'static str] = &["reference.corporate_actions"];
    type System = System;
    type Settings = settings::CorporateActions;

    fn lists(_: &System, settings: settings::CorporateActions) -> Result<(Vec<List>, u64)> {
        let symbols = settings.symbols.join(",");
        let (lookback, ahead) = (settings.lookback_days.0, settings.ahead_days.0);
        let first = move |last: Option<Timestamp>, now: Timestamp| {
            let start =
                last.map_or(day(now, -days(lookback)), |last| day(last, -days(OVERLAP_DAYS)));
            let (start, end) = (start.to_string(), day(now, days(ahead)).to_string());
            Request::get("/v1/corporate-actions")
                .query(&[("start", &start), ("end", &end), ("sort", "asc"), ("limit", "1000")])
                .maybe("symbols", Some(&symbols))
        };
        Ok((vec![List::growing("", first, actions).since_poll()], settings.poll_secs.0))
    }
}

/// The actions of a page that are not known with these contents.
fn actions(page: &RawValue, taken: &mut Taken<'_>) -> Result<(), Bad> {
    let groups: BTreeMap<String, Option<Vec<&RawValue>>> = decode(page)?;
    for (group, list) in &groups {
        for raw in list.iter().flatten() {
            let action = map::corporate_action(group, Row::of(raw)).map(|action| {
                // The day comes first, so that days that are done can be forgotten.
                let day = action.process_date.map_or("undated".into(), |day| day.to_string());
                let key = format!("{day} {}", action.action_id);
                taken.known.note(&key, action.head.event_id).map(|_| action.into())
            });
            taken.part(raw, action);
        }
    }
    let read_again = day(taken.now, -days(OVERLAP_DAYS)).to_string();
    taken.known.drop_others(|key| key >= read_again.as_str());
    Ok(())
}

fn days(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 2)
}

fn day(time: Timestamp, later: i32) -> Date {
    Date(time.date().0.saturating_add(later))
}
