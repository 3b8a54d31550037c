//! Who is started again, who is not, and what one can see of it.

use std::net::SocketAddr;

use component::Fault;
use runtime::State;
use serde_json::json;

use crate::processor::{check, counted, fills};
use crate::toys::{Count, Fills, Trades, Vendor, processor, source};
use crate::world::{eventually, world};

const COUNT: &str = "count";

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_restarts_only_the_component_that_panicked() {
    let world = world(&[]).await;
    let vendor = Vendor::with(5);
    world.publish(fills(0, 12));
    let panicking = processor::<Count>(json!({ "panic_at": "7" }));
    let run = world.run([panicking, source::<Trades>(&vendor)]);
    eventually("restarts", || (run.health(COUNT).restarts >= 2).then_some(())).await;
    let health = run.health(COUNT);
    assert!(health.detail.is_empty() || health.detail.contains("panicked"), "{health:?}");
    let source = run.reaches("toy.toy_trades", State::Running).await;
    assert_eq!(source.restarts, 0);
    run.stop().await;
    // Nothing of the transactions that the panics cut short is to be seen.
    let run = world.run([processor::<Count>(json!({}))]);
    counted(&world, 17).await;
    run.stop().await;
    check(&world, &fills(0, 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_of_a_processor_is_known() {
    let world = world(&[]).await;
    world.publish(fills(0, 30));
    let run = world.run([processor::<Count>(json!({}))]);
    eventually("a lag of zero", || (run.health(COUNT).lag == Some(0)).then_some(())).await;
    run.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_comes_through_while_the_vendor_keeps_refusing() {
    let world = world(&[]).await;
    let vendor = Vendor::with(0);
    vendor.books().connect_faults = vec![Fault::retry("no"); 1000].into();
    let run = world.run([source::<Fills>(&vendor)]);
    let health = run.reaches("toy.toy_fills", State::Waiting).await;
    assert_eq!(health.detail, "no");
    run.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_served_over_http() {
    let world = world(&[]).await;
    let vendor = Vendor::with(0);
    let mut supervisor = runtime::Supervisor::new(world.wiring.clone());
    supervisor.start(source::<Fills>(&vendor));
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let shutdown = world.wiring.shutdown.clone();
    let statuses = supervisor.statuses();
    let address =
        runtime::serve(any, recorder.handle(), statuses, Vec::new(), shutdown).await.unwrap();
    let status = |path: &'static str| ask(address, path);
    eventually("ready", || status("/readyz").contains(" 200 ").then_some(())).await;
    vendor.books().read_faults.push_back(Fault::retry("503"));
    eventually("not ready", || status("/readyz").contains(" 503 ").then_some(())).await;
    assert!(status("/livez").contains(" 200 "), "what waits is alive");
    vendor.books().read_faults = vec![Fault::fatal("the feed was withdrawn"); 2].into();
    eventually("not alive", || status("/livez").contains(" 503 ").then_some(())).await;
    assert!(status("/livez").contains("the feed was withdrawn"));
    assert!(status("/metrics").contains(" 200 "));
    assert!(supervisor.stop(crate::world::PATIENCE).await);
}

/// One request, the whole answer.
fn ask(address: SocketAddr, path: &str) -> String {
    use std::io::{Read, Write};
    tokio::task::block_in_place(|| {
        let mut connection = std::net::TcpStream::connect(address).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    })
}
