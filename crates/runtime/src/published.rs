//! What a source left on its topics: where it stopped, and which records it must not repeat.

use std::collections::{BTreeMap, BTreeSet};

use component::{Host, LIVE_MEMORY, nanos};
use kafka::Message;
use model::{Checkpoint, Event, EventId, Gap, GapStatus, Text, Timestamp};

use crate::{Error, Recent, Wiring};

/// Records of a partition that are looked through for them at most, when others publish to the
/// same topic: about a second's reading.
const EXACT_SPAN: i64 = 500_000;

/// The last checkpoint of a component.
pub fn last_checkpoint(wiring: &Wiring, instance: &str) -> Result<Option<Checkpoint>, Error> {
    let topic = wiring.names.topic("ops.checkpoints");
    let mut last = None;
    wiring.cluster.reader()?.read_all(&topic, |message| {
        if message.key() == Some(instance.as_bytes()) {
            last = Some(message);
        }
    })?;
    match last.map(|message| wiring.read(&message)).transpose()? {
        Some(Event::Checkpoint(checkpoint)) => Ok(Some(*checkpoint)),
        _ => Ok(None),
    }
}

/// The last records of this system on each topic of the source, however many others there are
/// between them. Transactions that are open are waited for: ours may lie behind them.
pub fn recent_last(
    host: &Host,
    wiring: &Wiring,
    publishes: &[&str],
    window: usize,
) -> Result<Recent, Error> {
    let mut recent = Recent::new(window);
    let reader = wiring.cluster.reader()?;
    for topic in topics(wiring, publishes) {
        let partitions = reader.partitions(&topic)?;
        let wanted = window / partitions.len().max(1);
        for partition in partitions {
            let mut span = wanted as i64;
            let ours = loop {
                let (start, end) = reader.watermarks(&topic, partition)?;
                let from = end.saturating_sub(span).max(start);
                let mut ours = Vec::new();
                reader.read_partition(&topic, partition, from, |message| {
                    ours.extend(id_of_ours(host, &message));
                })?;
                if ours.len() >= wanted || from == start || span >= EXACT_SPAN {
                    break ours;
                }
                span = (span * 5).min(EXACT_SPAN);
            };
            for id in ours {
                recent.insert(id);
            }
        }
    }
    Ok(recent)
}

/// What this system published since a little before a checkpoint.
pub fn recent_since(
    host: &Host,
    wiring: &Wiring,
    publishes: &[&str],
    window: usize,
    checkpoint: Timestamp,
) -> Result<Recent, Error> {
    let mut recent = Recent::new(window);
    let (reader, admin) = (wiring.cluster.reader()?, wiring.cluster.admin()?);
    let since = checkpoint.plus_nanos(-nanos(LIVE_MEMORY)).millis().max(0);
    for topic in topics(wiring, publishes) {
        for (partition, from) in admin.offsets_at_time(&topic, since)? {
            reader.read_partition(&topic, partition, from, |message| {
                if let Some(id) = id_of_ours(host, &message) {
                    recent.insert(id);
                }
            })?;
        }
    }
    Ok(recent)
}

/// Gaps that a component opened since a little before a checkpoint, and has not closed.
pub fn open_gaps(
    wiring: &Wiring,
    instance: &str,
    checkpoint: Timestamp,
) -> Result<BTreeMap<Text, Gap>, Error> {
    let (reader, admin) = (wiring.cluster.reader()?, wiring.cluster.admin()?);
    let topic = wiring.names.topic("market.gaps");
    let since = checkpoint.plus_nanos(-nanos(LIVE_MEMORY)).millis().max(0);
    let (mut open, mut odd) = (BTreeMap::new(), None);
    for (partition, from) in admin.offsets_at_time(&topic, since)? {
        reader.read_partition(&topic, partition, from, |message| match wiring.read(&message) {
            Ok(Event::Gap(gap)) if gap.component.as_str() == instance => {
                if gap.status == GapStatus::Opened {
                    open.insert(gap.gap_id.clone(), *gap);
                } else {
                    open.remove(&gap.gap_id);
                }
            }
            Ok(_) => {}
            Err(error) => odd = Some(error),
        })?;
    }
    odd.map_or(Ok(open), Err)
}

/// Where a source leaves records that a vendor may repeat.
fn topics(wiring: &Wiring, publishes: &[&str]) -> Vec<String> {
    let bases = publishes.iter().chain(&["market.gaps", "dead.letters"]);
    let bases: BTreeSet<&str> = bases.copied().collect();
    bases.into_iter().map(|base| wiring.names.topic(base)).collect()
}

fn id_of_ours(host: &Host, message: &Message) -> Option<EventId> {
    if message.header("ce_source") != Some(host.system.as_bytes()) {
        return None;
    }
    std::str::from_utf8(message.header("ce_id")?).ok()?.parse().ok()
}
