//! `kill -9` at every named step, and brokers that die in the middle of things.

use std::time::{Duration, Instant};

use local_kafka::{LocalKafka, Options};
use model::{DeliveryStatus, Event};
use serde_json::json;

use crate::child::{Child, Component};
use crate::processor::{check, counted, fills};
use crate::toys::{
    Act, Count, Fills, Ledger, Strict, Vendor, approved, processor, request_id, sink, source,
};
use crate::world::{World, eventually, serve_registry, world};

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_killed_at_every_step() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    let points = [
        "sink.before_journal:1",
        "sink.after_journal:1",
        "sink.before_request:2",
        "sink.after_answer:1",
        "sink.before_outcome:2",
        "sink.after_outcome:2",
        "sink.after_resolve:1",
    ];
    let mut next = 0;
    for point in points {
        // The third order of each round loses its answer, so that there is something to resolve.
        ledger.script(&request_id(next + 2), [Act::LoseAnswer]);
        world.publish((next..next + 4).map(approved));
        next += 4;
        Child::start(&world, Component::Orders, ledger.settings(), point).dies().await;
    }
    let run = world.run([sink::<Strict>(ledger.settings())]);
    let open = || {
        let mut last = std::collections::BTreeMap::new();
        for event in world.events("ops.deliveries") {
            let Event::Delivery(entry) = event else { panic!("{event:?}") };
            last.insert(entry.delivery_id.clone(), entry.status);
        }
        (last.len(), last.values().all(|status| *status == DeliveryStatus::Accepted))
    };
    eventually("every order has its outcome", || (open() == (next as usize, true)).then_some(()))
        .await;
    run.stop().await;
    assert_eq!(ledger.total(), (next as usize, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_that_is_killed_at_every_step() {
    let world = world(&[("orders.fills", 4)]).await;
    let points = ["count.before_begin:1", "count.before_commit:1", "count.after_commit:1"];
    let mut next = 0;
    for point in points.iter().cycle().take(6) {
        world.publish(fills(next, next + 50));
        next += 50;
        Child::start(&world, Component::Count, json!({}), point).dies().await;
    }
    let started = Instant::now();
    let run = world.run([processor::<Count>(json!({}))]);
    counted(&world, next as usize).await;
    let took = started.elapsed();
    run.stop().await;
    check(&world, &fills(0, next));
    assert!(took < Duration::from_secs(6), "caught up only after {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_are_killed_at_every_step() {
    let world = world(&[]).await;
    let vendor = Vendor::with(200);
    let settings = json!({ "vendor": vendor.name(), "count": 200 });
    for point in ["source.before_commit:3", "source.after_commit:4", "source.before_commit:1"] {
        Child::start(&world, Component::Fills, settings.clone(), point).dies().await;
    }
    let live = Child::start(&world, Component::Trades, settings.clone(), "");
    eventually("some trades", || (world.trades().len() > 20).then_some(())).await;
    live.kill();
    let run = world.run([source::<Fills>(&vendor), source::<crate::toys::Trades>(&vendor)]);
    eventually("all fills", || (world.fills().len() >= 200).then_some(())).await;
    eventually("all trades", || (world.trades().len() >= 200).then_some(())).await;
    run.stop().await;
    let ids: Vec<u64> = world.fills().iter().map(|f| f.execution_id.parse().unwrap()).collect();
    assert_eq!(ids, (0..200).collect::<Vec<_>>());
}

/// A sink that was asleep while another took over wakes up and may send nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_slept_through_its_end_sends_nothing() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    let asleep = Child::start(&world, Component::Orders, ledger.settings(), "");
    world.publish([approved(0)]);
    eventually("the first order", || (ledger.taken("r0") == 1).then_some(())).await;
    asleep.signal("-STOP");
    world.publish((1..6).map(approved));
    let awake = Child::start_as(1, &world, Component::Orders, ledger.settings(), "");
    eventually("all orders", || (ledger.total().0 == 6).then_some(())).await;
    asleep.signal("-CONT");
    world.publish((6..12).map(approved));
    eventually("the rest", || (ledger.total().0 == 12).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ledger.total(), (12, 1));
    assert!((0..12).all(|order| ledger.arrivals(&request_id(order)) == 1));
    drop((asleep, awake));
}

/// A broker of one's own, to be killed.
async fn broker() -> (LocalKafka, World) {
    let mut options = Options::default();
    // A killed broker is not let back in before its old session has ended.
    options.properties.insert("broker.session.timeout.ms".into(), "2000".into());
    options.properties.insert("broker.heartbeat.interval.ms".into(), "500".into());
    let kafka = local_kafka::start(options).await.unwrap();
    let servers = kafka.bootstrap_servers().to_owned();
    let registry = tokio::task::block_in_place(|| serve_registry(&servers));
    let world = World::new(&servers, &registry, "own.", &[("orders.fills", 2)]).await;
    (kafka, world)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_in_the_middle_costs_time_and_nothing_else() {
    let (mut kafka, world) = broker().await;
    let vendor = Vendor::with(3000);
    vendor.books().page = 20;
    let ledger = Ledger::open(true);
    let tasks = || {
        [source::<Fills>(&vendor), processor::<Count>(json!({})), sink::<Strict>(ledger.settings())]
    };
    let run = world.run(tasks());
    eventually("some of it", || (world.fills().len() > 500).then_some(())).await;
    world.publish((0..5).map(approved));
    eventually("an order", || (ledger.total().0 > 0).then_some(())).await;
    kafka.kill();
    kafka.restart().await.unwrap();
    world.publish((5..10).map(approved));
    eventually("all fills", || (world.fills().len() >= 3000).then_some(())).await;
    counted(&world, 3000).await;
    eventually("all orders", || (ledger.total().0 == 10).then_some(())).await;
    run.stop().await;
    let input = world.fills();
    assert_eq!(input.len(), 3000);
    assert_eq!(world.trades().len(), 3000);
    let sums: Vec<_> = world.trades().iter().map(|trade| trade.head.event_id).collect();
    assert_eq!(sums.iter().collect::<std::collections::HashSet<_>>().len(), 3000);
    assert_eq!(ledger.total(), (10, 1));
}
