//! What a topology imports and exports on a schedule, as jobs.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use component::{Clock, Host};
use credentials::{Drawer, Store};
use runtime::Start;
use serde_json::{Value, json};
use topology::{ScheduledExport, ScheduledImport, Topology};
use transfer::{Destination, Errand, Export, Stores, Work};

use crate::catalogue;
use crate::commands::import::plan;

/// The jobs of a topology; the error names the one that is wrong.
pub fn errands(topology: &Topology, clock: &Clock, store: &Arc<dyn Store>) -> Result<Vec<Errand>> {
    let mut errands = Vec::new();
    for import in &topology.data_import.scheduled_imports {
        if !topology.data_import.imports.contains_key(&import.source) {
            continue;
        }
        let work = Work::import(plan(topology, &import.source)?);
        errands.push(Errand { job: import.job()?, work });
    }
    for (import, start) in starts(topology, clock, store) {
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
pub fn starts<'t>(
    topology: &'t Topology,
    clock: &Clock,
    store: &Arc<dyn Store>,
) -> Vec<(&'t ScheduledImport, Start)> {
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
        Drawer::lend(&host, store);
        Some(Start { system: system.system.clone(), settings, host })
    };
    let imports = topology.data_import.scheduled_imports.iter();
    imports.filter_map(|import| Some((import, start(import)?))).collect()
}

fn write(topology: &Topology, export: &ScheduledExport, clock: &Clock) -> Result<Work> {
    let section = &topology.data_export;
    let what = Export::new(&export.data_type, export.format, &section.formats)?;
    let columns: Vec<_> = export.columns.iter().map(|column| column.0.clone()).collect();
    let what = what.columns(&columns)?;
    let root = Path::new(section.root.as_deref().unwrap_or("."));
    let stores = Stores::open(&topology.stores, clock)?;
    Destination::find(&stores, root, &export.destination, clock.now())?;
    Ok(Work::export(what, root.to_owned(), export.destination.clone(), stores))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SAMPLE: &str = include_str!("../../topology/tests/data/integration-config.json");

    #[test]
    fn the_sample_has_two_jobs() {
        let clock = Clock::system();
        let store: Arc<dyn Store> = Arc::new(credentials::Memory::default());
        let env = |name: &str| Some(name.to_lowercase());
        let topology = topology::parse("t", SAMPLE, &env, &catalogue::catalogue()).unwrap();
        let [(import, start)] =
            starts(&topology, &clock, &store).try_into().unwrap_or_else(|_| panic!());
        assert_eq!(import.name(), "alpha_vantage_daily_prices");
        let instance = "alpha_vantage.alpha_vantage_daily_prices.alpha_vantage_daily";
        assert_eq!(start.host.instance(), instance);
        assert_eq!(start.settings, json!({ "symbols": ["AAPL", "MSFT", "GOOGL"] }));
        let errands = errands(&topology, &clock, &store).unwrap();
        let jobs: Vec<_> = errands.iter().map(|e| (&*e.job.name, &*e.job.schedule)).collect();
        let import = ("alpha_vantage_daily_prices", "0 18 * * 1-5");
        assert_eq!(jobs, [import, ("portfolio_summary", "0 20 * * *")]);
        let names = ["schedule".to_owned()];
        assert_eq!(catalogue::tasks(&topology, &names, &clock, "", &store).unwrap().len(), 1);
        assert!(catalogue::tasks(&topology, &names, &clock, "replay.", &store).is_err());
    }
}
