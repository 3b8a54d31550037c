//! Topics, their settings, and groups.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigSource, NewPartitions, NewTopic,
    ResourceSpecifier, TopicReplication,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use crate::cluster::create;
use crate::context::{Context, lock};
use crate::error::Kind;
use crate::query::{self, ANSWER_WAIT, Edge, check_topic};
use crate::{Cluster, Error, Result};

/// How long brokers may take to carry out a change.
const CHANGE_WAIT: Duration = Duration::from_secs(30);

/// The pause between two looks whether a change has arrived everywhere.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Creates, describes and deletes topics; looks at groups.
pub struct Admin {
    cluster: Cluster,
    client: Mutex<AdminClient<Context<()>>>,
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    pub name: String,
    pub partitions: i32,
    /// How many brokers keep a copy; -1 is the cluster's default.
    pub replication: i32,
    /// For example `cleanup.policy` = `compact`.
    pub config: BTreeMap<String, String>,
}

/// What became of a topic that was to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    Made,
    /// It was there already, with as many partitions.
    Existed,
    /// It was there already, with another number of partitions, and stays as it is.
    Differs {
        wanted: i32,
        found: i32,
    },
}

/// A topic that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    pub name: String,
    pub partitions: i32,
    /// Offsets between start and end: records, plus markers and what compaction has removed.
    pub records: u64,
    /// Kafka's own, such as `__consumer_offsets`.
    pub internal: bool,
}

/// One setting of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSetting {
    pub value: Option<String>,
    /// Set for this topic, as opposed to a default.
    pub own: bool,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupInfo {
    pub name: String,
    /// In Kafka's words: `Stable`, `Empty`, `PreparingRebalance` ...
    pub state: String,
    pub members: usize,
}

/// How far a group is behind in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLag {
    pub topic: Arc<str>,
    pub partition: i32,
    /// The next offset that the group will read.
    pub committed: i64,
    pub end: i64,
}

impl TopicSpec {
    /// A topic with the cluster's defaults.
    pub fn new(name: impl Into<String>, partitions: i32) -> Self {
        TopicSpec { name: name.into(), partitions, replication: -1, config: BTreeMap::new() }
    }

    pub fn with(mut self, setting: &str, value: &str) -> Self {
        self.config.insert(setting.to_owned(), value.to_owned());
        self
    }
}

impl GroupLag {
    pub fn records(&self) -> i64 {
        (self.end - self.committed).max(0)
    }
}

impl Admin {
    pub(crate) fn new(cluster: Cluster) -> Result<Self> {
        let settings = cluster.settings();
        let context = Context::new(settings, ());
        let client = create(&settings.for_admin()?, context, "start an admin client")?;
        Ok(Admin { client: Mutex::new(client), cluster })
    }

    /// Creates topics, one after the other reported in the same order. Those that exist are fine.
    /// New ones can be written to when this returns.
    pub fn create_topics(&self, topics: &[TopicSpec]) -> Result<Vec<Creation>> {
        let attempted = "create topics";
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        let mut wanted = Vec::with_capacity(topics.len());
        for spec in topics {
            check_topic(attempted, &spec.name)?;
            let replication = TopicReplication::Fixed(spec.replication);
            let topic = NewTopic::new(&spec.name, spec.partitions, replication);
            wanted
                .push(spec.config.iter().fold(topic, |topic, (key, value)| topic.set(key, value)));
        }
        let options = options();
        let results = self.run(attempted, |client| client.create_topics(&wanted, &options))?;
        let mut creations = Vec::with_capacity(topics.len());
        for spec in topics {
            creations.push(self.creation(spec, &results)?);
        }
        let made: Vec<&TopicSpec> = topics
            .iter()
            .zip(&creations)
            .filter(|(_, c)| **c == Creation::Made)
            .map(|p| p.0)
            .collect();
        self.wait_for_leaders(&made)?;
        Ok(creations)
    }

    /// Deletes topics and returns the names of those that existed. They are gone when this
    /// returns.
    pub fn delete_topics(&self, topics: &[&str]) -> Result<Vec<String>> {
        for topic in topics {
            check_topic("delete topics", topic)?;
        }
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        let options = options();
        let results = self.run("delete topics", |client| client.delete_topics(topics, &options))?;
        let mut deleted = Vec::new();
        for result in results {
            match result {
                Ok(name) => deleted.push(name),
                Err((_, Code::UnknownTopicOrPartition)) => {}
                Err((name, code)) => {
                    return Err(Error::from_code(format!("delete topic `{name}`"), code));
                }
            }
        }
        self.wait_until_gone(&deleted)?;
        Ok(deleted)
    }

    /// Every topic, by name.
    pub fn topics(&self) -> Result<Vec<TopicInfo>> {
        let query = self.cluster.query()?;
        let attempted = "list topics";
        let metadata = query::metadata(&query, None, attempted, ANSWER_WAIT)?;
        let mut partitions: Vec<(Arc<str>, i32)> = Vec::new();
        for topic in metadata.topics() {
            let name: Arc<str> = Arc::from(topic.name());
            partitions.extend(topic.partitions().iter().map(|p| (name.clone(), p.id())));
        }
        let starts = query::edges(&query, &partitions, Edge::Start)?;
        let ends = query::edges(&query, &partitions, Edge::End)?;
        let mut topics: BTreeMap<Arc<str>, TopicInfo> = BTreeMap::new();
        for ((name, _), (start, end)) in partitions.into_iter().zip(starts.into_iter().zip(ends)) {
            let topic = topics.entry(name.clone()).or_insert_with(|| TopicInfo {
                name: name.to_string(),
                partitions: 0,
                records: 0,
                internal: name.starts_with("__"),
            });
            topic.partitions += 1;
            topic.records += u64::try_from(end - start).unwrap_or(0);
        }
        Ok(topics.into_values().collect())
    }

    /// Adds partitions to a topic. Keyed records move with that: never on a live topic.
    pub fn add_partitions(&self, topic: &str, partitions: i32) -> Result<()> {
        let attempted = format!("raise topic `{topic}` to {partitions} partitions");
        check_topic(&attempted, topic)?;
        let count = usize::try_from(partitions)
            .map_err(|_| Error::other(&attempted, "a topic cannot have fewer than none"))?;
        let wanted = [NewPartitions::new(topic, count)];
        let options = options();
        let results = self.run(&attempted, |client| client.create_partitions(&wanted, &options))?;
        first(&attempted, results)?;
        self.wait_for_leaders(&[&TopicSpec::new(topic, partitions)])
    }

    /// The settings of a topic, by name.
    pub fn topic_settings(&self, topic: &str) -> Result<BTreeMap<String, TopicSetting>> {
        let attempted = format!("read the settings of topic `{topic}`");
        check_topic(&attempted, topic)?;
        let wanted = [ResourceSpecifier::Topic(topic)];
        let options = options();
        let results = self.run(&attempted, |client| client.describe_configs(&wanted, &options))?;
        let resource = results
            .into_iter()
            .next()
            .ok_or_else(|| Error::other(&attempted, "no answer"))?
            .map_err(|code| Error::from_code(&attempted, code))?;
        let setting = |entry: rdkafka::admin::ConfigEntry| {
            let own = entry.source == ConfigSource::DynamicTopic;
            (entry.name, TopicSetting { value: entry.value, own })
        };
        Ok(resource.entries.into_iter().map(setting).collect())
    }

    /// Changes some settings of a topic and leaves the others.
    pub fn alter_topic(&self, topic: &str, changes: &BTreeMap<String, String>) -> Result<()> {
        let attempted = format!("change the settings of topic `{topic}`");
        // The call replaces all that is set for the topic, so what is to stay goes along.
        let before = self.topic_settings(topic)?;
        let kept =
            before.iter().filter(|(name, setting)| setting.own && !changes.contains_key(*name));
        let mut wanted = AlterConfig::new(ResourceSpecifier::Topic(topic));
        for (name, setting) in kept {
            wanted = wanted.set(name, setting.value.as_deref().unwrap_or_default());
        }
        for (name, value) in changes {
            wanted = wanted.set(name, value);
        }
        let wanted = [wanted];
        let options = options();
        let results = self.run(&attempted, |client| client.alter_configs(&wanted, &options))?;
        match results.into_iter().next() {
            Some(Ok(_)) => Ok(()),
            Some(Err((_, code))) => Err(Error::from_code(attempted, code)),
            None => Err(Error::other(attempted, "no answer")),
        }
    }

    /// The first offset of each partition at or after a time; the end where there is none.
    pub fn offsets_at_time(&self, topic: &str, time_ms: i64) -> Result<Vec<(i32, i64)>> {
        let query = self.cluster.query()?;
        let name: Arc<str> = Arc::from(topic);
        let ids = query::partitions(&query, topic)?;
        let partitions: Vec<_> = ids.iter().map(|id| (name.clone(), *id)).collect();
        let found = query::offsets_at(&query, &partitions, time_ms)?;
        let ends = query::edges(&query, &partitions, Edge::End)?;
        let offsets = found.into_iter().zip(ends).map(|(found, end)| found.unwrap_or(end));
        Ok(ids.into_iter().zip(offsets).collect())
    }

    /// Every consumer group.
    pub fn groups(&self) -> Result<Vec<GroupInfo>> {
        let query = self.cluster.query()?;
        let list = query
            .client()
            .fetch_group_list(None, ANSWER_WAIT)
            .map_err(|error| Error::from_client("list groups", &error))?;
        let info = |group: &rdkafka::groups::GroupInfo| GroupInfo {
            name: group.name().to_owned(),
            state: group.state().to_owned(),
            members: group.members().len(),
        };
        let mut groups: Vec<GroupInfo> = list.groups().iter().map(info).collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(groups)
    }

    /// Every partition that a group has committed an offset for. A group that does not exist has
    /// committed nothing.
    pub fn group_lag(&self, group_id: &str) -> Result<Vec<GroupLag>> {
        let attempted = format!("read the committed offsets of group `{group_id}`");
        let query = self.cluster.query()?;
        let metadata = query::metadata(&query, None, &attempted, ANSWER_WAIT)?;
        let mut asked = TopicPartitionList::new();
        for topic in metadata.topics().iter().filter(|topic| !topic.name().starts_with("__")) {
            for partition in topic.partitions() {
                asked.add_partition(topic.name(), partition.id());
            }
        }
        if asked.count() == 0 {
            return Ok(Vec::new());
        }
        let committed = self
            .onlooker(group_id, &attempted)?
            .committed_offsets(asked, ANSWER_WAIT)
            .map_err(|error| Error::from_client(&attempted, &error))?;
        let mut partitions: Vec<(Arc<str>, i32)> = Vec::new();
        let mut offsets = Vec::new();
        for element in committed.elements() {
            if let Offset::Offset(offset) = element.offset() {
                partitions.push((Arc::from(element.topic()), element.partition()));
                offsets.push(offset);
            }
        }
        let ends = query::edges(&query, &partitions, Edge::End)?;
        let lags = partitions.into_iter().zip(offsets.into_iter().zip(ends));
        let lag =
            |((topic, partition), (committed, end))| GroupLag { topic, partition, committed, end };
        Ok(lags.map(lag).collect())
    }

    /// Deletes groups that have no members, with their offsets; those that do not exist are fine.
    pub fn delete_groups(&self, groups: &[&str]) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        let options = options();
        let results = self.run("delete groups", |client| client.delete_groups(groups, &options))?;
        for result in results {
            match result {
                Ok(_) | Err((_, Code::GroupIdNotFound)) => {}
                Err((name, code)) => {
                    return Err(Error::from_code(format!("delete group `{name}`"), code));
                }
            }
        }
        Ok(())
    }

    fn creation(
        &self,
        spec: &TopicSpec,
        results: &[Result<String, (String, Code)>],
    ) -> Result<Creation> {
        let attempted = format!("create topic `{}`", spec.name);
        let same = |result: &&Result<String, (String, Code)>| match result {
            Ok(name) | Err((name, _)) => *name == spec.name,
        };
        match results.iter().find(same) {
            Some(Ok(_)) => Ok(Creation::Made),
            Some(Err((_, Code::TopicAlreadyExists))) => {
                let found = query::partitions(&*self.cluster.query()?, &spec.name)?;
                let found = i32::try_from(found.len()).unwrap_or(i32::MAX);
                Ok(match found == spec.partitions {
                    true => Creation::Existed,
                    false => Creation::Differs { wanted: spec.partitions, found },
                })
            }
            Some(Err((_, code))) => Err(Error::from_code(attempted, *code)),
            None => Err(Error::other(attempted, "no answer")),
        }
    }

    /// A change is known to the controller before it is known to every broker.
    fn wait_for_leaders(&self, topics: &[&TopicSpec]) -> Result<()> {
        self.wait_until("wait for new topics", |known| {
            topics.iter().all(|spec| {
                let found = known.topics().iter().find(|topic| topic.name() == spec.name);
                found.is_some_and(|topic| {
                    let led = topic.partitions().iter().filter(|p| p.leader() >= 0).count();
                    i32::try_from(led).is_ok_and(|led| led >= spec.partitions)
                })
            })
        })
    }

    fn wait_until_gone(&self, topics: &[String]) -> Result<()> {
        self.wait_until("wait for topics to go", |known| {
            !known.topics().iter().any(|topic| topics.iter().any(|name| name == topic.name()))
        })
    }

    fn wait_until(
        &self,
        attempted: &str,
        arrived: impl Fn(&rdkafka::metadata::Metadata) -> bool,
    ) -> Result<()> {
        let query = self.cluster.query()?;
        let deadline = Instant::now() + CHANGE_WAIT;
        while !arrived(&query::metadata(&query, None, attempted, ANSWER_WAIT)?) {
            if Instant::now() >= deadline {
                let reason = format!("not there after {CHANGE_WAIT:?}");
                return Err(Error::new(Kind::Unreachable, attempted, reason));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// A client that may ask for a group's offsets without being a member.
    fn onlooker(&self, group_id: &str, attempted: &str) -> Result<BaseConsumer<Context<()>>> {
        let settings = self.cluster.settings();
        let config = settings.for_onlooker(group_id)?;
        create(&config, Context::new(settings, ()), attempted)
    }

    /// Runs one admin call to its end on this thread.
    fn run<T, F>(
        &self,
        attempted: &str,
        call: impl FnOnce(&AdminClient<Context<()>>) -> F,
    ) -> Result<T>
    where
        F: Future<Output = KafkaResult<T>>,
    {
        let client = lock(&self.client);
        self.refresh_token(&client, attempted)?;
        // librdkafka answers within the request timeout; the margin is for its own threads.
        let deadline = Instant::now() + CHANGE_WAIT + ANSWER_WAIT;
        match block_on(call(&client), deadline) {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(Error::from_client(attempted, &error)),
            None => Err(Error::new(Kind::Unreachable, attempted, "no answer")),
        }
    }

    /// An admin client is not polled, so it cannot ask for a new bearer token by itself.
    fn refresh_token(&self, client: &AdminClient<Context<()>>, attempted: &str) -> Result<()> {
        let Some(token) = client.inner().context().token() else { return Ok(()) };
        let failed = |reason: String| Error::new(Kind::Unauthorized, attempted, reason);
        let token = token.map_err(|error| failed(error.to_string()))?;
        crate::native::set_token(client.inner(), token).map_err(failed)
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(CHANGE_WAIT)).operation_timeout(Some(CHANGE_WAIT))
}

fn first(attempted: &str, results: Vec<Result<String, (String, Code)>>) -> Result<()> {
    match results.into_iter().next() {
        Some(Ok(_)) => Ok(()),
        Some(Err((_, code))) => Err(Error::from_code(attempted, code)),
        None => Err(Error::other(attempted, "no answer")),
    }
}

/// Waits for a future that another thread completes.
fn block_on<F: Future>(future: F, deadline: Instant) -> Option<F::Output> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut task = TaskContext::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
            return Some(output);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}
