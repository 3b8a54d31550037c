//! Cuts a file into rows, in constant memory, and knows where it stands.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use xxhash_rust::xxh3::Xxh3;

use crate::settings::FileFormat;

/// Longest row that is looked at; of a longer one only the beginning is kept.
pub(crate) const MAX_ROW_BYTES: usize = 1 << 20;
/// Read from the file at once.
const BUFFER_BYTES: usize = 64 << 10;

/// What stands next in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A row.
    Row,
    /// A row that is too long; only its beginning is kept.
    TooLong,
    /// The file ends within a row: it may still be written.
    Unfinished,
    /// The file ends.
    End,
}

/// A file that is read from its beginning, so that the hash of what was read says whether it is
/// still the same file.
pub(crate) struct Rows<R = BufReader<File>> {
    reader: R,
    cut: Cut,
    hash: Xxh3,
    row: Vec<u8>,
    is_long: bool,
    /// Bytes up to the end of the last row.
    pub offset: u64,
    /// Lines ended before the current position.
    lines: u64,
    /// Line on which the last row starts, from 1.
    pub line: u64,
}

/// Where one row ends.
#[derive(Clone, Copy)]
enum Cut {
    AtLineEnd,
    AtBrace(Nesting),
}

/// How deep in a JSON value the reader stands.
#[derive(Clone, Copy, Default)]
struct Nesting {
    depth: u32,
    in_string: bool,
    is_escaped: bool,
    in_scalar: bool,
}

impl Rows {
    pub fn open(file: File, format: FileFormat) -> Self {
        Self::new(BufReader::with_capacity(BUFFER_BYTES, file), format)
    }
}

impl<R: BufRead> Rows<R> {
    pub fn new(reader: R, format: FileFormat) -> Self {
        let cut = match format {
            FileFormat::Csv | FileFormat::JsonLines => Cut::AtLineEnd,
            FileFormat::Json => Cut::AtBrace(Nesting::default()),
        };
        let hash = Xxh3::new();
        Self { reader, cut, hash, row: Vec::new(), is_long: false, offset: 0, lines: 0, line: 1 }
    }

    /// Reads on to `offset`, where the last row that was taken ended. False when the file is
    /// shorter.
    pub fn skip_to(&mut self, offset: u64) -> io::Result<bool> {
        while self.offset < offset {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(false);
            }
            let left = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            let used = chunk.len().min(left);
            let chunk = &chunk[..used];
            self.hash.update(chunk);
            self.lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.offset += used as u64;
            self.reader.consume(used);
        }
        Ok(true)
    }

    /// A hash of everything read so far.
    pub fn digest(&self) -> u128 {
        self.hash.digest128()
    }

    /// What was read last, without a line end.
    pub fn row(&self) -> &[u8] {
        trim(&self.row)
    }

    /// Reads the next row.
    pub fn next(&mut self) -> io::Result<Next> {
        self.row.clear();
        self.is_long = false;
        self.line = self.lines + 1;
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                let is_empty = self.row.is_empty() && !self.is_long;
                return Ok(if is_empty { Next::End } else { Next::Unfinished });
            }
            let (used, is_whole) = match &mut self.cut {
                Cut::AtLineEnd => line_end(chunk),
                Cut::AtBrace(nesting) => {
                    if self.row.is_empty() {
                        let lines = self.lines + skipped_lines(chunk, nesting);
                        self.line = lines + 1;
                    }
                    value_end(chunk, nesting, &mut self.row)
                }
            };
            let chunk = &chunk[..used];
            self.hash.update(chunk);
            self.lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.offset += used as u64;
            if matches!(self.cut, Cut::AtLineEnd) {
                self.row.extend_from_slice(chunk);
            }
            self.reader.consume(used);
            if self.row.len() > MAX_ROW_BYTES {
                self.row.truncate(MAX_ROW_BYTES);
                self.is_long = true;
            }
            if is_whole {
                return Ok(if self.is_long { Next::TooLong } else { Next::Row });
            }
        }
    }
}

/// Drops the byte order mark that some programs write, and what ends a line.
fn trim(row: &[u8]) -> &[u8] {
    let row = row.strip_prefix(b"\xef\xbb\xbf").unwrap_or(row);
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.strip_suffix(b"\r").unwrap_or(row)
}

fn line_end(chunk: &[u8]) -> (usize, bool) {
    match chunk.iter().position(|byte| *byte == b'\n') {
        Some(at) => (at + 1, true),
        None => (chunk.len(), false),
    }
}

/// Lines that end before the value which starts in this chunk.
fn skipped_lines(chunk: &[u8], nesting: &Nesting) -> u64 {
    if nesting.depth > 0 || nesting.in_scalar || nesting.in_string {
        return 0;
    }
    let between = chunk.iter().take_while(|byte| is_between(**byte));
    between.filter(|byte| **byte == b'\n').count() as u64
}

/// What may stand between the rows: space, commas, and the brackets of the array around them.
fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']' | 0xef | 0xbb | 0xbf)
}

/// Appends the bytes of the next JSON value to `row`; says how many were used and whether the
/// value is whole.
fn value_end(chunk: &[u8], at: &mut Nesting, row: &mut Vec<u8>) -> (usize, bool) {
    for (index, byte) in chunk.iter().copied().enumerate() {
        let is_outside = at.depth == 0 && !at.in_scalar && !at.in_string;
        if is_outside && is_between(byte) {
            continue;
        }
        if at.in_scalar && !at.in_string && (is_between(byte) || byte == b'{') {
            at.in_scalar = false;
            return (index, true);
        }
        if row.len() <= MAX_ROW_BYTES {
            row.push(byte);
        }
        if at.in_string {
            match byte {
                _ if at.is_escaped => at.is_escaped = false,
                b'\\' => at.is_escaped = true,
                b'"' => at.in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => {
                at.in_string = true;
                at.in_scalar = at.depth == 0;
            }
            b'{' | b'[' => at.depth += 1,
            b'}' | b']' if at.depth > 0 => {
                at.depth -= 1;
                if at.depth == 0 {
                    return (index + 1, true);
                }
            }
            _ => at.in_scalar = at.depth == 0,
        }
    }
    (chunk.len(), false)
}

/// Reads the first line of a file: the header of a CSV file.
pub(crate) fn first_line(file: &mut File) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut reader = BufReader::new(file).take(MAX_ROW_BYTES as u64);
    reader.read_until(b'\n', &mut line)?;
    Ok(trim(&line).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row with its line, then how the file ends.
    fn check(format: FileFormat, text: &str, expected: &[(u64, &str)], end: &str) {
        for buffer in [1, 2, 3, 7, 4096] {
            let reader = BufReader::with_capacity(buffer, text.as_bytes());
            let mut rows = Rows::new(reader, format);
            let mut found = Vec::new();
            let last = loop {
                let next = rows.next().unwrap();
                let row = String::from_utf8(rows.row().to_vec()).unwrap();
                match next {
                    Next::Row => found.push((rows.line, row)),
                    Next::TooLong => panic!("too long"),
                    Next::Unfinished | Next::End => break row,
                }
            };
            let found: Vec<_> = found.iter().map(|(line, row)| (*line, row.as_str())).collect();
            assert_eq!(found, expected, "{text:?} with a buffer of {buffer}");
            assert_eq!(last, end, "{text:?} with a buffer of {buffer}");
            assert_eq!(rows.offset, text.len() as u64);
        }
    }

    #[test]
    fn lines() {
        check(FileFormat::Csv, "a,b\r\nc\n\nd", &[(1, "a,b"), (2, "c"), (3, "")], "d");
        check(FileFormat::Csv, "\u{feff}a\nb\n", &[(1, "a"), (2, "b")], "");
        check(FileFormat::JsonLines, "", &[], "");
    }

    #[test]
    fn json_values() {
        let json = FileFormat::Json;
        check(
            json,
            "[\n {\"a\":1},\n {\"b\":[2]}\n]\n",
            &[(2, "{\"a\":1}"), (3, "{\"b\":[2]}")],
            "",
        );
        check(
            json,
            "{\"a\":\"}\\\"{\"}{\"b\":2}",
            &[(1, "{\"a\":\"}\\\"{\"}"), (1, "{\"b\":2}")],
            "",
        );
        check(json, "[1, \"x,y\", {}]", &[(1, "1"), (1, "\"x,y\""), (1, "{}")], "");
        check(json, "[{\"a\":1},{\"b\"", &[(1, "{\"a\":1}")], "{\"b\"");
        check(json, "}, {\"a\":1}", &[(1, "}"), (1, "{\"a\":1}")], "");
    }

    #[test]
    fn a_row_without_end_costs_no_memory() {
        let text = format!("{}\nshort\n", "x".repeat(3 * MAX_ROW_BYTES));
        let mut rows = Rows::new(text.as_bytes(), FileFormat::Csv);
        assert_eq!(rows.next().unwrap(), Next::TooLong);
        assert_eq!(rows.row().len(), MAX_ROW_BYTES);
        assert_eq!(rows.next().unwrap(), Next::Row);
        assert_eq!(rows.row(), b"short");
    }

    #[test]
    fn resumes_with_the_same_digest() {
        let text = "one\ntwo\nthree\n";
        let mut whole = Rows::new(text.as_bytes(), FileFormat::Csv);
        whole.next().unwrap();
        whole.next().unwrap();
        let mut resumed = Rows::new(text.as_bytes(), FileFormat::Csv);
        assert!(resumed.skip_to(whole.offset).unwrap());
        assert_eq!(resumed.digest(), whole.digest());
        assert_eq!(resumed.next().unwrap(), Next::Row);
        assert_eq!(resumed.row(), b"three");
        assert_eq!(resumed.line, 3);
        assert!(!Rows::new(text.as_bytes(), FileFormat::Csv).skip_to(99).unwrap());
    }

    proptest::proptest! {
        /// Hostile bytes: no panic, no row twice, the same rows through any buffer.
        #[test]
        fn any_bytes_are_cut_the_same_way(
            bytes in proptest::collection::vec(proptest::sample::select(b"{}[]\",\\\n a1\xff"), 0..80),
            buffer in 1usize..9,
        ) {
            for format in [FileFormat::Csv, FileFormat::Json, FileFormat::JsonLines] {
                let cut = |buffer| {
                    let reader = BufReader::with_capacity(buffer, bytes.as_slice());
                    let mut rows = Rows::new(reader, format);
                    let mut found = Vec::new();
                    loop {
                        let next = rows.next().unwrap();
                        found.push((next, rows.line, rows.offset, rows.row().to_vec()));
                        if matches!(next, Next::End | Next::Unfinished) {
                            return (found, rows.digest());
                        }
                        let shape = crate::wire::Shape { format, delimiter: b',', header: None };
                        let _ = crate::wire::cells(&shape, rows.row());
                    }
                };
                proptest::prop_assert_eq!(cut(buffer), cut(4096));
            }
        }
    }
}
