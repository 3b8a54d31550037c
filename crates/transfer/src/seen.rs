//! What of which file has been imported.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Files that one import remembers. All of them are saved with every batch.
const MAX_FILES: usize = 500;
/// Objects of stores that one import remembers: as many as it may find.
const MAX_MARKS: usize = crate::stores::MAX_FILES;

/// What of which file has been imported, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    files: Vec<Part>,
    /// Objects of stores that were read to their end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Mark>,
}

/// An object of a store, as it was: 16 digits of its URL and 16 of its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark(String);

impl Mark {
    pub fn new(url: &str, version: &str) -> Self {
        Self(format!("{:016x}{:016x}", xxh3_64(url.as_bytes()), xxh3_64(version.as_bytes())))
    }

    fn is_of_the_object_of(&self, other: &Self) -> bool {
        self.0.get(..16) == other.0.get(..16)
    }
}

/// The beginning of a file, up to the end of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// What the file was called.
    pub name: String,
    /// How many rows there are in it.
    pub rows: u64,
    /// The chain over them.
    pub chain: String,
    /// Bytes of the file of refused rows after them.
    pub refused_bytes: u64,
}

/// A hash over rows, one after the other: two files agree as far as their chains do, whatever
/// they are called.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    digest: u128,
    buffer: Vec<u8>,
}

impl Chain {
    /// The chain of an import before any row.
    pub fn new(import: &str, event: &str) -> Self {
        let digest = xxh3_128(format!("import {import} {event}").as_bytes());
        Self { digest, buffer: Vec::new() }
    }

    /// Adds a row.
    pub fn add(&mut self, row: &[u8]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.digest.to_be_bytes());
        self.buffer.extend_from_slice(row);
        self.digest = xxh3_128(&self.buffer);
    }

    pub fn bytes(&self) -> [u8; 16] {
        self.digest.to_be_bytes()
    }

    pub fn text(&self) -> String {
        format!("{:032x}", self.digest)
    }
}

impl Seen {
    /// The most rows that any known file has.
    pub fn longest(&self) -> u64 {
        self.files.iter().map(|part| part.rows).max().unwrap_or_default()
    }

    /// The part that ends with this row, if it was imported.
    pub fn find(&self, rows: u64, chain: &Chain) -> Option<&Part> {
        let mut candidates = self.files.iter().filter(|part| part.rows == rows).peekable();
        candidates.peek()?;
        let text = chain.text();
        candidates.find(|part| part.chain == text)
    }

    /// Whether an object was read to its end, as it is.
    pub fn has(&self, mark: &Mark) -> bool {
        self.marks.contains(mark)
    }

    /// Remembers an object in the place of what it was before.
    pub fn note(&mut self, mark: Mark) {
        self.marks.retain(|known| !known.is_of_the_object_of(&mark));
        if self.marks.len() >= MAX_MARKS {
            self.marks.remove(0);
        }
        self.marks.push(mark);
    }

    /// Puts a part in the place of the shorter one that it continues.
    pub fn put(&mut self, before: Option<&Part>, part: Part) {
        self.files.retain(|known| Some(known) != before && *known != part);
        if self.files.len() >= MAX_FILES {
            self.files.remove(0);
        }
        self.files.push(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(rows: &[&str]) -> Chain {
        let mut chain = Chain::new("bars", "Bar");
        rows.iter().for_each(|row| chain.add(row.as_bytes()));
        chain
    }

    fn part(name: &str, rows: &[&str]) -> Part {
        let chain = chain(rows).text();
        Part { name: name.to_owned(), rows: rows.len() as u64, chain, refused_bytes: 0 }
    }

    #[test]
    fn a_file_is_known_by_its_rows_and_not_by_its_name() {
        let mut seen = Seen::default();
        let short = part("a.csv", &["1", "2"]);
        seen.put(None, short.clone());
        assert_eq!(seen.find(2, &chain(&["1", "2"])), Some(&short));
        assert_eq!(seen.find(2, &chain(&["1", "3"])), None);
        assert_eq!(seen.find(1, &chain(&["1"])), None);
        let long = part("b.csv", &["1", "2", "3"]);
        seen.put(Some(&short), long);
        assert_eq!((seen.longest(), seen.files.len()), (3, 1));
    }

    #[test]
    fn an_object_is_known_by_its_url_and_its_version() {
        let mut seen = Seen::default();
        let mark = Mark::new("s3://a/1.csv", "v1");
        seen.note(mark.clone());
        assert!(seen.has(&mark));
        assert!(!seen.has(&Mark::new("s3://a/1.csv", "v2")));
        assert!(!seen.has(&Mark::new("s3://a/2.csv", "v1")));
        seen.note(Mark::new("s3://a/1.csv", "v2"));
        assert!(!seen.has(&mark));
        assert_eq!(seen.marks.len(), 1);
        (0..=MAX_MARKS).for_each(|number| seen.note(Mark::new(&number.to_string(), "v")));
        assert_eq!(seen.marks.len(), MAX_MARKS);
    }

    #[test]
    fn the_oldest_files_are_forgotten() {
        let mut seen = Seen::default();
        for number in 0..=MAX_FILES {
            seen.put(None, part(&number.to_string(), &[&number.to_string()]));
        }
        assert_eq!((seen.files.len(), &*seen.files[0].name), (MAX_FILES, "1"));
    }
}
