//! From the topic and the figures to a mail server, Slack and a webhook, and what happens when
//! one of them is away.

#![allow(clippy::unwrap_used)]

mod people;
mod world;

use std::sync::Arc;
use std::time::Duration;

use component::Fault;
use model::{AlertStatus, EventId, Head, Severity, Silence, Text};
use monitor::{Labels, Limit, Measure, Patient, Rule};
use runtime::{State, Supervisor, Task};

use crate::world::{PATIENCE, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_is_told_once_and_again_when_it_is_over() {
    let world = World::new().await;
    let monitor = world.watch(vec![], vec![]);
    world.alert(AlertStatus::Opened);
    world.arrived(1, 1, 1).await;
    let mail = world.mail.1.letters().remove(0);
    assert!(mail.contains("Subject: [foliostream] toy: 1 opened"), "{mail}");
    assert!(mail.contains("From: Foliostream <foliostream@example.com>"), "{mail}");
    assert!(mail.contains("  seen: the login <of the desk> has ended\n  to do: log in"), "{mail}");
    let slack = world.slack.1.letters().remove(0);
    assert!(slack.contains("the login &lt;of the desk&gt; has ended"), "{slack}");
    let hook = world.hook.1.letters().remove(0);
    assert!(hook.starts_with("Bearer who-we-are {"), "{hook}");
    assert!(hook.contains("\"alert_id\":\"toy.toy_fills.needs_person\""), "{hook}");
    world.alert(AlertStatus::Closed);
    world.arrived(2, 2, 2).await;
    assert!(world.mail.1.letters()[1].contains("OVER (warning): toy.toy_fills waits"));
    monitor.stop().await;

    // The next run knows what was told; what opens in between is told by it.
    world.alert(AlertStatus::Opened);
    let monitor = world.watch(vec![], vec![]);
    world.arrived(3, 3, 3).await;
    monitor.stop().await;
    let monitor = world.watch(vec![], vec![]);
    world.alert(AlertStatus::Closed);
    world.arrived(4, 4, 4).await;
    // What comes last is told before the end.
    world.alert(AlertStatus::Opened);
    monitor.stop().await;
    world.arrived(5, 5, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dead_channel_is_told_of_on_the_others_and_gets_everything_later() {
    let world = World::new().await;
    world.slack.1.set_down(true);
    let monitor = world.watch(vec![], vec![]);
    world.alert(AlertStatus::Opened);
    world.arrived(2, 0, 2).await;
    let mail = world.mail.1.letters().remove(1);
    assert!(mail.contains("slack takes no alerts"), "{mail}");
    assert!(mail.contains("500"), "{mail}");
    assert!(!mail.contains("a-secret-path"), "{mail}");
    assert!(mail.contains("foliostream alert test"), "{mail}");
    world.slack.1.set_down(false);
    // Both notices, and that it works again.
    world.arrived(3, 3, 3).await;
    monitor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broken_rule_is_an_alert_until_it_is_kept_and_silence_is_kept() {
    let world = World::new().await;
    let rule = Rule {
        name: "lag".to_owned(),
        metric: "lag_events".to_owned(),
        labels: Labels::new(),
        measure: Measure::Value,
        limit: Limit::Above(10.0),
        hold: Duration::from_secs(5),
        severity: Severity::Error,
        action: "look".to_owned(),
    };
    let set = |value: f64| {
        metrics::with_local_recorder(&world.recorder, || {
            metrics::gauge!("lag_events", "component_id" => "toy.toy_fills").set(value);
        });
    };
    let monitor = world.watch(vec![rule], vec![]);
    set(11.0);
    world.arrived(1, 1, 1).await;
    let mail = world.mail.1.letters().remove(0);
    assert!(mail.contains("OPEN (error): toy.toy_fills: lag"), "{mail}");
    assert!(mail.contains("seen: lag_events is 11, above 10"), "{mail}");
    set(3.0);
    world.arrived(2, 2, 2).await;
    let now = world.wiring.clock.now();
    let until = now.plus_nanos(60 * 1_000_000_000);
    let silence = |until| Silence {
        head: Head::new(EventId::of(&["silence"]), now),
        pattern: "lag".into(),
        until,
        actor: "test".into(),
        reason: None,
    };
    world.publish(silence(until));
    set(12.0);
    world.arrived(3, 3, 3).await;
    assert!(world.wiring.clock.now() > until, "it was told in the silence");
    monitor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn health_is_what_a_component_does_and_what_a_login_says_where_it_does_nothing() {
    let world = World::new().await;
    let mut supervisor = Supervisor::new(world.wiring.clone());
    for (name, state) in [("toy.works", State::Running), ("toy.waits", State::Waiting)] {
        supervisor.start(Task::new(name, move |wiring, status| async move {
            status.set(state, "the vendor is away");
            wiring.shutdown.cancelled().await;
            Ok(())
        }));
    }
    supervisor.start(Task::new("other.failed", |_, _| async {
        Err(Fault::fatal("the feed was withdrawn").into())
    }));
    let statuses = supervisor.statuses();
    let patients = statuses.iter().map(|(name, status)| Patient {
        system: name.split('.').next().unwrap().into(),
        component: name.clone(),
        status: status.clone(),
        login: Arc::new(|| Box::pin(async { Err(Fault::retry("503")) })),
        is_probed_at_work: false,
    });
    let monitor = world.watch(vec![], patients.collect());
    let history = monitor.history().clone();
    let seen = world
        .eventually("two checks of each", || {
            let seen = history.get();
            (seen.len() == 3 && seen.values().all(|checks| checks.len() > 1)).then_some(seen)
        })
        .await;
    let last = |name: &str| &seen[&Text::from(name)][0];
    assert!(last("toy.works").is_well, "{:?}", last("toy.works"));
    assert_eq!(last("toy.waits").seen, "the vendor is away");
    let failed = last("other.failed");
    assert_eq!(failed.seen, "stopped for good: the feed was withdrawn; a login now: 503");
    assert!(!failed.is_well && failed.seconds.is_some());
    monitor.stop().await;
    assert!(supervisor.stop(PATIENCE).await);
}
