//! The rows of a file, whatever it is written in.

use std::io::{self, BufRead, Read};

use component::{Bad, Json, Row};
use topology::Format;

use crate::columnar::ParquetRows;
use crate::delimited::{Cells, Delimited};
use crate::input::Content;
use crate::json::JsonRows;
use crate::xml::XmlRows;
use crate::{Error, Plan};

/// Bytes of one row.
pub(crate) const MAX_ROW_BYTES: usize = 1 << 20;

/// The rows of a file, one after the other.
pub(crate) enum Rows {
    Delimited(Delimited),
    Json(JsonRows),
    Parquet(Box<ParquetRows>),
    Xml(XmlRows),
}

/// What is in a row.
pub(crate) enum Found<'a> {
    Cells(Cells<'a>),
    Tree(&'a Json),
}

impl Rows {
    /// Reads as far as the first row.
    pub fn open(plan: &Plan, content: Content) -> Result<Self, Broken> {
        let columns: Vec<String> = plan.columns().map(str::to_owned).collect();
        let text = match content {
            Content::Text(text) => text,
            Content::Columns(file, read) => {
                return ParquetRows::open(file, read, &columns).map(Box::new).map(Self::Parquet);
            }
        };
        Ok(match plan.format {
            Format::Csv => Self::Delimited(Delimited::open(text, plan.table, columns)?),
            Format::Xml => Self::Xml(XmlRows::open(text, plan.items.clone())),
            Format::Json => Self::Json(JsonRows::open(text, &plan.items)?),
            Format::Parquet | Format::Xlsx => {
                return Err(Broken::new(0, "what is packed in itself is not read as text"));
            }
        })
    }

    /// Goes to the next row, if there is one.
    pub fn next(&mut self) -> Result<bool, Broken> {
        match self {
            Self::Delimited(rows) => rows.next(),
            Self::Json(rows) => rows.next(),
            Self::Parquet(rows) => rows.next(),
            Self::Xml(rows) => rows.next(),
        }
    }

    /// The line that the row begins on, from 1; for Parquet the number of the row.
    pub fn line(&self) -> u64 {
        match self {
            Self::Delimited(rows) => rows.line,
            Self::Json(rows) => rows.line,
            Self::Parquet(rows) => rows.line,
            Self::Xml(rows) => rows.line,
        }
    }

    /// The row as it is written.
    pub fn raw(&self) -> &[u8] {
        match self {
            Self::Delimited(rows) => &rows.raw,
            Self::Json(rows) => &rows.raw,
            Self::Parquet(rows) => &rows.raw,
            Self::Xml(rows) => &rows.raw,
        }
    }

    /// What is in the row, or what is wrong with all of it.
    pub fn row(&mut self) -> Result<Found<'_>, Bad> {
        match self {
            Self::Delimited(rows) => rows.cells().map(Found::Cells),
            Self::Parquet(rows) => rows.cells().map(Found::Cells),
            Self::Json(rows) => rows.row.as_ref().map(Found::Tree).map_err(Clone::clone),
            Self::Xml(rows) => rows.row.as_ref().map(Found::Tree).map_err(Clone::clone),
        }
    }
}

impl Row for Found<'_> {
    fn texts(&self, path: &str) -> Result<Vec<&str>, Bad> {
        match self {
            Self::Cells(cells) => Ok(cells.get(path).into_iter().collect()),
            Self::Tree(json) => json.texts(path),
        }
    }

    fn text(&self, path: &str) -> Result<Option<&str>, Bad> {
        match self {
            Self::Cells(cells) => Ok(cells.get(path)),
            Self::Tree(json) => json.text(path),
        }
    }

    fn leaves(&self) -> Vec<(String, String)> {
        match self {
            Self::Cells(cells) => cells.leaves(),
            Self::Tree(json) => Row::leaves(*json),
        }
    }
}

/// Where and why a file cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub line: u64,
    pub reason: String,
}

impl Broken {
    pub fn new(line: u64, reason: impl ToString) -> Self {
        Self { line, reason: reason.to_string() }
    }

    pub fn of(self, file: &str) -> Error {
        Error::Broken { file: file.to_owned(), line: self.line, reason: self.reason }
    }
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    End,
    Whole,
    TooLong,
}

/// Reads a line without its end. Of one that is too long, the beginning is kept and all of it is
/// passed over.
pub(crate) fn read_line(text: &mut dyn BufRead, into: &mut Vec<u8>) -> io::Result<Line> {
    into.clear();
    let mut limited = Read::take(&mut *text, MAX_ROW_BYTES as u64 + 1);
    if limited.read_until(b'\n', into)? == 0 {
        return Ok(Line::End);
    }
    if into.last() == Some(&b'\n') {
        into.pop();
        if into.last() == Some(&b'\r') {
            into.pop();
        }
        return Ok(Line::Whole);
    }
    if into.len() <= MAX_ROW_BYTES {
        return Ok(Line::Whole); // the last line has no end
    }
    text.skip_until(b'\n')?;
    Ok(Line::TooLong)
}

pub(crate) fn too_long() -> Bad {
    Bad::new("", format!("longer than {MAX_ROW_BYTES} bytes"))
}
