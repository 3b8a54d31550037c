use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::{Error, Result};

/// A file of a year of ticks, unpacked, stays below this.
const MAX_FILE: u64 = 4 * 1024 * 1024 * 1024;

/// Where the files come from.
pub enum Source {
    Embedded,
    Folder(PathBuf),
}

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../data/", $path)))),*]
    };
}

const EMBEDDED: &[(&str, &[u8])] = embedded![
    "daily/aapl.csv.gz",
    "daily/ibm.csv.gz",
    "daily/spy.csv.gz",
    "factors/aapl.csv",
    "factors/aig.csv",
    "factors/bac.csv",
    "factors/ibm.csv",
    "factors/spy.csv",
    "maps/aapl.csv",
    "maps/aig.csv",
    "maps/bac.csv",
    "maps/ibm.csv",
    "maps/spy.csv",
    "minute/aig/20131007_quote.csv.gz",
    "minute/aig/20131007_trade.csv.gz",
    "minute/bac/20131007_quote.csv.gz",
    "minute/bac/20131007_trade.csv.gz",
    "minute/bac/20131008_quote.csv.gz",
    "minute/bac/20131008_trade.csv.gz",
    "minute/ibm/20131007_quote.csv.gz",
    "minute/ibm/20131007_trade.csv.gz",
    "minute/ibm/20131008_quote.csv.gz",
    "minute/ibm/20131008_trade.csv.gz",
    "minute/spy/20131007_quote.csv.gz",
    "minute/spy/20131007_trade.csv.gz",
    "second/bac/20131007_quote.csv.gz",
    "second/bac/20131007_trade.csv.gz",
    "second/ibm/20131007_quote.csv.gz",
    "second/ibm/20131007_trade.csv.gz",
    "second/spy/20131007_quote.csv.gz",
    "second/spy/20131007_trade.csv.gz",
    "tick/bac/20131007_quote.csv.gz",
    "tick/bac/20131007_trade.csv.gz",
];

impl Source {
    /// Every file, as a path relative to the data folder, without `.csv` or `.csv.gz`, sorted.
    pub fn files(&self) -> Result<Vec<String>> {
        let mut files = Vec::new();
        match self {
            Source::Embedded => {
                files.extend(EMBEDDED.iter().filter_map(|(path, _)| stem(path)));
            }
            Source::Folder(root) => {
                for folder in ["daily", "factors", "maps"] {
                    list(root, folder, &mut files)?;
                }
                for folder in ["minute", "second", "tick"] {
                    for symbol in entries(&root.join(folder))? {
                        list(root, &format!("{folder}/{symbol}"), &mut files)?;
                    }
                }
            }
        }
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The unpacked contents of a file named as by [`Source::files`], if there is one.
    pub fn read(&self, file: &str) -> Result<Option<String>> {
        for (suffix, packed) in [(".csv", false), (".csv.gz", true)] {
            let path = format!("{file}{suffix}");
            let Some(bytes) = self.bytes(&path)? else { continue };
            let failed = |source| Error::Read { path: PathBuf::from(&path), source };
            let mut text = String::new();
            if packed {
                GzDecoder::new(&bytes[..])
                    .take(MAX_FILE)
                    .read_to_string(&mut text)
                    .map_err(failed)?;
            } else {
                (&bytes[..]).take(MAX_FILE).read_to_string(&mut text).map_err(failed)?;
            }
            return Ok(Some(text));
        }
        Ok(None)
    }

    pub fn path(&self) -> PathBuf {
        match self {
            Source::Embedded => PathBuf::from("the embedded data"),
            Source::Folder(root) => root.clone(),
        }
    }

    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Source::Embedded => {
                let found = EMBEDDED.iter().find(|(name, _)| *name == path);
                Ok(found.map(|(_, bytes)| bytes.to_vec()))
            }
            Source::Folder(root) => match std::fs::read(root.join(path)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(Error::Read { path: root.join(path), source }),
            },
        }
    }
}

fn list(root: &Path, folder: &str, files: &mut Vec<String>) -> Result<()> {
    for name in entries(&root.join(folder))? {
        files.extend(stem(&format!("{folder}/{name}")));
    }
    Ok(())
}

/// Names in a folder; none if it does not exist.
fn entries(folder: &Path) -> Result<Vec<String>> {
    let failed = |source| Error::Read { path: folder.to_owned(), source };
    let found = match std::fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let mut names = Vec::new();
    for entry in found {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    Ok(names)
}

fn stem(path: &str) -> Option<String> {
    let path = path.strip_suffix(".gz").unwrap_or(path);
    path.strip_suffix(".csv").map(str::to_owned)
}
