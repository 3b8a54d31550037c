//! Dead letters are tried again, once however often somebody asks.

use component::Bad;
use model::{Decimal, Event, Fill};
use runtime::{Redriven, redrive};
use serde_json::json;
use tokio::task::block_in_place;

use crate::processor::{check, counted, fills};
use crate::toys::{Count, Entry, Fills, Tally, Trades, Vendor, fill, processor, source};
use crate::world::{World, eventually, world};

fn again(world: &World, ids: &[model::EventId]) -> Redriven {
    let reread = |component: &str, raw: &[u8]| -> Result<Vec<Event>, Bad> {
        match component.split('.').nth(1) {
            Some("toy_fills") => (runtime::source::<Fills>().redrive)(raw),
            Some("toy_trades") => (runtime::source::<Trades>().redrive)(raw),
            _ => Err(Bad::new("", format!("{component} reads no items"))),
        }
    };
    block_in_place(|| redrive(&world.wiring, ids, &reread)).unwrap()
}

fn redriven(redriven: usize, skipped: usize) -> Redriven {
    Redriven { redriven, skipped, refused: Vec::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_a_vendor_are_mapped_again_once() {
    let world = world(&[]).await;
    let vendor = Vendor::with(1);
    vendor.push(Entry::Bad(b"100".to_vec()));
    vendor.push(Entry::Bad(b"never".to_vec()));
    vendor.push(Entry::Bad(b"101".to_vec()));
    let run = world.run([source::<Fills>(&vendor)]);
    eventually("the letters", || (world.letters().len() == 3).then_some(())).await;
    run.stop().await;

    let first = again(&world, &[]);
    assert_eq!((first.redriven, first.skipped, first.refused.len()), (2, 0, 1));
    let refused = world.letters().into_iter().find(|letter| letter.raw == b"never").unwrap();
    assert_eq!(first.refused[0].0, refused.head.event_id);
    let second = again(&world, &[]);
    assert_eq!((second.redriven, second.skipped, second.refused.len()), (0, 2, 1));
    let fills: Vec<String> = world.fills().iter().map(|f| f.execution_id.to_string()).collect();
    assert_eq!(fills, ["0", "100", "101"]);
    for fill in &world.fills()[1..] {
        assert_eq!((&*fill.head.source, &*fill.system), ("toy", "toy"));
        assert!(fill.account.starts_with("toy:"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_named_letters_are_tried() {
    let world = world(&[]).await;
    let vendor = Vendor::with(0);
    vendor.push(Entry::Bad(b"100".to_vec()));
    vendor.push(Entry::Bad(b"101".to_vec()));
    let run = world.run([source::<Trades>(&vendor)]);
    eventually("the letters", || (world.letters().len() == 2).then_some(())).await;
    run.stop().await;
    let id = world.letters().iter().find(|letter| letter.raw == b"101").unwrap().head.event_id;
    assert_eq!(again(&world, &[id]), redriven(1, 0));
    assert_eq!(again(&world, &[id]), redriven(0, 1));
    assert_eq!(world.trades().len(), 1);
    assert_eq!(world.trades()[0].trade_id, "101");
}

/// A processor that refused a record gets it again; the others, which had it, do not.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_goes_back_to_who_refused_it_once() {
    let world = world(&[("orders.fills", 4)]).await;
    let nothing = Fill { quantity: Decimal::ZERO, ..fill(6) };
    world.publish(fills(0, 6));
    world.publish([nothing.clone()]);
    let refusing = processor::<Count>(json!({ "refuse_zero": true }));
    let run = world.run([refusing, processor::<Tally>(json!({}))]);
    counted(&world, 13).await;
    eventually("the letter", || (world.letters().len() == 1).then_some(())).await;
    run.stop().await;

    // Mended, it takes the record.
    let run = world.run([processor::<Count>(json!({})), processor::<Tally>(json!({}))]);
    assert_eq!(again(&world, &[]), redriven(1, 0));
    assert_eq!(again(&world, &[]), redriven(0, 1));
    world.publish(fills(7, 13));
    counted(&world, 26).await;
    run.stop().await;
    let input: Vec<Fill> = fills(0, 6).into_iter().chain([nothing]).chain(fills(7, 13)).collect();
    check(&world, &input);
    let tallied = world.trades().iter().filter(|t| t.instrument.as_str() == "tally").count();
    assert_eq!(tallied, 13, "each once");
    let back =
        world.messages("orders.fills").into_iter().find(|m| m.header("redrive_of").is_some());
    assert_eq!(back.unwrap().key(), Some("amber".as_bytes()), "with its key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_refused_again_is_a_new_letter() {
    let world = world(&[]).await;
    world.publish([Fill { quantity: Decimal::ZERO, ..fill(0) }]);
    let run = world.run([processor::<Count>(json!({ "refuse_zero": true }))]);
    eventually("the letter", || (world.letters().len() == 1).then_some(())).await;
    let first = world.letters()[0].head.event_id;
    assert_eq!(again(&world, &[]), redriven(1, 0));
    // Beside the first letter and its marker.
    eventually("another letter", || (world.letters().len() == 3).then_some(())).await;
    run.stop().await;
    let letters = world.letters();
    let second = letters.iter().find(|l| l.component == "count" && l.attempts == 2).unwrap();
    assert_eq!(second.redrive_of.as_deref(), Some(&*first.to_string()));
    assert_ne!(second.head.event_id, first);
}

/// Only a part of it was kept, and half a record must not come back as a whole one.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_holds_only_a_part_is_not_sent_back() {
    let world = world(&[]).await;
    world.publish_raw("orders.fills", 0, "amber", &[0xff; 700_000]);
    let run = world.run([processor::<Count>(json!({}))]);
    eventually("the letter", || (world.letters().len() == 1).then_some(())).await;
    run.stop().await;
    let answer = again(&world, &[]);
    assert_eq!((answer.redriven, answer.refused.len()), (0, 1), "{answer:?}");
    assert_eq!(world.messages("orders.fills").len(), 1);
}

/// Somebody else's bytes among the letters do not keep the others from being tried.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_among_the_letters_is_passed_over() {
    let world = world(&[]).await;
    let vendor = Vendor::with(0);
    world.publish_raw("dead.letters", 0, "x", b"garbage");
    vendor.push(Entry::Bad(b"100".to_vec()));
    let run = world.run([source::<Fills>(&vendor)]);
    eventually("the letter", || (world.messages("dead.letters").len() == 2).then_some(())).await;
    run.stop().await;
    assert_eq!(again(&world, &[]), redriven(1, 0));
}

/// A compacted topic takes no record without a key, and only a record that can be read tells it.
#[tokio::test(flavor = "multi_thread")]
async fn records_of_compacted_topics_go_back_with_their_key() {
    let world = world(&[]).await;
    let mut framed = Vec::new();
    let position = position("amber", "BAC.US");
    world.wiring.serializer.frame(&position, &mut framed).unwrap();
    for (offset, raw) in [(0, framed.clone()), (1, b"garbage".to_vec())] {
        let id = model::EventId::of(&["letter", &offset.to_string()]);
        world.publish([model::DeadLetter {
            head: model::Head::new(id, model::Timestamp::from_secs(1)),
            component: "somebody".into(),
            stage: model::Stage::Apply,
            reason: "a drill".into(),
            field: None,
            raw,
            topic: Some("accounts.positions".into()),
            partition: Some(0),
            offset: Some(offset),
            schema_id: None,
            attempts: 1,
            redrive_of: None,
        }]);
    }
    let answer = again(&world, &[]);
    assert_eq!((answer.redriven, answer.refused.len()), (1, 1), "{answer:?}");
    assert!(answer.refused[0].1.contains("key"), "{answer:?}");
    let messages = world.messages("accounts.positions");
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].key(), Some(b"amber|BAC.US".as_slice()));
    assert_eq!(messages[0].payload(), Some(&*framed));
}

fn position(account: &str, instrument: &str) -> Event {
    let of = fill(0);
    model::Position {
        head: of.head,
        account: account.into(),
        system: of.system,
        broker_account: of.broker_account,
        instrument: instrument.into(),
        symbol: of.symbol,
        quantity: Decimal::ONE,
        average_price: None,
        last_price: None,
        market_value: None,
        cost_basis: None,
        unrealized_profit: None,
        currency: "USD".into(),
    }
    .into()
}
