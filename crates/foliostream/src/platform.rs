//! Kafka and the schema registry: our own, or those that the user names.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kafka::Cluster;
use local_kafka::{DataDir, LocalKafka, Options};
use runtime::{Accounts, Names, Wiring};
use topology::Topology;

use crate::cli::Cli;
use crate::endpoints::Endpoints;

/// How long a cluster may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Partitions of a topic unless the topology says otherwise.
const PARTITIONS: i32 = 1;

/// Kafka and the registry.
pub struct Platform {
    /// The cluster.
    pub cluster: Cluster,
    /// The registry's client.
    pub registry: avro::Registry,
    /// Their addresses.
    pub endpoints: Endpoints,
    local: Option<(LocalKafka, registry::Running)>,
}

impl Platform {
    /// Starts both on this machine; topics live in the data folder.
    pub async fn local(
        data: &Path,
        port: Option<u16>,
        listen: SocketAddr,
        progress: bool,
    ) -> Result<Self> {
        let folder: PathBuf = data.join("kafka");
        let data_dir = DataDir::Kept(folder.clone());
        let kafka = local_kafka::start(Options { data_dir, port, progress, ..Options::default() })
            .await
            .with_context(|| format!("starting Kafka in {}", folder.display()))?;
        let bootstrap_servers = kafka.bootstrap_servers().to_owned();
        let cluster = Cluster::new(kafka::Settings::plain(bootstrap_servers.clone()));
        let settings = registry::Settings { listen, ..registry::Settings::default() };
        let served = registry::serve(settings, cluster.clone()).await;
        let served = served.context("starting the schema registry")?;
        let endpoints = Endpoints { bootstrap_servers, schema_registry_url: served.url() };
        let client = avro::Registry::new(&endpoints.schema_registry_url, None)?;
        Ok(Self { cluster, registry: client, endpoints, local: Some((kafka, served)) })
    }

    /// Uses a cluster and a registry that are there.
    pub fn remote(
        settings: kafka::Settings,
        registry_url: &str,
        user: Option<(String, String)>,
    ) -> Result<Self> {
        let endpoints = Endpoints {
            bootstrap_servers: settings.bootstrap_servers.clone(),
            schema_registry_url: registry_url.to_owned(),
        };
        let registry = avro::Registry::new(registry_url, user)?;
        Ok(Self { cluster: Cluster::new(settings), registry, endpoints, local: None })
    }

    /// What a command that only looks uses: the addresses it is given, or those that a running
    /// `demo` or `broker run` left in the data folder.
    pub fn running(cli: &Cli) -> Result<Self> {
        let found = Endpoints::find(&cli.data);
        let bootstrap = cli.bootstrap_servers.clone();
        let bootstrap = bootstrap.or_else(|| found.as_ref().map(|e| e.bootstrap_servers.clone()));
        let registry = cli.schema_registry.clone();
        let registry = registry.or_else(|| found.map(|e| e.schema_registry_url));
        let (Some(bootstrap), Some(registry)) = (bootstrap, registry) else {
            bail!(
                "nothing runs on the data folder {:?}: start `foliostream demo` or `foliostream \
                 broker run`, or name --bootstrap-servers and --schema-registry",
                cli.data
            );
        };
        Self::remote(kafka::Settings::plain(bootstrap), &registry, None)
    }

    /// What a command that only looks uses when it knows the topology: its cluster, or the one
    /// that runs on the data folder.
    pub async fn in_use(cli: &Cli, topology: &Topology) -> Result<Self> {
        let is_elsewhere = topology.kafka.as_ref().is_some_and(|kafka| kafka.local.is_none());
        match is_elsewhere {
            true => Self::of_topology(cli, topology).await,
            false => Self::running(cli),
        }
    }

    /// What a topology says: its own cluster, or one on this machine.
    pub async fn of_topology(cli: &Cli, topology: &Topology) -> Result<Self> {
        let registry = topology.schema_registry.as_ref();
        if let (Some(bootstrap), Some(url)) = (&cli.bootstrap_servers, &cli.schema_registry) {
            return Self::remote(kafka::Settings::plain(bootstrap.clone()), url, None);
        }
        match &topology.kafka {
            Some(kafka) if kafka.local.is_none() => {
                let settings: kafka::Settings = kafka.decode()?;
                let Some(registry) = registry else {
                    bail!("schema_registry.url is needed beside kafka.bootstrap_servers");
                };
                let user = registry.username.clone().zip(registry.password.as_ref());
                let user = user.map(|(name, password)| (name, password.expose().to_owned()));
                Self::remote(settings, registry.url.as_str(), user)
            }
            kafka => {
                let local = kafka.as_ref().and_then(|kafka| kafka.local.clone());
                let data = local.as_ref().and_then(|l| l.data_dir.clone());
                let data = data.unwrap_or_else(|| cli.data.clone());
                let listen = SocketAddr::from(([127, 0, 0, 1], 0));
                Self::local(&data, local.and_then(|l| l.port), listen, true).await
            }
        }
    }

    /// Everything that drivers need, with the topics made.
    pub async fn wire(
        &self,
        names: &Names,
        accounts: Accounts,
        processors: &[(&str, &[&str])],
        replication: i32,
        retention: Option<Duration>,
    ) -> Result<Wiring> {
        self.check()?;
        let cluster = &self.cluster;
        let names = tokio::task::block_in_place(|| {
            runtime::create_topics(cluster, names, processors, retention, replication)
        })?;
        Ok(Wiring::connect(cluster.clone(), self.registry.clone(), names, accounts).await?)
    }

    /// The same for a command that only looks.
    pub async fn look(&self, prefix: &str) -> Result<Wiring> {
        self.check()?;
        let names = Names::new(prefix, Default::default(), PARTITIONS);
        self.wire(&names, Accounts::default(), &[], 1, None).await
    }

    fn check(&self) -> Result<()> {
        tokio::task::block_in_place(|| self.cluster.check(ANSWER))?;
        Ok(())
    }

    /// Stops what was started here; who looks into the data folder no longer finds it.
    pub async fn stop(self, data: &Path) -> Result<()> {
        if let Some((kafka, served)) = self.local {
            Endpoints::withdraw(data);
            drop(served);
            kafka.stop().await?;
        }
        Ok(())
    }
}

/// Names and partitions as a topology says.
pub fn names(topology: &Topology, prefix: &str) -> Names {
    let prefix = if prefix.is_empty() { &topology.topics.prefix } else { prefix };
    let count = |count: &u32| i32::try_from(*count).unwrap_or(i32::MAX);
    let default = topology.topics.partitions.get("default").map_or(PARTITIONS, count);
    let partitions = topology.topics.partitions.iter().map(|(t, n)| (t.clone(), count(n)));
    Names::new(prefix, partitions.collect(), default)
}

/// Our accounts as a topology says.
pub fn accounts(topology: &Topology) -> Accounts {
    let route = |account: &topology::Account| runtime::Route {
        system: account.system.as_str().into(),
        broker_account: Some(account.broker_account.as_str().into()),
    };
    let routes = topology.accounts.iter().map(|(name, account)| (name.into(), route(account)));
    Accounts(std::sync::Arc::new(routes.collect()))
}
