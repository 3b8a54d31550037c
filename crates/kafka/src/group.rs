//! Reads topics as a member of a consumer group, with rebalances between the batches.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use crate::cluster::create;
use crate::context::{Context, lock};
use crate::error::{Kind, kind_of};
use crate::query::{Edge, check_topic, edges, list, list_of};
use crate::{Error, Message, Result, Settings};

/// How long the committed offsets of new partitions are waited for. They may have to wait for the
/// open transaction of a previous owner, which the broker ends within twenty seconds.
const COMMITTED_WAIT: Duration = Duration::from_secs(30);

/// How long a seek may take, partitions that are just being started included.
const SEEK_WAIT: Duration = Duration::from_secs(10);

/// Room made for a batch before it is known how much has been prefetched.
const BATCH_ROOM: usize = 256;

/// A member of a consumer group.
///
/// Offsets move only by [`Group::commit`] or [`crate::Transactions::send_offsets`]. The group
/// rebalances cooperatively: partitions that stay keep flowing. Call [`Group::next`] at least
/// every five minutes, or the group takes the partitions away.
pub struct Group {
    consumer: BaseConsumer<Context<Rebalances>>,
    group_id: String,
    topics: Vec<Topic>,
    /// What the last answer announced and the next call carries out.
    announced: Option<Announced>,
    /// Where each partition started, until something has been read from it.
    starts: HashMap<(Arc<str>, i32), i64>,
    /// Met behind a batch that had to be handed out first.
    deferred: Option<Error>,
}

/// What [`Group::next`] found.
#[derive(Debug)]
pub enum Polled {
    /// Records of partitions that are ours; never empty, in order per partition.
    Messages(Vec<Message>),
    /// These partitions are ours from the next call on: restore their state now. Everything that
    /// a previous owner committed is settled, so nothing it did can still become visible later.
    Assigned(Vec<(Arc<str>, i32)>),
    /// These partitions go to another member with the next call: commit or abort what they have
    /// open and drop their state. No record of theirs follows. `lost` says that they may have
    /// another owner already, so a commit would fail: abort.
    Revoked { partitions: Vec<(Arc<str>, i32)>, lost: bool },
    /// Nothing arrived in time.
    Nothing,
}

/// How far a member is behind in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    pub topic: Arc<str>,
    pub partition: i32,
    /// The next offset to read.
    pub position: i64,
    /// The offset that the next visible record will have.
    pub end: i64,
}

impl Lag {
    pub fn records(&self) -> i64 {
        (self.end - self.position).max(0)
    }
}

struct Topic {
    name: Arc<str>,
    /// Whether each partition is ours.
    owned: Vec<bool>,
}

enum Announced {
    Assign(TopicPartitionList),
    Revoke(TopicPartitionList),
}

/// Rebalances that librdkafka waits for us to carry out.
#[derive(Default)]
pub(crate) struct Rebalances {
    waiting: Mutex<VecDeque<Rebalance>>,
    closing: AtomicBool,
}

enum Rebalance {
    Assign(TopicPartitionList),
    Revoke { partitions: TopicPartitionList, lost: bool },
}

impl ConsumerContext for Context<Rebalances> {
    /// Only takes note. The group waits for us until `Group` assigns or unassigns, which gives the
    /// caller the time to commit or to restore in between.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let partitions = partitions.clone();
        let event = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Rebalance::Assign(partitions),
            _ => Rebalance::Revoke { partitions, lost: consumer.assignment_lost() },
        };
        if self.state.closing.load(Ordering::Relaxed) {
            // Nobody will ask for it any more, and a consumer that is closing waits for it.
            event.carry_out(consumer);
            return;
        }
        lock(&self.state.waiting).push_back(event);
    }
}

impl Group {
    pub(crate) fn new(
        settings: &Settings,
        group_id: &str,
        member: Option<&str>,
        topics: &[&str],
    ) -> Result<Self> {
        let attempted = format!("join group `{group_id}`");
        for topic in topics {
            check_topic(&attempted, topic)?;
        }
        if topics.is_empty() {
            return Err(Error::other(attempted, "it reads no topic"));
        }
        let config = settings.for_group(group_id, member)?;
        let context = Context::new(settings, Rebalances::default());
        let consumer: BaseConsumer<_> = create(&config, context, &attempted)?;
        consumer.subscribe(topics).map_err(|error| Error::from_client(attempted, &error))?;
        let topics =
            topics.iter().map(|name| Topic { name: Arc::from(*name), owned: Vec::new() }).collect();
        Ok(Group {
            consumer,
            group_id: group_id.to_owned(),
            topics,
            announced: None,
            starts: HashMap::new(),
            deferred: None,
        })
    }

    /// The next records, or the next rebalance; waits only if there is neither.
    ///
    /// Returns as soon as there is something: at most `max` records that have already been
    /// fetched. New partitions are told of once their committed offsets are settled, which may take
    /// longer than `wait` if another member died in the middle of a transaction. Calling this
    /// again after `Assigned` or `Revoked` says that the caller is done restoring or committing.
    /// After an error it may be called again.
    pub fn next(&mut self, max: usize, wait: Duration) -> Result<Polled> {
        self.carry_out()?;
        if let Some(error) = self.deferred.take() {
            return Err(error);
        }
        if let Some(polled) = self.announce()? {
            return Ok(polled);
        }
        let batch = self.fetch(max, wait)?;
        if !batch.is_empty() {
            return Ok(Polled::Messages(batch));
        }
        Ok(self.announce()?.unwrap_or(Polled::Nothing))
    }

    /// Commits positions outside a transaction; each is the next offset to read. Waits for the
    /// broker.
    pub fn commit(&mut self, offsets: &[(Arc<str>, i32, i64)]) -> Result<()> {
        if offsets.is_empty() {
            return Ok(());
        }
        let attempted = self.attempted("commit offsets of");
        let list = list(&attempted, offsets)?;
        self.consumer
            .commit(&list, CommitMode::Sync)
            .map_err(|error| Error::from_client(attempted, &error))
    }

    /// Forgets what has been read since the last commit: the next records are those after it.
    /// For use after an aborted transaction.
    pub fn seek_to_committed(&mut self) -> Result<()> {
        let partitions = self.assignment();
        if partitions.is_empty() {
            return Ok(());
        }
        let attempted = self.attempted("go back to the committed offsets of");
        let committed = self.committed(&attempted, list_of(&attempted, &partitions)?)?;
        let targets = self.with_starts(&attempted, committed)?;
        self.remember_starts(&targets);
        self.seek(&attempted, targets)
    }

    /// The partitions that are ours.
    pub fn assignment(&self) -> Vec<(Arc<str>, i32)> {
        let mut partitions = Vec::new();
        for topic in &self.topics {
            for (partition, owned) in topic.owned.iter().enumerate() {
                if *owned {
                    partitions.push((topic.name.clone(), partition as i32));
                }
            }
        }
        partitions
    }

    /// Position and end of every partition that is ours. Asks the brokers once.
    pub fn lag(&self) -> Result<Vec<Lag>> {
        let partitions = self.assignment();
        let ends = edges(&self.consumer, &partitions, Edge::End)?;
        let attempted = self.attempted("look up the position of");
        let positions =
            self.consumer.position().map_err(|error| Error::from_client(attempted, &error))?;
        let position = |topic: &Arc<str>, partition: i32| {
            let found = positions.find_partition(topic, partition).map(|found| found.offset());
            match found {
                Some(Offset::Offset(offset)) => offset,
                _ => self.starts.get(&(topic.clone(), partition)).copied().unwrap_or(0),
            }
        };
        let lags = partitions.into_iter().zip(ends).map(|((topic, partition), end)| {
            let position = position(&topic, partition);
            Lag { topic, partition, position, end }
        });
        Ok(lags.collect())
    }

    /// Stops reading these partitions. What has been fetched of them is thrown away and fetched
    /// again later, so for a short pause just stop calling [`Group::next`].
    pub fn pause(&mut self, partitions: &[(Arc<str>, i32)]) -> Result<()> {
        let attempted = self.attempted("pause partitions of");
        let list = list_of(&attempted, partitions)?;
        self.consumer.pause(&list).map_err(|error| Error::from_client(attempted, &error))
    }

    /// Reads these partitions again, from where they were paused.
    pub fn resume(&mut self, partitions: &[(Arc<str>, i32)]) -> Result<()> {
        let attempted = self.attempted("resume partitions of");
        let list = list_of(&attempted, partitions)?;
        self.consumer.resume(&list).map_err(|error| Error::from_client(attempted, &error))
    }

    pub fn group_id(&self) -> &str {
        &self.group_id
    }

    pub(crate) fn consumer(&self) -> &BaseConsumer<Context<Rebalances>> {
        &self.consumer
    }

    /// Collects what is there, up to `max`; waits for the first record only.
    fn fetch(&mut self, max: usize, wait: Duration) -> Result<Vec<Message>> {
        let deadline = Instant::now() + wait;
        let mut batch = Vec::new();
        while batch.len() < max.max(1) {
            let left = match batch.is_empty() {
                true => whole_millis(deadline.saturating_duration_since(Instant::now())),
                false => Duration::ZERO,
            };
            match self.consumer.poll(left) {
                Some(Ok(message)) => {
                    if let Some(topic) =
                        owner_of(&self.topics, message.topic(), message.partition())
                    {
                        if batch.is_empty() {
                            batch.reserve(max.min(BATCH_ROOM));
                        }
                        batch.push(Message::copy(&message, topic));
                    }
                }
                Some(Err(error)) => match self.sort(&error) {
                    Some(error) if batch.is_empty() => return Err(error),
                    Some(error) => {
                        self.deferred = Some(error);
                        break;
                    }
                    None => {}
                },
                None if !batch.is_empty() || left.is_zero() => break,
                None => {}
            }
            if !lock(&self.consumer.context().state.waiting).is_empty() {
                break;
            }
        }
        Ok(batch)
    }

    /// Tells the caller of a rebalance; it is carried out with the next call.
    fn announce(&mut self) -> Result<Option<Polled>> {
        loop {
            let Some(event) = lock(&self.consumer.context().state.waiting).pop_front() else {
                return Ok(None);
            };
            let polled = match event {
                Rebalance::Assign(partitions) => self.announce_assigned(partitions)?,
                Rebalance::Revoke { partitions, lost } => self.announce_revoked(partitions, lost),
            };
            match polled {
                Some(polled) => return Ok(Some(polled)),
                // A change of nothing still has to be acknowledged.
                None => self.carry_out()?,
            }
        }
    }

    fn announce_assigned(&mut self, partitions: TopicPartitionList) -> Result<Option<Polled>> {
        if partitions.count() == 0 {
            self.announced = Some(Announced::Assign(partitions));
            return Ok(None);
        }
        // Asked now and not by the fetcher later: the answer waits until no transaction of a
        // previous owner can change these offsets any more, so state restored after it is whole.
        let attempted = self.attempted("read the committed offsets of");
        let starts = self
            .committed(&attempted, partitions.clone())
            .and_then(|committed| self.with_starts(&attempted, committed));
        let starts = match starts {
            Ok(starts) => starts,
            Err(error) => {
                let again = Rebalance::Assign(partitions);
                lock(&self.consumer.context().state.waiting).push_front(again);
                return Err(error);
            }
        };
        self.remember_starts(&starts);
        let names = self.names(&starts);
        self.announced = Some(Announced::Assign(starts));
        Ok(Some(Polled::Assigned(names)))
    }

    /// Partitions that nobody has committed start at their oldest record. librdkafka would find
    /// that out too, a tenth of a second later.
    fn with_starts(
        &self,
        attempted: &str,
        committed: TopicPartitionList,
    ) -> Result<TopicPartitionList> {
        let is_new =
            |element: &TopicPartitionListElem<'_>| !matches!(element.offset(), Offset::Offset(_));
        let mut new = Vec::new();
        for element in committed.elements().iter().filter(|element| is_new(element)) {
            new.push((Arc::from(element.topic()), element.partition()));
        }
        let oldest = edges(&self.consumer, &new, Edge::Start)?;
        let failed = |error: KafkaError| Error::from_client(attempted, &error);
        for (mut element, offset) in committed.elements().into_iter().filter(is_new).zip(oldest) {
            element.set_offset(Offset::Offset(offset)).map_err(failed)?;
        }
        Ok(committed)
    }

    fn announce_revoked(&mut self, list: TopicPartitionList, lost: bool) -> Option<Polled> {
        let partitions = self.names(&list);
        self.announced = Some(Announced::Revoke(list));
        for (topic, partition) in &partitions {
            self.own(topic, *partition, false);
            self.starts.remove(&(topic.clone(), *partition));
        }
        (!partitions.is_empty()).then_some(Polled::Revoked { partitions, lost })
    }

    fn carry_out(&mut self) -> Result<()> {
        let (verb, result) = match self.announced.take() {
            None => return Ok(()),
            Some(Announced::Assign(list)) => {
                for (topic, partition) in self.names(&list) {
                    self.own(&topic, partition, true);
                }
                ("take over partitions of", assign(&self.consumer, &list))
            }
            Some(Announced::Revoke(list)) => {
                ("hand over partitions of", unassign(&self.consumer, &list))
            }
        };
        result.map_err(|error| Error::from_client(self.attempted(verb), &error))
    }

    fn committed(&self, attempted: &str, list: TopicPartitionList) -> Result<TopicPartitionList> {
        let committed = self
            .consumer
            .committed_offsets(list, COMMITTED_WAIT)
            .map_err(|error| Error::from_client(attempted, &error))?;
        for element in committed.elements() {
            element.error().map_err(|error| Error::from_client(attempted, &error))?;
        }
        Ok(committed)
    }

    fn seek(&self, attempted: &str, mut targets: TopicPartitionList) -> Result<()> {
        let deadline = Instant::now() + SEEK_WAIT;
        loop {
            let answer = self
                .consumer
                .seek_partitions(targets, SEEK_WAIT)
                .map_err(|error| Error::from_client(attempted, &error))?;
            targets = TopicPartitionList::new();
            for element in answer.elements() {
                let Err(error) = element.error() else { continue };
                // A partition that is just being started cannot be moved yet.
                if error.rdkafka_error_code() != Some(Code::State) || Instant::now() >= deadline {
                    return Err(Error::from_client(attempted, &error));
                }
                targets
                    .add_partition_offset(element.topic(), element.partition(), element.offset())
                    .map_err(|error| Error::from_client(attempted, &error))?;
            }
            if targets.count() == 0 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Which errors a caller must hear of: those that waiting does not cure.
    fn sort(&self, error: &KafkaError) -> Option<Error> {
        let attempted = self.attempted("read");
        let (code, fatal) = match error {
            KafkaError::MessageConsumption(code) => (*code, false),
            KafkaError::MessageConsumptionFatal(code) => (*code, true),
            _ => return Some(Error::from_client(attempted, error)),
        };
        let reason = match self.consumer.context().trouble() {
            Some(trouble) if trouble.code == code => trouble.reason,
            _ => code.to_string(),
        };
        match kind_of(code) {
            kind if fatal => Some(Error::new(kind, attempted, reason)),
            // The client reconnects and rejoins by itself; a lost assignment comes as `Revoked`.
            Kind::Unreachable | Kind::Abortable => None,
            _ if code == Code::PollExceeded => None,
            kind => Some(Error::new(kind, attempted, reason)),
        }
    }

    fn remember_starts(&mut self, starts: &TopicPartitionList) {
        for element in starts.elements() {
            let Some(topic) = self.topic(element.topic()) else { continue };
            if let Offset::Offset(offset) = element.offset() {
                self.starts.insert((topic, element.partition()), offset);
            }
        }
    }

    fn names(&self, list: &TopicPartitionList) -> Vec<(Arc<str>, i32)> {
        let known = |element: TopicPartitionListElem<'_>| {
            Some((self.topic(element.topic())?, element.partition()))
        };
        list.elements().into_iter().filter_map(known).collect()
    }

    fn topic(&self, name: &str) -> Option<Arc<str>> {
        self.topics.iter().find(|topic| *topic.name == *name).map(|topic| topic.name.clone())
    }

    fn own(&mut self, name: &str, partition: i32, owned: bool) {
        let Some(topic) = self.topics.iter_mut().find(|topic| *topic.name == *name) else { return };
        let Ok(index) = usize::try_from(partition) else { return };
        if index >= topic.owned.len() {
            topic.owned.resize(index + 1, false);
        }
        topic.owned[index] = owned;
    }

    fn attempted(&self, verb: &str) -> String {
        format!("{verb} group `{}`", self.group_id)
    }
}

impl Drop for Group {
    /// The consumer waits, while it closes, for every rebalance to be carried out.
    fn drop(&mut self) {
        if let Err(error) = self.carry_out() {
            tracing::debug!(%error, "rebalance not carried out before closing");
        }
        let state = &self.consumer.context().state;
        state.closing.store(true, Ordering::Relaxed);
        let waiting = std::mem::take(&mut *lock(&state.waiting));
        waiting.into_iter().for_each(|event| event.carry_out(&self.consumer));
    }
}

impl Rebalance {
    fn carry_out<C: ConsumerContext>(self, consumer: &BaseConsumer<C>) {
        let result = match self {
            Rebalance::Assign(list) => assign(consumer, &list),
            Rebalance::Revoke { partitions, .. } => unassign(consumer, &partitions),
        };
        if let Err(error) = result {
            tracing::debug!(%error, "rebalance not carried out while closing");
        }
    }
}

/// The shared name of the topic, if the partition is ours. librdkafka drops what it has fetched of
/// a partition that was handed over; this makes sure.
fn owner_of(topics: &[Topic], name: &str, partition: i32) -> Option<Arc<str>> {
    let topic = topics.iter().find(|topic| *topic.name == *name)?;
    let owned = topic.owned.get(usize::try_from(partition).ok()?)?;
    owned.then(|| topic.name.clone())
}

/// The wrapper spins through the last fraction of a millisecond, so never leave one.
pub(crate) fn whole_millis(left: Duration) -> Duration {
    let millis = left.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

fn assign<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    list: &TopicPartitionList,
) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_assign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.assign(list),
    }
}

fn unassign<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    list: &TopicPartitionList,
) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.unassign(),
    }
}
