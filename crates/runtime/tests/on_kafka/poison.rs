//! Records that cannot be read, folded or written stop nothing.

use model::{Decimal, Event, Fill, Stage};
use serde_json::json;

use crate::processor::{check, counted, fills};
use crate::toys::{Count, WONT_ENCODE, fill, processor};
use crate::world::{World, eventually, world};

const REFUSING: fn() -> runtime::Task = || processor::<Count>(json!({ "refuse_zero": true }));

/// Puts poison between good records and checks that only the poison is set aside.
async fn between(world: &World, poison: &[&[u8]]) -> Vec<model::DeadLetter> {
    world.publish(fills(0, 6));
    for payload in poison {
        world.publish_raw("orders.fills", 0, "amber", payload);
    }
    world.publish(fills(6, 12));
    let run = world.run([REFUSING()]);
    counted(world, 12).await;
    eventually("the letters", || (world.letters().len() >= poison.len()).then_some(())).await;
    run.stop().await;
    check(world, &fills(0, 12));
    let letters = world.letters();
    assert_eq!(letters.len(), poison.len(), "{letters:?}");
    for (index, (letter, payload)) in letters.iter().zip(poison).enumerate() {
        assert_eq!(letter.raw, *payload);
        assert_eq!(&*letter.component, "count");
        assert_eq!(letter.topic.as_deref(), Some("orders.fills"), "without any prefix");
        assert_eq!((letter.partition, letter.offset), (Some(0), Some(6 + index as i64)));
        assert_eq!(letter.attempts, 1);
    }
    letters
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_record() {
    let world = world(&[]).await;
    let cut = {
        let mut framed = Vec::new();
        world.wiring.serializer.frame(&Event::from(fill(0)), &mut framed).unwrap();
        framed.truncate(framed.len() / 2);
        framed
    };
    let poison: [&[u8]; 6] = [b"", b"\0", b"not avro", &[0, 0, 0, 0, 1], &[0xff; 900], &cut];
    let letters = between(&world, &poison).await;
    assert!(letters.iter().all(|letter| letter.stage == Stage::Decode));
    assert!(letters.iter().all(|letter| !letter.reason.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_ids_that_nobody_knows() {
    let world = world(&[]).await;
    let unknown = [0, 0x7f, 0, 0, 1, 2, 3, 4];
    let letters = between(&world, &[&unknown, &unknown]).await;
    assert_eq!(letters[0].schema_id, Some(0x7f00_0001));
    assert_ne!(letters[0].head.event_id, letters[1].head.event_id, "the same bytes, two records");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_with_a_schema_of_somebody_else() {
    let world = world(&[]).await;
    let schema = r#"{"type":"record","name":"Invoice","fields":[{"name":"n","type":"int"}]}"#;
    let id = world.wiring.registry.register("somebody-else", schema).await.unwrap();
    let mut payload = vec![0];
    payload.extend(id.to_be_bytes());
    payload.push(2);
    let letters = between(&world, &[&payload]).await;
    assert!(letters[0].reason.contains("Invoice"), "{}", letters[0].reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_processor_refuses_leaves_its_state_alone() {
    let world = world(&[]).await;
    let nothing = Fill { quantity: Decimal::ZERO, ..fill(0) };
    // One on an account that is known by then, one on an account that is new.
    let stranger = Fill { account: "stranger".into(), ..nothing.clone() };
    world.publish(fills(0, 6));
    world.publish([nothing, stranger]);
    world.publish(fills(6, 12));
    let run = world.run([REFUSING()]);
    counted(&world, 12).await;
    eventually("the letters", || (world.letters().len() >= 2).then_some(())).await;
    run.stop().await;
    check(&world, &fills(0, 12));
    let letters = world.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].stage, Stage::Apply);
    assert_eq!(letters[0].field.as_deref(), Some("quantity"));
    assert_eq!(letters[0].reason, "a fill of nothing");
}

/// The state has moved and says so; only the record that no schema holds is set aside.
#[tokio::test(flavor = "multi_thread")]
async fn output_that_cannot_be_written_is_set_aside() {
    let world = world(&[]).await;
    let huge = Fill { quantity: Decimal::from(WONT_ENCODE), ..fill(6) };
    let input: Vec<Fill> = fills(0, 6).into_iter().chain([huge]).chain(fills(7, 12)).collect();
    world.publish(input.clone());
    let run = world.run([REFUSING()]);
    counted(&world, 12).await;
    run.stop().await;
    check(&world, &input);
    let letters = world.letters();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].stage, Stage::Encode);
    assert!(letters[0].reason.contains("price"), "{}", letters[0].reason);
    assert!(String::from_utf8_lossy(&letters[0].raw).contains(&Decimal::MAX.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn tombstones_and_events_of_other_kinds_are_passed_over() {
    let world = world(&[]).await;
    world.publish(fills(0, 3));
    let mut pipeline = world.wiring.cluster.pipeline().unwrap();
    let topic = world.topic("orders.fills");
    let tombstone = kafka::Outgoing { topic: &topic, key: Some(b"amber"), ..Default::default() };
    pipeline.send(&tombstone).unwrap();
    pipeline.flush(crate::world::PATIENCE).unwrap();
    let mut quote = Vec::new();
    let other = Event::from(crate::toys::trade("other", 1));
    world.wiring.serializer.frame(&other, &mut quote).unwrap();
    world.publish_raw("orders.fills", 0, "amber", &quote);
    world.publish(fills(3, 6));
    let run = world.run([REFUSING()]);
    counted(&world, 6).await;
    run.stop().await;
    check(&world, &fills(0, 6));
    assert!(world.letters().is_empty());
}
