//! What a topology imports and exports on a schedule, as jobs.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use component::{Clock, Host};
use runtime::Start;
use serde_json::{Value, json};
use topology::{ScheduledExport, ScheduledImport, Topology};
use transfer::{Destination, Errand, Export, Work};

use crate::catalogue;
use crate::commands::import::plan;

/// The jobs of a topology; the error names the one that is wrong.
pub fn errands(topology: &Topology, clock: &Clock) -> Result<Vec<Errand>> {
    let mut errands = Vec::new();
    for import in &topology.data_import.scheduled_imports {
        if !topology.data_import.imports.contains_key(&import.source) {
            continue;
        }
        let work = Work::import(plan(topology, &import.source)?);
        errands.push(Errand { job: import.job()?, work });
    }
    for (import, start) in starts(topology, clock) {
        let entry = catalogue::component(&start.host.component);
        let entry = entry.context("the catalogue names every component")?;
        let pass = (entry.pass)(start).map_err(|reason| anyhow!("{}: {reason}", import.name()))?;
        errands.push(Errand { job: import.job()?, work: Work::pass(pass) });
    }
    for export in &topology.data_export.scheduled_exports {
        let work = write(topology, export, clock);
        let work = work.with_context(|| format!("data_export: {}", export.name()))?;
        errands.push(Errand { job: export.job()?, work });
    }
    Ok(errands)
}

/// What the imports from systems start their sources with. Systems that are switched off have
/// none.
pub fn starts<'t>(topology: &'t Topology, clock: &Clock) -> Vec<(&'t ScheduledImport, Start)> {
    if topology.data_import.scheduled_imports.is_empty() {
        return Vec::new();
    }
    let known = catalogue::catalogue();
    let start = |import: &ScheduledImport| {
        let system = topology.systems.iter().find(|s| s.id == import.source && s.enabled)?;
        let source = known.connector(&system.connector)?.source_of(&import.data_type)?;
        // What the system's own component is told counts here too, but for when it is to ask.
        let used = system.components.iter().find(|used| used.name == source.name);
        let mut settings = used.map_or_else(|| json!({}), |used| used.settings.clone());
        if let Value::Object(settings) = &mut settings {
            settings.remove("poll_secs");
            if !import.symbols.is_empty() {
                settings.insert("symbols".to_owned(), json!(import.symbols));
            }
        }
        // Beside that component it has a cursor of its own.
        let host = Host::new(&system.id, source.name, clock.clone(), system.throttling.clone());
        let host = host.for_job(&import.name());
        Some(Start { system: system.system.clone(), settings, host })
    };
    let imports = topology.data_import.scheduled_imports.iter();
    imports.filter_map(|import| Some((import, start(import)?))).collect()
}

fn write(topology: &Topology, export: &ScheduledExport, clock: &Clock) -> Result<Work> {
    let section = &topology.data_export;
    let what = Export::new(&export.data_type, export.format, &section.formats)?;
    let what = what.columns(&export.columns)?;
    let root = Path::new(section.root.as_deref().unwrap_or("."));
    Destination::new(root, &export.destination, clock.now())?;
    Ok(Work::export(what, root.to_owned(), export.destination.clone()))
}
