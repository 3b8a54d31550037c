//! Answers that have no event of their own: yields, prices of commodities, insiders.

use std::collections::BTreeMap;

use component::OrBad;
use jiff::civil::DateTime;
use model::{AlternativeRecord, Event, EventId, Head, Text, Timestamp};

use super::{Frame, Mapped, identity, midnight};
use crate::wire::Row;

/// Any row: every number by its name, and every text.
pub fn record(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    let dataset = Text::from(frame.ask.function().to_lowercase());
    let symbol = row.get(&["symbol", "ticker"]).or_else(|| {
        frame.ask.query.iter().find(|(name, _)| name == "symbol").map(|(_, text)| text.as_str())
    });
    let stamp = row.get(&["timestamp", "date", "transaction_date"]);
    let event_time = match stamp {
        None => Timestamp(0),
        Some(text) if text.len() <= 10 => midnight(text.parse().or_bad("date")?),
        Some(text) => frame.time(row, text.parse::<DateTime>().or_bad("timestamp")?)?,
    };
    let (mut values, mut texts) = (BTreeMap::new(), BTreeMap::new());
    let beside = frame.table.meta.iter().filter(|(name, _)| !row.cells.contains_key(*name));
    for (name, text) in row.cells.iter().chain(beside) {
        match model::money(text) {
            Ok(value) => drop(values.insert(Text::from(name), value.normalize())),
            Err(_) => drop(texts.insert(Text::from(name), Text::from(text))),
        }
    }
    if !row.list.is_empty() {
        texts.insert("list".into(), row.list.as_str().into());
    }
    row.cells.keys().next().or_bad("")?;
    // A date and its value are the same record whatever the value is.
    let contents = stamp.filter(|_| row.cells.len() <= 2).unwrap_or(&row.raw);
    let instrument = symbol.map(identity);
    Ok(AlternativeRecord {
        head: Head { event_time, ..Head::default() },
        subject: instrument.as_ref().map_or(dataset.clone(), |id| id.as_str().into()),
        dataset,
        record_id: Text::from(EventId::of(&[&frame.ask.key(), contents]).to_string()),
        instrument,
        values,
        texts,
    }
    .into())
}
