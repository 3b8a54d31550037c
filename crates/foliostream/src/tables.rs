//! Compacted topics as tables: the last record of each key.

use std::collections::BTreeMap;

use anyhow::Result;
use model::Event;
use runtime::Wiring;
use tokio::task::block_in_place;

/// The last record of each key of a topic. Unreadable records are left out.
pub fn latest(wiring: &Wiring, base: &str) -> Result<BTreeMap<String, Event>> {
    block_in_place(|| {
        let mut last = BTreeMap::new();
        wiring.cluster.reader()?.read_all(&wiring.names.topic(base), |message| {
            let key = String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
            last.insert(key, message);
        })?;
        last.retain(|_, message| message.payload().is_some());
        let read = last.iter().filter_map(|(key, m)| Some((key.clone(), wiring.read(m).ok()?)));
        Ok(read.collect())
    })
}

/// How many records can be read from a topic.
pub fn count(wiring: &Wiring, base: &str) -> Result<u64> {
    let topic = wiring.names.topic(base);
    Ok(block_in_place(|| wiring.cluster.reader()?.read_all(&topic, drop))?)
}

/// A number for people: empty when there is none.
pub fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
