//! The latest record of each key as one file.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use component::Delivery;
use model::Text;

use crate::encode::{self, Line};
use crate::root::replace;
use crate::settings::ExportFormat;

/// Keys of one table. It is kept in memory and written whole with every batch.
const MAX_KEYS: usize = 1_000_000;

/// The latest record of each key of a compacted topic.
#[derive(Debug)]
pub(crate) struct Table {
    topic: Text,
    format: ExportFormat,
    /// Columns, once a record has shown them and the file of an earlier run has been read.
    names: Option<Vec<String>>,
    /// Lines by the cells of the key.
    lines: BTreeMap<Vec<String>, String>,
}

impl Table {
    pub fn new(topic: &str, format: ExportFormat) -> Self {
        Self { topic: topic.into(), format, names: None, lines: BTreeMap::new() }
    }

    /// Puts each record in the place of the last one of its key, and the file in the place of the
    /// last one.
    pub fn merge(&mut self, folder: &Path, part: &[&Delivery]) -> io::Result<()> {
        let name = format!("{}.{}", self.topic, encode::ending(self.format));
        for delivery in part {
            let line = encode::line(delivery, self.format)?;
            let key = delivery.event.info().key;
            if self.names.is_none() {
                self.restore(&folder.join(&name), &line.names, key)?;
            }
            self.lines.insert(cells(&line, key), line.text);
        }
        if self.lines.len() > MAX_KEYS {
            let message = format!("{} keys; a table holds at most {MAX_KEYS}", self.lines.len());
            return Err(io::Error::other(message));
        }
        replace(folder, &name, |out| {
            encode::write_header(out, self.names.as_deref().unwrap_or_default(), self.format)?;
            self.lines.values().try_for_each(|line| out.write_all(line.as_bytes()))
        })
    }

    /// Reads what an earlier run left: the records it delivered are not delivered again.
    fn restore(&mut self, path: &Path, names: &[String], key: &[&str]) -> io::Result<()> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        for line in encode::read_lines(&text, names, self.format)? {
            let cells = cells(&line, key);
            if cells.iter().all(String::is_empty) {
                let message = format!("a row of {} has no key {key:?}", path.display());
                return Err(io::Error::other(message));
            }
            self.lines.insert(cells, line.text);
        }
        self.names = Some(names.to_vec());
        Ok(())
    }
}

fn cells(line: &Line, key: &[&str]) -> Vec<String> {
    key.iter().map(|name| line.cell(name).to_owned()).collect()
}
