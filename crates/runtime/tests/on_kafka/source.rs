//! A feed that is read exactly once.

use std::time::{Duration, Instant};

use component::Fault;
use model::{EventId, Fill};
use runtime::State;

use crate::toys::{ACCOUNTS, Entry, Fills, SYSTEM, Trades, Vendor, fill_of, source, source_of};
use crate::world::{Dice, World, eventually, world};

const NAME: &str = "toy.toy_fills";

/// Checks that the topic holds each of these items once, in order for each account.
fn check(world: &World, vendor: &Vendor, expected: impl IntoIterator<Item = u64>) {
    let fills = world.fills();
    let ids = |fills: Vec<&Fill>| -> Vec<String> {
        fills.into_iter().map(|fill| fill.execution_id.to_string()).collect()
    };
    let expected: Vec<u64> = expected.into_iter().collect();
    for account in ACCOUNTS {
        let found = ids(fills.iter().filter(|fill| fill.broker_account == account).collect());
        let of_account = |number: &&u64| fill_of(vendor.name(), **number).account == account;
        let wanted: Vec<String> =
            expected.iter().filter(of_account).map(ToString::to_string).collect();
        assert_eq!(found, wanted, "{account}");
    }
}

async fn published(world: &World, count: usize) {
    eventually(&format!("{count} fills"), || (world.fills().len() >= count).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_item_is_published_once_and_stamped() {
    let world = world(&[("orders.fills", 4)]).await;
    let vendor = Vendor::with(40);
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 40).await;
    run.stop().await;
    check(&world, &vendor, 0..40);
    for fill in world.fills() {
        assert_eq!(fill.head.source, SYSTEM);
        assert!(fill.head.received_time.0 > 0);
        assert_eq!(fill.account, format!("toy:{}", fill.broker_account), "nobody named it");
    }
    let message = &world.messages("orders.fills")[0];
    let header = |name: &str| String::from_utf8(message.header(name).unwrap().to_vec()).unwrap();
    assert_eq!(header("ce_source"), SYSTEM);
    assert_eq!(header("ce_type"), "Fill");
    let id: EventId = header("ce_id").parse().unwrap();
    // Partitions are read in no particular order, so it is not necessarily the first fill.
    assert!(world.fills().iter().any(|fill| fill.head.event_id == id), "{id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_and_crashes_leave_no_trace_on_the_topic() {
    let world = world(&[("orders.fills", 4)]).await;
    let vendor = Vendor::with(0);
    vendor.books().page = 3;
    let mut dice = Dice::new(11);
    for round in 0..12 {
        for _ in 0..20 {
            vendor.push(Entry::Good);
        }
        let run = world.run([source::<Fills>(&vendor)]);
        tokio::time::sleep(Duration::from_millis(dice.roll(250))).await;
        match round % 3 {
            0 => run.stop().await,
            _ => run.crash().await,
        }
    }
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 240).await;
    run.stop().await;
    check(&world, &vendor, 0..240);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_overlap_are_published_once() {
    let world = world(&[]).await;
    let vendor = Vendor::with(50);
    vendor.books().overlap = 20;
    vendor.books().always_overlaps = true;
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 50).await;
    run.crash().await;
    (0..50).for_each(|_| vendor.push(Entry::Good));
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 100).await;
    run.stop().await;
    check(&world, &vendor, 0..100);
}

/// Between a stop and a start, another system fills the topic that both publish to.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_neighbour_does_not_make_a_feed_forget_what_it_published() {
    let world = world(&[]).await;
    let vendor = Vendor::with(30);
    vendor.books().overlap = 30;
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 30).await;
    run.stop().await;
    let neighbour = (0..25_000).map(|number| {
        let mut fill = fill_of("neighbour", number);
        fill.head.source = "neighbour".into();
        fill
    });
    world.publish(neighbour);
    vendor.push(Entry::Good);
    let run = world.run([source::<Fills>(&vendor)]);
    let ours = || {
        let ours = world.messages("orders.fills").into_iter();
        ours.filter(|m| m.header("ce_source") == Some(SYSTEM.as_bytes())).count()
    };
    eventually("the next fill", || (ours() >= 31).then_some(())).await;
    run.stop().await;
    assert_eq!(ours(), 31);
}

/// What was published last may lie behind a transaction that somebody else has not ended yet.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_of_a_neighbour_hides_nothing() {
    let world = world(&[]).await;
    let vendor = Vendor::with(10);
    vendor.books().overlap = 10;
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 10).await;
    let mut neighbour = tokio::task::block_in_place(|| {
        let mut neighbour = world.wiring.cluster.transactions("neighbour").unwrap();
        neighbour.begin().unwrap();
        let mut publisher = runtime::Publisher::new(&world.wiring);
        publisher.publish(&mut neighbour, &fill_of("neighbour", 0).into(), None).unwrap();
        neighbour
    });
    (0..10).for_each(|_| vendor.push(Entry::Good));
    let next = || last_checkpoint(&world).contains("20").then_some(());
    eventually("the cursor after 20", next).await;
    run.stop().await;
    let run = world.run([source::<Fills>(&vendor)]);
    vendor.push(Entry::Good);
    // The next run may wait for the open transaction, or go on without; it is given the time.
    let deadline = Instant::now() + Duration::from_secs(3);
    while vendor.books().connects < 2 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::task::block_in_place(|| neighbour.abort()).unwrap();
    published(&world, 21).await;
    run.stop().await;
    check(&world, &vendor, 0..21);
}

fn last_checkpoint(world: &World) -> String {
    let last = world.events("ops.checkpoints").pop();
    match last {
        Some(model::Event::Checkpoint(checkpoint)) => checkpoint.cursor.to_string(),
        _ => String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_cost_time_and_nothing_else() {
    let world = world(&[]).await;
    let vendor = Vendor::with(60);
    vendor.books().connect_faults = [Fault::retry("busy"), Fault::disconnected("gone")].into();
    vendor.books().read_faults = [
        Fault::retry("busy"),
        Fault::Throttled { wait: Duration::from_millis(20), reason: "slow down".into() },
        Fault::disconnected("gone"),
        Fault::retry("busy"),
    ]
    .into();
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 60).await;
    run.stop().await;
    check(&world, &vendor, 0..60);
    assert_eq!(vendor.books().connects, 4, "two refused, one that was cut, one that lasted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_a_source_says_what_the_vendor_says() {
    let world = world(&[]).await;
    let vendor = Vendor::with(3);
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 3).await;
    run.reaches(NAME, State::Running).await;

    vendor.books().read_faults = vec![Fault::retry("503 from the gateway"); 3].into();
    let health = run.reaches(NAME, State::Waiting).await;
    assert!(health.detail.contains("503 from the gateway"), "{health:?}");
    let health = run.reaches(NAME, State::Running).await;
    assert_eq!(health.detail, "");

    // A key that has worked has a few chances, not more.
    let revoked = || Fault::unauthorized("key revoked", "api_key");
    vendor.books().read_faults.push_back(revoked());
    run.reaches(NAME, State::Waiting).await;
    run.reaches(NAME, State::Running).await;
    vendor.books().connect_faults = vec![revoked(); 3].into();
    vendor.books().read_faults.push_back(revoked());
    let health = run.reaches(NAME, State::Failed).await;
    assert!(health.detail.contains("key revoked") && health.detail.contains("api_key"));
    let connects = vendor.books().connects;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(vendor.books().connects, connects, "a refused key is not tried again");
    run.stop().await;
}

/// Two processes with the same source: the newer one goes on, nothing is doubled.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_owner_ends_the_first() {
    let world = world(&[]).await;
    let vendor = Vendor::with(20);
    let first = world.run_as(0, [source::<Fills>(&vendor)]);
    published(&world, 20).await;
    let second = world.run_as(1, [source::<Fills>(&vendor)]);
    second.reaches(NAME, State::Running).await;
    (0..20).for_each(|_| vendor.push(Entry::Good));
    published(&world, 40).await;
    let health = first.reaches(NAME, State::Failed).await;
    assert!(health.detail.contains("newer owner"), "{health:?}");
    (0..20).for_each(|_| vendor.push(Entry::Good));
    published(&world, 60).await;
    second.stop().await;
    first.stop().await;
    check(&world, &vendor, 0..60);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_systems_of_one_vendor_do_not_disturb_each_other() {
    let world = world(&[]).await;
    let (paper, live) = (Vendor::with(30), Vendor::with(30));
    let of = |system: &str, vendor: &Vendor| {
        source_of::<Fills>(system, serde_json::json!({ "vendor": vendor.name() }))
    };
    let run = world.run([of("paper", &paper), of("live", &live)]);
    published(&world, 60).await;
    run.stop().await;
    let fills = world.fills();
    for (system, other) in [("paper", "live"), ("live", "paper")] {
        let of_system = fills.iter().filter(|f| f.head.source == *system);
        assert!(of_system.clone().all(|f| f.system == *system && !f.account.starts_with(other)));
        assert_eq!(of_system.count(), 30);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_items_become_dead_letters_and_the_rest_passes() {
    let world = world(&[]).await;
    let vendor = Vendor::with(2);
    // Bytes that differ only where they are no text are different items all the same.
    let raws: [&[u8]; 4] = [b"{\"price\": 1e999}", &[0xff], &[0xfe], b""];
    raws.iter().for_each(|raw| vendor.push(Entry::Bad(raw.to_vec())));
    vendor.push(Entry::Good);
    vendor.books().always_overlaps = true;
    vendor.books().overlap = 7;
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 3).await;
    run.crash().await;
    vendor.push(Entry::Good);
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 4).await;
    run.stop().await;
    check(&world, &vendor, [0, 1, 6, 7]);
    let letters = world.letters();
    let found: Vec<&[u8]> = letters.iter().map(|letter| &*letter.raw).collect();
    assert_eq!(found, raws, "each once, with its raw bytes");
    for letter in &letters {
        assert_eq!((&*letter.component, letter.stage), (NAME, model::Stage::Map));
        assert_eq!(letter.field.as_deref(), Some("price"));
        assert_eq!(letter.reason, "not a number");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_cannot_be_written_become_dead_letters() {
    let world = world(&[]).await;
    let vendor = Vendor::with(2);
    for entry in [Entry::WontEncode, Entry::Good, Entry::TooLarge, Entry::Good] {
        vendor.push(entry);
    }
    vendor.books().always_overlaps = true;
    vendor.books().overlap = 6;
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 4).await;
    run.crash().await;
    vendor.push(Entry::Good);
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 5).await;
    run.stop().await;
    check(&world, &vendor, [0, 1, 3, 5, 6]);
    let letters = world.letters();
    let reasons: Vec<&str> = letters.iter().map(|letter| &*letter.reason).collect();
    assert_eq!(reasons.len(), 2, "each once: {reasons:?}");
    assert!(reasons[0].contains("price") && reasons[0].contains("decimal(38, 18)"), "{reasons:?}");
    assert!(
        reasons[1].contains("too large") && reasons[1].contains("bytes are kept"),
        "{reasons:?}"
    );
    assert!(letters.iter().all(|letter| letter.stage == model::Stage::Encode));
    let raw = String::from_utf8_lossy(&letters[0].raw).into_owned();
    assert!(raw.contains("\"execution_id\":\"2\""), "{raw}");
}

/// The same, for a feed that does not wait for its records.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_feed_sets_aside_what_cannot_be_written() {
    let world = world(&[]).await;
    let vendor = Vendor::with(2);
    for entry in [Entry::WontEncode, Entry::TooLarge, Entry::Bad(b"?".to_vec()), Entry::Good] {
        vendor.push(entry);
    }
    let run = world.run([source::<Trades>(&vendor)]);
    eventually("the good ones", || (world.trades().len() >= 3).then_some(())).await;
    eventually("the letters", || (world.letters().len() >= 3).then_some(())).await;
    run.stop().await;
    assert_eq!((world.trades().len(), world.letters().len()), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_another_shape_stops_the_source_and_says_so() {
    let world = world(&[]).await;
    let vendor = Vendor::with(1);
    let mut head = model::Head::new(EventId::of(&["odd"]), model::Timestamp::from_secs(1));
    head.source = SYSTEM.into();
    world.publish([model::Checkpoint {
        head,
        component: NAME.into(),
        cursor: "{\"next\":\"soon\"}".into(),
        sequence: 1,
        records: 1,
    }]);
    let run = world.run([source::<Fills>(&vendor)]);
    let health = run.reaches(NAME, State::Failed).await;
    assert!(health.detail.contains("soon") && health.detail.contains("checkpoint"), "{health:?}");
    run.stop().await;
}

/// A vendor's daily limit is known to the next process.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_beside_the_cursors_outlives_a_process() {
    let world = world(&[]).await;
    let first = world.wiring.ledger();
    assert_eq!(first.load("requests.toy").unwrap(), None);
    for text in ["1", "2"] {
        first.keep("requests.toy", text).unwrap();
        first.keep("requests.other", "9").unwrap();
    }
    let second = world.wiring.ledger();
    assert_eq!(second.load("requests.toy").unwrap().as_deref(), Some("2"));
    let vendor = Vendor::with(3);
    let run = world.run([source::<Fills>(&vendor)]);
    published(&world, 3).await;
    run.stop().await;
    assert_eq!(second.load("requests.toy").unwrap().as_deref(), Some("2"));
}
