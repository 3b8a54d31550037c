//! One alert from the first fault that needs a person until the component works again.

use component::Fault;
use model::{Alert, AlertStatus, Event, Severity};
use runtime::State;

use crate::toys::{Fills, SYSTEM, Vendor, source};
use crate::world::{World, eventually, only, world};

const FILLS: &str = "toy.toy_fills";

fn alerts(world: &World) -> Vec<Alert> {
    world.events("ops.alerts").into_iter().map(|event| only!(event, Event::Alert)).collect()
}

fn login() -> Fault {
    Fault::needs_person("the login has ended", "log in")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_once_and_closes_when_the_component_works() {
    let world = world(&[]).await;
    let vendor = Vendor::with(3);
    vendor.books().connect_faults = vec![login(), Fault::retry("busy")].into();
    vendor.books().read_faults = vec![login()].into();
    let run = world.run([source::<Fills>(&vendor)]);
    eventually("an alert", || run.health(FILLS).alert).await;
    eventually("the end of the alert", || run.health(FILLS).alert.is_none().then_some(())).await;
    let health = run.reaches(FILLS, State::Running).await;
    assert_eq!(health.restarts, 0, "it was never given up");
    run.stop().await;
    assert_eq!(world.fills().len(), 3);
    let found = alerts(&world);
    let [opened, closed] = &found[..] else { panic!("{found:?}") };
    assert_eq!((opened.status, closed.status), (AlertStatus::Opened, AlertStatus::Closed));
    assert_eq!((opened.severity, &*opened.action), (Severity::Warning, "log in"));
    assert_eq!((opened.system.as_deref(), &*opened.component), (Some(SYSTEM), FILLS));
    assert_eq!((&opened.alert_id, opened.since), (&closed.alert_id, closed.since));
    assert!(closed.head.event_time > opened.head.event_time);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_neither_opens_it_twice_nor_forgets_to_close_it() {
    let world = world(&[]).await;
    let vendor = Vendor::with(0);
    vendor.books().connect_faults = vec![login(); 1000].into();
    let run = world.run([source::<Fills>(&vendor)]);
    let before = eventually("an alert", || run.health(FILLS).alert).await;
    run.crash().await;
    // Another process knows no more than what is on the topic.
    let wiring = &world.wiring;
    let names = wiring.names.clone();
    let next = World::join(wiring.cluster.clone(), crate::world::registry_url(), names).await;
    let run = next.run([source::<Fills>(&vendor)]);
    run.reaches(FILLS, State::Waiting).await;
    assert_eq!(run.health(FILLS).alert, Some(before), "it is the same one");
    vendor.books().connect_faults.clear();
    eventually("the end of the alert", || run.health(FILLS).alert.is_none().then_some(())).await;
    run.stop().await;
    let found: Vec<_> = alerts(&next).iter().map(|alert| alert.status).collect();
    assert_eq!(found, [AlertStatus::Opened, AlertStatus::Closed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_for_good_says_so_and_what_people_mended_closes_it() {
    let world = world(&[]).await;
    let vendor = Vendor::with(0);
    let refused = Fault::unauthorized("401", "the.key");
    vendor.books().connect_faults = vec![login(), refused].into();
    let run = world.run([source::<Fills>(&vendor)]);
    run.reaches(FILLS, State::Failed).await;
    run.stop().await;
    let run = world.run([source::<Fills>(&vendor)]);
    run.reaches(FILLS, State::Running).await;
    eventually("the end of the alert", || run.health(FILLS).alert.is_none().then_some(())).await;
    run.stop().await;
    let found = alerts(&world);
    let said: Vec<_> = found.iter().map(|alert| (alert.status, alert.severity)).collect();
    let (opened, closed) = (AlertStatus::Opened, AlertStatus::Closed);
    let error = Severity::Error;
    assert_eq!(said, [(opened, Severity::Warning), (opened, error), (closed, error)]);
    assert!(found[1].action.contains("the.key"), "{found:?}");
}
