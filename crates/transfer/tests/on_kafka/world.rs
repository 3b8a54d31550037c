//! What every test stands on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};

use kafka::{Cluster, Settings};
use model::Event;
use runtime::{Accounts, Names, Publisher, Wiring};
use tokio::runtime::{Builder, Runtime};
use tokio::task::block_in_place;

/// Topics, schemas and names that belong to one test.
pub struct World {
    pub wiring: Wiring,
    pub folder: tempfile::TempDir,
}

pub fn threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub async fn world() -> World {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("t{}.", COUNT.fetch_add(1, Ordering::Relaxed));
    let servers = block_in_place(local_kafka::shared).bootstrap_servers();
    let cluster = Cluster::new(Settings::plain(servers));
    let names = Names::new(&prefix, BTreeMap::new(), 1);
    let names = block_in_place(|| runtime::create_topics(&cluster, &names, &[], None, 1)).unwrap();
    let registry = avro::Registry::new(block_in_place(registry_url), None).unwrap();
    let wiring = Wiring::connect(cluster, registry, names, Accounts::default()).await.unwrap();
    World { wiring, folder: tempfile::tempdir().unwrap() }
}

/// One registry for the process, on threads of its own: every test has others.
fn registry_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let servers = local_kafka::shared().bootstrap_servers().to_owned();
        let (told, heard) = mpsc::channel();
        std::thread::spawn(move || {
            threads().block_on(async {
                let cluster = Cluster::new(Settings::plain(servers));
                let served = registry::serve(registry::Settings::default(), cluster).await.unwrap();
                told.send(served.url()).unwrap();
                std::future::pending::<()>().await;
            });
        });
        heard.recv().unwrap()
    })
}

impl World {
    /// Every committed event of a topic.
    pub fn events(&self, base: &str) -> Vec<Event> {
        let mut found = Vec::new();
        let topic = self.wiring.names.topic(base);
        block_in_place(|| {
            let reader = self.wiring.cluster.reader().unwrap();
            reader.read_all(&topic, |message| found.push(message)).unwrap();
            found.iter().map(|message| self.wiring.read(message).unwrap()).collect()
        })
    }

    /// Publishes events as another program would.
    pub fn publish(&self, events: impl IntoIterator<Item = Event>) {
        let mut publisher = Publisher::new(&self.wiring);
        let mut pipeline = self.wiring.cluster.pipeline().unwrap();
        for event in events {
            publisher.publish(&mut pipeline, &event, None).unwrap();
        }
        let wait = std::time::Duration::from_secs(30);
        block_in_place(|| pipeline.flush(wait)).unwrap();
    }
}
