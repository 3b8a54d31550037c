//! Rows of a Parquet file: its columns side by side, a little of each at a time.

use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use component::Bad;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::serialized_reader::SerializedPageReader;
use serde_json::Value;

use super::pages::{check_footer, check_pages};
use super::texts::{Meaning, Written};
use crate::delimited::{Cells, MAX_COLUMNS};
use crate::rows::{Broken, MAX_ROW_BYTES, too_long};

/// Bytes of pages that are open for one row.
const MAX_OPEN_BYTES: u64 = 512 << 20;
/// Bytes of pages that may be open for the rows that are read together.
const BATCH_BYTES: u64 = 64 << 20;
/// Rows that are read together.
const BATCH_ROWS: u64 = 1_000;

/// The rows of a Parquet file. Its columns are found by their names, those below others with
/// names joined by dots; columns of lists are not read.
pub(crate) struct ParquetRows {
    file: Arc<File>,
    metadata: Arc<ParquetMetaData>,
    /// Places in the file of the columns that are read.
    places: Vec<usize>,
    header: Vec<String>,
    leaves: Vec<Box<dyn Leaf>>,
    /// The group of rows that comes next, and rows of this one that are not read yet.
    group: usize,
    left: u64,
    /// Rows to read together, rows that have been, and how many of them are taken.
    batch: u64,
    filled: u64,
    taken: u64,
    /// Bytes of the file that have been read, for whoever watches.
    read: Arc<AtomicU64>,
    length: u64,
    rows: u64,
    /// The number of the row, from 1.
    pub line: u64,
    pub raw: Vec<u8>,
    bad: Option<Bad>,
    cells: String,
    ends: Vec<usize>,
}

impl ParquetRows {
    /// Reads what the file says about itself; it must have these columns.
    pub fn open(file: File, read: Arc<AtomicU64>, columns: &[String]) -> Result<Self, Broken> {
        let broken = |reason: String| Broken::new(0, reason);
        check_footer(&file).map_err(broken)?;
        let length = file.metadata().map_err(|error| broken(error.to_string()))?.len();
        let metadata = guarded(|| {
            let parsed = ParquetMetaDataReader::new().parse_and_finish(&file);
            parsed.map_err(|error| error.to_string())
        });
        let metadata = metadata.map_err(broken)?;
        let (mut places, mut header, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for (place, column) in metadata.file_metadata().schema_descr().columns().iter().enumerate()
        {
            let name = column.path().parts().join(".");
            match column.max_rep_level() {
                0 => {
                    places.push(place);
                    header.push(name);
                }
                _ => lists.push(name),
            }
        }
        if header.len() > MAX_COLUMNS {
            return Err(broken(format!("it has more than {MAX_COLUMNS} columns")));
        }
        if let Some(missing) = columns.iter().find(|column| !header.contains(column)) {
            let reason = match lists.iter().any(|list| list.starts_with(missing.as_str())) {
                true => format!("{missing:?} is a list, which is not read"),
                false => format!("there is no column {missing:?}; there is {}", header.join(", ")),
            };
            return Err(broken(reason));
        }
        let rows = u64::try_from(metadata.file_metadata().num_rows());
        Ok(Self {
            file: Arc::new(file),
            metadata: Arc::new(metadata),
            places,
            header,
            leaves: Vec::new(),
            group: 0,
            left: 0,
            batch: 1,
            filled: 0,
            taken: 0,
            read,
            length,
            rows: rows.map_err(|_| broken("it has no number of rows".to_owned()))?,
            line: 0,
            raw: Vec::new(),
            bad: None,
            cells: String::new(),
            ends: Vec::new(),
        })
    }

    pub fn next(&mut self) -> Result<bool, Broken> {
        while self.taken == self.filled {
            let filled = guarded(|| self.fill());
            if !filled.map_err(|reason| Broken::new(self.line + 1, reason))? {
                return Ok(false);
            }
        }
        self.taken += 1;
        self.line += 1;
        self.take();
        Ok(true)
    }

    /// Reads the next rows of every column; false at the end of the file.
    fn fill(&mut self) -> Result<bool, String> {
        if self.left == 0 && !self.open_group()? {
            return Ok(false);
        }
        let rows = self.batch.min(self.left);
        for (leaf, name) in self.leaves.iter_mut().zip(&self.header) {
            leaf.fill(rows as usize).map_err(|reason| format!("{name}: {reason}"))?;
        }
        (self.filled, self.taken) = (rows, 0);
        self.left -= rows;
        let share = u128::from(self.length) * u128::from(self.line) / u128::from(self.rows.max(1));
        self.read.store(share as u64, Ordering::Relaxed);
        Ok(true)
    }

    /// Goes to the next group that has rows; all of its pages are looked at first.
    fn open_group(&mut self) -> Result<bool, String> {
        self.leaves.clear();
        let metadata = Arc::clone(&self.metadata);
        while self.left == 0 {
            let Some(group) = metadata.row_groups().get(self.group) else { return Ok(false) };
            self.group += 1;
            self.left = u64::try_from(group.num_rows())
                .map_err(|_| format!("group {} has no number of rows", self.group))?;
        }
        let group = metadata.row_group(self.group - 1);
        let mut open = 0;
        for (place, name) in self.places.iter().zip(&self.header) {
            let told = |reason: String| format!("{name}: {reason}");
            let chunk = group.columns().get(*place).ok_or_else(|| told("missing".to_owned()))?;
            open += check_pages(&self.file, chunk, self.left).map_err(told)?;
            let (file, rows) = (Arc::clone(&self.file), self.left as usize);
            let pages = SerializedPageReader::new(file, chunk, rows, None);
            let pages = pages.map_err(|error| told(error.to_string()))?;
            let reader = get_column_reader(chunk.column_descr_ptr(), Box::new(pages));
            let meaning = Meaning::of(chunk.column_descr()).map_err(told)?;
            let levels = chunk.column_descr().max_def_level();
            self.leaves.push(leaf(reader, meaning, levels));
        }
        if open > MAX_OPEN_BYTES {
            return Err(format!(
                "group {} of its rows takes {open} bytes at once, where {MAX_OPEN_BYTES} are the \
                 limit",
                self.group
            ));
        }
        self.batch = (BATCH_BYTES / open.max(1)).clamp(1, BATCH_ROWS);
        Ok(true)
    }

    /// Puts the values of a row side by side.
    fn take(&mut self) {
        self.cells.clear();
        self.ends.clear();
        self.raw.clear();
        self.bad = None;
        self.raw.push(b'{');
        for (leaf, name) in self.leaves.iter_mut().zip(&self.header) {
            let start = self.cells.len();
            match leaf.write(&mut self.cells) {
                Ok(false) => {}
                Ok(true) if self.cells.len() > MAX_ROW_BYTES => {
                    self.cells.truncate(start);
                    self.bad = Some(too_long());
                }
                Ok(true) => {
                    let comma = if self.raw.len() > 1 { "," } else { "" };
                    let (name, text) = (Value::from(&**name), Value::from(&self.cells[start..]));
                    let _ = write!(self.raw, "{comma}{name}:{text}"); // a list takes all of it
                }
                Err(reason) => {
                    self.cells.truncate(start);
                    self.bad = Some(Bad::new(name, reason));
                }
            }
            self.ends.push(self.cells.len());
        }
        self.raw.push(b'}');
    }

    pub fn cells(&self) -> Result<Cells<'_>, Bad> {
        match &self.bad {
            Some(bad) => Err(bad.clone()),
            None => Ok(Cells::new(&self.header, &self.cells, &self.ends)),
        }
    }
}

/// Does something with a file that may be damaged in a way that its reader is not ready for.
fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let damaged = |_| Err("the file is damaged".to_owned());
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(damaged)
}

/// A column of values.
trait Leaf: Send {
    /// Reads the values of so many rows.
    fn fill(&mut self, rows: usize) -> Result<(), String>;
    /// Appends the value of the next row; false if it has none.
    fn write(&mut self, out: &mut String) -> Result<bool, String>;
}

struct Typed<T: DataType> {
    reader: ColumnReaderImpl<T>,
    meaning: Meaning,
    /// The level of a value that is there; 0 where it always is.
    whole: i16,
    levels: Vec<i16>,
    values: Vec<T::T>,
    row: usize,
    value: usize,
}

fn leaf(reader: ColumnReader, meaning: Meaning, whole: i16) -> Box<dyn Leaf> {
    fn typed<T: DataType>(
        reader: ColumnReaderImpl<T>,
        meaning: Meaning,
        whole: i16,
    ) -> Box<dyn Leaf>
    where
        T::T: Written,
    {
        let (levels, values) = (Vec::new(), Vec::new());
        Box::new(Typed { reader, meaning, whole, levels, values, row: 0, value: 0 })
    }
    match reader {
        ColumnReader::BoolColumnReader(reader) => typed(reader, meaning, whole),
        ColumnReader::Int32ColumnReader(reader) => typed(reader, meaning, whole),
        ColumnReader::Int64ColumnReader(reader) => typed(reader, meaning, whole),
        ColumnReader::Int96ColumnReader(reader) => typed(reader, meaning, whole),
        ColumnReader::FloatColumnReader(reader) => typed(reader, meaning, whole),
        ColumnReader::DoubleColumnReader(reader) => typed(reader, meaning, whole),
        ColumnReader::ByteArrayColumnReader(reader) => typed(reader, meaning, whole),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => typed(reader, meaning, whole),
    }
}

impl<T: DataType> Leaf for Typed<T>
where
    T::T: Written,
{
    fn fill(&mut self, rows: usize) -> Result<(), String> {
        self.levels.clear();
        self.values.clear();
        (self.row, self.value) = (0, 0);
        let levels = Some(&mut self.levels);
        let read = self.reader.read_records(rows, levels, None, &mut self.values);
        let (records, values, _) = read.map_err(|error| error.to_string())?;
        let is_whole = |level: &&i16| **level == self.whole;
        let expected = match self.whole {
            0 => rows,
            _ => self.levels.iter().filter(is_whole).count(),
        };
        match records == rows && values == expected && self.values.len() == expected {
            true => Ok(()),
            false => Err("it ends too soon".to_owned()),
        }
    }

    fn write(&mut self, out: &mut String) -> Result<bool, String> {
        let level = self.levels.get(self.row).copied().unwrap_or_default();
        self.row += 1;
        if level != self.whole {
            return Ok(false);
        }
        let value = self.values.get(self.value).ok_or("it ends too soon")?;
        self.value += 1;
        value.write(self.meaning, out).map(|()| true)
    }
}
