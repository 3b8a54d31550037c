//! What people and auditors must know reaches its topics, whoever says it.

use std::collections::BTreeMap;

use component::{Appeal, Fault, Note};
use model::{Alert, AlertStatus, Event, Severity, Timestamp};
use runtime::State;

use crate::toys::{Fills, Vendor, source};
use crate::world::{eventually, only, world};

const FILLS: &str = "toy.toy_fills";

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_is_an_alert_until_it_is_over() {
    let world = world(&[]).await;
    let witness = world.wiring.witness();
    let said = |at: i64, is_urgent: bool, is_over: bool| Appeal {
        id: "credential.toy".to_owned(),
        system: "toy".to_owned(),
        title: "toy: a person has to log in".to_owned(),
        reason: format!("said at {at}"),
        action: "log in".to_owned(),
        is_urgent,
        is_over,
        at: Timestamp::from_secs(at),
    };
    // What nobody asked for is not over.
    witness.appeal(said(1, false, true));
    witness.appeal(said(2, false, false));
    witness.appeal(said(3, true, false));
    witness.appeal(said(4, false, true));
    let alerts = || -> Vec<Alert> {
        world.events("ops.alerts").into_iter().map(|event| only!(event, Event::Alert)).collect()
    };
    eventually("the end of the alert", || (alerts().len() == 3).then_some(())).await;
    let found: Vec<_> = alerts().iter().map(|a| (a.status, a.severity, a.since)).collect();
    let since = Timestamp::from_secs(2);
    let expected = [
        (AlertStatus::Opened, Severity::Warning, since),
        (AlertStatus::Opened, Severity::Error, since),
    ];
    assert_eq!(found[..2], expected);
    assert_eq!((found[2].0, found[2].2), (AlertStatus::Closed, since));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_credentials_and_their_refusal_are_noted() {
    let world = world(&[]).await;
    let vendor = Vendor::with(3);
    let run = world.run([source::<Fills>(&vendor)]);
    run.reaches(FILLS, State::Running).await;
    run.stop().await;
    vendor.books().connect_faults = vec![Fault::unauthorized("401", "the.key")].into();
    let run = world.run([source::<Fills>(&vendor)]);
    run.reaches(FILLS, State::Failed).await;
    run.stop().await;
    let note = |actor: &str| Note {
        actor: actor.to_owned(),
        action: "credential.login",
        subject: "toy".to_owned(),
        details: BTreeMap::new(),
    };
    tokio::task::block_in_place(|| world.wiring.publish_note(note("a person"))).unwrap();
    let notes = || -> Vec<model::Note> {
        world.events("ops.notes").into_iter().map(|event| only!(event, Event::Note)).collect()
    };
    eventually("three notes", || (notes().len() == 3).then_some(())).await;
    let said: Vec<_> = notes().iter().map(|n| (n.action.clone(), n.actor.clone())).collect();
    let said: Vec<_> = said.iter().map(|(action, actor)| (&**action, &**actor)).collect();
    let expected = [
        ("credential.used", FILLS),
        ("credential.refused", FILLS),
        ("credential.login", "a person"),
    ];
    assert_eq!(said, expected);
}
