//! What every driver is given: the cluster, the schemas, the names of things.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use avro::{DecodeError, Deserializer, Registry, Serializer};
use component::{Clock, Ledger};
use kafka::{Cluster, Creation, Message, TopicSpec};
use model::{Event, Text};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::alert::Alerts;
use crate::ledger::Kept;
use crate::member::Member;
use crate::metric::Metrics;
use crate::witness::Told;

/// Records of a topic that is not compacted are kept this long unless the topology says otherwise.
const RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);

/// The audit log: one order of all entries, kept for ever.
const AUDIT: &str = "ops.audit";

/// Topics that other programs write.
const FROM_OUTSIDE: [&str; 2] = ["orders.requests", "ops.commands"];

/// Names and partition counts of the topics.
#[derive(Clone, Debug)]
pub struct Names {
    prefix: Arc<str>,
    partitions: Arc<BTreeMap<String, i32>>,
    default_partitions: i32,
}

impl Names {
    /// Topics with this prefix; `partitions` by topic (`market.trades`) or family (`market`).
    pub fn new(prefix: &str, partitions: BTreeMap<String, i32>, default_partitions: i32) -> Self {
        Self { prefix: prefix.into(), partitions: Arc::new(partitions), default_partitions }
    }

    /// The prefix of every topic, group and transactional id.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The topic's name in Kafka.
    pub fn topic(&self, base: &str) -> String {
        format!("{}{base}", self.prefix)
    }

    /// The topic's name without the prefix.
    pub fn base<'a>(&self, topic: &'a str) -> &'a str {
        topic.strip_prefix(&*self.prefix).unwrap_or(topic)
    }

    /// How many partitions a topic has.
    pub fn partitions(&self, base: &str) -> i32 {
        if base == AUDIT {
            return 1;
        }
        let family = base.split('.').next().unwrap_or(base);
        let count = self.partitions.get(base).or_else(|| self.partitions.get(family));
        count.copied().unwrap_or(self.default_partitions).max(1)
    }

    /// The topic that a processor's states are kept on.
    pub fn states(processor: &str) -> String {
        format!("ops.{processor}_states")
    }
}

/// Where an account trades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The system.
    pub system: Text,
    /// The account number there; any, if there is only one.
    pub broker_account: Option<Text>,
}

/// Our accounts and where they trade.
#[derive(Clone, Debug, Default)]
pub struct Accounts(pub Arc<BTreeMap<Text, Route>>);

impl Accounts {
    /// Our name of a broker's account; the system and its number where nobody named it.
    pub fn name(&self, system: &str, broker_account: &str) -> Text {
        let ours = self.0.iter().find(|(_, route)| {
            route.system == system
                && route.broker_account.as_ref().is_none_or(|number| number == broker_account)
        });
        match ours {
            Some((name, _)) => name.clone(),
            None => Text::from(format!("{system}:{broker_account}")),
        }
    }
}

/// What every driver is given.
#[derive(Clone, Debug)]
pub struct Wiring {
    /// Kafka.
    pub cluster: Cluster,
    /// The schema registry.
    pub registry: Registry,
    /// Writes events.
    pub serializer: Arc<Serializer>,
    /// Reads them.
    pub deserializer: Deserializer,
    /// Names of topics.
    pub names: Names,
    /// Our accounts.
    pub accounts: Accounts,
    /// The only clock.
    pub clock: Clock,
    /// Set when everything is to stop.
    pub shutdown: CancellationToken,
    /// Which of several processes that share the work this is.
    pub instance: u32,
    /// Where figures are counted.
    pub metrics: Metrics,
    pub(crate) alerts: Alerts,
    pub(crate) told: Told,
    handle: Handle,
}

impl Wiring {
    /// Registers the schemas, makes the topics that are missing, and ties all together.
    pub async fn connect(
        cluster: Cluster,
        registry: Registry,
        names: Names,
        accounts: Accounts,
    ) -> Result<Self, Error> {
        let serializer = Serializer::register(&registry, names.prefix()).await?;
        Ok(Self {
            deserializer: Deserializer::new(&serializer),
            serializer: Arc::new(serializer),
            cluster,
            registry,
            names,
            accounts,
            clock: Clock::system(),
            shutdown: CancellationToken::new(),
            instance: 0,
            metrics: Metrics::default(),
            alerts: Alerts::default(),
            told: Told::default(),
            handle: Handle::current(),
        })
    }

    /// Reads a record, asking the registry about a schema that is met for the first time. Blocks.
    pub fn read(&self, message: &Message) -> Result<Event, Error> {
        let record = |reason: String| Error::Record { topic: message.topic.to_string(), reason };
        let Some(payload) = message.payload() else {
            return Err(record("it has no value".to_owned()));
        };
        let event = match self.deserializer.read(payload) {
            Err(DecodeError::UnknownSchema(id)) => {
                let learned = self.deserializer.learn(&self.registry, id);
                match self.handle.block_on(learned) {
                    Ok(()) => self.deserializer.read(payload),
                    // The registry says that there is no such schema: the record is at fault.
                    Err(avro::RegistryError::Refused { reason, .. }) => return Err(record(reason)),
                    Err(unreachable) => return Err(unreachable.into()),
                }
            }
            read => read,
        };
        let mut event = event.map_err(|error| record(error.to_string()))?;
        // Other programs write these. Their clocks are not ours: the broker's time of arrival
        // counts.
        let is_from_outside = FROM_OUTSIDE.contains(&event.info().topic);
        if is_from_outside || event.head().received_time.0 == 0 {
            event.head_mut().received_time = model::Timestamp::from_millis(message.timestamp_ms);
        }
        if event.head().event_id.is_nil() {
            let offset = message.offset.to_string();
            let partition = message.partition.to_string();
            event.head_mut().event_id = model::EventId::of(&[&message.topic, &partition, &offset]);
        }
        Ok(event)
    }

    /// Keeps what outlives this process beside the cursors. Its calls block.
    pub fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::new(Kept::new(self))
    }

    /// The id of this process's producer for a component; older incarnations are fenced.
    pub fn transactional_id(&self, instance: &str) -> String {
        format!("foliostream.{}{instance}.{}", self.names.prefix(), self.instance)
    }

    /// As [`Self::transactional_id`], for what must have one owner among all processes: a feed
    /// that two of them read would be published twice, an order that both hold could leave twice.
    pub fn sole_transactional_id(&self, instance: &str) -> String {
        format!("foliostream.{}{instance}", self.names.prefix())
    }

    /// A member of the component's consumer group. It has a name of its own, so that a process
    /// that was killed gets its partitions back at once when it returns.
    pub fn group(&self, instance: &str, topics: &[&str]) -> Result<Member, kafka::Error> {
        let group = format!("foliostream.{}{instance}", self.names.prefix());
        self.cluster.group_member(&group, &self.transactional_id(instance), topics).map(Member::new)
    }

    /// A member without a name, for what any process may do: those of one node share the work, and
    /// one takes over from another once it is known to be gone.
    pub fn shared_group(&self, instance: &str, topics: &[&str]) -> Result<Member, kafka::Error> {
        let group = format!("foliostream.{}{instance}", self.names.prefix());
        self.cluster.group(&group, topics).map(Member::new)
    }

    /// The only member of the component's consumer group: a newer one ends an older one.
    pub fn sole_group(&self, instance: &str, topics: &[&str]) -> Result<Member, kafka::Error> {
        let id = self.sole_transactional_id(instance);
        self.cluster.group_member(&id, &id, topics).map(Member::new)
    }
}

/// Makes the topics of every event, and of the processors' states, that are not there yet.
/// Gives the names with the partition counts that Kafka really has.
pub fn create_topics(
    cluster: &Cluster,
    names: &Names,
    processors: &[(&str, &[&str])],
    retention: Option<Duration>,
    replication: i32,
) -> Result<Names, Error> {
    let admin = cluster.admin()?;
    let retention = retention.unwrap_or(RETENTION).as_millis().to_string();
    let spec = |base: &str, partitions: i32, is_compacted: bool| {
        let (key, value) = if is_compacted {
            ("cleanup.policy", "compact")
        } else if base == AUDIT {
            ("retention.ms", "-1")
        } else {
            ("retention.ms", &*retention)
        };
        let mut config = BTreeMap::from([(key.to_owned(), value.to_owned())]);
        if FROM_OUTSIDE.contains(&base) {
            config.insert("message.timestamp.type".to_owned(), "LogAppendTime".to_owned());
        }
        TopicSpec { name: names.topic(base), partitions, replication, config }
    };
    let mut counts = BTreeMap::new();
    let make = |specs: Vec<TopicSpec>, counts: &mut BTreeMap<String, i32>| -> Result<(), Error> {
        for (spec, creation) in specs.iter().zip(admin.create_topics(&specs)?) {
            let partitions = match creation {
                Creation::Differs { found, .. } => found,
                Creation::Made | Creation::Existed => spec.partitions,
            };
            counts.insert(names.base(&spec.name).to_owned(), partitions);
        }
        Ok(())
    };
    let events = Event::KINDS.iter().filter(|info| info.name != "ProcessorState");
    let specs = events.map(|i| spec(i.topic, names.partitions(i.topic), i.is_compacted)).collect();
    make(specs, &mut counts)?;
    let mut states = Vec::new();
    for (processor, inputs) in processors {
        let found: Vec<i32> = inputs.iter().filter_map(|t| counts.get(*t).copied()).collect();
        if found.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(Error::Topics(format!(
                "the inputs of {processor} ({}) need the same number of partitions, they have \
                 {found:?}; check topics.partitions",
                inputs.join(", ")
            )));
        }
        let count = found.first().copied().unwrap_or(1);
        states.push(spec(&Names::states(processor), count, true));
    }
    make(states, &mut counts)?;
    Ok(Names::new(names.prefix(), counts, names.default_partitions))
}
