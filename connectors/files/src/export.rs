//! Whole topics as files.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use component::{Delivery, Fault, Host, Outcome, Result, Sends, Sink};
use model::{Event, Text};

use crate::follow::off_thread;
use crate::root::{self, Root};
use crate::row_files::RowFiles;
use crate::settings::{ExportFormat, ExportSettings, System};
use crate::table::Table;

/// Held while an export writes to a folder.
const LOCK: &str = ".foliostream.lock";

/// Writes topics to files: every record once, or the latest record of each key.
pub struct Export {
    writer: Arc<Mutex<Writer>>,
}

/// What is written where.
struct Writer {
    root: Root,
    path: String,
    folder: PathBuf,
    format: ExportFormat,
    rows: RowFiles,
    tables: HashMap<Text, Table>,
    _lock: File,
}

impl Sink for Export {
    const NAME: &'static str = "files_export";
    const SENDS: Sends = Sends::Exports;
    type System = System;
    type Settings = ExportSettings;

    fn topics(settings: &ExportSettings) -> Vec<Text> {
        settings.rows.iter().chain(&settings.tables).map(|topic| Text::from(&**topic)).collect()
    }

    async fn connect(system: System, settings: ExportSettings, _: Host) -> Result<Self> {
        check_topics(&settings)?;
        let root = Root::open(&system.connection.root)?;
        let folder = root.make_folder(&settings.path)?;
        let lock = lock(&folder)?;
        let retry = |error| Fault::retry(format!("looking into {}: {error}", folder.display()));
        root::remove_partial(&folder).map_err(retry)?;
        let rows = RowFiles::open(&folder, settings.format).map_err(retry)?;
        let tables = settings
            .tables
            .iter()
            .map(|topic| (Text::from(&**topic), Table::new(topic, settings.format)));
        let tables = tables.collect();
        let (path, format) = (settings.path, settings.format);
        let writer = Writer { root, path, folder, format, rows, tables, _lock: lock };
        Ok(Self { writer: Arc::new(Mutex::new(writer)) })
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        let batch = batch.to_vec();
        off_thread(&self.writer, move |writer| writer.write(&batch)).await
    }

    /// Never asked: an export is written again, which replaces what was there.
    async fn resolve(&mut self, _: &Delivery) -> Result<Outcome> {
        Ok(Outcome::Unknown { reason: "an export is written again, not resolved".to_owned() })
    }
}

impl Writer {
    /// Writes every record or says why not; writing the same batch again changes nothing.
    fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        // The folder may have been replaced by a link since the last batch.
        if self.root.resolve(&self.path)? != self.folder {
            return Err(Fault::disconnected(format!("the folder {:?} has moved", self.path)));
        }
        let mut parts: Vec<(&Text, i32, Vec<&Delivery>)> = Vec::new();
        for delivery in batch {
            let (topic, partition) = (&delivery.topic, delivery.partition);
            match parts.iter_mut().find(|(t, p, _)| (*t, *p) == (topic, partition)) {
                Some((_, _, part)) => part.push(delivery),
                None => parts.push((topic, partition, vec![delivery])),
            }
        }
        for (topic, partition, part) in parts {
            let written = match self.tables.get_mut(topic) {
                Some(table) => table.merge(&self.folder, &part),
                None => self.rows.write(&self.folder, self.format, topic, partition, &part),
            };
            written.map_err(|error| Fault::retry(format!("writing {topic}: {error}")))?;
        }
        Ok(vec![Outcome::Accepted { broker_order_id: None }; batch.len()])
    }
}

fn check_topics(settings: &ExportSettings) -> Result<()> {
    let topics = Export::topics(settings);
    if topics.is_empty() {
        return Err(Fault::fatal("neither rows nor tables names a topic"));
    }
    for (index, topic) in topics.iter().enumerate() {
        if topics[..index].contains(topic) {
            return Err(Fault::fatal(format!("the topic {topic:?} is named twice")));
        }
        let kind = Event::KINDS.iter().find(|kind| kind.topic == *topic);
        let Some(kind) = kind else {
            return Err(Fault::fatal(format!("{topic:?} is not a topic")));
        };
        if settings.tables.iter().any(|table| table == topic) && !kind.is_compacted {
            let message = format!(
                "tables: {topic:?} keeps every record, not the latest of each key; name it under \
                 rows"
            );
            return Err(Fault::fatal(message));
        }
    }
    Ok(())
}

/// Makes sure that nobody else writes to the folder.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let trouble = |error: &dyn std::fmt::Display| {
        Fault::retry(format!("locking {}: {error}", path.display()))
    };
    let file = root::open_or_make(&path).map_err(|error| trouble(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(trouble(&"another export writes to this folder; give each its own path"))
        }
        Err(TryLockError::Error(error)) => Err(trouble(&error)),
    }
}
