//! One broker and one registry for all tests, topics and people for each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use component::{Clock, Secret, TestClock};
use kafka::{Cluster, Settings};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use model::{Alert, AlertStatus, Event, Head, Severity};
use monitor::{Cadence, Channel, Email, Hook, HookKind, Monitor, Patient, Rule, Telling};
use runtime::{Accounts, Names, Publisher, Wiring};
use tokio::task::block_in_place;

use crate::people::{self, Inbox};

/// Far longer than anything takes: a test that needs it has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two looks at something that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How much of the test's time passes at each look.
const TICK: Duration = Duration::from_millis(500);

pub struct World {
    pub wiring: Wiring,
    pub clock: Arc<TestClock>,
    pub recorder: PrometheusRecorder,
    pub figures: PrometheusHandle,
    pub mail: (String, Inbox),
    pub slack: (String, Inbox),
    pub hook: (String, Inbox),
}

impl World {
    pub async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("m{}.", COUNT.fetch_add(1, Ordering::Relaxed));
        let cluster =
            Cluster::new(Settings::plain(block_in_place(local_kafka::shared).bootstrap_servers()));
        let names = Names::new(&prefix, BTreeMap::new(), 1);
        let names = block_in_place(|| runtime::create_topics(&cluster, &names, &[], None, 1));
        let registry = avro::Registry::new(block_in_place(registry_url), None).unwrap();
        let accounts = Accounts::default();
        let wiring = Wiring::connect(cluster, registry, names.unwrap(), accounts).await;
        let mut wiring = wiring.unwrap();
        let clock = TestClock::starting_at(Clock::system().now());
        wiring.clock = Clock::test(clock.clone());
        let recorder = PrometheusBuilder::new().build_recorder();
        let figures = recorder.handle();
        let (mail, slack, hook) =
            (people::mail().await, people::hooks().await, people::hooks().await);
        Self { wiring, clock, recorder, figures, mail, slack, hook }
    }

    /// Watches, as one process would.
    pub fn watch(&self, rules: Vec<Rule>, patients: Vec<Patient>) -> Monitor {
        let clock = &self.wiring.clock;
        let password = Secret::new("hunter2");
        let to = ["desk@example.com".to_owned()];
        let server = self.mail.0.parse().unwrap();
        let from = "Foliostream <foliostream@example.com>";
        let slack = Secret::new(&*self.slack.0);
        let (hook, token) = (Secret::new(&*self.hook.0), Secret::new("who-we-are"));
        let channels = vec![
            Channel::Email(Email::new(&server, Some(&password), from, &to).unwrap()),
            Channel::Hook(Hook::new(HookKind::Slack, &slack, None, false, clock).unwrap()),
            Channel::Hook(Hook::new(HookKind::Webhook, &hook, Some(&token), false, clock).unwrap()),
        ];
        let cadence =
            Cadence { group_wait: Duration::from_secs(1), repeat: Duration::from_secs(3_600) };
        let components = BTreeSet::from(["toy.toy_fills".into()]);
        let settings = monitor::Settings {
            rules,
            telling: Telling { channels, cadence, on_failure: true },
            health_check_interval: Duration::from_secs(60),
            patients,
            components,
            counted: BTreeSet::new(),
            figures: self.figures.clone(),
        };
        Monitor::start(settings, &self.wiring)
    }

    pub fn publish(&self, event: impl Into<Event>) {
        block_in_place(|| {
            let mut pipeline = self.wiring.cluster.pipeline().unwrap();
            Publisher::new(&self.wiring).publish(&mut pipeline, &event.into(), None).unwrap();
            pipeline.flush(PATIENCE).unwrap();
        });
    }

    /// What a component that waits for a person, or works again, publishes.
    pub fn alert(&self, status: AlertStatus) {
        let now = self.wiring.clock.now();
        let alert = Alert {
            head: Head::default(),
            alert_id: "toy.toy_fills.needs_person".into(),
            status,
            severity: Severity::Warning,
            system: Some("toy".into()),
            component: "toy.toy_fills".into(),
            title: "toy.toy_fills waits for a person".into(),
            reason: "the login <of the desk> has ended".into(),
            action: "log in".into(),
            since: now,
        };
        block_in_place(|| self.wiring.publish_alert(alert, "toy")).unwrap();
    }

    /// Lets time pass until there is an answer.
    pub async fn eventually<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = look() {
                return answer;
            }
            assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
            self.clock.advance(TICK);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits for so many letters in each of the inboxes.
    pub async fn arrived(&self, mail: usize, slack: usize, hook: usize) {
        let expected = [mail, slack, hook];
        let inboxes = [&self.mail.1, &self.slack.1, &self.hook.1];
        let what = format!("{expected:?} letters");
        self.eventually(&what, || {
            let found = inboxes.map(|inbox| inbox.letters().len());
            assert!(found.iter().zip(expected).all(|(f, e)| *f <= e), "{found:?} of {what}");
            (found == expected).then_some(())
        })
        .await;
    }
}

/// A registry that lives as long as the process.
fn registry_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        let cluster = Cluster::new(Settings::plain(local_kafka::shared().bootstrap_servers()));
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let running =
                    registry::serve(registry::Settings::default(), cluster).await.unwrap();
                tell.send(running.url()).unwrap();
                std::future::pending::<()>().await;
            });
        });
        told.recv().unwrap()
    })
}
