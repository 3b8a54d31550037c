//! The broker is killed in the middle of things.

use std::time::{Duration, Instant};

use kafka::{Cluster, Error, Polled, Settings, TopicSpec};
use local_kafka::{LocalKafka, Options};

use crate::{PATIENCE, committed_on, eventually, numbered, record, text};

/// A broker of one's own, to be killed.
struct Broker {
    runtime: tokio::runtime::Runtime,
    kafka: LocalKafka,
}

impl Broker {
    fn start() -> (Broker, Cluster) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut options = Options::default();
        // A killed broker is not let back in before its old session has ended.
        options.properties.insert("broker.session.timeout.ms".into(), "2000".into());
        options.properties.insert("broker.heartbeat.interval.ms".into(), "500".into());
        let kafka = runtime.block_on(local_kafka::start(options)).unwrap();
        let cluster = Cluster::new(Settings::plain(kafka.bootstrap_servers()));
        (Broker { runtime, kafka }, cluster)
    }

    fn restart(&mut self) {
        self.runtime.block_on(self.kafka.restart()).unwrap();
    }
}

fn make(cluster: &Cluster, topic: &str) {
    cluster.admin().unwrap().create_topics(&[TopicSpec::new(topic, 1)]).unwrap();
}

#[test]
fn a_pipeline_survives_a_killed_broker() {
    let (mut broker, cluster) = Broker::start();
    make(&cluster, "live");
    let mut pipeline = cluster.pipeline().unwrap();
    for payload in &numbered("n", 3000)[..1000] {
        pipeline.send(&record("live", 0, payload)).unwrap();
    }
    broker.kafka.kill();
    for payload in &numbered("n", 3000)[1000..2000] {
        pipeline.send(&record("live", 0, payload)).unwrap();
    }
    let error = pipeline.flush(Duration::from_millis(500)).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    broker.restart();
    for payload in &numbered("n", 3000)[2000..] {
        pipeline.send(&record("live", 0, payload)).unwrap();
    }
    pipeline.flush(PATIENCE).unwrap();
    assert_eq!(pipeline.acknowledged().unwrap(), 3000);
    assert_eq!(committed_on(&cluster, "live"), numbered("n", 3000));
}

#[test]
fn a_lost_connection_makes_a_transactional_producer_step_down() {
    let (mut broker, cluster) = Broker::start();
    make(&cluster, "out");
    let mut transactions = cluster.transactions("owner").unwrap();
    transactions.begin().unwrap();
    transactions.send(&record("out", 0, "first")).unwrap();
    transactions.commit().unwrap();

    // Killed in the middle of a transaction: whatever becomes of it, the producer ends.
    transactions.begin().unwrap();
    transactions.send(&record("out", 0, "second")).unwrap();
    broker.kafka.kill();
    broker.restart();
    let committed = transactions.commit();
    println!("the commit across the restart: {committed:?}");
    if committed.is_err() {
        println!("the abort: {:?}", transactions.abort());
    }
    let next = transactions.begin();
    assert!(matches!(next, Err(Error::Indefinite { .. })), "{next:?}");
    assert!(!transactions.usable());

    let mut transactions = cluster.transactions("owner").unwrap();
    transactions.begin().unwrap();
    transactions.send(&record("out", 0, "third")).unwrap();
    transactions.commit().unwrap();
    let found = committed_on(&cluster, "out");
    match committed {
        Ok(()) => assert_eq!(found, ["first", "second", "third"]),
        // Unknown to the producer means that both are possible.
        Err(_) => assert!(found == ["first", "third"] || found == ["first", "second", "third"]),
    }
}

#[test]
fn a_record_that_never_arrived_can_be_aborted() {
    let (mut broker, cluster) = Broker::start();
    make(&cluster, "out");
    let mut transactions = cluster.transactions("owner").unwrap();
    transactions.begin().unwrap();
    transactions.send(&record("out", 0, "lost")).unwrap();
    broker.kafka.kill();
    // The record never got there, so nothing can have been committed, and nothing is open.
    let error = transactions.commit().unwrap_err();
    assert!(matches!(error, Error::Abortable { .. }), "{error:?}");
    transactions.abort().unwrap();
    let start = Instant::now();
    drop(transactions);
    println!("dropped without a broker in {:?}", start.elapsed());
}

#[test]
fn an_end_without_an_answer_is_indefinite() {
    let (mut broker, cluster) = Broker::start();
    make(&cluster, "out");
    let mut transactions = cluster.transactions("owner").unwrap();
    let reader = cluster.reader().unwrap();
    transactions.begin().unwrap();
    transactions.send(&record("out", 0, "perhaps")).unwrap();
    eventually("the record to reach the broker", || {
        (reader.watermarks("out", 0).unwrap().1 == 1).then_some(())
    });
    broker.kafka.kill();
    let mut error = transactions.commit().unwrap_err();
    println!("the commit: {error}");
    if matches!(error, Error::Abortable { .. }) {
        // The record's own acknowledgement was lost: then it is the abort that nobody confirms.
        error = transactions.abort().unwrap_err();
    }
    assert!(matches!(error, Error::Indefinite { .. }), "{error:?}");
    assert!(!transactions.usable());
    for again in [transactions.begin(), transactions.abort(), transactions.commit()] {
        assert!(matches!(again, Err(Error::Indefinite { .. })), "{again:?}");
    }
    let start = Instant::now();
    drop(transactions);
    println!("dropped without a broker in {:?}", start.elapsed());
    let error = cluster.pipeline().unwrap().flush(Duration::from_millis(10));
    assert!(error.is_ok(), "nothing was sent: {error:?}");
}

#[test]
fn a_group_goes_on_after_a_restart() {
    let (mut broker, cluster) = Broker::start();
    make(&cluster, "in");
    let mut pipeline = cluster.pipeline().unwrap();
    let mut group = cluster.group("readers", &["in"]).unwrap();
    let mut found = Vec::new();
    let mut read = |group: &mut kafka::Group, count: usize| {
        eventually("records", || {
            match group.next(100, Duration::from_millis(50)).unwrap() {
                Polled::Messages(messages) => found.extend(messages.iter().map(text)),
                // A broker that starts anew may assign anew; nothing was committed.
                Polled::Revoked { .. } => found.clear(),
                Polled::Assigned(_) | Polled::Nothing => {}
            }
            (found.len() >= count).then(|| found.clone())
        })
    };
    for payload in &numbered("n", 200)[..100] {
        pipeline.send(&record("in", 0, payload)).unwrap();
    }
    read(&mut group, 100);
    broker.kafka.kill();
    for payload in &numbered("n", 200)[100..] {
        pipeline.send(&record("in", 0, payload)).unwrap();
    }
    assert!(group.next(1, Duration::from_millis(200)).is_ok(), "an outage is no error");
    broker.restart();
    let start = Instant::now();
    let found = read(&mut group, 200);
    println!("the group went on {:?} after the restart", start.elapsed());
    assert_eq!(found, numbered("n", 200));

    broker.kafka.kill();
    let start = Instant::now();
    drop(group);
    println!("the group was closed without a broker in {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(20));
}
