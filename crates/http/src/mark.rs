//! What is new of an answer, for vendors whose records have neither ids nor numbers. Pure.

use std::collections::BTreeSet;

use component::{Bad, Item};
use model::{Date, Event, EventId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Letters of an event id that tell rows apart: one in a billion tables has two alike.
const SHORT: usize = 10;

/// How the rows of an answer relate to those of the answer before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Rows follow each other in time; only the newest two can still change.
    Series,
    /// The same, but an adjustment rewrites all of it, which the second newest row tells.
    Adjusted,
    /// Any row can change at any time.
    Table,
}

/// The rows of an answer.
#[derive(Debug)]
pub struct Rows {
    /// Each as it came, and what became of it. An event whose time is zero is one of when it was
    /// read.
    pub found: Vec<(String, Result<Event, Bad>)>,
    /// How they relate to those of the answer before.
    pub shape: Shape,
    /// Whether the answer was only the newest part of a series.
    pub is_partial: bool,
    /// Whether it was as long as it can be, so that there is more after it.
    pub is_full: bool,
}

/// Where one request stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// When it was last made.
    pub at: Timestamp,
    /// Whether there is more to read at once.
    pub is_behind: bool,
    /// The month to ask for, of those that are asked for one by one.
    pub month: Option<Date>,
    /// Everything before this is published for good.
    pub from: Timestamp,
    /// Short ids of what was read from then on, one after the other.
    seen: String,
    /// How often a table has changed: a row that comes back is another fact than its first time.
    changes: u64,
}

/// A row with its time in a series and the id of its contents.
struct Known {
    raw: String,
    event: Result<Event, Bad>,
    time: Option<Timestamp>,
    id: EventId,
}

impl Mark {
    /// Takes an answer in and gives what is new of it, oldest first.
    pub fn take(&mut self, vendor: &str, rows: Rows, now: Timestamp) -> Vec<Item> {
        let (shape, since) = (rows.shape, self.from);
        let known = known(vendor, shape, rows.found);
        self.is_behind = false;
        if shape == Shape::Adjusted && self.is_rewritten(&known) {
            (self.from, self.seen) = (Timestamp(0), String::new());
            self.is_behind = rows.is_partial;
            if rows.is_partial {
                return Vec::new(); // the whole of it is asked for next
            }
        }
        let seen = self.seen();
        let is_new = |row: &Known| {
            row.time.is_none_or(|time| time >= self.from) && !seen.contains(&short(row.id))
        };
        let are_new: Vec<bool> = known.iter().map(is_new).collect();
        let has_changed = shape == Shape::Table && !seen.is_empty() && are_new.contains(&true);
        self.changes += u64::from(has_changed);
        self.remember(shape, &known);
        self.is_behind = rows.is_full && self.from > since;
        let items = known.into_iter().zip(are_new).filter(|(_, is_new)| *is_new);
        items.map(|(row, _)| self.item(row, now)).collect()
    }

    fn seen(&self) -> BTreeSet<String> {
        let letters = self.seen.as_bytes().chunks(SHORT);
        letters.map(|id| String::from_utf8_lossy(id).into_owned()).collect()
    }

    /// Whether the second newest row, which was final, is another one now.
    fn is_rewritten(&self, rows: &[Known]) -> bool {
        let seen = self.seen();
        let mut then = rows.iter().filter(|row| row.time == Some(self.from) && self.from.0 > 0);
        then.any(|row| !seen.contains(&short(row.id)))
    }

    fn remember(&mut self, shape: Shape, rows: &[Known]) {
        if shape != Shape::Table {
            let times: BTreeSet<Timestamp> = rows.iter().filter_map(|row| row.time).collect();
            let mut newest = times.iter().rev().copied();
            let last = newest.next();
            self.from = self.from.max(newest.next().or(last).unwrap_or_default());
        }
        let still = rows.iter().filter(|row| row.time.is_none_or(|time| time >= self.from));
        let ids: BTreeSet<String> = still.map(|row| short(row.id)).collect();
        if !ids.is_empty() {
            self.seen = ids.into_iter().collect();
        }
    }

    fn item(&self, row: Known, now: Timestamp) -> Item {
        match row.event {
            Ok(mut event) => {
                let head = event.head_mut();
                head.event_id = match self.changes {
                    0 => row.id,
                    changes => EventId::of(&[&row.id.to_string(), &changes.to_string()]),
                };
                if head.event_time.0 == 0 {
                    head.event_time = now;
                }
                Item::Event(event)
            }
            Err(bad) => Item::Bad { raw: row.raw.into_bytes(), bad },
        }
    }
}

fn short(id: EventId) -> String {
    id.to_string()[..SHORT].to_owned()
}

/// Rows in the order of time, those of a series with what follows from their neighbours: a bar
/// is final once there is one after it.
fn known(vendor: &str, shape: Shape, found: Vec<(String, Result<Event, Bad>)>) -> Vec<Known> {
    let mut rows: Vec<Known> = Vec::with_capacity(found.len());
    for (raw, event) in found {
        let time = event.as_ref().ok().map(|event| event.head().event_time);
        let time = time.filter(|_| shape != Shape::Table);
        rows.push(Known { raw, event, time, id: EventId::default() });
    }
    rows.sort_by_key(|row| row.time);
    let newest = rows.last().and_then(|row| row.time);
    for row in &mut rows {
        if let Ok(Event::Bar(bar)) = &mut row.event
            && row.time.is_some()
        {
            bar.is_final |= row.time < newest;
        }
        row.id = contents(vendor, row);
    }
    rows
}

/// The id of what a row says, whichever format it came in.
fn contents(vendor: &str, row: &Known) -> EventId {
    let Ok(event) = &row.event else { return EventId::of(&[&row.raw]) };
    let mut fields = serde_json::to_value(event).unwrap_or_default();
    if let Value::Object(fields) = &mut fields {
        // A field that a later version of the event has is null for this one.
        fields.retain(|_, value| !value.is_null());
    }
    EventId::of(&[vendor, event.info().name, &fields.to_string()])
}
