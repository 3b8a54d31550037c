//! The crate against a real Apache Kafka; one broker for all tests of this process, and brokers
//! of their own for the tests that kill them.
#![allow(clippy::unwrap_used)]

mod admin;
mod copier;
mod crash;
mod group;
mod pipeline;
mod reader;
mod security;
mod transactions;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use kafka::{Admin, Cluster, Message, Outgoing, Settings, TopicSpec};

/// Far longer than anything takes: a test that needs it has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn cluster() -> Cluster {
    Cluster::new(Settings::plain(local_kafka::shared().bootstrap_servers()))
}

pub fn admin() -> Admin {
    cluster().admin().unwrap()
}

/// A name that no other test uses.
pub fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}.{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A new topic with a name of its own.
pub fn topic(name: &str, partitions: i32) -> String {
    let name = unique(name);
    admin().create_topics(&[TopicSpec::new(&name, partitions)]).unwrap();
    name
}

pub fn record<'a>(topic: &'a str, partition: i32, payload: &'a str) -> Outgoing<'a> {
    Outgoing {
        topic,
        partition: Some(partition),
        payload: Some(payload.as_bytes()),
        ..Outgoing::default()
    }
}

/// Sends payloads to one partition, outside any transaction, and waits for the broker.
pub fn fill(topic: &str, partition: i32, payloads: impl IntoIterator<Item = String>) {
    let mut pipeline = cluster().pipeline().unwrap();
    for payload in payloads {
        pipeline.send(&record(topic, partition, &payload)).unwrap();
    }
    pipeline.flush(PATIENCE).unwrap();
}

/// `n.0`, `n.1` ...
pub fn numbered(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{name}.{n}")).collect()
}

pub fn text(message: &Message) -> String {
    String::from_utf8(message.payload().unwrap().to_vec()).unwrap()
}

/// Every committed record of a topic, in order per partition.
pub fn committed(topic: &str) -> Vec<String> {
    committed_on(&cluster(), topic)
}

pub fn committed_on(cluster: &Cluster, topic: &str) -> Vec<String> {
    let mut found = Vec::new();
    cluster.reader().unwrap().read_all(topic, |message| found.push(text(&message))).unwrap();
    found
}

pub fn partition(topic: &str, partition: i32) -> (Arc<str>, i32) {
    (Arc::from(topic), partition)
}

/// Runs `step` until it has an answer.
pub fn eventually<T>(what: &str, mut step: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = step() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
    }
}
