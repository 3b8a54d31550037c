//! A model of Kafka as its clients see it: partitions, transactions, owners that fence each other.
//!
//! A commit is whole or nothing. Its records become visible in one partition after the other,
//! because the markers that end a transaction travel on their own; a reader stops at the first
//! record that is not visible yet, and a new owner waits until everything of the old one is.

use std::collections::BTreeMap;
use std::rc::Rc;

use model::{Event, Text};

/// Partitions of every topic.
pub(crate) const PARTITIONS: usize = 2;

/// A partition of a topic.
pub(crate) type Partition = (&'static str, usize);

/// One record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) event: Rc<Event>,
    /// The step of the run in which it was committed.
    pub(crate) step: u64,
    is_visible: bool,
}

/// Who may commit under a name: the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) name: Rc<str>,
    epoch: u64,
}

/// Somebody else owns the name by now.
#[derive(Debug)]
pub(crate) struct Fenced;

/// What becomes visible together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) events: Vec<Event>,
    /// States of a processor, as saved: processor, partition, key.
    pub(crate) states: Vec<(&'static str, usize, Text, String)>,
    pub(crate) offsets: BTreeMap<Partition, usize>,
    pub(crate) cursor: Option<String>,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    partitions: BTreeMap<Partition, Vec<Record>>,
    offsets: BTreeMap<(Rc<str>, Partition), usize>,
    states: BTreeMap<(&'static str, usize), BTreeMap<Text, String>>,
    cursors: BTreeMap<Rc<str>, String>,
    owners: BTreeMap<Rc<str>, u64>,
    /// Records that wait for the end of their transaction to be marked.
    unmarked: Vec<(Rc<str>, Partition, usize)>,
    /// The step that the run is at.
    pub(crate) step: u64,
    /// Whether former owners are let through, which is a mistake.
    pub(crate) is_open_to_all: bool,
}

impl Log {
    /// Takes a name over. Whatever the former owner committed is visible afterwards.
    pub(crate) fn own(&mut self, name: &str) -> Owner {
        let name: Rc<str> = name.into();
        let epoch = self.owners.entry(name.clone()).or_default();
        *epoch += 1;
        let owner = Owner { name, epoch: *epoch };
        self.mark(|(writer, _, _)| *writer == owner.name);
        owner
    }

    /// Commits a transaction. With `is_slow` its records become visible later.
    pub(crate) fn commit(
        &mut self,
        owner: &Owner,
        transaction: Transaction,
        is_slow: bool,
    ) -> Result<(), Fenced> {
        if self.owners.get(&owner.name) != Some(&owner.epoch) && !self.is_open_to_all {
            return Err(Fenced);
        }
        for event in transaction.events {
            let partition = partition_of(&event);
            let offset = self.append(event, !is_slow);
            if is_slow {
                self.unmarked.push((owner.name.clone(), partition, offset));
            }
        }
        for (processor, partition, key, state) in transaction.states {
            self.states.entry((processor, partition)).or_default().insert(key, state);
        }
        for (partition, next) in transaction.offsets {
            self.offsets.insert((owner.name.clone(), partition), next);
        }
        if let Some(cursor) = transaction.cursor {
            self.cursors.insert(owner.name.clone(), cursor);
        }
        Ok(())
    }

    /// A record of somebody outside: a user, the market.
    pub(crate) fn append(&mut self, event: Event, is_visible: bool) -> usize {
        let records = self.partitions.entry(partition_of(&event)).or_default();
        records.push(Record { event: Rc::new(event), step: self.step, is_visible });
        records.len() - 1
    }

    /// Partitions with records that wait for their mark.
    pub(crate) fn waiting(&self) -> usize {
        self.unmarked.len()
    }

    /// Marks one of those partitions as far as one transaction goes.
    pub(crate) fn mark_one(&mut self, which: usize) {
        let Some((owner, partition, _)) = self.unmarked.get(which).cloned() else { return };
        self.mark(|(writer, other, _)| (writer, other) == (&owner, &partition));
    }

    /// Marks everything of some partitions, as whoever reads them to the end waits for.
    pub(crate) fn mark_topics(&mut self, topics: &[&str]) {
        self.mark(|(_, (topic, _), _)| topics.contains(topic));
    }

    fn mark(&mut self, is_meant: impl Fn(&(Rc<str>, Partition, usize)) -> bool) {
        let (meant, others) = std::mem::take(&mut self.unmarked).into_iter().partition(is_meant);
        self.unmarked = others;
        let meant: Vec<(Rc<str>, Partition, usize)> = meant;
        for (_, partition, offset) in meant {
            if let Some(records) = self.partitions.get_mut(&partition) {
                records[offset].is_visible = true;
            }
        }
    }

    /// Records from an offset on, as far as they are visible.
    pub(crate) fn read(&self, partition: Partition, from: usize, most: usize) -> Vec<Rc<Event>> {
        let Some(records) = self.partitions.get(&partition) else { return Vec::new() };
        let visible = records.iter().skip(from).take_while(|record| record.is_visible);
        visible.take(most).map(|record| record.event.clone()).collect()
    }

    /// Everything that was ever committed to a topic, in the order of each partition.
    pub(crate) fn all(&self, topic: &'static str) -> impl Iterator<Item = &Record> {
        (0..PARTITIONS)
            .flat_map(move |number| self.partitions.get(&(topic, number)).into_iter().flatten())
    }

    /// Where the owner of a name goes on reading.
    pub(crate) fn offset(&self, owner: &Owner, partition: Partition) -> usize {
        self.offsets.get(&(owner.name.clone(), partition)).copied().unwrap_or_default()
    }

    /// The cursor that the owner of a name saved last.
    pub(crate) fn cursor(&self, owner: &Owner) -> Option<&str> {
        self.cursors.get(&owner.name).map(String::as_str)
    }

    /// The saved states of a processor.
    pub(crate) fn states(
        &self,
        processor: &'static str,
        partition: usize,
    ) -> impl Iterator<Item = (&Text, &String)> {
        self.states.get(&(processor, partition)).into_iter().flatten()
    }
}

/// The partition that an event lies in.
pub(crate) fn partition_of(event: &Event) -> Partition {
    let key = event.key().0;
    let sum: usize = key.bytes().map(usize::from).sum();
    (event.info().topic, sum % PARTITIONS)
}
