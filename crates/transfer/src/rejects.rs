//! The file of rows that were refused.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use component::{Bad, neutral};

use crate::text::csv_line;
use crate::{Error, Plan};

const COLUMNS: [&str; 4] = ["line", "column", "reason", "row"];

/// Rows that were refused, with their place and the reason; made when there is the first one.
pub(crate) struct Rejects {
    pub path: PathBuf,
    /// Where to go on, if an earlier run stopped in the middle.
    start: Option<u64>,
    file: Option<File>,
    pub bytes: u64,
}

impl Rejects {
    /// The file for an import's input. What stands behind `start` was written by a run that did
    /// not come to commit it, and is written again.
    pub fn new(plan: &Plan, input: &str, start: Option<u64>) -> Self {
        let stem = Path::new(input).file_name().map_or_else(String::new, |name| {
            name.to_string_lossy().chars().map(|c| if c.is_control() { '_' } else { c }).collect()
        });
        let path = plan.rejects.join(format!("{}-{stem}.rejects.csv", plan.name));
        Self { path, start, file: None, bytes: start.unwrap_or_default() }
    }

    /// Whether there are any.
    pub fn is_used(&self) -> bool {
        self.file.is_some()
    }

    pub fn add(&mut self, line: u64, row: &[u8], bad: &Bad) -> Result<(), Error> {
        let row = String::from_utf8_lossy(row);
        let cells = [&line.to_string(), &bad.field, &bad.reason, &*row].map(neutral);
        let text = csv_line(&cells);
        let written = self.write(text.as_bytes());
        written.map_err(Error::file("writing", &self.path))
    }

    fn write(&mut self, text: &[u8]) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open(&self.path, self.start)?),
        };
        file.write_all(text)?;
        self.bytes = file.stream_position()?;
        Ok(())
    }

    /// What was added is on the disk.
    pub fn sync(&mut self) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        file.sync_data().map_err(Error::file("writing", &self.path))
    }
}

fn open(path: &Path, start: Option<u64>) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
    let length = file.metadata()?.len();
    if let Some(start) = start
        && start < length
    {
        file.set_len(start)?;
    }
    if file.seek(SeekFrom::End(0))? == 0 {
        file.write_all(csv_line(&COLUMNS).as_bytes())?;
    }
    Ok(file)
}
