//! A topology in plain words.

use std::fmt::Write;

use component::Throttling;
use schedule::{Job, Mistake};

use crate::catalogue::Kind;
use crate::sections::Monitoring;
use crate::topology::{Kafka, System, Topology};

/// What the topology does, one line for each system, component, processor and job. Shows names
/// and schedules, never a component's settings.
pub fn explain(topology: &Topology) -> String {
    let mut lines = Vec::new();
    lines.push(match &topology.kafka {
        Some(Kafka { local: Some(_), .. }) => "kafka: a single node run by foliostream".to_owned(),
        Some(_) => "kafka: a cluster".to_owned(),
        None => "kafka: not configured".to_owned(),
    });
    topology.systems.iter().for_each(|system| explain_system(system, &mut lines));
    for processor in &topology.processors {
        lines.push(format!("processor {}: on", processor.name));
    }
    for account in topology.accounts.values() {
        lines.push(format!("account {}: orders go to {}", account.id, account.system));
    }
    for job in &topology.data_import.scheduled_imports {
        let what = match job.data_type.as_str() {
            "" => format!("import {}", job.source),
            data => format!("import {data} from {}", job.source),
        };
        let symbols = match job.symbols.is_empty() {
            true => String::new(),
            false => format!(" for {}", job.symbols.join(", ")),
        };
        lines.push(format!("{what}{symbols}: {}", due(job.job(), &job.schedule)));
    }
    for job in &topology.data_export.scheduled_exports {
        let (what, to) = (&job.data_type, &job.destination);
        lines.push(format!("export {what} to {to}: {}", due(job.job(), &job.schedule)));
    }
    explain_monitoring(&topology.monitoring, &mut lines);
    if topology.audit.is_some() {
        lines.push("audit log: on".to_owned());
    }
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}"); // writing to a string cannot fail
        text
    })
}

/// The schedule of a job with its clock.
fn due(job: Result<Job, Mistake>, text: &str) -> String {
    job.map_or_else(|_| text.to_owned(), |job| job.when.to_string())
}

fn explain_monitoring(monitoring: &Monitoring, lines: &mut Vec<String>) {
    let every = monitoring.health_check_interval;
    lines.push(format!("monitoring: each system is looked at every {every:?}"));
    let told: Vec<String> =
        monitoring.alert_destinations.iter().map(|one| one.to_string()).collect();
    if monitoring.alert_on_failure && !told.is_empty() {
        lines.push(format!("alerts: to {}", told.join(" and ")));
    }
}

fn explain_system(system: &System, lines: &mut Vec<String>) {
    let state = match (system.enabled, system.components.len()) {
        (false, _) => "switched off".to_owned(),
        (true, 0) => "nothing switched on".to_owned(),
        (true, 1) => "1 component".to_owned(),
        (true, count) => format!("{count} components"),
    };
    lines.push(format!("system {} ({}): {state}", system.id, system.connector));
    for component in system.components.iter().filter(|_| system.enabled) {
        let does = match component.kind {
            Kind::Source => "reads from",
            Kind::Sink => "delivers to",
        };
        lines.push(format!(
            "  {} {does} {}, by feature {}",
            component.name, system.id, component.feature
        ));
    }
    if system.enabled {
        lines.extend(explain_throttling(&system.throttling));
    }
}

fn explain_throttling(throttling: &Throttling) -> Option<String> {
    let limits = [
        (throttling.max_requests_per_second, "second"),
        (throttling.max_requests_per_minute, "minute"),
        (throttling.max_requests_per_day, "day"),
    ];
    let limits = limits.into_iter().filter_map(|(most, span)| Some(format!("{} a {span}", most?)));
    let limits: Vec<String> = limits.collect();
    let mut words = Vec::new();
    if !limits.is_empty() {
        words.push(format!("requests: at most {}", limits.join(" and ")));
    }
    match (throttling.retry_attempts, throttling.retry_pause()) {
        (Some(0), _) => words.push("none is repeated".to_owned()),
        (Some(times), Some(pause)) => words.push(format!(
            "what fails and is safe to repeat is repeated {times} times, first after {pause:?}"
        )),
        (Some(times), None) => {
            words.push(format!("what fails and is safe to repeat is repeated {times} times"));
        }
        (None, _) => {}
    }
    (!words.is_empty()).then(|| format!("  {}", words.join("; ")))
}
