//! Several instances of one processor share its partitions.

use std::time::Duration;

use model::{Activity, Event, Head};
use serde_json::json;

use crate::processor::{check, counted, fills};
use crate::toys::{ACCOUNTS, Count, Pair, fill, processor};
use crate::world::{Dice, world};

fn count() -> [runtime::Task; 1] {
    [processor::<Count>(json!({}))]
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_and_go_while_records_flow() {
    let world = world(&[("orders.fills", 4)]).await;
    let mut dice = Dice::new(3);
    let mut members = vec![(0, world.run_as(0, count()))];
    let mut next = 0;
    for round in 1..=6 {
        for _ in 0..5 {
            world.publish(fills(next, next + 20));
            next += 20;
            tokio::time::sleep(Duration::from_millis(dice.roll(60))).await;
        }
        match round {
            1 | 2 => members.push((round, world.run_as(round, count()))),
            3 => members.remove(0).1.crash().await,
            4 => members.push((9, world.run_as(9, count()))),
            _ => members.remove(0).1.stop().await,
        }
    }
    counted(&world, next as usize).await;
    for (_, member) in members {
        member.stop().await;
    }
    check(&world, &fills(0, next));
}

/// Inputs that share a state must come to the same member, partition by partition.
#[tokio::test(flavor = "multi_thread")]
async fn both_inputs_of_an_account_meet_one_state() {
    let world = world(&[("orders.fills", 3)]).await;
    let pair = || [processor::<Pair>(json!({}))];
    let mut members = vec![world.run_as(0, pair())];
    let mut expected = 0;
    for round in 0..6 {
        if round == 2 {
            members.push(world.run_as(1, pair()));
        }
        let from = round * 60;
        world.publish((from..from + 60).map(fill));
        world.publish((from..from + 60).map(activity));
        expected += 120;
        if round >= 2 {
            // Time for the group to settle in whatever way it likes.
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    }
    counted(&world, expected).await;
    for member in members {
        member.stop().await;
    }
    for account in ACCOUNTS {
        let trades = world.trades().into_iter().filter(|t| t.instrument.as_str() == account);
        let mut counts: Vec<u64> = trades.map(|t| t.trade_id.parse().unwrap()).collect();
        counts.sort();
        assert_eq!(counts, (1..=expected as u64 / 6).collect::<Vec<_>>(), "{account}");
    }
}

fn activity(number: u64) -> Event {
    let of = fill(number);
    let id = model::EventId::of(&["activity", &number.to_string()]);
    Activity {
        head: Head { event_id: id, ..of.head },
        account: of.account,
        system: of.system,
        broker_account: of.broker_account,
        activity_id: number.to_string().into(),
        kind: "FEE".into(),
        sub_kind: None,
        date: None,
        instrument: None,
        symbol: None,
        net_amount: None,
        quantity: None,
        per_unit_amount: None,
        currency: "USD".into(),
        status: None,
        description: None,
    }
    .into()
}
