//! {{Name}}'s words to ours. Pure functions; what does not fit is `Bad`, never a default.

use std::collections::BTreeMap;

use component::{Bad, OrBad};
use model::{AlternativeRecord, EventId, Head, InstrumentId};
use serde_json::value::RawValue;

use crate::wire;

/// Names the dataset, and is part of every id.
const VENDOR: &str = "{{name}}";

/// One record, or what is wrong with it.
pub fn record(raw: &RawValue) -> Result<AlternativeRecord, Bad> {
    let raw: wire::Record<'_> = http::decode(raw)?;
    let id = raw.id.to_string();
    let event_time = raw.time.parse().or_bad("time")?;
    let instrument = InstrumentId::listed(&raw.symbol, "US");
    let mentions = raw.mentions.read("mentions", model::quantity)?;
    Ok(AlternativeRecord {
        // The same record always has the same id, however often it is read.
        head: Head::new(EventId::of(&[VENDOR, "records", &id]), event_time),
        dataset: VENDOR.into(),
        subject: instrument.as_str().into(),
        record_id: id.as_str().into(),
        instrument: Some(instrument),
        values: BTreeMap::from([("mentions".into(), mentions)]),
        texts: BTreeMap::new(),
    })
}
