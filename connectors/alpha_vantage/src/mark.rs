//! Where a request stands, and so what of an answer is new. Pure.

use std::collections::BTreeSet;

use component::{Bad, Item};
use model::{Date, Event, EventId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ask::{Ask, MAX_ARTICLES, Shape, next_month};
use crate::map::Frame;
use crate::wire;

/// Letters of an event id that tell rows apart: one in a billion tables has two alike.
const SHORT: usize = 10;

/// Where one request stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// When it was last made.
    pub(crate) at: Timestamp,
    /// Whether there is more to read at once.
    pub(crate) is_behind: bool,
    /// The month to ask for.
    pub(crate) month: Option<Date>,
    /// Everything before this is published for good.
    pub(crate) from: Timestamp,
    /// Short ids of what was read from then on, one after the other.
    seen: String,
    /// How often a table has changed: a row that comes back is another fact than its first time.
    changes: u64,
}

/// A row, what became of it, its time in a series, and the id of its contents.
struct Found<'a> {
    raw: &'a str,
    event: Result<Event, Bad>,
    time: Option<Timestamp>,
    id: EventId,
}

impl Mark {
    /// Reads an answer and gives what is new of it, oldest first.
    pub fn read(
        &mut self,
        ask: &Ask,
        body: &[u8],
        system: &str,
        now: Timestamp,
    ) -> Result<Vec<Item>, String> {
        let table = wire::read(body, ask.shape == Shape::Flat)?;
        let frame = Frame { ask, table: &table, system, now };
        let (count, since) = (table.rows.len(), self.from);
        let rows = found(&frame);
        if ask.shape == Shape::Adjusted && self.is_rewritten(&rows) {
            (self.from, self.seen) = (Timestamp(0), String::new());
            self.is_behind = ask.compact_secs.is_some();
            if self.is_behind {
                return Ok(Vec::new()); // the whole of it is asked for next
            }
        }
        let seen = self.seen();
        let is_new = |row: &Found<'_>| {
            row.time.is_none_or(|time| time >= self.from) && !seen.contains(&short(row.id))
        };
        let are_new: Vec<bool> = rows.iter().map(is_new).collect();
        let is_table = matches!(ask.shape, Shape::Table | Shape::Flat);
        let has_changed = is_table && !seen.is_empty() && are_new.contains(&true);
        self.changes += u64::from(has_changed);
        self.remember(is_table, &rows);
        if let Some(start) = ask.news {
            let is_oldest_first = start.is_some() || since.0 > 0;
            self.is_behind = is_oldest_first && count >= MAX_ARTICLES && self.from > since;
        }
        let items = rows.into_iter().zip(are_new).filter(|(_, is_new)| *is_new);
        Ok(items.map(|(row, _)| self.item(row, now)).collect())
    }

    /// Goes on with the next month, if there is one.
    pub(crate) fn turn(&mut self, ask: &Ask, now: Timestamp) {
        let Some((start, _)) = ask.months else { return };
        let month = self.month.unwrap_or(start);
        self.is_behind = month < ask.last_month(now);
        self.month = Some(if self.is_behind { next_month(month) } else { month });
    }

    fn seen(&self) -> BTreeSet<String> {
        let letters = self.seen.as_bytes().chunks(SHORT);
        letters.map(|id| String::from_utf8_lossy(id).into_owned()).collect()
    }

    /// Whether the second newest row, which was final, is another one now.
    fn is_rewritten(&self, rows: &[Found<'_>]) -> bool {
        let seen = self.seen();
        let then = rows.iter().filter(|row| row.time == Some(self.from) && self.from.0 > 0);
        then.into_iter().any(|row| !seen.contains(&short(row.id)))
    }

    fn remember(&mut self, is_table: bool, rows: &[Found<'_>]) {
        if rows.is_empty() {
            return;
        }
        if !is_table {
            let times: BTreeSet<Timestamp> = rows.iter().filter_map(|row| row.time).collect();
            let newest = times.iter().rev();
            let second = newest.clone().nth(1).or(newest.clone().next());
            self.from = self.from.max(second.copied().unwrap_or_default());
        }
        let still = rows.iter().filter(|row| row.time.is_none_or(|time| time >= self.from));
        let ids: BTreeSet<String> = still.map(|row| short(row.id)).collect();
        if !ids.is_empty() {
            self.seen = ids.into_iter().collect();
        }
    }

    fn item(&self, row: Found<'_>, now: Timestamp) -> Item {
        match row.event {
            Ok(mut event) => {
                let head = event.head_mut();
                let changes = self.changes.to_string();
                head.event_id = match self.changes {
                    0 => row.id,
                    _ => EventId::of(&[&row.id.to_string(), &changes]),
                };
                if head.event_time.0 == 0 {
                    head.event_time = now;
                }
                Item::Event(event)
            }
            Err(bad) => Item::Bad { raw: row.raw.as_bytes().to_vec(), bad },
        }
    }
}

fn short(id: EventId) -> String {
    id.to_string()[..SHORT].to_owned()
}

/// Rows in the order of time, those of a series with what follows from their neighbours.
fn found<'a>(frame: &Frame<'a>) -> Vec<Found<'a>> {
    let is_series = matches!(frame.ask.shape, Shape::Series | Shape::Adjusted);
    let mut rows: Vec<Found<'a>> = Vec::with_capacity(frame.table.rows.len());
    for row in &frame.table.rows {
        let event = (frame.ask.map)(row, frame).map_err(|bad| frame.ask.about(bad));
        let time = event.as_ref().ok().map(|event| event.head().event_time);
        let time = time.filter(|_| is_series);
        rows.push(Found { raw: &row.raw, event, time, id: EventId::default() });
    }
    rows.sort_by_key(|row| row.time);
    let newest = rows.last().and_then(|row| row.time);
    for row in &mut rows {
        if let Ok(Event::Bar(bar)) = &mut row.event
            && row.time.is_some()
        {
            bar.is_final |= row.time < newest;
        }
        row.id = contents(row);
    }
    rows
}

/// The id of what a row says, whichever format it came in.
fn contents(row: &Found<'_>) -> EventId {
    let Ok(event) = &row.event else { return EventId::of(&[row.raw]) };
    let mut fields = serde_json::to_value(event).unwrap_or_default();
    if let Value::Object(fields) = &mut fields {
        // A field that a later version of the event has is null for this one.
        fields.retain(|_, value| !value.is_null());
    }
    EventId::of(&["alpha_vantage", event.info().name, &fields.to_string()])
}
