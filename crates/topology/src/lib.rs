//! Reads `topology.yaml` and finds every mistake in it.
//!
//! The file passes five stages, each a module: `read` makes a tree that knows the place of
//! every word, `fill` puts variables into words, `check` holds the tree against JSON Schemas,
//! `assemble` makes a [`Topology`] of it, `cross` compares the sections with each other. Each stage
//! reports all it finds, so one run shows every mistake.
//!
//! No message shows a value that came from a variable or that stands where a secret belongs.

mod problem;

mod catalogue;
mod sections;
mod stores;
mod topology;
mod transfers;

mod node;
mod read;

mod fill;

mod check;
mod decode;
mod schema;
mod security;
mod words;

mod assemble;
mod cross;
mod features;
mod values;

mod explain;
mod outline;
mod reference;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use catalogue::{Catalogue, ComponentEntry, ConnectorEntry, Kind, ProcessorEntry};
pub use explain::explain;
pub use node::Position;
pub use problem::{Problem, Problems};
pub use reference::{Setting, settings_reference};
pub use sections::{
    Account, AlertDestination, AlertRule, AlertSeverity, Email, LocalKafka, LogLevel, Metrics,
    Monitoring, SchemaRegistry, Slack, SystemType, Topics, Webhook,
};
pub use stores::{S3, Store, in_store};
pub use topology::{Audit, ComponentUse, Kafka, Origin, ProcessorUse, System, Topology};
pub use transfers::{
    Column, ColumnSettings, Compression, Csv, DataExport, DataImport, Encoding, Format, Formats,
    Import, Json, Missed, ScheduledExport, ScheduledImport,
};

use crate::problem::Report;

/// Reads a topology from a file. `env` gives the variables for `${NAME}`, and what the sealed store
/// holds for `secret://name`, by that whole word.
pub fn load(
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    catalogue: &Catalogue,
) -> Result<Topology, Problems> {
    let name = path.display().to_string();
    let text = read_text(path).map_err(|(position, message)| {
        let Position { line, column } = position;
        Problems(vec![Problem { file: name.clone(), line, column, path: String::new(), message }])
    })?;
    parse(&name, &text, env, catalogue)
}

/// Reads a topology from text; messages call it `name`. `env` is that of [`load`].
pub fn parse(
    name: &str,
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
    catalogue: &Catalogue,
) -> Result<Topology, Problems> {
    let mut report = Report::new(name);
    let mut root = match read::read(text, &mut report) {
        Ok(root) => root,
        Err(last) => return Err(report.fail(last)),
    };
    fill::fill(&mut root, env, &mut report);
    let mut topology = assemble::assemble(&root, catalogue, &mut report);
    cross::check(&root, &topology, catalogue, &mut report);
    topology.outline = outline::outline(&root, &report.secrets);
    topology.keep_secret(std::mem::take(&mut report.secrets));
    topology.warnings = report.finish()?;
    Ok(topology)
}

/// The file's text, read no further than its limit.
fn read_text(path: &Path) -> Result<String, (Position, String)> {
    let refused = |error: std::io::Error| (Position::default(), format!("cannot read: {error}"));
    let file = File::open(path).map_err(refused)?;
    let mut bytes = Vec::new();
    let limit = read::MAX_BYTES as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() > read::MAX_BYTES {
        let message = format!("the file is larger than the {} bytes allowed", read::MAX_BYTES);
        return Err((Position::default(), message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        (read::position_of(&before, before.len()), "the file is not UTF-8 from here on".to_owned())
    })
}
