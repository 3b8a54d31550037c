//! The log on a real Kafka: everything once and in one order, whoever writes it and however often
//! it is interrupted, and nothing of it changed unnoticed.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use audit::Expected;
use component::{Note, Secret};
use credentials::{Signer, Tampering};
use kafka::{Cluster, Settings};
use model::{Audit, Event, EventId, Head, OrderAction, OrderClass, OrderRequest};
use runtime::{Accounts, Names, Publisher, State, Supervisor, Wiring};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

/// Far longer than anything takes: a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

struct World {
    wiring: Wiring,
    key: Secret,
}

impl World {
    /// Topics of their own on the broker that all tests share; inputs have several partitions.
    async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("a{}.", COUNT.fetch_add(1, Ordering::Relaxed));
        let servers = block_in_place(local_kafka::shared).bootstrap_servers();
        let cluster = Cluster::new(Settings::plain(servers));
        let names = Names::new(&prefix, BTreeMap::from([("orders".to_owned(), 3)]), 1);
        let names = block_in_place(|| runtime::create_topics(&cluster, &names, &[], None, 1));
        let registry = avro::Registry::new(block_in_place(registry_url), None).unwrap();
        let accounts = Accounts::default();
        let wiring = Wiring::connect(cluster, registry, names.unwrap(), accounts).await.unwrap();
        Self { wiring, key: Signer::generate().unwrap() }
    }

    fn public(&self) -> String {
        Signer::read(&self.key).unwrap().public()
    }

    /// Orders as another program asks for them.
    fn ask(&self, numbers: std::ops::Range<u32>) {
        self.publish(numbers.map(|number| {
            let id = format!("o-{number}");
            let head = Head::new(EventId::of(&["test", &id]), self.wiring.clock.now());
            OrderRequest {
                order_id: id.as_str().into(),
                request_id: id.as_str().into(),
                account: format!("account-{}", number % 7).as_str().into(),
                ..OrderRequest::blank(head, OrderAction::Place, OrderClass::Simple)
            }
        }));
    }

    fn publish(&self, events: impl IntoIterator<Item = impl Into<Event>>) {
        let mut publisher = Publisher::new(&self.wiring);
        let mut pipeline = self.wiring.cluster.pipeline().unwrap();
        for event in events {
            publisher.publish(&mut pipeline, &event.into(), None).unwrap();
        }
        block_in_place(|| pipeline.flush(PATIENCE)).unwrap();
    }

    /// A writer, as a process of its own would run it.
    fn write(&self) -> Supervisor {
        let mut wiring = self.wiring.clone();
        wiring.shutdown = CancellationToken::new();
        let mut supervisor = Supervisor::new(wiring);
        supervisor.start(audit::task(&self.key).unwrap());
        supervisor
    }

    fn log(&self) -> Vec<Option<Audit>> {
        block_in_place(|| audit::read(&self.wiring)).unwrap()
    }

    /// Waits until the log has an entry about each of so many orders, and holds it to that.
    async fn has(&self, orders: u32) -> Vec<Option<Audit>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            let asked = |entry: &&Audit| entry.action == "order.requested.place";
            let mut found: Vec<_> =
                log.iter().flatten().filter(asked).map(|e| e.subject.clone()).collect();
            let count = found.len();
            found.sort();
            found.dedup();
            assert_eq!(found.len(), count, "no order is there twice");
            if count == orders as usize {
                return log;
            }
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {orders}, {count} came");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A registry that lives as long as the process.
fn registry_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let cluster = Cluster::new(Settings::plain(local_kafka::shared().bootstrap_servers()));
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let running =
                    registry::serve(registry::Settings::default(), cluster).await.unwrap();
                tell.send(running.url()).unwrap();
                std::future::pending::<()>().await;
            });
        });
        told.recv().unwrap()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_is_there_once_however_often_the_writer_is_interrupted() {
    let world = World::new().await;
    for round in 0..4 {
        let writer = world.write();
        world.ask(round * 60..(round + 1) * 60);
        world.has((round + 1) * 60).await;
        assert!(writer.stop(PATIENCE).await);
        // One that stopped in order has signed all that it wrote.
        let log = world.log();
        let verified = audit::judge(&log, &world.public(), Expected::default()).unwrap();
        assert_eq!(verified.signed.unwrap().sequence, log.len() as u64);
    }
    // Of two, one writes; the other goes on when that one ends.
    let older = world.write();
    world.ask(240..300);
    let newer = world.write();
    world.ask(300..360);
    let log = world.has(360).await;
    audit::judge(&log, &world.public(), Expected::default()).unwrap();
    assert!(older.stop(PATIENCE).await);
    world.ask(360..400);
    world.has(400).await;
    assert!(newer.stop(PATIENCE).await);
    audit::judge(&world.log(), &world.public(), Expected::default()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_processes_note_is_there_and_a_log_that_was_tampered_with_is_not_gone_on_with() {
    let world = World::new().await;
    let witness = world.wiring.witness();
    let details = BTreeMap::from([("what".to_owned(), "tokens were renewed".to_owned())]);
    let (actor, subject) = ("etrade".to_owned(), "etrade".to_owned());
    witness.note(Note { actor, action: "credential.renewed", subject, details });
    let writer = world.write();
    world.ask(0..20);
    let deadline = Instant::now() + PATIENCE;
    let noted = |entry: &Audit| entry.action == "credential.renewed" && entry.actor == "etrade";
    while !world.log().iter().flatten().any(noted) {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for the note");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.has(20).await;
    assert!(writer.stop(PATIENCE).await);

    // Somebody who may write the topic adds an entry of their own.
    let log = world.log();
    let forged = log.iter().flatten().nth(3).unwrap().clone();
    world.publish([forged]);
    let found = audit::judge(&world.log(), &world.public(), Expected::default());
    assert_eq!(found, Err(Tampering::Inserted(log.len() as u64 + 1)));
    let writer = world.write();
    let status = writer.statuses().remove("audit").unwrap();
    while status.get().state != State::Failed {
        assert!(Instant::now() < deadline, "{:?}", status.get());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(status.get().detail.contains("audit verify"), "{:?}", status.get());
    writer.stop(PATIENCE).await;
}
