//! What every group stands on: a Kafka and a schema registry of their own, gone at the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use kafka::{Cluster, Message};
use local_kafka::{LocalKafka, Options};
use runtime::{Accounts, Names, Supervisor, Task, Wiring};
use tokio::task::block_in_place;

/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// A topic from which nothing comes for so long has been read.
const IDLE: Duration = Duration::from_secs(1);

/// Kafka and the registry.
pub struct Stage {
    kafka: LocalKafka,
    _registry: registry::Running,
    pub registry_url: String,
    pub cluster: Cluster,
    /// Files of the processes that are started.
    pub folder: tempfile::TempDir,
}

impl Stage {
    pub async fn set() -> Result<Self> {
        let kafka = local_kafka::start(Options::default()).await?;
        let cluster = Cluster::new(kafka::Settings::plain(kafka.bootstrap_servers()));
        let running = registry::serve(registry::Settings::default(), cluster.clone()).await?;
        let registry_url = running.url();
        let folder = tempfile::tempdir()?;
        Ok(Self { kafka, _registry: running, registry_url, cluster, folder })
    }

    pub async fn strike(self) -> Result<()> {
        Ok(self.kafka.stop().await?)
    }

    pub fn bootstrap_servers(&self) -> &str {
        self.kafka.bootstrap_servers()
    }

    /// Process id of the broker.
    pub fn broker(&self) -> u32 {
        self.kafka.pid()
    }

    /// Topics under a prefix of their own, and what drivers need to use them.
    pub async fn wiring(
        &self,
        prefix: &str,
        partitions: &[(&str, i32)],
        processors: &[(&str, &[&str])],
        accounts: Accounts,
    ) -> Result<Wiring> {
        let counts: BTreeMap<_, _> =
            partitions.iter().map(|(topic, count)| ((*topic).to_owned(), *count)).collect();
        let names = Names::new(prefix, counts, 1);
        let names =
            block_in_place(|| runtime::create_topics(&self.cluster, &names, processors, None, 1))?;
        let registry = avro::Registry::new(&self.registry_url, None)?;
        Ok(Wiring::connect(self.cluster.clone(), registry, names, accounts).await?)
    }

    /// Deletes the topics under a prefix, so that a long run fills no disk.
    pub fn clear(&self, prefix: &str) -> Result<()> {
        block_in_place(|| {
            let admin = self.cluster.admin()?;
            let topics = admin.topics()?;
            let names: Vec<&str> =
                topics.iter().map(|t| &*t.name).filter(|name| name.starts_with(prefix)).collect();
            admin.delete_topics(&names)?;
            Ok(())
        })
    }

    /// How many offsets a topic has: its records, and the marks of transactions.
    pub fn offsets(&self, topic: &str) -> Result<u64> {
        block_in_place(|| {
            let reader = self.cluster.reader()?;
            let mut count = 0;
            for partition in reader.partitions(topic)? {
                let (start, end) = reader.watermarks(topic, partition)?;
                count += end - start;
            }
            Ok(count.unsigned_abs())
        })
    }

    /// The first records of a topic, in the order of each partition; fewer if there are fewer.
    pub fn first(&self, topic: &str, count: usize) -> Result<Vec<Message>> {
        block_in_place(|| {
            let mut follow = self.cluster.reader()?.follow(&[topic], kafka::From::Start)?;
            let mut records = Vec::with_capacity(count);
            while records.len() < count {
                let more = follow.next(count - records.len(), IDLE)?;
                if more.is_empty() {
                    break;
                }
                records.extend(more);
            }
            Ok(records)
        })
    }
}

/// Starts tasks under a supervisor of their own.
pub fn start(wiring: &Wiring, tasks: impl IntoIterator<Item = Task>) -> Supervisor {
    let mut supervisor = Supervisor::new(wiring.clone());
    tasks.into_iter().for_each(|task| supervisor.start(task));
    supervisor
}

/// Stops them, and says so if that takes too long.
pub async fn stop(supervisor: Supervisor) -> Result<()> {
    ensure!(supervisor.stop(PATIENCE).await, "the components did not stop within {PATIENCE:?}");
    Ok(())
}

/// Looks, at this pace, until there is an answer.
pub async fn eventually<T>(
    what: &str,
    pace: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = look().await? {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        tokio::time::sleep(pace).await;
    }
}

/// Looks until a count has come to its end: as long as it rises, however slowly.
pub async fn while_it_moves(
    what: &str,
    pace: Duration,
    mut look: impl AsyncFnMut() -> Result<(u64, bool)>,
) -> Result<u64> {
    let (mut highest, mut moved) = (0, Instant::now());
    loop {
        let (count, is_over) = look().await?;
        if is_over {
            return Ok(count);
        }
        if count > highest {
            (highest, moved) = (count, Instant::now());
        }
        ensure!(moved.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}, after {count}");
        tokio::time::sleep(pace).await;
    }
}

/// The program, built as this one is: `foliostream` beside the folder of the benches.
pub fn foliostream() -> Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = std::process::Command::new(cargo)
        .args(["build", "--release", "--package", "foliostream"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .context("building foliostream")?;
    ensure!(built.success(), "foliostream does not build");
    let this = std::env::current_exe()?;
    let profile = this.parent().and_then(Path::parent).context("cargo keeps benches in deps")?;
    Ok(profile.join("foliostream"))
}
