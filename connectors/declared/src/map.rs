//! Pure functions from an item to an event.

use component::{Bad, OrBad, Row};
use http::Json;
use model::{Event, EventId, Timestamp};

use crate::plan::Plan;

/// What an item that stands below a name calls it.
const KEY: &str = "$key";

/// An item, and the name below which it stands.
pub(crate) struct Item<'a> {
    pub json: &'a Json,
    pub key: Option<&'a str>,
}

impl Row for Item<'_> {
    fn texts(&self, path: &str) -> Result<Vec<&str>, Bad> {
        match path {
            KEY => Ok(self.key.into_iter().collect()),
            path => self.json.texts(path),
        }
    }

    fn leaves(&self) -> Vec<(String, String)> {
        let mut leaves = Row::leaves(self.json);
        leaves.extend(self.key.map(|key| ("key".to_owned(), key.to_owned())));
        leaves
    }
}

/// What an item becomes, and what it is known by from poll to poll.
pub(crate) fn event(
    plan: &Plan,
    item: &Item<'_>,
    system: &str,
    now: Timestamp,
) -> Result<(Event, EventId), Bad> {
    let id = id(plan, item)?;
    let mut event = plan.mapping.event(item, &id, &plan.name)?;
    let contents = serde_json::to_string(&event).or_bad("")?;
    let scope = ["declared", system, &plan.name, plan.mapping.kind.name];
    let of = |part: &str| EventId::of(&[&scope[..], &[part]].concat());
    event.head_mut().event_id = of(&contents);
    if !plan.mapping.is_timed() {
        event.head_mut().event_time = now;
    }
    if let Event::AlternativeRecord(record) = &mut event
        && record.record_id.is_empty()
    {
        record.record_id = record.head.event_id.to_string().into();
    }
    let known_by = if id.is_empty() { event.head().event_id } else { of(&id) };
    Ok((event, known_by))
}

/// The item's id by the fields that make it; nothing if none do.
fn id(plan: &Plan, item: &Item<'_>) -> Result<String, Bad> {
    let mut parts = Vec::new();
    for path in &plan.settings.id {
        parts.push(item.text(path)?.or_bad(path)?);
    }
    Ok(parts.join("|"))
}
