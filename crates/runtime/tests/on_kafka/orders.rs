//! The order journal at work: nothing is sent twice, nothing is forgotten.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use component::{Clock, TestClock};
use model::{DeliveryStatus, Event, OrderAction, OrderEvent, OrderEventKind as Kind, Timestamp};
use runtime::{State, Task};

use crate::toys::{Act, Ledger, Loose, Strict, approved, cancel, halt, request_id, resume, sink};
use crate::world::{World, eventually, only, world};

const NAME: &str = "toy.toy_orders";

fn strict(ledger: &Ledger) -> [Task; 1] {
    [sink::<Strict>(ledger.settings())]
}

fn loose(ledger: &Ledger) -> [Task; 1] {
    [sink::<Loose>(ledger.settings())]
}

/// What the world was told of an order, in order.
fn told(world: &World, order: u64) -> Vec<Kind> {
    let order = format!("o{order}");
    let events = world.events("orders.events").into_iter();
    let events = events.map(|event| only!(event, Event::OrderEvent));
    events.filter(|event| event.order_id == order).map(|event| event.kind).collect()
}

fn last_told(world: &World, order: u64) -> OrderEvent {
    let order = format!("o{order}");
    let events = world.events("orders.events").into_iter();
    let mut events = events.map(|event| only!(event, Event::OrderEvent));
    events.rfind(|event| event.order_id == order).expect("something is told of every order")
}

/// What the journal says of a request, in order.
fn journal(world: &World, request: u64) -> Vec<DeliveryStatus> {
    let entries = world.events("ops.deliveries").into_iter();
    let entries = entries.map(|event| only!(event, Event::Delivery));
    entries.filter(|e| e.request_id == request_id(request)).map(|e| e.status).collect()
}

async fn settled(world: &World, requests: impl IntoIterator<Item = u64>) {
    let is_final = |status: &DeliveryStatus| {
        !matches!(status, DeliveryStatus::Sending | DeliveryStatus::Unknown)
    };
    for request in requests {
        eventually(&format!("an outcome of request {request}"), || {
            journal(world, request).last().is_some_and(is_final).then_some(())
        })
        .await;
    }
}

/// A world whose time a test can hasten.
async fn hasty_world() -> (World, Arc<TestClock>) {
    let mut world = world(&[]).await;
    let clock = TestClock::starting_at(Clock::system().now());
    world.wiring.clock = Clock::test(clock.clone());
    (world, clock)
}

/// Waits for the last outcome of an order whose first is not known, half a second at each look.
async fn settled_late(world: &World, clock: &TestClock, request: u64) {
    eventually(&format!("an unknown outcome of request {request}"), || {
        (told(world, request) == [Kind::OutcomeUnknown]).then_some(())
    })
    .await;
    eventually(&format!("the last outcome of request {request}"), || {
        clock.advance(Duration::from_millis(500));
        (told(world, request) != [Kind::OutcomeUnknown]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_is_sent_once_and_told_of() {
    let world = world(&[("orders.approved", 4)]).await;
    let ledger = Ledger::open(true);
    world.publish((0..20).map(approved));
    let run = world.run(strict(&ledger));
    settled(&world, 0..20).await;
    // The same records again, as a replayed or redriven topic has them.
    world.publish((0..20).map(approved));
    world.publish([approved(20), approved(20)]);
    settled(&world, [20]).await;
    run.stop().await;
    assert_eq!(ledger.total(), (21, 1));
    for order in 0..21 {
        assert_eq!(told(&world, order), [Kind::Submitted], "{order}");
        assert_eq!(ledger.arrivals(&request_id(order)), 1);
        assert_eq!(last_told(&world, order).broker_order_id.unwrap(), format!("r{order}!"));
    }
    let traces = |topic: &str| -> BTreeSet<Vec<u8>> {
        let messages = world.messages(topic);
        messages.iter().map(|m| m.header("traceparent").unwrap().to_vec()).collect()
    };
    let asked = traces("orders.approved");
    assert_eq!(asked.len(), 21);
    assert_eq!((&traces("ops.deliveries"), &traces("orders.events")), (&asked, &asked));
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_other_systems_are_left_to_others() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    let mut other = approved(0);
    other.system = "another".into();
    world.publish([other, approved(1)]);
    let run = world.run(strict(&ledger));
    settled(&world, [1]).await;
    run.stop().await;
    assert_eq!(ledger.total(), (1, 1));
    assert!(journal(&world, 0).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_resolved_and_never_sent_again() {
    for (ledger, task) in [(Ledger::open(true), true), (Ledger::open(false), false)] {
        let world = world(&[]).await;
        ledger.script("r0", [Act::LoseAnswer, Act::Mute, Act::Mute]);
        world.publish([approved(0), approved(1)]);
        let run = world.run(if task { strict(&ledger) } else { loose(&ledger) });
        settled(&world, [0, 1]).await;
        run.stop().await;
        assert_eq!((ledger.taken("r0"), ledger.arrivals("r0")), (1, 1));
        assert_eq!(told(&world, 0), [Kind::OutcomeUnknown, Kind::Submitted]);
        assert_eq!(told(&world, 1), [Kind::Submitted], "the next order does not wait");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_order_is_sent_again_where_repeats_are_refused() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    ledger.script("r0", [Act::LoseRequest]);
    world.publish([approved(0)]);
    let run = world.run(strict(&ledger));
    settled(&world, [0]).await;
    run.stop().await;
    assert_eq!(ledger.taken("r0"), 1);
    assert_eq!(told(&world, 0), [Kind::OutcomeUnknown, Kind::Submitted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_order_is_given_up_where_repeats_are_taken() {
    let (world, clock) = hasty_world().await;
    let ledger = Ledger::open(false);
    ledger.script("r0", [Act::LoseRequest]);
    world.publish([approved(0)]);
    let run = world.run(loose(&ledger));
    settled_late(&world, &clock, 0).await;
    run.stop().await;
    assert_eq!((ledger.taken("r0"), ledger.arrivals("r0")), (0, 0));
    assert_eq!(told(&world, 0), [Kind::OutcomeUnknown, Kind::NotSent]);
    let reason = last_told(&world, 0).reason.unwrap();
    assert!(reason.contains("does not have it"), "{reason}");
}

/// A request that was thought lost arrives seconds later: it must not have been called unsent.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_arrives_late_is_not_called_unsent() {
    let world = world(&[]).await;
    let ledger = Ledger::open(false);
    ledger.script("r0", [Act::TakeLate(Duration::from_secs(3))]);
    world.publish([approved(0)]);
    let run = world.run(loose(&ledger));
    settled(&world, [0]).await;
    run.stop().await;
    assert_eq!(ledger.taken("r0"), 1);
    assert_eq!(told(&world, 0), [Kind::OutcomeUnknown, Kind::Submitted]);
}

/// The broker's own books lag: it says that it has no such order, then refuses the repeat.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_looks_too_early_gets_no_second_order() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    ledger.script("r0", [Act::LoseAnswer, Act::Blind, Act::Blind]);
    world.publish([approved(0)]);
    let run = world.run(strict(&ledger));
    settled(&world, [0]).await;
    run.stop().await;
    assert_eq!(ledger.taken("r0"), 1);
    assert_eq!(told(&world, 0).last(), Some(&Kind::Submitted));
    assert!(!told(&world, 0).contains(&Kind::Rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_is_final() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    ledger.script("r0", [Act::Reject]);
    world.publish([approved(0), approved(1), approved(0)]);
    let run = world.run(strict(&ledger));
    settled(&world, [0, 1]).await;
    run.stop().await;
    assert_eq!((ledger.taken("r0"), ledger.arrivals("r0")), (0, 1));
    assert_eq!(told(&world, 0), [Kind::Rejected]);
    assert_eq!(last_told(&world, 0).reason.unwrap(), "no money");
}

/// Sixteen orders are journaled together; a broker that takes its time gets them all.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_broker_gets_every_order_of_a_batch() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    ledger.script("*", vec![Act::Slow(Duration::from_millis(2200)); 3]);
    world.publish((0..8).map(approved));
    let run = world.run(strict(&ledger));
    settled(&world, 0..8).await;
    run.stop().await;
    assert_eq!(ledger.total(), (8, 1));
    assert!((0..8).all(|order| told(&world, order) == [Kind::Submitted]));
}

/// Nothing left this machine, neither this order nor those journaled with it.
#[tokio::test(flavor = "multi_thread")]
async fn orders_that_never_left_are_sent_when_the_session_is_back() {
    for refuses in [true, false] {
        let world = world(&[]).await;
        let ledger = Ledger::open(refuses);
        ledger.script("r1", [Act::NoSession, Act::NoSession]);
        world.publish((0..4).map(approved));
        let run = world.run(if refuses { strict(&ledger) } else { loose(&ledger) });
        settled(&world, 0..4).await;
        run.stop().await;
        assert_eq!(ledger.total(), (4, 1), "repeats refused: {refuses}");
        assert!((0..4).all(|order| told(&world, order) == [Kind::Submitted]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_past_its_time_is_not_sent() {
    let (world, clock) = hasty_world().await;
    let ledger = Ledger::open(true);
    let now = Clock::system().now();
    let mut late = approved(0);
    late.request.expires_at = Some(Timestamp(now.0 - 1_000_000));
    let mut in_time = approved(1);
    in_time.request.expires_at = Some(now.plus_nanos(60_000_000_000));
    // One that expires while it is looked for: absent, but too late to be sent again.
    let mut resolved_late = approved(2);
    resolved_late.request.expires_at = Some(now.plus_nanos(2_000_000_000));
    ledger.script("r2", [Act::LoseRequest, Act::Mute, Act::Mute, Act::Mute, Act::Mute]);
    world.publish([late, in_time, resolved_late]);
    let run = world.run(strict(&ledger));
    settled_late(&world, &clock, 2).await;
    settled(&world, 0..2).await;
    run.stop().await;
    assert_eq!(ledger.total(), (1, 1));
    assert_eq!(told(&world, 0), [Kind::NotSent]);
    assert_eq!(told(&world, 1), [Kind::Submitted]);
    assert_eq!(told(&world, 2), [Kind::OutcomeUnknown, Kind::NotSent]);
    let reason = last_told(&world, 0).reason.unwrap();
    assert!(reason.contains("expired"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_from_before_the_start_holds_orders_and_passes_cancels() {
    for scope in ["all", "main", "toy"] {
        let world = world(&[]).await;
        let ledger = Ledger::open(true);
        world.publish([halt(scope), resume("elsewhere"), halt("elsewhere")]);
        world.publish([approved(0), cancel(1, 0)]);
        let run = world.run(strict(&ledger));
        settled(&world, [0, 1]).await;
        assert_eq!((ledger.taken("r0"), ledger.taken("r1")), (0, 1), "{scope}");
        assert_eq!(told(&world, 0), [Kind::NotSent, Kind::Submitted]);
        assert_eq!(last_told(&world, 0).action, Some(OrderAction::Cancel));
        world.publish([resume(scope)]);
        // An order that was held is not sent later: whoever wants it asks again.
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.publish([approved(0), approved(2)]);
        settled(&world, [2]).await;
        run.stop().await;
        assert_eq!((ledger.taken("r0"), ledger.taken("r2")), (0, 1), "{scope}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_takes_hold_while_orders_flow() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    let run = world.run(strict(&ledger));
    world.publish([approved(0)]);
    settled(&world, [0]).await;
    world.publish([halt("all")]);
    let halted = Instant::now();
    let mut request = 1;
    while told(&world, request - 1) != [Kind::NotSent] {
        assert!(halted.elapsed() < Duration::from_secs(5));
        world.publish([approved(request)]);
        settled(&world, [request]).await;
        request += 1;
    }
    run.stop().await;
    let late = ledger.total().0 - 1;
    assert!(late <= 2, "{late} orders left after the halt was acknowledged");
}

/// An unreadable command cannot be obeyed, but it must not silence those after it.
#[tokio::test(flavor = "multi_thread")]
async fn unreadable_commands_and_orders_stop_nothing() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    world.publish_raw("ops.commands", 0, "all", b"garbage");
    world.publish([halt("main")]);
    world.publish_raw("orders.approved", 0, "B1", b"garbage");
    world.publish([approved(0), cancel(1, 0)]);
    let run = world.run(strict(&ledger));
    settled(&world, [0, 1]).await;
    run.stop().await;
    assert_eq!((ledger.taken("r0"), ledger.taken("r1")), (0, 1));
    let letters = world.letters();
    assert_eq!(letters.iter().filter(|l| l.topic.as_deref() == Some("orders.approved")).count(), 1);
}

/// Dropped where it stands, again and again, with answers that get lost.
#[tokio::test(flavor = "multi_thread")]
async fn crashes_between_any_two_steps_double_and_forget_nothing() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    let mut dice = crate::world::Dice::new(77);
    const ORDERS: u64 = 60;
    for order in (0..ORDERS).step_by(7) {
        let act =
            [Act::LoseAnswer, Act::LoseRequest, Act::NoSession][(dice.roll(3)) as usize].clone();
        ledger.script(&request_id(order), [act, Act::Blind]);
    }
    ledger.script("*", vec![Act::Slow(Duration::from_millis(40)); 30]);
    world.publish((0..ORDERS).map(approved));
    for _ in 0..8 {
        let run = world.run(strict(&ledger));
        tokio::time::sleep(Duration::from_millis(200 + dice.roll(300))).await;
        run.crash().await;
    }
    let run = world.run(strict(&ledger));
    settled(&world, 0..ORDERS).await;
    run.stop().await;
    assert_eq!(ledger.total(), (ORDERS as usize, 1));
    for order in 0..ORDERS {
        assert_eq!(told(&world, order).last(), Some(&Kind::Submitted), "{order}");
        assert_eq!(told(&world, order).iter().filter(|k| **k == Kind::Submitted).count(), 1);
    }
}

/// A second process with the same sink takes over; the first can send nothing any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_owner_ends_the_first() {
    let world = world(&[]).await;
    let ledger = Ledger::open(true);
    world.publish([approved(0)]);
    let first = world.run_as(0, strict(&ledger));
    settled(&world, [0]).await;
    let second = world.run_as(1, strict(&ledger));
    second.reaches(NAME, State::Running).await;
    world.publish((1..20).map(approved));
    // The same orders twice, so that one owner alone would have to notice.
    world.publish((1..20).map(approved));
    settled(&world, 1..20).await;
    second.stop().await;
    first.stop().await;
    assert_eq!(ledger.total(), (20, 1));
    assert!((0..20).all(|order| ledger.arrivals(&request_id(order)) == 1));
}
