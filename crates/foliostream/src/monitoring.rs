//! What a topology says of alerts, as `monitor` takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use component::Clock;
use credentials::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use model::{Severity, Text};
use monitor::{
    Cadence, Channel, Email, Hook, HookKind, Limit, Measure, Monitor, Patient, Rule, Settings,
    Telling,
};
use runtime::{Status, Wiring};
use topology::{AlertDestination, AlertRule, AlertSeverity, Monitoring, Topology};

use crate::catalogue;

/// Processors, and the topics on which they say what is open: it is counted where they run.
const COUNTED: [(&str, &str); 2] = [("reconcile", monitor::BREAKS), ("track", monitor::ORDERS)];

/// Starts watching over the components of this process.
pub fn start(
    topology: &Topology,
    telling: Telling,
    statuses: &BTreeMap<Text, Status>,
    figures: PrometheusHandle,
    wiring: &Wiring,
    store: &Arc<dyn Store>,
) -> Monitor {
    let monitoring = &topology.monitoring;
    let settings = Settings {
        rules: rules(monitoring),
        telling,
        health_check_interval: monitoring.health_check_interval,
        patients: patients(topology, statuses, &wiring.clock, store),
        components: statuses.keys().cloned().collect(),
        counted: counted(statuses),
        figures,
    };
    Monitor::start(settings, wiring)
}

fn counted(statuses: &BTreeMap<Text, Status>) -> BTreeSet<&'static str> {
    let here = COUNTED.iter().filter(|(processor, _)| statuses.contains_key(*processor));
    here.map(|(_, topic)| *topic).collect()
}

/// The ways to people that are set up. A destination without its section is left out: the
/// topology's warnings name it.
pub fn channels(monitoring: &Monitoring, clock: &Clock) -> Result<Vec<Channel>, monitor::Error> {
    let mut channels = Vec::new();
    for destination in &monitoring.alert_destinations {
        match destination {
            AlertDestination::Email => {
                let Some(email) = &monitoring.email else { continue };
                let password = email.password.as_ref();
                let email = Email::new(&email.smtp, password, &email.from, &email.to)?;
                channels.push(Channel::Email(email));
            }
            AlertDestination::Slack => {
                let Some(slack) = &monitoring.slack else { continue };
                let hook = Hook::new(HookKind::Slack, &slack.webhook_url, None, false, clock)?;
                channels.push(Channel::Hook(hook));
            }
            AlertDestination::Webhook => {
                let Some(hook) = &monitoring.webhook else { continue };
                let (token, insecure) = (hook.token.as_ref(), hook.insecure);
                let hook = Hook::new(HookKind::Webhook, &hook.url, token, insecure, clock)?;
                channels.push(Channel::Hook(hook));
            }
        }
    }
    Ok(channels)
}

/// Whom to tell of alerts, and how often.
pub fn telling(monitoring: &Monitoring, clock: &Clock) -> Result<Telling, monitor::Error> {
    Ok(Telling {
        channels: channels(monitoring, clock)?,
        cadence: Cadence {
            group_wait: Duration::from_secs(monitoring.group_wait_secs),
            repeat: Duration::from_secs(monitoring.repeat_secs),
        },
        on_failure: monitoring.alert_on_failure,
    })
}

/// The usual rules and the topology's own. One of the same name takes the place of a usual one.
fn rules(monitoring: &Monitoring) -> Vec<Rule> {
    let is_usual = monitoring.alert_on_failure;
    let usual = monitor::usual().into_iter().filter(|_| is_usual);
    let mut rules: Vec<_> =
        usual.filter(|rule| !monitoring.rules.contains_key(&rule.name)).collect();
    rules.extend(monitoring.rules.iter().filter_map(|(name, said)| rule(name, said)));
    rules
}

/// A rule without a limit is refused when the topology is read.
fn rule(name: &str, said: &AlertRule) -> Option<Rule> {
    let limit = said.above.map(Limit::Above).or(said.below.map(Limit::Below))?;
    let within = said.increase_within_secs.map(Duration::from_secs);
    Some(Rule {
        name: name.to_owned(),
        metric: said.metric.clone(),
        labels: said.labels.clone(),
        measure: within.map_or(Measure::Value, Measure::Increase),
        limit,
        hold: Duration::from_secs(said.for_secs),
        severity: match said.severity {
            AlertSeverity::Info => Severity::Info,
            AlertSeverity::Warning => Severity::Warning,
            AlertSeverity::Error => Severity::Error,
        },
        action: said.action.clone(),
    })
}

/// The sources and sinks of this process, and how their systems are tried.
fn patients(
    topology: &Topology,
    statuses: &BTreeMap<Text, Status>,
    clock: &Clock,
    store: &Arc<dyn Store>,
) -> Vec<Patient> {
    let mut patients = Vec::new();
    for (instance, start) in catalogue::starts(topology, clock, store) {
        let Some(entry) = catalogue::component(&start.host.component) else { continue };
        let Some(status) = statuses.get(instance.as_str()) else { continue };
        patients.push(Patient {
            system: (&*start.host.system).into(),
            component: instance.into(),
            status: status.clone(),
            login: Arc::new(move || {
                let probe = (entry.probe)(start.clone());
                Box::pin(async move { probe.await.map(drop) })
            }),
            is_probed_at_work: entry.logs_in_beside,
        });
    }
    patients
}
