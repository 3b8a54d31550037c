//! Rows of CSV.

use std::io::BufRead;

use component::Bad;

use crate::plan::Table;
use crate::rows::{Broken, Line, read_line, too_long};

/// Columns of a row; more is no table.
pub(crate) const MAX_COLUMNS: usize = 1_000;

/// The rows of a CSV file. A line is a row: a quote that does not end on it would otherwise
/// swallow the good rows after it.
pub(crate) struct Delimited {
    text: Box<dyn BufRead + Send>,
    table: Table,
    header: Option<Vec<String>>,
    pub line: u64,
    pub raw: Vec<u8>,
    is_too_long: bool,
    /// The cells of the row one after the other, and where each ends.
    cells: String,
    ends: Vec<usize>,
}

/// The cells of a row.
pub(crate) struct Cells<'a> {
    header: Option<&'a [String]>,
    cells: &'a str,
    ends: &'a [usize],
}

impl Delimited {
    /// Reads as far as the header, which must name these columns.
    pub fn open(
        text: Box<dyn BufRead + Send>,
        table: Table,
        columns: Vec<String>,
    ) -> Result<Self, Broken> {
        let mut rows = Self {
            text,
            table,
            header: None,
            line: 0,
            raw: Vec::new(),
            is_too_long: false,
            cells: String::new(),
            ends: Vec::new(),
        };
        for _ in 0..table.skip_lines {
            rows.read_line()?;
        }
        if !table.has_header {
            return Ok(rows);
        }
        if rows.read_line()? == Line::End {
            return Err(Broken::new(1, "there is no header"));
        }
        let header: Vec<String> = match rows.cells() {
            Ok(cells) => cells.all().map(|name| name.trim().to_owned()).collect(),
            Err(bad) => return Err(Broken::new(rows.line, format!("the header: {}", bad.reason))),
        };
        let repeated = header.iter().enumerate().find(|(at, name)| header[..*at].contains(name));
        if let Some((_, name)) = repeated {
            return Err(Broken::new(rows.line, format!("two columns are called {name:?}")));
        }
        if let Some(missing) = columns.iter().find(|column| !header.contains(column)) {
            let reason = format!("there is no column {missing:?}; there is {}", header.join(", "));
            return Err(Broken::new(rows.line, reason));
        }
        rows.header = Some(header);
        Ok(rows)
    }

    pub fn next(&mut self) -> Result<bool, Broken> {
        loop {
            match self.read_line()? {
                Line::End => return Ok(false),
                Line::Whole if self.raw.iter().all(u8::is_ascii_whitespace) => {}
                Line::Whole | Line::TooLong => return Ok(true),
            }
        }
    }

    fn read_line(&mut self) -> Result<Line, Broken> {
        let read = read_line(&mut *self.text, &mut self.raw);
        let read = read.map_err(|error| Broken::new(self.line + 1, error))?;
        self.line += u64::from(read != Line::End);
        self.is_too_long = read == Line::TooLong;
        Ok(read)
    }

    pub fn cells(&mut self) -> Result<Cells<'_>, Bad> {
        if self.is_too_long {
            return Err(too_long());
        }
        let raw = std::str::from_utf8(&self.raw).map_err(|error| {
            let column = self.raw[..error.valid_up_to()].iter();
            let column = column.filter(|byte| **byte == self.table.delimiter).count() + 1;
            Bad::new(&column.to_string(), "not in the file's encoding")
        })?;
        split(raw, self.table, &mut self.cells, &mut self.ends)?;
        let header = self.header.as_deref();
        if let Some(header) = header
            && header.len() != self.ends.len()
        {
            let (found, expected) = (self.ends.len(), header.len());
            return Err(Bad::new("", format!("{found} cells where the header has {expected}")));
        }
        Ok(Cells { header, cells: &self.cells, ends: &self.ends })
    }
}

/// Takes a line apart.
fn split(raw: &str, table: Table, cells: &mut String, ends: &mut Vec<usize>) -> Result<(), Bad> {
    cells.clear();
    ends.clear();
    let (delimiter, quote) = (char::from(table.delimiter), char::from(table.quote));
    let mut rest = raw;
    loop {
        if ends.len() == MAX_COLUMNS {
            return Err(Bad::new("", format!("more than {MAX_COLUMNS} cells")));
        }
        let after = match rest.strip_prefix(quote) {
            Some(quoted) => {
                let after = unquote(quoted, quote, cells).ok_or_else(|| {
                    let column = (ends.len() + 1).to_string();
                    Bad::new(&column, "a quoted cell does not end on its line")
                })?;
                if !after.is_empty() && !after.starts_with(delimiter) {
                    let column = (ends.len() + 1).to_string();
                    return Err(Bad::new(&column, "there is something behind a quoted cell"));
                }
                after
            }
            None => {
                let end = rest.find(delimiter).unwrap_or(rest.len());
                cells.push_str(&rest[..end]);
                &rest[end..]
            }
        };
        ends.push(cells.len());
        match after.strip_prefix(delimiter) {
            Some(next) => rest = next,
            None => return Ok(()),
        }
    }
}

/// Adds a quoted cell, and gives what comes after it.
fn unquote<'a>(mut rest: &'a str, quote: char, cells: &mut String) -> Option<&'a str> {
    loop {
        let end = rest.find(quote)?;
        cells.push_str(&rest[..end]);
        rest = &rest[end + quote.len_utf8()..];
        match rest.strip_prefix(quote) {
            Some(next) => {
                cells.push(quote);
                rest = next;
            }
            None => return Some(rest),
        }
    }
}

impl<'a> Cells<'a> {
    /// Texts one after the other, and where each ends.
    pub fn new(header: &'a [String], cells: &'a str, ends: &'a [usize]) -> Self {
        Self { header: Some(header), cells, ends }
    }
}

impl Cells<'_> {
    fn all(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|index| self.at(index))
    }

    fn at(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.cells[start..self.ends[index]]
    }

    /// The text in a column; nothing for an empty cell.
    pub fn get(&self, column: &str) -> Option<&str> {
        let index = match self.header {
            Some(header) => header.iter().position(|name| name == column),
            None => column.parse::<usize>().ok().and_then(|number| number.checked_sub(1)),
        };
        let index = index.filter(|index| *index < self.ends.len())?;
        Some(self.at(index).trim()).filter(|text| !text.is_empty())
    }

    pub fn leaves(&self) -> Vec<(String, String)> {
        let name = |index: usize| match self.header {
            Some(header) => header[index].clone(),
            None => (index + 1).to_string(),
        };
        let cells = self.all().map(str::trim).enumerate().filter(|(_, text)| !text.is_empty());
        cells.map(|(index, text)| (name(index), text.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn table(has_header: bool) -> Table {
        Table { delimiter: b';', quote: b'\'', has_header, skip_lines: 0 }
    }

    fn rows(text: &'static str, has_header: bool) -> Delimited {
        Delimited::open(Box::new(text.as_bytes()), table(has_header), Vec::new()).unwrap()
    }

    #[test]
    fn cells_are_found_by_name_and_by_number() {
        let mut named = rows("a; b \r\n'x;''y''' ; \r\n\n1;2", true);
        assert!(named.next().unwrap());
        assert!(named.cells().err().unwrap().reason.contains("behind a quoted cell"));
        assert!(named.next().unwrap());
        assert_eq!((named.line, named.cells().unwrap().get("b")), (4, Some("2")));
        assert!(!named.next().unwrap());
        let mut numbered = rows("'x;''y''';;7\n", false);
        assert!(numbered.next().unwrap());
        let cells = numbered.cells().unwrap();
        assert_eq!(
            (cells.get("1"), cells.get("2"), cells.get("3")),
            (Some("x;'y'"), None, Some("7"))
        );
        assert_eq!((cells.get("0"), cells.get("4"), cells.get("a")), (None, None, None));
    }

    #[test]
    fn a_bad_row_is_alone() {
        let mut rows = rows("a;b\n1;'2\n3;4\n5\n6;7\n", true);
        let mut read = Vec::new();
        while rows.next().unwrap() {
            let line = rows.line;
            read.push((line, rows.cells().map(|cells| cells.get("a").unwrap().to_owned()).ok()));
        }
        let good = |text: &str| Some(text.to_owned());
        assert_eq!(read, [(2, None), (3, good("3")), (4, None), (5, good("6"))]);
    }

    #[test]
    fn a_header_names_every_column_that_is_read() {
        let open = |text: &'static str| {
            let columns = vec!["a".to_owned()];
            Delimited::open(Box::new(text.as_bytes()), table(true), columns).err().unwrap().reason
        };
        assert!(open("b;c\n").contains("no column \"a\""));
        assert!(open("a;a\n").contains("two columns"));
        assert!(open("").contains("no header"));
    }
}
