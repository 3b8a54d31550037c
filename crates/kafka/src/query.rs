//! Questions to the cluster: metadata, offsets, ends. And the lists that both sides speak in.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::metadata::Metadata;
use rdkafka::{Offset, TopicPartitionList};

use crate::context::Context;
use crate::error::{Kind, kind_of};
use crate::{Error, Result};

/// How long any one question may take.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Longest topic name that Kafka allows.
const TOPIC_BYTES_MAX: usize = 249;

/// Questions are asked in slices of this length, to notice refused credentials early.
const SLICE: Duration = Duration::from_millis(500);

/// The pause before a question is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// One end of every partition, as `ListOffsets` spells it.
#[derive(Clone, Copy)]
pub(crate) enum Edge {
    Start,
    End,
}

/// Metadata of one topic, or of all; waits for brokers to come up.
pub(crate) fn metadata(
    consumer: &BaseConsumer<Context<()>>,
    topic: Option<&str>,
    attempted: &str,
    wait: Duration,
) -> Result<Metadata> {
    let deadline = Instant::now() + wait;
    loop {
        serve(consumer);
        let left = deadline.saturating_duration_since(Instant::now());
        let error = match consumer.fetch_metadata(topic, left.min(SLICE)) {
            Ok(metadata) => return Ok(metadata),
            Err(error) => Error::from_client(attempted, &error),
        };
        serve(consumer);
        let Error::Unreachable { reason, .. } = error else { return Err(error) };
        let trouble = consumer.context().trouble();
        if let Some(trouble) = &trouble
            && kind_of(trouble.code) == Kind::Unauthorized
        {
            return Err(Error::new(Kind::Unauthorized, attempted, &trouble.reason));
        }
        if Instant::now() >= deadline {
            let reason = trouble.map_or(reason, |trouble| trouble.reason);
            let reason = format!("waited {wait:?}: {reason}");
            return Err(Error::new(Kind::Unreachable, attempted, reason));
        }
    }
}

/// The partitions of a topic that exists.
pub(crate) fn partitions(consumer: &BaseConsumer<Context<()>>, topic: &str) -> Result<Vec<i32>> {
    let attempted = format!("look up topic `{topic}`");
    check_topic(&attempted, topic)?;
    let deadline = Instant::now() + ANSWER_WAIT;
    loop {
        let metadata = metadata(consumer, Some(topic), &attempted, ANSWER_WAIT)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let error = found.map_or(Some(Code::UnknownTopic), |found| found.error().map(Code::from));
        match (found, error) {
            (Some(found), None) => {
                let mut ids: Vec<i32> = found.partitions().iter().map(|p| p.id()).collect();
                ids.sort_unstable();
                return Ok(ids);
            }
            // A new topic has no leader for a moment.
            (_, Some(Code::LeaderNotAvailable)) if Instant::now() < deadline => {
                thread::sleep(PAUSE);
            }
            (_, code) => {
                return Err(Error::from_code(attempted, code.unwrap_or(Code::UnknownTopic)));
            }
        }
    }
}

/// The first or the next offset of each partition, all in one request per broker. The isolation
/// of the consumer decides whether the end is the last stable one.
pub(crate) fn edges<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: &[(Arc<str>, i32)],
    edge: Edge,
) -> Result<Vec<i64>> {
    let attempted = "look up offsets";
    let wanted = match edge {
        Edge::Start => Offset::Beginning,
        Edge::End => Offset::End,
    };
    // ListOffsets takes these two where a time would stand.
    let found = offsets_for(consumer, partitions, wanted, attempted)?;
    found
        .into_iter()
        .map(|(name, offset)| {
            offset.ok_or_else(|| Error::other(attempted, format!("no offset for {name}")))
        })
        .collect()
}

/// The first offset at or after a time, per partition; `None` if there is none.
pub(crate) fn offsets_at<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: &[(Arc<str>, i32)],
    time_ms: i64,
) -> Result<Vec<Option<i64>>> {
    let attempted = format!("look up offsets at {time_ms} ms");
    let time = Offset::Offset(time_ms.max(0));
    let found = offsets_for(consumer, partitions, time, &attempted)?;
    Ok(found.into_iter().map(|(_, offset)| offset).collect())
}

fn offsets_for<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: &[(Arc<str>, i32)],
    wanted: Offset,
    attempted: &str,
) -> Result<Vec<(String, Option<i64>)>> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let deadline = Instant::now() + ANSWER_WAIT;
    loop {
        match offsets_once(consumer, partitions, wanted, attempted) {
            // A leader has moved, or is only just one: the client asks around by itself.
            Err(Error::Unreachable { .. }) if Instant::now() < deadline => thread::sleep(PAUSE),
            answer => return answer,
        }
    }
}

fn offsets_once<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: &[(Arc<str>, i32)],
    wanted: Offset,
    attempted: &str,
) -> Result<Vec<(String, Option<i64>)>> {
    let mut asked = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        check_topic(attempted, topic)?;
        let mut element = asked.add_partition(topic, *partition);
        element.set_offset(wanted).map_err(|error| Error::from_client(attempted, &error))?;
    }
    let answer = consumer
        .offsets_for_times(asked, ANSWER_WAIT)
        .map_err(|error| Error::from_client(attempted, &error))?;
    let mut offsets = Vec::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        let name = format!("`{topic}`[{partition}]");
        let Some(element) = answer.find_partition(topic, *partition) else {
            return Err(Error::other(attempted, format!("no answer for {name}")));
        };
        if let Err(error) = element.error() {
            return Err(Error::from_client(format!("{attempted} of {name}"), &error));
        }
        let offset = match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        offsets.push((name, offset));
    }
    Ok(offsets)
}

/// Handles what the client wants to tell (log lines, errors, token requests); never waits.
pub(crate) fn serve(consumer: &BaseConsumer<Context<()>>) {
    const LINES_MAX: usize = 100;
    for _ in 0..LINES_MAX {
        // Only a query client is served this way; it has no records that could be lost here.
        if consumer.poll(Duration::ZERO).is_none() {
            return;
        }
    }
}

/// Offsets as librdkafka wants them.
pub(crate) fn list(
    attempted: &str,
    offsets: &[(Arc<str>, i32, i64)],
) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (topic, partition, offset) in offsets {
        check_topic(attempted, topic)?;
        let offset = Offset::Offset(*offset);
        list.add_partition_offset(topic, *partition, offset)
            .map_err(|error| Error::from_client(attempted, &error))?;
    }
    Ok(list)
}

/// Partitions as librdkafka wants them.
pub(crate) fn list_of(
    attempted: &str,
    partitions: &[(Arc<str>, i32)],
) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        check_topic(attempted, topic)?;
        list.add_partition(topic, *partition);
    }
    Ok(list)
}

/// Kafka's rule for names. Anything else could not exist, and a zero byte would make the client
/// panic.
pub(crate) fn check_topic(attempted: &str, topic: &str) -> Result<()> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let fine = !topic.is_empty()
        && topic.len() <= TOPIC_BYTES_MAX
        && topic != "."
        && topic != ".."
        && topic.bytes().all(legal);
    if fine {
        return Ok(());
    }
    let reason = format!(
        "`{}` is no topic name: 1 to {TOPIC_BYTES_MAX} of a-z, A-Z, 0-9, `.`, `_` and `-`",
        topic.escape_default()
    );
    Err(Error::new(Kind::UnknownTopic, attempted, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_names_are_checked() {
        for good in ["market.trades", "_schemas", "a", "replay.7f3a.orders-1"] {
            check_topic("test", good).unwrap();
        }
        for bad in ["", ".", "..", "a b", "a\0b", "ä", "a/b", &"x".repeat(250)] {
            let error = check_topic("test", bad).unwrap_err();
            assert!(matches!(error, Error::UnknownTopic { .. }), "{bad:?}");
        }
    }
}
