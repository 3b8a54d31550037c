//! Rows of JSON: a list, wherever it is in the file, or one row on each line.

use std::io::BufRead;

use component::{Bad, Json};
use serde_json::value::RawValue;

use crate::rows::{Broken, Line, MAX_ROW_BYTES, read_line, too_long};

/// Mappings and lists within each other that are passed over.
const MAX_DEPTH: usize = 512;

/// The rows of a JSON file. A row that is no JSON costs only itself, as long as its brackets and
/// quotes close.
pub(crate) struct JsonRows {
    text: Box<dyn BufRead + Send>,
    layout: Layout,
    /// The line that is being read.
    now: u64,
    pub line: u64,
    pub raw: Vec<u8>,
    pub row: Result<Json, Bad>,
}

/// What the rest of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Lines,
    List,
    /// The file has one row.
    One,
    Done,
}

impl JsonRows {
    /// Reads as far as the first row.
    pub fn open(text: Box<dyn BufRead + Send>, items: &[String]) -> Result<Self, Broken> {
        let (layout, row) = (Layout::Lines, Ok(Json::Null));
        let mut rows = Self { text, layout, now: 1, line: 0, raw: Vec::new(), row };
        for name in items {
            rows.descend(name)?;
        }
        rows.layout = match (rows.past_space()?, items.is_empty()) {
            (Some(b'['), _) => {
                rows.step();
                Layout::List
            }
            (Some(b'{'), false) => Layout::One,
            (Some(_), true) => Layout::Lines,
            (None, _) => Layout::Done,
            (Some(_), false) => {
                let path = items.join(".");
                return Err(rows.broken(format!("{path:?} is neither a list nor a mapping")));
            }
        };
        Ok(rows)
    }

    pub fn next(&mut self) -> Result<bool, Broken> {
        match self.layout {
            Layout::Lines => self.next_line(),
            Layout::List => self.next_item(),
            Layout::One => {
                self.layout = Layout::Done;
                self.take_value()
            }
            Layout::Done => Ok(false),
        }
    }

    fn next_line(&mut self) -> Result<bool, Broken> {
        loop {
            self.line = self.now;
            let read = read_line(&mut *self.text, &mut self.raw);
            let read = read.map_err(|error| Broken::new(self.now, error))?;
            self.now += 1;
            self.row = match read {
                Line::End => return Ok(false),
                Line::TooLong => Err(too_long()),
                Line::Whole if self.raw.iter().all(u8::is_ascii_whitespace) => continue,
                Line::Whole => parse(&self.raw),
            };
            return Ok(true);
        }
    }

    fn next_item(&mut self) -> Result<bool, Broken> {
        loop {
            match self.past_space()? {
                Some(b',') => self.step(),
                Some(b']') => {
                    self.layout = Layout::Done;
                    return Ok(false);
                }
                Some(_) => return self.take_value(),
                None => return Err(self.broken("the file ends before its list does")),
            }
        }
    }

    /// Takes the value that begins here as a row.
    fn take_value(&mut self) -> Result<bool, Broken> {
        self.line = self.now;
        self.raw.clear();
        let mut raw = std::mem::take(&mut self.raw);
        let passed = self.pass_value(|byte| {
            if raw.len() <= MAX_ROW_BYTES {
                raw.push(byte);
            }
        });
        self.raw = raw;
        passed?;
        let is_too_long = self.raw.len() > MAX_ROW_BYTES;
        self.row = if is_too_long { Err(too_long()) } else { parse(&self.raw) };
        Ok(true)
    }

    /// Goes to the value below a name of the mapping that begins here.
    fn descend(&mut self, name: &str) -> Result<(), Broken> {
        if self.past_space()? != Some(b'{') {
            return Err(self.broken(format!("there is no {name:?} where a mapping is expected")));
        }
        self.step();
        loop {
            match self.past_space()? {
                Some(b',') => self.step(),
                Some(b'"') => {
                    let mut key = Vec::new();
                    self.pass_value(|byte| key.push(byte))?;
                    let key = serde_json::from_slice::<String>(&key);
                    let key = key.map_err(|error| self.broken(error))?;
                    if self.past_space()? != Some(b':') {
                        return Err(self.broken(format!("there is no \":\" after {key:?}")));
                    }
                    self.step();
                    self.past_space()?;
                    if key == name {
                        return Ok(());
                    }
                    self.pass_value(|_| ())?;
                }
                Some(b'}') | None => return Err(self.broken(format!("there is no {name:?}"))),
                Some(_) => return Err(self.broken("a mapping is broken")),
            }
        }
    }

    /// Goes past the value that begins here, to its closing bracket or quote; a value without
    /// brackets ends where the next thing begins.
    fn pass_value(&mut self, mut each: impl FnMut(u8)) -> Result<(), Broken> {
        let (mut depth, mut is_text, mut is_escaped, mut count) = (0_usize, false, false, 0_u64);
        while let Some(byte) = self.peek()? {
            let is_bare_end = matches!(byte, b',' | b']' | b'}' | b':' | b' ' | b'\n' | b'\r');
            if depth == 0 && !is_text && count > 0 && is_bare_end {
                return Ok(());
            }
            self.step();
            each(byte);
            count += 1;
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_text => is_escaped = true,
                b'"' => is_text = !is_text,
                _ if is_text => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 && !is_text && matches!(byte, b'"' | b'}' | b']') {
                return Ok(());
            }
            if depth > MAX_DEPTH {
                return Err(self.broken("nested too deeply"));
            }
        }
        match depth == 0 && !is_text {
            true => Ok(()),
            false => Err(self.broken("the file ends in the middle of a row")),
        }
    }

    fn past_space(&mut self) -> Result<Option<u8>, Broken> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => self.step(),
                other => return Ok(other),
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, Broken> {
        match self.text.fill_buf() {
            Ok(bytes) => {
                let byte = bytes.first().copied();
                Ok(byte)
            }
            Err(error) => Err(Broken::new(self.now, error)),
        }
    }

    /// Goes past the byte that was looked at.
    fn step(&mut self) {
        if let Ok([b'\n', ..]) = self.text.fill_buf() {
            self.now += 1;
        }
        self.text.consume(1);
    }

    fn broken(&self, reason: impl ToString) -> Broken {
        Broken::new(self.now, reason)
    }
}

fn parse(raw: &[u8]) -> Result<Json, Bad> {
    let raw: &RawValue = serde_json::from_slice(raw)
        .map_err(|error| Bad::new(&error.column().to_string(), format!("not JSON: {error}")))?;
    match Json::read(raw).map_err(|reason| Bad::new("", reason))? {
        Json::Map(map) => Ok(Json::Map(map)),
        _ => Err(Bad::new("", "not a mapping")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The field `a` of every row, with its line; nothing for a bad row.
    fn check(text: &'static str, items: &[&str], expected: &[(u64, Option<&str>)]) {
        let items: Vec<String> = items.iter().map(|name| (*name).to_owned()).collect();
        let mut rows = JsonRows::open(Box::new(text.as_bytes()), &items).unwrap();
        let mut read = Vec::new();
        while rows.next().unwrap() {
            let a = rows.row.as_ref().ok().and_then(|row| row.get("a")?.scalar());
            read.push((rows.line, a.map(str::to_owned)));
        }
        let expected: Vec<_> = expected.iter().map(|(n, a)| (*n, a.map(str::to_owned))).collect();
        assert_eq!(read, expected, "{text}");
    }

    fn refuse(text: &'static str, items: &[&str], reason: &str) {
        let items: Vec<String> = items.iter().map(|name| (*name).to_owned()).collect();
        let broken = match JsonRows::open(Box::new(text.as_bytes()), &items) {
            Err(broken) => broken,
            Ok(mut rows) => loop {
                match rows.next() {
                    Ok(more) => assert!(more, "{text} was read to its end"),
                    Err(broken) => break broken,
                }
            },
        };
        assert!(broken.reason.contains(reason), "{}", broken.reason);
    }

    #[test]
    fn lists_are_found_wherever_they_are() {
        check(
            "[{\"a\":1.50},\n{\"a\":\"}]\\\"\"}\n]",
            &[],
            &[(1, Some("1.50")), (2, Some("}]\""))],
        );
        let nested = "{\"x\":[{\"d\":1}],\"d\":{\"rows\":[\n{\"a\":1},{\"a\":2}]},\"y\":1}";
        check(nested, &["d", "rows"], &[(2, Some("1")), (2, Some("2"))]);
        check("{\"d\":{\"a\":7}}", &["d"], &[(1, Some("7"))]);
        check("[]", &[], &[]);
        check("", &[], &[]);
    }

    #[test]
    fn a_bad_row_is_alone() {
        check("{\"a\":1}\n{\"a\":\n\n{\"a\":3}", &[], &[(1, Some("1")), (2, None), (4, Some("3"))]);
        let list = "[{\"a\":1},{\"a\":,},oops,7,\n{\"a\":3}]";
        check(list, &[], &[(1, Some("1")), (1, None), (1, None), (1, None), (2, Some("3"))]);
    }

    #[test]
    fn a_file_that_ends_too_soon_says_so() {
        refuse("[{\"a\":1},{\"a\"", &[], "in the middle of a row");
        refuse("[{\"a\":1},", &[], "ends before its list");
        refuse("{\"b\":[]}", &["a"], "there is no \"a\"");
        refuse("{\"a\":7}", &["a"], "neither a list");
        refuse("[]", &["a"], "where a mapping is expected");
    }
}
