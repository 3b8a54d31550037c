//! Single passes of a source, as jobs make them.

use std::time::Duration;

use component::{Clock, Fault, Host, Source, Throttling};
use model::Event;
use runtime::{Start, Task};
use serde_json::json;
use tokio::sync::mpsc;

use crate::toys::{Entry, Fills, SYSTEM, Trades, Vendor, source};
use crate::world::{World, eventually, world};

/// One pass of a source, in a process of its own.
async fn pass<S: Source>(world: &World, vendor: &Vendor) -> Result<i64, String> {
    let host = Host::new(SYSTEM, S::NAME, Clock::system(), Throttling::default());
    let settings = json!({ "vendor": vendor.name() });
    let start = Start { system: json!({}), settings, host: host.for_job("nightly") };
    let pass = (runtime::source::<S>().pass)(start)?;
    let (tell, mut told) = mpsc::channel(1);
    let task = Task::new("job", move |wiring, status| {
        let (pass, tell) = (pass.clone(), tell.clone());
        async move {
            let read = pass(wiring, status).await.map_err(|error| error.to_string());
            tell.send(read).await.unwrap();
            Ok(())
        }
    });
    let run = world.run([task]);
    let read = told.recv().await.unwrap();
    run.stop().await;
    read
}

fn ids(world: &World) -> Vec<u64> {
    let mut ids: Vec<u64> =
        world.fills().iter().map(|fill| fill.execution_id.parse().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_ends_where_nothing_is_left_and_the_next_goes_on_there() {
    let world = world(&[]).await;
    let vendor = Vendor::with(40);
    assert_eq!(pass::<Fills>(&world, &vendor).await, Ok(40));
    assert_eq!(pass::<Fills>(&world, &vendor).await, Ok(0));
    (0..9).for_each(|_| vendor.push(Entry::Good));
    vendor.books().connect_faults = [Fault::retry("busy")].into();
    vendor.books().read_faults = [Fault::disconnected("gone")].into();
    assert_eq!(pass::<Fills>(&world, &vendor).await, Ok(9));
    assert_eq!(ids(&world), (0..49).collect::<Vec<_>>());
    let checkpoints = world.events("ops.checkpoints").into_iter();
    let mut owners = checkpoints.map(|event| match event {
        Event::Checkpoint(checkpoint) => checkpoint.component.to_string(),
        other => panic!("{other:?}"),
    });
    assert!(owners.all(|owner| owner == "toy.nightly.toy_fills"));
}

/// Both read the same; what one has published when the other starts, it does not publish again.
#[tokio::test(flavor = "multi_thread")]
async fn a_pass_repeats_nothing_of_its_system() {
    let world = world(&[]).await;
    let vendor = Vendor::with(30);
    let run = world.run([source::<Fills>(&vendor)]);
    eventually("thirty fills", || (world.fills().len() >= 30).then_some(())).await;
    assert_eq!(pass::<Fills>(&world, &vendor).await, Ok(0));
    run.stop().await;
    assert_eq!(ids(&world), (0..30).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_fails_where_waiting_is_of_no_use() {
    let world = world(&[]).await;
    let vendor = Vendor::with(3);
    let wait = Duration::from_secs(2 * 3_600);
    vendor.books().read_faults =
        [Fault::Throttled { wait, reason: "come back tomorrow".into() }].into();
    let refused = pass::<Fills>(&world, &vendor).await.unwrap_err();
    assert!(refused.contains("come back tomorrow"), "{refused}");
    vendor.books().connect_faults = [Fault::fatal("no such feed")].into();
    let refused = pass::<Fills>(&world, &vendor).await.unwrap_err();
    assert!(refused.contains("no such feed"), "{refused}");
    let refused = pass::<Trades>(&world, &vendor).await.unwrap_err();
    assert!(refused.contains("live feed"), "{refused}");
    assert_eq!(pass::<Fills>(&world, &vendor).await, Ok(3));
}
