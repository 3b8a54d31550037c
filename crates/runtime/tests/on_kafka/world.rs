//! What every test stands on: one broker and one registry for the process, topics of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use kafka::{Cluster, Message, Outgoing, Settings};
use model::{DeadLetter, Event, Fill, Text, Trade};
use runtime::{Accounts, Health, Names, Publisher, State, Supervisor, Task, Wiring};
use tokio::runtime::{Builder, Runtime};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

/// Far longer than anything takes: a test that needs it has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two looks at something that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Topics, schemas and names that belong to one test.
pub struct World {
    pub wiring: Wiring,
}

/// A world on the broker that all tests share.
pub async fn world(partitions: &[(&str, i32)]) -> World {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("w{}.", COUNT.fetch_add(1, Ordering::Relaxed));
    let servers = block_in_place(local_kafka::shared).bootstrap_servers();
    World::new(servers, block_in_place(registry_url), &prefix, partitions).await
}

impl World {
    pub async fn new(
        servers: &str,
        registry: &str,
        prefix: &str,
        partitions: &[(&str, i32)],
    ) -> Self {
        let cluster = Cluster::new(Settings::plain(servers));
        let mut counts: BTreeMap<_, _> =
            partitions.iter().map(|(topic, count)| ((*topic).to_owned(), *count)).collect();
        // One of the toys reads both, so they must be alike.
        if let Some(count) = counts.get("orders.fills").copied() {
            counts.insert("accounts.activities".to_owned(), count);
        }
        let names = Names::new(prefix, counts, 1);
        let inputs: Vec<_> = crate::toys::PROCESSORS.to_vec();
        let names = block_in_place(|| runtime::create_topics(&cluster, &names, &inputs, None, 1));
        Self::join(cluster, registry, names.unwrap()).await
    }

    /// A world whose topics are there already.
    pub async fn join(cluster: Cluster, registry: &str, names: Names) -> Self {
        // `RUST_LOG=runtime=debug` shows what the components have to say.
        let shown = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(shown).with_test_writer().try_init();
        let registry = avro::Registry::new(registry, None).unwrap();
        let wiring = Wiring::connect(cluster, registry, names, Accounts::default()).await.unwrap();
        Self { wiring }
    }

    pub fn topic(&self, base: &str) -> String {
        self.wiring.names.topic(base)
    }

    /// Every committed record of a topic, in order per partition.
    pub fn messages(&self, base: &str) -> Vec<Message> {
        let mut found = Vec::new();
        let reader = self.wiring.cluster.reader().unwrap();
        block_in_place(|| reader.read_all(&self.topic(base), |message| found.push(message)))
            .unwrap();
        found
    }

    /// The same, read.
    pub fn events(&self, base: &str) -> Vec<Event> {
        let messages = self.messages(base);
        block_in_place(|| messages.iter().map(|m| self.wiring.read(m).unwrap()).collect())
    }

    pub fn fills(&self) -> Vec<Fill> {
        self.events("orders.fills").into_iter().map(|e| only!(e, Event::Fill)).collect()
    }

    pub fn trades(&self) -> Vec<Trade> {
        self.events("market.trades").into_iter().map(|e| only!(e, Event::Trade)).collect()
    }

    pub fn letters(&self) -> Vec<DeadLetter> {
        self.events("dead.letters").into_iter().map(|e| only!(e, Event::DeadLetter)).collect()
    }

    /// Publishes events as another program would, and waits for the broker.
    pub fn publish(&self, events: impl IntoIterator<Item = impl Into<Event>>) {
        let mut publisher = Publisher::new(&self.wiring);
        let mut pipeline = self.wiring.cluster.pipeline().unwrap();
        for event in events {
            publisher.publish(&mut pipeline, &event.into(), None).unwrap();
        }
        block_in_place(|| pipeline.flush(PATIENCE)).unwrap();
    }

    /// Publishes bytes that no program of ours would write.
    pub fn publish_raw(&self, base: &str, partition: i32, key: &str, payload: &[u8]) {
        let mut pipeline = self.wiring.cluster.pipeline().unwrap();
        let topic = self.topic(base);
        let (partition, key) = (Some(partition), Some(key.as_bytes()));
        let record = Outgoing {
            topic: &topic,
            partition,
            key,
            payload: Some(payload),
            ..Outgoing::default()
        };
        pipeline.send(&record).unwrap();
        block_in_place(|| pipeline.flush(PATIENCE)).unwrap();
    }

    /// Starts components under a supervisor of their own.
    pub fn run(&self, tasks: impl IntoIterator<Item = Task>) -> Run {
        self.run_as(0, tasks)
    }

    /// As [`World::run`], as one of several processes.
    pub fn run_as(&self, instance: u32, tasks: impl IntoIterator<Item = Task>) -> Run {
        let mut wiring = self.wiring.clone();
        wiring.shutdown = CancellationToken::new();
        wiring.instance = instance;
        let process = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut supervisor = Supervisor::new(wiring.clone());
        {
            let _inside = process.enter();
            tasks.into_iter().for_each(|task| supervisor.start(task));
        }
        Run { supervisor: Some(supervisor), wiring, process: Some(process) }
    }
}

/// Components at work, on threads of their own as if in a process of their own.
pub struct Run {
    /// Both are taken by whoever ends it.
    supervisor: Option<Supervisor>,
    process: Option<Runtime>,
    wiring: Wiring,
}

impl Run {
    /// Tells everything to stop and waits until it has.
    pub async fn stop(mut self) {
        let supervisor = self.supervisor.take().unwrap();
        assert!(supervisor.stop(PATIENCE).await, "did not stop within {PATIENCE:?}");
    }

    /// Drops everything between two steps. A step on its way cannot be dropped; it is waited for,
    /// since a process that is dead does not fence its successor.
    pub async fn crash(mut self) {
        let process = self.process.take().unwrap();
        drop(self);
        let ended = tokio::task::spawn_blocking(move || process.shutdown_timeout(PATIENCE));
        ended.await.unwrap();
    }

    pub fn health(&self, component: &str) -> Health {
        self.supervisor.as_ref().unwrap().statuses()[&Text::from(component)].get()
    }

    pub async fn reaches(&self, component: &str, state: State) -> Health {
        eventually(&format!("{component} is {state:?}"), || {
            Some(self.health(component)).filter(|health| health.state == state)
        })
        .await
    }
}

impl Drop for Run {
    /// A processor works on a thread that cannot be dropped; it must at least not go on.
    fn drop(&mut self) {
        drop(self.supervisor.take());
        self.wiring.shutdown.cancel();
        if let Some(process) = self.process.take() {
            process.shutdown_background();
        }
    }
}

/// Looks until there is an answer.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = look() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Small numbers that look random and are the same in every run; the seed is printed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        eprintln!("seed {seed}");
        Self(seed)
    }

    /// A number below `limit`.
    pub fn roll(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A registry that lives as long as the process, beside the runtimes of single tests.
pub fn registry_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| serve_registry(local_kafka::shared().bootstrap_servers()))
}

/// Serves a registry from a thread of its own, for as long as the process lives.
pub fn serve_registry(servers: &str) -> String {
    let cluster = Cluster::new(Settings::plain(servers));
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let running = registry::serve(registry::Settings::default(), cluster).await.unwrap();
            tell.send(running.url()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    told.recv().unwrap()
}

/// The inside of the one variant that it must be.
macro_rules! only {
    ($event:expr, $variant:path) => {
        match $event {
            $variant(inner) => *inner,
            other => panic!("not expected here: {other:?}"),
        }
    };
}
pub(crate) use only;
