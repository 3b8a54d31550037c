//! Answers that have no event of their own: yields, prices of commodities, insiders.

use component::OrBad;
use http::{Ask as _, Row};
use jiff::civil::DateTime;
use model::{AlternativeRecord, Event, EventId, Text, Timestamp};

use super::{Frame, Mapped, at, identity, midnight};

/// Any row: every number by its name, and every text.
pub fn record(row: &Row, frame: &Frame<'_>) -> Mapped<Event> {
    row.cells.keys().next().or_bad("")?;
    let stamp = row.get(&["timestamp", "date"]);
    let event_time = match stamp {
        None => Timestamp(0),
        Some(text) if text.len() <= 10 => midnight(text.parse().or_bad("date")?),
        Some(text) => frame.time(row, text.parse::<DateTime>().or_bad("timestamp")?)?,
    };
    let mut whole = Row { cells: frame.table.meta.clone(), ..Row::default() };
    whole.cells.extend(row.cells.clone());
    let (values, mut texts) = whole.split(&[]);
    texts.insert("list".into(), row.list.as_str().into());
    // A date and its value are the same record whatever the value is.
    let contents = stamp.filter(|_| row.cells.len() <= 2).unwrap_or(&row.raw);
    let asked = frame.ask.query.iter().find(|(name, _)| name == "symbol");
    let symbol = row.get(&["symbol", "ticker"]).or(asked.map(|(_, symbol)| symbol.as_str()));
    let instrument = symbol.map(identity);
    let dataset = Text::from(frame.ask.function().to_lowercase());
    Ok(AlternativeRecord {
        head: at(event_time),
        subject: instrument.as_ref().map_or(dataset.clone(), |id| id.as_str().into()),
        dataset,
        record_id: Text::from(EventId::of(&[&frame.ask.key(), contents]).to_string()),
        instrument,
        values,
        texts,
    }
    .into())
}
