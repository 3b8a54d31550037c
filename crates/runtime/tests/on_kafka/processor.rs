//! A processor: its output, its state and its position move together.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Decimal, Event, EventId, Fill, Gap, GapStatus, Head, InstrumentId, Timestamp, Trade};
use serde_json::json;

use crate::toys::{ACCOUNTS, Count, Wake, fill, processor};
use crate::world::{Dice, World, eventually, world};

/// Fills numbered from..to.
pub fn fills(from: u64, to: u64) -> Vec<Fill> {
    (from..to).map(fill).collect()
}

pub async fn counted(world: &World, count: usize) {
    eventually(&format!("{count} records out"), || (world.trades().len() >= count).then_some(()))
        .await;
}

/// Checks that the output says, for every account in turn, what a count of these fills gives.
pub fn check(world: &World, fills: &[Fill]) {
    check_output(&world.trades(), fills);
    check_states(world, fills);
}

fn check_output(trades: &[Trade], fills: &[Fill]) {
    for account in ACCOUNTS {
        let mut sum = Decimal::ZERO;
        let mut expected = Vec::new();
        for (index, fill) in fills.iter().filter(|fill| fill.account == account).enumerate() {
            sum += fill.quantity;
            expected.push(((index + 1).to_string(), sum));
        }
        let of_account = trades.iter().filter(|trade| trade.instrument.as_str() == account);
        let found: Vec<_> = of_account.map(|t| (t.trade_id.to_string(), t.price)).collect();
        assert_eq!(found, expected, "{account}");
    }
    let mut ids: Vec<EventId> = trades.iter().map(|trade| trade.head.event_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), trades.len(), "ids are unique");
}

/// The saved state of every key is the count itself.
fn check_states(world: &World, fills: &[Fill]) {
    let mut saved = BTreeMap::new();
    for event in world.events("ops.count_states") {
        let Event::ProcessorState(state) = event else { panic!("{event:?}") };
        let value: serde_json::Value = serde_json::from_slice(&state.state).unwrap();
        saved.insert(state.key.to_string(), value["count"].as_u64().unwrap());
    }
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for fill in fills {
        *expected.entry(fill.account.to_string()).or_default() += 1;
    }
    assert_eq!(saved, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn folds_every_record_once_in_order() {
    let world = world(&[("orders.fills", 4)]).await;
    world.publish(fills(0, 120));
    let run = world.run([processor::<Count>(json!({}))]);
    counted(&world, 120).await;
    run.stop().await;
    check(&world, &fills(0, 120));
    let message = &world.messages("market.trades")[0];
    assert!(message.header("traceparent").is_some(), "the trace of the input goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_and_crashes_leave_no_trace() {
    let world = world(&[("orders.fills", 4)]).await;
    let mut dice = Dice::new(5);
    for round in 0..8 {
        world.publish(fills(round * 50, (round + 1) * 50));
        let run = world.run([processor::<Count>(json!({}))]);
        tokio::time::sleep(Duration::from_millis(dice.roll(400))).await;
        match round % 2 {
            0 => run.stop().await,
            _ => run.crash().await,
        }
    }
    let run = world.run([processor::<Count>(json!({}))]);
    counted(&world, 400).await;
    run.stop().await;
    check(&world, &fills(0, 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_global_topics_hold_is_known_before_the_first_record() {
    let world = world(&[]).await;
    let gap = |number: u64| Gap {
        head: Head::new(EventId::of(&["gap", &number.to_string()]), Timestamp::from_secs(1)),
        instrument: InstrumentId::listed("BAC", "US"),
        gap_id: number.to_string().into(),
        component: "toy".into(),
        status: GapStatus::Opened,
        from_time: Timestamp::from_secs(0),
        to_time: None,
        reason: "a drill".into(),
        recovered: None,
    };
    world.publish((0..500).map(gap));
    world.publish(fills(0, 10));
    let run = world.run([processor::<Count>(json!({}))]);
    counted(&world, 10).await;
    run.stop().await;
    for trade in world.trades() {
        assert_eq!(trade.conditions, ["500"], "{trade:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_passes_while_nothing_arrives() {
    let world = world(&[]).await;
    world.publish(fills(0, 3));
    let run = world.run([processor::<Wake>(json!({}))]);
    counted(&world, 6).await;
    run.crash().await;
    let run = world.run([processor::<Wake>(json!({}))]);
    counted(&world, 12).await;
    run.stop().await;
    // Every tick of the three accounts counts on from the one before it, restart or not.
    for account in 0..3 {
        let sums: Vec<Decimal> =
            (world.trades().chunks(3)).map(|three| three[account].price).collect();
        let expected: Vec<Decimal> = (1..=sums.len()).map(Decimal::from).collect();
        assert_eq!(sums, expected);
    }
}

/// A processor that was stopped for long restores every key, and nothing twice.
#[tokio::test(flavor = "multi_thread")]
async fn many_updates_of_few_keys_restore_the_last_of_each() {
    let world = world(&[("orders.fills", 2)]).await;
    for round in 0..3 {
        world.publish(fills(round * 2000, (round + 1) * 2000));
        let run = world.run([processor::<Count>(json!({}))]);
        counted(&world, (round as usize + 1) * 2000).await;
        run.stop().await;
    }
    check(&world, &fills(0, 6000));
}
