//! Sinks that may write a record twice, but never not at all.

use component::Fault;
use serde_json::json;

use crate::toys::{Export, Shelf, fill, sink, trade};
use crate::world::{World, eventually, world};

fn written(shelf: &Shelf) -> Vec<String> {
    let mut ids: Vec<String> = shelf.boards().written.iter().map(ToString::to_string).collect();
    ids.sort();
    ids.dedup();
    ids
}

async fn all_written(shelf: &Shelf, count: usize) {
    eventually(&format!("{count} on the shelf"), || (written(shelf).len() >= count).then_some(()))
        .await;
}

fn publish(world: &World, from: u64, to: u64) {
    world.publish((from..to).map(|number| trade("vendor", number)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_is_written_whatever_happens_on_the_way() {
    let world = world(&[]).await;
    let shelf = Shelf::new();
    publish(&world, 0, 10);
    {
        let mut boards = shelf.boards();
        boards.faults = [Fault::retry("busy"), Fault::disconnected("gone")].into();
        boards.unknown = 2;
        boards.mute = 1;
    }
    let settings = shelf.settings(&["market.trades"]);
    let run = world.run([sink::<Export>(settings.clone())]);
    all_written(&shelf, 10).await;
    run.crash().await;
    publish(&world, 10, 20);
    let run = world.run([sink::<Export>(settings)]);
    all_written(&shelf, 20).await;
    run.stop().await;
    assert_eq!(written(&shelf).len(), 20);
    assert!(world.letters().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_not_written_again_after_a_clean_stop() {
    let world = world(&[]).await;
    let shelf = Shelf::new();
    publish(&world, 0, 10);
    let settings = shelf.settings(&["market.trades"]);
    let run = world.run([sink::<Export>(settings.clone())]);
    all_written(&shelf, 10).await;
    run.stop().await;
    publish(&world, 10, 11);
    let run = world.run([sink::<Export>(settings)]);
    all_written(&shelf, 11).await;
    run.stop().await;
    assert_eq!(shelf.boards().written.len(), 11);
}

/// Two topics have a record at the same partition and offset; each letter holds its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_becomes_a_letter_with_its_own_bytes() {
    let world = world(&[]).await;
    let shelf = Shelf::new();
    publish(&world, 0, 3);
    world.publish((0..3).map(fill));
    world.publish_raw("market.trades", 0, "AAA", b"garbage");
    shelf.boards().refused = ["market.trades/0/1".into(), "orders.fills/0/1".into()].into();
    let settings = shelf.settings(&["market.trades", "orders.fills"]);
    let run = world.run([sink::<Export>(settings)]);
    all_written(&shelf, 4).await;
    eventually("the letters", || (world.letters().len() >= 3).then_some(())).await;
    run.stop().await;
    for letter in world.letters() {
        let topic = letter.topic.as_deref().unwrap();
        let offset = letter.offset.unwrap() as usize;
        let messages = world.messages(topic);
        assert_eq!(Some(&*letter.raw), messages[offset].payload(), "{topic}/{offset}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_are_refused_at_once() {
    let start = runtime::Start {
        system: json!({}),
        settings: json!({ "shelf": "x", "topics": [], "speed": 3 }),
        host: component::Host::test("toy", "toy_export"),
    };
    let error = (runtime::sink::<Export>().task)(start).err().unwrap();
    assert!(error.contains("unknown field `speed`"), "{error}");
}
