//! Reads topics for ever, without a group.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;

use crate::cluster::{QueryClient, create};
use crate::context::Context;
use crate::group::whole_millis;
use crate::query::{self, Edge};
use crate::reader::hear;
use crate::{Error, Message, Reader, Result};

/// Where to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// The oldest record there is.
    Start,
    /// Only what comes after this call.
    End,
    /// The first record of this time or later, in milliseconds since the epoch.
    Time(i64),
    /// The last so many records of each partition.
    Last(usize),
    /// These offsets; partitions that are not named start at their oldest record.
    Offsets(Vec<(Arc<str>, i32, i64)>),
}

/// Reads the partitions that its topics had when it started. Only committed records are seen.
pub struct Follow {
    consumer: QueryClient,
    topics: Vec<Arc<str>>,
    starts: Vec<(Arc<str>, i32, i64)>,
}

impl Follow {
    pub(crate) fn new(reader: &Reader, topics: &[&str], from: From) -> Result<Self> {
        let attempted = format!("follow {topics:?}");
        if topics.is_empty() {
            return Err(Error::other(attempted, "there is no topic to follow"));
        }
        let topics: Vec<Arc<str>> = topics.iter().map(|name| Arc::from(*name)).collect();
        let mut partitions = Vec::new();
        for topic in &topics {
            let ids = reader.partitions(topic)?;
            partitions.extend(ids.into_iter().map(|id| (topic.clone(), id)));
        }
        let settings = reader.cluster().settings();
        let context = Context::new(settings, ());
        let consumer = create(&settings.for_follower()?, context, &attempted)?;
        let starts = starts(reader, &consumer, &topics, partitions, from)?;
        let list = query::list(&attempted, &starts)?;
        consumer.assign(&list).map_err(|error| Error::from_client(attempted, &error))?;
        Ok(Follow { consumer, topics, starts })
    }

    /// Up to `max` records, as soon as there are any; none if nothing arrives in time.
    pub fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Message>> {
        let deadline = Instant::now() + wait;
        let mut batch = Vec::new();
        while batch.len() < max.max(1) {
            let left = match batch.is_empty() {
                true => whole_millis(deadline.saturating_duration_since(Instant::now())),
                false => Duration::ZERO,
            };
            match self.consumer.poll(left) {
                Some(Ok(message)) => {
                    let topic = self.topics.iter().find(|topic| ***topic == *message.topic());
                    if let Some(topic) = topic {
                        batch.push(Message::copy(&message, topic.clone()));
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) if batch.is_empty() => {
                    hear(&self.consumer, &self.attempted(), &error)?;
                }
                // The records come first; an error that lasts will be met again.
                Some(Err(_)) => break,
                None if !batch.is_empty() || left.is_zero() => break,
                None => {}
            }
        }
        Ok(batch)
    }

    /// How many offsets lie between what was read and the end. Zero means caught up; markers of
    /// transactions count until the next call of [`Follow::next`] has passed them.
    pub fn behind(&self) -> Result<u64> {
        self.before(&self.ends()?)
    }

    /// How many offsets lie between what was read and what was the end once.
    pub fn before(&self, ends: &[(Arc<str>, i32, i64)]) -> Result<u64> {
        let positions = self.positions()?;
        let before = positions.iter().zip(ends).map(|((_, _, at), end)| (end.2 - at).max(0) as u64);
        Ok(before.sum())
    }

    /// Where every partition ends now.
    pub fn ends(&self) -> Result<Vec<(Arc<str>, i32, i64)>> {
        let partitions: Vec<_> = self.starts.iter().map(|(t, p, _)| (t.clone(), *p)).collect();
        let ends = query::edges(&self.consumer, &partitions, Edge::End)?;
        Ok(partitions.into_iter().zip(ends).map(|((topic, p), end)| (topic, p, end)).collect())
    }

    /// The next offset of every partition, as [`From::Offsets`] takes them.
    pub fn positions(&self) -> Result<Vec<(Arc<str>, i32, i64)>> {
        let known = self
            .consumer
            .position()
            .map_err(|error| Error::from_client(self.attempted(), &error))?;
        let position = |(topic, partition, start): &(Arc<str>, i32, i64)| {
            let found = known.find_partition(topic, *partition).map(|found| found.offset());
            let offset = match found {
                Some(Offset::Offset(offset)) => offset,
                _ => *start,
            };
            (topic.clone(), *partition, offset)
        };
        Ok(self.starts.iter().map(position).collect())
    }

    fn attempted(&self) -> String {
        format!("follow {:?}", self.topics)
    }
}

fn starts(
    reader: &Reader,
    consumer: &QueryClient,
    topics: &[Arc<str>],
    partitions: Vec<(Arc<str>, i32)>,
    from: From,
) -> Result<Vec<(Arc<str>, i32, i64)>> {
    let with = |offsets: Vec<i64>| {
        let both = partitions.iter().zip(offsets);
        both.map(|((topic, partition), offset)| (topic.clone(), *partition, offset)).collect()
    };
    let starts = || query::edges(consumer, &partitions, Edge::Start);
    let ends = || query::edges(consumer, &partitions, Edge::End);
    match from {
        From::Start => Ok(with(starts()?)),
        From::End => Ok(with(ends()?)),
        From::Time(time_ms) => {
            let found = query::offsets_at(consumer, &partitions, time_ms)?;
            let both = found.into_iter().zip(ends()?);
            Ok(with(both.map(|(found, end)| found.unwrap_or(end)).collect()))
        }
        From::Last(count) => {
            // The ends come first: what is written meanwhile is then read rather than missed.
            let ends = ends()?;
            let mut first = HashMap::new();
            for topic in topics {
                for (partition, last) in reader.last(topic, count)? {
                    if let Some(message) = last.front() {
                        first.insert((topic.clone(), partition), message.offset);
                    }
                }
            }
            let both = partitions.iter().zip(ends);
            let offset = |(key, end)| first.get(key).copied().unwrap_or(end);
            Ok(with(both.map(offset).collect()))
        }
        From::Offsets(offsets) => {
            let both = partitions.iter().zip(starts()?);
            let named = |(topic, partition): &(Arc<str>, i32)| {
                let same = |o: &&(Arc<str>, i32, i64)| o.0 == *topic && o.1 == *partition;
                offsets.iter().find(same).map(|(_, _, offset)| *offset)
            };
            Ok(with(both.map(|(key, start)| named(key).unwrap_or(start)).collect()))
        }
    }
}
