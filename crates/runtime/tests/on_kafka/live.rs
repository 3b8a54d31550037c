//! A feed at full speed: nothing is lost, gaps are marked.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Event, EventId, Gap, GapStatus};

use crate::toys::{Entry, Trades, Vendor, source, trade};
use crate::world::{Dice, World, eventually, only, world};

/// The trades on the topic: how often each is there.
fn counts(world: &World) -> BTreeMap<u64, u32> {
    let mut counts = BTreeMap::new();
    for trade in world.trades() {
        *counts.entry(trade.trade_id.parse().unwrap()).or_default() += 1;
    }
    counts
}

fn each_once(world: &World, expected: impl IntoIterator<Item = u64>) {
    let expected: BTreeMap<u64, u32> = expected.into_iter().map(|number| (number, 1)).collect();
    assert_eq!(counts(world), expected);
}

fn gaps(world: &World) -> Vec<Gap> {
    world.events("market.gaps").into_iter().map(|event| only!(event, Event::Gap)).collect()
}

async fn published(world: &World, count: usize) {
    eventually(&format!("{count} trades"), || (counts(world).len() >= count).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_and_crashes_lose_and_double_nothing() {
    let world = world(&[("market.trades", 4)]).await;
    let vendor = Vendor::with(0);
    vendor.books().page = 50;
    vendor.books().overlap = 120;
    let mut dice = Dice::new(23);
    for round in 0..10 {
        (0..400).for_each(|_| vendor.push(Entry::Good));
        let run = world.run([source::<Trades>(&vendor)]);
        tokio::time::sleep(Duration::from_millis(dice.roll(400))).await;
        match round % 3 {
            0 => run.stop().await,
            _ => run.crash().await,
        }
    }
    let run = world.run([source::<Trades>(&vendor)]);
    published(&world, 4000).await;
    run.stop().await;
    each_once(&world, 0..4000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_saves_the_cursor_after_the_last_record() {
    let world = world(&[]).await;
    let vendor = Vendor::with(500);
    let run = world.run([source::<Trades>(&vendor)]);
    eventually("everything is read", || (vendor.books().reads > 80).then_some(())).await;
    run.stop().await;
    each_once(&world, 0..500);
    let Some(Event::Checkpoint(last)) = world.events("ops.checkpoints").pop() else { panic!() };
    assert_eq!(last.cursor, "{\"next\":500}");
    assert_eq!(last.records, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_publishes_what_was_missing_and_marks_the_gap() {
    let world = world(&[]).await;
    let vendor = Vendor::with(40);
    vendor.books().hidden = [10, 12, 14, 17].into();
    let run = world.run([source::<Trades>(&vendor)]);
    published(&world, 36).await;
    assert!(gaps(&world).is_empty(), "nobody knows yet");
    vendor.books().audits.push_back((5, 30));
    published(&world, 40).await;
    eventually("both gaps are closed", || (gaps(&world).len() >= 4).then_some(())).await;
    // The same stretch again brings nothing new.
    vendor.books().audits.push_back((5, 30));
    let reads = vendor.books().reads;
    eventually("another audit", || (vendor.books().reads > reads + 3).then_some(())).await;
    run.stop().await;

    each_once(&world, 0..40);
    let gaps = gaps(&world);
    assert_eq!(gaps.len(), 4, "{gaps:?}");
    for (symbol, recovered) in [("AAA.US", 3), ("BBB.US", 1)] {
        let of = gaps.iter().filter(|gap| gap.instrument.as_str() == symbol).collect::<Vec<_>>();
        let [opened, closed] = of[..] else { panic!("{of:?}") };
        assert_eq!((opened.status, closed.status), (GapStatus::Opened, GapStatus::Closed));
        assert_eq!(opened.gap_id, closed.gap_id);
        assert_eq!(closed.recovered, Some(recovered), "{symbol}");
        assert_eq!(opened.component, "toy.toy_trades");
        assert_eq!(closed.from_time, model::Timestamp::from_secs(5));
        assert_eq!(closed.to_time, Some(model::Timestamp::from_secs(30)));
    }
}

/// An item that cannot be read tells nothing about an instrument.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_item_in_an_audit_is_no_gap() {
    let world = world(&[]).await;
    let vendor = Vendor::with(10);
    vendor.books().items[3] = Entry::Bad(b"?".to_vec());
    vendor.books().items[4] = Entry::WontEncode;
    vendor.books().hidden = [3, 4, 6].into();
    let run = world.run([source::<Trades>(&vendor)]);
    published(&world, 7).await;
    vendor.books().audits.push_back((0, 10));
    published(&world, 8).await;
    eventually("the gap is closed", || (gaps(&world).len() >= 2).then_some(())).await;
    run.stop().await;
    let instruments: Vec<_> = gaps(&world).iter().map(|gap| gap.instrument.to_string()).collect();
    assert_eq!(instruments, ["AAA.US", "AAA.US"]);
    assert_eq!(gaps(&world)[1].recovered, Some(1));
    assert_eq!(world.letters().len(), 2);
}

/// What an audit that was cut short had found is marked by the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_audit_of_a_stretch_marks_what_it_finds() {
    let world = world(&[]).await;
    let vendor = Vendor::with(20);
    vendor.books().hidden = [2, 4, 6].into();
    let run = world.run([source::<Trades>(&vendor)]);
    published(&world, 17).await;
    vendor.books().audits.push_back((0, 5));
    eventually("a gap", || (gaps(&world).len() >= 2).then_some(())).await;
    vendor.books().audits.push_back((0, 20));
    eventually("both gaps", || (gaps(&world).len() >= 3).then_some(())).await;
    run.stop().await;
    each_once(&world, 0..20);
    let closed: Vec<_> = gaps(&world).into_iter().filter_map(|gap| gap.recovered).collect();
    assert_eq!(closed, [2, 1]);
}

/// A vendor opens a gap itself, and closes it after what it missed.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_feed_that_is_killed_restarts_where_kafka_has_it() {
    let world = world(&[]).await;
    let vendor = Vendor::with(3000);
    vendor.books().page = 100;
    vendor.books().overlap = 3000;
    let run = world.run([source::<Trades>(&vendor)]);
    published(&world, 1000).await;
    run.crash().await;
    let run = world.run([source::<Trades>(&vendor)]);
    published(&world, 3000).await;
    run.stop().await;
    each_once(&world, 0..3000);
}

/// A gap was announced, and its cursor was not saved any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_nobody_knows_after_a_crash_is_closed() {
    let world = world(&[]).await;
    let vendor = Vendor::with(100);
    vendor.books().hidden = [2].into();
    let run = world.run([source::<Trades>(&vendor)]);
    published(&world, 99).await;
    vendor.books().audits.push_back((0, 100));
    eventually("a gap, opened and closed", || (gaps(&world).len() >= 2).then_some(())).await;
    run.stop().await;
    let mut gap = gaps(&world).remove(0);
    assert_eq!(gap.status, GapStatus::Opened);
    (gap.gap_id, gap.head.event_id) = ("another".into(), EventId::of(&["another"]));
    world.publish([gap]);
    let run = world.run([source::<Trades>(&vendor)]);
    vendor.push(Entry::Good);
    eventually("it is closed", || (gaps(&world).len() >= 4).then_some(())).await;
    run.stop().await;
    let told = gaps(&world).into_iter().filter(|gap| gap.gap_id.as_str() == "another");
    let told: Vec<_> = told.map(|gap| (gap.status, gap.recovered)).collect();
    assert_eq!(told, [(GapStatus::Opened, None), (GapStatus::Closed, Some(0))]);
}

/// Another system publishes more than is remembered while this one is away.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_neighbour_does_not_make_a_live_feed_double() {
    let world = world(&[]).await;
    let vendor = Vendor::with(100);
    vendor.books().overlap = 100;
    let run = world.run([source::<Trades>(&vendor)]);
    published(&world, 100).await;
    run.crash().await;
    world.publish((0..140_000).map(|number| {
        let mut other = trade("neighbour", number);
        other.head.source = "neighbour".into();
        other
    }));
    let run = world.run([source::<Trades>(&vendor)]);
    let reads = vendor.books().reads;
    eventually("it reads again", || (vendor.books().reads > reads + 20).then_some(())).await;
    run.stop().await;
    let ours = world.messages("market.trades").into_iter();
    assert_eq!(ours.filter(|m| m.header("ce_source") == Some(b"toy")).count(), 100);
}
