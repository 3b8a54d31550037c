//! A topology in plain words.

use std::fmt::Write;

use schedule::{Job, Mistake};

use crate::catalogue::Kind;
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
        lines.push(format!("{what}: at {}", due(job.job(), &job.schedule)));
    }
    for job in &topology.data_export.scheduled_exports {
        lines.push(format!("export {}: at {}", job.data_type, due(job.job(), &job.schedule)));
    }
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
    job.map_or_else(|_| text.to_owned(), |job| job.schedule)
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
}
