//! One file for each delivered batch, so that every offset stands in exactly one file.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, Write};
use std::ops::Bound;
use std::path::Path;

use component::Delivery;
use model::Text;
use tracing::warn;

use crate::encode::{self, Line, OFFSET};
use crate::root::{replace, sync_folder};
use crate::settings::ExportFormat;

/// The files of every partition, by the offset they start with.
#[derive(Debug, Default)]
pub(crate) struct RowFiles {
    starts: HashMap<(Text, i32), BTreeSet<i64>>,
    /// Last offset written to each partition since the start.
    written: HashMap<(Text, i32), i64>,
}

impl RowFiles {
    /// Takes note of the files in a folder.
    pub fn open(folder: &Path, format: ExportFormat) -> io::Result<Self> {
        let mut files = Self::default();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(encode::ending(format)));
            if let Some((topic, partition, start)) = stem.and_then(parse) {
                files.starts.entry((topic, partition)).or_default().insert(start);
            }
        }
        Ok(files)
    }

    /// Writes the records of one partition, in the order of their offsets.
    ///
    /// A batch that is delivered again starts at the same offset, longer or shorter than before,
    /// so it replaces its own file. Should it start elsewhere (compaction took the first record,
    /// somebody reset the group), then what other files hold of it is taken out of them.
    pub fn write(
        &mut self,
        folder: &Path,
        format: ExportFormat,
        topic: &Text,
        partition: i32,
        part: &[&Delivery],
    ) -> io::Result<()> {
        let Some((first, last)) = ends(part) else { return Ok(()) };
        let key = (topic.clone(), partition);
        let starts = self.starts.entry(key.clone()).or_default();
        if self.written.get(&key).is_none_or(|written| first <= *written)
            && let Some(start) = starts.range(..first).next_back()
        {
            cut_from(folder, &name(&key, *start, format), first, format)?;
        }
        let lines: Vec<Line> = part
            .iter()
            .map(|delivery| encode::line(delivery, format))
            .collect::<io::Result<_>>()?;
        replace(folder, &name(&key, first, format), |out| write_lines(out, &lines, format))?;
        starts.insert(first);
        let after = (Bound::Excluded(first), Bound::Included(last));
        let superseded: Vec<i64> = starts.range(after).copied().collect();
        for start in &superseded {
            fs::remove_file(folder.join(name(&key, *start, format)))?;
            starts.remove(start);
        }
        if !superseded.is_empty() {
            sync_folder(folder)?;
        }
        self.written.insert(key, last);
        Ok(())
    }
}

fn ends(part: &[&Delivery]) -> Option<(i64, i64)> {
    let offsets = || part.iter().map(|delivery| delivery.offset);
    Some((offsets().min()?, offsets().max()?))
}

/// `TOPIC-PARTITION-OFFSET.csv`: sorted by name, files are in the order of their offsets.
fn name((topic, partition): &(Text, i32), start: i64, format: ExportFormat) -> String {
    format!("{topic}-{partition}-{start:020}.{}", encode::ending(format))
}

fn parse(stem: &str) -> Option<(Text, i32, i64)> {
    let mut parts = stem.strip_suffix('.')?.rsplitn(3, '-');
    let start = parts.next().filter(|digits| digits.len() == 20)?.parse().ok()?;
    let partition = parts.next()?.parse().ok()?;
    Some((Text::from(parts.next()?), partition, start))
}

fn write_lines(out: &mut impl Write, lines: &[Line], format: ExportFormat) -> io::Result<()> {
    if let Some(first) = lines.first() {
        encode::write_header(out, &first.names, format)?;
    }
    lines.iter().try_for_each(|line| out.write_all(line.text.as_bytes()))
}

/// Takes the rows from `offset` on out of an earlier file.
fn cut_from(folder: &Path, name: &str, offset: i64, format: ExportFormat) -> io::Result<()> {
    let text = match fs::read_to_string(folder.join(name)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let names = match format {
        ExportFormat::Csv => csv::Reader::from_reader(text.as_bytes()).headers()?.clone(),
        ExportFormat::Json => csv::StringRecord::new(),
    };
    let names: Vec<String> = names.iter().map(str::to_owned).collect();
    let lines = encode::read_lines(&text, &names, format)?;
    let count = lines.len();
    let is_before = |line: &Line| line.cell(OFFSET).parse::<i64>().is_ok_and(|o| o < offset);
    let kept: Vec<Line> = lines.into_iter().filter(is_before).collect();
    if kept.len() == count {
        return Ok(());
    }
    warn!(file = name, offset, "taking rows that are delivered again out of an earlier file");
    if kept.is_empty() {
        return fs::remove_file(folder.join(name));
    }
    replace(folder, name, |out| write_lines(out, &kept, format))
}
