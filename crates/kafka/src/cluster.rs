//! The door to one Kafka cluster.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::client::Client;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, Producer};

use crate::context::{Context, lock};
use crate::error::Kind;
use crate::sender::Deliveries;
use crate::{Admin, Error, Group, Pipeline, Reader, Result, Settings, Transactions};
use crate::{native, query};

/// One Kafka cluster. Cheap to clone; makes no connection before it is asked something.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    /// The client that asks for metadata and offsets, made when it is first needed.
    query: Mutex<Option<Arc<QueryClient>>>,
}

pub(crate) type QueryClient = BaseConsumer<Context<()>>;

/// What a cluster says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterInfo {
    pub cluster_id: Option<String>,
    /// `host:port` of every broker.
    pub brokers: Vec<String>,
    pub topics: usize,
}

impl Cluster {
    pub fn new(settings: Settings) -> Cluster {
        Cluster { inner: Arc::new(Inner { settings, query: Mutex::new(None) }) }
    }

    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Asks the cluster who it is, for as long as `wait`. Refused credentials end the wait.
    pub fn check(&self, wait: Duration) -> Result<ClusterInfo> {
        let servers = &self.settings().bootstrap_servers;
        let attempted = format!("reach Kafka at `{servers}` (kafka.bootstrap_servers)");
        let query = self.query()?;
        let metadata = query::metadata(&query, None, &attempted, wait)?;
        let brokers: Vec<String> =
            metadata.brokers().iter().map(|b| format!("{}:{}", b.host(), b.port())).collect();
        if brokers.is_empty() {
            return Err(Error::new(Kind::Unreachable, attempted, "it names no broker"));
        }
        let cluster_id = query.client().fetch_cluster_id(wait);
        Ok(ClusterInfo { cluster_id, brokers, topics: metadata.topics().len() })
    }

    pub fn admin(&self) -> Result<Admin> {
        Admin::new(self.clone())
    }

    /// A producer for live delivery.
    pub fn pipeline(&self) -> Result<Pipeline> {
        Pipeline::new(self.settings())
    }

    /// The producer that owns this transactional id from now on; older owners are fenced, and
    /// what they left open is aborted.
    pub fn transactions(&self, transactional_id: &str) -> Result<Transactions> {
        Transactions::new(self.settings(), transactional_id)
    }

    /// A member of a consumer group.
    pub fn group(&self, group_id: &str, topics: &[&str]) -> Result<Group> {
        Group::new(self.settings(), group_id, None, topics)
    }

    /// A member with a name of its own. When it is killed and comes back within ten seconds under
    /// the same name, it gets its partitions back at once; without a name, the group first has to
    /// notice that the killed member is gone. Two live members of one name fence each other.
    pub fn group_member(&self, group_id: &str, member: &str, topics: &[&str]) -> Result<Group> {
        Group::new(self.settings(), group_id, Some(member), topics)
    }

    pub fn reader(&self) -> Result<Reader> {
        Reader::new(self.clone())
    }

    pub(crate) fn query(&self) -> Result<Arc<QueryClient>> {
        let mut slot = lock(&self.inner.query);
        if let Some(query) = &*slot {
            return Ok(query.clone());
        }
        let config = self.settings().for_query()?;
        let context = Context::new(self.settings(), ());
        let query: QueryClient = create(&config, context, "start a query client")?;
        Ok(slot.insert(Arc::new(query)).clone())
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cluster").field(self.settings()).finish()
    }
}

/// Makes a client and hands it its bearer token, if there is one to hand.
pub(crate) fn create<S, T>(config: &ClientConfig, context: Context<S>, attempted: &str) -> Result<T>
where
    S: Send + Sync,
    T: FromClientConfigAndContext<Context<S>> + HasClient<S>,
{
    let token = context.token();
    let client: T = config
        .create_with_context(context)
        .map_err(|error| Error::from_client(attempted, &error))?;
    if let Some(token) = token {
        let failed = |reason: String| Error::new(Kind::Unauthorized, attempted, reason);
        let token = token.map_err(|error| failed(error.to_string()))?;
        native::set_token(client.native(), token).map_err(failed)?;
    }
    Ok(client)
}

/// The kinds of client that can be made.
pub(crate) trait HasClient<S> {
    fn native(&self) -> &Client<Context<S>>
    where
        S: Send + Sync;
}

impl HasClient<Deliveries> for BaseProducer<Context<Deliveries>> {
    fn native(&self) -> &Client<Context<Deliveries>> {
        self.client()
    }
}

impl<S: Send + Sync> HasClient<S> for BaseConsumer<Context<S>>
where
    Context<S>: rdkafka::consumer::ConsumerContext,
{
    fn native(&self) -> &Client<Context<S>> {
        self.client()
    }
}

impl HasClient<()> for AdminClient<Context<()>> {
    fn native(&self) -> &Client<Context<()>> {
        self.inner()
    }
}
