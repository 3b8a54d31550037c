//! Reads topics from one offset to another, without a group.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use crate::cluster::{QueryClient, create};
use crate::context::Context;
use crate::error::{Kind, kind_of};
use crate::query::{self, Edge};
use crate::{Cluster, Error, Follow, From, Message, Result};

/// How long a reader waits for the next record, and for open transactions to end. Ours end within
/// twenty seconds, and the broker's default for others is a minute.
const STALL_WAIT: Duration = Duration::from_secs(90);

/// The reader looks up its position this often while nothing arrives.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Reads topics without a group. Only committed records are seen.
#[derive(Clone, Debug)]
pub struct Reader {
    cluster: Cluster,
}

/// Which offsets of each partition to read.
type Ranges = Vec<(i32, Range<i64>)>;

impl Reader {
    pub(crate) fn new(cluster: Cluster) -> Result<Self> {
        Ok(Reader { cluster })
    }

    /// The partitions of a topic, in order.
    pub fn partitions(&self, topic: &str) -> Result<Vec<i32>> {
        query::partitions(&*self.cluster.query()?, topic)
    }

    /// The first offset of a partition and the one after its last, open transactions included.
    pub fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64)> {
        let (starts, ends) = self.edges(topic, &[partition])?;
        Ok((starts[0], ends[0]))
    }

    /// Hands every record of a topic to `each`, up to the end at the time of the call, and returns
    /// how many there were. In order per partition.
    ///
    /// Transactions that are open at that time are waited for, so whatever was committed before
    /// the call is seen, even if the broker has not finished marking it.
    pub fn read_all(&self, topic: &str, each: impl FnMut(Message)) -> Result<u64> {
        let partitions = self.partitions(topic)?;
        let (starts, ends) = self.edges(topic, &partitions)?;
        let ranges =
            partitions.into_iter().zip(starts.into_iter().zip(ends).map(|(s, e)| s..e)).collect();
        self.read(topic, ranges, each)
    }

    /// As [`Reader::read_all`], for one partition and from an offset on. What the broker has
    /// already deleted is not there to be read.
    pub fn read_partition(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        each: impl FnMut(Message),
    ) -> Result<u64> {
        self.read_partitions(topic, &[(partition, from)], each)
    }

    /// As [`Reader::read_partition`], for several partitions at once.
    pub fn read_partitions(
        &self,
        topic: &str,
        from: &[(i32, i64)],
        each: impl FnMut(Message),
    ) -> Result<u64> {
        let partitions: Vec<i32> = from.iter().map(|(partition, _)| *partition).collect();
        let (starts, ends) = self.edges(topic, &partitions)?;
        let ranges = from.iter().zip(starts.into_iter().zip(ends));
        let ranges =
            ranges.map(|((id, from), (start, end))| (*id, start.max(*from)..end)).collect();
        self.read(topic, ranges, each)
    }

    /// Hands the last records of each partition to `each`, partition after partition, oldest
    /// first. Open transactions are not waited for.
    pub fn tail(
        &self,
        topic: &str,
        count_per_partition: usize,
        mut each: impl FnMut(Message),
    ) -> Result<u64> {
        let mut count = 0;
        for (_, last) in self.last(topic, count_per_partition)? {
            count += last.len() as u64;
            last.into_iter().for_each(&mut each);
        }
        Ok(count)
    }

    /// Reads topics for ever, new records included.
    pub fn follow(&self, topics: &[&str], from: From) -> Result<Follow> {
        Follow::new(self, topics, from)
    }

    /// Starts and true ends of partitions.
    fn edges(&self, topic: &str, partitions: &[i32]) -> Result<(Vec<i64>, Vec<i64>)> {
        let named = named(topic, partitions);
        let query = self.cluster.query()?;
        let starts = query::edges(&query, &named, Edge::Start)?;
        let ends = query::edges(&query, &named, Edge::End)?;
        Ok((starts, ends))
    }

    /// The last records of each partition. Offsets are no count: markers and compacted records
    /// have some too, so the stretch that is read grows until it holds enough.
    pub(crate) fn last(&self, topic: &str, count: usize) -> Result<Vec<(i32, VecDeque<Message>)>> {
        const GROWTH: i64 = 8;
        let partitions = self.partitions(topic)?;
        let named = named(topic, &partitions);
        let consumer = self.consumer(topic)?;
        let starts = query::edges(&consumer, &named, Edge::Start)?;
        let ends = query::edges(&consumer, &named, Edge::End)?;
        let mut found: Vec<(i32, VecDeque<Message>)> =
            partitions.iter().map(|id| (*id, VecDeque::new())).collect();
        let mut wanted: Vec<usize> = if count == 0 { vec![] } else { (0..found.len()).collect() };
        let mut span = i64::try_from(count).unwrap_or(i64::MAX);
        while !wanted.is_empty() {
            let from = |index: usize| ends[index].saturating_sub(span).max(starts[index]);
            let ranges = wanted.iter().map(|i| (partitions[*i], from(*i)..ends[*i])).collect();
            let mut read: HashMap<i32, VecDeque<Message>> = HashMap::new();
            self.read_with(self.consumer(topic)?, topic, ranges, |message| {
                let last = read.entry(message.partition).or_default();
                if last.len() == count {
                    last.pop_front();
                }
                last.push_back(message);
            })?;
            wanted.retain(|index| {
                let last = read.remove(&partitions[*index]).unwrap_or_default();
                let enough = last.len() == count || from(*index) == starts[*index];
                found[*index].1 = last;
                !enough
            });
            span = span.saturating_mul(GROWTH);
        }
        Ok(found)
    }

    fn read(&self, topic: &str, ranges: Ranges, each: impl FnMut(Message)) -> Result<u64> {
        let ranges: Ranges = ranges.into_iter().filter(|(_, range)| !range.is_empty()).collect();
        if ranges.is_empty() {
            return Ok(0);
        }
        let consumer = self.consumer(topic)?;
        wait_until_stable(&consumer, topic, &ranges)?;
        self.read_with(consumer, topic, ranges, each)
    }

    /// Takes the consumer, because what it has paused would stay so.
    fn read_with(
        &self,
        consumer: QueryClient,
        topic: &str,
        ranges: Ranges,
        mut each: impl FnMut(Message),
    ) -> Result<u64> {
        let attempted = format!("read topic `{topic}`");
        let name: Arc<str> = Arc::from(topic);
        let mut left: HashMap<i32, i64> = HashMap::new();
        let mut list = TopicPartitionList::new();
        for (partition, range) in ranges.iter().filter(|(_, range)| !range.is_empty()) {
            left.insert(*partition, range.end);
            list.add_partition_offset(topic, *partition, Offset::Offset(range.start))
                .map_err(|error| Error::from_client(&attempted, &error))?;
        }
        consumer.assign(&list).map_err(|error| Error::from_client(&attempted, &error))?;

        let mut count = 0;
        let mut deadline = Instant::now() + STALL_WAIT;
        while !left.is_empty() {
            let done = match consumer.poll(LOOK_EVERY) {
                Some(Ok(message)) => {
                    deadline = Instant::now() + STALL_WAIT;
                    let partition = message.partition();
                    let Some(end) = left.get(&partition) else { continue };
                    if message.offset() < *end {
                        count += 1;
                        each(Message::copy(&message, name.clone()));
                    }
                    (message.offset() + 1 >= *end).then_some(partition)
                }
                // There is nothing between the last record and the end but markers.
                Some(Err(KafkaError::PartitionEOF(partition))) => Some(partition),
                Some(Err(error)) => {
                    hear(&consumer, &attempted, &error)?;
                    None
                }
                None if Instant::now() >= deadline => {
                    return Err(stalled(&consumer, &attempted, &left));
                }
                None => None,
            };
            if let Some(partition) = done {
                left.remove(&partition);
                finish(&consumer, topic, partition);
            }
        }
        Ok(count)
    }

    /// A consumer that has not been told its partitions yet.
    fn consumer(&self, topic: &str) -> Result<QueryClient> {
        let settings = self.cluster.settings();
        let attempted = format!("read topic `{topic}`");
        create(&settings.for_reader()?, Context::new(settings, ()), &attempted)
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

/// Waits until every record below the ends is committed or aborted: only then does an end of
/// partition that the consumer reports lie behind them.
fn wait_until_stable(consumer: &QueryClient, topic: &str, ranges: &Ranges) -> Result<()> {
    let deadline = Instant::now() + STALL_WAIT;
    let mut pause = Duration::from_millis(1);
    let partitions: Vec<i32> = ranges.iter().map(|(partition, _)| *partition).collect();
    let named = named(topic, &partitions);
    loop {
        let stable = query::edges(consumer, &named, Edge::End)?;
        let open = ranges.iter().zip(&stable).find(|((_, range), stable)| **stable < range.end);
        let Some(((partition, range), stable)) = open else { return Ok(()) };
        if Instant::now() >= deadline {
            let reason = format!(
                "a transaction at offset {stable} of partition {partition}, which ends at {}, is \
                 still open after {STALL_WAIT:?}",
                range.end
            );
            return Err(Error::other(format!("read topic `{topic}`"), reason));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Sorts an error of a consumer without a group: `Ok` if the client cures it by itself.
pub(crate) fn hear(consumer: &QueryClient, attempted: &str, error: &KafkaError) -> Result<()> {
    let (KafkaError::MessageConsumption(code) | KafkaError::MessageConsumptionFatal(code)) = error
    else {
        return Err(Error::from_client(attempted, error));
    };
    let reason = match consumer.context().trouble() {
        Some(trouble) if trouble.code == *code => trouble.reason,
        _ => code.to_string(),
    };
    match kind_of(*code) {
        Kind::Unreachable => Ok(()),
        // We only read, so being refused as a member of a group is nothing to us.
        Kind::Unauthorized if *code == GROUP_REFUSED => Ok(()),
        kind => Err(Error::new(kind, attempted, reason)),
    }
}

const GROUP_REFUSED: rdkafka::error::RDKafkaErrorCode =
    rdkafka::error::RDKafkaErrorCode::GroupAuthorizationFailed;

fn stalled(consumer: &QueryClient, attempted: &str, left: &HashMap<i32, i64>) -> Error {
    let trouble = consumer.context().trouble();
    let trouble = trouble.map_or("no answer".to_owned(), |trouble| trouble.reason);
    let reason = format!("nothing arrived for {STALL_WAIT:?}, missing {left:?}: {trouble}");
    Error::new(Kind::Unreachable, attempted, reason)
}

/// A partition that was read needs no further fetching; if it cannot be stopped, its records are
/// skipped.
fn finish(consumer: &QueryClient, topic: &str, partition: i32) {
    let mut list = TopicPartitionList::with_capacity(1);
    list.add_partition(topic, partition);
    if let Err(error) = consumer.pause(&list) {
        tracing::debug!(topic, partition, %error, "partition not paused");
    }
}

fn named(topic: &str, partitions: &[i32]) -> Vec<(Arc<str>, i32)> {
    let name: Arc<str> = Arc::from(topic);
    partitions.iter().map(|partition| (name.clone(), *partition)).collect()
}
